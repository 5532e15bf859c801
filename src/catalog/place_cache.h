/*
 * Ids of namespaces by warehouse and path, so that a load is one look-up instead of three. Ids are
 * never given twice and namespaces never move: an entry can only be of a namespace that is gone,
 * and then nothing is found beneath it. Whoever finds nothing drops the entry and asks in full.
 */
#ifndef FIRN_CATALOG_PLACE_CACHE_H
#define FIRN_CATALOG_PLACE_CACHE_H

#include "firn/catalog.h"

struct firn_place_cache;
struct firn_place_cache *firn_place_cache_new(void);	    /* NULL without memory */
void firn_place_cache_free(struct firn_place_cache *cache); /* NULL is allowed */

/* "warehouse, path" as one text; names hold no control characters, so its parts can't run into each
 * other. NONE with cx->err set without memory. */
struct firn_str firn_namespace_key(struct firn_ctx *cx, const struct firn_target *target);
/* 0: not known. */
int64_t firn_place_cache_find(struct firn_place_cache *cache, struct firn_str key);
void firn_place_cache_put(struct firn_place_cache *cache, struct firn_str key, int64_t id);
void firn_place_cache_drop(struct firn_place_cache *cache, struct firn_str key);

#endif
