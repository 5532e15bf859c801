/* Finding tables and views by a part of their name (ASCII letters in either case), page by page. */
#include "firn/arena.h"
#include "internal.h"

#define TEXT_BYTES 255

/* The key orders by warehouse, namespace and name; U+001E sorts before every byte a name may have.
 */
static const struct firn_sql search_sql = {
	.name = "search_tabulars",
	.text = "select $2::text is null or exists (select from warehouse where name = $2 or uuid "
		"= $3),"
		" h.warehouse, h.path, h.name, h.kind, h.uuid, h.key from (select 1) one"
		" left join lateral (select s.* from (select w.name as warehouse, n.path, t.name, "
		"t.kind, t.uuid,"
		" w.name || chr(30) || n.path || chr(30) || t.name as key"
		" from tabular t join namespace n on n.id = t.namespace_id join warehouse w on "
		"w.id = t.warehouse_id"
		" where strpos(lower(t.name), lower($1 collate \"C\")) > 0"
		" and ($2::text is null or w.name = $2 or w.uuid = $3)) s"
		" where s.key > $4 order by s.key limit $5) h on true"
		" order by h.key",
	.params = "text,text,uuid,text,bigint",
	.results = "boolean,text,text,text,text,uuid,text",
};

static firn_rc scope_of(struct firn_ctx *cx, struct firn_str text, struct firn_str warehouse,
			struct firn_str *ret_scope)
{
	if (text.n > TEXT_BYTES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the text to search for is %zu bytes long: use at most %d", text.n,
				 TEXT_BYTES);
	if (text.n > 0 && memchr(text.p, '\0', text.n))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the text to search for contains a NUL: remove it");
	*ret_scope = firn_printf(cx, "search/%.*s/%.*s", FIRN_FMT(warehouse), FIRN_FMT(text));
	return ret_scope->p ? FIRN_OK : cx->err.code;
}

/* A search never answers without a bound. */
static struct firn_page bounded(const struct firn_page *page)
{
	struct firn_page copy = *page;

	copy.paged = true;
	return copy;
}

firn_rc firn_search_ask(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str text,
			struct firn_str warehouse, const struct firn_page *page,
			struct firn_ask **ret_ask)
{
	struct firn_ask *ask = firn_alloc(cx, sizeof(*ask));
	struct firn_page paged = bounded(page);
	struct firn_str scope, after;
	int64_t limit;

	if (!ask)
		return cx->err.code;
	FIRN_TRY(scope_of(cx, text, warehouse, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, &paged, &after, &limit));
	ask->sql = &search_sql;
	FIRN_TRY(firn_param_str(cx, &ask->params, text.p ? text : FIRN_STR("")));
	if (warehouse.n > 0) {
		FIRN_TRY(firn_param_prefix(cx, &ask->params, warehouse));
	} else {
		FIRN_TRY(firn_param_null(cx, &ask->params));
		FIRN_TRY(firn_param_null(cx, &ask->params));
	}
	FIRN_TRY(firn_param_page(cx, &ask->params, after, limit));
	*ret_ask = ask;
	return FIRN_OK;
}

static firn_rc write_hit(struct firn_ctx *cx, struct firn_jw *out, const struct firn_rows *rows,
			 size_t row)
{
	struct firn_strs levels;

	FIRN_TRY(firn_path_levels(cx, firn_row_str(rows, row, 2), &levels));
	firn_jw_begin(out, '{');
	firn_jw_key(out, "warehouse");
	firn_jw_str(out, firn_row_str(rows, row, 1));
	firn_jw_key(out, "namespace");
	firn_jw_strs(out, &levels);
	firn_jw_key(out, "name");
	firn_jw_str(out, firn_row_str(rows, row, 3));
	firn_jw_key(out, "kind");
	firn_jw_str(out, firn_row_str(rows, row, 4));
	firn_jw_key(out, "id");
	firn_jw_str(out, firn_row_str(rows, row, 5));
	firn_jw_end(out, '}');
	return FIRN_OK;
}

firn_rc firn_search_read(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str text,
			 struct firn_str warehouse, const struct firn_page *page,
			 const struct firn_rows *rows, struct firn_jw *out)
{
	struct firn_page paged = bounded(page);
	struct firn_page_answer answer;
	struct firn_str scope, after;
	struct firn_strs keys;
	int64_t limit;

	if (warehouse.n > 0 && !firn_row_bool(rows, 0, 0))
		return firn_fail_warehouse(cx, warehouse);
	FIRN_TRY(firn_rows_names(cx, rows, 6, &keys));
	FIRN_TRY(scope_of(cx, text, warehouse, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, &paged, &after, &limit));
	FIRN_TRY(firn_page_finish(cx, catalog, scope, limit, &keys, &keys.n, &answer));
	firn_jw_begin(out, '{');
	firn_jw_key(out, "results");
	firn_jw_begin(out, '[');
	for (size_t i = 0; i < keys.n; i++)
		FIRN_TRY(write_hit(cx, out, rows, i));
	firn_page_close(out, &answer);
	return FIRN_OK;
}
