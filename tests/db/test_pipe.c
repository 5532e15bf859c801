/* The pipelined connection: order, errors in the middle, losses, deadlines. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "proxy.h"
#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)
#define MS INT64_C(1000000)

static const struct firn_sql twice = {"t_twice", "select 2 * $1::bigint", "bigint", "bigint"};
static const struct firn_sql divide = {"t_divide", "select 100 / $1::bigint", "bigint", "bigint"};
static const struct firn_sql wrong = {"t_wrong", "select nothing from nowhere", "", ""};
static const struct firn_sql nap = {"t_nap", "select $1::bigint from pg_sleep(0.2)", "bigint",
				    "bigint"};
static const struct firn_sql sleeper = {"t_sleeper", "select $1::bigint from pg_sleep(600)",
					"bigint", "bigint"};
static const struct firn_sql suicide = {"t_suicide",
					"select pg_terminate_backend(pg_backend_pid()), $1::bigint",
					"bigint", "boolean,bigint"};
static const struct firn_sql all_notes = {"t_all_notes", "select * from note", "", "bigint"};

/* One query with an arena of its own, as a request has. */
struct query {
	struct firn_pipe_job job;
	struct firn_ask ask;
	struct firn_arena *arena;
	struct firn_ctx cx;
	unsigned calls;
	firn_rc rc;
	int64_t answer;
	struct firn_pipe *again; /* asks once more from within done */
};

static void done(struct firn_pipe_job *job, firn_rc rc, const struct firn_rows *rows)
{
	struct query *q = (struct query *)(void *)job;

	q->calls++;
	q->rc = rc;
	assert_int_equal(rows == NULL, rc != FIRN_OK);
	assert_int_equal(rc, q->cx.err.code);
	q->answer = rows && firn_rows_count(rows) ? firn_row_i64(rows, 0, 0) : -1;
	if (q->again) {
		struct firn_pipe *pipe = q->again;

		q->again = NULL;
		firn_pipe_ask(pipe, job);
	}
}

static struct query *make(const struct firn_sql *sql, size_t n, int64_t argument)
{
	struct query *queries = calloc(n, sizeof(*queries));

	for (size_t i = 0; i < n; i++) {
		struct query *q = &queries[i];

		q->arena = firn_arena_new(1 << 20);
		firn_ctx_init(&q->cx, q->arena);
		q->cx.deadline_ns = firn_monotonic_ns(&q->cx) + 60000 * MS;
		q->ask.sql = sql;
		if (*sql->params)
			OK(firn_param_i64(&q->cx, &q->ask.params, argument + (int64_t)i));
		q->job = (struct firn_pipe_job){.cx = &q->cx, .ask = &q->ask, .done = done};
	}
	return queries;
}

static void ask(struct firn_pipe *pipe, struct query *queries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		firn_pipe_ask(pipe, &queries[i].job);
}

static void discard(struct query *queries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		firn_arena_free(queries[i].arena);
	free(queries);
}

static void turn(struct firn_pipe *pipe)
{
	int wait = firn_pipe_turn(pipe, false);
	struct pollfd fd = {firn_pipe_fd(pipe), POLLIN, 0};

	assert_int_equal(firn_pipe_events(pipe), EPOLLIN);
	if (firn_pipe_in_flight(pipe) > 0)
		(void)firn_pipe_turn(pipe, poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait) > 0);
}

static void drain(struct firn_pipe *pipe)
{
	int64_t until = firn_system_clock.monotonic_ns(&firn_system_clock) + 60000 * MS;

	while (firn_pipe_in_flight(pipe) > 0) {
		assert_true(firn_system_clock.monotonic_ns(&firn_system_clock) < until);
		turn(pipe);
	}
}

static struct firn_pipe *open_pipe(void **state)
{
	struct testdb *t = *state;
	struct firn_pipe *pipe = firn_pipe_new(t->conninfo, &firn_system_clock);

	assert_non_null(pipe);
	return pipe;
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

static void expect_all(struct query *queries, size_t n, int64_t factor, int64_t first)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(queries[i].calls, 1);
		assert_int_equal(queries[i].rc, FIRN_OK);
		assert_int_equal(queries[i].answer, factor * (first + (int64_t)i));
		assert_int_equal(queries[i].cx.timings.db_calls, 1);
	}
}

