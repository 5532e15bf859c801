/* The transaction of a mutation when the connection breaks around COMMIT, and when others are in
 * the way. */
#include "catalog_fixture.h"
#include "proxy.h"

/* Time that runs as fast as a test needs; deadlines count by it. */
struct fast_clock {
	struct firn_clock clock;
	int64_t factor;
};

static int64_t fast_monotonic(const struct firn_clock *clock)
{
	const struct fast_clock *fast = (const struct fast_clock *)(const void *)clock;

	return firn_system_clock.monotonic_ns(&firn_system_clock) * fast->factor;
}

static int64_t wall(const struct firn_clock *clock)
{
	(void)clock;
	return firn_system_clock.wall_ms(&firn_system_clock);
}

/* The end of a message's length, 11, and its text: not part of "begin … read committed". */
#define COMMIT                                                                                     \
	"\x0b"                                                                                     \
	"commit"

struct broken {
	struct catalog_fixture *f;
	struct proxy *proxy;
	struct actor actor; /* through the proxy */
};

static int setup(void **state)
{
	struct broken *b = calloc(1, sizeof(*b));
	char conninfo[512];
	void *f = NULL;

	if (!b || catalog_setup(&f) != 0)
		return -1;
	b->f = f;
	b->proxy = proxy_start(b->f->db->conninfo, conninfo);
	actor_init(&b->actor, conninfo, "test");
	add_warehouse(b->f, "w");
	/* From here on the statements are prepared. */
	OK(make_namespace(&b->actor.cx, b->f, &b->actor.mutation, AT("w/first")));
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct broken *b = *state;
	void *f = b->f;

	actor_release(&b->actor);
	proxy_stop(b->proxy);
	free(b);
	return catalog_teardown(&f);
}

static firn_rc create(struct broken *b, const char *path)
{
	return make_namespace(&b->actor.cx, b->f, &b->actor.mutation, AT(path));
}

static long namespaces(struct broken *b)
{
	return sql(b->f, "select count(*) from namespace");
}

static uint64_t unknown(struct broken *b)
{
	struct firn_commit_stats stats;

	firn_catalog_commit_stats(b->f->catalog, &stats);
	return stats.unknown;
}

static void test_reply_lost(void **state)
{
	struct broken *b = *state;

	proxy_arm(b->proxy, PROXY_CUT_REPLY, COMMIT);
	OK(create(b, "w/a"));
	assert_int_equal(namespaces(b), 2);
	assert_int_equal(unknown(b), 0);
	OK(create(b, "w/b"));
}

static void test_request_lost(void **state)
{
	struct broken *b = *state;

	proxy_arm(b->proxy, PROXY_CUT_REQUEST, COMMIT);
	assert_int_equal(create(b, "w/a"), FIRN_E_DB_BROKEN);
	firn_err_clear(&b->actor.cx);
	assert_int_equal(namespaces(b), 1);
	assert_int_equal(unknown(b), 0);
	OK(create(b, "w/a"));
}

/* The deadline passes while COMMIT is on its way; the grace is enough to find out. */
static void test_late_reply(void **state)
{
	struct broken *b = *state;

	b->actor.cx.deadline_ns = firn_monotonic_ns(&b->actor.cx) + 2000 * INT64_C(1000000);
	proxy_arm(b->proxy, PROXY_FREEZE, COMMIT);
	OK(create(b, "w/a"));
	assert_int_equal(firn_deadline_ms(&b->actor.cx), 0);
	assert_int_equal(namespaces(b), 2);
}

static void test_unknown(void **state)
{
	struct broken *b = *state;
	struct fast_clock fast = {.clock = {.wall_ms = wall, .monotonic_ns = fast_monotonic},
				  .factor = 50};

	b->actor.cx.clock = &fast.clock;
	proxy_refuse(b->proxy, true);
	proxy_arm(b->proxy, PROXY_CUT_REPLY, COMMIT);
	REFUSED(&b->actor.cx, create(b, "w/a"), FIRN_E_COMMIT_UNKNOWN, "look at the current state");
	assert_true(proxy_refused(b->proxy) > 0);
	assert_int_equal(unknown(b), 1);
	assert_int_equal(namespaces(b), 2);
	proxy_refuse(b->proxy, false);
	b->actor.cx.clock = &firn_system_clock;
	OK(create(b, "w/b"));
}

