/*
 * The cache of metadata files: immutable bytes, shared by all threads, least recently used go
 * first. A key names content, so nothing in it is ever stale; the only rule of invalidation is the
 * budget.
 */
#ifndef FIRN_CATALOG_CACHE_H
#define FIRN_CATALOG_CACHE_H

#include "firn/catalog.h"

struct firn_cache;
struct firn_cache_key {
	int64_t warehouse_id, profile_version;
	unsigned char sha256[32]; /* of the file as it is in the store */
	enum firn_snapshots snapshots;
};

struct firn_cache *firn_cache_new(size_t budget_bytes); /* NULL without memory */
void firn_cache_free(struct firn_cache *cache);		/* NULL is allowed */
/* The blob, held once for the caller, or NULL. Never waits. */
struct firn_blob *firn_cache_find(struct firn_cache *cache, const struct firn_cache_key *key);
/* What a key stands for; called without the cache's lock. The bytes are copied. */
typedef firn_rc firn_cache_make(struct firn_ctx *cx, void *arg, struct firn_str *ret_bytes);
/* As find; what is missing is made by one caller while the others wait for it, each until its own
 * deadline (UNAVAILABLE). A failure is the maker's and theirs who waited for it twice. */
firn_rc firn_cache_get(struct firn_ctx *cx, struct firn_cache *cache,
		       const struct firn_cache_key *key, firn_cache_make *make, void *arg,
		       struct firn_blob **ret_blob) FIRN_MUST;
/* Puts bytes that are at hand anyway; without memory it doesn't. */
void firn_cache_put(struct firn_cache *cache, const struct firn_cache_key *key,
		    struct firn_str bytes);
void firn_cache_stats(struct firn_cache *cache, struct firn_cache_stats *ret_stats);

/* A copy of the bytes, held once for the caller; NULL without memory. */
struct firn_blob *firn_blob_new(struct firn_str bytes);
/* Ties a held blob to the request; on failure it is released at once. */
firn_rc firn_blob_keep(struct firn_ctx *cx, struct firn_blob *blob) FIRN_MUST;

#endif
