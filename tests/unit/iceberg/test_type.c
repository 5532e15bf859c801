/* Types: every primitive, parameters, nesting, what is refused. */
#include "../../../src/iceberg/schema.h"
#include "table_fixture.h"

static void test_primitives(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"\"boolean\"", "boolean"},
		{"\"int\"", "int"},
		{"\"LONG\"", "long"},
		{"\"float\"", "float"},
		{"\"double\"", "double"},
		{"\"date\"", "date"},
		{"\"time\"", "time"},
		{"\"timestamp\"", "timestamp"},
		{"\"timestamptz\"", "timestamptz"},
		{"\"timestamp_ns\"", "timestamp_ns"},
		{"\"timestamptz_ns\"", "timestamptz_ns"},
		{"\"string\"", "string"},
		{"\"uuid\"", "uuid"},
		{"\"binary\"", "binary"},
		{"\"unknown\"", "unknown"},
		{"\"variant\"", "variant"},
		{"\"fixed[16]\"", "fixed[16]"},
		{"\"fixed[ 16 ]\"", "fixed[16]"},
		{"\"decimal(9,2)\"", "decimal(9, 2)"},
		{"\"decimal( 38 , 38 )\"", "decimal(38, 38)"},
		{"\"geometry\"", "geometry"},
		{"\"geometry(srid:3857)\"", "geometry(srid:3857)"},
		{"\"geography\"", "geography"},
		{"\"geography(OGC:CRS84)\"", "geography(OGC:CRS84)"},
		{"\"geography(srid:4269, karney)\"", "geography(srid:4269, karney)"},
		{"{\"type\":\"list\",\"element-id\":3,\"element\":\"int\",\"element-required\":"
		 "true}",
		 "list<int>"},
		{"{\"type\":\"map\",\"key-id\":3,\"key\":\"int\",\"value-id\":4,\"value\":"
		 "\"string\","
		 "\"value-required\":false}",
		 "map<int, string>"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":true,"
		 "\"type\":\"int\"}]}",
		 "struct<1: a: int>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_type *type = NULL;

		assert_ok(cx, firn_type_parse(cx, json_of(cx, cases[i][0]), "t", &type));
		assert_text(firn_type_text(cx, type), cases[i][1]);
		assert_true(firn_type_eq(type, type));
	}
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"\"integer\"", "unknown type 'integer'"},
		{"\"\"", "unknown type ''"},
		{"5", "string or an object"},
		{"null", "string or an object"},
		{"\"decimal(39,2)\"", "precision of 1 to 38"},
		{"\"decimal(0,0)\"", "precision of 1 to 38"},
		{"\"decimal(4,5)\"", "precision of 1 to 38"},
		{"\"decimal(4)\"", "unknown type"},
		{"\"decimal(-4,2)\"", "unknown type"},
		{"\"fixed[x]\"", "unknown type"},
		{"\"fixed[99999999999]\"", "unknown type"},
		{"\"fixed(16)\"", "unknown type"},
		{"\"geometry()\"", "unknown type"},
		{"\"geography(a, flat)\"", "unknown edge algorithm 'flat'"},
		{"{\"fields\":[]}", "'type' is missing"},
		{"{\"type\":\"struct\"}", "'fields' is missing"},
		{"{\"type\":\"tuple\"}", "unknown type 'tuple'"},
		{"{\"type\":\"list\",\"element\":\"int\",\"element-required\":true}",
		 "'element-id' is missing"},
		{"{\"type\":\"list\",\"element-id\":1,\"element-required\":true}",
		 "'type' is missing"},
		{"{\"type\":\"list\",\"element-id\":1,\"element\":\"int\"}",
		 "'element-required' is missing"},
		{"{\"type\":\"map\",\"key-id\":1,\"key\":\"int\",\"value\":\"int\","
		 "\"value-required\":true}",
		 "'value-id' is missing"},
		{"{\"type\":\"struct\",\"fields\":[5]}", "must be an object, found 5"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":true}]}",
		 "field 'a': 'type' is missing"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"type\":\"int\"}]}",
		 "field 'a': 'required' is missing"},
		{"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"int\",\"required\":"
		 "true}]}",
		 "field 'a': 'id' is missing"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":4294967296,\"name\":\"a\",\"type\":"
		 "\"int\","
		 "\"required\":true}]}",
		 "32-bit integer, found 4294967296"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"type\":\"int\",\"required\":true}]}",
		 "'name' is missing"},
		{"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"u\",\"type\":\"unknown\","
		 "\"required\":true}]}",
		 "type unknown can't be required"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_type *type = NULL;

		assert_fails(cx, firn_type_parse(cx, json_of(cx, cases[i][0]), "t", &type),
			     FIRN_E_BAD_REQUEST, cases[i][1]);
	}
}

