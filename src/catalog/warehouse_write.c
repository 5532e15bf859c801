/*
 * Making, changing and dropping warehouses. A store is probed before anything about it is recorded;
 * roots never overlap, which one advisory lock over all creations makes sure of. A warehouse that
 * holds anything, or something that can still come back, is not dropped.
 */
#include "firn/arena.h"
#include "internal.h"
#include "storage_profile.h"
#include "tx.h"

#define NAME_BYTES 63
#define PROPERTIES_BYTES (1024 * 1024)
#define UNDROP_DEFAULT 604800
#define UNDROP_MAX 315360000 /* ten years */

static const struct firn_sql lock_sql = {
	.name = "warehouse_lock_roots",
	.text = "select pg_advisory_xact_lock(1718186606, 1)",
	.params = "",
	.results = "void",
};
static const struct firn_sql overlap_sql = {
	.name = "warehouse_overlap",
	.text = "select name, name = $1, location from warehouse"
		" where name = $1 or starts_with(location_key, $2) or starts_with($2, location_key)"
		" order by name = $1 desc, name limit 1",
	.params = "text,text",
	.results = "text,boolean,text",
};
static const struct firn_sql insert_sql = {
	.name = "warehouse_insert",
	.text = "insert into warehouse (uuid, name, location, location_key, profile, "
		"secret_sealed, properties,"
		" protected, undrop_seconds) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning "
		"id",
	.params = "uuid,text,text,text,jsonb,bytea,jsonb,boolean,bigint",
	.results = "bigint",
};
static const struct firn_sql current_sql = {
	.name = "warehouse_current",
	.text = "select uuid, location, profile, secret_sealed, profile_version, id from warehouse"
		" where name = $1 or uuid = $2",
	.params = "text,uuid",
	.results = "uuid,text,jsonb,bytea,bigint,bigint",
};
static const struct firn_sql update_sql = {
	.name = "warehouse_update",
	.text = "update warehouse set profile = coalesce($2::jsonb, profile),"
		" secret_sealed = case when $2::jsonb is null then secret_sealed else $3::bytea "
		"end,"
		" profile_version = profile_version + case when $2::jsonb is null then 0 else 1 "
		"end,"
		" properties = coalesce($4::jsonb, properties), protected = coalesce($5::boolean, "
		"protected),"
		" undrop_seconds = coalesce($6::bigint, undrop_seconds), updated_at = now() where "
		"id = $1",
	.params = "bigint,jsonb,bytea,jsonb,boolean,bigint",
	.results = "",
};
static const struct firn_sql holds_sql = {
	.name = "warehouse_holds",
	.text = "select w.protected, (select count(*) from namespace n where n.warehouse_id = "
		"w.id),"
		" (select count(*) from dropped d where d.warehouse_id = w.id and "
		"d.restorable_until > now()),"
		" (select count(*) from purge p where p.warehouse_id = w.id) from warehouse w "
		"where w.id = $1",
	.params = "bigint",
	.results = "boolean,bigint,bigint,bigint",
};
static const struct firn_sql delete_sql[] = {
	{"warehouse_delete_log",
	 "delete from commit_log c using dropped d where d.id = c.tabular_id and d.warehouse_id = "
	 "$1",
	 "bigint", ""},
	{"warehouse_delete_dropped", "delete from dropped where warehouse_id = $1", "bigint", ""},
	{"warehouse_delete_locations", "delete from location where warehouse_id = $1", "bigint",
	 ""},
	{"warehouse_delete", "delete from warehouse where id = $1", "bigint", ""},
};

static bool is_name_byte(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '.' || c == '_' || c == '-');
}