static void test_many(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&twice, 10000, 1);

	ask(pipe, queries, 10000);
	assert_int_equal(firn_pipe_in_flight(pipe), 10000);
	drain(pipe);
	expect_all(queries, 10000, 2, 1);
	assert_int_equal(firn_pipe_turn(pipe, true), -1);
	discard(queries, 10000);
	firn_pipe_free(pipe);
}

static void test_one_by_one(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&twice, 200, 1);

	for (size_t i = 0; i < 200; i++) {
		ask(pipe, queries + i, 1);
		drain(pipe);
	}
	expect_all(queries, 200, 2, 1);
	discard(queries, 200);
	firn_pipe_free(pipe);
}

static void divide_by(struct query *q, int64_t divisor)
{
	firn_err_clear(&q->cx);
	q->ask.params.n = 0;
	OK(firn_param_i64(&q->cx, &q->ask.params, divisor));
}

static void test_errors_in_the_middle(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *good = make(&twice, 60, 1), *bad = make(&divide, 20, 0),
		     *never = make(&wrong, 5, 0);

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 60; i++) {
			ask(pipe, good + i, 1);
			if (i % 3 == 0) {
				divide_by(&bad[i / 3], i / 3 % 2);
				ask(pipe, bad + i / 3, 1);
			}
			if (i % 12 == 0) {
				firn_err_clear(&never[i / 12].cx);
				ask(pipe, never + i / 12, 1);
			}
		}
		drain(pipe);
		for (size_t i = 0; i < 60; i++) {
			assert_int_equal(good[i].calls, round + 1);
			assert_int_equal(good[i].rc, FIRN_OK);
			assert_int_equal(good[i].answer, 2 * (1 + i));
		}
		for (size_t i = 0; i < 20; i++) {
			assert_int_equal(bad[i].calls, round + 1);
			assert_int_equal(bad[i].rc, i % 2 ? FIRN_OK : FIRN_E_INTERNAL);
			assert_string_equal(bad[i].cx.err.sqlstate, i % 2 ? "" : "22012");
		}
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(never[i].calls, round + 1);
			assert_int_equal(never[i].rc, FIRN_E_INTERNAL);
			assert_string_equal(never[i].cx.err.sqlstate, "42P01");
		}
	}
	discard(good, 60);
	discard(bad, 20);
	discard(never, 5);
	firn_pipe_free(pipe);
}

static void test_asks_again_from_done(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&twice, 2, 21);

	queries[0].again = pipe;
	ask(pipe, queries, 2);
	drain(pipe);
	assert_int_equal(queries[0].calls, 2);
	assert_int_equal(queries[0].answer, 42);
	assert_int_equal(queries[1].calls, 1);
	discard(queries, 2);
	firn_pipe_free(pipe);
}

static void wait_for_naps(void **state, struct firn_pipe *pipe)
{
	struct testdb *t = *state;
	bool seen = false;

	while (!seen) {
		char *n = testdb_sql(
			t->conninfo,
			"select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
			" and datname = current_database()");

		seen = strcmp(n, "0") != 0;
		free(n);
		firn_pipe_turn(pipe, true);
	}
}

static void test_reconnect_in_flight(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *before = make(&twice, 50, 1), *naps = make(&nap, 3, 7),
		     *after = make(&twice, 50, 1);

	ask(pipe, before, 50);
	drain(pipe);
	ask(pipe, naps, 3);
	ask(pipe, after, 50);
	wait_for_naps(state, pipe);
	terminate_others(state);
	drain(pipe);
	expect_all(before, 50, 2, 1);
	expect_all(naps, 3, 1, 7);
	expect_all(after, 50, 2, 1);
	discard(before, 50);
	discard(naps, 3);
	discard(after, 50);
	firn_pipe_free(pipe);
}

static void test_reconnect_idle(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&twice, 4, 1);

	for (size_t i = 0; i < 4; i++) {
		ask(pipe, queries + i, 1);
		drain(pipe);
		terminate_others(state);
	}
	expect_all(queries, 4, 2, 1);
	discard(queries, 4);
	firn_pipe_free(pipe);
}

static void test_query_that_kills(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *good = make(&twice, 20, 1), *bad = make(&suicide, 1, 0);

	ask(pipe, good, 10);
	ask(pipe, bad, 1);
	ask(pipe, good + 10, 10);
	drain(pipe);
	expect_all(good, 20, 2, 1);
	assert_int_equal(bad->calls, 1);
	assert_int_equal(bad->rc, FIRN_E_DB_BROKEN);
	discard(good, 20);
	discard(bad, 1);
	firn_pipe_free(pipe);
}

