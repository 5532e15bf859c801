/* The metadata cache: budget, order of leaving, and one fetch however many ask. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../../src/catalog/cache.h"
#include "firn/arena.h"
#include "firn/clock.h"

#define THREADS 100

static struct firn_cache_key key_of(int i)
{
	struct firn_cache_key key = {.warehouse_id = 1, .profile_version = 1};

	memcpy(key.sha256, &i, sizeof(i));
	return key;
}

static bool has(struct firn_cache *cache, int i)
{
	struct firn_cache_key key = key_of(i);
	struct firn_blob *blob = firn_cache_find(cache, &key);

	firn_blob_release(blob);
	return blob != NULL;
}

static void put(struct firn_cache *cache, int i, size_t n)
{
	static const char zeros[4096];
	struct firn_cache_key key = key_of(i);

	firn_cache_put(cache, &key, (struct firn_str){zeros, n});
}

static void test_oldest_leaves(void **state)
{
	struct firn_cache *cache = firn_cache_new(10 * 1024);
	struct firn_cache_stats stats;

	(void)state;
	for (int i = 0; i < 9; i++)
		put(cache, i, 1000);
	assert_true(has(cache, 0)); /* used again, so that 1 is the oldest now */
	put(cache, 9, 2000);
	assert_true(has(cache, 0));
	assert_false(has(cache, 1));
	assert_true(has(cache, 9));
	firn_cache_stats(cache, &stats);
	assert_true(stats.bytes <= 10 * 1024);
	assert_true(stats.hits >= 3);
	firn_cache_free(cache);
}

static void test_larger_than_budget(void **state)
{
	struct firn_cache *cache = firn_cache_new(2000);

	(void)state;
	put(cache, 1, 1000);
	put(cache, 2, 3000);
	assert_true(has(cache, 1));
	assert_false(has(cache, 2));
	firn_cache_free(cache);
}

static void test_keys_differ(void **state)
{
	struct firn_cache *cache = firn_cache_new(1 << 20);
	struct firn_cache_key key = key_of(5), other;

	(void)state;
	firn_cache_put(cache, &key, FIRN_STR("x"));
	assert_true(has(cache, 5));
	other = key;
	other.warehouse_id = 2;
	assert_null(firn_cache_find(cache, &other));
	other = key;
	other.profile_version = 2;
	assert_null(firn_cache_find(cache, &other));
	other = key;
	other.snapshots = FIRN_SNAPSHOTS_REFS;
	assert_null(firn_cache_find(cache, &other));
	firn_cache_free(cache);
}

static void test_many_entries(void **state)
{
	struct firn_cache *cache = firn_cache_new(64 << 20);

	(void)state;
	for (int i = 0; i < 20000; i++)
		put(cache, i, 10);
	for (int i = 0; i < 20000; i++)
		assert_true(has(cache, i));
	firn_cache_free(cache);
}

static void test_blob_outlives_cache(void **state)
{
	struct firn_cache *cache = firn_cache_new(1 << 20);
	struct firn_cache_key key = key_of(7);
	struct firn_blob *blob;

	(void)state;
	firn_cache_put(cache, &key, FIRN_STR("bytes"));
	blob = firn_cache_find(cache, &key);
	firn_cache_free(cache);
	assert_true(firn_str_is(firn_blob_bytes(blob), "bytes"));
	firn_blob_release(blob);
}

/* ---- one fetch ------------------------------------------------------------------------------ */

struct fetch {
	_Atomic int calls;
	_Atomic int fail; /* how many calls from the first on fail */
	sem_t go;
	bool waits;
};

static firn_rc make(struct firn_ctx *cx, void *arg, struct firn_str *ret_bytes)
{
	struct fetch *fetch = arg;

	if (fetch->waits)
		sem_wait(&fetch->go);
	fetch->calls++;
	if (fetch->fail > 0) {
		fetch->fail--;
		return firn_fail(cx, FIRN_E_STORE_BROKEN, "the store is down");
	}
	*ret_bytes = FIRN_STR("made");
	return FIRN_OK;
}

