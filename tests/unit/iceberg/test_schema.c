/* Schemas: checks, equality, fresh ids, format versions, writing. */
#include "../../../src/iceberg/schema.h"
#include "table_fixture.h"

#define FIELD(id, name, type)                                                                      \
	"{\"id\":" #id ",\"name\":\"" name "\",\"required\":true,\"type\":" type "}"
#define SCHEMA(more, fields) "{\"type\":\"struct\"," more "\"fields\":[" fields "]}"

/* ids in an order of their own, nested twice. */
#define NESTED                                                                                     \
	"{\"type\":\"struct\",\"schema-id\":7,\"identifier-field-ids\":[20,5],\"x-note\":"         \
	"\"kept\","                                                                                \
	"\"fields\":["                                                                             \
	"{\"id\":20,\"name\":\"id\",\"required\":true,\"type\":\"long\",\"doc\":\"key\",\"x-f\":"  \
	"1},"                                                                                      \
	"{\"id\":3,\"name\":\"tags\",\"required\":false,\"type\":{\"type\":\"list\","              \
	"\"element-id\":9,\"element\":{\"type\":\"struct\",\"fields\":[{\"id\":30,\"name\":\"k\"," \
	"\"required\":true,\"type\":\"string\"}]},\"element-required\":true}},"                    \
	"{\"id\":4,\"name\":\"loc\",\"required\":true,\"type\":{\"type\":\"struct\",\"fields\":["  \
	"{\"id\":5,\"name\":\"lat\",\"required\":true,\"type\":\"int\"}]}},"                       \
	"{\"id\":0,\"name\":\"m\",\"required\":false,\"type\":{\"type\":\"map\",\"key-id\":41,"    \
	"\"key\":\"string\",\"value-id\":40,\"value\":\"decimal(9,2)\",\"value-required\":false}}" \
	"]}"

static const struct firn_schema *schema_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_schema *schema = NULL;

	assert_ok(cx, firn_schema_parse(cx, json_of(cx, text), "schema", &schema));
	return schema;
}

static const char *written(struct firn_ctx *cx, const struct firn_schema *schema)
{
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text = FIRN_STR_NONE;

	firn_buf_init(&b, cx, 1 << 20);
	firn_jw_init(&w, &b);
	firn_schema_write(&w, schema);
	assert_ok(cx, firn_buf_end(&b, &text));
	return firn_cstr(cx, text);
}

static void test_index(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_schema *s = schema_of(cx, NESTED);

	assert_int_equal(s->id, 7);
	assert_int_equal(s->highest_id, 41);
	assert_int_equal(s->n_entries, 9);
	assert_int_equal(s->identifier_ids[0], 5);
	assert_text(firn_schema_find(s, 30)->name, "tags.element.k");
	assert_text(firn_schema_find(s, 40)->name, "m.value");
	assert_int_equal(firn_schema_find_name(s, FIRN_STR("loc.lat"))->id, 5);
	assert_int_equal(firn_schema_find(s, 30)->parent->parent->id, 3);
	assert_null(firn_schema_find(s, 2));
	assert_null(firn_schema_find_name(s, FIRN_STR("lat")));
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"[]", "must be an object"},
		{"{\"fields\":[]}", "'type' is missing"},
		{"{\"type\":\"list\",\"fields\":[]}", "must be struct"},
		{"{\"type\":\"struct\"}", "'fields' is missing"},
		{SCHEMA("\"schema-id\":\"a\",", ""), "'schema-id' must be an integer"},
		{SCHEMA("", FIELD(1, "a", "\"int\"") "," FIELD(1, "b", "\"int\"")),
		 "field id 1 is used twice"},
		{SCHEMA("", FIELD(1, "a", "\"int\"") "," FIELD(2, "a", "\"int\"")),
		 "multiple fields for name 'a': 1 and 2"},
		{SCHEMA("",
			FIELD(1, "a.b", "\"int\"") "," FIELD(
				2, "a",
				"{\"type\":\"struct\",\"fields\":[" FIELD(3, "b", "\"int\"") "]}")),
		 "multiple fields for name 'a.b'"},
		{SCHEMA("\"identifier-field-ids\":[9],", FIELD(1, "a", "\"int\"")),
		 "no such field"},
		{SCHEMA("\"identifier-field-ids\":[1],", FIELD(1, "a", "\"double\"")),
		 "must not be float or double"},
		{SCHEMA("\"identifier-field-ids\":[1],",
			"{\"id\":1,\"name\":\"a\",\"required\":false,\"type\":\"int\"}"),
		 "not a required field"},
		{SCHEMA("\"identifier-field-ids\":[1],",
			FIELD(1, "a", "{\"type\":\"struct\",\"fields\":[]}")),
		 "not a primitive type"},
		{SCHEMA("\"identifier-field-ids\":[2],",
			FIELD(1, "a",
			      "{\"type\":\"list\",\"element-id\":2,\"element\":\"int\","
			      "\"element-required\":true}")),
		 "nested in a list or map"},
		{SCHEMA("\"identifier-field-ids\":[2],",
			"{\"id\":1,\"name\":\"a\",\"required\":false,\"type\":{\"type\":\"struct\","
			"\"fields\":[" FIELD(2, "b", "\"int\"") "]}}"),
		 "nested in an optional field"},
		{SCHEMA("\"identifier-field-ids\":[\"1\"],", FIELD(1, "a", "\"int\"")),
		 "array of integers"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_schema *schema = NULL;

		assert_fails(cx, firn_schema_parse(cx, json_of(cx, cases[i][0]), "schema", &schema),
			     FIRN_E_BAD_REQUEST, cases[i][1]);
	}
}