static void test_deadline(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *slow = make(&sleeper, 2, 0), *behind = make(&twice, 30, 1);
	int64_t start = firn_monotonic_ns(&slow->cx);

	slow[0].cx.deadline_ns = slow[1].cx.deadline_ns = start + 150 * MS;
	ask(pipe, slow, 2);
	ask(pipe, behind, 30);
	drain(pipe);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(slow[i].calls, 1);
		assert_int_equal(slow[i].rc, FIRN_E_DB_BROKEN);
	}
	expect_all(behind, 30, 2, 1);
	assert_true(firn_monotonic_ns(&slow->cx) - start < 20000 * MS);
	discard(slow, 2);
	discard(behind, 30);
	firn_pipe_free(pipe);
}

static void test_late_answer_is_dropped(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *naps = make(&nap, 6, 1);

	/* These give up while the first is still being answered, and are answered all the same. */
	for (size_t i = 1; i < 5; i++)
		naps[i].cx.deadline_ns = firn_monotonic_ns(&naps->cx) + 100 * MS;
	ask(pipe, naps, 6);
	drain(pipe);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(naps[i].calls, 1);
	assert_int_equal(naps[0].answer, 1);
	assert_int_equal(naps[4].rc, FIRN_E_DB_BROKEN);
	assert_int_equal(naps[5].answer, 6);
	discard(naps, 6);
	firn_pipe_free(pipe);
}

static void test_no_server(void **state)
{
	struct firn_pipe *pipe = firn_pipe_new("host=/nowhere/at/all dbname=x", &firn_system_clock);
	struct query *queries = make(&twice, 3, 1);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		queries[i].cx.deadline_ns =
			firn_monotonic_ns(&queries->cx) + (100 + 50 * (int64_t)i) * MS;
	ask(pipe, queries, 3);
	drain(pipe);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(queries[i].rc, FIRN_E_DB_BROKEN);
		assert_null(strstr(queries[i].cx.err.message, "nowhere"));
		assert_non_null(strstr(queries[i].cx.err.notes, "no connection"));
	}
	discard(queries, 3);
	firn_pipe_free(pipe);
}

struct leaping_clock {
	struct firn_clock clock;
	int64_t ahead_ns;
};

static int64_t leaping_ns(const struct firn_clock *clock)
{
	return firn_system_clock.monotonic_ns(&firn_system_clock) +
	       ((const struct leaping_clock *)(const void *)clock)->ahead_ns;
}

