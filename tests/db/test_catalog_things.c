/* Functions, search, details, dropped things and metrics reports. */
#include "catalog_fixture.h"

#define DEFINITION                                                                                 \
	"{\"definition-id\":\"int\",\"parameters\":[{\"name\":\"n\",\"type\":\"int\"}],"           \
	"\"return-type\":\"int\",\"versions\":[{\"version-id\":1,\"timestamp-ms\":1,"              \
	"\"representations\":[{\"type\":\"sql\",\"dialect\":\"spark\",\"sql\":\"n\"}]}],"          \
	"\"current-version-id\":1,\"function-type\":\"udf\"}"
#define METADATA(head)                                                                             \
	"{" head "\"format-version\":1,\"definitions\":[" DEFINITION                               \
	"],\"definition-log\":[],\"x\":1.0}"
#define UUID "\"function-uuid\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\","

static const struct firn_json *json_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_json *json;

	OK(firn_json_parse(cx, firn_str(text), "test", &json));
	return json;
}

static firn_rc create_function(struct catalog_fixture *f, const struct firn_target *target,
			       const char *metadata)
{
	struct firn_outcome outcome;

	return firn_function_create(&f->actor.cx, f->catalog, &f->actor.mutation, target,
				    json_of(&f->actor.cx, metadata), &outcome);
}

