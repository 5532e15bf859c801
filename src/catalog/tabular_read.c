/*
 * Reads of tables and views: the pointer, and the metadata behind it. A missing namespace
 * means a missing table, as the document has it for every operation on one table.
 */
#include "cache.h"
#include "firn/arena.h"
#include "firn/compress.h"
#include "firn/crypto.h"
#include "firn/table_metadata.h"
#include "place_cache.h"
#include "tabular.h"

#define POINTER                                                                                    \
	"select w.id, w.profile_version, t.id, t.kind, t.uuid, t.version, t.name, "                \
	"t.metadata_location, t.metadata_sha256, t.metadata_length, "
#define POINTER_TYPES "bigint,bigint,bigint,text,uuid,bigint,text,text,bytea,bigint,bigint"
/* One row always, which tells what is missing. */
static const struct firn_sql pointer_sql = {
	.name = "tabular_pointer",
	.text = POINTER "n.id from (select 1) one"
			" left join warehouse w on w.name = $1 or w.uuid = $2"
			" left join namespace n on n.warehouse_id = w.id and n.path = $3"
			" left join tabular t on t.namespace_id = n.id and t.name = $4",
	.params = "text,uuid,text,text",
	.results = POINTER_TYPES,
};
/* In a namespace whose id is remembered. Without a row the answer is open. */
static const struct firn_sql pointer_in_sql = {
	.name = "tabular_pointer_in",
	.text = POINTER "t.namespace_id from tabular t join warehouse w on w.id = t.warehouse_id"
			" where t.namespace_id = $1 and t.name = $2",
	.params = "bigint,text",
	.results = POINTER_TYPES,
};

static firn_rc ask_in(struct firn_ctx *cx, int64_t namespace_id, struct firn_ask **ret_ask)
{
	struct firn_ask *ask = firn_alloc(cx, sizeof(*ask));

	if (!ask)
		return cx->err.code;
	ask->sql = &pointer_in_sql;
	*ret_ask = ask;
	return firn_param_i64(cx, &ask->params, namespace_id);
}

firn_rc firn_tabular_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, struct firn_ask **ret_ask)
{
	struct firn_str key = firn_namespace_key(cx, target);
	struct firn_ask *ask;
	int64_t namespace_id;

	if (!key.p)
		return cx->err.code;
	namespace_id = firn_place_cache_find(catalog->places, key);
	if (namespace_id)
		FIRN_TRY(ask_in(cx, namespace_id, &ask));
	else
		FIRN_TRY(firn_target_ask(cx, &pointer_sql, target, &ask));
	FIRN_TRY(firn_param_str(cx, &ask->params, target->name));
	*ret_ask = ask;
	return FIRN_OK;
}

/* The namespace is gone, or only the table isn't there: the full question will tell. */
static firn_rc forget_place(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *target)
{
	struct firn_str key = firn_namespace_key(cx, target);

	if (!key.p)
		return cx->err.code;
	firn_place_cache_drop(catalog->places, key);
	return firn_fail(cx, FIRN_E_ASK_AGAIN, "nothing is found where the namespace was");
}

static firn_rc remember_place(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_target *target, int64_t namespace_id)
{
	struct firn_str key = firn_namespace_key(cx, target);

	if (!key.p)
		return cx->err.code;
	if (firn_place_cache_find(catalog->places, key) != namespace_id)
		firn_place_cache_put(catalog->places, key, namespace_id);
	return FIRN_OK;
}

