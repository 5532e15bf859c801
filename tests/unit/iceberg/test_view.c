/* Views: parsing, creation, updates and what is settled after them, undo, diff. */
#include <stdio.h>

#include "../base/fixture.h"
#include "firn/view_metadata.h"

#define NOW INT64_C(1700000000000)

#define SQL(sql, dialect) "{\"type\":\"sql\",\"sql\":\"" sql "\",\"dialect\":\"" dialect "\"}"
#define VERSION(id, schema, representations)                                                       \
	"{\"version-id\":" #id ",\"timestamp-ms\":1600000000000,\"schema-id\":" #schema            \
	",\"summary\":{\"engine\":\"x\"},\"default-namespace\":[\"a\"],\"representations\":"       \
	"[" representations "]}"
#define SCHEMA(id, name)                                                                           \
	"{\"type\":\"struct\",\"schema-id\":" #id ",\"fields\":[{\"id\":1,\"name\":\"" name        \
	"\",\"type\":\"long\",\"required\":false}]}"
#define VIEW(current, schemas, versions, properties)                                               \
	"{\"view-uuid\":\"11111111-2222-4333-8444-555555555555\",\"format-version\":1,"            \
	"\"location\":"                                                                            \
	"\"s3://b/v\",\"properties\":{" properties "},\"current-version-id\":" #current            \
	",\"schemas\":[" schemas "],\"versions\":[" versions                                       \
	"],\"version-log\":[{\"timestamp-ms\":"                                                    \
	"1600000000000,\"version-id\":1}],\"extra\":{\"kept\":true}}"
#define SIMPLE VIEW(1, SCHEMA(0, "x"), VERSION(1, 0, SQL("select 1", "spark")), "\"p\":\"1\"")

static const struct firn_json *json_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_json *json = NULL;

	assert_ok(cx, firn_json_parse(cx, firn_str(text), "test", &json));
	return json;
}

static const struct firn_view_metadata *view_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_view_metadata *m = NULL;

	assert_ok(cx, firn_view_metadata_parse(cx, firn_str(text), &m));
	return m;
}

static const char *text_of(struct firn_ctx *cx, const struct firn_view_metadata *m)
{
	struct firn_str text = FIRN_STR_NONE;

	assert_ok(cx, firn_view_metadata_write(cx, m, &text));
	return firn_cstr(cx, text);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' not in %s", part, text);
}

static struct firn_view_change applied(struct firn_ctx *cx, const struct firn_view_metadata *m,
				       const char *updates)
{
	struct firn_view_change change = {.changed = false};

	assert_ok(cx, firn_view_updates_apply(cx, m, json_of(cx, updates), NOW, &change));
	return change;
}

static void test_parse_writes_the_same(void **state)
{
	struct firn_ctx *cx = *state;
	const char *text = text_of(cx, view_of(cx, SIMPLE));

	assert_has(text, "\"extra\":{\"kept\":true}");
	assert_string_equal(text, text_of(cx, view_of(cx, text)));
	/* Old documents with two queries of one dialect must stay readable. */
	(void)view_of(cx, VIEW(1, SCHEMA(0, "x"),
			       VERSION(1, 0, SQL("select 1", "spark") "," SQL("select 2", "spark")),
			       ""));
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[]", "object"},
		{"{}", "format-version"},
		{"{\"format-version\":2}", "Unsupported format version: 2"},
		{VIEW(7, SCHEMA(0, "x"), VERSION(1, 0, SQL("s", "d")), ""),
		 "Cannot find current version 7"},
		{VIEW(1, SCHEMA(0, "x"), VERSION(1, 9, SQL("s", "d")), ""),
		 "Cannot find current schema with id 9"},
		{VIEW(1, SCHEMA(0, "x"), "", ""), "no versions"},
		{VIEW(1, SCHEMA(0, "x"),
		      VERSION(1, 0, SQL("s", "d")) "," VERSION(1, 0, SQL("s", "d")), ""),
		 "twice"},
		{VIEW(1, SCHEMA(0, "x"), VERSION(1, 0, "{\"type\":\"sql\",\"sql\":\"s\"}"), ""),
		 "dialect"},
		{VIEW(1, SCHEMA(0, "x"), VERSION(1, 0, SQL("s", "d")), "\"p\":1"), "properties"},
	};
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(cx, firn_view_metadata_parse(cx, firn_str(cases[i].text), &m),
			     FIRN_E_BAD_REQUEST, cases[i].message);
}

