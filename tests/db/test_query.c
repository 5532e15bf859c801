/* The blocking connection: codes of failures, deadlines, losses and what follows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy.h"
#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)

static const struct firn_sql one = {"t_one", "select 1::bigint", "", "bigint"};
static const struct firn_sql note = {"t_note", "insert into note values (1)", "", ""};
static const struct firn_sql notes = {"t_notes", "select count(*) from note", "", "bigint"};
static const struct firn_sql all_notes = {"t_all_notes", "select * from note", "", "bigint"};
static const struct firn_sql nap = {"t_nap", "select pg_sleep(600)", "", "void"};

static struct firn_ctx *ctx(void **state)
{
	return &((struct testdb *)*state)->cx;
}

static void sql(void **state, const char *text)
{
	free(testdb_sql(((struct testdb *)*state)->conninfo, text));
}

static void terminate_others(void **state)
{
	sql(state, "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
		   " where datname = current_database() and pid <> pg_backend_pid()");
}

static void test_codes(void **state)
{
	static const struct {
		const char *state;
		enum firn_code code;
	} cases[] = {
		{"40001", FIRN_E_DB_CONFLICT}, {"40P01", FIRN_E_DB_CONFLICT},
		{"23505", FIRN_E_DB_CONFLICT}, {"23503", FIRN_E_DB_CONFLICT},
		{"55P03", FIRN_E_DB_CONFLICT}, {"53100", FIRN_E_UNAVAILABLE},
		{"53200", FIRN_E_UNAVAILABLE}, {"57014", FIRN_E_DB_BROKEN},
		{"22012", FIRN_E_INTERNAL},    {"23502", FIRN_E_INTERNAL},
		{"42P01", FIRN_E_INTERNAL},    {"XX000", FIRN_E_INTERNAL},
	};
	struct firn_ctx *cx = ctx(state);
	uint64_t session;

	OK(firn_db_connect(cx, cx->db));
	session = firn_db_session(cx);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[32], text[160];
		struct firn_sql raise = {name, text, "", ""};

		snprintf(name, sizeof(name), "t_raise_%zu", i);
		snprintf(text, sizeof(text),
			 "do $$ begin raise exception 'secret' using errcode = '%s'; end $$",
			 cases[i].state);
		assert_int_equal(firn_db_run(cx, &raise, NULL, NULL), cases[i].code);
		assert_string_equal(cx->err.sqlstate, cases[i].state);
		assert_null(strstr(cx->err.message, "secret"));
		assert_non_null(strstr(cx->err.notes, "secret"));
		assert_non_null(strstr(cx->err.notes, name));
		firn_err_clear(cx);
		/* The table of statements goes by address, and these are on the stack. */
		firn_db_free(cx->db);
		cx->db = firn_db_new(((struct testdb *)*state)->conninfo);
	}
	assert_int_equal(session, 1);
}

static void test_first_error_wins(void **state)
{
	static const struct firn_sql wrong = {"t_wrong", "select nothing from nowhere", "", ""};
	struct firn_ctx *cx = ctx(state);

	firn_fail(cx, FIRN_E_NO_SUCH_TABLE, "first");
	assert_int_equal(firn_db_run(cx, &wrong, NULL, NULL), FIRN_E_NO_SUCH_TABLE);
	assert_string_equal(cx->err.sqlstate, "");
	firn_err_clear(cx);
	OK(firn_db_run(cx, &one, NULL, NULL));
}

static void test_affected(void **state)
{
	static const struct firn_sql add = {
		"t_add", "insert into note select i from generate_series(1, 7) i", "", ""};
	struct firn_ctx *cx = ctx(state);
	int64_t n = -1;

	OK(firn_db_script(cx, "create table note (id bigint); insert into note values (0)"));
	OK(firn_db_run(cx, &add, NULL, &n));
	assert_int_equal(n, 7);
	assert_int_equal(cx->timings.db_calls >= 3, 1);
	assert_true(cx->timings.db_ns > 0);
}

static void test_without_lane(void **state)
{
	struct firn_ctx *cx = ctx(state);
	struct firn_db *db = cx->db;

	cx->db = NULL;
	assert_int_equal(firn_db_run(cx, &one, NULL, NULL), FIRN_E_NEEDS_LANE);
	firn_err_clear(cx);
	assert_int_equal(firn_db_begin(cx), FIRN_E_NEEDS_LANE);
	assert_false(firn_db_in_transaction(cx));
	cx->db = db;
}

static void wait_until(void **state, const char *question, const char *answer)
{
	struct testdb *t = *state;
	int64_t until = firn_monotonic_ns(&t->cx) + INT64_C(20000000000);
	bool same = false;

	while (!same && firn_monotonic_ns(&t->cx) < until) {
		char *got = testdb_sql(t->conninfo, question);

		same = strcmp(got, answer) == 0;
		free(got);
	}
	assert_true(same);
}

