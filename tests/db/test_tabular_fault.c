/*
 * What becomes of a commit when the database or the store breaks off, at each of its steps; and
 * what the delete guard refuses.
 */
#include "catalog/commit.h"
#include "proxy.h"
#include "tabular_fixture.h"

/* The end of a message's length, 11, and its text: not part of "begin … read committed". */
#define COMMIT                                                                                     \
	"\x0b"                                                                                     \
	"commit"

struct faulty {
	struct catalog_fixture *f;
	struct proxy *proxy;
	struct actor actor; /* through the proxy */
};

static int setup(void **state)
{
	struct faulty *x = calloc(1, sizeof(*x));
	char conninfo[512];
	void *f = NULL;

	if (!x || tabular_setup(&f) != 0)
		return -1;
	x->f = f;
	x->proxy = proxy_start(x->f->db->conninfo, conninfo);
	actor_init(&x->actor, conninfo, "test");
	x->actor.catalog = x->f->catalog;
	OK(create(x->f, &x->actor, T("warm"), NULL, NULL, NULL));
	OK(set_property(x->f, &x->actor, T("warm"), "k", "v", NULL));
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct faulty *x = *state;
	void *f = x->f;

	actor_release(&x->actor);
	proxy_stop(x->proxy);
	free(x);
	return catalog_teardown(&f);
}
#define FAULT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* Files and rows agree: every version's file is there, and no other. */
static void check_files(struct catalog_fixture *f)
{
	struct firn_ctx *cx = &f->actor.cx;
	static const struct firn_sql all = {"test_all", "select metadata_location from commit_log",
					    "", "text"};
	const struct firn_rows *rows;

	OK(firn_db_query(cx, &all, NULL, &rows));
	for (size_t i = 0; i < firn_rows_count(rows); i++)
		assert_true(file_is_there(cx, firn_row_str(rows, i, 0)));
	assert_int_equal(count_files(f->root), firn_rows_count(rows));
	assert_int_equal(sql(f, "select count(*) from location"),
			 sql(f, "select count(*) from tabular"));
}

static void test_commit_at_every_step(void **state)
{
	static const char *const steps[] = {"tabulars_find", "begin isolation", "tx_lock",
					    "commit_swap", COMMIT};
	static const enum proxy_fault faults[] = {PROXY_CUT_REQUEST, PROXY_CUT_REPLY};
	struct faulty *x = *state;
	int64_t version = 1;

	OK(create(x->f, &x->actor, T("t"), NULL, NULL, NULL));
	for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		for (size_t i = 0; i < 2; i++) {
			struct firn_outcome o;
			char value[32];

			snprintf(value, sizeof(value), "%zu-%zu", s, i);
			proxy_arm(x->proxy, faults[i], steps[s]);
			OK(set_property(x->f, &x->actor, T("t"), "k", value, &o));
			assert_int_equal(o.pointer.version, ++version);
			assert_int_equal(pointer_now(&x->f->actor, T("t"), FIRN_KIND_TABLE).version,
					 version);
			assert_true(firn_str_is(property(x->f, &x->f->actor, T("t"), "k"), value));
			check_files(x->f);
		}
	}
}

static void test_create_at_every_step(void **state)
{
	static const char *const steps[] = {"tabulars_find",   "places_lock", "place_reserve",
					    "begin isolation", "tx_lock",     "place_share",
					    "commit_create",   COMMIT};
	static const enum proxy_fault faults[] = {PROXY_CUT_REQUEST, PROXY_CUT_REPLY};
	struct faulty *x = *state;

	for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		for (size_t i = 0; i < 2; i++) {
			struct firn_outcome o;
			char name[32];

			snprintf(name, sizeof(name), "t-%zu-%zu", s, i);
			proxy_arm(x->proxy, faults[i], steps[s]);
			OK(create(x->f, &x->actor, T(name), NULL, NULL, &o));
			assert_int_equal(
				pointer_now(&x->f->actor, T(name), FIRN_KIND_TABLE).version, 1);
			check_files(x->f);
		}
	}
}

