/* Lists of names in a namespace, read page by page: what namespaces, tables, views and functions
 * share. */
#include "firn/arena.h"
#include "internal.h"

firn_rc firn_target_ask(struct firn_ctx *cx, const struct firn_sql *sql,
			const struct firn_target *target, struct firn_ask **ret_ask)
{
	struct firn_ask *ask = firn_alloc(cx, sizeof(*ask));
	struct firn_str path = firn_levels_path(cx, &target->levels);

	if (!ask || !path.p)
		return cx->err.code;
	ask->sql = sql;
	FIRN_TRY(firn_param_prefix(cx, &ask->params, target->warehouse));
	FIRN_TRY(firn_param_str(cx, &ask->params, path));
	*ret_ask = ask;
	return FIRN_OK;
}

/* What a page token is good for: this kind of list of this namespace. */
static firn_rc scope_of(struct firn_ctx *cx, const struct firn_target *ns, const char *kind,
			struct firn_str *ret_scope)
{
	struct firn_str path = firn_levels_path(cx, &ns->levels);

	if (!path.p)
		return cx->err.code;
	*ret_scope = firn_printf(cx, "%s/%.*s/%.*s", kind, FIRN_FMT(ns->warehouse), FIRN_FMT(path));
	return ret_scope->p ? FIRN_OK : cx->err.code;
}

firn_rc firn_listing_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_sql *sql, const char *kind, const struct firn_target *ns,
			 const struct firn_page *page, struct firn_ask **ret_ask)
{
	struct firn_str scope, after;
	struct firn_ask *ask;
	int64_t limit;

	FIRN_TRY(scope_of(cx, ns, kind, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, page, &after, &limit));
	FIRN_TRY(firn_target_ask(cx, sql, ns, &ask));
	FIRN_TRY(firn_param_page(cx, &ask->params, after, limit));
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_listing_read(struct firn_ctx *cx, struct firn_catalog *catalog, const char *kind,
			  const struct firn_target *ns, const struct firn_page *page,
			  const struct firn_rows *rows, struct firn_strs *ret_names,
			  struct firn_page_answer *ret_page)
{
	struct firn_str scope, after;
	struct firn_strs names;
	int64_t limit;

	FIRN_TRY(firn_place_judge(cx, ns, rows, 0, 1));
	FIRN_TRY(firn_rows_names(cx, rows, 2, &names));
	FIRN_TRY(scope_of(cx, ns, kind, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, page, &after, &limit));
	FIRN_TRY(firn_page_finish(cx, catalog, scope, limit, &names, &names.n, ret_page));
	*ret_names = names;
	return FIRN_OK;
}
