/*
 * Making, changing and dropping namespaces. Row locks keep a parent, and a namespace that is being
 * filled, from going away at the same time: who adds something takes the row FOR KEY SHARE, who
 * drops takes it FOR UPDATE and then counts.
 */
#include "firn/arena.h"
#include "internal.h"
#include "tx.h"

#define PROPERTIES_BYTES (16 * 1024 * 1024)

static const struct firn_sql insert_sql = {
	.name = "namespace_insert",
	.text = "insert into namespace (warehouse_id, path, parent, name, properties) values ($1, "
		"$2, $3, $4, $5)"
		" on conflict do nothing",
	.params = "bigint,text,text,text,jsonb",
	.results = "",
};
static const struct firn_sql holds_sql = {
	.name = "namespace_holds",
	.text = "select n.protected,"
		" (select count(*) from namespace c where c.warehouse_id = n.warehouse_id and "
		"c.parent = n.path),"
		" (select count(*) from tabular t where t.namespace_id = n.id and t.kind = "
		"'table'),"
		" (select count(*) from tabular t where t.namespace_id = n.id and t.kind = 'view'),"
		" (select count(*) from function f where f.namespace_id = n.id)"
		" from namespace n where n.id = $1",
	.params = "bigint",
	.results = "boolean,bigint,bigint,bigint,bigint",
};
static const struct firn_sql delete_sql = {
	.name = "namespace_delete",
	.text = "delete from namespace where id = $1",
	.params = "bigint",
	.results = "",
};
static const struct firn_sql present_sql = {
	.name = "namespace_present",
	.text = "select array(select k from unnest($2::text[]) with ordinality r (k, i)"
		" where n.properties ? k order by i) from namespace n where n.id = $1 for no key "
		"update of n",
	.params = "bigint,text[]",
	.results = "text[]",
};
static const struct firn_sql update_sql = {
	.name = "namespace_update",
	.text = "update namespace set properties = (properties - $2::text[]) || $3::jsonb where id "
		"= $1",
	.params = "bigint,text[],jsonb",
	.results = "",
};

/* "location" is where tables go by default; it must not lead out of the warehouse. */
static firn_rc check_location(struct firn_ctx *cx, const struct firn_place *place,
			      const struct firn_map *properties)
{
	struct firn_str text = firn_map_get(properties, "location");
	struct firn_location inner, outer;

	if (!text.p)
		return FIRN_OK;
	FIRN_TRY(firn_location_parse(cx, text, "property location", &inner));
	FIRN_TRY(firn_location_parse(cx, place->warehouse_location, "the warehouse's location",
				     &outer));
	if (firn_location_within(&inner, &outer))
		return FIRN_OK;
	return firn_fail(
		cx, FIRN_E_BAD_REQUEST,
		"property location '%.*s' is outside the warehouse: choose a place beneath '%.*s'",
		FIRN_FMT(firn_name_show(cx, text)),
		FIRN_FMT(firn_name_show(cx, place->warehouse_location)));
}

static firn_rc write_map(struct firn_ctx *cx, const struct firn_map *map, struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, PROPERTIES_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_map(&w, map);
	return firn_buf_end(&b, ret_json);
}

static firn_rc add_event(struct firn_ctx *cx, struct firn_tx *tx, const char *kind,
			 const struct firn_place *place, struct firn_str path,
			 struct firn_str detail)
{
	struct firn_event event = {
		.kind = kind,
		.warehouse_id = place->warehouse_id,
		.warehouse_name = place->warehouse_name,
		.namespace_path = path,
		.detail = detail,
	};

	return firn_event_add(cx, tx, &event);
}

/* ---- create ---- */

struct creating {
	const struct firn_target *target;
	const struct firn_map *properties;
	struct firn_str properties_json;
};

static firn_rc write_created(struct firn_ctx *cx, const struct creating *creating,
			     struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, PROPERTIES_BYTES + 65536);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "namespace");
	firn_jw_strs(&w, &creating->target->levels);
	firn_jw_key(&w, "properties");
	firn_jw_raw(&w, creating->properties_json);
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_json);
}

