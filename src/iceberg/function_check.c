/*
 * Function metadata, format version 1, checked as a whole before it is stored: every member has its
 * type, types are Iceberg's, ids are unique and refer to something. Refuses by naming the
 * definition and the member.
 */
#include "firn/uuid.h"
#include "firn/view_metadata.h"
#include "id_index.h"
#include "member.h"
#include "schema.h"

enum {
	DEFINITIONS = 1000, /* ceilings, per function and per definition */
	VERSIONS = 10000,
	PARAMETERS = 1000,
	LOG = 100000,
	TYPE_BYTES = 64 << 10, /* one definition id */
	TEXT_BYTES = 16 << 20
};

/* ---- members -------------------------------------------------------------------------------- */

static firn_rc check_text(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			  const char *name)
{
	struct firn_str text;
	return firn_member_opt_str(cx, object, what, name, &text);
}

static firn_rc check_flag(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			  const char *name)
{
	const struct firn_json *value = firn_json_get(object, name);
	bool flag;

	if (!value || firn_json_type(value) == FIRN_JSON_NULL)
		return FIRN_OK;
	return firn_member_bool(cx, object, what, name, &flag);
}

/* An array of objects. */
static firn_rc open_list(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, size_t ceiling, const struct firn_json **ret_list)
{
	FIRN_TRY(firn_member_nested(cx, object, what, name, FIRN_JSON_ARRAY, ret_list));
	if (firn_json_count(*ret_list) > ceiling)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: %zu %s, at most %zu are allowed",
				 what, firn_json_count(*ret_list), name, ceiling);
	for (size_t i = 0; i < firn_json_count(*ret_list); i++)
		if (firn_json_type(firn_json_at(*ret_list, i)) != FIRN_JSON_OBJECT)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: '%s' must be an array of objects, found %s", what,
					 name, firn_json_excerpt(cx, firn_json_at(*ret_list, i)));
	return FIRN_OK;
}

static firn_rc not_empty(struct firn_ctx *cx, const struct firn_json *list, const char *what,
			 const char *name)
{
	if (firn_json_count(list) > 0)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' is empty: give at least one", what,
			 name);
}

/* ---- types ---------------------------------------------------------------------------------- */

/* A type's canonical text is gathered while it is checked. */
struct typing {
	struct firn_ctx *cx;
	const char *what;
	struct firn_buf *out;
	bool ambiguous; /* a field name holds what separates types */
};

static firn_rc check_type(struct typing *t, const struct firn_json *json, int depth);

/* A primitive as a string, without spaces or quotes: "decimal(9,2)". */
static firn_rc check_primitive(struct typing *t, const struct firn_json *json)
{
	struct firn_str text = firn_json_str(json);
	const struct firn_type *type;

	for (size_t i = 0; i < text.n; i++)
		if (strchr(" \"'", text.p[i]))
			return firn_fail(t->cx, FIRN_E_BAD_REQUEST,
					 "%s: type '%.*s' must hold no spaces or quotes", t->what,
					 FIRN_FMT(firn_shown(text)));
	FIRN_TRY(firn_type_parse(t->cx, json, t->what, &type));
	firn_buf_str(t->out, text);
	return FIRN_OK;
}

static firn_rc check_field(struct typing *t, const struct firn_json *field, int depth)
{
	struct firn_str name;

	FIRN_TRY(firn_member_str(t->cx, field, t->what, "name", &name));
	for (size_t i = 0; i < name.n; i++)
		t->ambiguous = t->ambiguous || strchr(" \\:,<>", name.p[i]);
	firn_buf_str(t->out, name);
	firn_buf_char(t->out, ':');
	return check_type(t, firn_json_get(field, "type"), depth);
}

