/* Idempotency keys: replay, other requests, refusals, keys in flight, lost sessions. */
#include <pthread.h>

#include "catalog_fixture.h"

#define KEY_TEXT "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"
static const struct firn_str KEY = {KEY_TEXT, sizeof(KEY_TEXT) - 1};
static const unsigned char BODY[32] = {1}, OTHER_BODY[32] = {2};

struct request {
	struct firn_idem *idem;
	const struct firn_outcome *replay;
};

static firn_rc claim(struct catalog_fixture *f, struct actor *actor, const unsigned char body[32],
		     struct request *request)
{
	firn_rc rc = firn_idem_claim(&actor->cx, f->catalog, actor->mutation.pass, KEY, body,
				     &request->idem, &request->replay);

	actor->mutation.idem = rc == FIRN_OK ? request->idem : NULL;
	return rc;
}

static void release(struct catalog_fixture *f, struct actor *actor, struct request *request)
{
	firn_idem_release(&actor->cx, f->catalog, request->idem);
	actor->mutation.idem = NULL;
}

/* A whole request, as a lane works on it. */
static const struct firn_outcome *create_namespace(struct catalog_fixture *f, struct actor *actor,
						   const char *path, const unsigned char body[32])
{
	struct request request;

	OK(claim(f, actor, body, &request));
	if (request.replay)
		return request.replay;
	(void)!make_namespace(&actor->cx, f, &actor->mutation, AT(path));
	release(f, actor, &request);
	return NULL;
}

static long locks_held(struct catalog_fixture *f)
{
	return sql(f, "select count(*) from pg_locks where locktype = 'advisory' and granted and "
		      "database ="
		      " (select oid from pg_database where datname = current_database())");
}

static void test_replay(void **state)
{
	struct catalog_fixture *f = *state;
	const struct firn_outcome *replay;
	struct request request;

	add_warehouse(f, "w");
	assert_null(create_namespace(f, &f->actor, "w/a", BODY));
	OK(f->actor.cx.err.code);
	assert_int_equal(locks_held(f), 0);
	replay = create_namespace(f, &f->actor, "w/a", BODY);
	assert_non_null(replay);
	assert_int_equal(replay->error, FIRN_OK);
	assert_true(firn_str_is(replay->json, "{\"namespace\":[\"a\"],\"properties\":{}}"));
	assert_int_equal(locks_held(f), 0);
	assert_int_equal(sql(f, "select count(*) from event"), 1);

	REFUSED(&f->actor.cx, claim(f, &f->actor, OTHER_BODY, &request), FIRN_E_UNPROCESSABLE,
		"used for another request");
	assert_int_equal(locks_held(f), 0);
	OK(firn_access_check(&f->actor.cx, "otherOperation", &f->actor.mutation.pass));
	REFUSED(&f->actor.cx, claim(f, &f->actor, BODY, &request), FIRN_E_UNPROCESSABLE, "(test)");
	snprintf(f->actor.cx.principal, sizeof(f->actor.cx.principal), "somebody else");
	OK(firn_access_check(&f->actor.cx, "test", &f->actor.mutation.pass));
	OK(claim(f, &f->actor, OTHER_BODY, &request));
	assert_null(request.replay);
	release(f, &f->actor, &request);
	assert_int_equal(locks_held(f), 0);
}

static void test_bad_keys(void **state)
{
	struct catalog_fixture *f = *state;
	static const char *const bad[] = {"", "x", "017F22E2-79B0-7CC3-98C4-DC0C0C07398",
					  "017F22E279B07CC398C4DC0C0C07398F"};
	struct request request;

	for (size_t i = 0; i < 4; i++)
		REFUSED(&f->actor.cx,
			firn_idem_claim(&f->actor.cx, f->catalog, f->actor.mutation.pass,
					firn_str(bad[i]), BODY, &request.idem, &request.replay),
			FIRN_E_BAD_REQUEST, "is not a UUID");
}

static void test_refusals(void **state)
{
	struct catalog_fixture *f = *state;
	const struct firn_outcome *replay;

	add_warehouse(f, "w");
	assert_null(create_namespace(f, &f->actor, "w/none/a", BODY));
	REFUSED(&f->actor.cx, f->actor.cx.err.code, FIRN_E_NO_SUCH_NAMESPACE,
		"Namespace does not exist: none");
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/none")));
	replay = create_namespace(f, &f->actor, "w/none/a", BODY);
	assert_non_null(replay);
	assert_int_equal(replay->error, FIRN_E_NO_SUCH_NAMESPACE);
	assert_true(firn_str_is(replay->message, "Namespace does not exist: none"));
	assert_int_equal(sql(f, "select count(*) from namespace"), 1);
}

/* What may be otherwise next time is not kept. */
static void test_not_final(void **state)
{
	struct catalog_fixture *f = *state;
	static const enum firn_code codes[] = {
		FIRN_E_INTERNAL,  FIRN_E_COMMIT_UNKNOWN, FIRN_E_UNAVAILABLE,
		FIRN_E_DB_BROKEN, FIRN_E_STORE_BROKEN,	 FIRN_E_TOO_MANY_REQUESTS,
		FIRN_E_TIMEOUT,	  FIRN_E_UNAUTHORIZED,	 FIRN_E_FORBIDDEN};
	static const enum firn_code final[] = {FIRN_E_COMMIT_FAILED, FIRN_E_ALREADY_EXISTS,
					       FIRN_E_NAMESPACE_NOT_EMPTY, FIRN_E_BAD_REQUEST,
					       FIRN_E_CONFLICT};
	struct request request;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		OK(claim(f, &f->actor, BODY, &request));
		assert_null(request.replay);
		firn_fail(&f->actor.cx, codes[i], "not now");
		release(f, &f->actor, &request);
		assert_int_equal(f->actor.cx.err.code, codes[i]);
		firn_err_clear(&f->actor.cx);
	}
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		sql(f, "delete from idempotency");
		OK(claim(f, &f->actor, BODY, &request));
		assert_null(request.replay);
		firn_fail(&f->actor.cx, final[i], "no");
		release(f, &f->actor, &request);
		firn_err_clear(&f->actor.cx);
		OK(claim(f, &f->actor, BODY, &request));
		assert_int_equal(request.replay->error, final[i]);
	}
}

