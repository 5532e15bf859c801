/* The outbox: numbers without gaps in what readers see, in version order per table, and tidying. */
#include <pthread.h>

#include "catalog_fixture.h"

static firn_rc read_events(struct catalog_fixture *f, const char *warehouse, int64_t after,
			   int64_t limit, const struct firn_json **ret_json, int64_t *ret_last)
{
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_str text;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 4 << 20);
	firn_jw_init(&w, &b);
	FIRN_TRY(firn_events_read(cx, f->catalog, firn_str(warehouse), after, limit, &w, ret_last));
	FIRN_TRY(firn_buf_end(&b, &text));
	return firn_json_parse(cx, text, "events", ret_json);
}

static int64_t number_of(const struct firn_json *event)
{
	int64_t number = 0;

	assert_true(firn_str_i64(firn_json_str(firn_json_get(event, "number")), &number));
	return number;
}

static void test_read(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_json *events;
	int64_t numbered, last, head;

	add_warehouse(f, "w");
	add_warehouse(f, "v");
	OK(firn_events_head(cx, &head));
	assert_int_equal(head, 0);
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/a")));
	OK(make_namespace(cx, f, &f->actor.mutation, AT("w/a/b")));
	OK(make_namespace(cx, f, &f->actor.mutation, AT("v/c")));
	OK(read_events(f, NULL, 0, 10, &events, &last));
	assert_int_equal(firn_json_count(events), 0); /* not numbered yet */
	assert_int_equal(last, 0);
	OK(firn_events_number(cx, &numbered));
	assert_int_equal(numbered, 3);
	OK(firn_events_number(cx, &numbered));
	assert_int_equal(numbered, 0);
	OK(firn_events_head(cx, &head));
	assert_int_equal(head, 3);

	OK(read_events(f, NULL, 0, 2, &events, &last));
	assert_int_equal(firn_json_count(events), 2);
	assert_int_equal(last, 2);
	assert_int_equal(number_of(firn_json_at(events, 0)), 1);
	assert_true(firn_str_is(firn_json_str(firn_json_get(firn_json_at(events, 1), "kind")),
				"namespace.created"));
	assert_int_equal(firn_json_count(firn_json_get(firn_json_at(events, 1), "namespace")), 2);
	assert_true(firn_str_is(firn_json_str(firn_json_get(firn_json_at(events, 1), "principal")),
				"tester"));
	OK(read_events(f, NULL, last, 2, &events, &last));
	assert_int_equal(firn_json_count(events), 1);
	assert_int_equal(last, 3);
	OK(read_events(f, NULL, last, 2, &events, &last));
	assert_int_equal(firn_json_count(events), 0);
	assert_int_equal(last, 3);

	OK(read_events(f, "w", 0, 10, &events, &last));
	assert_int_equal(firn_json_count(events), 2);
	assert_int_equal(last, 3); /* the other warehouse's event is behind us */
	OK(read_events(f, "v", 0, 1, &events, &last));
	assert_int_equal(number_of(firn_json_at(events, 0)), 3);
	REFUSED(cx, read_events(f, "x", 0, 10, &events, &last), FIRN_E_NO_SUCH_WAREHOUSE, "x");
	REFUSED(cx, read_events(f, NULL, -1, 10, &events, &last), FIRN_E_BAD_REQUEST, "after");
	REFUSED(cx, read_events(f, NULL, 0, 0, &events, &last), FIRN_E_BAD_REQUEST, "limit");
}

static firn_rc add_event(struct actor *actor, struct firn_tx *tx, const char *kind)
{
	struct firn_event event = {.kind = kind};

	return firn_event_add(&actor->cx, tx, &event);
}

