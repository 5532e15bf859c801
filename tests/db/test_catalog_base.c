/* What the catalog stands on: names, pages, stored outcomes, the process-wide part. */
#include "catalog_fixture.h"
#include "firn/crypto.h"

static void check_bad(struct firn_ctx *cx, struct firn_str name, const char *part)
{
	REFUSED(cx, firn_name_check(cx, "table", name), FIRN_E_BAD_REQUEST, part);
}

static void test_names(void **state)
{
	struct firn_ctx *cx = &((struct catalog_fixture *)*state)->actor.cx;
	static const char *const good[] = {
		"a", "a.b", "...", "a b", " ", "a/b", "%2F", "Ä\xf0\x9f\x90\xa7", "'\";--"};
	char name[300];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		OK(firn_name_check(cx, "table", firn_str(good[i])));
	memset(name, 'x', sizeof(name));
	OK(firn_name_check(cx, "table", (struct firn_str){name, 255}));
	check_bad(cx, (struct firn_str){name, 256}, "256 bytes long: shorten it to at most 255");
	check_bad(cx, FIRN_STR(""), "table is empty");
	check_bad(cx, FIRN_STR("."), "table '.' means a place in a path");
	check_bad(cx, FIRN_STR(".."), "table '..' means a place in a path");
	check_bad(cx, FIRN_STR("a\nb"), "'a\\u000ab' contains a control character: remove it");
	check_bad(cx,
		  FIRN_STR("a\x1f"
			   "b"),
		  "'a\\u001fb'");
	check_bad(cx, FIRN_STR("a\0b"), "'a\\u0000b'");
	check_bad(cx, FIRN_STR("a\x7f"), "\\u007f");
	check_bad(cx, FIRN_STR("\xc2\x85"), "'\\u0085'");
	check_bad(cx, FIRN_STR("a\xff"), "'a\\xff' is not well-formed UTF-8");
}

static void test_levels(void **state)
{
	struct firn_ctx *cx = &((struct catalog_fixture *)*state)->actor.cx;
	struct firn_str items[17], long_name[16];
	struct firn_strs levels = {items, 17}, back;
	char name[255];

	for (size_t i = 0; i < 17; i++)
		items[i] = FIRN_STR("l");
	REFUSED(cx, firn_levels_check(cx, &levels), FIRN_E_BAD_REQUEST,
		"17 levels: use at most 16");
	levels.n = 16;
	OK(firn_levels_check(cx, &levels));
	items[1] = FIRN_STR("");
	levels.n = 3;
	REFUSED(cx, firn_levels_check(cx, &levels), FIRN_E_BAD_REQUEST,
		"level 2 of namespace 'l..l', is empty");
	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < 16; i++)
		long_name[i] = (struct firn_str){name, sizeof(name)};
	levels = (struct firn_strs){long_name, 16};
	REFUSED(cx, firn_levels_check(cx, &levels), FIRN_E_BAD_REQUEST,
		"shorten them to at most 2000");

	items[0] = FIRN_STR("a.b");
	items[1] = FIRN_STR("c");
	levels = (struct firn_strs){items, 2};
	assert_true(firn_str_is(firn_levels_path(cx, &levels), "a.b\x1f"
							       "c"));
	assert_true(firn_str_is(firn_levels_text(cx, &levels), "a.b.c"));
	OK(firn_path_levels(cx, firn_levels_path(cx, &levels), &back));
	assert_int_equal(back.n, 2);
	assert_true(firn_str_is(back.items[0], "a.b"));
	assert_true(firn_str_is(back.items[1], "c"));
	OK(firn_path_levels(cx, FIRN_STR(""), &back));
	assert_int_equal(back.n, 0);
}

static void test_pages(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_str items[3] = {FIRN_STR("a"), FIRN_STR("b"), FIRN_STR("c")}, after, token;
	struct firn_strs keys = {items, 3};
	struct firn_page page = {.paged = true, .size = 2};
	struct firn_page_answer answer;
	int64_t limit;
	size_t n = 3;

	OK(firn_page_start(cx, f->catalog, FIRN_STR("tables/1"), &page, &after, &limit));
	assert_int_equal(limit, 2);
	assert_int_equal(after.n, 0);
	OK(firn_page_finish(cx, f->catalog, FIRN_STR("tables/1"), limit, &keys, &n, &answer));
	assert_int_equal(n, 2);
	token = page.token = answer.next;
	OK(firn_page_start(cx, f->catalog, FIRN_STR("tables/1"), &page, &after, &limit));
	assert_true(firn_str_is(after, "b"));
	REFUSED(cx, firn_page_start(cx, f->catalog, FIRN_STR("tables/2"), &page, &after, &limit),
		FIRN_E_BAD_REQUEST, "start again without it");
	for (size_t i = 0; i < token.n; i++) { /* no byte of it may be changed */
		struct firn_str changed = firn_str_dup(cx, token);
		char *bytes = firn_alloc(cx, token.n);

		memcpy(bytes, changed.p, token.n);
		bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
		page.token = (struct firn_str){bytes, token.n};
		REFUSED(cx,
			firn_page_start(cx, f->catalog, FIRN_STR("tables/1"), &page, &after,
					&limit),
			FIRN_E_BAD_REQUEST, "pageToken");
		page.token = firn_str_sub(token, 0, i);
		if (i > 0)
			REFUSED(cx,
				firn_page_start(cx, f->catalog, FIRN_STR("tables/1"), &page, &after,
						&limit),
				FIRN_E_BAD_REQUEST, "pageToken");
	}
	page.token = FIRN_STR("not a token!");
	REFUSED(cx, firn_page_start(cx, f->catalog, FIRN_STR("tables/1"), &page, &after, &limit),
		FIRN_E_BAD_REQUEST, "pageToken");
}

