/*
 * Whole lists of tables or views, as the bytes of their answers. An entry is right while PostgreSQL
 * finds no membership_change outside the snapshot that the list was read under; whoever uses one
 * asks. A list takes the place of the one that has its slot.
 */
#ifndef FIRN_CATALOG_LIST_CACHE_H
#define FIRN_CATALOG_LIST_CACHE_H

#include "firn/catalog.h"

struct firn_list_cache;
/* What an entry was read as. Strings live in the arena, the body as long as the ctx's arena. */
struct firn_list_version {
	int64_t namespace_id;
	struct firn_str snapshot; /* pg_snapshot; NONE: no entry */
	struct firn_blob *body;
};

struct firn_list_cache *firn_list_cache_new(size_t budget_bytes); /* NULL without memory */
void firn_list_cache_free(struct firn_list_cache *cache);	  /* NULL is allowed */
/* What is kept under a key that names warehouse, namespace and kind, if it isn't too old. */
firn_rc firn_list_cache_find(struct firn_ctx *cx, struct firn_list_cache *cache,
			     struct firn_str key, struct firn_list_version *ret_version) FIRN_MUST;
/* Keeps a body; beyond the budget or without memory it doesn't. read_ns: monotonic time before the
 * list was read. */
void firn_list_cache_put(struct firn_list_cache *cache, struct firn_str key, int64_t read_ns,
			 int64_t namespace_id, struct firn_str snapshot, struct firn_str body);

#endif