static void test_expiry(void **state)
{
	struct catalog_fixture *f = *state;

	add_warehouse(f, "w");
	assert_null(create_namespace(f, &f->actor, "w/a", BODY));
	sql(f, "update idempotency set expires_at = now() - interval '1 second'");
	assert_null(create_namespace(f, &f->actor, "w/b", OTHER_BODY));
	OK(f->actor.cx.err.code);
	assert_int_equal(sql(f, "select count(*) from idempotency where expires_at > now()"), 1);
	assert_non_null(create_namespace(f, &f->actor, "w/b", OTHER_BODY));
}

/* A session that lost its lock can't commit after another request with the key has. */
static void test_lost_session(void **state)
{
	struct catalog_fixture *f = *state;
	struct request request;
	struct actor second;

	add_warehouse(f, "w");
	actor_init(&second, f->db->conninfo, "test");
	OK(claim(f, &f->actor, BODY, &request));
	assert_int_equal(
		sql(f, "select count(*) from (select pg_terminate_backend(pid, 5000) from pg_locks"
		       " where locktype = 'advisory' and database = (select oid from pg_database"
		       " where datname = current_database())) t"),
		1);
	assert_null(create_namespace(f, &second, "w/a", BODY));
	OK(second.cx.err.code);
	REFUSED(&f->actor.cx, make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/b")),
		FIRN_E_UNAVAILABLE, "has just ended: send it again");
	release(f, &f->actor, &request);
	assert_int_equal(sql(f, "select count(*) from namespace"), 1);
	assert_int_equal(locks_held(f), 0);
	actor_release(&second);
}

static void test_waiting_ends_at_the_deadline(void **state)
{
	struct catalog_fixture *f = *state;
	struct request request, later;
	struct actor second;

	actor_init(&second, f->db->conninfo, "test");
	OK(claim(f, &f->actor, BODY, &request));
	second.cx.deadline_ns = firn_monotonic_ns(&second.cx) + 150 * INT64_C(1000000);
	REFUSED(&second.cx, claim(f, &second, BODY, &later), FIRN_E_UNAVAILABLE,
		"still being worked on");
	second.cx.deadline_ns = 0;
	release(f, &f->actor, &request);
	OK(claim(f, &second, BODY, &later));
	assert_null(later.replay);
	release(f, &second, &later);
	assert_int_equal(locks_held(f), 0);
	actor_release(&second);
}

struct racer {
	struct catalog_fixture *f;
	pthread_t thread;
	struct actor actor;
	unsigned done, replayed, refused;
};

#define ROUNDS 40

static void *race(void *arg)
{
	struct racer *r = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned char body[32] = {0};
		char key[40], path[32];
		struct firn_idem *idem;
		const struct firn_outcome *replay;

		body[0] = (unsigned char)i;
		snprintf(key, sizeof(key), "017f22e2-79b0-7cc3-98c4-%012x", i);
		snprintf(path, sizeof(path), "w/n%u", i);
		if (firn_idem_claim(&r->actor.cx, r->f->catalog, r->actor.mutation.pass,
				    firn_str(key), body, &idem, &replay) != FIRN_OK)
			break;
		if (replay) {
			r->replayed += replay->error == FIRN_OK;
			continue;
		}
		r->actor.mutation.idem = idem;
		if (make_namespace(&r->actor.cx, r->f, &r->actor.mutation, AT(path)) == FIRN_OK)
			r->done++;
		else
			r->refused++;
		firn_idem_release(&r->actor.cx, r->f->catalog, idem);
	}
	return NULL;
}

/* Of all that send one key at once, one does it and the others give its answer. */
static void test_race(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[4] = {0};
	unsigned done = 0, replayed = 0;

	add_warehouse(f, "w");
	for (size_t i = 0; i < 4; i++) {
		racers[i].f = f;
		actor_init(&racers[i].actor, f->db->conninfo, "test");
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(racers[i].thread, NULL);
		OK(racers[i].actor.cx.err.code);
		assert_int_equal(racers[i].refused, 0);
		done += racers[i].done;
		replayed += racers[i].replayed;
		actor_release(&racers[i].actor);
	}
	assert_int_equal(done, ROUNDS);
	assert_int_equal(replayed, 3 * ROUNDS);
	assert_int_equal(sql(f, "select count(*) from namespace"), ROUNDS);
	assert_int_equal(locks_held(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_replay),   CATALOG_TEST(test_bad_keys),
		CATALOG_TEST(test_refusals), CATALOG_TEST(test_not_final),
		CATALOG_TEST(test_expiry),   CATALOG_TEST(test_lost_session),
		CATALOG_TEST(test_race),     CATALOG_TEST(test_waiting_ends_at_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
