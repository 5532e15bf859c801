/* Many at once: one winner per version, no lost update, no overlap, no deadlock that anybody sees.
 */
#include <pthread.h>

#include "tabular_fixture.h"

#define THREADS 8

struct racer {
	pthread_t thread;
	struct catalog_fixture *f;
	int number, rounds, wins, losses, others;
	char what[128]; /* of the first unexpected refusal */
};

static struct firn_catalog_config patient(int64_t attempts)
{
	struct firn_catalog_config config = catalog_config();

	config.commit_attempts = attempts;
	return config;
}

/* Another catalog over the same database, as another server would have. */
static void reopen(struct catalog_fixture *f, int64_t attempts)
{
	struct firn_catalog_config config = patient(attempts);

	firn_arena_reset(f->actor.arena);
	firn_catalog_free(f->catalog);
	OK(firn_access_check(&f->actor.cx, "test", &f->actor.mutation.pass));
	OK(firn_catalog_open(&f->actor.cx, &config, &f->catalog));
	f->actor.catalog = f->catalog;
}

static void count(struct racer *r, struct firn_ctx *cx, firn_rc rc, firn_rc may_lose)
{
	if (rc == FIRN_OK) {
		r->wins++;
	} else if (rc == may_lose) {
		r->losses++;
	} else {
		r->others++;
		if (!r->what[0])
			snprintf(r->what, sizeof(r->what), "%.40s: %.80s", firn_code_info(rc)->name,
				 cx->err.message);
	}
	firn_err_clear(cx);
}

static void race(struct catalog_fixture *f, struct racer *racers, int n, int rounds,
		 void *(*run)(void *))
{
	for (int i = 0; i < n; i++) {
		racers[i] = (struct racer){.f = f, .number = i, .rounds = rounds};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
	}
	for (int i = 0; i < n; i++)
		pthread_join(racers[i].thread, NULL);
	for (int i = 0; i < n; i++) {
		if (racers[i].others)
			fail_msg("racer %d: %s", i, racers[i].what);
	}
}

static int sum(const struct racer *racers, int n)
{
	int wins = 0;

	for (int i = 0; i < n; i++)
		wins += racers[i].wins;
	return wins;
}

/* Each adds properties of its own; server-side retry may merge them, nothing may be lost. */
static void *add_properties(void *arg)
{
	struct racer *r = arg;
	struct actor a;

	actor_init(&a, r->f->db->conninfo, "updateTable");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		char key[32];
		firn_rc rc;

		snprintf(key, sizeof(key), "k-%d-%d", r->number, r->wins);
		rc = set_property(r->f, &a, T("t"), key, "v", NULL);
		count(r, &a.cx, rc, FIRN_E_COMMIT_FAILED);
		firn_arena_reset(a.arena);
		OK(firn_access_check(&a.cx, "updateTable", &a.mutation.pass));
	}
	actor_release(&a);
	return NULL;
}

static void check_properties(struct catalog_fixture *f, const struct racer *racers, int n)
{
	const struct firn_json *properties =
		firn_json_get(metadata(f, &f->actor, T("t"), FIRN_KIND_TABLE), "properties");

	for (int i = 0; i < n; i++) {
		for (int w = 0; w < racers[i].wins; w++) {
			char key[32];

			snprintf(key, sizeof(key), "k-%d-%d", i, w);
			if (!firn_json_get(properties, key))
				fail_msg("%s was acknowledged and lost", key);
		}
	}
}

static void one_table(struct catalog_fixture *f, int64_t attempts)
{
	struct racer racers[THREADS];
	int wins;

	reopen(f, attempts);
	OK(create(f, &f->actor, T("t"), NULL, NULL, NULL));
	race(f, racers, THREADS, 12, add_properties);
	wins = sum(racers, THREADS);
	assert_true(wins >= 12);
	assert_int_equal(pointer_now(&f->actor, T("t"), FIRN_KIND_TABLE).version, 1 + wins);
	assert_int_equal(sql(f, "select count(*) from commit_log"), 1 + wins);
	assert_int_equal(sql(f, "select count(*) from event where tabular_id is not null"),
			 1 + wins);
	assert_int_equal(count_files(f->root), 1 + wins); /* losers took theirs away */
	check_properties(f, racers, THREADS);
}

static void test_one_table(void **state)
{
	one_table(*state, 1);
}

static void test_one_table_with_retry(void **state)
{
	one_table(*state, 5);
}