static void test_depth(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_buf b;
	struct firn_str text;
	const struct firn_json *json;
	const struct firn_type *type;

	for (int depth = FIRN_SCHEMA_DEPTH - 1; depth <= FIRN_SCHEMA_DEPTH + 1; depth++) {
		firn_buf_init(&b, cx, 1 << 20);
		for (int i = 0; i < depth; i++)
			firn_buf_printf(
				&b,
				"{\"type\":\"list\",\"element-id\":%d,\"element-required\":true,"
				"\"element\":",
				i);
		firn_buf_cstr(&b, "\"int\"");
		for (int i = 0; i < depth; i++)
			firn_buf_char(&b, '}');
		assert_ok(cx, firn_buf_end(&b, &text));
		assert_ok(cx, firn_json_parse(cx, text, "test", &json));
		if (depth <= FIRN_SCHEMA_DEPTH)
			assert_ok(cx, firn_type_parse(cx, json, "t", &type));
		else
			assert_fails(cx, firn_type_parse(cx, json, "t", &type), FIRN_E_BAD_REQUEST,
				     "nest deeper than 60");
	}
}

static void test_defaults(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *type, *value;
		bool fits;
	} cases[] = {
		{"boolean", "true", true},
		{"boolean", "1", false},
		{"int", "2147483647", true},
		{"int", "2147483648", false},
		{"int", "1.0", false},
		{"long", "9223372036854775807", true},
		{"long", "\"1\"", false},
		{"float", "1", true},
		{"double", "1.5", true},
		{"double", "\"x\"", false},
		{"date", "\"2024-02-29\"", true},
		{"date", "\"2023-02-29\"", false},
		{"date", "\"2023-13-01\"", false},
		{"date", "\"1900-02-29\"", false},
		{"time", "\"22:31:08.123456\"", true},
		{"time", "\"22:31\"", true},
		{"time", "\"24:00:00\"", false},
		{"time", "\"22:31:08.1234567\"", false},
		{"timestamp", "\"2017-11-16T22:31:08.123456\"", true},
		{"timestamp", "\"2017-11-16T22:31:08+00:00\"", false},
		{"timestamptz", "\"2017-11-16T22:31:08+00:00\"", true},
		{"timestamptz", "\"2017-11-16T22:31:08-07:00\"", false},
		{"timestamp_ns", "\"2017-11-16T22:31:08.123456789\"", true},
		{"timestamptz_ns", "\"2017-11-16T22:31:08.123456789+00:00\"", true},
		{"timestamp", "\"2017-11-16 22:31:08\"", false},
		{"string", "\"x\"", true},
		{"string", "5", false},
		{"uuid", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"", true},
		{"uuid", "\"f79c3e09\"", false},
		{"fixed[2]", "\"0A0b\"", true},
		{"fixed[2]", "\"0A\"", false},
		{"binary", "\"000102\"", true},
		{"binary", "\"0\"", false},
		{"binary", "\"zz\"", false},
		{"decimal(4,2)", "\"14.20\"", true},
		{"decimal(4,2)", "\"-14.20\"", true},
		{"decimal(4,2)", "\"14.2\"", false},
		{"decimal(4,2)", "\"114.20\"", false},
		{"decimal(4,2)", "\"14\"", false},
		{"decimal(4,0)", "\"14\"", true},
		{"decimal(4,2)", "14.20", false},
		{"unknown", "1", false},
		{"variant", "1", false},
		{"geometry", "\"00\"", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[512];
		const struct firn_type *type = NULL;

		snprintf(text, sizeof(text),
			 "{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":"
			 "false,"
			 "\"type\":\"%s\",\"write-default\":%s,\"initial-default\":null}]}",
			 cases[i].type, cases[i].value);
		if (cases[i].fits)
			assert_ok(cx, firn_type_parse(cx, json_of(cx, text), "t", &type));
		else
			assert_fails(cx, firn_type_parse(cx, json_of(cx, text), "t", &type),
				     FIRN_E_BAD_REQUEST, "write-default");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_primitives),
		WITH_CTX(test_refuses),
		WITH_CTX(test_depth),
		WITH_CTX(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