struct asker {
	pthread_t thread;
	struct firn_cache *cache;
	struct fetch *fetch;
	firn_rc rc;
	bool right;
};

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct firn_cache_key key = key_of(1);
	struct firn_arena *arena = firn_arena_new(1 << 16);
	struct firn_blob *blob;
	struct firn_ctx cx;

	firn_ctx_init(&cx, arena);
	cx.deadline_ns = firn_monotonic_ns(&cx) + 20 * INT64_C(1000000000);
	a->rc = firn_cache_get(&cx, a->cache, &key, make, a->fetch, &blob);
	if (a->rc == FIRN_OK) {
		a->right = firn_str_is(firn_blob_bytes(blob), "made");
		firn_blob_release(blob);
	}
	firn_arena_free(arena);
	return NULL;
}

static void crowd(struct fetch *fetch, int n, int posts, struct asker *askers)
{
	struct firn_cache *cache = firn_cache_new(1 << 20);

	sem_init(&fetch->go, 0, 0);
	for (int i = 0; i < n; i++) {
		askers[i] = (struct asker){.cache = cache, .fetch = fetch};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (int i = 0; i < posts; i++)
		sem_post(&fetch->go);
	for (int i = 0; i < n; i++)
		pthread_join(askers[i].thread, NULL);
	sem_destroy(&fetch->go);
	firn_cache_free(cache);
}

static void test_one_fetch(void **state)
{
	struct fetch fetch = {.waits = true};
	struct asker askers[THREADS];

	(void)state;
	crowd(&fetch, THREADS, 1, askers); /* a second fetch would wait for ever */
	assert_int_equal(fetch.calls, 1);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(askers[i].rc, FIRN_OK);
		assert_true(askers[i].right);
	}
}

static void test_failure_is_tried_again(void **state)
{
	struct fetch fetch = {.fail = 1};
	struct asker askers[16];
	int failed = 0;

	(void)state;
	crowd(&fetch, 16, 0, askers);
	for (int i = 0; i < 16; i++)
		failed += askers[i].rc != FIRN_OK;
	assert_int_equal(failed, 1); /* the first maker's own */
}

static void test_failure_is_shared(void **state)
{
	struct fetch fetch = {.fail = 1000};
	struct asker askers[16];

	(void)state;
	crowd(&fetch, 16, 0, askers);
	for (int i = 0; i < 16; i++)
		assert_int_equal(askers[i].rc, FIRN_E_STORE_BROKEN);
}

static void test_waiter_has_a_deadline(void **state)
{
	struct fetch fetch = {.waits = true};
	struct firn_cache *cache = firn_cache_new(1 << 20);
	struct asker slow = {.cache = cache, .fetch = &fetch};
	struct firn_cache_key key = key_of(1);
	struct firn_arena *arena = firn_arena_new(1 << 16);
	struct firn_cache_stats stats = {0};
	struct firn_blob *blob;
	struct firn_ctx cx;

	(void)state;
	sem_init(&fetch.go, 0, 0);
	pthread_create(&slow.thread, NULL, ask, &slow);
	while (stats.misses == 0)
		firn_cache_stats(cache, &stats);
	firn_ctx_init(&cx, arena);
	cx.deadline_ns = firn_monotonic_ns(&cx) + 20 * INT64_C(1000000);
	assert_int_equal(firn_cache_get(&cx, cache, &key, make, &fetch, &blob), FIRN_E_UNAVAILABLE);
	sem_post(&fetch.go);
	pthread_join(slow.thread, NULL);
	assert_int_equal(slow.rc, FIRN_OK);
	assert_int_equal(fetch.calls, 1);
	sem_destroy(&fetch.go);
	firn_arena_free(arena);
	firn_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_leaves),
		cmocka_unit_test(test_larger_than_budget),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_blob_outlives_cache),
		cmocka_unit_test(test_one_fetch),
		cmocka_unit_test(test_failure_is_tried_again),
		cmocka_unit_test(test_failure_is_shared),
		cmocka_unit_test(test_waiter_has_a_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