static firn_rc check_struct(struct typing *t, const struct firn_json *json, int depth)
{
	const struct firn_json *fields;

	FIRN_TRY(open_list(t->cx, json, t->what, "fields", FIRN_SCHEMA_FIELDS, &fields));
	firn_buf_cstr(t->out, "struct<");
	for (size_t i = 0; i < firn_json_count(fields); i++) {
		if (i > 0)
			firn_buf_char(t->out, ',');
		FIRN_TRY(check_field(t, firn_json_at(fields, i), depth));
	}
	firn_buf_char(t->out, '>');
	return FIRN_OK;
}

static firn_rc check_list(struct typing *t, const struct firn_json *json, int depth)
{
	firn_buf_cstr(t->out, "list<");
	FIRN_TRY(check_type(t, firn_json_get(json, "element"), depth));
	firn_buf_char(t->out, '>');
	return FIRN_OK;
}

static firn_rc check_map(struct typing *t, const struct firn_json *json, int depth)
{
	firn_buf_cstr(t->out, "map<");
	FIRN_TRY(check_type(t, firn_json_get(json, "key"), depth));
	firn_buf_char(t->out, ',');
	FIRN_TRY(check_type(t, firn_json_get(json, "value"), depth));
	firn_buf_char(t->out, '>');
	return FIRN_OK;
}

static firn_rc check_type(struct typing *t, const struct firn_json *json, int depth)
{
	struct firn_str kind = firn_json_str(firn_json_get(json, "type"));

	if (!json)
		return firn_fail(t->cx, FIRN_E_BAD_REQUEST, "%s: a type is missing", t->what);
	if (depth == 0)
		return firn_fail(t->cx, FIRN_E_BAD_REQUEST, "%s: types are nested deeper than %d",
				 t->what, FIRN_SCHEMA_DEPTH);
	if (firn_json_type(json) == FIRN_JSON_STRING)
		return check_primitive(t, json);
	if (firn_str_is(kind, "list"))
		return check_list(t, json, depth - 1);
	if (firn_str_is(kind, "map"))
		return check_map(t, json, depth - 1);
	if (firn_str_is(kind, "struct"))
		return check_struct(t, json, depth - 1);
	return firn_fail(t->cx, FIRN_E_BAD_REQUEST,
			 "%s: a type must be a string or an object of type list, map or struct, "
			 "found %s",
			 t->what,
			 kind.p ? firn_cstr(t->cx, firn_shown(kind))
				: firn_json_excerpt(t->cx, json));
}

/* ---- versions ------------------------------------------------------------------------------- */

static firn_rc check_representation(struct firn_ctx *cx, const struct firn_json *json)
{
	struct firn_str type, text;

	FIRN_TRY(firn_member_str(cx, json, "function representation", "type", &type));
	if (!firn_str_is(type, "sql"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function representation: type must be sql, not '%.*s'",
				 FIRN_FMT(firn_shown(type)));
	FIRN_TRY(firn_member_str(cx, json, "function representation", "dialect", &text));
	return firn_member_str(cx, json, "function representation", "sql", &text);
}

static firn_rc check_version(struct firn_ctx *cx, const struct firn_json *version, int32_t *ret_id)
{
	static const char what[] = "function version";
	const struct firn_json *list;
	struct firn_str on_null;
	int64_t timestamp;

	FIRN_TRY(firn_member_i32(cx, version, what, "version-id", ret_id));
	FIRN_TRY(firn_member_i64(cx, version, what, "timestamp-ms", &timestamp));
	FIRN_TRY(check_flag(cx, version, what, "deterministic"));
	FIRN_TRY(firn_member_opt_str(cx, version, what, "on-null-input", &on_null));
	if (on_null.p && !firn_str_is(on_null, "return-null") && !firn_str_is(on_null, "call"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: on-null-input must be return-null or call, not '%.*s'", what,
				 FIRN_FMT(firn_shown(on_null)));
	FIRN_TRY(open_list(cx, version, what, "representations", PARAMETERS, &list));
	FIRN_TRY(not_empty(cx, list, what, "representations"));
	for (size_t i = 0; i < firn_json_count(list); i++)
		FIRN_TRY(check_representation(cx, firn_json_at(list, i)));
	return FIRN_OK;
}

static firn_rc check_versions(struct firn_ctx *cx, const struct firn_json *definition,
			      const char *what)
{
	const struct firn_json *list;
	struct firn_id_index known;
	int32_t id, current;

	FIRN_TRY(open_list(cx, definition, what, "versions", VERSIONS, &list));
	FIRN_TRY(firn_id_index_init(cx, &known, firn_json_count(list)));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		FIRN_TRY(check_version(cx, firn_json_at(list, i), &id));
		if (!firn_id_index_add(&known, id, i))
			return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: version %d is there twice",
					 what, id);
	}
	FIRN_TRY(firn_member_i32(cx, definition, what, "current-version-id", &current));
	if (!firn_id_index_has(&known, current))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: current-version-id %d is none of its versions", what,
				 current);
	return FIRN_OK;
}

