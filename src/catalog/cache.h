/* Metadata bytes, shared by all threads: by warehouse, profile version and hash, within a budget. */
#ifndef FIRN_CATALOG_CACHE_H
#define FIRN_CATALOG_CACHE_H

#include "internal.h"

struct firn_cache *firn_cache_new(size_t budget); /* NULL without memory */
void firn_cache_free(struct firn_cache *cache);
void firn_cache_stats(struct firn_cache *cache, struct firn_cache_stats *ret_stats);

#endif
