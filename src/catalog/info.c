/* What management shows beside the protocol: one table or view in detail, and what undrop can bring
 * back. */
#include "firn/arena.h"
#include "internal.h"

static const struct firn_sql info_sql = {
	.name = "tabular_info",
	.text = "select w.id, n.id, t.kind, t.uuid, t.version, t.location, t.metadata_location,"
		" t.metadata_length, t.protected,"
		" to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"
		" to_char(t.updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
		" from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = $3"
		" left join tabular t on t.namespace_id = n.id and t.name = $4",
	.params = "text,uuid,text,text",
	.results = "bigint,bigint,text,uuid,bigint,text,text,bigint,boolean,text,text",
};
static const struct firn_sql dropped_sql = {
	.name = "dropped_list",
	.text = "select w.id, d.namespace_path, d.name, d.kind, d.uuid, d.version, d.location, "
		"d.dropped_by,"
		" to_char(d.dropped_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"
		" to_char(d.restorable_until at time zone 'UTC', "
		"'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), d.key"
		" from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join lateral (select s.* from (select x.*,"
		" x.namespace_path || chr(30) || x.name || chr(30) || lpad(x.id::text, 20, '0') as "
		"key"
		" from dropped x where x.warehouse_id = w.id and x.restorable_until > now()) s"
		" where s.key > $3 order by s.key limit $4) d on true"
		" order by d.key",
	.params = "text,uuid,text,bigint",
	.results = "bigint,text,text,text,uuid,bigint,text,text,text,text,text",
};

static firn_rc ask_info(struct firn_ctx *cx, const struct firn_target *target,
			const struct firn_rows **ret_rows)
{
	struct firn_str path = firn_levels_path(cx, &target->levels);
	struct firn_params params = {0};

	if (!path.p)
		return cx->err.code;
	FIRN_TRY(firn_param_prefix(cx, &params, target->warehouse));
	FIRN_TRY(firn_param_str(cx, &params, path));
	FIRN_TRY(firn_param_str(cx, &params, target->name));
	FIRN_TRY(firn_db_query(cx, &info_sql, &params, ret_rows));
	FIRN_TRY(firn_place_judge(cx, target, *ret_rows, 0, 1));
	if (firn_row_null(*ret_rows, 0, 2))
		return firn_fail(cx, FIRN_E_NO_SUCH_TABLE, "Table or view does not exist: %.*s",
				 FIRN_FMT(firn_target_text(cx, target)));
	return FIRN_OK;
}

static void member(struct firn_jw *out, const char *key, struct firn_str value)
{
	firn_jw_key(out, key);
	firn_jw_str(out, value);
}

static void number(struct firn_jw *out, const char *key, int64_t value)
{
	firn_jw_key(out, key);
	firn_jw_i64_str(out, value);
}

firn_rc firn_tabular_info(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, struct firn_jw *out)
{
	const struct firn_rows *rows;

	(void)catalog;
	FIRN_TRY(ask_info(cx, target, &rows));
	firn_jw_begin(out, '{');
	member(out, "kind", firn_row_str(rows, 0, 2));
	member(out, "id", firn_row_str(rows, 0, 3));
	firn_jw_key(out, "namespace");
	firn_jw_strs(out, &target->levels);
	member(out, "name", target->name);
	number(out, "version", firn_row_i64(rows, 0, 4));
	member(out, "location", firn_row_str(rows, 0, 5));
	member(out, "metadata-location", firn_row_str(rows, 0, 6));
	number(out, "metadata-length", firn_row_i64(rows, 0, 7));
	firn_jw_key(out, "protected");
	firn_jw_bool(out, firn_row_bool(rows, 0, 8));
	member(out, "created-at", firn_row_str(rows, 0, 9));
	member(out, "updated-at", firn_row_str(rows, 0, 10));
	firn_jw_end(out, '}');
	return FIRN_OK;
}

static firn_rc write_dropped(struct firn_ctx *cx, struct firn_jw *out, const struct firn_rows *rows,
			     size_t row)
{
	struct firn_strs levels;

	FIRN_TRY(firn_path_levels(cx, firn_row_str(rows, row, 1), &levels));
	firn_jw_begin(out, '{');
	firn_jw_key(out, "namespace");
	firn_jw_strs(out, &levels);
	member(out, "name", firn_row_str(rows, row, 2));
	member(out, "kind", firn_row_str(rows, row, 3));
	member(out, "id", firn_row_str(rows, row, 4));
	number(out, "version", firn_row_i64(rows, row, 5));
	member(out, "location", firn_row_str(rows, row, 6));
	member(out, "dropped-by", firn_row_str(rows, row, 7));
	member(out, "dropped-at", firn_row_str(rows, row, 8));
	member(out, "restorable-until", firn_row_str(rows, row, 9));
	firn_jw_end(out, '}');
	return FIRN_OK;
}

static firn_rc ask_dropped(struct firn_ctx *cx, struct firn_str warehouse, struct firn_str after,
			   int64_t limit, const struct firn_rows **ret_rows)
{
	struct firn_params params = {0};

	FIRN_TRY(firn_param_prefix(cx, &params, warehouse));
	FIRN_TRY(firn_param_page(cx, &params, after, limit));
	FIRN_TRY(firn_db_query(cx, &dropped_sql, &params, ret_rows));
	return firn_row_null(*ret_rows, 0, 0) ? firn_fail_warehouse(cx, warehouse) : FIRN_OK;
}

firn_rc firn_dropped_list(struct firn_ctx *cx, struct firn_catalog *catalog,
			  struct firn_str warehouse, const struct firn_page *page,
			  struct firn_jw *out)
{
	struct firn_str scope = firn_printf(cx, "dropped/%.*s", FIRN_FMT(warehouse)), after;
	struct firn_page paged = *page;
	struct firn_page_answer answer;
	const struct firn_rows *rows;
	struct firn_strs keys;
	int64_t limit;

	if (!scope.p)
		return cx->err.code;
	paged.paged = true;
	FIRN_TRY(firn_page_start(cx, catalog, scope, &paged, &after, &limit));
	FIRN_TRY(ask_dropped(cx, warehouse, after, limit, &rows));
	FIRN_TRY(firn_rows_names(cx, rows, 10, &keys));
	FIRN_TRY(firn_page_finish(cx, catalog, scope, limit, &keys, &keys.n, &answer));
	firn_jw_begin(out, '{');
	firn_jw_key(out, "dropped");
	firn_jw_begin(out, '[');
	for (size_t i = 0; i < keys.n; i++)
		FIRN_TRY(write_dropped(cx, out, rows, i));
	firn_page_close(out, &answer);
	return FIRN_OK;
}
