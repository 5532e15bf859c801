/* Slices, buffers, UTF-8 and percent-encoding. */
#include "fixture.h"

static void test_compare(void **state)
{
	(void)state;
	assert_true(firn_str_eq(FIRN_STR_NONE, FIRN_STR("")));
	assert_false(firn_str_eq(FIRN_STR("a"), FIRN_STR("b")));
	assert_true(firn_str_is(FIRN_STR("ab"), "ab"));
	assert_true(firn_str_ieq(FIRN_STR("If-MATCH"), FIRN_STR("iF-match")));
	assert_false(firn_str_ieq(FIRN_STR("@"), FIRN_STR("`")));
	assert_true(firn_str_starts(FIRN_STR("s3://b"), FIRN_STR("s3://")));
	assert_false(firn_str_starts(FIRN_STR("s3"), FIRN_STR("s3://")));
	assert_true(firn_str_starts(FIRN_STR_NONE, FIRN_STR("")));
	assert_true(firn_str_ends(FIRN_STR("x.json"), FIRN_STR(".json")));
	assert_false(firn_str_ends(FIRN_STR("json"), FIRN_STR(".json")));
	assert_true(firn_str_cmp(FIRN_STR("a"), FIRN_STR("ab")) < 0);
	assert_true(firn_str_cmp(FIRN_STR("\xC3"), FIRN_STR("a")) > 0);
	assert_int_equal(firn_str_cmp(FIRN_STR_NONE, FIRN_STR("")), 0);
}

static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(firn_str_find(FIRN_STR("a/b"), '/'), 1);
	assert_true(firn_str_find(FIRN_STR("ab"), '/') == SIZE_MAX);
	assert_true(firn_str_find(FIRN_STR_NONE, '/') == SIZE_MAX);
	assert_text(firn_str_sub(FIRN_STR("abc"), 1, 1), "b");
	assert_text(firn_str_sub(FIRN_STR("abc"), 1, SIZE_MAX), "bc");
	assert_text(firn_str_sub(FIRN_STR("abc"), 9, 1), "");
	assert_text(firn_str_trim(FIRN_STR(" \t a b\r\n")), "a b");
	assert_text(firn_str_trim(FIRN_STR("  ")), "");
}

static void test_i64(void **state)
{
	static const char *const bad[] = {"",
					  "-",
					  "+1",
					  "1 ",
					  " 1",
					  "1a",
					  "9223372036854775808",
					  "-9223372036854775809",
					  "99999999999999999999",
					  "--1"};
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(firn_str_i64(firn_str(bad[i]), &value));
	assert_int_equal(value, 7);
	assert_true(firn_str_i64(FIRN_STR("9223372036854775807"), &value));
	assert_true(value == INT64_MAX);
	assert_true(firn_str_i64(FIRN_STR("-9223372036854775808"), &value));
	assert_true(value == INT64_MIN);
	assert_true(firn_str_i64(FIRN_STR("-0"), &value));
	assert_int_equal(value, 0);
}

static void test_copies(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str s = firn_str_dup(cx, (struct firn_str){"abcdef", 3});

	assert_text(s, "abc");
	assert_int_equal(s.p[3], '\0');
	assert_string_equal(firn_cstr(cx, FIRN_STR_NONE), "");
	assert_text(firn_printf(cx, "%s-%d", "x", 42), "x-42");
	cx->arena = (firn_arena_free(cx->arena), firn_arena_new(10));
	assert_null(firn_str_dup(cx, FIRN_STR("0123456789")).p);
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "memory");
	assert_null(firn_printf(cx, "%20d", 1).p);
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "memory");
}

static void test_buf_grows(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str all;
	struct firn_buf b;

	firn_buf_init(&b, cx, 1 << 20);
	for (int i = 0; i < 30000; i++)
		firn_buf_printf(&b, "%d,", i % 10);
	assert_ok(cx, firn_buf_end(&b, &all));
	assert_int_equal(all.n, 60000);
	assert_int_equal(all.p[all.n], '\0');
	for (size_t i = 0; i < 30000; i++)
		assert_int_equal(all.p[2 * i], '0' + i % 10);
}

static void test_buf_empty(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str all;
	struct firn_buf b;

	firn_buf_init(&b, cx, 0);
	assert_ok(cx, firn_buf_end(&b, &all));
	assert_non_null(all.p);
	assert_string_equal(all.p, "");
}