firn_rc firn_tabular_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, enum firn_kind kind,
			  const struct firn_rows *rows, struct firn_pointer *ret_pointer)
{
	struct firn_pointer pointer;

	if (firn_rows_count(rows) == 0)
		return forget_place(cx, catalog, target);
	if (firn_row_null(rows, 0, 0))
		return firn_fail_warehouse(cx, target->warehouse);
	if (!firn_row_null(rows, 0, 10))
		FIRN_TRY(remember_place(cx, catalog, target, firn_row_i64(rows, 0, 10)));
	if (firn_row_null(rows, 0, 2) || firn_kind_of(firn_row_str(rows, 0, 3)) != kind)
		return firn_fail_no_tabular(cx, kind, target);
	pointer = (struct firn_pointer){
		.kind = kind,
		.warehouse_id = firn_row_i64(rows, 0, 0),
		.profile_version = firn_row_i64(rows, 0, 1),
		.tabular_id = firn_row_i64(rows, 0, 2),
		.uuid = firn_row_str(rows, 0, 4),
		.version = firn_row_i64(rows, 0, 5),
		.name = firn_row_str(rows, 0, 6),
		.metadata_location = firn_row_str(rows, 0, 7),
		.length = firn_row_i64(rows, 0, 9),
	};
	FIRN_TRY(firn_row_bytes(cx, rows, 0, 8, pointer.sha256, sizeof(pointer.sha256)));
	*ret_pointer = pointer;
	return FIRN_OK;
}

firn_rc firn_tabular_now(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, enum firn_kind kind,
			 struct firn_pointer *ret_pointer)
{
	const struct firn_rows *rows;
	struct firn_ask *ask;
	firn_rc rc;

	for (;;) {
		FIRN_TRY(firn_tabular_ask(cx, catalog, target, &ask));
		FIRN_TRY(firn_ask_now(cx, ask, &rows));
		rc = firn_tabular_read(cx, catalog, target, kind, rows, ret_pointer);
		if (rc != FIRN_E_ASK_AGAIN)
			return rc;
		firn_err_clear(cx);
	}
}

firn_rc firn_views_check(struct firn_ctx *cx, struct firn_catalog *catalog,
			 struct firn_str warehouse, const struct firn_target *views, size_t n)
{
	const struct firn_target **targets = firn_calloc(cx, n + 1, sizeof(*targets));
	struct firn_target *copies = firn_calloc(cx, n + 1, sizeof(*copies));
	struct firn_tabular *found = firn_calloc(cx, n + 1, sizeof(*found));

	(void)catalog;
	if (!targets || !copies || !found)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		copies[i] = views[i];
		copies[i].warehouse = warehouse;
		targets[i] = &copies[i];
	}
	if (n > 0)
		FIRN_TRY(firn_tabulars_find(cx, targets, n, found));
	for (size_t i = 0; i < n; i++) {
		if (!found[i].exists || found[i].kind != FIRN_KIND_VIEW)
			return firn_fail_no_tabular(cx, FIRN_KIND_VIEW, &views[i]);
	}
	return FIRN_OK;
}

/* ---- metadata ------------------------------------------------------------------------------- */

struct fetch {
	struct firn_catalog *catalog;
	const struct firn_pointer *pointer;
};

static struct firn_cache_key key_of(const struct firn_pointer *pointer,
				    enum firn_snapshots snapshots)
{
	struct firn_cache_key key = {
		.warehouse_id = pointer->warehouse_id,
		.profile_version = pointer->profile_version,
		.snapshots = snapshots,
	};

	memcpy(key.sha256, pointer->sha256, sizeof(key.sha256));
	return key;
}

firn_rc firn_metadata_inflate(struct firn_ctx *cx, struct firn_catalog *catalog,
			      struct firn_str bytes, struct firn_str *ret_text)
{
	if (bytes.n >= 2 && (unsigned char)bytes.p[0] == 0x1f && (unsigned char)bytes.p[1] == 0x8b)
		return firn_gunzip(cx, bytes, catalog->config.metadata_ceiling, ret_text);
	*ret_text = bytes;
	return FIRN_OK;
}

