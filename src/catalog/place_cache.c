/* A table of slots, each with the last namespace whose key fell there. */
#include "place_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "internal.h"

enum { SLOTS = 4096, KEY_BYTES = FIRN_PATH_BYTES + 512 };

struct entry {
	int64_t id;
	size_t n;
	char key[];
};

struct firn_place_cache {
	pthread_mutex_t lock;
	struct entry *slots[SLOTS];
};

struct firn_place_cache *firn_place_cache_new(void)
{
	struct firn_place_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void firn_place_cache_free(struct firn_place_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(cache->slots[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

struct firn_str firn_namespace_key(struct firn_ctx *cx, const struct firn_target *target)
{
	struct firn_buf key;
	struct firn_str text;

	firn_buf_init(&key, cx, KEY_BYTES);
	firn_buf_str(&key, target->warehouse);
	firn_buf_char(&key, '\n');
	firn_buf_str(&key, firn_levels_path(cx, &target->levels));
	return firn_buf_end(&key, &text) == FIRN_OK ? text : FIRN_STR_NONE;
}

static struct entry **slot_of(struct firn_place_cache *cache, struct firn_str key)
{
	return &cache->slots[firn_str_hash(0, key) % SLOTS];
}

static bool is(const struct entry *e, struct firn_str key)
{
	return e && firn_str_eq((struct firn_str){e->key, e->n}, key);
}

int64_t firn_place_cache_find(struct firn_place_cache *cache, struct firn_str key)
{
	struct entry **slot = slot_of(cache, key);
	int64_t id;

	pthread_mutex_lock(&cache->lock);
	id = is(*slot, key) ? (*slot)->id : 0;
	pthread_mutex_unlock(&cache->lock);
	return id;
}

/* Leaves entry, which may be NULL, in the slot. */
static void replace(struct firn_place_cache *cache, struct entry **slot, struct entry *entry)
{
	struct entry *old;

	pthread_mutex_lock(&cache->lock);
	old = *slot;
	*slot = entry;
	pthread_mutex_unlock(&cache->lock);
	free(old);
}

void firn_place_cache_put(struct firn_place_cache *cache, struct firn_str key, int64_t id)
{
	struct entry *e = malloc(sizeof(*e) + key.n);

	if (!e)
		return;
	e->id = id;
	e->n = key.n;
	memcpy(e->key, key.p, key.n);
	replace(cache, slot_of(cache, key), e);
}

void firn_place_cache_drop(struct firn_place_cache *cache, struct firn_str key)
{
	if (firn_place_cache_find(cache, key))
		replace(cache, slot_of(cache, key), NULL);
}
