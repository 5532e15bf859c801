/* Metadata bytes in memory: a hash table of blobs, a list by last use, and the fetches under way.
 */
#include "cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "internal.h"

#define BUCKETS_FIRST ((size_t)1024)

struct firn_blob {
	_Atomic size_t refs;
	size_t n;
	char bytes[];
};

struct entry {
	struct firn_cache_key key;
	struct firn_blob *blob;
	struct entry *next; /* in its bucket */
	struct entry *newer, *older;
};

/* One fetch under way; lives until the last of those who wait for it has looked. */
struct flight {
	struct firn_cache_key key;
	struct flight *next;
	unsigned users;
	bool done;
	struct firn_blob *blob; /* NULL: failed, see err */
	struct firn_err err;
};

struct firn_cache {
	pthread_mutex_t lock;
	pthread_cond_t landed;
	size_t budget, bytes, n, n_buckets;
	uint64_t hits, misses;
	struct entry **buckets;
	struct entry *newest, *oldest;
	struct flight *flights;
};

/* ---- blobs ---------------------------------------------------------------------------------- */

struct firn_blob *firn_blob_new(struct firn_str bytes)
{
	struct firn_blob *blob = malloc(sizeof(*blob) + bytes.n + 1);

	if (!blob)
		return NULL;
	atomic_init(&blob->refs, 1);
	blob->n = bytes.n;
	if (bytes.n > 0)
		memcpy(blob->bytes, bytes.p, bytes.n);
	blob->bytes[bytes.n] = '\0';
	return blob;
}

void firn_blob_hold(struct firn_blob *blob)
{
	atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
}

void firn_blob_release(struct firn_blob *blob)
{
	if (blob && atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) == 1)
		free(blob);
}

struct firn_str firn_blob_bytes(const struct firn_blob *blob)
{
	return (struct firn_str){blob->bytes, blob->n};
}

static void release_blob(void *blob)
{
	firn_blob_release(blob);
}

firn_rc firn_blob_keep(struct firn_ctx *cx, struct firn_blob *blob)
{
	if (firn_arena_defer(cx, release_blob, blob) == FIRN_OK)
		return FIRN_OK;
	firn_blob_release(blob);
	return cx->err.code;
}

/* ---- table and list, under the lock --------------------------------------------------------- */

static bool same_key(const struct firn_cache_key *a, const struct firn_cache_key *b)
{
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0 &&
	       a->warehouse_id == b->warehouse_id && a->profile_version == b->profile_version &&
	       a->snapshots == b->snapshots;
}

static struct entry **bucket_of(const struct firn_cache *cache, const struct firn_cache_key *key)
{
	uint64_t hash;

	memcpy(&hash, key->sha256, sizeof(hash));
	hash ^= (uint64_t)key->snapshots;
	return &cache->buckets[hash & (cache->n_buckets - 1)];
}

static struct entry *entry_of(const struct firn_cache *cache, const struct firn_cache_key *key)
{
	struct entry *e = *bucket_of(cache, key);

	while (e && !same_key(&e->key, key))
		e = e->next;
	return e;
}

static void list_remove(struct firn_cache *cache, struct entry *e)
{
	*(e->newer ? &e->newer->older : &cache->newest) = e->older;
	*(e->older ? &e->older->newer : &cache->oldest) = e->newer;
}

static void list_push(struct firn_cache *cache, struct entry *e)
{
	e->newer = NULL;
	e->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = e;
	cache->newest = e;
}

static size_t cost_of(const struct firn_blob *blob)
{
	return sizeof(struct entry) + sizeof(*blob) + blob->n + 1;
}

static void evict_oldest(struct firn_cache *cache)
{
	struct entry *e = cache->oldest;
	struct entry **at = bucket_of(cache, &e->key);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	list_remove(cache, e);
	cache->bytes -= cost_of(e->blob);
	cache->n--;
	firn_blob_release(e->blob);
	free(e);
}

/* Long chains are slow, not wrong: without memory for more buckets it stays as it is. */
static void grow(struct firn_cache *cache)
{
	struct firn_cache wider = {.n_buckets = cache->n_buckets * 2};

	wider.buckets = calloc(wider.n_buckets, sizeof(*wider.buckets));
	if (!wider.buckets)
		return;
	for (size_t i = 0; i < cache->n_buckets; i++) {
		struct entry *next;

		for (struct entry *e = cache->buckets[i]; e; e = next) {
			struct entry **to = bucket_of(&wider, &e->key);

			next = e->next;
			e->next = *to;
			*to = e;
		}
	}
	free(cache->buckets);
	cache->buckets = wider.buckets;
	cache->n_buckets = wider.n_buckets;
}

static void insert(struct firn_cache *cache, const struct firn_cache_key *key,
		   struct firn_blob *blob)
{
	struct entry **bucket, *e;
	size_t cost = cost_of(blob);

	if (cost > cache->budget || entry_of(cache, key))
		return;
	e = malloc(sizeof(*e));
	if (!e)
		return;
	while (cache->oldest && cache->bytes + cost > cache->budget)
		evict_oldest(cache);
	if (cache->n >= cache->n_buckets)
		grow(cache);
	bucket = bucket_of(cache, key);
	*e = (struct entry){.key = *key, .blob = blob, .next = *bucket};
	*bucket = e;
	firn_blob_hold(blob);
	list_push(cache, e);
	cache->bytes += cost;
	cache->n++;
}

/* The blob held for the caller, or NULL. */
static struct firn_blob *take(struct firn_cache *cache, const struct firn_cache_key *key)
{
	struct entry *e = entry_of(cache, key);

	if (!e)
		return NULL;
	if (e != cache->newest) {
		list_remove(cache, e);
		list_push(cache, e);
	}
	cache->hits++;
	firn_blob_hold(e->blob);
	return e->blob;
}

