/*
 * Dropping: the name, the namespace and the location are free at once; the row moves to `dropped`,
 * from where undrop brings it back within the warehouse's time. No file is touched: a purge that
 * was asked for is a row that says from when on they may go.
 */
#include "tabular.h"
#include "tx.h"

static const struct firn_sql drop_sql = {
	.name = "tabular_drop",
	.text = "with gone as (delete from tabular where id = $1 and namespace_id = $2 and name = "
		"$3 and not protected"
		" returning *)"
		", kept as (insert into dropped (id, warehouse_id, namespace_path, name, kind, "
		"uuid, version, location,"
		" metadata_location, metadata_sha256, metadata_length, created_at, dropped_by, "
		"restorable_until)"
		" select id, warehouse_id, $4, name, kind, uuid, version, location, "
		"metadata_location, metadata_sha256,"
		" metadata_length, created_at, $5, now() + make_interval(secs => $6::bigint) from "
		"gone)"
		", purged as (insert into purge (tabular_id, warehouse_id, location, "
		"metadata_location, requested_by,"
		" not_before)"
		" select id, warehouse_id, location, metadata_location, $5, now() + "
		"make_interval(secs => $6::bigint)"
		" from gone where $7 and kind = 'table')"
		", unplaced as (delete from location l using gone where l.tabular_id = gone.id)"
		" select version from gone",
	.params = "bigint,bigint,text,text,text,bigint,boolean",
	.results = "bigint",
};

struct dropping {
	const struct firn_target *target;
	enum firn_kind kind;
	bool purge;
};

static firn_rc param_drop(struct firn_ctx *cx, const struct firn_tx *tx,
			  const struct firn_tabular *t, bool purge, struct firn_params *p)
{
	FIRN_TRY(firn_param_i64(cx, p, t->id));
	FIRN_TRY(firn_param_i64(cx, p, t->place.namespace_id));
	FIRN_TRY(firn_param_str(cx, p, t->name));
	FIRN_TRY(firn_param_str(cx, p, t->place.namespace_path));
	FIRN_TRY(firn_param_str(cx, p, firn_pass_principal(tx->mutation->pass)));
	FIRN_TRY(firn_param_i64(cx, p, t->place.undrop_seconds));
	return firn_param_bool(cx, p, purge);
}

static firn_rc body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
		    struct firn_outcome *ret_outcome)
{
	const struct dropping *drop = arg;
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_tabular t;
	struct firn_event event;

	(void)ret_outcome;
	FIRN_TRY(firn_tabular_find(cx, drop->target, drop->kind, &t));
	if (t.is_protected)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "%s '%.*s' is protected: lift the protection first",
				 drop->kind == FIRN_KIND_VIEW ? "View" : "Table",
				 FIRN_FMT(firn_target_text(cx, drop->target)));
	FIRN_TRY(param_drop(cx, tx, &t, drop->purge, &p));
	FIRN_TRY(firn_db_query(cx, &drop_sql, &p, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_DB_CONFLICT, "it was changed meanwhile");
	event = (struct firn_event){
		.kind = drop->kind == FIRN_KIND_VIEW ? "view.dropped" : "table.dropped",
		.warehouse_id = t.place.warehouse_id,
		.warehouse_name = t.place.warehouse_name,
		.namespace_path = t.place.namespace_path,
		.name = t.name,
		.tabular_id = t.id,
		.version = firn_row_i64(rows, 0, 0),
		.detail = drop->purge ? FIRN_STR("{\"purge\":true}") : FIRN_STR_NONE,
	};
	return firn_event_add(cx, tx, &event);
}

firn_rc firn_tabular_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, enum firn_kind kind,
			  const struct firn_target *target, bool purge,
			  struct firn_outcome *ret_outcome)
{
	struct dropping drop = {target, kind, purge};

	if (firn_tx_run(cx, catalog, mutation, body, &drop, ret_outcome) != FIRN_OK)
		return firn_fault(cx, "drop it");
	return FIRN_OK;
}