/* What commits later gets a later number, even with an earlier id. */
static void test_out_of_order(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_outcome outcome = {0};
	const struct firn_json *events;
	struct firn_tx slow, quick;
	struct actor second;
	int64_t numbered, last;

	actor_init(&second, f->db->conninfo, "test");
	OK(firn_tx_begin(&second.cx, &second.mutation, &slow));
	OK(add_event(&second, &slow, "test.slow"));
	OK(firn_tx_begin(&f->actor.cx, &f->actor.mutation, &quick));
	OK(add_event(&f->actor, &quick, "test.quick"));
	OK(firn_tx_commit(&f->actor.cx, f->catalog, &quick, &outcome));
	OK(firn_events_number(&f->actor.cx, &numbered));
	assert_int_equal(numbered, 1);
	OK(firn_tx_commit(&second.cx, f->catalog, &slow, &outcome));
	OK(firn_events_number(&f->actor.cx, &numbered));
	assert_int_equal(numbered, 1);
	OK(read_events(f, NULL, 0, 10, &events, &last));
	assert_true(firn_str_is(firn_json_str(firn_json_get(firn_json_at(events, 0), "kind")),
				"test.quick"));
	assert_true(firn_str_is(firn_json_str(firn_json_get(firn_json_at(events, 1), "kind")),
				"test.slow"));
	actor_release(&second);
}

static void test_one_numberer(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor second;
	const struct firn_rows *rows;
	int64_t numbered;
	static const struct firn_sql lock = {
		"t_lock", "select pg_advisory_xact_lock(1718186606, 2)", "", "void"};

	add_warehouse(f, "w");
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/a")));
	actor_init(&second, f->db->conninfo, "test");
	OK(firn_db_begin(&second.cx));
	OK(firn_db_query(&second.cx, &lock, NULL, &rows));
	OK(firn_events_number(&f->actor.cx, &numbered));
	assert_int_equal(numbered, 0);
	firn_db_rollback(&second.cx);
	OK(firn_events_number(&f->actor.cx, &numbered));
	assert_int_equal(numbered, 1);
	actor_release(&second);
}

static void test_notify(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor listener;
	bool notified = false;
	int64_t numbered;

	add_warehouse(f, "w");
	actor_init(&listener, f->db->conninfo, "test");
	OK(firn_db_listen(&listener.cx, "firn_events"));
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/a")));
	OK(firn_events_number(&f->actor.cx, &numbered));
	OK(firn_db_wait(&listener.cx, 5000, &notified));
	assert_true(notified);
	OK(firn_events_number(&f->actor.cx, &numbered));
	OK(firn_db_wait(&listener.cx, 50, &notified));
	assert_false(notified);
	actor_release(&listener);
}

#define WRITERS 4
#define COMMITS 60

struct writer {
	struct catalog_fixture *f;
	struct actor actor;
	pthread_t thread;
	unsigned failed;
};

/* A commit in small: lock the table's row, move its version, write the event. */
static firn_rc commit_once(struct writer *w, int64_t id)
{
	static const struct firn_sql bump = {
		"t_bump",
		"update tabular set version = version + 1 where id = $1 returning version",
		"bigint", "bigint"};
	struct firn_event event = {.kind = "table.committed", .tabular_id = id};
	struct firn_outcome outcome = {0};
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_tx tx;

	FIRN_TRY(firn_tx_begin(&w->actor.cx, &w->actor.mutation, &tx));
	FIRN_TRY(firn_param_i64(&w->actor.cx, &params, id));
	FIRN_TRY(firn_db_query(&w->actor.cx, &bump, &params, &rows));
	event.version = firn_row_i64(rows, 0, 0);
	FIRN_TRY(firn_event_add(&w->actor.cx, &tx, &event));
	return firn_tx_commit(&w->actor.cx, w->f->catalog, &tx, &outcome);
}

static void *write_many(void *arg)
{
	struct writer *w = arg;

	for (unsigned i = 0; i < COMMITS; i++)
		w->failed += commit_once(w, 1 + i % 3) != FIRN_OK;
	return NULL;
}

struct numberer {
	struct actor actor;
	pthread_t thread;
	_Atomic bool stop;
	bool failed;
};

static void *number_many(void *arg)
{
	struct numberer *n = arg;
	int64_t numbered = 0;

	while (!n->stop || numbered > 0)
		n->failed |= firn_events_number(&n->actor.cx, &numbered) != FIRN_OK;
	return NULL;
}