static firn_rc create_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			   struct firn_outcome *ret_outcome)
{
	const struct creating *creating = arg;
	const struct firn_strs *levels = &creating->target->levels;
	struct firn_target parent = *creating->target;
	struct firn_str path = firn_levels_path(cx, levels);
	struct firn_params p = {0};
	struct firn_place place;
	int64_t inserted;

	parent.levels.n--;
	if (!path.p)
		return cx->err.code;
	FIRN_TRY(firn_place_find(cx, &parent, FIRN_LOCK_SHARE, &place));
	FIRN_TRY(check_location(cx, &place, creating->properties));
	FIRN_TRY(firn_param_i64(cx, &p, place.warehouse_id));
	FIRN_TRY(firn_param_str(cx, &p, path));
	FIRN_TRY(firn_param_str(cx, &p, place.namespace_path));
	FIRN_TRY(firn_param_str(cx, &p, levels->items[levels->n - 1]));
	FIRN_TRY(firn_param_str(cx, &p, creating->properties_json));
	FIRN_TRY(firn_db_run(cx, &insert_sql, &p, &inserted));
	if (inserted == 0)
		return firn_fail(cx, FIRN_E_ALREADY_EXISTS, "Namespace already exists: %.*s",
				 FIRN_FMT(firn_levels_text(cx, levels)));
	FIRN_TRY(add_event(cx, tx, "namespace.created", &place, path, FIRN_STR_NONE));
	return write_created(cx, creating, &ret_outcome->json);
}

static firn_rc require_levels(struct firn_ctx *cx, const struct firn_target *target)
{
	if (target->levels.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "the namespace is missing: name one");
	return firn_levels_check(cx, &target->levels);
}

firn_rc firn_namespace_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, const struct firn_map *properties,
			      struct firn_outcome *ret_outcome)
{
	struct creating creating = {.target = target, .properties = properties};

	FIRN_TRY(require_levels(cx, target));
	FIRN_TRY(write_map(cx, properties, &creating.properties_json));
	return firn_tx_run(cx, catalog, mutation, create_body, &creating, ret_outcome);
}

/* ---- drop ---- */

static void count(struct firn_buf *b, int64_t n, const char *one, const char *many)
{
	if (n > 0)
		firn_buf_printf(b, "%s%lld %s", b->n > 0 ? ", " : "", (long long)n,
				n == 1 ? one : many);
}

static firn_rc refuse_drop(struct firn_ctx *cx, const struct firn_target *target,
			   const struct firn_place *place)
{
	struct firn_str name = firn_levels_text(cx, &target->levels), held;
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_buf b;

	FIRN_TRY(firn_param_i64(cx, &params, place->namespace_id));
	FIRN_TRY(firn_db_query(cx, &holds_sql, &params, &rows));
	if (firn_row_bool(rows, 0, 0))
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "Namespace is protected: %.*s: take the protection off first",
				 FIRN_FMT(name));
	firn_buf_init(&b, cx, 256);
	count(&b, firn_row_i64(rows, 0, 1), "namespace", "namespaces");
	count(&b, firn_row_i64(rows, 0, 2), "table", "tables");
	count(&b, firn_row_i64(rows, 0, 3), "view", "views");
	count(&b, firn_row_i64(rows, 0, 4), "function", "functions");
	FIRN_TRY(firn_buf_end(&b, &held));
	if (held.n == 0)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_NAMESPACE_NOT_EMPTY,
			 "Namespace is not empty: %.*s (%.*s): drop what it holds first",
			 FIRN_FMT(name), FIRN_FMT(held));
}

static firn_rc drop_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			 struct firn_outcome *ret_outcome)
{
	const struct firn_target *target = arg;
	struct firn_params params = {0};
	struct firn_place place;

	(void)ret_outcome;
	FIRN_TRY(firn_place_find(cx, target, FIRN_LOCK_EXCLUSIVE, &place));
	FIRN_TRY(refuse_drop(cx, target, &place));
	FIRN_TRY(firn_param_i64(cx, &params, place.namespace_id));
	FIRN_TRY(firn_db_run(cx, &delete_sql, &params, NULL));
	return add_event(cx, tx, "namespace.dropped", &place, place.namespace_path, FIRN_STR_NONE);
}

firn_rc firn_namespace_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, const struct firn_target *target,
			    struct firn_outcome *ret_outcome)
{
	struct firn_target copy = *target;

