/*
 * Function metadata, format version 1, checked as a whole before it is stored: ids refer to
 * something, types are Iceberg's. Refuses by naming the definition and member.
 */
#include "firn/uuid.h"
#include "firn/view_metadata.h"
#include "schema.h"

enum { TYPE_DEPTH = 60 };

/* ---- types ---------------------------------------------------------------------------------- */

static firn_rc check_type(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			  int depth);

/* A primitive as a string, without spaces or quotes: "decimal(9,2)". */
static firn_rc check_primitive(struct firn_ctx *cx, const struct firn_json *json, const char *what)
{
	struct firn_str text = firn_json_str(json);
	const struct firn_type *type;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ' || text.p[i] == '"' || text.p[i] == '\'')
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: type '%.*s' must hold no spaces or quotes", what,
					 FIRN_FMT(firn_shown(text)));
	return firn_type_parse(cx, json, what, &type);
}

static firn_rc check_fields(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			    int depth)
{
	const struct firn_json *fields, *type;
	struct firn_str name;

	FIRN_TRY(firn_member_nested(cx, json, what, "fields", FIRN_JSON_ARRAY, &fields));
	for (size_t i = 0; i < firn_json_count(fields); i++) {
		FIRN_TRY(firn_member_str(cx, firn_json_at(fields, i), what, "name", &name));
		type = firn_json_get(firn_json_at(fields, i), "type");
		FIRN_TRY(check_type(cx, type, what, depth));
	}
	return FIRN_OK;
}

static firn_rc check_type(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			  int depth)
{
	struct firn_str kind = firn_json_str(firn_json_get(json, "type"));

	if (depth == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: types are nested deeper than %d",
				 what, TYPE_DEPTH);
	if (!json)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: a type is missing", what);
	if (firn_json_type(json) == FIRN_JSON_STRING)
		return check_primitive(cx, json, what);
	if (firn_str_is(kind, "list"))
		return check_type(cx, firn_json_get(json, "element"), what, depth - 1);
	if (firn_str_is(kind, "struct"))
		return check_fields(cx, json, what, depth - 1);
	if (!firn_str_is(kind, "map"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: %s is not a type", what,
				 firn_json_excerpt(cx, json));
	FIRN_TRY(check_type(cx, firn_json_get(json, "key"), what, depth - 1));
	return check_type(cx, firn_json_get(json, "value"), what, depth - 1);
}

/* ---- definitions ---------------------------------------------------------------------------- */

static firn_rc check_parameters(struct firn_ctx *cx, const struct firn_json *definition)
{
	const struct firn_json *list;

	FIRN_TRY(firn_member_nested(cx, definition, "definition", "parameters", FIRN_JSON_ARRAY,
				    &list));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		struct firn_str name;
		FIRN_TRY(firn_member_str(cx, firn_json_at(list, i), "parameter", "name", &name));
		FIRN_TRY(check_type(cx, firn_json_get(firn_json_at(list, i), "type"), "parameter",
				    TYPE_DEPTH));
	}
	return FIRN_OK;
}

static firn_rc check_representations(struct firn_ctx *cx, const struct firn_json *version)
{
	const struct firn_json *list;

	FIRN_TRY(firn_member_nested(cx, version, "version", "representations", FIRN_JSON_ARRAY,
				    &list));
	if (firn_json_count(list) == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "version: representations is empty");
	for (size_t i = 0; i < firn_json_count(list); i++) {
		const struct firn_json *item = firn_json_at(list, i);
		struct firn_str type, text;
		FIRN_TRY(firn_member_str(cx, item, "representation", "type", &type));
		if (!firn_str_is(type, "sql"))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "representation: type must be sql, not '%.*s'",
					 FIRN_FMT(firn_shown(type)));
		FIRN_TRY(firn_member_str(cx, item, "representation", "dialect", &text));
		FIRN_TRY(firn_member_str(cx, item, "representation", "sql", &text));
	}
	return FIRN_OK;
}

static firn_rc check_version(struct firn_ctx *cx, const struct firn_json *version, int32_t *ret_id)
{
	struct firn_str on_null;
	int64_t timestamp;

	FIRN_TRY(firn_member_i32(cx, version, "version", "version-id", ret_id));
	FIRN_TRY(firn_member_i64(cx, version, "version", "timestamp-ms", &timestamp));
	FIRN_TRY(firn_member_opt_str(cx, version, "version", "on-null-input", &on_null));
	if (on_null.p && !firn_str_is(on_null, "return-null") && !firn_str_is(on_null, "call"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "version: on-null-input must be return-null or call, not '%.*s'",
				 FIRN_FMT(firn_shown(on_null)));
	return check_representations(cx, version);
}

/* True when the definition has a version of that id. */
static bool has_version(const struct firn_json *definition, int64_t id)
{
	const struct firn_json *list = firn_json_get(definition, "versions");
	int64_t known;

	for (size_t i = 0; i < firn_json_count(list); i++)
		if (firn_json_i64(firn_json_get(firn_json_at(list, i), "version-id"), &known) &&
		    known == id)
			return true;
	return false;
}

static firn_rc check_versions(struct firn_ctx *cx, const struct firn_json *definition)
{
	const struct firn_json *list;
	int32_t id, current;

	FIRN_TRY(firn_member_nested(cx, definition, "definition", "versions", FIRN_JSON_ARRAY,
				    &list));
	for (size_t i = 0; i < firn_json_count(list); i++)
		FIRN_TRY(check_version(cx, firn_json_at(list, i), &id));
	FIRN_TRY(firn_member_i32(cx, definition, "definition", "current-version-id", &current));
	if (!has_version(definition, current))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "definition: current-version-id %d is none of its versions",
				 current);
	return FIRN_OK;
}