static void test_buf_ceiling(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str all = FIRN_STR("untouched");
	struct firn_buf b;

	firn_buf_init(&b, cx, 5);
	firn_buf_cstr(&b, "12345");
	firn_buf_char(&b, '6');
	firn_buf_str(&b, FIRN_STR("later"));
	firn_buf_printf(&b, "%d", 1);
	assert_fails(cx, firn_buf_end(&b, &all), FIRN_E_TOO_LARGE, "5 bytes");
	assert_text(all, "untouched");
	firn_buf_init(&b, cx, SIZE_MAX);
	firn_buf_put(&b, "", 0);
	firn_buf_put(&b, "x", SIZE_MAX);
	assert_fails(cx, firn_buf_end(&b, &all), FIRN_E_TOO_LARGE, "limit");
}

/* Doubling would pass the arena's ceiling; what is asked for fits. */
static void test_buf_near_arena_ceiling(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str all;
	struct firn_buf b;

	firn_arena_free(cx->arena);
	cx->arena = firn_arena_new(100000);
	firn_buf_init(&b, cx, 90000);
	for (int i = 0; i < 90000; i++)
		firn_buf_char(&b, 'x');
	assert_ok(cx, firn_buf_end(&b, &all));
	assert_int_equal(all.n, 90000);
}

static void test_utf8(void **state)
{
	static const char *const good[] = {"",
					   "a",
					   "\xC2\x80",
					   "\xDF\xBF",
					   "\xE0\xA0\x80",
					   "\xED\x9F\xBF",
					   "\xEE\x80\x80",
					   "\xEF\xBF\xBF",
					   "\xF0\x90\x80\x80",
					   "\xF4\x8F\xBF\xBF",
					   "eight bytes and \xE2\x82\xAC more than eight bytes"};
	static const char *const bad[] = {"\x80",
					  "\xC0\x80",
					  "\xC1\xBF",
					  "\xE0\x9F\xBF",
					  "\xED\xA0\x80",
					  "\xED\xBF\xBF",
					  "\xF0\x8F\xBF\xBF",
					  "\xF4\x90\x80\x80",
					  "\xF5\x80\x80\x80",
					  "\xFF",
					  "\xC2",
					  "\xE2\x82",
					  "\xF0\x9F\x98",
					  "\342a\x80",
					  "eight bytes and \xE2\x82",
					  "12345678\xC2"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(firn_utf8_valid(firn_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(firn_utf8_valid(firn_str(bad[i])));
	assert_true(firn_utf8_valid(FIRN_STR_NONE));
}

static void test_percent_decode(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out = FIRN_STR("untouched");

	assert_ok(cx, firn_percent_decode(cx, FIRN_STR("a%2Fb%20c+d%1f"), false, "name", &out));
	assert_text(out, "a/b c+d\x1f");
	assert_ok(cx, firn_percent_decode(cx, FIRN_STR("a+b%2B"), true, "name", &out));
	assert_text(out, "a b+");
	assert_ok(cx, firn_percent_decode(cx, FIRN_STR("%E2%82%AC"), false, "name", &out));
	assert_text(out, "\xE2\x82\xAC");
	assert_ok(cx, firn_percent_decode(cx, FIRN_STR_NONE, false, "name", &out));
	assert_text(out, "");
}

static void test_percent_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out = FIRN_STR("untouched");

	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("50%"), false, "table name", &out),
		     FIRN_E_BAD_REQUEST, "table name '50%' has a '%' at byte 2");
	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("%4"), false, "n", &out),
		     FIRN_E_BAD_REQUEST, "%25");
	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("%zz"), false, "n", &out),
		     FIRN_E_BAD_REQUEST, "byte 0");
	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("a%00b"), false, "n", &out),
		     FIRN_E_BAD_REQUEST, "NUL");
	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("a%C3"), false, "n", &out),
		     FIRN_E_BAD_REQUEST, "UTF-8");
	assert_fails(cx, firn_percent_decode(cx, FIRN_STR("%C0%AF"), false, "n", &out),
		     FIRN_E_BAD_REQUEST, "UTF-8");
	assert_text(out, "untouched");
}

static void test_percent_encode(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out;
	struct firn_buf b;

	firn_buf_init(&b, cx, 1000);
	firn_percent_encode(&b, FIRN_STR("a-Z_0.~/ +%\xC3\xA9"), true);
	firn_percent_encode(&b, FIRN_STR("/"), false);
	assert_ok(cx, firn_buf_end(&b, &out));
	assert_text(out, "a-Z_0.~/%20%2B%25%C3%A9%2F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_compare),
		WITH_CTX(test_cut),
		WITH_CTX(test_i64),
		WITH_CTX(test_copies),
		WITH_CTX(test_buf_grows),
		WITH_CTX(test_buf_empty),
		WITH_CTX(test_buf_ceiling),
		WITH_CTX(test_buf_near_arena_ceiling),
		WITH_CTX(test_utf8),
		WITH_CTX(test_percent_decode),
		WITH_CTX(test_percent_refuses),
		WITH_CTX(test_percent_encode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