static void test_page_sizes(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_strs none = {NULL, 0};
	struct firn_page page = {.paged = false};
	struct firn_page_answer answer;
	struct firn_str after;
	int64_t limit;
	size_t n = 0;

	OK(firn_page_start(cx, f->catalog, FIRN_STR("s"), &page, &after, &limit));
	assert_int_equal(limit, 0);
	OK(firn_page_finish(cx, f->catalog, FIRN_STR("s"), limit, &none, &n, &answer));
	assert_null(answer.next.p);
	page = (struct firn_page){.paged = true};
	OK(firn_page_start(cx, f->catalog, FIRN_STR("s"), &page, &after, &limit));
	assert_int_equal(limit, 1000);
	page.size = INT64_MAX;
	OK(firn_page_start(cx, f->catalog, FIRN_STR("s"), &page, &after, &limit));
	assert_int_equal(limit, 10000);
	page.size = -1;
	REFUSED(cx, firn_page_start(cx, f->catalog, FIRN_STR("s"), &page, &after, &limit),
		FIRN_E_BAD_REQUEST, "pageSize -1 is negative");
}

/* All replicas of one database understand each other's tokens; other databases don't. */
static void test_open(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_catalog_config config = catalog_config();
	struct firn_cache_stats cache;
	struct firn_commit_stats commits;
	struct firn_catalog *second;

	OK(firn_catalog_open(&f->actor.cx, &config, &second));
	assert_memory_equal(second->page_key, f->catalog->page_key, 32);
	assert_int_equal(firn_catalog_idempotency_seconds(second), 600);
	firn_catalog_cache_stats(second, &cache);
	assert_int_equal(cache.entries, 0);
	firn_catalog_commit_stats(second, &commits);
	assert_int_equal(commits.unknown, 0);
	firn_catalog_free(second);
	sql(f, "delete from setting");
	OK(firn_catalog_open(&f->actor.cx, &config, &second));
	assert_memory_not_equal(second->page_key, f->catalog->page_key, 32);
	firn_catalog_free(second);
	config.commit_attempts = 0;
	REFUSED(&f->actor.cx, firn_catalog_open(&f->actor.cx, &config, &second), FIRN_E_INTERNAL,
		"commit_attempts");
}

static void test_outcomes(void **state)
{
	struct firn_ctx *cx = &((struct catalog_fixture *)*state)->actor.cx;
	struct firn_outcome out =
				    {
					    .has_pointer = true,
					    .pointer = {.kind = FIRN_KIND_VIEW,
							.warehouse_id = 1,
							.profile_version = 2,
							.tabular_id = INT64_MAX,
							.version = 4,
							.uuid = FIRN_STR("u"),
							.name = FIRN_STR("\"n\x01\""),
							.metadata_location = FIRN_STR("s3://b/ä"),
							.length = 9},
				    },
			    back;
	struct firn_str text;

	memset(out.pointer.sha256, 0xab, 32);
	OK(firn_outcome_write(cx, &out, &text));
	OK(firn_outcome_parse(cx, text, &back));
	assert_int_equal(back.error, FIRN_OK);
	assert_true(back.has_pointer);
	assert_int_equal(back.pointer.kind, FIRN_KIND_VIEW);
	assert_true(back.pointer.tabular_id == INT64_MAX);
	assert_int_equal(back.pointer.version, 4);
	assert_true(firn_str_eq(back.pointer.name, out.pointer.name));
	assert_true(firn_str_eq(back.pointer.metadata_location, out.pointer.metadata_location));
	assert_memory_equal(back.pointer.sha256, out.pointer.sha256, 32);
	assert_null(back.json.p);

	out = (struct firn_outcome){.json = FIRN_STR("{ \"b\":1,\"a\":2 }"),
				    .metadata = FIRN_STR("{\"x\" : 1}")};
	OK(firn_outcome_write(cx, &out, &text));
	OK(firn_outcome_parse(cx, text, &back));
	assert_true(firn_str_eq(back.json, out.json));
	assert_true(firn_str_eq(back.metadata, out.metadata));
	assert_false(back.has_pointer);

	for (int code = 1; code < FIRN_E_COUNT; code++) {
		out = (struct firn_outcome){.error = (enum firn_code)code,
					    .message = FIRN_STR("no")};
		OK(firn_outcome_write(cx, &out, &text));
		OK(firn_outcome_parse(cx, text, &back));
		assert_int_equal(back.error, code);
		assert_true(firn_str_is(back.message, "no"));
	}
	assert_int_equal(firn_outcome_parse(cx, FIRN_STR("{"), &back), FIRN_E_BAD_REQUEST);
	firn_err_clear(cx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_names),      CATALOG_TEST(test_levels),
		CATALOG_TEST(test_pages),      CATALOG_TEST(test_open),
		CATALOG_TEST(test_page_sizes), CATALOG_TEST(test_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