	FIRN_TRY(require_levels(cx, target));
	return firn_tx_run(cx, catalog, mutation, drop_body, &copy, ret_outcome);
}

/* ---- properties ---- */

struct changing {
	const struct firn_target *target;
	const struct firn_map *updates;
	struct firn_strs removals; /* each once */
	struct firn_str updates_json;
};

static bool holds(const struct firn_strs *strs, struct firn_str s)
{
	for (size_t i = 0; i < strs->n; i++) {
		if (firn_str_eq(strs->items[i], s))
			return true;
	}
	return false;
}

static firn_rc take_removals(struct firn_ctx *cx, const struct firn_strs *removals,
			     struct changing *changing)
{
	changing->removals.items = firn_calloc(cx, removals->n, sizeof(*removals->items));
	if (!changing->removals.items)
		return cx->err.code;
	for (size_t i = 0; i < removals->n; i++) {
		struct firn_str key = removals->items[i];

		for (size_t j = 0; j < changing->updates->n; j++) {
			if (firn_str_eq(changing->updates->items[j].key, key))
				return firn_fail(cx, FIRN_E_UNPROCESSABLE,
						 "property '%.*s' is in both removals and updates: "
						 "keep it in one of them",
						 FIRN_FMT(firn_name_show(cx, key)));
		}
		if (!holds(&changing->removals, key))
			changing->removals.items[changing->removals.n++] = key;
	}
	return FIRN_OK;
}

/* UpdateNamespacePropertiesResponse. */
static firn_rc write_changed(struct firn_ctx *cx, const struct changing *changing,
			     const struct firn_strs *present, struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, PROPERTIES_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "updated");
	firn_jw_begin(&w, '[');
	for (size_t i = 0; i < changing->updates->n; i++)
		firn_jw_str(&w, changing->updates->items[i].key);
	firn_jw_end(&w, ']');
	firn_jw_key(&w, "removed");
	firn_jw_strs(&w, present);
	firn_jw_key(&w, "missing");
	firn_jw_begin(&w, '[');
	for (size_t i = 0; i < changing->removals.n; i++) {
		if (!holds(present, changing->removals.items[i]))
			firn_jw_str(&w, changing->removals.items[i]);
	}
	firn_jw_end(&w, ']');
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_json);
}

static firn_rc lock_present(struct firn_ctx *cx, const struct changing *changing,
			    int64_t namespace_id, struct firn_strs *ret_present)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &params, namespace_id));
	FIRN_TRY(firn_param_strs(cx, &params, &changing->removals));
	FIRN_TRY(firn_db_query(cx, &present_sql, &params, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail_namespace(cx, &changing->target->levels);
	return firn_row_strs(cx, rows, 0, 0, ret_present);
}

static firn_rc update_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			   struct firn_outcome *ret_outcome)
{
	const struct changing *changing = arg;
	struct firn_params p = {0};
	struct firn_strs present;
	struct firn_place place;

	FIRN_TRY(firn_place_find(cx, changing->target, FIRN_LOCK_NONE, &place));
	FIRN_TRY(check_location(cx, &place, changing->updates));
	FIRN_TRY(lock_present(cx, changing, place.namespace_id, &present));
	FIRN_TRY(firn_param_i64(cx, &p, place.namespace_id));
	FIRN_TRY(firn_param_strs(cx, &p, &changing->removals));
	FIRN_TRY(firn_param_str(cx, &p, changing->updates_json));
	FIRN_TRY(firn_db_run(cx, &update_sql, &p, NULL));
	FIRN_TRY(write_changed(cx, changing, &present, &ret_outcome->json));
	return add_event(cx, tx, "namespace.updated", &place, place.namespace_path,
			 ret_outcome->json);
}

firn_rc firn_namespace_update(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, const struct firn_strs *removals,
			      const struct firn_map *updates, struct firn_outcome *ret_outcome)
{
	struct changing changing = {.target = target, .updates = updates};

	FIRN_TRY(require_levels(cx, target));
	FIRN_TRY(take_removals(cx, removals, &changing));
	FIRN_TRY(write_map(cx, updates, &changing.updates_json));
	return firn_tx_run(cx, catalog, mutation, update_body, &changing, ret_outcome);
}
