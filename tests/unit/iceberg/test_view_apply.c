/* Changes of a view: every update, creation, requirements. */
#include "view_fixture.h"

#define UPDATE(action, rest) "{\"action\":\"" action "\"," rest "}"
#define ADD_SCHEMA(fields) UPDATE("add-schema", "\"schema\":" VIEW_SCHEMA("9", fields))
#define ADD_VERSION(version) UPDATE("add-view-version", "\"view-version\":" version)
#define SET_CURRENT(id) UPDATE("set-current-view-version", "\"view-version-id\":" id)
#define SET(pairs) UPDATE("set-properties", "\"updates\":{" pairs "}")
#define ALLOW_DROP SET("\"replace.drop-dialect.allowed\":\"true\"")
#define XYZ VIEW_FIELD("1", "x") "," VIEW_FIELD("2", "y") "," VIEW_FIELD("3", "z")

static void test_schemas(void **state)
{
	static const struct apply_case cases[] = {
		{"[" ADD_SCHEMA(XYZ) "]", FIRN_OK, "\"schema-id\":2|\"name\":\"z\""},
		/* Equal to schema 0, whatever its id. */
		{"[" ADD_SCHEMA(VIEW_FIELD("1", "x")) "]", FIRN_OK, NULL},
		{"[" ADD_SCHEMA(VIEW_FIELD("1", "q")) "," ADD_SCHEMA(VIEW_FIELD("1", "q")) "]",
		 FIRN_OK, "\"schema-id\":2|!\"schema-id\":3"},
		{"[" ADD_SCHEMA(VIEW_FIELD("1", "q") "," VIEW_FIELD("1", "r")) "]",
		 FIRN_E_BAD_REQUEST, "add-schema"},
		{"[{\"action\":\"add-schema\"}]", FIRN_E_BAD_REQUEST, "'schema' is missing"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_versions(void **state)
{
	static const struct apply_case cases[] = {
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "1", VIEW_SQL("spark", "select 3"))) "]",
		 FIRN_OK, "\"version-id\":3|\"current-version-id\":2|!" VIEW_ENTRY("3", "300")},
		/* A taken id becomes the next free one. */
		{"[" ADD_VERSION(VIEW_VERSION(
			 "1", "300", "0", VIEW_SQL("spark", "select 3"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK, "\"current-version-id\":3|" VIEW_ENTRY("3", "300")},
		{"[" ADD_VERSION(VIEW_VERSION("40", "300", "0",
					      VIEW_SQL("spark", "s"))) "," SET_CURRENT("40") "]",
		 FIRN_OK, "\"current-version-id\":40|" VIEW_ENTRY("40", "300")},
		/* The schema just added. */
		{"[" ADD_SCHEMA(XYZ) "," ADD_VERSION(VIEW_VERSION(
			 "3", "300", "-1", VIEW_SQL("spark", "s"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK,
		 "\"version-id\":3,\"timestamp-ms\":300,\"schema-id\":2|\"current-version-id\":3"},
		{"[" ADD_SCHEMA(VIEW_FIELD("1", "x")) "," ADD_VERSION(
			 VIEW_VERSION("3", "300", "-1", VIEW_SQL("spark", "s"))) "]",
		 FIRN_OK, "\"version-id\":3,\"timestamp-ms\":300,\"schema-id\":0"},
		/* Identical but for id and time: the old one is used, from now on. */
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "0", VIEW_SQL("spark", "select 1"))) "]",
		 FIRN_OK, NULL},
		{"[" ADD_VERSION(VIEW_VERSION(
			 "3", "300", "0", VIEW_SQL("spark", "select 1"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK,
		 "\"current-version-id\":1|" VIEW_ENTRY("1", "1700000000000") "|!\"version-id\":3"},
		{"[" ADD_VERSION(VIEW_VERSION(
			 "3", "300", "1", VIEW_SQL("spark", "select 2"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK, NULL},
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "7", VIEW_SQL("spark", "s"))) "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "unknown schema: 7"},
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "-1", VIEW_SQL("spark", "s"))) "]",
		 FIRN_E_VALIDATION, "no schema has been added"},
		{"[" ADD_VERSION(VIEW_VERSION("0", "300", "0", VIEW_SQL("spark", "s"))) "]",
		 FIRN_E_BAD_REQUEST, "version-id must be at least 1"},
		{"[" ADD_VERSION(VIEW_VERSION(
			 "2147483647", "1", "0",
			 VIEW_SQL("spark", "s"))) "," ADD_VERSION(VIEW_VERSION("3", "1", "0",
									       VIEW_SQL("spark",
											"t"))) "]",
		 FIRN_E_BAD_REQUEST, "version 2147483648"},
		{"[" ADD_VERSION("{}") "]", FIRN_E_BAD_REQUEST, "'version-id' is missing"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_current(void **state)
{
	static const struct apply_case cases[] = {
		{"[" SET_CURRENT("2") "]", FIRN_OK, NULL},
		{"[" SET_CURRENT("1") "]", FIRN_OK,
		 "\"current-version-id\":1|" VIEW_ENTRY("2", "200") "," VIEW_ENTRY(
			 "1", "1700000000000") "]"},
		/* One change of the view is one entry of its log. */
		{"[" ADD_VERSION(VIEW_VERSION(
			 "3", "300", "0",
			 VIEW_SQL("spark", "s"))) "," SET_CURRENT("1") "," SET_CURRENT("3") "]",
		 FIRN_OK,
		 VIEW_ENTRY("2", "200") "," VIEW_ENTRY("3", "300") "]|\"current-version-id\":3"},
		{"[" SET_CURRENT("3") "]", FIRN_E_ILLEGAL_ARGUMENT, "unknown version: 3"},
		{"[" SET_CURRENT("-1") "]", FIRN_E_VALIDATION,
		 "no current version id has been set"},
		{"[{\"action\":\"set-current-view-version\"}]", FIRN_E_BAD_REQUEST,
		 "'view-version-id' is missing"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_dialects(void **state)
{
	static const struct apply_case cases[] = {
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "0",
					      VIEW_SQL("trino", "s"))) "," SET_CURRENT("-1") "]",
		 FIRN_E_ILLEGAL_ARGUMENT,
		 "Cannot replace view due to loss of view dialects "
		 "(replace.drop-dialect.allowed=false):\nPrevious dialects: [spark]\n"
		 "New dialects: [trino]"},
		{"[" ALLOW_DROP "," ADD_VERSION(VIEW_VERSION(
			 "3", "300", "0", VIEW_SQL("trino", "s"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK, "\"current-version-id\":3"},
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "0",
					      VIEW_SQL("trino", "s") "," VIEW_SQL(
						      "SPARK", "s"))) "," SET_CURRENT("-1") "]",
		 FIRN_OK, "\"current-version-id\":3|\"dialect\":\"SPARK\""},
		{"[" ADD_VERSION(VIEW_VERSION(
			 "3", "300", "0", VIEW_SQL("spark", "s") "," VIEW_SQL("Spark", "t"))) "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "Cannot add multiple queries for dialect spark"},
		/* Not current, so nothing is lost. */
		{"[" ADD_VERSION(VIEW_VERSION("3", "300", "0", VIEW_SQL("trino", "s"))) "]",
		 FIRN_OK, "\"version-id\":3"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_properties_and_place(void **state)
{
	static const struct apply_case cases[] = {
		{"[" SET("\"owner\":\"ann\"") "]", FIRN_OK, NULL},
		{"[" SET("\"owner\":\"eve\",\"k\":\"v\"") "]", FIRN_OK,
		 "\"properties\":{\"owner\":\"eve\",\"k\":\"v\"}"},
		{"[" UPDATE("set-properties", "\"updated\":{\"k\":\"v\"}") "]", FIRN_OK,
		 "\"k\":\"v\""},
		{"[" SET("\"k\":1") "]", FIRN_E_BAD_REQUEST, "the value of 'k' must be a string"},
		{"[" UPDATE("remove-properties", "\"removals\":[\"owner\",\"none\"]") "]", FIRN_OK,
		 "\"properties\":{}"},
		{"[" UPDATE("remove-properties", "\"removed\":[\"none\"]") "]", FIRN_OK, NULL},
		{"[" UPDATE("remove-properties", "\"removals\":[1]") "]", FIRN_E_BAD_REQUEST,
		 "array of strings"},
		{"[" UPDATE("set-location", "\"location\":\"s3://b/w\"") "]", FIRN_OK,
		 "\"location\":\"s3://b/w\""},
		{"[" UPDATE("set-location", "\"location\":\"s3://b/v\"") "]", FIRN_OK, NULL},
		{"[" UPDATE("set-location", "\"location\":\"\"") "]", FIRN_E_BAD_REQUEST, "empty"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_identity_and_format(void **state)
{
	static const struct apply_case cases[] = {
		{"[" UPDATE("assign-uuid", "\"uuid\":\"FA6506C3-7681-40c8-86dc-e36561f83385\"") "]",
		 FIRN_OK, NULL},
		{"[" UPDATE("assign-uuid", "\"uuid\":\"00000000-7681-40c8-86dc-e36561f83385\"") "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "Cannot reassign uuid"},
		{"[" UPDATE("upgrade-format-version", "\"format-version\":1") "]", FIRN_OK, NULL},
		{"[" UPDATE("upgrade-format-version", "\"format-version\":0") "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "Cannot downgrade v1 view to v0"},
		{"[" UPDATE("upgrade-format-version", "\"format-version\":2") "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "v2"},
		{"[" UPDATE("add-snapshot", "\"snapshot\":{}") "]", FIRN_E_BAD_REQUEST,
		 "'add-snapshot' is not an update of a view"},
		{"[{}]", FIRN_E_BAD_REQUEST, "`action`"},
		{"[7]", FIRN_E_BAD_REQUEST, "`action`"},
		{"{}", FIRN_E_BAD_REQUEST, "'updates' must be an array"},
		{"[]", FIRN_OK, NULL},
	};

	RUN_VIEW(*state, VIEW, cases);
}

static void test_kinds(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_view_change change =
		view_applied(cx, view_of(cx, VIEW),
			     "[" SET("\"a\":\"1\"") "," ALLOW_DROP "," SET_CURRENT("1") "]");

	assert_int_equal(change.kinds.n, 2);
	assert_text(change.kinds.items[0], "set-properties");
	assert_text(change.kinds.items[1], "set-current-view-version");
}

static void test_unknown_members_stay(void **state)
{
	static const struct apply_case cases[] = {
		{"[{\"action\":\"add-view-version\",\"view-version\":{\"version-id\":3,"
		 "\"timestamp-ms\":1,\"schema-id\":0,\"summary\":{},\"default-namespace\":[],"
		 "\"representations\":[],\"x-new\":[1]}}]",
		 FIRN_OK, "\"x-new\":[1]"},
	};

	RUN_VIEW(*state, VIEW, cases);
}

/* ---- creation ------------------------------------------------------------------------------- */

static firn_rc create(struct firn_ctx *cx, const char *schema, const char *version,
		      const struct firn_view_metadata **ret_view)
{
	struct firn_pair pair = {FIRN_STR("k"), FIRN_STR("v")};
	struct firn_view_create request = {.location = FIRN_STR("s3://b/v"),
					   .uuid = FIRN_STR(VIEW_UUID),
					   .schema = json_of(cx, schema),
					   .view_version = json_of(cx, version),
					   .properties = {&pair, 1},
					   .now_ms = NOW};

	return firn_view_metadata_create(cx, &request, ret_view);
}

static void test_create(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m;

	assert_ok(cx, create(cx, VIEW_SCHEMA("5", VIEW_FIELD("1", "x")),
			     VIEW_VERSION("1", "77", "5", VIEW_SQL("spark", "s")), &m));
	assert_string_equal(
		view_text(cx, m),
		"{\"view-uuid\":\"" VIEW_UUID "\",\"format-version\":1,"
		"\"location\":\"s3://b/v\",\"properties\":{\"k\":\"v\"},"
		"\"current-version-id\":1,\"schemas\":[" VIEW_SCHEMA(
			"0",
			VIEW_FIELD(
				"1",
				"x")) "],\"versions\":[" VIEW_VERSION("1", "77", "0",
								      VIEW_SQL(
									      "spark",
									      "s")) "],\"version-"
										    "log\":"
										    "[" VIEW_ENTRY(
											    "1",
											    "77") "]}");
	assert_fails(cx, create(cx, "{}", VIEW_VERSION("1", "77", "0", ""), &m), FIRN_E_BAD_REQUEST,
		     "");
	assert_fails(cx, create(cx, VIEW_SCHEMA("0", ""), "{}", &m), FIRN_E_BAD_REQUEST,
		     "'version-id' is missing");
	assert_fails(cx,
		     create(cx, VIEW_SCHEMA("0", ""),
			    VIEW_VERSION("1", "7", "0", VIEW_SQL("a", "s") "," VIEW_SQL("A", "s")),
			    &m),
		     FIRN_E_ILLEGAL_ARGUMENT, "dialect a");
}

/* ---- requirements --------------------------------------------------------------------------- */

static firn_rc required(struct firn_ctx *cx, const char *requirements)
{
	return firn_view_requirements_check(cx, json_of(cx, requirements), view_of(cx, VIEW));
}

static void test_requirements(void **state)
{
	struct firn_ctx *cx = *state;

	assert_ok(cx, firn_view_requirements_check(cx, NULL, view_of(cx, VIEW)));
	assert_ok(cx, required(cx, "[]"));
	assert_ok(cx, required(cx, "[{\"type\":\"assert-view-uuid\",\"uuid\":\"" VIEW_UUID "\"}]"));
	assert_fails(cx,
		     required(cx, "[{\"type\":\"assert-view-uuid\",\"uuid\":"
				  "\"00000000-0000-0000-0000-000000000000\"}]"),
		     FIRN_E_COMMIT_FAILED,
		     "view UUID does not match: expected " VIEW_UUID
		     " != 00000000-0000-0000-0000-000000000000");
	assert_fails(cx, required(cx, "[{\"type\":\"assert-create\"}]"), FIRN_E_BAD_REQUEST,
		     "'assert-create' is not a requirement of a view");
	assert_fails(cx, required(cx, "[{}]"), FIRN_E_BAD_REQUEST, "'type' is missing");
	assert_fails(cx, required(cx, "[{\"type\":\"assert-view-uuid\"}]"), FIRN_E_BAD_REQUEST,
		     "'uuid' is missing");
	assert_fails(cx, required(cx, "{}"), FIRN_E_BAD_REQUEST, "must be an array");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_schemas),
		WITH_CTX(test_versions),
		WITH_CTX(test_current),
		WITH_CTX(test_dialects),
		WITH_CTX(test_properties_and_place),
		WITH_CTX(test_identity_and_format),
		WITH_CTX(test_kinds),
		WITH_CTX(test_unknown_members_stay),
		WITH_CTX(test_create),
		WITH_CTX(test_requirements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