/* Time that runs as fast as a test needs; deadlines count by it. */
struct fast_clock {
	struct firn_clock clock;
	int64_t factor;
};

static int64_t fast_monotonic(const struct firn_clock *clock)
{
	return firn_system_clock.monotonic_ns(&firn_system_clock) *
	       ((const struct fast_clock *)(const void *)clock)->factor;
}

static int64_t wall(const struct firn_clock *clock)
{
	(void)clock;
	return firn_system_clock.wall_ms(&firn_system_clock);
}

/* Nobody can say: the file stays, whatever the database did. */
static void unknown(struct faulty *x, enum proxy_fault fault, int64_t version)
{
	struct fast_clock fast = {.clock = {.wall_ms = wall, .monotonic_ns = fast_monotonic},
				  .factor = 50};
	struct firn_ctx *cx = &x->actor.cx;
	int files = count_files(x->f->root);

	pointer_now(&x->actor, T("warm"), FIRN_KIND_TABLE); /* connects */
	cx->clock = &fast.clock;
	cx->deadline_ns = firn_monotonic_ns(cx) + 60000 * INT64_C(1000000);
	proxy_refuse(x->proxy, true);
	proxy_arm(x->proxy, fault, COMMIT);
	REFUSED(cx,
		set_property(x->f, &x->actor, T("warm"), "u", fault == PROXY_CUT_REPLY ? "a" : "b",
			     NULL),
		FIRN_E_COMMIT_UNKNOWN, "look at the current state");
	proxy_refuse(x->proxy, false);
	cx->clock = &firn_system_clock;
	cx->deadline_ns = 0;
	assert_int_equal(count_files(x->f->root), files + 1);
	assert_int_equal(pointer_now(&x->f->actor, T("warm"), FIRN_KIND_TABLE).version, version);
}

static void test_unknown(void **state)
{
	struct faulty *x = *state;
	struct firn_commit_stats stats;

	unknown(x, PROXY_CUT_REPLY, 3);
	assert_true(firn_str_is(property(x->f, &x->f->actor, T("warm"), "u"), "a"));
	unknown(x, PROXY_CUT_REQUEST, 3);
	assert_true(firn_str_is(property(x->f, &x->f->actor, T("warm"), "u"), "a"));
	firn_catalog_commit_stats(x->f->catalog, &stats);
	assert_int_equal(stats.unknown, 2);
}

/* No folder to put the file in. */
static void test_store_refuses(void **state)
{
	struct faulty *x = *state;
	struct firn_ctx *cx = &x->actor.cx;
	struct firn_pointer p = pointer_now(&x->actor, T("warm"), FIRN_KIND_TABLE);
	const char *file = host_path(firn_str_dup(cx, p.metadata_location));
	struct firn_str folder = {file, (size_t)(strrchr(file, '/') - file)}, aside;
	FILE *block;

	folder = firn_str_dup(cx, folder);
	aside = firn_printf(cx, "%s-aside", folder.p);
	assert_int_equal(rename(folder.p, aside.p), 0);
	block = fopen(folder.p, "w");
	fclose(block);
	REFUSED(cx, set_property(x->f, &x->actor, T("warm"), "k", "w", NULL), FIRN_E_UNAVAILABLE,
		"store");
	assert_int_equal(pointer_now(&x->actor, T("warm"), FIRN_KIND_TABLE).version, 2);
	unlink(folder.p);
	assert_int_equal(rename(aside.p, folder.p), 0);
	OK(set_property(x->f, &x->actor, T("warm"), "k", "w", NULL));
	check_files(x->f);
	/* A creation leaves no reservation behind. */
	block = fopen(in_warehouse(x->f, cx, "plain").p + strlen("file://"), "w");
	fclose(block);
	REFUSED(cx,
		create(x->f, &x->actor, T("n"), in_warehouse(x->f, cx, "plain/t").p, NULL, NULL),
		FIRN_E_UNAVAILABLE, "store");
	check_files(x->f);
}

