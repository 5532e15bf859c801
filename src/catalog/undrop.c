/*
 * Undrop: a dropped table or view comes back with its id, version and log, at its old location. It
 * gives way to whatever took its name or place meanwhile, and its metadata file must still be
 * there.
 */
#include "commit.h"
#include "firn/arena.h"
#include "locations.h"

enum { INFO_BYTES = 1 << 20 };

static const struct firn_sql find_sql = {
	.name = "undrop_find",
	.text = "select id, kind, uuid, version, location, metadata_location, metadata_sha256, "
		"metadata_length, name"
		" from dropped where warehouse_id = $1 and namespace_path = $2 and name = $3"
		" and ($4::uuid is null or uuid = $4) and restorable_until > now()"
		" order by dropped_at desc, id desc limit 1",
	.params = "bigint,text,text,uuid",
	.results = "bigint,text,uuid,bigint,text,text,bytea,bigint,text",
};
static const struct firn_sql restore_sql = {
	.name = "undrop_restore",
	.text = "with back as (delete from dropped where id = $1 and restorable_until > now() "
		"returning *)"
		", kept as (delete from purge p using back where p.tabular_id = back.id)"
		", made as (insert into tabular (id, warehouse_id, namespace_id, name, kind, uuid, "
		"version, location,"
		" metadata_location, metadata_sha256, metadata_length, created_at)"
		" select id, warehouse_id, $2, $3, kind, uuid, version, location, "
		"metadata_location, metadata_sha256,"
		" metadata_length, created_at from back on conflict do nothing returning id)"
		" select (select count(*) from back), (select count(*) from made)",
	.params = "bigint,bigint,text",
	.results = "bigint,bigint",
};

struct undropping {
	struct firn_catalog *catalog;
	const struct firn_target *from, *to;
	struct firn_str uuid;
};

static firn_rc find(struct firn_ctx *cx, const struct undropping *u, struct firn_tabular *t)
{
	struct firn_str path = firn_levels_path(cx, &u->from->levels);
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_uuid uuid;

	if (u->uuid.p && !firn_uuid_parse(u->uuid, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "id '%.*s' is no UUID",
				 FIRN_FMT(firn_name_show(cx, u->uuid)));
	FIRN_TRY(firn_param_i64(cx, &p, t->place.warehouse_id));
	FIRN_TRY(firn_param_str(cx, &p, path));
	FIRN_TRY(firn_param_str(cx, &p, u->from->name));
	FIRN_TRY(firn_param_uuid(cx, &p, u->uuid.p ? &uuid : NULL));
	FIRN_TRY(firn_db_query(cx, &find_sql, &p, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_NO_SUCH_TABLE,
				 "No dropped table or view can be brought back as %.*s",
				 FIRN_FMT(firn_target_text(cx, u->from)));
	t->id = firn_row_i64(rows, 0, 0);
	t->kind = firn_kind_of(firn_row_str(rows, 0, 1));
	t->uuid = firn_row_str(rows, 0, 2);
	t->version = firn_row_i64(rows, 0, 3);
	t->location = firn_row_str(rows, 0, 4);
	t->metadata_location = firn_row_str(rows, 0, 5);
	FIRN_TRY(firn_row_bytes(cx, rows, 0, 6, t->sha256, sizeof(t->sha256)));
	t->length = firn_row_i64(rows, 0, 7);
	t->name = u->to->name;
	return FIRN_OK;
}

static firn_rc check_file(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_tabular *t)
{
	struct firn_object_info info;
	struct firn_store *store;
	firn_rc rc;

	FIRN_TRY(firn_store_of(cx, catalog, t->place.warehouse_id, t->place.profile_version,
			       &store));
	rc = firn_store_head(cx, store, t->metadata_location, &info);
	if (rc == FIRN_E_STORE_NOT_FOUND) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "'%.*s' can't come back: its metadata file %.*s is gone",
				 FIRN_FMT(firn_name_show(cx, t->name)),
				 FIRN_FMT(t->metadata_location));
	}
	return rc == FIRN_OK ? rc : firn_fault(cx, "look for the metadata file");
}

