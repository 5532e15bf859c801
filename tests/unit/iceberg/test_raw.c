/* The light scan: slices, strings with brackets, escaped names, what a field may be. */
#include "../../../src/iceberg/raw.h"
#include "table_fixture.h"

static void test_slices(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"{}", ""},
		{"[]", ""},
		{" [ ] ", ""},
		{"[1, \"a]\\\"b\" ,{\"x\":[1,{}]}, null]",
		 "<|1><|\"a]\\\"b\"><|{\"x\":[1,{}]}><|null>"},
		{"{\"a\":1,\"b\" : {\"c\":\"}\"} , \"d\":[[],[]]}",
		 "<\"a\"|1><\"b\"|{\"c\":\"}\"}><\"d\"|[[],[]]>"},
		{"{\"a\\\"\":-5}", "<\"a\\\"\"|-5>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_raw_iter it;
		struct firn_str key, value, seen = FIRN_STR_NONE;
		struct firn_buf b;
		size_t n = 0;

		firn_buf_init(&b, cx, 4096);
		assert_true(firn_raw_begin(&it, firn_str(cases[i][0])));
		while (firn_raw_next(&it, &key, &value)) {
			firn_buf_printf(&b, "<%.*s|%.*s>", FIRN_FMT(key), FIRN_FMT(value));
			n++;
		}
		assert_false(firn_raw_next(&it, &key, &value));
		assert_ok(cx, firn_buf_end(&b, &seen));
		assert_text(seen, cases[i][1]);
		assert_int_equal(firn_raw_count(firn_str(cases[i][0])), n);
	}
}

static void test_no_container(void **state)
{
	struct firn_raw_iter it;
	struct firn_str key, value;

	(void)state;
	assert_false(firn_raw_begin(&it, FIRN_STR("5")));
	assert_false(firn_raw_begin(&it, FIRN_STR("\"[]\"")));
	assert_false(firn_raw_begin(&it, FIRN_STR_NONE));
	assert_false(firn_raw_next(&it, &key, &value));
	assert_int_equal(firn_raw_count(FIRN_STR("null")), 0);
}

static void test_fields(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *text, *message;
		bool has;
		int64_t value;
	} cases[] = {
		{"{\"id\":5}", NULL, true, 5},
		{"{\"x\":{\"id\":6},\"id\":-9223372036854775808}", NULL, true, INT64_MIN},
		{"{\"i\\u0064\":7}", NULL, true, 7},
		{"{\"id\":null}", NULL, false, 0},
		{"{}", NULL, false, 0},
		{"{\"id\":1,\"id\":2}", "'id' occurs twice", false, 0},
		{"{\"id\":null,\"id\":2}", "'id' occurs twice", false, 0},
		{"{\"id\":1e3}", "'id' must be an integer, found 1e3", false, 0},
		{"{\"id\":\"1\"}", "'id' must be an integer, found \"1\"", false, 0},
		{"[]", "thing must be an object", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_raw_field field = {.name = FIRN_STR("id")};

		if (cases[i].message) {
			assert_fails(cx,
				     firn_raw_read(cx, firn_str(cases[i].text), "thing", &field, 1),
				     FIRN_E_BAD_REQUEST, cases[i].message);
			continue;
		}
		assert_ok(cx, firn_raw_read(cx, firn_str(cases[i].text), "thing", &field, 1));
		assert_int_equal(field.has, cases[i].has);
		assert_true(field.value == cases[i].value);
	}
}

static void test_elements(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_raw_iter it;
	struct firn_str text;
	bool more = true;
	int64_t sum = 0;

	assert_true(firn_raw_begin(
		&it, FIRN_STR("[{\"id\":1}, {\"a\":[{}],\"id\":2} ,{\"id\":3,\"s\":\"{\"}]")));
	for (;;) {
		struct firn_raw_field field = {.name = FIRN_STR("id"), .required = true};

		assert_ok(cx, firn_raw_read_next(cx, &it, "thing", &field, 1, &text, &more));
		if (!more)
			break;
		assert_true(text.p[0] == '{' && text.p[text.n - 1] == '}');
		sum = sum * 10 + field.value;
	}
	assert_int_equal(sum, 123);
	assert_true(firn_raw_begin(&it, FIRN_STR("[[1],2]")));
	assert_fails(cx, firn_raw_read_next(cx, &it, "thing", NULL, 0, &text, &more),
		     FIRN_E_BAD_REQUEST, "thing must be an object, found [1]");
}

static void test_compact(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out = FIRN_STR_NONE;

	assert_ok(cx,
		  firn_raw_compact(cx, FIRN_STR("{ \"a b\\\" \" :\n\t[ 1 , 2.50 ] }\r\n"), &out));
	assert_text(out, "{\"a b\\\" \":[1,2.50]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_slices), WITH_CTX(test_no_container),
					   WITH_CTX(test_fields), WITH_CTX(test_elements),
					   WITH_CTX(test_compact)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
