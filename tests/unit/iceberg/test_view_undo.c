/* Undo of a view, and the difference between two of its states. */
#include "view_fixture.h"

#define LATER                                                                                      \
	"[{\"action\":\"set-properties\",\"updates\":{\"owner\":\"eve\",\"more\":\"x\","           \
	"\"replace.drop-dialect.allowed\":\"true\"}},"                                             \
	"{\"action\":\"add-schema\",\"schema\":" VIEW_SCHEMA(                                      \
		"0",                                                                               \
		VIEW_FIELD(                                                                        \
			"1",                                                                       \
			"new")) "},"                                                               \
				"{\"action\":\"add-view-version\",\"view-version\":" VIEW_VERSION( \
					"3", "300", "-1",                                          \
					VIEW_SQL("trino",                                          \
						 "select 3")) "},"                                 \
							      "{\"action\":\"set-current-view-"    \
							      "version\",\"view-version-id\":-1}," \
							      "{\"action\":\"set-location\","      \
							      "\"location\":\"s3://b/w\"}]"

static struct firn_view_change undone(struct firn_ctx *cx, const struct firn_view_metadata *current,
				      const struct firn_view_metadata *target)
{
	struct firn_view_change change = {.changed = false};

	assert_ok(cx, firn_view_metadata_undo(cx, current, target, NOW, &change));
	return change;
}

static void test_undo(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *target = view_of(cx, VIEW);
	const struct firn_view_metadata *later = view_applied(cx, target, LATER).metadata;
	struct firn_view_change change = undone(cx, later, target);

	assert_true(change.changed);
	assert_int_equal(change.kinds.n, 1);
	assert_text(change.kinds.items[0], "undo");
	/* The content is back; place, schemas, versions and log go on. */
	check_parts(cx, view_text(cx, change.metadata),
		    "\"properties\":{\"owner\":\"ann\"}|\"current-version-id\":2|"
		    "\"location\":\"s3://b/w\"|\"schema-id\":2|\"version-id\":3|" VIEW_ENTRY(
			    "3", "300") "," VIEW_ENTRY("2", "1700000000000") "]");
	/* And forth again, which loses the dialect spark. */
	change = undone(cx, change.metadata, later);
	check_parts(cx, view_text(cx, change.metadata),
		    "\"owner\":\"eve\"|\"current-version-id\":3|" VIEW_ENTRY("3", "1700000000000"));
}

/* The version's id was given out again since: it comes back under a new one. */
static void test_undo_to_a_version_that_expired(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *target = view_of(cx, VIEW), *m;

	m = view_applied(cx, target,
			 "[{\"action\":\"set-properties\",\"updates\":{"
			 "\"version.history.num-entries\":\"1\"}},"
			 "{\"action\":\"set-current-view-version\",\"view-version-id\":1}]")
		    .metadata;
	m = view_applied(cx, m,
			 "[{\"action\":\"add-view-version\",\"view-version\":" VIEW_VERSION(
				 "2", "900", "0",
				 VIEW_SQL("spark", "other")) "},"
							     "{\"action\":\"set-current-view-"
							     "version\",\"view-version-id\":-1}]")
		    .metadata;
	assert_int_equal(firn_view_current_version_id(m), 2);
	check_parts(cx, view_text(cx, undone(cx, m, target).metadata),
		    "\"current-version-id\":3|\"version-id\":3|\"sql\":\"select 2\"|"
		    "\"sql\":\"other\"|" VIEW_ENTRY("3", "1700000000000"));
}

static void test_nothing_to_undo(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = view_of(cx, VIEW);
	struct firn_view_change change = undone(cx, m, view_of(cx, VIEW));

	assert_false(change.changed);
	assert_ptr_equal(change.metadata, m);
}

static void test_other_view(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_view_change change;
	char other[sizeof(VIEW)];

	memcpy(other, VIEW, sizeof(VIEW));
	other[strlen("{\"view-uuid\":\"")] = '0';
	assert_fails(
		cx,
		firn_view_metadata_undo(cx, view_of(cx, VIEW), view_of(cx, other), NOW, &change),
		FIRN_E_VALIDATION, "of another view");
}

static const char *difference(struct firn_ctx *cx, const struct firn_view_metadata *from,
			      const struct firn_view_metadata *to)
{
	struct firn_str text = FIRN_STR_NONE;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 1 << 20);
	firn_jw_init(&w, &b);
	assert_ok(cx, firn_view_metadata_diff(cx, from, to, &w));
	assert_ok(cx, firn_buf_end(&b, &text));
	json_of(cx, text.p);
	return firn_cstr(cx, text);
}

static void test_diff(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *from = view_of(cx, VIEW);
	const struct firn_view_metadata *to = view_applied(cx, from, LATER).metadata;

	assert_string_equal(
		difference(cx, from, to),
		"{\"location\":{\"from\":\"s3://b/v\",\"to\":\"s3://b/w\"},\"properties\":{"
		"\"added\":{\"more\":\"x\",\"replace.drop-dialect.allowed\":\"true\"},"
		"\"removed\":{},\"changed\":{\"owner\":\"eve\"}},\"current-version\":{\"from\":{"
		"\"version-id\":2,\"representations\":[" VIEW_SQL(
			"spark",
			"select 2") "],"
				    "\"schema\":" VIEW_SCHEMA(
					    "1",
					    VIEW_FIELD("1", "x") "," VIEW_FIELD(
						    "2",
						    "y")) "},"
							  "\"to\":{\"version-id\":3,"
							  "\"representations\":[" VIEW_SQL(
								  "trino",
								  "select 3") "],"
									      "\"schema\""
									      ":" VIEW_SCHEMA(
										      "2",
										      VIEW_FIELD(
											      "1",
											      "ne"
											      "w")) "}}}");
	check_parts(cx, difference(cx, to, from),
		    "\"removed\":{\"more\":\"x\"|\"added\":{}|\"changed\":{\"owner\":\"ann\"}");
	check_parts(cx, difference(cx, NULL, from),
		    "\"added\":{\"owner\":\"ann\"}|\"from\":null|\"to\":\"s3://b/v\"");
	assert_lacks(difference(cx, from, from), "current-version");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_undo),
		WITH_CTX(test_undo_to_a_version_that_expired),
		WITH_CTX(test_nothing_to_undo),
		WITH_CTX(test_other_view),
		WITH_CTX(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