static firn_rc check_name(struct firn_ctx *cx, struct firn_str name)
{
	bool good = name.n > 0 && name.n <= NAME_BYTES;
	struct firn_uuid uuid;

	for (size_t i = 0; good && i < name.n; i++)
		good = is_name_byte(name.p[i], i == 0);
	if (!good)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "warehouse name '%.*s' is not allowed: use 1 to %d letters, "
				 "digits, '.', '_' and '-',"
				 " beginning with a letter or digit",
				 FIRN_FMT(firn_name_show(cx, name)), NAME_BYTES);
	if (firn_uuid_parse(name, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "warehouse name '%.*s' reads as a UUID and could be taken for "
				 "another's: choose a name",
				 FIRN_FMT(name));
	return FIRN_OK;
}

static firn_rc check_undrop(struct firn_ctx *cx, int64_t seconds)
{
	if (seconds >= 0 && seconds <= UNDROP_MAX)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_VALIDATION, "undrop-seconds %lld is out of range: give 0 to %d",
			 (long long)seconds, UNDROP_MAX);
}

static firn_rc write_properties(struct firn_ctx *cx, const struct firn_map *map,
				struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, PROPERTIES_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_map(&w, map);
	return firn_buf_end(&b, ret_json);
}

static firn_rc probe(struct firn_ctx *cx, struct firn_catalog *catalog,
		     const struct firn_stored_profile *stored, struct firn_store_check **ret_checks,
		     size_t *ret_n)
{
	struct firn_store *store;
	firn_rc rc;

	FIRN_TRY(firn_stored_profile_open(cx, catalog, stored, &store));
	rc = firn_store_probe(cx, store, ret_checks, ret_n);
	firn_store_free(store);
	return rc;
}

/* What a store answered or didn't, as a verdict on the settings that were given. */
static firn_rc blame_settings(struct firn_ctx *cx, const struct firn_stored_profile *stored)
{
	struct firn_err why = cx->err;

	if (why.code != FIRN_E_STORE_DENIED && why.code != FIRN_E_STORE_BROKEN &&
	    why.code != FIRN_E_STORE_NOT_FOUND && why.code != FIRN_E_STORE_EXISTS)
		return why.code;
	firn_err_clear(cx);
	firn_fail(cx, FIRN_E_VALIDATION, "the store at '%.*s' can't be used: %s",
		  FIRN_FMT(firn_name_show(cx, stored->location)), why.message);
	return firn_note(cx, "%s", why.notes);
}

/* VALIDATION with every check that failed. */
static firn_rc require_store(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_stored_profile *stored)
{
	struct firn_store_check *checks;
	struct firn_str failed;
	struct firn_buf b;
	size_t n;

	if (probe(cx, catalog, stored, &checks, &n) != FIRN_OK)
		return blame_settings(cx, stored);
	firn_buf_init(&b, cx, PROPERTIES_BYTES);
	for (size_t i = 0; i < n; i++) {
		if (!checks[i].passed)
			firn_buf_printf(&b, "%s%s: %.*s", b.n > 0 ? "; " : "", checks[i].name,
					FIRN_FMT(checks[i].detail));
	}
	FIRN_TRY(firn_buf_end(&b, &failed));
	if (failed.n == 0)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_VALIDATION, "the store at '%.*s' failed its checks: %.*s",
			 FIRN_FMT(firn_name_show(cx, stored->location)), FIRN_FMT(failed));
}

struct making {
	const struct firn_warehouse_spec *spec;
	struct firn_stored_profile stored;
	struct firn_uuid uuid;
	struct firn_str location_key, properties;
};

static firn_rc refuse_overlap(struct firn_ctx *cx, const struct making *making)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_str name;

	FIRN_TRY(firn_param_str(cx, &params, making->spec->name));
	FIRN_TRY(firn_param_str(cx, &params, making->location_key));
	FIRN_TRY(firn_db_query(cx, &overlap_sql, &params, &rows));
	if (firn_rows_count(rows) == 0)
		return FIRN_OK;
	name = firn_row_str(rows, 0, 0);
	if (firn_row_bool(rows, 0, 1))
		return firn_fail(cx, FIRN_E_ALREADY_EXISTS, "Warehouse already exists: %.*s",
				 FIRN_FMT(name));
	return firn_fail(
		cx, FIRN_E_CONFLICT,
		"location '%.*s' overlaps that of warehouse %.*s ('%.*s'): choose one beside it",
		FIRN_FMT(firn_name_show(cx, making->spec->location)), FIRN_FMT(name),
		FIRN_FMT(firn_row_str(rows, 0, 2)));
}

