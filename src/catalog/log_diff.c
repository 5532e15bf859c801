/* The commit log: listing it, and what changed between two of its versions. */
#include "cache.h"
#include "commit.h"
#include "firn/arena.h"
#include "versions.h"

static const struct firn_sql version_sql = {
	.name = "version_find",
	.text = "select metadata_location, metadata_sha256, metadata_length from commit_log"
		" where tabular_id = $1 and version = $2",
	.params = "bigint,bigint",
	.results = "text,bytea,bigint",
};
static const struct firn_sql before_sql = {
	.name = "version_before",
	.text = "select max(version) from commit_log where tabular_id = $1 and version < $2",
	.params = "bigint,bigint",
	.results = "bigint",
};
static const struct firn_sql log_sql = {
	.name = "version_log",
	.text = "select version, commit_id,"
		" to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), principal, "
		"request_id,"
		" operation, update_kinds, metadata_location, old_metadata_location, snapshot_id"
		" from commit_log where tabular_id = $1 and version < $2 order by version desc "
		"limit $3",
	.params = "bigint,bigint,bigint",
	.results = "bigint,uuid,text,text,text,text,text[],text,text,bigint",
};

firn_rc firn_version_text(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, const struct firn_tabular *tabular,
			  int64_t version, struct firn_str *ret_text)
{
	struct firn_pointer pointer = firn_tabular_pointer(tabular);
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_blob *blob;
	firn_rc rc;

	FIRN_TRY(firn_param_i64(cx, &p, tabular->id));
	FIRN_TRY(firn_param_i64(cx, &p, version));
	FIRN_TRY(firn_db_query(cx, &version_sql, &p, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_NOT_FOUND, "'%.*s' has no version %lld: see its log",
				 FIRN_FMT(firn_target_text(cx, target)), (long long)version);
	pointer.version = version;
	pointer.metadata_location = firn_row_str(rows, 0, 0);
	FIRN_TRY(firn_row_bytes(cx, rows, 0, 1, pointer.sha256, sizeof(pointer.sha256)));
	pointer.length = firn_row_i64(rows, 0, 2);
	rc = firn_metadata_fetch(cx, catalog, &pointer, &blob);
	if (rc == FIRN_E_STORE_NOT_FOUND) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_NOT_FOUND,
				 "the metadata file of version %lld of '%.*s' is gone: %.*s",
				 (long long)version, FIRN_FMT(firn_target_text(cx, target)),
				 FIRN_FMT(pointer.metadata_location));
	}
	if (rc != FIRN_OK)
		return firn_fault(cx, "read the version's metadata");
	FIRN_TRY(firn_blob_keep(cx, blob));
	*ret_text = firn_blob_bytes(blob);
	return FIRN_OK;
}

/* ---- log ------------------------------------------------------------------------------------ */

static void write_commit(struct firn_jw *out, const struct firn_rows *rows, size_t i,
			 const struct firn_strs *kinds)
{
	static const char *const texts[] = {
		NULL,	     "commit-id",	  "at",
		"principal", "request-id",	  "operation",
		NULL,	     "metadata-location", "old-metadata-location"};

	firn_jw_begin(out, '{');
	firn_jw_key(out, "version");
	firn_jw_i64_str(out, firn_row_i64(rows, i, 0));
	for (unsigned column = 0; column < sizeof(texts) / sizeof(*texts); column++) {
		if (!texts[column] || firn_row_null(rows, i, column))
			continue;
		firn_jw_key(out, texts[column]);
		firn_jw_str(out, firn_row_str(rows, i, column));
	}
	firn_jw_key(out, "update-kinds");
	firn_jw_strs(out, kinds);
	if (!firn_row_null(rows, i, 9)) {
		firn_jw_key(out, "snapshot-id");
		firn_jw_i64_str(out, firn_row_i64(rows, i, 9));
	}
	firn_jw_end(out, '}');
}

