/*
 * Unregistering: the table leaves the catalog with its last pointer, for another catalog to take
 * it. Nothing of it stays here, so that nothing can bring it back beside its new home.
 */
#include "tabular.h"
#include "tx.h"

static const struct firn_sql unregister_sql = {
	.name = "tabular_unregister",
	.text = "with gone as (delete from tabular where id = $1 and namespace_id = $2 and name = "
		"$3 and not protected"
		" returning id, version, uuid, metadata_location, metadata_sha256, metadata_length)"
		", unplaced as (delete from location l using gone where l.tabular_id = gone.id)"
		", unlogged as (delete from commit_log c using gone where c.tabular_id = gone.id)"
		" select version, uuid, metadata_location, metadata_sha256, metadata_length from "
		"gone",
	.params = "bigint,bigint,text",
	.results = "bigint,uuid,text,bytea,bigint",
};

static firn_rc tell(struct firn_ctx *cx, struct firn_tx *tx, const struct firn_tabular *t,
		    int64_t version)
{
	const struct firn_event event = {
		.kind = "table.unregistered",
		.warehouse_id = t->place.warehouse_id,
		.warehouse_name = t->place.warehouse_name,
		.namespace_path = t->place.namespace_path,
		.name = t->name,
		.tabular_id = t->id,
		.version = version,
	};

	return firn_event_add(cx, tx, &event);
}

static firn_rc body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
		    struct firn_outcome *ret_outcome)
{
	const struct firn_target *target = arg;
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_tabular t;

	FIRN_TRY(firn_tabular_find(cx, target, FIRN_KIND_TABLE, &t));
	if (t.is_protected)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "Table '%.*s' is protected: lift the protection first",
				 FIRN_FMT(firn_target_text(cx, target)));
	FIRN_TRY(firn_param_i64(cx, &p, t.id));
	FIRN_TRY(firn_param_i64(cx, &p, t.place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, target->name));
	FIRN_TRY(firn_db_query(cx, &unregister_sql, &p, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_DB_CONFLICT, "the table was changed meanwhile");
	t.version = firn_row_i64(rows, 0, 0);
	t.uuid = firn_row_str(rows, 0, 1);
	t.metadata_location = firn_row_str(rows, 0, 2);
	FIRN_TRY(firn_row_bytes(cx, rows, 0, 3, t.sha256, sizeof(t.sha256)));
	t.length = firn_row_i64(rows, 0, 4);
	ret_outcome->has_pointer = true;
	ret_outcome->pointer = firn_tabular_pointer(&t);
	return tell(cx, tx, &t, t.version);
}

firn_rc firn_table_unregister(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, struct firn_outcome *ret_outcome)
{
	struct firn_target copy = *target;

	if (firn_tx_run(cx, catalog, mutation, body, &copy, ret_outcome) != FIRN_OK)
		return firn_fault(cx, "unregister the table");
	return FIRN_OK;
}
