/* The tree: what is refused and where, exact integers, round trips of reals, memory ceilings. */
#include "firn/json.h"
#include "fixture.h"

static struct firn_str nested(struct firn_ctx *cx, size_t depth)
{
	char *p = firn_alloc(cx, 2 * depth + 1);

	memset(p, '[', depth);
	memset(p + depth, ']', depth);
	return (struct firn_str){p, 2 * depth};
}

static void test_accessors(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_json *json;
	const struct firn_json *value;
	struct firn_str key;
	int64_t number = 0;
	void *iter = NULL;

	assert_ok(cx,
		  firn_json_parse(cx, FIRN_STR(" {\"b\":[1,2.5,\"x\\u20ac\",null],\"a\":true} "),
				  "body", &json));
	assert_int_equal(firn_json_type(json), FIRN_JSON_OBJECT);
	assert_int_equal(firn_json_count(json), 2);
	value = firn_json_get(json, "b");
	assert_int_equal(firn_json_count(value), 4);
	assert_true(firn_json_i64(firn_json_at(value, 0), &number));
	assert_int_equal(number, 1);
	assert_false(firn_json_i64(firn_json_at(value, 1), &number));
	assert_int_equal(firn_json_type(firn_json_at(value, 1)), FIRN_JSON_REAL);
	assert_text(firn_json_str(firn_json_at(value, 2)), "x\xE2\x82\xAC");
	assert_int_equal(firn_json_type(firn_json_at(value, 3)), FIRN_JSON_NULL);
	assert_null(firn_json_at(value, 4));
	assert_true(firn_json_bool(firn_json_get(json, "a")));
	assert_null(firn_json_get(json, "c"));
	assert_null(firn_json_get(value, "c"));
	assert_null(firn_json_get(NULL, "c"));
	assert_null(firn_json_str(value).p);
	assert_true(firn_json_next(json, &iter, &key, &value));
	assert_text(key, "b");
	assert_true(firn_json_next(json, &iter, &key, &value));
	assert_text(key, "a");
	assert_false(firn_json_next(json, &iter, &key, &value));
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const bad[][2] = {
		{"", "line 1 column 1: expected a JSON value"},
		{"{", "member name"},
		{"{\"a\"}", "expected ':'"},
		{"{\"a\":1,}", "member name"},
		{"[1,]", "expected a JSON value"},
		{"[1 2]", "line 1 column 4: expected ',' or ']'"},
		{"{\"a\":1 \"b\":2}", "expected ',' or '}'"},
		{"[1]]", "end of the text"},
		{"[1}", "expected ',' or ']'"},
		{"{a:1}", "member name"},
		{"['a']", "expected a JSON value"},
		{"\xEF\xBB\xBF{}", "expected a JSON value"},
		{"[\n 1,\n\n x]", "line 4 column 2"},
		{"[\"\xC3\xA9\xC3\xA9\" x]", "line 1 column 7"},
		{"nul", "JSON value"},
		{"nulL", "JSON value"},
		{"[truex]", "expected ','"},
		{"01", "leading zero"},
		{"-", "without digits"},
		{"+1", "JSON value"},
		{".5", "JSON value"},
		{"1.", "ends with '.'"},
		{"1e", "exponent"},
		{"1e+", "exponent"},
		{"0x1", "end of the text"},
		{"NaN", "JSON value"},
		{"\"a", "without end"},
		{"\"a\\", "without end"},
		{"\"\\x\"", "unknown escape"},
		{"\"\\u12\"", "four hex digits"},
		{"\"\\u00g0\"", "four hex digits"},
		{"\"\\u0000\"", "NUL"},
		{"{\"\\u0000\":1}", "NUL"},
		{"\"\\ud800\"", "surrogate"},
		{"\"\\udc00\"", "surrogate"},
		{"\"\\ud800\\u0041\"", "surrogate"},
		{"\"\\ud800xxxxxx\"", "surrogate"},
		{"\"a\tb\"", "control character"},
		{"\"a\xFFz\"", "UTF-8"},
		{"\"\xED\xA0\x80\"", "UTF-8"},
		{"\"\xC3", "UTF-8"},
		{"9223372036854775808", "out of range"},
		{"-9223372036854775809", "out of range"},
		{"[123456789012345678901234567890]", "near '123456789012345678901234'"},
		{"1e999", "out of range"},
		{"{\"a\":1,\"a\":2}", "column 8: duplicate object key, near '\"a\":2}'"},
		{"{\"a\":{\"b\":1,\"\\u0062\":2}}", "duplicate object key"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct firn_json *json = NULL;

		assert_fails(cx, firn_json_parse(cx, firn_str(bad[i][0]), "body", &json),
			     FIRN_E_BAD_REQUEST, bad[i][1]);
		assert_null(json);
	}
	const struct firn_json *json;
	assert_fails(cx, firn_json_parse(cx, FIRN_STR("[1]\0"), "body", &json), FIRN_E_BAD_REQUEST,
		     "body: line 1 column 4");
	assert_fails(cx, firn_json_parse(cx, FIRN_STR_NONE, "body", &json), FIRN_E_BAD_REQUEST,
		     "body: ");
}

static void test_depth(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_json *json;

	assert_ok(cx, firn_json_parse(cx, nested(cx, FIRN_JSON_DEPTH), "b", &json));
	assert_fails(cx, firn_json_parse(cx, nested(cx, FIRN_JSON_DEPTH + 1), "b", &json),
		     FIRN_E_BAD_REQUEST, "column 257: nested deeper than 256");
	assert_fails(cx,
		     firn_json_parse_within(cx, nested(cx, FIRN_JSON_BODY_DEPTH + 1), "x",
					    FIRN_JSON_BODY_DEPTH, &json),
		     FIRN_E_BAD_REQUEST, "column 241: nested deeper than 240");
	assert_fails(cx, firn_json_parse(cx, nested(cx, 3000000), "b", &json), FIRN_E_BAD_REQUEST,
		     "nested deeper");
}

/* Many small containers take far more memory as a tree than as text. */
static void test_memory_is_bounded(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_json *json;
	struct firn_str text;
	struct firn_buf b;

	firn_buf_init(&b, cx, 4 << 20);
	firn_buf_cstr(&b, "[0");
	for (int i = 0; i < 1000000; i++)
		firn_buf_cstr(&b, ",{}");
	firn_buf_char(&b, ']');
	assert_ok(cx, firn_buf_end(&b, &text));
	assert_fails(cx, firn_json_parse(cx, text, "b", &json), FIRN_E_TOO_LARGE, "memory");
}

static void check_dump(struct firn_ctx *cx, const char *text, bool canonical, const char *want)
{
	const struct firn_json *json;
	struct firn_str out;

	assert_ok(cx, firn_json_parse(cx, firn_str(text), "b", &json));
	assert_ok(cx, firn_json_dump(cx, json, canonical, &out));
	assert_text(out, want);
}

static void test_dump(void **state)
{
	struct firn_ctx *cx = *state;

	check_dump(cx, " { \"b\" : [ 1 , { } , [ ] ] , \"a\" : null } ", false,
		   "{\"b\":[1,{},[]],\"a\":null}");
	check_dump(cx, "{\"b\":{\"z\":1,\"y\":2},\"a\":false,\"aa\":\"\",\"\":0}", true,
		   "{\"\":0,\"a\":false,\"aa\":\"\",\"b\":{\"y\":2,\"z\":1}}");
	check_dump(cx, "\"\\/\\u20ac\\u0001\\n\\\"\\\\\\ud83d\\ude00\"", false,
		   "\"/\xE2\x82\xAC\\u0001\\n\\\"\\\\\xF0\x9F\x98\x80\"");
	check_dump(cx, "[9223372036854775807,-9223372036854775808,0]", false,
		   "[9223372036854775807,-9223372036854775808,0]");
}

static void test_reals_round_trip(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const reals[] = {"0.1",
					    "1.0",
					    "-0.0",
					    "1e+300",
					    "5e-324",
					    "0.30000000000000004",
					    "1.7976931348623157e+308",
					    "2.2250738585072014e-308",
					    "123456789012345680.0",
					    "3.141592653589793",
					    "100000.5"};

	for (size_t i = 0; i < sizeof(reals) / sizeof(*reals); i++) {
		const struct firn_json *json;
		struct firn_str out;

		assert_ok(cx, firn_json_parse(cx, firn_str(reals[i]), "b", &json));
		assert_ok(cx, firn_json_dump(cx, json, false, &out));
		assert_true(strtod(out.p, NULL) == strtod(reals[i], NULL));
		assert_ok(cx, firn_json_parse(cx, out, "b", &json));
		assert_int_equal(firn_json_type(json), FIRN_JSON_REAL);
	}
	check_dump(cx, "0.1", false, "0.1");
	check_dump(cx, "1.0", false, "1.0");
	check_dump(cx, "1E2", false, "100.0");
}

struct sample {
	struct firn_str name;
	int64_t number;
	bool flag;
	struct firn_strs list;
	struct firn_map map;
	const struct firn_json *object, *array, *any;
};
static const struct firn_field sample_fields[] = {
	{"name", FIRN_FIELD_STR, offsetof(struct sample, name), FIRN_FIELD_REQUIRED},
	{"number", FIRN_FIELD_I64, offsetof(struct sample, number), 0},
	{"flag", FIRN_FIELD_BOOL, offsetof(struct sample, flag), FIRN_FIELD_NULL_OK},
	{"list", FIRN_FIELD_STRS, offsetof(struct sample, list), 0},
	{"map", FIRN_FIELD_MAP, offsetof(struct sample, map), 0},
	{"object", FIRN_FIELD_OBJECT, offsetof(struct sample, object), 0},
	{"array", FIRN_FIELD_ARRAY, offsetof(struct sample, array), 0},
	{"any", FIRN_FIELD_ANY, offsetof(struct sample, any),
	 FIRN_FIELD_REQUIRED | FIRN_FIELD_NULL_OK},
};

static firn_rc read_sample(struct firn_ctx *cx, const char *text, struct sample *ret_sample)
{
	const struct firn_json *json;

	FIRN_TRY(firn_json_parse(cx, firn_str(text), "body", &json));
	return firn_json_read(cx, json, "body", sample_fields,
			      sizeof(sample_fields) / sizeof(*sample_fields), ret_sample);
}

static void test_read(void **state)
{
	struct firn_ctx *cx = *state;
	struct sample s = {.number = 7, .flag = true};

	assert_ok(cx, read_sample(cx,
				  "{\"name\":\"n\",\"flag\":null,\"list\":[\"a\",\"b\"],"
				  "\"map\":{\"k2\":\"v2\",\"k1\":\"\"},\"object\":{},\"array\":[1],"
				  "\"any\":5,\"unknown\":[]}",
				  &s));
	assert_text(s.name, "n");
	assert_int_equal(s.number, 7);
	assert_true(s.flag);
	assert_int_equal(s.list.n, 2);
	assert_text(s.list.items[1], "b");
	assert_int_equal(s.map.n, 2);
	assert_text(s.map.items[0].key, "k2");
	assert_text(firn_map_get(&s.map, "k2"), "v2");
	assert_non_null(firn_map_get(&s.map, "k1").p);
	assert_null(firn_map_get(&s.map, "k3").p);
	assert_int_equal(firn_json_count(s.array), 1);
	assert_non_null(s.object);
	assert_non_null(s.any);
	assert_ok(cx,
		  read_sample(cx, "{\"name\":\"\",\"number\":-5,\"list\":[],\"map\":{},\"any\":{}}",
			      &s));
	assert_int_equal(s.number, -5);
	assert_int_equal(s.list.n, 0);
}

static void test_read_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const bad[][2] = {
		{"[]", "body must be a JSON object, found an array"},
		{"\"x\"", "body must be a JSON object, found \"x\""},
		{"{}", "body: 'name' is missing: give a string"},
		{"{\"name\":null}", "'name' must be a string, found null"},
		{"{\"name\":\"n\"}", "'any' is missing"},
		{"{\"name\":\"n\",\"any\":null}", "'any' is missing"},
		{"{\"name\":5}", "'name' must be a string, found 5"},
		{"{\"name\":\"n\",\"number\":1.0}", "'number' must be an integer, found 1.0"},
		{"{\"name\":\"n\",\"number\":\"1\"}", "found \"1\""},
		{"{\"name\":\"n\",\"flag\":0}", "'flag' must be true or false, found 0"},
		{"{\"name\":\"n\",\"list\":{}}", "array of strings, found an object"},
		{"{\"name\":\"n\",\"list\":[\"a\",1]}",
		 "element 1 of 'list' must be a string, found 1"},
		{"{\"name\":\"n\",\"map\":[]}", "object whose values are strings"},
		{"{\"name\":\"n\",\"map\":{\"k\":true}}", "value of 'k' in 'map' must be a string"},
		{"{\"name\":\"n\",\"object\":[]}", "'object' must be an object, found an array"},
		{"{\"name\":\"n\",\"array\":null}", "'array' must be an array, found null"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sample s = {.number = 7};

		assert_fails(cx, read_sample(cx, bad[i][0], &s), FIRN_E_BAD_REQUEST, bad[i][1]);
	}
}

static void test_tree_outlives_text(void **state)
{
	struct firn_ctx *cx = *state;
	char text[] = "{\"a\":\"b\"}";
	const struct firn_json *json;

	assert_ok(cx, firn_json_parse(cx, firn_str(text), "b", &json));
	memset(text, 'x', sizeof(text));
	assert_text(firn_json_str(firn_json_get(json, "a")), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_accessors),
		WITH_CTX(test_refuses),
		WITH_CTX(test_depth),
		WITH_CTX(test_memory_is_bounded),
		WITH_CTX(test_dump),
		WITH_CTX(test_reals_round_trip),
		WITH_CTX(test_read),
		WITH_CTX(test_read_refuses),
		WITH_CTX(test_tree_outlives_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
