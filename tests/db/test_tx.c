/* The three endings of a transaction, with the connection cut around COMMIT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy.h"
#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)

static const struct firn_sql note = {"t_note", "insert into note values ($1)", "bigint", ""};

struct fixture {
	struct testdb *db;
	struct proxy *proxy;
	struct firn_db *direct;
};

/* cx->db goes through the proxy. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	void *db = NULL;
	char conninfo[512];

	if (testdb_setup(&db) != 0)
		return -1;
	f->db = db;
	f->proxy = proxy_start(f->db->conninfo, conninfo);
	f->direct = f->db->cx.db;
	f->db->cx.db = firn_db_new(conninfo);
	*state = f;
	return firn_db_script(
		       &f->db->cx,
		       "create table note (id bigint unique deferrable initially deferred)") ==
			       FIRN_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *db = f->db;

	firn_db_free(f->db->cx.db);
	f->db->cx.db = f->direct;
	proxy_stop(f->proxy);
	free(f);
	return testdb_teardown(&db);
}

static struct firn_ctx *ctx(void **state)
{
	return &((struct fixture *)*state)->db->cx;
}

static void insert(struct firn_ctx *cx, int64_t id)
{
	struct firn_params p = {0};

	OK(firn_param_i64(cx, &p, id));
	OK(firn_db_run(cx, &note, &p, NULL));
}

/* Waits until no other transaction is open, then counts. */
static long settled_count(void **state)
{
	struct fixture *f = *state;
	char *n = testdb_sql(f->db->conninfo, "lock table note; select count(*) from note");
	long count = strtol(n, NULL, 10);

	free(n);
	return count;
}

static void begin_with(struct firn_ctx *cx, int64_t id)
{
	OK(firn_db_begin(cx));
	assert_true(firn_db_in_transaction(cx));
	insert(cx, id);
}

static void expect_ending(void **state, enum firn_ending ending, enum firn_code code)
{
	struct firn_ctx *cx = ctx(state);

	assert_int_equal(firn_db_commit(cx), ending);
	assert_int_equal(cx->err.code, code);
	assert_false(firn_db_in_transaction(cx));
	firn_err_clear(cx);
}

static void expect_usable(void **state)
{
	struct firn_ctx *cx = ctx(state);

	begin_with(cx, 1000);
	expect_ending(state, FIRN_COMMITTED, FIRN_OK);
}

static void test_committed(void **state)
{
	begin_with(ctx(state), 1);
	expect_ending(state, FIRN_COMMITTED, FIRN_OK);
	assert_int_equal(settled_count(state), 1);
}