/* Before the version that the last page ended with; all when it is the first. */
static firn_rc ask_log(struct firn_ctx *cx, int64_t id, struct firn_str after, int64_t limit,
		       const struct firn_rows **ret_rows)
{
	struct firn_params p = {0};
	int64_t before = INT64_MAX;

	if (after.n > 0 && !firn_str_i64(after, &before))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "pageToken is not one that this log gave out");
	FIRN_TRY(firn_param_i64(cx, &p, id));
	FIRN_TRY(firn_param_i64(cx, &p, before));
	if (limit > 0)
		FIRN_TRY(firn_param_i64(cx, &p, limit + 1));
	else
		FIRN_TRY(firn_param_null(cx, &p));
	return firn_db_query(cx, &log_sql, &p, ret_rows);
}

firn_rc firn_tabular_log(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, const struct firn_page *page,
			 struct firn_jw *out)
{
	struct firn_str after, scope;
	struct firn_tabular tabular;
	const struct firn_rows *rows;
	struct firn_page_answer answer;
	struct firn_strs keys = {NULL, 0}, kinds;
	int64_t limit;
	size_t n;

	FIRN_TRY(firn_tabular_any(cx, target, &tabular));
	scope = firn_printf(cx, "log %lld", (long long)tabular.id);
	FIRN_TRY(firn_page_start(cx, catalog, scope, page, &after, &limit));
	FIRN_TRY(ask_log(cx, tabular.id, after, limit, &rows));
	n = firn_rows_count(rows);
	keys.items = firn_calloc(cx, n + 1, sizeof(*keys.items));
	if (!keys.items)
		return cx->err.code;
	for (; keys.n < n; keys.n++)
		keys.items[keys.n] = firn_row_str(rows, keys.n, 0);
	FIRN_TRY(firn_page_finish(cx, catalog, scope, limit, &keys, &n, &answer));
	firn_jw_begin(out, '{');
	firn_jw_key(out, "commits");
	firn_jw_begin(out, '[');
	for (size_t i = 0; i < n; i++) {
		FIRN_TRY(firn_row_strs(cx, rows, i, 6, &kinds));
		write_commit(out, rows, i, &kinds);
	}
	firn_page_close(out, &answer);
	return FIRN_OK;
}

/* ---- diff ----------------------------------------------------------------------------------- */

static firn_rc version_before(struct firn_ctx *cx, int64_t id, int64_t version,
			      int64_t *ret_version)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &p, id));
	FIRN_TRY(firn_param_i64(cx, &p, version));
	FIRN_TRY(firn_db_query(cx, &before_sql, &p, &rows));
	*ret_version = firn_row_i64(rows, 0, 0);
	return FIRN_OK;
}

static firn_rc diff_tables(struct firn_ctx *cx, struct firn_str from, struct firn_str to,
			   struct firn_jw *out)
{
	const struct firn_table_metadata *old = NULL, *new;

	if (from.p)
		FIRN_TRY(firn_table_metadata_parse(cx, from, &old));
	FIRN_TRY(firn_table_metadata_parse(cx, to, &new));
	return firn_table_metadata_diff(cx, old, new, out);
}

static firn_rc diff_views(struct firn_ctx *cx, struct firn_str from, struct firn_str to,
			  struct firn_jw *out)
{
	const struct firn_view_metadata *old = NULL, *new;

	if (from.p)
		FIRN_TRY(firn_view_metadata_parse(cx, from, &old));
	FIRN_TRY(firn_view_metadata_parse(cx, to, &new));
	return firn_view_metadata_diff(cx, old, new, out);
}

firn_rc firn_tabular_diff(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, int64_t from, int64_t to,
			  struct firn_jw *out)
{
	struct firn_str old = FIRN_STR_NONE, new;
	struct firn_tabular tabular;

	FIRN_TRY(firn_tabular_any(cx, target, &tabular));
	if (to == 0)
		to = tabular.version;
	if (from == 0)
		FIRN_TRY(version_before(cx, tabular.id, to, &from));
	FIRN_TRY(firn_version_text(cx, catalog, target, &tabular, to, &new));
	if (from != 0)
		FIRN_TRY(firn_version_text(cx, catalog, target, &tabular, from, &old));
	return tabular.kind == FIRN_KIND_VIEW ? diff_views(cx, old, new, out)
					      : diff_tables(cx, old, new, out);
}
