/* Management: warehouses. */
#include <stddef.h>

#include "internal.h"

firn_rc h_warehouses_list_ask(struct firn_call *call)
{
	struct firn_page page;
	FIRN_TRY(firn_call_page(call, &page));
	return firn_warehouses_ask(&call->cx, call->api->catalog, &page, &call->ask);
}

firn_rc h_warehouses_list_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_page page;
	struct firn_page_answer next = {0};
	struct firn_warehouse *items;
	struct firn_reply_json json;
	size_t n;

	FIRN_TRY(firn_call_page(call, &page));
	FIRN_TRY(firn_warehouses_read(&call->cx, call->api->catalog, &page, rows, &items, &n,
				      &next));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "warehouses");
	firn_jw_begin(&json.w, '[');
	for (size_t i = 0; i < n; i++)
		firn_warehouse_write(&json.w, &items[i]);
	firn_jw_end(&json.w, ']');
	if (next.next.p) {
		firn_jw_key(&json.w, "next-page-token");
		firn_jw_str(&json.w, next.next);
	}
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_warehouse_load_ask(struct firn_call *call)
{
	return firn_warehouse_ask(&call->cx, call->target.warehouse, &call->ask);
}

firn_rc h_warehouse_load_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_warehouse warehouse;
	struct firn_reply_json json;

	FIRN_TRY(firn_warehouse_read(&call->cx, call->target.warehouse, rows, &warehouse));
	firn_reply_json_begin(call, &json);
	firn_warehouse_write(&json.w, &warehouse);
	return firn_reply_json_end(call, &json, 200);
}

struct warehouse_body {
	struct firn_warehouse_spec spec;
	const struct firn_json *is_protected, *undrop_seconds, *properties;
};

/* int64 is a string in our own API; a plain number is taken too. */
static firn_rc read_undrop(struct firn_call *call, const struct firn_json *json,
			   int64_t *ret_seconds)
{
	struct firn_str text = firn_json_str(json);
	if ((text.p ? firn_str_i64(text, ret_seconds) : firn_json_i64(json, ret_seconds)) &&
	    *ret_seconds >= 0)
		return FIRN_OK;
	return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
			 "undrop-seconds must be a whole number of seconds, like \"604800\"");
}

static firn_rc read_spec(struct firn_call *call, bool create, struct firn_warehouse_spec *ret_spec)
{
	const struct firn_field fields[] = {
		{"name", FIRN_FIELD_STR, offsetof(struct warehouse_body, spec.name),
		 create ? FIRN_FIELD_REQUIRED : 0},
		{"location", FIRN_FIELD_STR, offsetof(struct warehouse_body, spec.location),
		 create ? FIRN_FIELD_REQUIRED : 0},
		{"storage", FIRN_FIELD_OBJECT, offsetof(struct warehouse_body, spec.storage),
		 FIRN_FIELD_NULL_OK},
		{"properties", FIRN_FIELD_MAP, offsetof(struct warehouse_body, spec.properties),
		 FIRN_FIELD_NULL_OK},
		{"properties", FIRN_FIELD_ANY, offsetof(struct warehouse_body, properties),
		 FIRN_FIELD_NULL_OK},
		{"protected", FIRN_FIELD_BOOL, offsetof(struct warehouse_body, spec.is_protected),
		 FIRN_FIELD_NULL_OK},
		{"protected", FIRN_FIELD_ANY, offsetof(struct warehouse_body, is_protected),
		 FIRN_FIELD_NULL_OK},
		{"undrop-seconds", FIRN_FIELD_ANY, offsetof(struct warehouse_body, undrop_seconds),
		 FIRN_FIELD_NULL_OK},
	};
	struct warehouse_body body = {0};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields,
				sizeof(fields) / sizeof(fields[0]), &body));
	body.spec.has_protected = body.is_protected != NULL;
	body.spec.has_properties = body.properties != NULL;
	body.spec.has_undrop = body.undrop_seconds != NULL;
	if (body.undrop_seconds)
		FIRN_TRY(read_undrop(call, body.undrop_seconds, &body.spec.undrop_seconds));
	*ret_spec = body.spec;
	return FIRN_OK;
}

firn_rc h_warehouse_create_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				  struct firn_outcome *ret_outcome)
{
	struct firn_warehouse_spec spec;
	FIRN_TRY(read_spec(call, true, &spec));
	return firn_warehouse_create(&call->cx, call->api->catalog, mutation, &spec, ret_outcome);
}

firn_rc h_warehouse_update_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				  struct firn_outcome *ret_outcome)
{
	struct firn_warehouse_spec spec;
	FIRN_TRY(read_spec(call, false, &spec));
	if (spec.name.p || spec.location.p)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "A warehouse's name and location can't be changed");
	return firn_warehouse_update(&call->cx, call->api->catalog, mutation,
				     call->target.warehouse, &spec, ret_outcome);
}

firn_rc h_warehouse_drop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				struct firn_outcome *ret_outcome)
{
	return firn_warehouse_drop(&call->cx, call->api->catalog, mutation, call->target.warehouse,
				   ret_outcome);
}

firn_rc h_warehouse_check_run(struct firn_call *call)
{
	struct firn_str checks;
	struct firn_reply_json json;

	FIRN_TRY(firn_warehouse_probe(&call->cx, call->api->catalog, call->target.warehouse,
				      &checks));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "checks");
	firn_jw_raw(&json.w, checks);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}