/* Several writers, two replicas that number, and a reader that follows while it happens. */
static void test_concurrent(void **state)
{
	struct catalog_fixture *f = *state;
	struct writer writers[WRITERS] = {0};
	struct numberer numberers[2] = {0};
	int64_t last = 0, seen = 0;

	add_warehouse(f, "w");
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/n")));
	add_tabular(f, "w", "n", "a", "table");
	add_tabular(f, "w", "n", "b", "table");
	add_tabular(f, "w", "n", "c", "table");
	for (size_t i = 0; i < 2; i++) {
		actor_init(&numberers[i].actor, f->db->conninfo, "test");
		assert_int_equal(
			pthread_create(&numberers[i].thread, NULL, number_many, &numberers[i]), 0);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i].f = f;
		actor_init(&writers[i].actor, f->db->conninfo, "test");
		assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]),
				 0);
	}
	while (seen < 1 + WRITERS * COMMITS) {
		struct actor *actor = &f->actor;
		const struct firn_json *events;

		OK(read_events(f, NULL, last, 17, &events, &last));
		for (size_t i = 0; i < firn_json_count(events); i++)
			assert_true(number_of(firn_json_at(events, i)) <= last);
		seen += (int64_t)firn_json_count(events);
		firn_arena_reset(actor->arena);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		assert_int_equal(writers[i].failed, 0);
		actor_release(&writers[i].actor);
	}
	for (size_t i = 0; i < 2; i++) {
		numberers[i].stop = true;
		pthread_join(numberers[i].thread, NULL);
		assert_false(numberers[i].failed);
		actor_release(&numberers[i].actor);
	}
	assert_int_equal(seen, 1 + WRITERS * COMMITS); /* each exactly once */
	assert_int_equal(sql(f, "select count(*) from (select number, lag(number) over (partition "
				"by tabular_id order by"
				" version) as before from event where tabular_id is not null) t "
				"where before > number"),
			 0);
}

static void test_tidy(void **state)
{
	struct catalog_fixture *f = *state;

	add_warehouse(f, "w");
	sql(f,
	    "insert into idempotency select 'p', i::text, 'o', '', '{}', now(), now() + i * "
	    "interval '1 hour'"
	    " from generate_series(-5000, 1) i where i <> 0;"
	    "insert into location select 'p' || i, w.id, i, gen_random_uuid(), now() + i * "
	    "interval '1 hour'"
	    " from warehouse w, generate_series(-1, 1) i where i <> 0;"
	    "insert into location select 'live', w.id, 7, gen_random_uuid(), null from warehouse w;"
	    "insert into dropped select i + 10, w.id, 'n', 't', 'table', gen_random_uuid(), 1, "
	    "'l', 'm', '', 1, now(), now(),"
	    " 'me', now() + i * interval '1 hour' from warehouse w, generate_series(-1, 1) i where "
	    "i <> 0;"
	    "insert into commit_log select i, v, gen_random_uuid(), now(), 'me', 'r', 'o', '{}', "
	    "null, 'm', '', 1, null"
	    " from unnest(array[9, 11]) i, generate_series(1, 3) v;"
	    "insert into event (number, commit_id, at, kind, principal, request_id) values"
	    " (1, gen_random_uuid(), now() - interval '15 days', 'k', 'p', 'r'),"
	    " (null, gen_random_uuid(), now() - interval '15 days', 'k', 'p', 'r'),"
	    " (2, gen_random_uuid(), now(), 'k', 'p', 'r');"
	    "insert into metrics_report (warehouse_id, tabular_id, received_at, principal, report)"
	    " select w.id, 1, now() - i * interval '20 days', 'p', '{}' from warehouse w, "
	    "generate_series(1, 2) i");
	OK(firn_catalog_tidy(&f->actor.cx, f->catalog));
	assert_int_equal(sql(f, "select count(*) from idempotency"), 1);
	assert_int_equal(sql(f, "select count(*) from location"), 2);
	assert_int_equal(sql(f, "select count(*) from dropped"), 1);
	assert_int_equal(sql(f, "select count(*) from commit_log where tabular_id = 11"), 3);
	assert_int_equal(sql(f, "select count(*) from commit_log"), 3);
	assert_int_equal(sql(f, "select count(*) from event"), 2);
	assert_int_equal(sql(f, "select count(*) from metrics_report"), 1);
	OK(firn_catalog_tidy(&f->actor.cx, f->catalog));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_read),	 CATALOG_TEST(test_out_of_order),
		CATALOG_TEST(test_one_numberer), CATALOG_TEST(test_notify),
		CATALOG_TEST(test_concurrent),	 CATALOG_TEST(test_tidy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
