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

firn_rc firn_namespaces_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *parent, const struct firn_page *page,
			    struct firn_ask **ret_ask)
{
	return firn_listing_ask(cx, catalog, &list_sql, "namespaces", parent, page, ret_ask);
}

firn_rc firn_namespaces_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_target *parent, const struct firn_page *page,
			     const struct firn_rows *rows, struct firn_strs *ret_names,
			     struct firn_page_answer *ret_page)
{
	return firn_listing_read(cx, catalog, "namespaces", parent, page, rows, ret_names,
				 ret_page);
}

firn_rc firn_namespace_ask(struct firn_ctx *cx, const struct firn_target *target,
			   struct firn_ask **ret_ask)
{
	struct firn_str folder;

	if (target->levels.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "the namespace is missing: name one");
	FIRN_TRY(firn_namespace_folder(cx, &target->levels, &folder));
	FIRN_TRY(firn_target_ask(cx, &one_sql, target, ret_ask));
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