static void test_same(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{SCHEMA("\"schema-id\":1,", FIELD(1, "a", "\"int\"")),
		 SCHEMA("\"schema-id\":2,", FIELD(1, "a", "\"int\"")), true},
		{SCHEMA("", FIELD(1, "a", "\"int\"")), SCHEMA("", FIELD(1, "a", "\"long\"")),
		 false},
		{SCHEMA("", FIELD(1, "a", "\"int\"")), SCHEMA("", FIELD(2, "a", "\"int\"")), false},
		{SCHEMA("", FIELD(1, "a", "\"int\"")), SCHEMA("", FIELD(1, "b", "\"int\"")), false},
		{SCHEMA("", FIELD(1, "a", "\"int\"")),
		 SCHEMA("\"identifier-field-ids\":[1],", FIELD(1, "a", "\"int\"")), false},
		{SCHEMA("", FIELD(1, "a", "\"int\"")),
		 SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":\"int\",\"doc\":"
			    "\"\"}"),
		 false},
		{SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":\"double\","
			    "\"write-default\":1}"),
		 SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":\"double\","
			    "\"write-default\":1.0}"),
		 true},
		{SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":\"int\","
			    "\"write-default\":1}"),
		 SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":\"int\","
			    "\"write-default\":2}"),
		 false},
		{SCHEMA("", FIELD(1, "a", "\"decimal(9,2)\"")),
		 SCHEMA("", FIELD(1, "a", "\"decimal(9, 2)\"")), true},
		{SCHEMA("", FIELD(1, "a", "\"decimal(9,2)\"")),
		 SCHEMA("", FIELD(1, "a", "\"decimal(9,3)\"")), false},
		{SCHEMA("", FIELD(1, "a", "\"geometry\"")),
		 SCHEMA("", FIELD(1, "a", "\"geometry(OGC:CRS84)\"")), true},
		{NESTED, NESTED, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (firn_schema_same(schema_of(cx, cases[i].a), schema_of(cx, cases[i].b)) !=
		    cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
}

static void test_fresh_ids(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_schema *fresh = NULL;
	int32_t last = 0;

	assert_ok(cx, firn_schema_fresh_ids(cx, schema_of(cx, NESTED), 0, &last, &fresh));
	assert_int_equal(last, 9);
	/* The top level first, then each nested type in turn. */
	assert_text(firn_schema_find(fresh, 1)->name, "id");
	assert_text(firn_schema_find(fresh, 4)->name, "m");
	assert_text(firn_schema_find(fresh, 5)->name, "tags.element");
	assert_text(firn_schema_find(fresh, 6)->name, "tags.element.k");
	assert_text(firn_schema_find(fresh, 7)->name, "loc.lat");
	assert_text(firn_schema_find(fresh, 8)->name, "m.key");
	assert_text(firn_schema_find(fresh, 9)->name, "m.value");
	assert_int_equal(fresh->identifier_ids[0], 1);
	assert_int_equal(fresh->identifier_ids[1], 7);
	check_parts(cx, written(cx, fresh),
		    "\"schema-id\":0|\"identifier-field-ids\":[1,7]|\"x-note\":\"kept\"|\"x-f\":1|"
		    "\"element-id\":5|\"key-id\":8|\"value-id\":9|decimal(9, 2)|\"doc\":\"key\"");
	assert_true(firn_schema_same(fresh, schema_of(cx, written(cx, fresh))));
	last = INT32_MAX - 3;
	assert_fails(cx, firn_schema_fresh_ids(cx, schema_of(cx, NESTED), 0, &last, &fresh),
		     FIRN_E_BAD_REQUEST, "used up");
}

static void test_with_id(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_schema *s = schema_of(cx, NESTED), *other = NULL;

	assert_string_equal(written(cx, s), NESTED);
	assert_ok(cx, firn_schema_with_id(cx, s, 8, &other));
	check_parts(cx, written(cx, other), "\"schema-id\":8|\"x-note\":\"kept\"|\"id\":20");
	assert_true(firn_schema_same(s, schema_of(cx, written(cx, other))));
}

static void test_versions(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const types[] = {"timestamp_ns", "timestamptz_ns", "variant",
					    "unknown",	    "geometry",	      "geography"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char text[256], part[128];

		snprintf(text, sizeof(text),
			 "{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":"
			 "false,"
			 "\"type\":\"%s\"}]}",
			 types[i]);
		snprintf(part, sizeof(part), "Invalid type for a: %s is not supported until v3",
			 types[i]);
		assert_fails(cx, firn_schema_check_version(cx, schema_of(cx, text), 2),
			     FIRN_E_VALIDATION, part);
		assert_fails(cx, firn_schema_check_version(cx, schema_of(cx, text), 1),
			     FIRN_E_VALIDATION, part);
		assert_ok(cx, firn_schema_check_version(cx, schema_of(cx, text), 3));
	}
	assert_fails(cx,
		     firn_schema_check_version(
			     cx,
			     schema_of(cx, SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,"
						      "\"type\":\"int\",\"initial-default\":5}")),
			     2),
		     FIRN_E_VALIDATION, "Invalid initial default for a: non-null default (5)");
	assert_ok(cx, firn_schema_check_version(
			      cx,
			      schema_of(cx, SCHEMA("", "{\"id\":1,\"name\":\"a\",\"required\":true,"
						       "\"type\":\"int\",\"write-default\":5}")),
			      2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_index),	  WITH_CTX(test_refuses), WITH_CTX(test_same),
		WITH_CTX(test_fresh_ids), WITH_CTX(test_with_id), WITH_CTX(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
