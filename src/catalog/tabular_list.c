/*
 * Lists of a namespace's tables or views: page by page, or whole. A whole list's answer is kept;
 * the next reader asks PostgreSQL for the names only if their set may have changed since.
 */
#include "firn/arena.h"
#include "firn/clock.h"
#include "list_cache.h"
#include "place_cache.h"
#include "tabular.h"

#define LIST_SQL(kind)                                                                             \
	"select w.id, n.id, t.name from (select 1) one"                                            \
	" left join warehouse w on w.name = $1 or w.uuid = $2"                                     \
	" left join namespace n on n.warehouse_id = w.id and n.path = $3"                          \
	" left join lateral (select name from tabular where namespace_id = n.id and kind = '" kind \
	"' and name > $4 order by name limit $5) t on true"                                        \
	" order by t.name"
static const struct firn_sql tables_sql = {
	.name = "tables_list",
	.text = LIST_SQL("table"),
	.params = "text,uuid,text,text,bigint",
	.results = "bigint,bigint,text",
};
static const struct firn_sql views_sql = {
	.name = "views_list",
	.text = LIST_SQL("view"),
	.params = "text,uuid,text,text,bigint",
	.results = "bigint,bigint,text",
};
/* $4 and $5: what is kept was read from this namespace, under this snapshot; null: nothing is. The
 * comparison of xmax is for a database that was restored from a dump, whose ids begin anew. */
#define WHOLE_SQL(kind)                                                                            \
	"select w.id, n.id, pg_current_snapshot(), s.same, case when s.same is not true then"      \
	" array(select name from tabular where namespace_id = n.id and kind = '" kind              \
	"' order by name) end"                                                                     \
	" from (select 1) one"                                                                     \
	" left join warehouse w on w.name = $1 or w.uuid = $2"                                     \
	" left join namespace n on n.warehouse_id = w.id and n.path = $3"                          \
	" left join lateral (select n.id = $4"                                                     \
	" and pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax($5)"                     \
	" and not exists (select from membership_change c where c.namespace_id = n.id"             \
	" and c.xid >= pg_snapshot_xmin($5) and not pg_visible_in_snapshot(c.xid, $5)) as same) s" \
	" on true"
static const struct firn_sql all_tables_sql = {
	.name = "tables_all",
	.text = WHOLE_SQL("table"),
	.params = "text,uuid,text,bigint,pg_snapshot",
	.results = "bigint,bigint,pg_snapshot,boolean,text[]",
};
static const struct firn_sql all_views_sql = {
	.name = "views_all",
	.text = WHOLE_SQL("view"),
	.params = "text,uuid,text,bigint,pg_snapshot",
	.results = "bigint,bigint,pg_snapshot,boolean,text[]",
};

firn_rc firn_tabulars_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *ns, enum firn_kind kind,
			  const struct firn_page *page, struct firn_ask **ret_ask)
{
	const struct firn_sql *sql = kind == FIRN_KIND_TABLE ? &tables_sql : &views_sql;

	return firn_listing_ask(cx, catalog, sql, firn_kind_word(kind), ns, page, ret_ask);
}

firn_rc firn_tabulars_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_target *ns, enum firn_kind kind,
			   const struct firn_page *page, const struct firn_rows *rows,
			   struct firn_strs *ret_names, struct firn_page_answer *ret_page)
{
	return firn_listing_read(cx, catalog, firn_kind_word(kind), ns, page, rows, ret_names,
				 ret_page);
}

/* ---- whole lists ---------------------------------------------------------------------------- */

struct firn_whole_list {
	struct firn_str key, snapshot;
	int64_t asked_ns, namespace_id;
	struct firn_list_version kept;
};

static firn_rc key_of(struct firn_ctx *cx, const struct firn_target *ns, enum firn_kind kind,
		      struct firn_str *ret_key)
{
	struct firn_str place = firn_namespace_key(cx, ns);

	if (!place.p)
		return cx->err.code;
	*ret_key = firn_printf(cx, "%s\n%.*s", firn_kind_word(kind), FIRN_FMT(place));
	return ret_key->p ? FIRN_OK : cx->err.code;
}

static firn_rc param_kept(struct firn_ctx *cx, struct firn_params *p,
			  const struct firn_list_version *kept)
{
	if (!kept->body) {
		FIRN_TRY(firn_param_null(cx, p));
		return firn_param_null(cx, p);
	}
	FIRN_TRY(firn_param_i64(cx, p, kept->namespace_id));
	return firn_param_str(cx, p, kept->snapshot);
}

firn_rc firn_whole_list_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *ns, enum firn_kind kind,
			    struct firn_whole_list **ret_list, struct firn_ask **ret_ask)
{
	const struct firn_sql *sql = kind == FIRN_KIND_TABLE ? &all_tables_sql : &all_views_sql;
	struct firn_whole_list *list = firn_alloc(cx, sizeof(*list));
	struct firn_ask *ask;

	if (!list)
		return cx->err.code;
	list->asked_ns = firn_monotonic_ns(cx);
	FIRN_TRY(key_of(cx, ns, kind, &list->key));
	FIRN_TRY(firn_list_cache_find(cx, catalog->lists, list->key, &list->kept));
	FIRN_TRY(firn_target_ask(cx, sql, ns, &ask));
	FIRN_TRY(param_kept(cx, &ask->params, &list->kept));
	*ret_list = list;
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_whole_list_read(struct firn_ctx *cx, struct firn_whole_list *list,
			     const struct firn_target *ns, const struct firn_rows *rows,
			     struct firn_str *ret_body, struct firn_strs *ret_names)
{
	FIRN_TRY(firn_place_judge(cx, ns, rows, 0, 1));
	list->namespace_id = firn_row_i64(rows, 0, 1);
	list->snapshot = firn_row_str(rows, 0, 2);
	*ret_body = FIRN_STR_NONE;
	if (firn_row_bool(rows, 0, 3)) {
		list->snapshot = list->kept.snapshot;
		*ret_body = firn_blob_bytes(list->kept.body);
		return FIRN_OK;
	}
	return firn_row_strs(cx, rows, 0, 4, ret_names);
}

/* What was read from one namespace under one snapshot, by its warehouse's name or UUID, is one
 * thing. */
struct firn_str firn_whole_list_content(struct firn_ctx *cx, const struct firn_whole_list *list)
{
	struct firn_buf text;
	struct firn_str content;

	firn_buf_init(&text, cx, 2 * FIRN_PATH_BYTES + 1024);
	firn_buf_str(&text, list->key);
	firn_buf_char(&text, '\n');
	firn_buf_str(&text, list->snapshot);
	return firn_buf_end(&text, &content) == FIRN_OK ? content : FIRN_STR_NONE;
}

void firn_whole_list_keep(struct firn_catalog *catalog, const struct firn_whole_list *list,
			  struct firn_str body)
{
	firn_list_cache_put(catalog->lists, list->key, list->asked_ns, list->namespace_id,
			    list->snapshot, body);
}
