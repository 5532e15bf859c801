/* Management: history, undo, undrop, protection, search, functions, events. */
#include <stddef.h>

#include "internal.h"

enum { EVENTS_DEFAULT = 100, EVENTS_MOST = 1000 };

/* ---- looking -------------------------------------------------------------------------------- */

firn_rc h_search_ask(struct firn_call *call)
{
	struct firn_page page;
	FIRN_TRY(firn_call_page(call, &page));
	return firn_search_ask(&call->cx, call->api->catalog, firn_map_get(&call->query, "q"),
			       firn_map_get(&call->query, "warehouse"), &page, &call->ask);
}

firn_rc h_search_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_page page;
	struct firn_reply_json json;
	FIRN_TRY(firn_call_page(call, &page));
	firn_reply_json_begin(call, &json);
	FIRN_TRY(firn_search_read(&call->cx, call->api->catalog, firn_map_get(&call->query, "q"),
				  firn_map_get(&call->query, "warehouse"), &page, rows, &json.w));
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_tabular_info_run(struct firn_call *call)
{
	struct firn_reply_json json;
	firn_reply_json_begin(call, &json);
	FIRN_TRY(firn_tabular_info(&call->cx, call->api->catalog, &call->target, &json.w));
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_tabular_log_run(struct firn_call *call)
{
	struct firn_page page;
	struct firn_reply_json json;
	FIRN_TRY(firn_call_page(call, &page));
	firn_reply_json_begin(call, &json);
	FIRN_TRY(firn_tabular_log(&call->cx, call->api->catalog, &call->target, &page, &json.w));
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_tabular_diff_run(struct firn_call *call)
{
	struct firn_reply_json json;
	int64_t from, to;
	FIRN_TRY(firn_call_i64(call, "from", 0, &from));
	FIRN_TRY(firn_call_i64(call, "to", 0, &to));
	firn_reply_json_begin(call, &json);
	FIRN_TRY(
		firn_tabular_diff(&call->cx, call->api->catalog, &call->target, from, to, &json.w));
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_dropped_list_run(struct firn_call *call)
{
	struct firn_page page;
	struct firn_reply_json json;
	FIRN_TRY(firn_call_page(call, &page));
	firn_reply_json_begin(call, &json);
	FIRN_TRY(firn_dropped_list(&call->cx, call->api->catalog, call->target.warehouse, &page,
				   &json.w));
	return firn_reply_json_end(call, &json, 200);
}

/* ---- changing ------------------------------------------------------------------------------- */

firn_rc h_protect_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			 struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"protected", FIRN_FIELD_BOOL, 0, FIRN_FIELD_REQUIRED}};
	const struct firn_json *json;
	bool is_protected = false;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 1, &is_protected));
	return firn_protect(&call->cx, call->api->catalog, mutation, &call->target, is_protected,
			    ret_outcome);
}

static firn_rc read_version(struct firn_call *call, const struct firn_json *json,
			    int64_t *ret_version)
{
	struct firn_str text = firn_json_str(json);
	if (json && (text.p ? firn_str_i64(text, ret_version) : firn_json_i64(json, ret_version)) &&
	    *ret_version > 0)
		return FIRN_OK;
	return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
			 "to-version must be a version's number, like \"7\"; the log lists them");
}

firn_rc h_tabular_undo_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	const struct firn_json *json;
	int64_t version;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(read_version(call, firn_json_get(json, "to-version"), &version));
	return firn_tabular_undo(&call->cx, call->api->catalog, mutation, &call->target, version,
				 ret_outcome);
}

struct undrop_body {
	struct firn_str id;
	const struct firn_json *to;
};

firn_rc h_tabular_undrop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"id", FIRN_FIELD_STR, offsetof(struct undrop_body, id), FIRN_FIELD_NULL_OK},
		{"to", FIRN_FIELD_OBJECT, offsetof(struct undrop_body, to), FIRN_FIELD_NULL_OK},
	};
	struct undrop_body body = {0};
	struct firn_target to = {.warehouse = call->target.warehouse};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 2, &body));
	if (body.to)
		FIRN_TRY(firn_call_identifier(call, body.to, "to", &to));
	return firn_tabular_undrop(&call->cx, call->api->catalog, mutation, &call->target, body.id,
				   &to, ret_outcome);
}

struct function_body {
	struct firn_str name;
	const struct firn_json *function;
};

firn_rc h_function_create_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				 struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"name", FIRN_FIELD_STR, offsetof(struct function_body, name), FIRN_FIELD_REQUIRED},
		{"function", FIRN_FIELD_OBJECT, offsetof(struct function_body, function),
		 FIRN_FIELD_REQUIRED},
	};
	struct function_body body = {0};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 2, &body));
	FIRN_TRY(firn_name_check(&call->cx, "function", body.name));
	call->target.name = body.name;
	return firn_function_create(&call->cx, call->api->catalog, mutation, &call->target,
				    body.function, ret_outcome);
}

firn_rc h_function_drop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			       struct firn_outcome *ret_outcome)
{
	return firn_function_drop(&call->cx, call->api->catalog, mutation, &call->target,
				  ret_outcome);
}

/* ---- events --------------------------------------------------------------------------------- */

firn_rc h_events_list_run(struct firn_call *call)
{
	struct firn_reply_json json;
	int64_t after, limit, last;

	FIRN_TRY(firn_call_i64(call, "after", 0, &after));
	FIRN_TRY(firn_call_i64(call, "limit", EVENTS_DEFAULT, &limit));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "events");
	FIRN_TRY(firn_events_read(&call->cx, call->api->catalog,
				  firn_map_get(&call->query, "warehouse"), after,
				  limit > EVENTS_MOST ? EVENTS_MOST : limit, &json.w, &last));
	firn_jw_key(&json.w, "last");
	firn_jw_i64_str(&json.w, last);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}

static firn_rc check_warehouse(struct firn_call *call, struct firn_str name)
{
	struct firn_warehouse warehouse;
	const struct firn_rows *rows;

	if (name.n == 0)
		return FIRN_OK;
	FIRN_TRY(firn_warehouse_ask(&call->cx, name, &call->ask));
	FIRN_TRY(firn_ask_now(&call->cx, call->ask, &rows));
	return firn_warehouse_read(&call->cx, name, rows, &warehouse);
}

firn_rc h_events_stream_run(struct firn_call *call)
{
	struct firn_str resume = call->header(call, "Last-Event-ID");

	FIRN_TRY(check_warehouse(call, firn_map_get(&call->query, "warehouse")));
	FIRN_TRY(firn_call_i64(call, "after", 0, &call->reply.follow_after));
	if (resume.n > 0 &&
	    (!firn_str_i64(resume, &call->reply.follow_after) || call->reply.follow_after < 0))
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "Last-Event-ID must be an event's number, not '%.*s'",
				 FIRN_FMT(resume));
	call->reply.follow_warehouse = firn_map_get(&call->query, "warehouse");
	call->reply.follow_events = true;
	firn_reply_header(call, "Content-Type", FIRN_STR("text/event-stream"));
	firn_reply_header(call, "Cache-Control", FIRN_STR("no-store"));
	call->reply.status = 200;
	return FIRN_OK;
}