/* The file that a commit begins from is gone: certainly failed, so never a 500. */
static void test_base_is_gone(void **state)
{
	struct faulty *x = *state;
	struct firn_catalog_config config = catalog_config();
	struct firn_catalog *cold = NULL, *warm = x->f->catalog;
	struct firn_ctx *cx = &x->actor.cx;
	struct firn_pointer p = pointer_now(&x->actor, T("warm"), FIRN_KIND_TABLE);

	OK(firn_catalog_open(cx, &config, &cold));
	unlink(host_path(firn_str_dup(cx, p.metadata_location)));
	x->f->catalog = cold;
	REFUSED(cx, set_property(x->f, &x->actor, T("warm"), "k", "w", NULL), FIRN_E_NOT_FOUND,
		"is gone");
	x->f->catalog = warm;
	firn_arena_reset(x->actor.arena);
	OK(firn_access_check(cx, "test", &x->actor.mutation.pass));
	firn_catalog_free(cold);
}

/* ---- deleting ------------------------------------------------------------------------------- */

static void test_old_metadata_goes(void **state)
{
	struct faulty *x = *state;
	struct actor *a = &x->actor;
	int before;

	OK(create(x->f, a, T("t"), NULL,
		  "{\"write.metadata.delete-after-commit.enabled\":\"true\",\"write.metadata."
		  "previous-versions-max\":\"2\"}",
		  NULL));
	before = count_files(x->f->root);
	for (int i = 0; i < 6; i++)
		OK(set_property(x->f, a, T("t"), "k", firn_printf(&a->cx, "%d", i).p, NULL));
	assert_int_equal(count_files(x->f->root), before + 2);
	assert_true(firn_str_is(property(x->f, a, T("t"), "k"), "5"));
}

static struct firn_str touch(struct faulty *x, const char *rest)
{
	struct firn_str uri = in_warehouse(x->f, &x->actor.cx, rest);
	FILE *file = fopen(host_path(uri), "w");

	assert_non_null(file);
	fclose(file);
	return uri;
}

static void test_guard_refuses(void **state)
{
	struct faulty *x = *state;
	struct actor *a = &x->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome mine, other, old;
	struct firn_str list[12];
	struct firn_strs paths = {list, 0};
	size_t deleted = 9;

	OK(create(x->f, a, T("old"), in_warehouse(x->f, cx, "mine").p, NULL, &old));
	OK(firn_tabular_drop(cx, x->f->catalog, &a->mutation, FIRN_KIND_TABLE, T("old"), false,
			     &mine));
	OK(create(x->f, a, T("mine"), in_warehouse(x->f, cx, "mine").p, NULL, &mine));
	OK(create(x->f, a, T("other"), in_warehouse(x->f, cx, "other").p, NULL, &other));
	list[paths.n++] = other.pointer.metadata_location;
	list[paths.n++] = mine.pointer.metadata_location; /* what the pointer names */
	list[paths.n++] = old.pointer.metadata_location;  /* what undrop would need */
	list[paths.n++] = in_warehouse(x->f, cx, "mine");
	list[paths.n++] = in_warehouse(x->f, cx, "");
	list[paths.n++] = in_warehouse(x->f, cx, "mine/../other/x");
	list[paths.n++] = in_warehouse(x->f, cx, "mine/%2e%2e/other/x");
	list[paths.n++] = in_warehouse(x->f, cx, "minefield");
	list[paths.n++] = FIRN_STR("file:///etc/passwd");
	list[paths.n++] = FIRN_STR("");
	list[paths.n++] = touch(x, "mine/metadata/junk");
	OK(firn_guarded_delete(cx, x->f->catalog, &mine.pointer, &paths, &deleted));
	assert_int_equal(deleted, 1);
	assert_true(file_is_there(cx, other.pointer.metadata_location));
	assert_true(file_is_there(cx, mine.pointer.metadata_location));
	assert_true(file_is_there(cx, old.pointer.metadata_location));
	assert_false(file_is_there(cx, list[10]));
	assert_true(file_is_there(cx, FIRN_STR("file:///etc/passwd")));
	/* Places that lie within the owner's can't be made; were there one, its files would be
	 * safe. */
	list[0] = touch(x, "mine/metadata/a");
	list[1] = touch(x, "mine/metadata/b");
	paths.n = 2;
	sql(x->f, firn_printf(cx,
			      "insert into location (path, warehouse_id, tabular_id, uuid) select "
			      "'file://%s/w/mine/metadata/a/',"
			      " id, 999, gen_random_uuid() from warehouse returning 1",
			      x->f->root)
			  .p);
	OK(firn_guarded_delete(cx, x->f->catalog, &mine.pointer, &paths, &deleted));
	assert_int_equal(deleted, 1);
	assert_true(file_is_there(cx, list[0]));
	/* Without a table there is nothing to delete for. */
	OK(firn_tabular_drop(cx, x->f->catalog, &a->mutation, FIRN_KIND_TABLE, T("mine"), true,
			     &old));
	list[0] = touch(x, "mine/metadata/c");
	paths.n = 1;
	OK(firn_guarded_delete(cx, x->f->catalog, &mine.pointer, &paths, &deleted));
	assert_int_equal(deleted, 0);
	assert_true(file_is_there(cx, list[0]));
}