/* ---- the door ------------------------------------------------------------------------------- */

struct firn_cache *firn_cache_new(size_t budget_bytes)
{
	struct firn_cache *cache = calloc(1, sizeof(*cache));
	pthread_condattr_t monotonic;

	if (!cache)
		return NULL;
	cache->budget = budget_bytes;
	cache->n_buckets = BUCKETS_FIRST;
	cache->buckets = calloc(cache->n_buckets, sizeof(struct entry *));
	if (!cache->buckets) {
		free(cache);
		return NULL;
	}
	pthread_mutex_init(&cache->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&cache->landed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return cache;
}

void firn_cache_free(struct firn_cache *cache)
{
	if (!cache)
		return;
	while (cache->oldest)
		evict_oldest(cache);
	free(cache->buckets);
	pthread_cond_destroy(&cache->landed);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

void firn_cache_stats(struct firn_cache *cache, struct firn_cache_stats *ret_stats)
{
	pthread_mutex_lock(&cache->lock);
	*ret_stats = (struct firn_cache_stats){cache->bytes, cache->n, cache->hits, cache->misses};
	pthread_mutex_unlock(&cache->lock);
}

struct firn_blob *firn_cache_find(struct firn_cache *cache, const struct firn_cache_key *key)
{
	struct firn_blob *blob;

	pthread_mutex_lock(&cache->lock);
	blob = take(cache, key);
	pthread_mutex_unlock(&cache->lock);
	return blob;
}

void firn_cache_put(struct firn_cache *cache, const struct firn_cache_key *key,
		    struct firn_str bytes)
{
	struct firn_blob *blob = firn_blob_new(bytes);

	if (!blob)
		return;
	pthread_mutex_lock(&cache->lock);
	insert(cache, key, blob);
	pthread_mutex_unlock(&cache->lock);
	firn_blob_release(blob);
}

/* ---- one fetch per key ---------------------------------------------------------------------- */

static struct flight *flight_of(struct firn_cache *cache, const struct firn_cache_key *key)
{
	struct flight *f = cache->flights;

	while (f && !same_key(&f->key, key))
		f = f->next;
	return f;
}

static void leave(struct flight *f)
{
	if (--f->users > 0)
		return;
	firn_blob_release(f->blob);
	free(f);
}

/* Called with the lock held, which is released; makes the blob and wakes who waits. */
static firn_rc fly(struct firn_ctx *cx, struct firn_cache *cache, struct flight *own,
		   firn_cache_make *make, void *arg, struct firn_blob **ret_blob)
{
	struct firn_str bytes;
	struct flight **at = &cache->flights;
	firn_rc rc;

	cache->misses++;
	own->users = 1;
	own->next = cache->flights;
	cache->flights = own;
	pthread_mutex_unlock(&cache->lock);

	rc = make(cx, arg, &bytes);
	if (rc == FIRN_OK) {
		own->blob = firn_blob_new(bytes);
		if (!own->blob)
			rc = firn_fail(cx, FIRN_E_UNAVAILABLE,
				       "the server is out of memory: try again later");
	}
	own->err = cx->err;

	pthread_mutex_lock(&cache->lock);
	while (*at != own)
		at = &(*at)->next;
	*at = own->next;
	own->done = true;
	if (own->blob) {
		insert(cache, &own->key, own->blob);
		firn_blob_hold(own->blob);
		*ret_blob = own->blob;
	}
	leave(own);
	pthread_cond_broadcast(&cache->landed);
	pthread_mutex_unlock(&cache->lock);
	return rc;
}

static struct timespec until(const struct firn_ctx *cx)
{
	int64_t ms = firn_deadline_ms(cx);
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Called with the lock held, which is released. *ret_blob NULL with FIRN_OK: it failed, try again.
 */
static firn_rc wait_for(struct firn_ctx *cx, struct firn_cache *cache, struct flight *f, bool last,
			struct firn_blob **ret_blob)
{
	struct timespec deadline = until(cx);
	int timed_out = 0;

	f->users++;
	while (!f->done && timed_out != ETIMEDOUT)
		timed_out = pthread_cond_timedwait(&cache->landed, &cache->lock, &deadline);
	*ret_blob = f->blob;
	if (f->blob) {
		cache->hits++;
		firn_blob_hold(f->blob);
	} else if (!f->done) {
		firn_fail(cx, FIRN_E_UNAVAILABLE,
			  "the warehouse's store is slow to answer: try again later");
	} else if (last) {
		cx->err = f->err;
	}
	leave(f);
	pthread_mutex_unlock(&cache->lock);
	return cx->err.code;
}

firn_rc firn_cache_get(struct firn_ctx *cx, struct firn_cache *cache,
		       const struct firn_cache_key *key, firn_cache_make *make, void *arg,
		       struct firn_blob **ret_blob)
{
	struct firn_blob *blob = NULL;
	struct flight *own = NULL;

	for (int waits = 0;;) {
		struct flight *f;

		pthread_mutex_lock(&cache->lock);
		blob = take(cache, key);
		f = blob ? NULL : flight_of(cache, key);
		if (!blob && !f && own)
			return fly(cx, cache, own, make, arg, ret_blob);
		if (f) {
			if (wait_for(cx, cache, f, ++waits == 2, &blob) != FIRN_OK)
				break;
		} else {
			pthread_mutex_unlock(&cache->lock);
		}
		if (blob)
			break;
		if (!own)
			own = calloc(1, sizeof(*own));
		if (!own)
			return firn_fail(cx, FIRN_E_UNAVAILABLE,
					 "the server is out of memory: try again later");
		own->key = *key;
	}
	free(own);
	if (blob)
		*ret_blob = blob;
	return cx->err.code;
}
