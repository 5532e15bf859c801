/*
 * Functions (UDFs): names in a namespace with their self-contained metadata, kept as it came.
 * What the metadata means is for engines.
 */
#include "firn/arena.h"
#include "firn/view_metadata.h"
#include "internal.h"
#include "tx.h"

#define METADATA_BYTES (4 * 1024 * 1024)

static const struct firn_sql list_sql = {
	.name = "function_list",
	.text = "select w.id, n.id, c.name from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = $3"
		" left join lateral (select f.name from function f where f.namespace_id = n.id and "
		"f.name > $4"
		" order by f.name limit $5) c on true"
		" order by c.name",
	.params = "text,uuid,text,text,bigint",
	.results = "bigint,bigint,text",
};
static const struct firn_sql one_sql = {
	.name = "function_one",
	.text = "select w.id, n.id, f.metadata from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = $3"
		" left join function f on f.namespace_id = n.id and f.name = $4",
	.params = "text,uuid,text,text",
	.results = "bigint,bigint,json",
};
static const struct firn_sql insert_sql = {
	.name = "function_insert",
	.text = "insert into function (namespace_id, name, uuid, metadata) values ($1, $2, $3, $4)"
		" on conflict do nothing",
	.params = "bigint,text,uuid,json",
	.results = "",
};
static const struct firn_sql delete_sql = {
	.name = "function_delete",
	.text = "delete from function where namespace_id = $1 and name = $2",
	.params = "bigint,text",
	.results = "",
};

firn_rc firn_functions_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_target *ns, const struct firn_page *page,
			   struct firn_ask **ret_ask)
{
	return firn_listing_ask(cx, catalog, &list_sql, "functions", ns, page, ret_ask);
}

firn_rc firn_functions_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *ns, const struct firn_page *page,
			    const struct firn_rows *rows, struct firn_strs *ret_names,
			    struct firn_page_answer *ret_page)
{
	return firn_listing_read(cx, catalog, "functions", ns, page, rows, ret_names, ret_page);
}

static firn_rc missing(struct firn_ctx *cx, const struct firn_target *target)
{
	return firn_fail(cx, FIRN_E_NO_SUCH_FUNCTION, "Function does not exist: %.*s",
			 FIRN_FMT(firn_target_text(cx, target)));
}

firn_rc firn_function_ask(struct firn_ctx *cx, const struct firn_target *target,
			  struct firn_ask **ret_ask)
{
	struct firn_ask *ask;

	FIRN_TRY(firn_target_ask(cx, &one_sql, target, &ask));
	FIRN_TRY(firn_param_str(cx, &ask->params, target->name));
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_function_read(struct firn_ctx *cx, const struct firn_target *target,
			   const struct firn_rows *rows, struct firn_str *ret_metadata)
{
	FIRN_TRY(firn_place_judge(cx, target, rows, 0, 1));
	if (firn_row_null(rows, 0, 2))
		return missing(cx, target);
	*ret_metadata = firn_row_str(rows, 0, 2);
	return FIRN_OK;
}

/* ---- create ---- */

/* The metadata as given; under this UUID when it has none. */
static firn_rc with_uuid(struct firn_ctx *cx, const struct firn_json *json,
			 const struct firn_uuid *uuid, const struct firn_json **ret_json)
{
	const struct firn_json *value;
	char text[FIRN_UUID_TEXT + 1];
	struct firn_str key, whole;
	void *iter = NULL;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, METADATA_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_uuid_text(uuid, text);
	firn_jw_key(&w, "function-uuid");
	firn_jw_cstr(&w, text);
	while (firn_json_next(json, &iter, &key, &value)) {
		firn_jw_key_str(&w, key);
		firn_jw_json(&w, value);
	}
	firn_jw_end(&w, '}');
	FIRN_TRY(firn_buf_end(&b, &whole));
	return firn_json_parse(cx, whole, "function", ret_json);
}

static firn_rc check_metadata(struct firn_ctx *cx, const struct firn_json *json,
			      struct firn_uuid *uuid, struct firn_str *ret_text)
{
	struct firn_str text;