/* A key's outcome is there exactly when the effect is. */
static void test_reply_lost_with_key(void **state)
{
	struct broken *b = *state;
	static const enum proxy_fault faults[] = {PROXY_CUT_REPLY, PROXY_CUT_REQUEST};
	static const unsigned char body[32] = {9};

	for (size_t i = 0; i < 2; i++) {
		const struct firn_outcome *replay;
		struct firn_str key = i ? FIRN_STR("017f22e2-79b0-7cc3-98c4-dc0c0c073980")
					: FIRN_STR("017f22e2-79b0-7cc3-98c4-dc0c0c073981");
		const char *path = i ? "w/cut" : "w/lost";

		OK(firn_idem_claim(&b->actor.cx, b->f->catalog, b->actor.mutation.pass, key, body,
				   &b->actor.mutation.idem, &replay));
		proxy_arm(b->proxy, faults[i], COMMIT);
		assert_int_equal(create(b, path), i ? FIRN_E_DB_BROKEN : FIRN_OK);
		firn_idem_release(&b->actor.cx, b->f->catalog, b->actor.mutation.idem);
		firn_err_clear(&b->actor.cx);
		OK(firn_idem_claim(&b->actor.cx, b->f->catalog, b->actor.mutation.pass, key, body,
				   &b->actor.mutation.idem, &replay));
		if (i)
			assert_null(replay);
		else
			assert_non_null(replay);
		firn_idem_release(&b->actor.cx, b->f->catalog, b->actor.mutation.idem);
		b->actor.mutation.idem = NULL;
	}
	assert_int_equal(namespaces(b), 2);
}

static void test_without_event(void **state)
{
	struct broken *b = *state;
	struct firn_outcome outcome = {0};
	struct firn_tx tx;

	OK(firn_tx_begin(&b->actor.cx, &b->actor.mutation, &tx));
	REFUSED(&b->actor.cx, firn_tx_commit(&b->actor.cx, b->f->catalog, &tx, &outcome),
		FIRN_E_INTERNAL, "without an event");
	assert_false(firn_db_in_transaction(&b->actor.cx));
}

struct counting {
	unsigned runs, failures;
};

static firn_rc conflicting_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
				struct firn_outcome *ret_outcome)
{
	static const struct firn_sql raise = {
		"t_raise", "insert into setting (name, value) values ('twice', ''), ('twice', '')",
		"", ""};
	struct counting *counting = arg;
	struct firn_event event = {.kind = "test.done"};

	(void)ret_outcome;
	if (counting->runs++ < counting->failures)
		return firn_db_run(cx, &raise, NULL, NULL);
	return firn_event_add(cx, tx, &event);
}

static void test_run_again(void **state)
{
	struct broken *b = *state;
	struct counting counting = {.failures = 2};
	struct firn_outcome outcome;

	OK(firn_tx_run(&b->actor.cx, b->f->catalog, &b->actor.mutation, conflicting_body, &counting,
		       &outcome));
	assert_int_equal(counting.runs, 3);
	assert_int_equal(
		sql(b->f,
		    "select count(*) from event where kind = 'test.done' and principal = 'tester'"
		    " and request_id = 'request'"),
		1);
	counting = (struct counting){.failures = 100};
	REFUSED(&b->actor.cx,
		firn_tx_run(&b->actor.cx, b->f->catalog, &b->actor.mutation, conflicting_body,
			    &counting, &outcome),
		FIRN_E_UNAVAILABLE, "nothing was changed, try again");
	assert_false(firn_db_in_transaction(&b->actor.cx));
}

#define BROKEN_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BROKEN_TEST(test_reply_lost),	       BROKEN_TEST(test_request_lost),
		BROKEN_TEST(test_late_reply),	       BROKEN_TEST(test_unknown),
		BROKEN_TEST(test_without_event),       BROKEN_TEST(test_run_again),
		BROKEN_TEST(test_reply_lost_with_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