static void test_long_outage(void **state)
{
	struct testdb *t = *state;
	char conninfo[512];
	struct proxy *proxy = proxy_start(t->conninfo, conninfo);
	struct leaping_clock leaping = {{firn_system_clock.wall_ms, leaping_ns}, 0};
	struct firn_pipe *pipe = firn_pipe_new(conninfo, &leaping.clock);
	struct query *queries = make(&twice, 30, 1);

	proxy_refuse(proxy, true);
	ask(pipe, queries, 10);
	while (proxy_refused(proxy) < 2)
		turn(pipe);
	assert_int_equal(firn_pipe_in_flight(pipe), 10);
	leaping.ahead_ns = 6000 * MS; /* their own deadlines are further away */
	drain(pipe);
	ask(pipe, queries + 10, 10); /* and whoever comes now is told at once */
	turn(pipe);
	assert_int_equal(firn_pipe_in_flight(pipe), 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(queries[i].rc, FIRN_E_DB_BROKEN);
	proxy_refuse(proxy, false);
	leaping.ahead_ns = 12000 * MS; /* the next try to connect is due */
	do {			       /* until it is there, whoever asks is told so */
		firn_err_clear(&queries[20].cx);
		ask(pipe, queries + 20, 1);
		drain(pipe);
	} while (queries[20].rc != FIRN_OK);
	ask(pipe, queries + 21, 9);
	drain(pipe);
	expect_all(queries + 21, 9, 2, 22);
	discard(queries, 30);
	firn_pipe_free(pipe);
	proxy_stop(proxy);
}

static void test_server_comes_back(void **state)
{
	struct testdb *t = *state;
	char conninfo[512];
	struct proxy *proxy = proxy_start(t->conninfo, conninfo);
	struct firn_pipe *pipe = firn_pipe_new(conninfo, &firn_system_clock);
	struct query *queries = make(&twice, 20, 1);

	proxy_refuse(proxy, true);
	ask(pipe, queries, 20);
	while (proxy_refused(proxy) < 4)
		turn(pipe);
	assert_int_equal(firn_pipe_in_flight(pipe), 20);
	proxy_refuse(proxy, false);
	drain(pipe);
	expect_all(queries, 20, 2, 1);
	discard(queries, 20);
	firn_pipe_free(pipe);
	proxy_stop(proxy);
}

static void with_fault(void **state, enum proxy_fault fault, int64_t first_deadline_ms)
{
	struct testdb *t = *state;
	char conninfo[512];
	struct proxy *proxy = proxy_start(t->conninfo, conninfo);
	struct firn_pipe *pipe = firn_pipe_new(conninfo, &firn_system_clock);
	struct query *queries = make(&twice, 40, 1);

	ask(pipe, queries, 1);
	drain(pipe);
	proxy_arm(proxy, fault, "t_twice");
	if (first_deadline_ms)
		queries[1].cx.deadline_ns =
			firn_monotonic_ns(&queries->cx) + first_deadline_ms * MS;
	ask(pipe, queries + 1, 39);
	drain(pipe);
	if (first_deadline_ms)
		assert_int_equal(queries[1].rc, FIRN_E_DB_BROKEN);
	else
		expect_all(queries, 2, 2, 1);
	expect_all(queries + 2, 38, 2, 3);
	discard(queries, 40);
	firn_pipe_free(pipe);
	proxy_stop(proxy);
}

static void test_cut(void **state)
{
	with_fault(state, PROXY_CUT_REQUEST, 0);
	with_fault(state, PROXY_CUT_REPLY, 0);
}

static void test_frozen_network(void **state)
{
	with_fault(state, PROXY_FREEZE, 150);
}

static void test_stale_plan(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&all_notes, 2, 0), *others = make(&twice, 10, 1);

	sql(state, "create table note (id bigint); insert into note values (5)");
	ask(pipe, queries, 1);
	drain(pipe);
	sql(state, "alter table note add column more text");
	ask(pipe, others, 5);
	ask(pipe, queries + 1, 1);
	ask(pipe, others + 5, 5);
	drain(pipe);
	assert_int_equal(queries[0].answer, 5);
	assert_int_equal(queries[1].rc, FIRN_OK);
	assert_int_equal(queries[1].answer, 5);
	expect_all(others, 10, 2, 1);
	discard(queries, 2);
	discard(others, 10);
	firn_pipe_free(pipe);
}

static void test_large_answers(void **state)
{
	static const struct firn_sql large = {"t_large", "select $1::bigint, repeat('x', 1000000)",
					      "bigint", "bigint,text"};
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&large, 60, 1);

	ask(pipe, queries, 60);
	drain(pipe);
	expect_all(queries, 60, 1, 1);
	discard(queries, 60);
	firn_pipe_free(pipe);
}

static void test_arena_full(void **state)
{
	struct firn_pipe *pipe = open_pipe(state);
	struct query *queries = make(&twice, 2, 1);

	firn_arena_free(queries[0].arena);
	queries[0].arena = queries[0].cx.arena = firn_arena_new(8);
	queries[0].ask.params.values[0] = "1";
	ask(pipe, queries, 2);
	drain(pipe);
	assert_int_equal(queries[0].rc, FIRN_E_TOO_LARGE);
	assert_int_equal(queries[1].answer, 4);
	discard(queries, 2);
	firn_pipe_free(pipe);
}

#define T(f) cmocka_unit_test_setup_teardown(f, testdb_setup, testdb_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_many),
					   T(test_one_by_one),
					   T(test_errors_in_the_middle),
					   T(test_asks_again_from_done),
					   T(test_reconnect_in_flight),
					   T(test_reconnect_idle),
					   T(test_query_that_kills),
					   T(test_deadline),
					   T(test_late_answer_is_dropped),
					   T(test_no_server),
					   T(test_long_outage),
					   T(test_server_comes_back),
					   T(test_cut),
					   T(test_frozen_network),
					   T(test_stale_plan),
					   T(test_large_answers),
					   T(test_arena_full)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