/* Appends on a branch that must be where the writer saw it: exactly one winner per snapshot. */
static void *append(void *arg)
{
	struct racer *r = arg;
	struct actor a;

	actor_init(&a, r->f->db->conninfo, "updateTable");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		const struct firn_json *m = metadata(r->f, &a, T("t"), FIRN_KIND_TABLE);
		int64_t parent = 0, sequence = 0, id = 1000000 + r->number * 1000 + i;
		struct firn_str requirements, updates;
		bool has = firn_json_i64(firn_json_get(m, "current-snapshot-id"), &parent) &&
			   parent > 0;

		firn_json_i64(firn_json_get(m, "last-sequence-number"), &sequence);
		requirements = has ? firn_printf(&a.cx,
						 "[{\"type\":\"assert-ref-snapshot-id\",\"ref\":"
						 "\"main\",\"snapshot-id\":%lld}]",
						 (long long)parent)
				   : FIRN_STR("[{\"type\":\"assert-ref-snapshot-id\",\"ref\":"
					      "\"main\",\"snapshot-id\":null}]");
		updates = snapshot_updates(&a.cx, id, has ? parent : 0, sequence + 1,
					   in_warehouse(r->f, &a.cx, "list.avro").p);
		count(r, &a.cx, commit(r->f, &a, T("t"), requirements.p, updates.p, NULL),
		      FIRN_E_COMMIT_FAILED);
		firn_arena_reset(a.arena);
		OK(firn_access_check(&a.cx, "updateTable", &a.mutation.pass));
	}
	actor_release(&a);
	return NULL;
}

static void test_appends(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[THREADS];
	const struct firn_json *m, *snapshots;
	int64_t sequence = 0;
	int wins;

	OK(create(f, &f->actor, T("t"), NULL, NULL, NULL));
	race(f, racers, THREADS, 12, append);
	wins = sum(racers, THREADS);
	m = metadata(f, &f->actor, T("t"), FIRN_KIND_TABLE);
	snapshots = firn_json_get(m, "snapshots");
	assert_int_equal(firn_json_count(snapshots), wins);
	assert_true(firn_json_i64(firn_json_get(m, "last-sequence-number"), &sequence));
	assert_int_equal(sequence, wins);
	for (int i = 1; i < wins; i++) { /* a chain without forks */
		int64_t parent = 0, before = 0;

		firn_json_i64(firn_json_get(firn_json_at(snapshots, i), "parent-snapshot-id"),
			      &parent);
		firn_json_i64(firn_json_get(firn_json_at(snapshots, i - 1), "snapshot-id"),
			      &before);
		assert_int_equal(parent, before);
	}
}

/* Transactions over overlapping pairs of tables, named in both orders, some held by requirement
 * only. */
#define TABLES 5
static void *transactions(void *arg)
{
	struct racer *r = arg;
	struct actor a;

	actor_init(&a, r->f->db->conninfo, "commitTransaction");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		struct firn_change changes[3];
		struct place places[3];
		struct firn_outcome o;
		int first = (r->number + i) % TABLES;

		for (int t = 0; t < 3; t++) {
			int which = r->number % 2 ? (first + t) % TABLES : (first + 2 - t) % TABLES;
			static const char *const names[TABLES] = {"a", "b", "c", "d", "e"};

			changes[t].target = *at(&places[t], "w/ns", names[which]);
			changes[t].requirements = NULL;
			changes[t].updates =
				t == 1 && i % 3 == 0
					? NULL
					: json(&a.cx,
					       firn_printf(&a.cx,
							   "[{\"action\":\"set-properties\","
							   "\"updates\":{\"k-%d-%d\":\"v\"}}]",
							   r->number, i)
						       .p);
		}
		count(r, &a.cx,
		      firn_commit(&a.cx, r->f->catalog, &a.mutation, FIRN_KIND_TABLE, changes, 3,
				  false, &o),
		      FIRN_E_COMMIT_FAILED);
		firn_arena_reset(a.arena);
		OK(firn_access_check(&a.cx, "commitTransaction", &a.mutation.pass));
	}
	actor_release(&a);
	return NULL;
}

static void test_transactions(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[THREADS];
	int wins;

	for (char c = 'a'; c < 'a' + TABLES; c++) {
		const char name[2] = {c, 0};

		OK(create(f, &f->actor, T(name), NULL, NULL, NULL));
	}
	reopen(f, 6);
	race(f, racers, THREADS, 9, transactions);
	wins = sum(racers, THREADS);
	assert_true(wins > 0);
	assert_int_equal(
		sql(f, "select count(distinct commit_id) from commit_log where version > 1"), wins);
	assert_int_equal(sql(f, "select count(*) from (select commit_id, count(*) n from "
				"commit_log where version > 1"
				" group by 1) c where n not in (2, 3)"),
			 0);
	assert_int_equal(sql(f, "select sum(version) from tabular"),
			 sql(f, "select count(*) from commit_log"));
	assert_int_equal(count_files(f->root), sql(f, "select count(*) from commit_log"));
}

/* /a against /a/b, and one name against itself. */
static void *creations(void *arg)
{
	static const char *const where[] = {"a",   "a/b", "a/b/c", "a/b/c/d",
					    "a/x", "a/b", "a",	   "a/b/y"};
	struct racer *r = arg;
	struct actor a;
	struct firn_outcome o;

	actor_init(&a, r->f->db->conninfo, "createTable");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", r->number);
		count(r, &a.cx,
		      create(r->f, &a, T(name), in_warehouse(r->f, &a.cx, where[r->number]).p, NULL,
			     NULL),
		      FIRN_E_CONFLICT);
		if (firn_tabular_drop(&a.cx, r->f->catalog, &a.mutation, FIRN_KIND_TABLE, T(name),
				      false, &o) != FIRN_OK)
			firn_err_clear(&a.cx);
		firn_arena_reset(a.arena);
		OK(firn_access_check(&a.cx, "createTable", &a.mutation.pass));
	}
	actor_release(&a);
	return NULL;
}