static void test_rolled_back(void **state)
{
	struct firn_ctx *cx = ctx(state);

	begin_with(cx, 1);
	firn_fail(cx, FIRN_E_COMMIT_FAILED, "mine");
	firn_db_rollback(cx);
	assert_string_equal(cx->err.message, "mine");
	firn_err_clear(cx);
	firn_db_rollback(cx);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_rolled_back_late(void **state)
{
	struct firn_ctx *cx = ctx(state);
	uint64_t session;

	begin_with(cx, 1);
	session = firn_db_session(cx);
	cx->deadline_ns = 1;
	firn_db_rollback(cx);
	cx->deadline_ns = 0;
	assert_true(session == firn_db_session(cx));
	assert_int_equal(settled_count(state), 0);
}

static void test_misuse(void **state)
{
	struct firn_ctx *cx = ctx(state);

	expect_ending(state, FIRN_NOT_COMMITTED, FIRN_E_INTERNAL);
	OK(firn_db_begin(cx));
	assert_int_equal(firn_db_begin(cx), FIRN_E_INTERNAL);
	firn_err_clear(cx);
	firn_db_rollback(cx);
}

static void test_answered_rollback(void **state)
{
	static const struct firn_sql wrong = {"t_wrong", "select 1/0", "", "integer"};
	struct firn_ctx *cx = ctx(state);

	begin_with(cx, 1);
	assert_int_equal(firn_db_run(cx, &wrong, NULL, NULL), FIRN_E_INTERNAL);
	firn_err_clear(cx);
	expect_ending(state, FIRN_NOT_COMMITTED, FIRN_E_INTERNAL);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_answered_error(void **state)
{
	struct firn_ctx *cx = ctx(state);

	begin_with(cx, 1);
	insert(cx, 1);
	assert_int_equal(firn_db_commit(cx), FIRN_NOT_COMMITTED);
	assert_int_equal(cx->err.code, FIRN_E_DB_CONFLICT);
	assert_string_equal(cx->err.sqlstate, "23505");
	firn_err_clear(cx);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_lost_before_commit(void **state)
{
	struct fixture *f = *state;

	begin_with(&f->db->cx, 1);
	free(testdb_sql(f->db->conninfo,
			"select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
			" where datname = current_database() and pid <> pg_backend_pid()"));
	/* Whether the proxy has closed its end yet is a matter of luck; committed it never is. */
	assert_int_not_equal(firn_db_commit(&f->db->cx), FIRN_COMMITTED);
	assert_int_equal(f->db->cx.err.code, FIRN_E_DB_BROKEN);
	firn_err_clear(&f->db->cx);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_lost_and_seen(void **state)
{
	struct fixture *f = *state;
	struct firn_ctx *cx = &f->db->cx;

	begin_with(cx, 1);
	proxy_arm(f->proxy, PROXY_CUT_REQUEST, "t_note");
	struct firn_params p = {0};
	OK(firn_param_i64(cx, &p, 2));
	assert_int_equal(firn_db_run(cx, &note, &p, NULL), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	expect_ending(state, FIRN_NOT_COMMITTED, FIRN_E_DB_BROKEN);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_commit_never_arrived(void **state)
{
	struct fixture *f = *state;

	begin_with(&f->db->cx, 1);
	proxy_arm(f->proxy, PROXY_CUT_REQUEST, "commit");
	expect_ending(state, FIRN_UNKNOWN, FIRN_E_DB_BROKEN);
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_reply_lost(void **state)
{
	struct fixture *f = *state;

	begin_with(&f->db->cx, 1);
	proxy_arm(f->proxy, PROXY_CUT_REPLY, "commit");
	expect_ending(state, FIRN_UNKNOWN, FIRN_E_DB_BROKEN);
	assert_int_equal(settled_count(state), 1);
	expect_usable(state);
}

static void test_reply_late(void **state)
{
	struct fixture *f = *state;
	struct firn_ctx *cx = &f->db->cx;

	begin_with(cx, 1);
	proxy_arm(f->proxy, PROXY_FREEZE, "commit");
	cx->deadline_ns = firn_monotonic_ns(cx) + 150 * 1000000;
	expect_ending(state, FIRN_UNKNOWN, FIRN_E_DB_BROKEN);
	cx->deadline_ns = 0;
	assert_int_equal(settled_count(state), 1);
	expect_usable(state);
}

static void test_too_late_to_commit(void **state)
{
	struct firn_ctx *cx = ctx(state);

	begin_with(cx, 1);
	cx->deadline_ns = 1;
	expect_ending(state, FIRN_NOT_COMMITTED, FIRN_E_DB_BROKEN);
	cx->deadline_ns = 0;
	assert_int_equal(settled_count(state), 0);
	expect_usable(state);
}

static void test_begin_survives_a_cut(void **state)
{
	struct fixture *f = *state;
	struct firn_ctx *cx = &f->db->cx;

	insert(cx, 1);
	proxy_arm(f->proxy, PROXY_CUT_REQUEST, "begin");
	begin_with(cx, 2);
	expect_ending(state, FIRN_COMMITTED, FIRN_OK);
	assert_int_equal(settled_count(state), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_committed),
					   T(test_rolled_back),
					   T(test_rolled_back_late),
					   T(test_misuse),
					   T(test_answered_rollback),
					   T(test_answered_error),
					   T(test_lost_before_commit),
					   T(test_lost_and_seen),
					   T(test_commit_never_arrived),
					   T(test_reply_lost),
					   T(test_reply_late),
					   T(test_too_late_to_commit),
					   T(test_begin_survives_a_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