	if (firn_json_type(json) == FIRN_JSON_OBJECT && !firn_json_get(json, "function-uuid"))
		FIRN_TRY(with_uuid(cx, json, uuid, &json));
	FIRN_TRY(firn_function_metadata_check(cx, json, &text));
	if (text.n > METADATA_BYTES)
		return firn_fail(cx, FIRN_E_TOO_LARGE,
				 "function: its metadata has %zu bytes, at most %d are allowed",
				 text.n, METADATA_BYTES);
	if (!firn_uuid_parse(firn_json_str(firn_json_get(json, "function-uuid")), uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "function: function-uuid is not a UUID");
	*ret_text = text;
	return FIRN_OK;
}

struct creating {
	const struct firn_target *target;
	struct firn_uuid uuid;
	struct firn_str metadata;
};

static firn_rc add_event(struct firn_ctx *cx, struct firn_tx *tx, const char *kind,
			 const struct firn_place *place, const struct firn_target *target)
{
	struct firn_event event = {
		.kind = kind,
		.warehouse_id = place->warehouse_id,
		.warehouse_name = place->warehouse_name,
		.namespace_path = place->namespace_path,
		.name = target->name,
	};

	return firn_event_add(cx, tx, &event);
}

static firn_rc create_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			   struct firn_outcome *ret_outcome)
{
	const struct creating *creating = arg;
	struct firn_params p = {0};
	struct firn_place place;
	int64_t inserted;

	FIRN_TRY(firn_place_find(cx, creating->target, FIRN_LOCK_SHARE, &place));
	FIRN_TRY(firn_param_i64(cx, &p, place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, creating->target->name));
	FIRN_TRY(firn_param_uuid(cx, &p, &creating->uuid));
	FIRN_TRY(firn_param_str(cx, &p, creating->metadata));
	FIRN_TRY(firn_db_run(cx, &insert_sql, &p, &inserted));
	if (inserted == 0)
		return firn_fail(cx, FIRN_E_ALREADY_EXISTS, "Function already exists: %.*s",
				 FIRN_FMT(firn_target_text(cx, creating->target)));
	ret_outcome->json = firn_printf(cx, "{\"metadata\":%.*s}", FIRN_FMT(creating->metadata));
	if (!ret_outcome->json.p)
		return cx->err.code;
	return add_event(cx, tx, "function.created", &place, creating->target);
}

static firn_rc require_levels(struct firn_ctx *cx, const struct firn_target *target)
{
	if (target->levels.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function '%.*s' needs a namespace: name one",
				 FIRN_FMT(firn_name_show(cx, target->name)));
	return firn_name_check(cx, "function", target->name);
}

firn_rc firn_function_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_mutation *mutation, const struct firn_target *target,
			     const struct firn_json *metadata, struct firn_outcome *ret_outcome)
{
	struct creating creating = {.target = target, .uuid = firn_uuid_v4()};

	FIRN_TRY(require_levels(cx, target));
	FIRN_TRY(check_metadata(cx, metadata, &creating.uuid, &creating.metadata));
	return firn_tx_run(cx, catalog, mutation, create_body, &creating, ret_outcome);
}

static firn_rc drop_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			 struct firn_outcome *ret_outcome)
{
	const struct firn_target *target = arg;
	struct firn_params params = {0};
	struct firn_place place;
	int64_t deleted;

	(void)ret_outcome;
	FIRN_TRY(firn_place_find(cx, target, FIRN_LOCK_SHARE, &place));
	FIRN_TRY(firn_param_i64(cx, &params, place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &params, target->name));
	FIRN_TRY(firn_db_run(cx, &delete_sql, &params, &deleted));
	if (deleted == 0)
		return missing(cx, target);
	return add_event(cx, tx, "function.dropped", &place, target);
}

firn_rc firn_function_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_mutation *mutation, const struct firn_target *target,
			   struct firn_outcome *ret_outcome)
{
	struct firn_target copy = *target;

	FIRN_TRY(require_levels(cx, target));
	return firn_tx_run(cx, catalog, mutation, drop_body, &copy, ret_outcome);
}