/* The warehouse as it is now, inside the transaction. */
static firn_rc read_back(struct firn_ctx *cx, struct firn_str name,
			 struct firn_outcome *ret_outcome)
{
	struct firn_warehouse warehouse;
	const struct firn_rows *rows;
	struct firn_ask *ask;
	struct firn_buf b;
	struct firn_jw w;

	FIRN_TRY(firn_warehouse_ask(cx, name, &ask));
	FIRN_TRY(firn_db_query(cx, ask->sql, &ask->params, &rows));
	FIRN_TRY(firn_warehouse_read(cx, name, rows, &warehouse));
	firn_buf_init(&b, cx, 2 * PROPERTIES_BYTES);
	firn_jw_init(&w, &b);
	firn_warehouse_write(&w, &warehouse);
	return firn_buf_end(&b, &ret_outcome->json);
}

static firn_rc create_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			   struct firn_outcome *ret_outcome)
{
	const struct making *making = arg;
	const struct firn_warehouse_spec *spec = making->spec;
	struct firn_event event = {.kind = "warehouse.created", .warehouse_name = spec->name};
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_db_query(cx, &lock_sql, NULL, &rows));
	FIRN_TRY(refuse_overlap(cx, making));
	FIRN_TRY(firn_param_uuid(cx, &p, &making->uuid));
	FIRN_TRY(firn_param_str(cx, &p, spec->name));
	FIRN_TRY(firn_param_str(cx, &p, spec->location));
	FIRN_TRY(firn_param_str(cx, &p, making->location_key));
	FIRN_TRY(firn_param_str(cx, &p, making->stored.profile));
	FIRN_TRY(firn_param_str(cx, &p, making->stored.secret_hex));
	FIRN_TRY(firn_param_str(cx, &p, making->properties));
	FIRN_TRY(firn_param_bool(cx, &p, spec->has_protected && spec->is_protected));
	FIRN_TRY(firn_param_i64(cx, &p, spec->has_undrop ? spec->undrop_seconds : UNDROP_DEFAULT));
	FIRN_TRY(firn_db_query(cx, &insert_sql, &p, &rows));
	event.warehouse_id = firn_row_i64(rows, 0, 0);
	FIRN_TRY(firn_event_add(cx, tx, &event));
	return read_back(cx, spec->name, ret_outcome);
}

firn_rc firn_warehouse_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_warehouse_spec *spec,
			      struct firn_outcome *ret_outcome)
{
	struct making making = {.spec = spec, .uuid = firn_uuid_v4()};
	char uuid[FIRN_UUID_TEXT + 1];
	struct firn_location location;

	FIRN_TRY(check_name(cx, spec->name));
	if (spec->has_undrop)
		FIRN_TRY(check_undrop(cx, spec->undrop_seconds));
	if (spec->location.n == 0)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"location is missing: give the warehouse's root, like s3://bucket/path");
	FIRN_TRY(firn_location_parse(cx, spec->location, "location", &location));
	making.location_key = firn_printf(cx, "%.*s/", FIRN_FMT(location.normal));
	FIRN_TRY(write_properties(cx, &spec->properties, &making.properties));
	firn_uuid_text(&making.uuid, uuid);
	FIRN_TRY(firn_stored_profile_make(cx, catalog, spec->storage, firn_str(uuid),
					  spec->location, NULL, &making.stored));
	/* A probe must not write into another warehouse's root. */
	FIRN_TRY(refuse_overlap(cx, &making));
	FIRN_TRY(require_store(cx, catalog, &making.stored));
	return firn_tx_run(cx, catalog, mutation, create_body, &making, ret_outcome);
}

