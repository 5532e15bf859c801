/*
 * The process-wide part of the catalog: configuration, the key of page tokens, the caches and the
 * counters. Refuses to open on a configuration that could not work.
 */
#include <stdlib.h>

#include "cache.h"
#include "firn/crypto.h"
#include "list_cache.h"
#include "place_cache.h"
#include "stores.h"

enum { LISTS_SHARE = 8 }; /* lists get one part in so many of the caches' budget */

static const struct firn_sql make_key_sql = {
	.name = "page_key_make",
	.text = "insert into setting (name, value) values ('page_token_key', $1) on conflict do "
		"nothing",
	.params = "bytea",
	.results = "",
};
static const struct firn_sql load_key_sql = {
	.name = "page_key_load",
	.text = "select value from setting where name = 'page_token_key'",
	.params = "",
	.results = "bytea",
};

/* The first replica makes the key, all use the same one. */
static firn_rc load_page_key(struct firn_ctx *cx, unsigned char key[static 32])
{
	struct firn_params params = {0};
	const struct firn_rows *rows;
	unsigned char fresh[32];

	firn_random(fresh, sizeof(fresh));
	FIRN_TRY(firn_param_bytes(cx, &params, fresh, sizeof(fresh)));
	FIRN_TRY(firn_db_run(cx, &make_key_sql, &params, NULL));
	FIRN_TRY(firn_db_query(cx, &load_key_sql, NULL, &rows));
	if (firn_rows_count(rows) != 1)
		return firn_fail(cx, FIRN_E_INTERNAL, "the database lost the key of page tokens");
	return firn_row_bytes(cx, rows, 0, 0, key, 32);
}

firn_rc firn_catalog_open(struct firn_ctx *cx, const struct firn_catalog_config *config,
			  struct firn_catalog **ret_catalog)
{
	struct firn_catalog *catalog;

	if (config->commit_attempts < 1 || config->idempotency_seconds < 1 ||
	    config->staged_seconds < 1 || config->metadata_ceiling == 0)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "commit_attempts, idempotency_lifetime, staged_lifetime and "
				 "metadata_limit must be at"
				 " least 1");
	catalog = calloc(1, sizeof(*catalog));
	if (!catalog)
		return firn_fail(cx, FIRN_E_INTERNAL, "no memory for the catalog");
	catalog->config = *config;
	catalog->cache = firn_cache_new(config->cache_bytes - config->cache_bytes / LISTS_SHARE);
	catalog->lists = firn_list_cache_new(config->cache_bytes / LISTS_SHARE);
	catalog->places = firn_place_cache_new();
	catalog->stores = firn_stores_new();
	if (!catalog->cache || !catalog->lists || !catalog->places || !catalog->stores)
		firn_fail(cx, FIRN_E_INTERNAL, "no memory for the catalog's caches");
	else if (load_page_key(cx, catalog->page_key) == FIRN_OK)
		*ret_catalog = catalog;
	if (cx->err.code != FIRN_OK)
		firn_catalog_free(catalog);
	return cx->err.code;
}

void firn_catalog_free(struct firn_catalog *catalog)
{
	if (!catalog)
		return;
	firn_cache_free(catalog->cache);
	firn_list_cache_free(catalog->lists);
	firn_place_cache_free(catalog->places);
	firn_stores_free(catalog->stores);
	firn_wipe(catalog->config.master_key, sizeof(catalog->config.master_key));
	firn_wipe(catalog->page_key, sizeof(catalog->page_key));
	free(catalog);
}

void firn_catalog_cache_stats(struct firn_catalog *catalog, struct firn_cache_stats *ret_stats)
{
	firn_cache_stats(catalog->cache, ret_stats);
}

void firn_catalog_commit_stats(struct firn_catalog *catalog, struct firn_commit_stats *ret_stats)
{
	*ret_stats = (struct firn_commit_stats){
		.committed = catalog->committed,
		.conflicts = catalog->conflicts,
		.retries = catalog->retries,
		.unknown = catalog->unknown,
	};
}

int64_t firn_catalog_idempotency_seconds(const struct firn_catalog *catalog)
{
	return catalog->config.idempotency_seconds;
}