/* ---- definitions ---------------------------------------------------------------------------- */

/* The id must be the parameters' types, joined. */
static firn_rc check_parameters(struct firn_ctx *cx, const struct firn_json *definition,
				struct firn_str id, const char *what)
{
	const struct firn_json *list;
	struct firn_buf types;
	struct typing t = {cx, what, &types, false};
	struct firn_str joined, name;

	firn_buf_init(&types, cx, TYPE_BYTES);
	FIRN_TRY(open_list(cx, definition, what, "parameters", PARAMETERS, &list));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		const struct firn_json *parameter = firn_json_at(list, i);
		if (i > 0)
			firn_buf_char(&types, ',');
		FIRN_TRY(firn_member_str(cx, parameter, what, "name", &name));
		FIRN_TRY(check_text(cx, parameter, what, "doc"));
		FIRN_TRY(check_type(&t, firn_json_get(parameter, "type"), FIRN_SCHEMA_DEPTH));
	}
	FIRN_TRY(firn_buf_end(&types, &joined));
	if (!t.ambiguous && !firn_str_eq(joined, id))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: definition-id must be its parameters' types, '%.*s'", what,
				 FIRN_FMT(firn_shown(joined)));
	return FIRN_OK;
}

static firn_rc check_return(struct firn_ctx *cx, const struct firn_json *definition,
			    const char *what)
{
	const struct firn_json *returned = firn_json_get(definition, "return-type");
	struct firn_buf text;
	struct typing t = {cx, what, &text, false};
	struct firn_str type;

	firn_buf_init(&text, cx, TYPE_BYTES);
	FIRN_TRY(firn_member_str(cx, definition, what, "function-type", &type));
	if (!firn_str_is(type, "udf") && !firn_str_is(type, "udtf"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: function-type must be udf or udtf, not '%.*s'", what,
				 FIRN_FMT(firn_shown(type)));
	FIRN_TRY(check_type(&t, returned, FIRN_SCHEMA_DEPTH));
	if (firn_str_is(type, "udtf") &&
	    !firn_str_is(firn_json_str(firn_json_get(returned, "type")), "struct"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: return-type of a udtf must be a struct of its columns", what);
	return check_flag(cx, definition, what, "return-nullable");
}

static firn_rc check_definition(struct firn_ctx *cx, const struct firn_json *definition)
{
	struct firn_str id, what;

	FIRN_TRY(firn_member_str(cx, definition, "function definition", "definition-id", &id));
	what = firn_printf(cx, "function definition '%.*s'", FIRN_FMT(firn_shown(id)));
	if (!what.p)
		return cx->err.code;
	FIRN_TRY(check_text(cx, definition, what.p, "specific-name"));
	FIRN_TRY(check_text(cx, definition, what.p, "doc"));
	FIRN_TRY(check_return(cx, definition, what.p));
	FIRN_TRY(check_parameters(cx, definition, id, what.p));
	return check_versions(cx, definition, what.p);
}

/* The member's text differs between all items that have it. */
static firn_rc check_unique(struct firn_ctx *cx, const struct firn_json *list, const char *name)
{
	for (size_t i = 0; i < firn_json_count(list); i++) {
		struct firn_str text = firn_json_str(firn_json_get(firn_json_at(list, i), name));
		for (size_t j = 0; text.p && j < i; j++)
			if (firn_str_eq(text,
					firn_json_str(firn_json_get(firn_json_at(list, j), name))))
				return firn_fail(cx, FIRN_E_BAD_REQUEST,
						 "function: two definitions have the %s '%.*s'",
						 name, FIRN_FMT(firn_shown(text)));
	}
	return FIRN_OK;
}

static firn_rc check_definitions(struct firn_ctx *cx, const struct firn_json *function)
{
	const struct firn_json *list;

	FIRN_TRY(open_list(cx, function, "function", "definitions", DEFINITIONS, &list));
	FIRN_TRY(not_empty(cx, list, "function", "definitions"));
	for (size_t i = 0; i < firn_json_count(list); i++)
		FIRN_TRY(check_definition(cx, firn_json_at(list, i)));
	FIRN_TRY(check_unique(cx, list, "definition-id"));
	return check_unique(cx, list, "specific-name");
}

/* ---- the document --------------------------------------------------------------------------- */

/* Its definitions may be gone by now, so only their form is checked. */
static firn_rc check_log_entry(struct firn_ctx *cx, const struct firn_json *entry)
{
	static const char what[] = "function definition-log";
	const struct firn_json *refs;
	struct firn_str id;
	int64_t timestamp;
	int32_t version;

	FIRN_TRY(firn_member_i64(cx, entry, what, "timestamp-ms", &timestamp));
	FIRN_TRY(open_list(cx, entry, what, "definition-versions", DEFINITIONS, &refs));
	for (size_t i = 0; i < firn_json_count(refs); i++) {
		FIRN_TRY(firn_member_str(cx, firn_json_at(refs, i), what, "definition-id", &id));
		FIRN_TRY(firn_member_i32(cx, firn_json_at(refs, i), what, "version-id", &version));
	}
	return FIRN_OK;
}

static firn_rc check_log(struct firn_ctx *cx, const struct firn_json *function)
{
	const struct firn_json *list;

	FIRN_TRY(open_list(cx, function, "function", "definition-log", LOG, &list));
	for (size_t i = 0; i < firn_json_count(list); i++)
		FIRN_TRY(check_log_entry(cx, firn_json_at(list, i)));
	return FIRN_OK;
}

static firn_rc check_head(struct firn_ctx *cx, const struct firn_json *function)
{
	struct firn_map properties;
	struct firn_uuid uuid;
	struct firn_str text;
	int32_t format;

	FIRN_TRY(firn_member_i32(cx, function, "function", "format-version", &format));
	if (format != 1)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function: format-version must be 1, not %d", format);
	FIRN_TRY(firn_member_str(cx, function, "function", "function-uuid", &text));
	if (!firn_uuid_parse(text, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "function: function-uuid '%.*s' is not a UUID",
				 FIRN_FMT(firn_shown(text)));
	FIRN_TRY(check_text(cx, function, "function", "location"));
	FIRN_TRY(check_text(cx, function, "function", "doc"));
	FIRN_TRY(check_flag(cx, function, "function", "secure"));
	return firn_member_map(cx, function, "function", "properties", false, &properties);
}

firn_rc firn_function_metadata_check(struct firn_ctx *cx, const struct firn_json *function,
				     struct firn_str *ret_text)
{
	struct firn_buf text;
	struct firn_jw w;

	if (!function || firn_json_type(function) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "function: a JSON object is expected");
	FIRN_TRY(check_head(cx, function));
	FIRN_TRY(check_definitions(cx, function));
	FIRN_TRY(check_log(cx, function));
	firn_buf_init(&text, cx, TEXT_BYTES);
	firn_jw_init(&w, &text);
	firn_jw_json(&w, function);
	return firn_buf_end(&text, ret_text);
}