/* A metadata log that somebody wrote by hand names files of others. */
static void test_forged_metadata_log(void **state)
{
	struct faulty *x = *state;
	struct actor *a = &x->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome victim, forged, o;
	struct firn_str text, file;
	struct firn_blob *blob;
	const char *log;
	FILE *out;

	OK(create(x->f, a, T("victim"), in_warehouse(x->f, cx, "victim").p, NULL, &victim));
	OK(create(x->f, a, T("forged"), in_warehouse(x->f, cx, "forged").p,
		  "{\"write.metadata.delete-after-commit.enabled\":\"true\",\"write.metadata."
		  "previous-versions-max\":\"1\"}",
		  &forged));
	OK(firn_metadata_get(cx, x->f->catalog, &forged.pointer, FIRN_SNAPSHOTS_ALL, &blob));
	text = firn_str_dup(cx, firn_blob_bytes(blob));
	firn_blob_release(blob);
	OK(firn_table_unregister(cx, x->f->catalog, &a->mutation, T("forged"), &o));
	log = strstr(text.p, "\"metadata-log\":[");
	assert_non_null(log);
	log += strlen("\"metadata-log\":[");
	text = firn_printf(cx,
			   "%.*s{\"timestamp-ms\":1,\"metadata-file\":\"%.*s\"},{\"timestamp-ms\":"
			   "2,\"metadata-file\":\"%s\"}%s",
			   (int)(log - text.p), text.p, FIRN_FMT(victim.pointer.metadata_location),
			   "file:///etc/hostname", log);
	file = in_warehouse(x->f, cx, "forged/metadata/forged.metadata.json");
	out = fopen(host_path(file), "w");
	assert_int_equal(fwrite(text.p, 1, text.n, out), text.n);
	fclose(out);
	OK(firn_tabular_register(cx, x->f->catalog, &a->mutation, T("forged"), FIRN_KIND_TABLE,
				 file, false, &o));
	OK(set_property(x->f, a, T("forged"), "a", "b", NULL));
	OK(set_property(x->f, a, T("forged"), "a", "c", NULL));
	assert_true(file_is_there(cx, victim.pointer.metadata_location));
	assert_true(file_is_there(cx, FIRN_STR("file:///etc/hostname")));
	assert_false(file_is_there(cx, file)); /* its own, and no longer needed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(test_commit_at_every_step),
		FAULT_TEST(test_create_at_every_step),
		FAULT_TEST(test_unknown),
		FAULT_TEST(test_store_refuses),
		FAULT_TEST(test_base_is_gone),
		FAULT_TEST(test_old_metadata_goes),
		FAULT_TEST(test_guard_refuses),
		FAULT_TEST(test_forged_metadata_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