static firn_rc fetch_all(struct firn_ctx *cx, void *arg, struct firn_str *ret_bytes)
{
	const struct fetch *fetch = arg;
	const struct firn_pointer *pointer = fetch->pointer;
	unsigned char sha256[FIRN_SHA256_BYTES];
	struct firn_store *store;
	struct firn_str bytes;

	FIRN_TRY(firn_store_of(cx, fetch->catalog, pointer->warehouse_id, pointer->profile_version,
			       &store));
	FIRN_TRY(firn_store_get(cx, store, pointer->metadata_location,
				fetch->catalog->config.metadata_ceiling, &bytes));
	firn_sha256(bytes.p, bytes.n, sha256);
	if (memcmp(sha256, pointer->sha256, sizeof(sha256)) != 0)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "The metadata file of %s '%.*s' is not the one that was "
				 "committed: restore %.*s",
				 firn_kind_word(pointer->kind),
				 FIRN_FMT(firn_name_show(cx, pointer->name)),
				 FIRN_FMT(pointer->metadata_location));
	return firn_metadata_inflate(cx, fetch->catalog, bytes, ret_bytes);
}

firn_rc firn_metadata_fetch(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_pointer *pointer, struct firn_blob **ret_blob)
{
	struct firn_cache_key key = key_of(pointer, FIRN_SNAPSHOTS_ALL);
	struct fetch fetch = {catalog, pointer};
	struct firn_blob *cached = firn_cache_find(catalog->cache, &key);

	if (cached) {
		*ret_blob = cached;
		return FIRN_OK;
	}
	if (!cx->db)
		return firn_fail(cx, FIRN_E_NEEDS_LANE, "the metadata isn't cached");
	return firn_cache_get(cx, catalog->cache, &key, fetch_all, &fetch, ret_blob);
}

static firn_rc make_refs(struct firn_ctx *cx, void *arg, struct firn_str *ret_bytes)
{
	const struct fetch *fetch = arg;
	struct firn_blob *all;

	FIRN_TRY(firn_metadata_fetch(cx, fetch->catalog, fetch->pointer, &all));
	FIRN_TRY(firn_blob_keep(cx, all));
	return firn_table_metadata_refs_only(cx, firn_blob_bytes(all), ret_bytes);
}

static firn_rc get_refs(struct firn_ctx *cx, struct firn_catalog *catalog,
			const struct firn_pointer *pointer, struct firn_blob **ret_blob)
{
	struct firn_cache_key key = key_of(pointer, FIRN_SNAPSHOTS_REFS);
	struct fetch fetch = {catalog, pointer};
	struct firn_blob *cached = firn_cache_find(catalog->cache, &key);

	if (cached) {
		*ret_blob = cached;
		return FIRN_OK;
	}
	if (!cx->db)
		return firn_fail(cx, FIRN_E_NEEDS_LANE, "the metadata's short form isn't cached");
	return firn_cache_get(cx, catalog->cache, &key, make_refs, &fetch, ret_blob);
}

firn_rc firn_metadata_get(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_pointer *pointer, enum firn_snapshots snapshots,
			  struct firn_blob **ret_blob)
{
	struct firn_blob *blob = NULL;
	firn_rc rc;

	if (snapshots == FIRN_SNAPSHOTS_REFS && pointer->kind == FIRN_KIND_TABLE)
		rc = get_refs(cx, catalog, pointer, &blob);
	else
		rc = firn_metadata_fetch(cx, catalog, pointer, &blob);
	if (rc == FIRN_E_STORE_NOT_FOUND) {
		firn_err_clear(cx);
		/* Type and wording are the reference's: clients tell a missing file from a missing
		 * table. */
		return firn_fail(cx, FIRN_E_NOT_FOUND,
				 "Failed to open input stream for file: %.*s: the metadata of %s "
				 "'%.*s' is gone, restore it",
				 FIRN_FMT(pointer->metadata_location),
				 firn_kind_word(pointer->kind),
				 FIRN_FMT(firn_name_show(cx, pointer->name)));
	}
	if (rc != FIRN_OK)
		return firn_fault(cx, "read the table's metadata");
	*ret_blob = blob;
	return FIRN_OK;
}