/* ---- change ---- */

struct changing {
	const struct firn_warehouse_spec *spec;
	struct firn_target target;
	struct firn_str properties; /* NONE = as they are */
	struct firn_stored_profile stored;
	int64_t profile_version; /* that `stored` was made from */
};

static firn_rc load_current(struct firn_ctx *cx, struct firn_str name,
			    struct firn_stored_profile *ret_stored, int64_t *ret_version)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_prefix(cx, &params, name));
	FIRN_TRY(firn_db_query(cx, &current_sql, &params, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail_warehouse(cx, name);
	*ret_stored = (struct firn_stored_profile){
		.uuid = firn_row_str(rows, 0, 0),
		.location = firn_row_str(rows, 0, 1),
		.profile = firn_row_str(rows, 0, 2),
		.secret_hex = firn_row_str(rows, 0, 3),
	};
	*ret_version = firn_row_i64(rows, 0, 4);
	return FIRN_OK;
}

static firn_rc update_row(struct firn_ctx *cx, const struct changing *changing, int64_t id)
{
	const struct firn_warehouse_spec *spec = changing->spec;
	struct firn_params p = {0};

	FIRN_TRY(firn_param_i64(cx, &p, id));
	FIRN_TRY(firn_param_str(cx, &p, changing->stored.profile));
	FIRN_TRY(firn_param_str(cx, &p, changing->stored.secret_hex));
	FIRN_TRY(firn_param_str(cx, &p, changing->properties));
	FIRN_TRY(spec->has_protected ? firn_param_bool(cx, &p, spec->is_protected)
				     : firn_param_null(cx, &p));
	FIRN_TRY(spec->has_undrop ? firn_param_i64(cx, &p, spec->undrop_seconds)
				  : firn_param_null(cx, &p));
	return firn_db_run(cx, &update_sql, &p, NULL);
}

static firn_rc update_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			   struct firn_outcome *ret_outcome)
{
	const struct changing *changing = arg;
	struct firn_event event = {.kind = "warehouse.updated"};
	struct firn_place place;

	FIRN_TRY(firn_place_find(cx, &changing->target, FIRN_LOCK_EXCLUSIVE, &place));
	if (changing->stored.profile.p && place.profile_version != changing->profile_version)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "the storage of warehouse %.*s was changed meanwhile: look at it "
				 "and try again",
				 FIRN_FMT(place.warehouse_name));
	FIRN_TRY(update_row(cx, changing, place.warehouse_id));
	event.warehouse_id = place.warehouse_id;
	event.warehouse_name = place.warehouse_name;
	FIRN_TRY(firn_event_add(cx, tx, &event));
	return read_back(cx, place.warehouse_name, ret_outcome);
}

firn_rc firn_warehouse_update(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation, struct firn_str name,
			      const struct firn_warehouse_spec *spec,
			      struct firn_outcome *ret_outcome)
{
	struct changing changing = {.spec = spec, .target = {.warehouse = name}};
	struct firn_stored_profile current;

	FIRN_TRY(load_current(cx, name, &current, &changing.profile_version));
	if (spec->location.n > 0 && !firn_str_eq(spec->location, current.location))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "a warehouse's location can't be changed ('%.*s'): create another "
				 "warehouse",
				 FIRN_FMT(firn_name_show(cx, current.location)));
	if (spec->has_undrop)
		FIRN_TRY(check_undrop(cx, spec->undrop_seconds));
	if (spec->has_properties)
		FIRN_TRY(write_properties(cx, &spec->properties, &changing.properties));
	if (spec->storage) {
		FIRN_TRY(firn_stored_profile_make(cx, catalog, spec->storage, current.uuid,
						  current.location, &current, &changing.stored));
		FIRN_TRY(require_store(cx, catalog, &changing.stored));
	}
	return firn_tx_run(cx, catalog, mutation, update_body, &changing, ret_outcome);
}

