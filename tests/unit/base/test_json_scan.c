/* The raw scan: exact slices, full validation, names twice, and large documents. */
#include "firn/json.h"
#include "fixture.h"

struct seen {
	struct firn_buf text;
	size_t n, stop_at;
};

static firn_rc collect(struct firn_ctx *cx, void *arg, struct firn_str key, struct firn_str raw)
{
	struct seen *seen = arg;

	if (++seen->n == seen->stop_at)
		return firn_fail(cx, FIRN_E_CONFLICT, "stopped");
	firn_buf_printf(&seen->text, "<%.*s|%.*s>", FIRN_FMT(key), FIRN_FMT(raw));
	return FIRN_OK;
}

static firn_rc scan(struct firn_ctx *cx, struct firn_str text, struct firn_str *ret_seen)
{
	struct seen seen = {.stop_at = 0};

	firn_buf_init(&seen.text, cx, 1 << 20);
	FIRN_TRY(firn_json_scan(cx, text, "file", collect, &seen));
	return firn_buf_end(&seen.text, ret_seen);
}

static void test_members(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"{}", ""},
		{" [ ] ", ""},
		{"{\"a\":1}", "<a|1>"},
		{" { \"a\" : [ 1, {\"x\": \"}\"} ] , \"b\\u0041\\n\\ud83d\\ude00\" : \"s\\\"\" } ",
		 "<a|[ 1, {\"x\": \"}\"} ]><bA\n\xF0\x9F\x98\x80|\"s\\\"\">"},
		{"[1, \"two\" ,{\"a\":{\"a\":1,\"a\":2}},null]",
		 "<|1><|\"two\"><|{\"a\":{\"a\":1,\"a\":2}}><|null>"},
		{"{\"\":-0.5e-3}", "<|-0.5e-3>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_str out;

		assert_ok(cx, scan(cx, firn_str(cases[i][0]), &out));
		assert_text(out, cases[i][1]);
	}
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const bad[][2] = {
		{"", "object or array"},
		{"5", "object or array"},
		{"{", "member name"},
		{"{\"a\"", "expected ':'"},
		{"{\"a\":", "end of the text"},
		{"{\"a\":1", "expected ','"},
		{"{\"a\":1,}", "member name"},
		{"{\"a\":1]", "expected ',' or '}'"},
		{"{\"\\u0000\":1}", "NUL"},
		{"[1,,2]", "JSON value"},
		{"[1]x", "end of the text"},
		{"[{\"a\":[1,}]}]", "JSON value"},
		{"{\"a\":1,\"b\":2,\"\\u0061\":3}", "member 'a' occurs twice"},
		{"[9223372036854775808]", "out of range"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct firn_str out = FIRN_STR("untouched");

		assert_fails(cx, scan(cx, firn_str(bad[i][0]), &out), FIRN_E_BAD_REQUEST,
			     bad[i][1]);
		assert_text(out, "untouched");
	}
}

static void test_every_cut_is_refused(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str text =
		FIRN_STR("{\"a\\u00e9\":[1.5e3,true,{\"k\":\"\xE2\x82\xAC\"}],\"b\":null}");
	struct firn_str out;

	for (size_t n = 0; n < text.n; n++) {
		char *exact = malloc(n ? n : 1); /* so that a read past the end is seen */

		memcpy(exact, text.p, n);
		assert_fails(cx, scan(cx, (struct firn_str){exact, n}, &out), FIRN_E_BAD_REQUEST,
			     "file: line 1");
		free(exact);
	}
	assert_ok(cx, scan(cx, text, &out));
}

static void test_depth(void **state)
{
	struct firn_ctx *cx = *state;
	char text[2 * (FIRN_JSON_DEPTH + 1)];
	struct firn_str out;

	memset(text, '[', FIRN_JSON_DEPTH);
	memset(text + FIRN_JSON_DEPTH, ']', FIRN_JSON_DEPTH);
	assert_ok(cx, scan(cx, (struct firn_str){text, 2 * FIRN_JSON_DEPTH}, &out));
	memset(text, '[', FIRN_JSON_DEPTH + 1);
	memset(text + FIRN_JSON_DEPTH + 1, ']', FIRN_JSON_DEPTH + 1);
	assert_fails(cx, scan(cx, (struct firn_str){text, sizeof(text)}, &out), FIRN_E_BAD_REQUEST,
		     "nested deeper");
}

static void test_callback_stops(void **state)
{
	struct firn_ctx *cx = *state;
	struct seen seen = {.stop_at = 2};

	firn_buf_init(&seen.text, cx, 100);
	assert_fails(cx, firn_json_scan(cx, FIRN_STR("[1,2,3,x"), "file", collect, &seen),
		     FIRN_E_CONFLICT, "stopped");
	assert_int_equal(seen.n, 2);
}

static firn_rc count(struct firn_ctx *cx, void *arg, struct firn_str key, struct firn_str raw)
{
	size_t *total = arg;

	(void)cx;
	(void)key;
	*total += raw.n;
	return FIRN_OK;
}

/* Many names, sorted the worst way round for a naive search, and one of them twice. */
static void test_many_members(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str text;
	struct firn_buf b;
	size_t total = 0;

	firn_buf_init(&b, cx, 10 << 20);
	firn_buf_char(&b, '{');
	for (int i = 200000; i > 0; i--)
		firn_buf_printf(&b, "\"key-%06d\":%d,", i, i % 10);
	firn_buf_cstr(&b, "\"last\":[]}");
	assert_ok(cx, firn_buf_end(&b, &text));
	assert_ok(cx, firn_json_scan(cx, text, "file", count, &total));
	assert_int_equal(total, 200002);
	memcpy((char *)text.p + 2, "key-000007", 10);
	assert_fails(cx, firn_json_scan(cx, text, "file", count, &total), FIRN_E_BAD_REQUEST,
		     "'key-000007' occurs twice");
}

static void test_raw_str(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out = FIRN_STR("untouched");

	assert_fails(cx, firn_json_raw_str(cx, FIRN_STR("5"), "uuid", &out), FIRN_E_BAD_REQUEST,
		     "uuid: line 1 column 1: expected a string");
	assert_fails(cx, firn_json_raw_str(cx, FIRN_STR("\"a\"x"), "uuid", &out),
		     FIRN_E_BAD_REQUEST, "end of a string");
	assert_fails(cx, firn_json_raw_str(cx, FIRN_STR(""), "uuid", &out), FIRN_E_BAD_REQUEST,
		     "string");
	assert_text(out, "untouched");
	assert_ok(cx, firn_json_raw_str(cx, FIRN_STR("\"\""), "uuid", &out));
	assert_text(out, "");
	assert_ok(cx,
		  firn_json_raw_str(cx, FIRN_STR("\"\\b\\f\\n\\r\\t\\/\\\\\\\"\\u00E9\\u20aC\""),
				    "uuid", &out));
	assert_text(out, "\b\f\n\r\t/\\\"\xC3\xA9\xE2\x82\xAC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_members),
		WITH_CTX(test_refuses),
		WITH_CTX(test_every_cut_is_refused),
		WITH_CTX(test_depth),
		WITH_CTX(test_callback_stops),
		WITH_CTX(test_many_members),
		WITH_CTX(test_raw_str),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