static void *creations_once(void *arg)
{
	static const char *const where[] = {"a",   "a/b",   "a/b/c", "a/b/c/d",
					    "a/b", "a/b/c", "a",     "a/b/c/d"};
	struct racer *r = arg;
	struct actor a;
	char name[16];

	actor_init(&a, r->f->db->conninfo, "createTable");
	a.catalog = r->f->catalog;
	snprintf(name, sizeof(name), "t%d", r->number);
	count(r, &a.cx,
	      create(r->f, &a, T(name), in_warehouse(r->f, &a.cx, where[r->number]).p, NULL, NULL),
	      FIRN_E_CONFLICT);
	actor_release(&a);
	return NULL;
}

static const char overlapping[] = "select count(*) from location a join location b on a.path <> "
				  "b.path and starts_with(a.path, b.path)";

static void test_places(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[THREADS];

	for (int i = 0; i < 8; i++) {
		race(f, racers, THREADS, 1, creations_once);
		assert_int_equal(sum(racers, THREADS), 1); /* each overlaps every other */
		assert_int_equal(sql(f, "select count(*) from location"), 1);
		assert_int_equal(
			sql(f, "with d as (delete from tabular returning id) delete from location"
			       " where tabular_id in (select id from d) returning 1"),
			1);
	}
	race(f, racers, THREADS, 10, creations);
	assert_int_equal(sql(f, overlapping), 0);
	assert_int_equal(sql(f, "select count(*) from location where reserved_until is not null"),
			 0);
}

static void *same_name(void *arg)
{
	struct racer *r = arg;
	struct actor a;

	actor_init(&a, r->f->db->conninfo, "createTable");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		count(r, &a.cx, create(r->f, &a, T(name), NULL, NULL, NULL), FIRN_E_ALREADY_EXISTS);
	}
	actor_release(&a);
	return NULL;
}

static void test_names(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[THREADS];

	race(f, racers, THREADS, 5, same_name);
	assert_int_equal(sum(racers, THREADS), 5);
	assert_int_equal(sql(f, "select count(*) from tabular"), 5);
	assert_int_equal(sql(f, "select count(*) from location"), 5);
	assert_int_equal(count_files(f->root), 5);
}

/* Commits, renames to and fro, drops and undrops of one table: refusals by name only. */
static void *everything(void *arg)
{
	struct racer *r = arg;
	struct actor a;

	actor_init(&a, r->f->db->conninfo, "everything");
	a.catalog = r->f->catalog;
	for (int i = 0; i < r->rounds; i++) {
		const struct firn_target *one = T("t"), *two = AT_NAME("w/other", "t"), none = {0};
		struct firn_outcome o;
		firn_rc rc = FIRN_OK;

		switch ((r->number + i) % 4) {
		case 0:
			rc = set_property(r->f, &a, one, "k",
					  firn_printf(&a.cx, "%d-%d", r->number, i).p, NULL);
			break;
		case 1:
			rc = firn_tabular_rename(&a.cx, r->f->catalog, &a.mutation, FIRN_KIND_TABLE,
						 i % 2 ? one : two, i % 2 ? two : one, &o);
			break;
		case 2:
			rc = firn_tabular_drop(&a.cx, r->f->catalog, &a.mutation, FIRN_KIND_TABLE,
					       one, i % 3 == 0, &o);
			break;
		default:
			rc = firn_tabular_undrop(&a.cx, r->f->catalog, &a.mutation, one,
						 FIRN_STR_NONE, &none, &o);
			break;
		}
		if (rc == FIRN_E_CONFLICT || rc == FIRN_E_ALREADY_EXISTS ||
		    rc == FIRN_E_COMMIT_FAILED)
			rc = FIRN_E_NO_SUCH_TABLE;
		count(r, &a.cx, rc, FIRN_E_NO_SUCH_TABLE);
		firn_arena_reset(a.arena);
		OK(firn_access_check(&a.cx, "everything", &a.mutation.pass));
	}
	actor_release(&a);
	return NULL;
}

static void test_everything(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[THREADS];

	OK(create(f, &f->actor, T("t"), NULL, NULL, NULL));
	race(f, racers, THREADS, 16, everything);
	assert_int_equal(
		sql(f, "select (select count(*) from tabular) + (select count(*) from dropped)"),
		1);
	assert_int_equal(sql(f, "select count(*) from location"),
			 sql(f, "select count(*) from tabular"));
	assert_int_equal(sql(f, "select count(*) from commit_log"),
			 sql(f, "select version from (select version from tabular union all select "
				"version from dropped) v"));
	assert_int_equal(count_files(f->root), sql(f, "select count(*) from commit_log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABULAR_TEST(test_one_table),  TABULAR_TEST(test_one_table_with_retry),
		TABULAR_TEST(test_appends),    TABULAR_TEST(test_transactions),
		TABULAR_TEST(test_places),     TABULAR_TEST(test_names),
		TABULAR_TEST(test_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