static void test_create(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m;
	struct firn_view_create create = {
		.location = FIRN_STR("s3://b/v"), .uuid = FIRN_STR("u"), .now_ms = NOW};

	/* The schema of the request is the version's, whatever id the client gave it. */
	create.schema = json_of(cx, SCHEMA(5, "x"));
	create.view_version = json_of(cx, VERSION(1, 77, SQL("select 1", "spark")));
	assert_ok(cx, firn_view_metadata_create(cx, &create, &m));
	assert_int_equal(firn_view_current_version_id(m), 1);
	assert_has(text_of(cx, m), "\"schema-id\":0");
	(void)view_of(cx, text_of(cx, m));

	create.view_version = json_of(cx, VERSION(1, 0, SQL("a", "spark") "," SQL("b", "SPARK")));
	assert_fails(cx, firn_view_metadata_create(cx, &create, &m), FIRN_E_ILLEGAL_ARGUMENT,
		     "multiple queries for dialect spark");
}

#define ADD_VERSION(id, schema, r)                                                                 \
	"{\"action\":\"add-view-version\",\"view-version\":" VERSION(id, schema, r) "}"
#define SET_CURRENT(id) "{\"action\":\"set-current-view-version\",\"view-version-id\":" #id "}"

static void test_replace(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = view_of(cx, SIMPLE);
	struct firn_view_change change =
		applied(cx, m,
			"[{\"action\":\"add-schema\",\"schema\":" SCHEMA(9, "y") "}," ADD_VERSION(
				1, -1, SQL("select 2", "spark")) "," SET_CURRENT(-1) "]");

	assert_true(change.changed);
	assert_int_equal(firn_view_current_version_id(change.metadata), 2);
	assert_has(text_of(cx, change.metadata),
		   "\"version-id\":2,\"timestamp-ms\":1600000000000,\"schema-id\":1");
	assert_int_equal(change.kinds.n, 3);
	assert_int_equal(firn_view_current_version_id(m), 1); /* the base is as it was */
}

static void test_replace_by_the_same_changes_nothing(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = view_of(cx, SIMPLE);
	struct firn_view_change change = applied(
		cx, m, "[" ADD_VERSION(3, 0, SQL("select 1", "spark")) "," SET_CURRENT(-1) "]");

	assert_false(change.changed);
	assert_ptr_equal(change.metadata, m);
}

static void test_updates_refused(void **state)
{
	static const struct {
		const char *updates;
		enum firn_code code;
		const char *message;
	} cases[] = {
		{"[{}]", FIRN_E_BAD_REQUEST, "action"},
		{"[{\"action\":\"add-snapshot\"}]", FIRN_E_BAD_REQUEST, "not an update of a view"},
		{"[{\"action\":\"assign-uuid\",\"uuid\":\"99999999-2222-4333-8444-555555555555\"}]",
		 FIRN_E_ILLEGAL_ARGUMENT, "Cannot reassign uuid"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":0}]",
		 FIRN_E_ILLEGAL_ARGUMENT, "Cannot downgrade v1 view to v0"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":2}]",
		 FIRN_E_ILLEGAL_ARGUMENT, "unsupported"},
		{"[" SET_CURRENT(9) "]", FIRN_E_ILLEGAL_ARGUMENT, "unknown version: 9"},
		{"[" SET_CURRENT(-1) "]", FIRN_E_VALIDATION, "Cannot set last version id"},
		{"[" ADD_VERSION(2, 8, SQL("s", "spark")) "]", FIRN_E_ILLEGAL_ARGUMENT,
		 "unknown schema: 8"},
		{"[" ADD_VERSION(2, -1, SQL("s", "spark")) "]", FIRN_E_VALIDATION,
		 "no schema has been added"},
		{"[" ADD_VERSION(0, 0, SQL("s", "spark")) "]", FIRN_E_BAD_REQUEST, "at least 1"},
		{"[" ADD_VERSION(2, 0, SQL("s", "trino")) "," SET_CURRENT(-1) "]",
		 FIRN_E_ILLEGAL_ARGUMENT, "loss of view dialects"},
		{"[{\"action\":\"set-properties\",\"updates\":{\"version.history.num-entries\":"
		 "\"0\"}}]",
		 FIRN_E_ILLEGAL_ARGUMENT, "must be positive but was 0"},
		{"[{\"action\":\"set-location\",\"location\":\"\"}]", FIRN_E_BAD_REQUEST, "empty"},
	};
	struct firn_ctx *cx = *state;
	struct firn_view_change change;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(cx,
			     firn_view_updates_apply(cx, view_of(cx, SIMPLE),
						     json_of(cx, cases[i].updates), NOW, &change),
			     cases[i].code, cases[i].message);
}