static firn_rc fail_taken(struct firn_ctx *cx, const struct firn_target *to)
{
	return firn_fail(cx, FIRN_E_CONFLICT,
			 "The name %.*s, or the UUID that goes with it, is taken: bring it back "
			 "under another name",
			 FIRN_FMT(firn_target_text(cx, to)));
}

static firn_rc restore(struct firn_ctx *cx, const struct undropping *u,
		       const struct firn_tabular *t, int64_t namespace_id)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &p, t->id));
	FIRN_TRY(firn_param_i64(cx, &p, namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, u->to->name));
	FIRN_TRY(firn_db_query(cx, &restore_sql, &p, &rows));
	if (firn_row_i64(rows, 0, 0) != 1)
		return firn_fail(cx, FIRN_E_DB_CONFLICT, "another brought it back");
	if (firn_row_i64(rows, 0, 1) != 1)
		return fail_taken(cx, u->to);
	return FIRN_OK;
}

static firn_rc settle(struct firn_ctx *cx, const struct firn_tabular *t,
		      const struct firn_location *at)
{
	const struct firn_place_claim claim = {.place = *at,
					       .warehouse_id = t->place.warehouse_id,
					       .tabular_id = t->id,
					       .uuid = t->uuid};

	return firn_place_settle(cx, &claim);
}

/* As the table's info shows it, within the same transaction. */
static firn_rc tell(struct firn_ctx *cx, const struct undropping *u,
		    struct firn_outcome *ret_outcome)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, INFO_BYTES);
	firn_jw_init(&w, &b);
	FIRN_TRY(firn_tabular_info(cx, u->catalog, u->to, &w));
	return firn_buf_end(&b, &ret_outcome->json);
}

static firn_rc body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
		    struct firn_outcome *ret_outcome)
{
	const struct undropping *u = arg;
	struct firn_location at;
	struct firn_tabular t;
	struct firn_place place;
	struct firn_event event;

	FIRN_TRY(firn_tabulars_find(cx, &u->to, 1, &t));
	if (t.exists)
		return fail_taken(cx, u->to);
	FIRN_TRY(find(cx, u, &t));
	FIRN_TRY(firn_place_find(cx, u->to, FIRN_LOCK_SHARE, &place));
	if (place.namespace_id == 0)
		return firn_fail_namespace(cx, &u->to->levels);
	FIRN_TRY(firn_location_parse(cx, t.location, "location", &at));
	FIRN_TRY(firn_places_lock(cx, &at, 1));
	FIRN_TRY(restore(cx, u, &t, place.namespace_id));
	FIRN_TRY(settle(cx, &t, &at));
	FIRN_TRY(check_file(cx, u->catalog, &t));
	event = (struct firn_event){
		.kind = t.kind == FIRN_KIND_VIEW ? "view.undropped" : "table.undropped",
		.warehouse_id = place.warehouse_id,
		.warehouse_name = place.warehouse_name,
		.namespace_path = place.namespace_path,
		.name = u->to->name,
		.tabular_id = t.id,
		.version = t.version,
	};
	FIRN_TRY(tell(cx, u, ret_outcome));
	ret_outcome->has_pointer = true;
	ret_outcome->pointer = firn_tabular_pointer(&t);
	return firn_event_add(cx, tx, &event);
}

firn_rc firn_tabular_undrop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, const struct firn_target *target,
			    struct firn_str uuid, const struct firn_target *to,
			    struct firn_outcome *ret_outcome)
{
	bool elsewhere = to && to->name.p;
	struct firn_target goal = elsewhere ? *to : *target;
	struct undropping u = {catalog, target, &goal, uuid};

	goal.warehouse = target->warehouse;
	FIRN_TRY(firn_name_check(cx, "name", goal.name));
	if (firn_tx_run(cx, catalog, mutation, body, &u, ret_outcome) != FIRN_OK)
		return firn_fault(cx, "bring it back");
	return FIRN_OK;
}