static void test_deadline(void **state)
{
	struct firn_ctx *cx = ctx(state);
	int64_t start = firn_monotonic_ns(cx);

	OK(firn_db_connect(cx, cx->db));
	cx->deadline_ns = start + 150 * 1000000;
	assert_int_equal(firn_db_run(cx, &nap, NULL, NULL), FIRN_E_DB_BROKEN);
	assert_true(firn_monotonic_ns(cx) - start < INT64_C(5000000000));
	assert_true(firn_monotonic_ns(cx) - start >= 150 * 1000000);
	firn_err_clear(cx);
	/* Passed already: not even sent. */
	assert_int_equal(firn_db_run(cx, &one, NULL, NULL), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	assert_int_equal(firn_db_begin(cx), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	cx->deadline_ns = 0;
	wait_until(state,
		   "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%'"
		   " and pid <> pg_backend_pid() and datname = current_database()",
		   "0");
	OK(firn_db_run(cx, &one, NULL, NULL));
}

static void test_deadline_while_connecting(void **state)
{
	struct testdb *t = *state;
	struct firn_ctx *cx = &t->cx;
	struct firn_db *own = cx->db;
	char conninfo[512];
	struct proxy *proxy = proxy_start(t->conninfo, conninfo);

	proxy_arm(proxy, PROXY_FREEZE, "client_encoding");
	cx->db = firn_db_new(conninfo);
	cx->deadline_ns = firn_monotonic_ns(cx) + 150 * 1000000;
	assert_int_equal(firn_db_run(cx, &one, NULL, NULL), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	cx->deadline_ns = 0;
	OK(firn_db_run(cx, &one, NULL, NULL));
	firn_db_free(cx->db);
	cx->db = own;
	proxy_stop(proxy);
}

static void test_reconnect(void **state)
{
	struct firn_ctx *cx = ctx(state);
	uint64_t session;

	OK(firn_db_script(cx, "create table note (id bigint)"));
	session = firn_db_session(cx);
	assert_true(session > 0);
	for (int i = 0; i < 3; i++) {
		OK(firn_db_run(cx, &note, NULL, NULL));
		terminate_others(state);
	}
	OK(firn_db_begin(cx));
	OK(firn_db_run(cx, &note, NULL, NULL));
	assert_int_equal(firn_db_commit(cx), FIRN_COMMITTED);
	assert_true(firn_db_session(cx) == session + 3);
}

static void test_lost_in_transaction(void **state)
{
	struct firn_ctx *cx = ctx(state);
	const struct firn_rows *rows;

	OK(firn_db_script(cx, "create table note (id bigint)"));
	OK(firn_db_begin(cx));
	OK(firn_db_run(cx, &note, NULL, NULL));
	terminate_others(state);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(firn_db_query(cx, &notes, NULL, &rows), FIRN_E_DB_BROKEN);
		assert_true(firn_db_in_transaction(cx));
		firn_err_clear(cx);
	}
	firn_db_rollback(cx);
	assert_false(firn_db_in_transaction(cx));
	OK(firn_db_query(cx, &notes, NULL, &rows));
	assert_int_equal(firn_row_i64(rows, 0, 0), 0);
}

static void test_cut_while_asking(void **state)
{
	struct testdb *t = *state;
	struct firn_ctx *cx = &t->cx;
	struct firn_db *own = cx->db;
	char conninfo[512];
	struct proxy *proxy = proxy_start(t->conninfo, conninfo);
	const struct firn_rows *rows;

	OK(firn_db_script(cx, "create table note (id bigint)"));
	cx->db = firn_db_new(conninfo);
	OK(firn_db_query(cx, &notes, NULL, &rows));
	OK(firn_db_run(cx, &note, NULL, NULL));
	proxy_arm(proxy, PROXY_CUT_REPLY, "t_notes");
	OK(firn_db_query(cx, &notes, NULL, &rows));
	assert_int_equal(firn_row_i64(rows, 0, 0), 1);
	proxy_arm(proxy, PROXY_CUT_REPLY, "t_note");
	assert_int_equal(firn_db_run(cx, &note, NULL, NULL), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	OK(firn_db_query(cx, &notes, NULL, &rows));
	assert_true(firn_row_i64(rows, 0, 0) <= 2);
	firn_db_free(cx->db);
	cx->db = own;
	proxy_stop(proxy);
}

static void refused(void **state, const char *conninfo, enum firn_code code, const char *sqlstate)
{
	struct firn_ctx *cx = ctx(state);
	struct firn_db *db = firn_db_new(conninfo);

	assert_int_equal(firn_db_connect(cx, db), code);
	assert_string_equal(cx->err.sqlstate, sqlstate);
	assert_null(strstr(cx->err.message, "/"));
	firn_err_clear(cx);
	firn_db_free(db);
}

static void test_refused(void **state)
{
	struct testdb *t = *state;
	char conninfo[600];

	refused(state, "host=/nowhere/at/all dbname=x", FIRN_E_DB_BROKEN, "");
	refused(state, "host=127.0.0.1 port=1 dbname=x", FIRN_E_DB_BROKEN, "");
	refused(state, "this is no conninfo", FIRN_E_DB_BROKEN, "");
	snprintf(conninfo, sizeof(conninfo), "%s dbname=no_such_database", t->conninfo);
	refused(state, conninfo, FIRN_E_DB_BROKEN, "3D000");
	sql(state, "drop role if exists t_nobody; create role t_nobody login connection limit 0");
	snprintf(conninfo, sizeof(conninfo), "%s user=t_nobody", t->conninfo);
	refused(state, conninfo, FIRN_E_UNAVAILABLE, "53300");
	sql(state, "drop role t_nobody");
}

static void test_stale_plan(void **state)
{
	struct firn_ctx *cx = ctx(state);
	const struct firn_rows *rows;

	OK(firn_db_script(cx, "create table note (id bigint); insert into note values (5)"));
	OK(firn_db_query(cx, &all_notes, NULL, &rows));
	sql(state, "alter table note add column more text");
	OK(firn_db_query(cx, &all_notes, NULL, &rows));
	assert_true(firn_row_null(rows, 0, 1));
	sql(state, "alter table note add column even_more text");
	OK(firn_db_begin(cx));
	assert_int_equal(firn_db_query(cx, &all_notes, NULL, &rows), FIRN_E_DB_BROKEN);
	firn_err_clear(cx);
	firn_db_rollback(cx);
	OK(firn_db_begin(cx));
	OK(firn_db_query(cx, &all_notes, NULL, &rows));
	assert_int_equal(firn_db_commit(cx), FIRN_COMMITTED);
}

static void test_large(void **state)
{
	static const struct firn_sql echo = {"t_echo", "select $1::text", "text", "text"};
	struct firn_ctx *cx = ctx(state);
	struct firn_params p = {0};
	const struct firn_rows *rows;
	size_t n = 24 << 20;
	char *big = firn_alloc(cx, n + 1);

	memset(big, 'x', n);
	OK(firn_param_str(cx, &p, (struct firn_str){big, n}));
	OK(firn_db_query(cx, &echo, &p, &rows));
	assert_int_equal(firn_row_str(rows, 0, 0).n, n);
}

static void test_session_settings(void **state)
{
	struct testdb *t = *state;
	struct firn_ctx *cx = &t->cx;
	struct firn_str value;
	int64_t version = 0;

	sql(state, "do $$ begin execute format('alter database %I set timezone to ''Asia/Tokyo''',"
		   " current_database()); end $$");
	OK(firn_db_setting(cx, "timezone", &value));
	assert_true(firn_str_is(value, "UTC"));
	OK(firn_db_setting(cx, "server_version_num", &value));
	assert_true(firn_str_i64(value, &version) && version >= 140000);
	OK(firn_db_setting(cx, "application_name", &value));
	assert_true(firn_str_is(value, "firn"));
	OK(firn_db_setting(cx, "no_such.setting", &value));
	assert_null(value.p);
}

static void test_own_options_win(void **state)
{
	struct testdb *t = *state;
	struct firn_ctx *cx = &t->cx;
	struct firn_db *own = cx->db;
	struct firn_str value;
	char conninfo[600];

	snprintf(conninfo, sizeof(conninfo), "%s options='-c search_path=elsewhere'", t->conninfo);
	cx->db = firn_db_new(conninfo);
	OK(firn_db_setting(cx, "search_path", &value));
	assert_true(firn_str_is(value, "elsewhere"));
	OK(firn_db_setting(cx, "timezone", &value));
	assert_true(firn_str_is(value, "UTC"));
	firn_db_free(cx->db);
	cx->db = own;
}

static void test_notifications(void **state)
{
	struct firn_ctx *cx = ctx(state);
	bool notified = true;

	OK(firn_db_listen(cx, "events \"here\""));
	OK(firn_db_wait(cx, 0, &notified));
	assert_false(notified);
	sql(state, "select pg_notify('events \"here\"', ''); select pg_notify('elsewhere', '')");
	OK(firn_db_wait(cx, 20000, &notified));
	assert_true(notified);
	OK(firn_db_wait(cx, 30, &notified));
	assert_false(notified);
	/* A new connection listens again, and says that something may have been missed. */
	terminate_others(state);
	OK(firn_db_wait(cx, 20000, &notified));
	assert_true(notified);
	sql(state, "select pg_notify('events \"here\"', '')");
	OK(firn_db_wait(cx, 20000, &notified));
	assert_true(notified);
}

#define T(f) cmocka_unit_test_setup_teardown(f, testdb_setup, testdb_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_codes),
					   T(test_first_error_wins),
					   T(test_affected),
					   T(test_without_lane),
					   T(test_deadline),
					   T(test_deadline_while_connecting),
					   T(test_reconnect),
					   T(test_lost_in_transaction),
					   T(test_cut_while_asking),
					   T(test_refused),
					   T(test_stale_plan),
					   T(test_large),
					   T(test_session_settings),
					   T(test_own_options_win),
					   T(test_notifications)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
