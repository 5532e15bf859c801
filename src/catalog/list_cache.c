/* Lists in memory: a table of slots, each with the last list whose key fell there. */
#include "list_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "cache.h"
#include "firn/arena.h"
#include "firn/clock.h"

/* Well below the hour for which tidying leaves the changes that a list is judged by. */
#define KEPT_NS (600 * INT64_C(1000000000))

enum { SLOTS = 1024 };

struct entry {
	int64_t read_ns, namespace_id;
	struct firn_blob *body;
	size_t key_n, snapshot_n;
	char text[]; /* key, then snapshot */
};

struct firn_list_cache {
	pthread_mutex_t lock;
	size_t budget, bytes;
	struct entry *slots[SLOTS];
};

struct firn_list_cache *firn_list_cache_new(size_t budget_bytes)
{
	struct firn_list_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->budget = budget_bytes;
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

static struct entry **slot_of(struct firn_list_cache *cache, struct firn_str key)
{
	return &cache->slots[firn_str_hash(0, key) % SLOTS];
}

static size_t cost_of(const struct entry *e)
{
	return sizeof(*e) + e->key_n + e->snapshot_n + firn_blob_bytes(e->body).n;
}

static void empty(struct firn_list_cache *cache, struct entry **slot)
{
	if (!*slot)
		return;
	cache->bytes -= cost_of(*slot);
	firn_blob_release((*slot)->body);
	free(*slot);
	*slot = NULL;
}

void firn_list_cache_free(struct firn_list_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		empty(cache, &cache->slots[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* Under the lock. */
static void look(struct firn_ctx *cx, struct firn_list_cache *cache, struct firn_str key,
		 struct firn_list_version *ret_version)
{
	struct entry *e = *slot_of(cache, key);

	if (!e || !firn_str_eq((struct firn_str){e->text, e->key_n}, key) ||
	    firn_monotonic_ns(cx) - e->read_ns > KEPT_NS)
		return;
	ret_version->snapshot =
		firn_str_dup(cx, (struct firn_str){e->text + e->key_n, e->snapshot_n});
	ret_version->namespace_id = e->namespace_id;
	ret_version->body = e->body;
	firn_blob_hold(e->body);
}

firn_rc firn_list_cache_find(struct firn_ctx *cx, struct firn_list_cache *cache,
			     struct firn_str key, struct firn_list_version *ret_version)
{
	struct firn_list_version version = {0};

	pthread_mutex_lock(&cache->lock);
	look(cx, cache, key, &version);
	pthread_mutex_unlock(&cache->lock);
	if (version.body)
		FIRN_TRY(firn_blob_keep(cx, version.body));
	*ret_version = version;
	return cx->err.code;
}

static struct entry *entry_new(struct firn_str key, struct firn_str snapshot, struct firn_str body)
{
	struct entry *e = malloc(sizeof(*e) + key.n + snapshot.n);

	if (!e)
		return NULL;
	*e = (struct entry){.key_n = key.n, .snapshot_n = snapshot.n};
	memcpy(e->text, key.p, key.n);
	memcpy(e->text + key.n, snapshot.p, snapshot.n);
	e->body = firn_blob_new(body);
	if (e->body)
		return e;
	free(e);
	return NULL;
}

void firn_list_cache_put(struct firn_list_cache *cache, struct firn_str key, int64_t read_ns,
			 int64_t namespace_id, struct firn_str snapshot, struct firn_str body)
{
	struct entry *e, **slot = slot_of(cache, key);

	if (body.n > cache->budget / 4)
		return;
	e = entry_new(key, snapshot, body);
	if (!e)
		return;
	e->read_ns = read_ns;
	e->namespace_id = namespace_id;
	pthread_mutex_lock(&cache->lock);
	empty(cache, slot);
	cache->bytes += cost_of(e);
	*slot = e;
	for (size_t i = 0; i < SLOTS && cache->bytes > cache->budget; i++)
		if (&cache->slots[i] != slot)
			empty(cache, &cache->slots[i]);
	pthread_mutex_unlock(&cache->lock);
}