static firn_rc load_function(struct catalog_fixture *f, const struct firn_target *target,
			     struct firn_str *ret_metadata)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;

	FIRN_TRY(firn_function_ask(cx, target, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	return firn_function_read(cx, target, rows, ret_metadata);
}

static void test_functions(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_outcome outcome;
	struct firn_str metadata;

	add_warehouse(f, "w");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	OK(create_function(f, AT_NAME("w/n", "f"), METADATA(UUID)));
	OK(load_function(f, AT_NAME("w/n", "f"), &metadata));
	assert_true(firn_str_is(metadata, METADATA(UUID)));
	REFUSED(cx, create_function(f, AT_NAME("w/n", "f"), METADATA(UUID)), FIRN_E_ALREADY_EXISTS,
		"Function already exists: n.f");
	OK(create_function(f, AT_NAME("w/n", "g"), METADATA("")));
	OK(load_function(f, AT_NAME("w/n", "g"), &metadata));
	assert_int_equal(firn_json_str(firn_json_get(json_of(cx, metadata.p), "function-uuid")).n,
			 36);
	REFUSED(cx, load_function(f, AT_NAME("w/n", "h"), &metadata), FIRN_E_NO_SUCH_FUNCTION,
		"does not exist: n.h");
	REFUSED(cx, load_function(f, AT_NAME("w/m", "h"), &metadata), FIRN_E_NO_SUCH_NAMESPACE,
		"m");
	REFUSED(cx, load_function(f, AT_NAME("v/m", "h"), &metadata), FIRN_E_NO_SUCH_WAREHOUSE,
		"v");
	OK(firn_function_drop(cx, f->catalog, &f->actor.mutation, AT_NAME("w/n", "f"), &outcome));
	REFUSED(cx,
		firn_function_drop(cx, f->catalog, &f->actor.mutation, AT_NAME("w/n", "f"),
				   &outcome),
		FIRN_E_NO_SUCH_FUNCTION, "n.f");
	assert_int_equal(sql(f, "select count(*) from event where kind like 'function.%'"), 3);
}

static void test_bad_functions(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_target *target;

	add_warehouse(f, "w");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	target = AT_NAME("w/n", "f");
	REFUSED(cx, create_function(f, target, "{}"), FIRN_E_BAD_REQUEST, "format-version");
	REFUSED(cx,
		create_function(f, target,
				"{\"format-version\":2,\"definitions\":[],\"definition-log\":[]}"),
		FIRN_E_BAD_REQUEST, "must be 1, not 2");
	REFUSED(cx,
		create_function(f, target,
				"{\"format-version\":1,\"definitions\":[],\"definition-log\":[]}"),
		FIRN_E_BAD_REQUEST, "'definitions' is empty");
	REFUSED(cx,
		create_function(
			f, target,
			"{\"format-version\":1,\"definitions\":[{}],\"definition-log\":[]}"),
		FIRN_E_BAD_REQUEST, "definition-id");
	REFUSED(cx, create_function(f, target, METADATA("\"function-uuid\":\"x\",")),
		FIRN_E_BAD_REQUEST, "'x' is not a UUID");
	REFUSED(cx, create_function(f, AT_NAME("w/n", ".."), METADATA("")), FIRN_E_BAD_REQUEST,
		"'..'");
	REFUSED(cx, create_function(f, AT_NAME("w", "f"), METADATA("")), FIRN_E_BAD_REQUEST,
		"needs a namespace");
	REFUSED(cx, create_function(f, AT_NAME("w/m", "f"), METADATA("")), FIRN_E_NO_SUCH_NAMESPACE,
		"m");
}

static void test_list_functions(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_page page = {.paged = true, .size = 1};
	struct firn_page_answer next;
	const struct firn_rows *rows;
	struct firn_strs names;
	struct firn_ask *ask;
	unsigned seen = 0;

	add_warehouse(f, "w");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	OK(create_function(f, AT_NAME("w/n", "b"), METADATA("")));
	OK(create_function(f, AT_NAME("w/n", "a"), METADATA("")));
	do {
		OK(firn_functions_ask(cx, f->catalog, AT("w/n"), &page, &ask));
		OK(firn_ask_now(cx, ask, &rows));
		OK(firn_functions_read(cx, f->catalog, AT("w/n"), &page, rows, &names, &next));
		assert_int_equal(names.n, 1);
		assert_int_equal(names.items[0].p[0], "ab"[seen++]);
		page.token = next.next;
	} while (next.next.p);
	assert_int_equal(seen, 2);
}

static firn_rc search(struct catalog_fixture *f, const char *text, const char *warehouse,
		      const struct firn_page *page, const struct firn_json **ret_json)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str json;

	firn_buf_init(&b, cx, 1 << 20);
	firn_jw_init(&w, &b);
	FIRN_TRY(firn_search_ask(cx, f->catalog, firn_str(text), firn_str(warehouse), page, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	FIRN_TRY(firn_search_read(cx, f->catalog, firn_str(text), firn_str(warehouse), page, rows,
				  &w));
	FIRN_TRY(firn_buf_end(&b, &json));
	return firn_json_parse(cx, json, "results", ret_json);
}

static void test_search(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_page all = {.paged = false}, page = {.paged = true, .size = 2};
	const struct firn_json *json, *hits;
	size_t seen = 0;

	add_warehouse(f, "w");
	add_warehouse(f, "v");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n/m")));
	OK(make_namespace(cx, f, &f->actor.mutation, AT("v/n")));
	add_tabular(f, "w", "n", "Orders", "table");
	add_tabular(f, "w", "n/m", "orders_view", "view");
	add_tabular(f, "v", "n", "my orders", "table");
	add_tabular(f, "v", "n", "100%", "table");
	OK(search(f, "ORDER", NULL, &all, &json));
	hits = firn_json_get(json, "results");
	assert_int_equal(firn_json_count(hits), 3);
	assert_true(
		firn_str_is(firn_json_str(firn_json_get(firn_json_at(hits, 0), "warehouse")), "v"));
	assert_int_equal(firn_json_count(firn_json_get(firn_json_at(hits, 2), "namespace")), 2);
	assert_true(
		firn_str_is(firn_json_str(firn_json_get(firn_json_at(hits, 2), "kind")), "view"));
	OK(search(f, "%", NULL, &all, &json));
	assert_int_equal(firn_json_count(firn_json_get(json, "results")), 1);
	OK(search(f, "orders", "w", &all, &json));
	assert_int_equal(firn_json_count(firn_json_get(json, "results")), 2);
	OK(search(f, "nothing", "w", &all, &json));
	assert_int_equal(firn_json_count(firn_json_get(json, "results")), 0);
	REFUSED(cx, search(f, "orders", "x", &all, &json), FIRN_E_NO_SUCH_WAREHOUSE, "x");
	do {
		OK(search(f, NULL, NULL, &page, &json));
		seen += firn_json_count(firn_json_get(json, "results"));
		page.token = firn_json_str(firn_json_get(json, "next-page-token"));
	} while (page.token.p);
	assert_int_equal(seen, 4);
}

static void test_info(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_json *json;
	struct firn_str text;
	struct firn_buf b;
	struct firn_jw w;

	add_warehouse(f, "w");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	add_tabular(f, "w", "n", "t", "table");
	firn_buf_init(&b, cx, 65536);
	firn_jw_init(&w, &b);
	OK(firn_tabular_info(cx, f->catalog, AT_NAME("w/n", "t"), &w));
	OK(firn_buf_end(&b, &text));
	json = json_of(cx, text.p);
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "kind")), "table"));
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "version")), "1"));
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "metadata-length")), "10"));
	REFUSED(cx, firn_tabular_info(cx, f->catalog, AT_NAME("w/n", "u"), &w),
		FIRN_E_NO_SUCH_TABLE, "n.u");
	REFUSED(cx, firn_tabular_info(cx, f->catalog, AT_NAME("w/m", "u"), &w),
		FIRN_E_NO_SUCH_NAMESPACE, "m");
}