static void test_dropping_a_dialect_allowed(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_view_change change = applied(
		cx, view_of(cx, SIMPLE),
		"[{\"action\":\"set-properties\",\"updates\":{\"replace.drop-dialect.allowed\":"
		"\"true\"}}," ADD_VERSION(2, 0, SQL("s", "trino")) "," SET_CURRENT(2) "]");

	assert_int_equal(firn_view_current_version_id(change.metadata), 2);
}

static void test_properties(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_view_change change =
		applied(cx, view_of(cx, SIMPLE),
			"[{\"action\":\"set-properties\",\"updates\":{\"q\":\"2\"}},{\"action\":"
			"\"remove-properties\",\"removals\":[\"p\"]}]");

	assert_true(change.changed);
	assert_null(firn_view_property(change.metadata, "p").p);
	assert_text(firn_view_property(change.metadata, "q"), "2");
	change = applied(cx, view_of(cx, SIMPLE),
			 "[{\"action\":\"set-properties\",\"updates\":{\"p\":\"1\"}}]");
	assert_false(change.changed);
}

/* Twelve replacements with a history of three: the newest three stay, and the log has no holes. */
static void test_history_is_trimmed(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m =
		view_of(cx, VIEW(1, SCHEMA(0, "x"), VERSION(1, 0, SQL("select 0", "spark")),
				 "\"version.history.num-entries\":\"3\""));
	const char *text;

	for (int i = 1; i <= 12; i++) {
		char updates[1024];
		snprintf(updates, sizeof(updates),
			 "[" ADD_VERSION(1, 0,
					 "{\"type\":\"sql\",\"sql\":\"select "
					 "%d\",\"dialect\":\"spark\"}") "," SET_CURRENT(-1) "]",
			 i);
		m = applied(cx, m, firn_cstr(cx, firn_str(updates))).metadata;
	}
	text = text_of(cx, m);
	assert_int_equal(firn_view_current_version_id(m), 13);
	assert_has(text, "select 12");
	assert_has(text, "select 10");
	assert_null(strstr(text, "select 9"));
	assert_has(text, "\"version-log\":[{\"timestamp-ms\":1600000000000,\"version-id\":11}");
	(void)view_of(cx, text);
}

static void test_requirements(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = view_of(cx, SIMPLE);

	assert_ok(cx, firn_view_requirements_check(
			      cx,
			      json_of(cx, "[{\"type\":\"assert-view-uuid\",\"uuid\":\"11111111-"
					  "2222-4333-8444-555555555555\"}]"),
			      m));
	assert_fails(
		cx,
		firn_view_requirements_check(
			cx, json_of(cx, "[{\"type\":\"assert-view-uuid\",\"uuid\":\"x\"}]"), m),
		FIRN_E_COMMIT_FAILED, "view UUID does not match");
	assert_fails(
		cx,
		firn_view_requirements_check(cx, json_of(cx, "[{\"type\":\"assert-create\"}]"), m),
		FIRN_E_BAD_REQUEST, "not a requirement of a view");
}

static void test_undo_and_diff(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *before = view_of(cx, SIMPLE);
	const struct firn_view_metadata *after =
		applied(cx, before,
			"[{\"action\":\"set-properties\",\"updates\":{\"p\":\"9\"}}," ADD_VERSION(
				2, 0, SQL("select 2", "spark")) "," SET_CURRENT(-1) "]")
			.metadata;
	struct firn_view_change undone;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text;

	assert_ok(cx, firn_view_metadata_undo(cx, after, before, NOW, &undone));
	assert_int_equal(firn_view_current_version_id(undone.metadata), 1);
	assert_text(firn_view_property(undone.metadata, "p"), "1");
	assert_has(text_of(cx, undone.metadata), "select 2"); /* history stays */

	firn_buf_init(&b, cx, 1 << 16);
	firn_jw_init(&w, &b);
	assert_ok(cx, firn_view_metadata_diff(cx, before, after, &w));
	assert_ok(cx, firn_buf_end(&b, &text));
	assert_has(text.p, "\"changed\":{\"p\":\"9\"}");
	assert_has(text.p, "\"current-version\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_parse_writes_the_same),
		WITH_CTX(test_parse_refuses),
		WITH_CTX(test_create),
		WITH_CTX(test_replace),
		WITH_CTX(test_replace_by_the_same_changes_nothing),
		WITH_CTX(test_updates_refused),
		WITH_CTX(test_dropping_a_dialect_allowed),
		WITH_CTX(test_properties),
		WITH_CTX(test_history_is_trimmed),
		WITH_CTX(test_requirements),
		WITH_CTX(test_undo_and_diff),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