static firn_rc check_definition(struct firn_ctx *cx, const struct firn_json *definition)
{
	struct firn_str id, type;

	FIRN_TRY(firn_member_str(cx, definition, "definition", "definition-id", &id));
	FIRN_TRY(firn_member_str(cx, definition, "definition", "function-type", &type));
	if (!firn_str_is(type, "udf") && !firn_str_is(type, "udtf"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "definition: function-type must be udf or udtf, not '%.*s'",
				 FIRN_FMT(firn_shown(type)));
	FIRN_TRY(check_parameters(cx, definition));
	FIRN_TRY(check_type(cx, firn_json_get(definition, "return-type"), "return-type",
			    TYPE_DEPTH));
	return check_versions(cx, definition);
}

static const struct firn_json *find_definition(const struct firn_json *definitions,
					       struct firn_str id)
{
	for (size_t i = 0; i < firn_json_count(definitions); i++)
		if (firn_str_eq(firn_json_str(firn_json_get(firn_json_at(definitions, i),
							    "definition-id")),
				id))
			return firn_json_at(definitions, i);
	return NULL;
}

/* ---- log ------------------------------------------------------------------------------------ */

static firn_rc check_log_entry(struct firn_ctx *cx, const struct firn_json *entry)
{
	const struct firn_json *refs;
	int64_t timestamp;

	FIRN_TRY(firn_member_i64(cx, entry, "definition-log", "timestamp-ms", &timestamp));
	FIRN_TRY(firn_member_nested(cx, entry, "definition-log", "definition-versions",
				    FIRN_JSON_ARRAY, &refs));
	for (size_t i = 0; i < firn_json_count(refs); i++) {
		struct firn_str id;
		int32_t version;
		FIRN_TRY(firn_member_str(cx, firn_json_at(refs, i), "definition-log",
					 "definition-id", &id));
		FIRN_TRY(firn_member_i32(cx, firn_json_at(refs, i), "definition-log", "version-id",
					 &version));
	}
	return FIRN_OK;
}

/* ---- the document --------------------------------------------------------------------------- */

static firn_rc check_definitions(struct firn_ctx *cx, const struct firn_json *function)
{
	const struct firn_json *list;

	FIRN_TRY(firn_member_nested(cx, function, "function", "definitions", FIRN_JSON_ARRAY,
				    &list));
	if (firn_json_count(list) == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "function: definitions is empty");
	for (size_t i = 0; i < firn_json_count(list); i++) {
		const struct firn_json *definition = firn_json_at(list, i);
		struct firn_str id = firn_json_str(firn_json_get(definition, "definition-id"));
		FIRN_TRY(check_definition(cx, definition));
		if (find_definition(list, id) != definition)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "function: definition '%.*s' is there twice",
					 FIRN_FMT(firn_shown(id)));
	}
	return FIRN_OK;
}

static firn_rc check_head(struct firn_ctx *cx, const struct firn_json *function)
{
	struct firn_str text;
	struct firn_uuid uuid;
	struct firn_map properties;
	int32_t format;

	FIRN_TRY(firn_member_str(cx, function, "function", "function-uuid", &text));
	if (!firn_uuid_parse(text, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function: function-uuid '%.*s' is not a UUID",
				 FIRN_FMT(firn_shown(text)));
	FIRN_TRY(firn_member_i32(cx, function, "function", "format-version", &format));
	if (format != 1)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function: format-version must be 1, not %d", format);
	FIRN_TRY(firn_member_opt_str(cx, function, "function", "location", &text));
	FIRN_TRY(firn_member_opt_str(cx, function, "function", "doc", &text));
	return firn_member_map(cx, function, "function", "properties", false, &properties);
}

firn_rc firn_function_metadata_check(struct firn_ctx *cx, const struct firn_json *function,
				     struct firn_str *ret_text)
{
	const struct firn_json *log;

	if (firn_json_type(function) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "function: a JSON object is expected");
	FIRN_TRY(check_head(cx, function));
	FIRN_TRY(check_definitions(cx, function));
	FIRN_TRY(firn_member_nested(cx, function, "function", "definition-log", FIRN_JSON_ARRAY,
				    &log));
	for (size_t i = 0; i < firn_json_count(log); i++)
		FIRN_TRY(check_log_entry(cx, firn_json_at(log, i)));
	return firn_json_dump(cx, function, false, ret_text);
}