static void test_dropped(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_page page = {.paged = true, .size = 2};
	const struct firn_json *json;
	struct firn_str text;
	struct firn_buf b;
	struct firn_jw w;
	size_t seen = 0;

	add_warehouse(f, "w");
	for (int i = 1; i <= 4; i++) {
		char insert[512];

		snprintf(insert, sizeof(insert),
			 "insert into dropped select %d, id, 'n', 't', 'table', gen_random_uuid(), "
			 "1, 'l', 'm', '', 1, now(),"
			 " now(), 'me', now() + interval '%d hours' from warehouse",
			 i, i == 4 ? -1 : 1);
		sql(f, insert);
	}
	do {
		firn_buf_init(&b, cx, 65536);
		firn_jw_init(&w, &b);
		OK(firn_dropped_list(cx, f->catalog, FIRN_STR("w"), &page, &w));
		OK(firn_buf_end(&b, &text));
		json = json_of(cx, text.p);
		seen += firn_json_count(firn_json_get(json, "dropped"));
		page.token = firn_json_str(firn_json_get(json, "next-page-token"));
	} while (page.token.p);
	assert_int_equal(seen, 3);
	REFUSED(cx, firn_dropped_list(cx, f->catalog, FIRN_STR("x"), &page, &w),
		FIRN_E_NO_SUCH_WAREHOUSE, "x");
}

static firn_rc report(struct catalog_fixture *f, const struct firn_target *target, const char *text)
{
	return firn_metrics_store(&f->actor.cx, f->catalog, &f->actor.mutation, target,
				  json_of(&f->actor.cx, text));
}

#define COMMIT_REPORT(more)                                                                        \
	"{\"report-type\":\"commit-report\",\"table-name\":\"t\",\"snapshot-id\":"                 \
	"9223372036854775807,"                                                                     \
	"\"operation\":\"append\"," more "\"metrics\":{}}"
#define SCAN_REPORT                                                                                \
	"{\"report-type\":\"scan-report\",\"table-name\":\"t\",\"snapshot-id\":1,\"filter\":true," \
	"\"schema-id\":0,\"projected-field-ids\":[1],\"projected-field-names\":[\"a\"],"           \
	"\"metrics\":{}}"

static void test_metrics(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_target *target = AT_NAME("w/n", "t");

	add_warehouse(f, "w");
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/n")));
	add_tabular(f, "w", "n", "t", "table");
	add_tabular(f, "w", "n", "v", "view");
	OK(report(f, target, COMMIT_REPORT("\"sequence-number\":1,")));
	OK(report(f, target, SCAN_REPORT));
	assert_int_equal(sql(f, "select count(*) from metrics_report where principal = 'tester'"
				" and report->>'table-name' = 't'"),
			 2);
	REFUSED(cx, report(f, target, COMMIT_REPORT("")), FIRN_E_BAD_REQUEST, "sequence-number");
	REFUSED(cx, report(f, target, "{}"), FIRN_E_BAD_REQUEST, "report-type");
	REFUSED(cx, report(f, target, "{\"report-type\":\"x\"}"), FIRN_E_BAD_REQUEST,
		"'x' is not known");
	REFUSED(cx, report(f, AT_NAME("w/n", "v"), SCAN_REPORT), FIRN_E_NO_SUCH_TABLE, "n.v");
	REFUSED(cx, report(f, AT_NAME("w/n", "u"), SCAN_REPORT), FIRN_E_NO_SUCH_TABLE, "n.u");
	REFUSED(cx, report(f, AT_NAME("w/m", "t"), SCAN_REPORT), FIRN_E_NO_SUCH_TABLE, "m.t");
	assert_int_equal(sql(f, "select count(*) from metrics_report"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_functions),	   CATALOG_TEST(test_bad_functions),
		CATALOG_TEST(test_list_functions), CATALOG_TEST(test_search),
		CATALOG_TEST(test_info),	   CATALOG_TEST(test_dropped),
		CATALOG_TEST(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
