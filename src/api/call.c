/* What handlers read of a request: query parameters, pages, bodies, identifiers. */
#include "internal.h"

firn_rc firn_call_bool(struct firn_call *call, const char *name, bool otherwise, bool *ret_value)
{
	struct firn_str text = firn_map_get(&call->query, name);

	*ret_value = otherwise;
	if (!text.p)
		return FIRN_OK;
	if (!firn_str_ieq(text, FIRN_STR("true")) && !firn_str_ieq(text, FIRN_STR("false")))
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "%s must be true or false, not '%.*s'", name, FIRN_FMT(text));
	*ret_value = firn_str_ieq(text, FIRN_STR("true"));
	return FIRN_OK;
}

firn_rc firn_call_i64(struct firn_call *call, const char *name, int64_t otherwise,
		      int64_t *ret_value)
{
	struct firn_str text = firn_map_get(&call->query, name);

	*ret_value = otherwise;
	if (!text.p || text.n == 0)
		return FIRN_OK;
	if (!firn_str_i64(text, ret_value) || *ret_value < 0)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "%s must be a whole number, not '%.*s'", name, FIRN_FMT(text));
	return FIRN_OK;
}

firn_rc firn_call_page(struct firn_call *call, struct firn_page *ret_page)
{
	struct firn_page page = {.token = firn_map_get(&call->query, "pageToken")};
	struct firn_str size = firn_map_get(&call->query, "pageSize");

	page.paged = page.token.p || size.n > 0;
	FIRN_TRY(firn_call_i64(call, "pageSize", 0, &page.size));
	if (size.n > 0 && page.size == 0)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST, "pageSize must be at least 1");
	*ret_page = page;
	return FIRN_OK;
}

firn_rc firn_call_body(struct firn_call *call, const struct firn_json **ret_object)
{
	const struct firn_json *json;

	if (call->body.n == 0 && call->route->body == BODY_OPTIONAL) {
		FIRN_TRY(firn_json_parse(&call->cx, FIRN_STR("{}"), "body", ret_object));
		return FIRN_OK;
	}
	if (call->body.n == 0)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST, "%s needs a JSON body",
				 call->route->operation);
	FIRN_TRY(firn_json_parse_within(&call->cx, call->body, "Request body", FIRN_JSON_BODY_DEPTH,
					&json));
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "Request body: a JSON object is expected");
	*ret_object = json;
	return FIRN_OK;
}

firn_rc firn_call_identifier(struct firn_call *call, const struct firn_json *json, const char *what,
			     struct firn_target *ret_target)
{
	struct {
		struct firn_strs levels;
		struct firn_str name;
	} body = {0};
	static const struct firn_field fields[] = {
		{"namespace", FIRN_FIELD_STRS, 0, FIRN_FIELD_REQUIRED},
		{"name", FIRN_FIELD_STR, sizeof(struct firn_strs), FIRN_FIELD_REQUIRED},
	};

	FIRN_TRY(firn_json_read(&call->cx, json, what, fields, 2, &body));
	if (body.levels.n == 0)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "%s: the namespace must have at least one level", what);
	FIRN_TRY(firn_levels_check(&call->cx, &body.levels));
	FIRN_TRY(firn_name_check(&call->cx, "name", body.name));
	*ret_target = (struct firn_target){call->target.warehouse, body.levels, body.name};
	return FIRN_OK;
}
