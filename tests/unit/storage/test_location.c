/* Locations: the spellings that are one place, the tricks that would leave it, and containment. */
#include "../../../src/storage/location.h"
#include "../base/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_normal(struct firn_ctx *cx, const char *text, const char *normal)
{
	struct firn_location location;

	if (firn_location_parse(cx, firn_str(text), "location", &location) != FIRN_OK)
		fail_msg("'%s': %s", text, cx->err.message);
	assert_text(location.normal, normal);
}

static void test_normal(void **state)
{
	static const char *const cases[][2] = {
		{"s3://bucket", "s3://bucket"},
		{"s3://bucket/", "s3://bucket"},
		{"s3://bucket//", "s3://bucket"},
		{"s3a://bucket/a/b", "s3://bucket/a/b"},
		{"s3n://bucket/a/b/", "s3://bucket/a/b"},
		{"S3A://bucket//a///b//", "s3://bucket/a/b"},
		{"s3://bucket/A/b", "s3://bucket/A/b"},
		{"s3://my_bucket.with-dots/a", "s3://my_bucket.with-dots/a"},
		{"s3://bucket/a b\\c:d@e", "s3://bucket/a b\\c:d@e"},
		{"s3://bucket/day=1%2F2/x", "s3://bucket/day=1%2F2/x"},
		{"s3://bucket/100%/%zz/%", "s3://bucket/100%/%zz/%"},
		{"s3://bucket/.../..a/a../.a", "s3://bucket/.../..a/a../.a"},
		{"s3://bucket/\xC3\xA4/\xF0\x9F\xA7\x8A", "s3://bucket/\xC3\xA4/\xF0\x9F\xA7\x8A"},
		{"file:/a/b", "file:///a/b"},
		{"file:///a/b/", "file:///a/b"},
		{"FILE:////a//b", "file:///a/b"},
		{"/a/b", "file:///a/b"},
		{"//a/b", "file:///a/b"},
		{"/a/s3://b", "file:///a/s3:/b"},
		{"/a%20b/?#", "file:///a%20b/?#"},
		{"/", "file://"},
		{"file:///", "file://"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check_normal(*state, cases[i][0], cases[i][1]);
}

static void test_parts(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_location location;

	assert_ok(cx, firn_location_parse(cx, FIRN_STR("S3N://lake//wh/"), "x", &location));
	assert_text(location.scheme, "s3");
	assert_text(location.authority, "lake");
	assert_text(location.path, "/wh");
	assert_ok(cx, firn_location_parse(cx, FIRN_STR("s3://lake/"), "x", &location));
	assert_text(location.path, "");
	assert_ok(cx, firn_location_parse(cx, FIRN_STR("/a//b"), "x", &location));
	assert_text(location.scheme, "file");
	assert_text(location.authority, "");
	assert_text(location.path, "/a/b");
}

static void test_refused(void **state)
{
	static const char *const cases[][2] = {
		{"", "is empty"},
		{"wh/t1", "no scheme"},
		{"gs://bucket/a", "not supported"},
		{"http://bucket/a", "not supported"},
		{" s3://bucket/a", "not supported"},
		{"s3:/bucket/a", "names no bucket"},
		{"s3:bucket", "names no bucket"},
		{"s3:///a", "names no bucket"},
		{"s3://", "names no bucket"},
		{"s3://Bucket/a", "upper-case"},
		{"s3://bucket:80/a", "other characters"},
		{"s3://key:secret@bucket/a", "other characters"},
		{"s3://bucket?x", "other characters"},
		{"s3://bu%63ket/a", "other characters"},
		{"s3://b\\ucket/a", "other characters"},
		{"s3://../a", "3 to 63"},
		{"s3://..../a", "does not begin"},
		{"s3://a..b/a", "two dots"},
		{"s3://ab/a", "3 to 63"},
		{"s3://bucket-/a", "does not begin"},
		{"s3://bucket/a/../b", "'.' or '..'"},
		{"s3://bucket/..", "'.' or '..'"},
		{"s3://bucket/./a", "'.' or '..'"},
		{"s3://bucket/a/.", "'.' or '..'"},
		{"s3://bucket/%2e%2E/a", "percent-encoded '.'"},
		{"s3://bucket/a/.%2e", "percent-encoded '.'"},
		{"s3://bucket/%2e", "percent-encoded '.'"},
		{"s3://bucket/a%2F..%2Fb", "percent-encoded '.'"},
		{"s3://bucket/%252e%252e/a", "percent-encoded '.'"},
		{"s3://bucket/%25252e%2e/a", "percent-encoded '.'"},
		{"s3://bucket/%%32%65%2e/a", "percent-encoded '.'"},
		{"s3://bucket/%2525252525252e", "many times over"},
		{"s3://bucket/a%00b", "percent-encoded NUL"},
		{"s3://bucket/a?versionId=1", "'?' or '#'"},
		{"s3://bucket/a#b", "'?' or '#'"},
		{"s3://bucket/a\nb", "control character"},
		{"s3://bucket/a\x7F", "control character"},
		{"s3://bucket/\xC0\xAE\xC0\xAE/a", "UTF-8"},
		{"s3://bucket/\xED\xA0\x80", "UTF-8"},
		{"file://host/a", "names a host"},
		{"file://tmp", "names a host"},
		{"file://../a", "names a host"},
		{"file:a", "not an absolute path"},
		{"file:", "not an absolute path"},
		{"file://", "not an absolute path"},
		{"file:../a", "not an absolute path"},
		{"/a/../b", "'.' or '..'"},
		{"file:///a/%2E%2e/b", "percent-encoded '.'"},
		{"file:///a%2fb", "percent-encoded '/'"},
		{"file:///a%2F..%2Fb", "percent-encoded '/'"},
	};
	struct firn_ctx *cx = *state;
	struct firn_location location;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (firn_location_parse(cx, firn_str(cases[i][0]), "place", &location) == FIRN_OK)
			fail_msg("'%s' was taken", cases[i][0]);
		assert_int_equal(cx->err.code, FIRN_E_BAD_REQUEST);
		if (!strstr(cx->err.message, cases[i][1]) || !strstr(cx->err.message, "place"))
			fail_msg("'%s': %s", cases[i][0], cx->err.message);
		firn_err_clear(cx);
	}
	assert_fails(cx, firn_location_parse(cx, FIRN_STR("/a\0b"), "place", &location),
		     FIRN_E_BAD_REQUEST, "control character");
}

static void test_lengths(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_location location;
	struct firn_buf b;
	struct firn_str text;

	firn_buf_init(&b, cx, 8192);
	firn_buf_cstr(&b, "s3://bucket/");
	for (int i = 0; i < 1024; i++)
		firn_buf_char(&b, 'k');
	assert_ok(cx, firn_buf_end(&b, &text));
	assert_ok(cx, firn_location_parse(cx, text, "x", &location));
	firn_buf_char(&b, 'k');
	assert_ok(cx, firn_buf_end(&b, &text));
	assert_fails(cx, firn_location_parse(cx, text, "x", &location), FIRN_E_BAD_REQUEST,
		     "longer than 1024");
	text = firn_str_sub(text, sizeof("s3://bucket") - 1, 257);
	assert_fails(cx, firn_location_parse(cx, text, "x", &location), FIRN_E_BAD_REQUEST,
		     "longer than 255");
	text.n--;
	assert_ok(cx, firn_location_parse(cx, text, "x", &location));
}

static void check_within(struct firn_ctx *cx, const char *inner, const char *outer, bool want)
{
	struct firn_location a;
	struct firn_location b;

	assert_ok(cx, firn_location_parse(cx, firn_str(inner), "inner", &a));
	assert_ok(cx, firn_location_parse(cx, firn_str(outer), "outer", &b));
	if (firn_location_within(&a, &b) != want)
		fail_msg("'%s' within '%s' is not %d", inner, outer, want);
}

static void test_within(void **state)
{
	struct firn_ctx *cx = *state;

	check_within(cx, "s3://bucket/wh/t1", "s3://bucket/wh/t1", true);
	check_within(cx, "s3://bucket/wh/t1/x", "s3a://bucket//wh/t1//", true);
	check_within(cx, "s3://bucket/wh/t10", "s3://bucket/wh/t1", false);
	check_within(cx, "s3://bucket/wh/t1", "s3://bucket/wh/t10", false);
	check_within(cx, "s3://bucket/wh/t1x/y", "s3://bucket/wh/t1", false);
	check_within(cx, "s3://bucket/wh", "s3://bucket/wh/t1", false);
	check_within(cx, "s3://bucket/x", "s3://bucket", true);
	check_within(cx, "s3://bucket2/x", "s3://bucket", false);
	check_within(cx, "s3://bucket/WH/t1", "s3://bucket/wh", false);
	check_within(cx, "s3://bucket/wh\\t1", "s3://bucket/wh", false);
	check_within(cx, "file:/a/b", "/a", true);
	check_within(cx, "/ab", "/a", false);
	check_within(cx, "/a", "/", true);
	check_within(cx, "s3://bucket/a", "/bucket", false);
	check_within(cx, "/bucket/a", "s3://bucket/", false);
}

static void test_join(void **state)
{
	struct firn_ctx *cx = *state;

	assert_text(firn_location_join(cx, FIRN_STR("s3a://b//wh//"), FIRN_STR("t/x")),
		    "s3a://b//wh/t/x");
	assert_text(firn_location_join(cx, FIRN_STR("/"), FIRN_STR("t")), "/t");
	assert_text(firn_location_join(cx, FIRN_STR("file:/wh"), FIRN_STR("t")), "file:/wh/t");
}

static void test_object(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_location location;

	assert_ok(cx, firn_location_parse_object(cx, FIRN_STR("/wh/d=1%2F2/x"), "x", &location));
	assert_text(location.path, "/wh/d=1%2F2/x");
	assert_fails(cx, firn_location_parse_object(cx, FIRN_STR("/wh/a%2F..%2Fb"), "x", &location),
		     FIRN_E_BAD_REQUEST, "percent-encoded '.'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_normal),	WITH_CTX(test_parts),  WITH_CTX(test_refused),
		WITH_CTX(test_lengths), WITH_CTX(test_within), WITH_CTX(test_join),
		WITH_CTX(test_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
