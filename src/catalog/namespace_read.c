/*
 * Namespaces as readers see them: one with its properties, or the children of one. Each question is
 * one statement that also tells which part of the place is missing.
 */
#include "commit.h"
#include "firn/arena.h"

/* A "location" is always among the properties: without one, Trino has its tables created at once
 * and then refuses to write beside their metadata. */
static const struct firn_sql one_sql = {
	.name = "namespace_one",
	.text = "select w.id, n.id, jsonb_build_object('location', "
		"rtrim(w.location, '/') || '/' || $4) || n.properties, n.protected"
		" from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = $3",
	.params = "text,uuid,text,text",
	.results = "bigint,bigint,jsonb,boolean",
};
static const struct firn_sql list_sql = {
	.name = "namespace_list",
	.text = "select w.id, p.id, c.name from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace p on p.warehouse_id = w.id and p.path = $3"
		" left join lateral (select n.name from namespace n where n.warehouse_id = w.id "
		"and n.parent = $3"
		" and n.name > $4 order by n.name limit $5) c on true"
		" order by c.name",
	.params = "text,uuid,text,text,bigint",
	.results = "bigint,bigint,text",
};

static firn_rc new_ask(struct firn_ctx *cx, const struct firn_sql *sql,
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

static firn_rc scope_of(struct firn_ctx *cx, const struct firn_target *parent,
			struct firn_str *ret_scope)
{
	struct firn_str path = firn_levels_path(cx, &parent->levels);

	if (!path.p)
		return cx->err.code;
	*ret_scope = firn_printf(cx, "namespaces/%.*s/%.*s", FIRN_FMT(parent->warehouse),
				 FIRN_FMT(path));
	return ret_scope->p ? FIRN_OK : cx->err.code;
}

firn_rc firn_namespaces_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *parent, const struct firn_page *page,
			    struct firn_ask **ret_ask)
{
	struct firn_str scope, after;
	struct firn_ask *ask;
	int64_t limit;

	FIRN_TRY(scope_of(cx, parent, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, page, &after, &limit));
	FIRN_TRY(new_ask(cx, &list_sql, parent, &ask));
	FIRN_TRY(firn_param_page(cx, &ask->params, after, limit));
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_namespaces_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_target *parent, const struct firn_page *page,
			     const struct firn_rows *rows, struct firn_strs *ret_names,
			     struct firn_page_answer *ret_page)
{
	struct firn_str scope, after;
	struct firn_strs names;
	int64_t limit;

	FIRN_TRY(firn_place_judge(cx, parent, rows, 0, 1));
	FIRN_TRY(firn_rows_names(cx, rows, 2, &names));
	FIRN_TRY(scope_of(cx, parent, &scope));
	FIRN_TRY(firn_page_start(cx, catalog, scope, page, &after, &limit));
	FIRN_TRY(firn_page_finish(cx, catalog, scope, limit, &names, &names.n, ret_page));
	*ret_names = names;
	return FIRN_OK;
}

firn_rc firn_namespace_ask(struct firn_ctx *cx, const struct firn_target *target,
			   struct firn_ask **ret_ask)
{
	struct firn_str folder;

	if (target->levels.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "the namespace is missing: name one");
	FIRN_TRY(firn_namespace_folder(cx, &target->levels, &folder));
	FIRN_TRY(new_ask(cx, &one_sql, target, ret_ask));
	return firn_param_str(cx, &(*ret_ask)->params, folder);
}

firn_rc firn_namespace_read(struct firn_ctx *cx, const struct firn_target *target,
			    const struct firn_rows *rows, struct firn_namespace *ret_namespace)
{
	FIRN_TRY(firn_place_judge(cx, target, rows, 0, 1));
	*ret_namespace = (struct firn_namespace){
		.id = firn_row_i64(rows, 0, 1),
		.properties = firn_row_str(rows, 0, 2),
		.is_protected = firn_row_bool(rows, 0, 3),
	};
	return FIRN_OK;
}