/* ---- drop ---- */

static firn_rc refuse_drop(struct firn_ctx *cx, const struct firn_place *place)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;
	int64_t namespaces, dropped, purges;

	FIRN_TRY(firn_param_i64(cx, &params, place->warehouse_id));
	FIRN_TRY(firn_db_query(cx, &holds_sql, &params, &rows));
	if (firn_row_bool(rows, 0, 0))
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "Warehouse is protected: %.*s: take the protection off first",
				 FIRN_FMT(place->warehouse_name));
	namespaces = firn_row_i64(rows, 0, 1);
	dropped = firn_row_i64(rows, 0, 2);
	purges = firn_row_i64(rows, 0, 3);
	if (namespaces + dropped + purges == 0)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_CONFLICT,
			 "Warehouse is not empty: %.*s holds %lld namespaces, %lld dropped tables "
			 "or views that can still"
			 " come back and %lld purges to be done",
			 FIRN_FMT(place->warehouse_name), (long long)namespaces, (long long)dropped,
			 (long long)purges);
}

static firn_rc drop_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			 struct firn_outcome *ret_outcome)
{
	const struct firn_target *target = arg;
	struct firn_event event = {.kind = "warehouse.dropped"};
	struct firn_params params = {0};
	struct firn_place place;

	(void)ret_outcome;
	FIRN_TRY(firn_place_find(cx, target, FIRN_LOCK_EXCLUSIVE, &place));
	FIRN_TRY(refuse_drop(cx, &place));
	FIRN_TRY(firn_param_i64(cx, &params, place.warehouse_id));
	for (size_t i = 0; i < sizeof(delete_sql) / sizeof(delete_sql[0]); i++)
		FIRN_TRY(firn_db_run(cx, &delete_sql[i], &params, NULL));
	event.warehouse_id = place.warehouse_id;
	event.warehouse_name = place.warehouse_name;
	return firn_event_add(cx, tx, &event);
}

firn_rc firn_warehouse_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, struct firn_str name,
			    struct firn_outcome *ret_outcome)
{
	struct firn_target target = {.warehouse = name};

	return firn_tx_run(cx, catalog, mutation, drop_body, &target, ret_outcome);
}

firn_rc firn_warehouse_probe(struct firn_ctx *cx, struct firn_catalog *catalog,
			     struct firn_str name, struct firn_str *ret_json)
{
	struct firn_store_check *checks, unusable = {.name = "open"};
	struct firn_stored_profile stored;
	int64_t version;
	struct firn_buf b;
	struct firn_jw w;
	size_t n;

	FIRN_TRY(load_current(cx, name, &stored, &version));
	if (probe(cx, catalog, &stored, &checks, &n) != FIRN_OK) {
		if (blame_settings(cx, &stored) != FIRN_E_VALIDATION)
			return cx->err.code;
		checks = &unusable;
		n = 1;
		unusable.detail = firn_str_dup(cx, firn_str(cx->err.message));
		firn_err_clear(cx);
	}
	firn_buf_init(&b, cx, PROPERTIES_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '[');
	for (size_t i = 0; i < n; i++) {
		firn_jw_begin(&w, '{');
		firn_jw_key(&w, "name");
		firn_jw_cstr(&w, checks[i].name);
		firn_jw_key(&w, "passed");
		firn_jw_bool(&w, checks[i].passed);
		firn_jw_key(&w, "detail");
		firn_jw_str(&w, checks[i].detail.p ? checks[i].detail : FIRN_STR(""));
		firn_jw_end(&w, '}');
	}
	firn_jw_end(&w, ']');
	return firn_buf_end(&b, ret_json);
}
