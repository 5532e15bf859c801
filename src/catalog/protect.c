/* Deletion protection of namespaces, tables and views: a flag that drops look at. */
#include "firn/arena.h"
#include "internal.h"
#include "tx.h"

static const struct firn_sql namespace_sql = {
	.name = "protect_namespace",
	.text = "update namespace set protected = $2 where id = $1",
	.params = "bigint,boolean",
	.results = "",
};
static const struct firn_sql tabular_sql = {
	.name = "protect_tabular",
	.text = "update tabular set protected = $3, updated_at = now() where namespace_id = $1 and "
		"name = $2"
		" returning id, kind",
	.params = "bigint,text,boolean",
	.results = "bigint,text",
};

struct protecting {
	const struct firn_target *target;
	bool is_protected;
};

static firn_rc protect_namespace(struct firn_ctx *cx, const struct protecting *protecting,
				 const struct firn_place *place, struct firn_event *event)
{
	struct firn_params params = {0};

	FIRN_TRY(firn_param_i64(cx, &params, place->namespace_id));
	FIRN_TRY(firn_param_bool(cx, &params, protecting->is_protected));
	FIRN_TRY(firn_db_run(cx, &namespace_sql, &params, NULL));
	event->kind = "namespace.protected";
	return FIRN_OK;
}

static firn_rc protect_tabular(struct firn_ctx *cx, const struct protecting *protecting,
			       const struct firn_place *place, struct firn_event *event)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &params, place->namespace_id));
	FIRN_TRY(firn_param_str(cx, &params, protecting->target->name));
	FIRN_TRY(firn_param_bool(cx, &params, protecting->is_protected));
	FIRN_TRY(firn_db_query(cx, &tabular_sql, &params, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_NO_SUCH_TABLE, "Table or view does not exist: %.*s",
				 FIRN_FMT(firn_target_text(cx, protecting->target)));
	event->tabular_id = firn_row_i64(rows, 0, 0);
	event->kind = firn_str_is(firn_row_str(rows, 0, 1), "view") ? "view.protected"
								    : "table.protected";
	event->name = protecting->target->name;
	return FIRN_OK;
}

static firn_rc protect_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			    struct firn_outcome *ret_outcome)
{
	const struct protecting *protecting = arg;
	struct firn_event event = {0};
	struct firn_place place;

	FIRN_TRY(firn_place_find(cx, protecting->target, FIRN_LOCK_SHARE, &place));
	if (protecting->target->name.n > 0)
		FIRN_TRY(protect_tabular(cx, protecting, &place, &event));
	else
		FIRN_TRY(protect_namespace(cx, protecting, &place, &event));
	ret_outcome->json = protecting->is_protected ? FIRN_STR("{\"protected\":true}")
						     : FIRN_STR("{\"protected\":false}");
	event.warehouse_id = place.warehouse_id;
	event.warehouse_name = place.warehouse_name;
	event.namespace_path = place.namespace_path;
	event.detail = ret_outcome->json;
	return firn_event_add(cx, tx, &event);
}

firn_rc firn_protect(struct firn_ctx *cx, struct firn_catalog *catalog,
		     const struct firn_mutation *mutation, const struct firn_target *target,
		     bool is_protected, struct firn_outcome *ret_outcome)
{
	struct protecting protecting = {.target = target, .is_protected = is_protected};

	if (target->levels.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "the namespace is missing: name one");
	return firn_tx_run(cx, catalog, mutation, protect_body, &protecting, ret_outcome);
}
