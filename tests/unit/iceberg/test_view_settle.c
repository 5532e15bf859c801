/* The history of a view: what is kept of its versions and log. */
#include "view_fixture.h"

static const char *add_current(struct firn_ctx *cx, int id, int at)
{
	return firn_printf(cx,
			   "{\"action\":\"add-view-version\",\"view-version\":{\"version-id\":%d,"
			   "\"timestamp-ms\":%d,\"schema-id\":0,\"summary\":{},"
			   "\"default-namespace\":[],\"representations\":[{\"type\":\"sql\","
			   "\"sql\":\"select %d\",\"dialect\":\"spark\"}]}},"
			   "{\"action\":\"set-current-view-version\",\"view-version-id\":-1}",
			   id, at, id)
		.p;
}

/* Ids of a list's items, as "1 2 3". */
static const char *ids(struct firn_ctx *cx, const struct firn_view_metadata *m, const char *list)
{
	const struct firn_json *items = firn_json_get(json_of(cx, view_text(cx, m)), list);
	struct firn_str text;
	struct firn_buf b;

	firn_buf_init(&b, cx, 4096);
	for (size_t i = 0; i < firn_json_count(items); i++) {
		int64_t id = 0;
		firn_json_i64(firn_json_get(firn_json_at(items, i), "version-id"), &id);
		firn_buf_printf(&b, "%s%lld", i ? " " : "", (long long)id);
	}
	assert_ok(cx, firn_buf_end(&b, &text));
	return firn_cstr(cx, text);
}

static const struct firn_view_metadata *grown(struct firn_ctx *cx,
					      const struct firn_view_metadata *m, int from, int to)
{
	for (int id = from; id <= to; id++)
		m = view_applied(cx, m, firn_printf(cx, "[%s]", add_current(cx, id, id * 100)).p)
			    .metadata;
	return m;
}

static const struct firn_view_metadata *with(struct firn_ctx *cx,
					     const struct firn_view_metadata *m, const char *value)
{
	return view_applied(cx, m,
			    firn_printf(cx,
					"[{\"action\":\"set-properties\",\"updates\":{"
					"\"version.history.num-entries\":\"%s\"}}]",
					value)
				    .p)
		.metadata;
}

static void test_ten_are_kept(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = grown(cx, view_of(cx, VIEW), 3, 10);

	assert_string_equal(ids(cx, m, "versions"), "1 2 3 4 5 6 7 8 9 10");
	m = grown(cx, m, 11, 11);
	assert_string_equal(ids(cx, m, "versions"), "11 10 9 8 7 6 5 4 3 2");
	assert_string_equal(ids(cx, m, "version-log"), "2 3 4 5 6 7 8 9 10 11");
}

static void test_the_property_decides(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = with(cx, view_of(cx, VIEW), "2");

	m = grown(cx, m, 3, 4);
	assert_string_equal(ids(cx, m, "versions"), "4 3");
	assert_string_equal(ids(cx, m, "version-log"), "3 4");
	m = with(cx, m, "1");
	assert_string_equal(ids(cx, m, "versions"), "4");
	assert_string_equal(ids(cx, m, "version-log"), "4");
}

/* Versions of one change stay together, with the current one, however small the property. */
static void test_what_was_just_added_stays(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = with(cx, view_of(cx, VIEW), "1");
	const char *both =
		firn_printf(cx, "[%s,%s]", add_current(cx, 3, 300), add_current(cx, 4, 400)).p;

	assert_string_equal(ids(cx, m, "versions"), "2");
	m = view_applied(cx, m, both).metadata;
	assert_string_equal(ids(cx, m, "versions"), "4 3");
	assert_string_equal(ids(cx, m, "version-log"), "4");
	m = view_applied(cx, m,
			 "[{\"action\":\"add-view-version\",\"view-version\":" VIEW_VERSION(
				 "5", "500", "0", VIEW_SQL("trino", "s")) "}]")
		    .metadata;
	assert_string_equal(ids(cx, m, "versions"), "4 5");
}

/* The log starts after the last entry of a version that is gone. */
static void test_log_without_holes(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m = grown(cx, view_of(cx, VIEW), 3, 4);

	m = view_applied(cx, m, "[{\"action\":\"set-current-view-version\",\"view-version-id\":1}]")
		    .metadata;
	assert_string_equal(ids(cx, m, "version-log"), "1 2 3 4 1");
	m = with(cx, m, "2");
	assert_string_equal(ids(cx, m, "versions"), "1 4");
	assert_string_equal(ids(cx, m, "version-log"), "4 1");
}

static void test_bad_values(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_view_change change;

	assert_fails(cx,
		     firn_view_updates_apply(cx, view_of(cx, VIEW),
					     json_of(cx, "[{\"action\":\"set-properties\","
							 "\"updates\":{\"version.history.num-"
							 "entries\":\"0\"}}]"),
					     NOW, &change),
		     FIRN_E_ILLEGAL_ARGUMENT,
		     "version.history.num-entries must be positive but was 0");
	assert_fails(cx,
		     firn_view_updates_apply(cx, view_of(cx, VIEW),
					     json_of(cx, "[{\"action\":\"set-properties\","
							 "\"updates\":{\"version.history.num-"
							 "entries\":\"many\"}}]"),
					     NOW, &change),
		     FIRN_E_ILLEGAL_ARGUMENT, "'many'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_ten_are_kept),
		WITH_CTX(test_the_property_decides),
		WITH_CTX(test_what_was_just_added_stays),
		WITH_CTX(test_log_without_holes),
		WITH_CTX(test_bad_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
