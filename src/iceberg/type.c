/*
 * Types: primitive names with their parameters, and nested types. Refuses unknown names, decimals
 * beyond 38 digits, required fields of type unknown, and nesting or counts over the ceilings.
 */
#include "type.h"

#include <stdio.h>

#include "member.h"

static const struct {
	const char *name;
	enum firn_type_kind kind;
} primitives[] = {
	{"boolean", FIRN_TYPE_BOOLEAN},
	{"int", FIRN_TYPE_INT},
	{"long", FIRN_TYPE_LONG},
	{"float", FIRN_TYPE_FLOAT},
	{"double", FIRN_TYPE_DOUBLE},
	{"date", FIRN_TYPE_DATE},
	{"time", FIRN_TYPE_TIME},
	{"timestamp", FIRN_TYPE_TIMESTAMP},
	{"timestamptz", FIRN_TYPE_TIMESTAMPTZ},
	{"timestamp_ns", FIRN_TYPE_TIMESTAMP_NS},
	{"timestamptz_ns", FIRN_TYPE_TIMESTAMPTZ_NS},
	{"string", FIRN_TYPE_STRING},
	{"uuid", FIRN_TYPE_UUID},
	{"binary", FIRN_TYPE_BINARY},
	{"unknown", FIRN_TYPE_UNKNOWN},
	{"variant", FIRN_TYPE_VARIANT},
};

static const char *primitive_name(enum firn_type_kind kind)
{
	for (size_t i = 0; i < sizeof(primitives) / sizeof(*primitives); i++)
		if (primitives[i].kind == kind)
			return primitives[i].name;
	return "type";
}

static firn_rc unknown_type(struct firn_ctx *cx, struct firn_str name, const char *what)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: unknown type '%.*s'", what,
			 FIRN_FMT(firn_shown(name)));
}

/* "name<open>inside<close>" → inside, trimmed; false when the text has no such form. */
static bool parameters(struct firn_str text, const char *name, char open, char close,
		       struct firn_str *ret_inside)
{
	size_t n = strlen(name);
	struct firn_str rest;

	if (text.n < n || !firn_str_ieq(firn_str_sub(text, 0, n), firn_str(name)))
		return false;
	rest = firn_str_trim(firn_str_sub(text, n, text.n - n));
	if (rest.n < 2 || rest.p[0] != open || rest.p[rest.n - 1] != close)
		return false;
	*ret_inside = firn_str_trim(firn_str_sub(rest, 1, rest.n - 2));
	return true;
}

static bool small_number(struct firn_str text, int32_t *ret_value)
{
	int64_t value;

	text = firn_str_trim(text);
	if (!text.n || text.p[0] == '-' || !firn_str_i64(text, &value) || value > INT32_MAX)
		return false;
	*ret_value = (int32_t)value;
	return true;
}

static firn_rc parse_decimal(struct firn_ctx *cx, struct firn_str text, struct firn_str inside,
			     const char *what, struct firn_type *type)
{
	size_t comma = firn_str_find(inside, ',');

	if (comma == SIZE_MAX || !small_number(firn_str_sub(inside, 0, comma), &type->precision) ||
	    !small_number(firn_str_sub(inside, comma + 1, inside.n), &type->scale))
		return unknown_type(cx, text, what);
	if (type->precision < 1 || type->precision > 38 || type->scale > type->precision)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"%s: '%.*s' must have a precision of 1 to 38 and a scale no larger", what,
			FIRN_FMT(text));
	type->kind = FIRN_TYPE_DECIMAL;
	return FIRN_OK;
}

static firn_rc parse_geo(struct firn_ctx *cx, struct firn_str text, const char *what,
			 struct firn_type *type)
{
	bool geography = firn_str_ieq(firn_str_sub(text, 0, 9), FIRN_STR("geography"));
	struct firn_str inside = FIRN_STR_NONE;
	size_t comma;

	type->kind = geography ? FIRN_TYPE_GEOGRAPHY : FIRN_TYPE_GEOMETRY;
	if (firn_str_ieq(text, geography ? FIRN_STR("geography") : FIRN_STR("geometry")))
		return FIRN_OK;
	if (!parameters(text, geography ? "geography" : "geometry", '(', ')', &inside) || !inside.n)
		return unknown_type(cx, text, what);
	comma = geography ? firn_str_find(inside, ',') : SIZE_MAX;
	if (comma == SIZE_MAX) {
		type->crs = inside;
		return FIRN_OK;
	}
	type->crs = firn_str_trim(firn_str_sub(inside, 0, comma));
	type->algorithm = firn_str_trim(firn_str_sub(inside, comma + 1, inside.n));
	for (const char *const *a = (const char *const[]){"spherical", "vincenty", "thomas",
							  "andoyer", "karney", NULL};
	     *a; a++)
		if (firn_str_ieq(type->algorithm, firn_str(*a)))
			return type->crs.n ? FIRN_OK : unknown_type(cx, text, what);
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: unknown edge algorithm '%.*s' in '%.*s'",
			 what, FIRN_FMT(type->algorithm), FIRN_FMT(text));
}

static firn_rc parse_primitive(struct firn_ctx *cx, struct firn_str text, const char *what,
			       const struct firn_type **ret_type)
{
	struct firn_type *type = firn_alloc(cx, sizeof(*type));
	struct firn_str inside;

	if (!type)
		return cx->err.code;
	*ret_type = type;
	for (size_t i = 0; i < sizeof(primitives) / sizeof(*primitives); i++) {
		if (firn_str_ieq(text, firn_str(primitives[i].name))) {
			type->kind = primitives[i].kind;
			return FIRN_OK;
		}
	}
	if (parameters(text, "decimal", '(', ')', &inside))
		return parse_decimal(cx, text, inside, what, type);
	if (parameters(text, "fixed", '[', ']', &inside)) {
		type->kind = FIRN_TYPE_FIXED;
		return small_number(inside, &type->length) ? FIRN_OK : unknown_type(cx, text, what);
	}
	if (text.n >= 8 && (firn_str_ieq(firn_str_sub(text, 0, 8), FIRN_STR("geometry")) ||
			    firn_str_ieq(firn_str_sub(text, 0, 9), FIRN_STR("geography"))))
		return parse_geo(cx, text, what, type);
	return unknown_type(cx, text, what);
}

static firn_rc take_field(struct type_parser *tp, const char *what)
{
	if (++tp->n_fields > FIRN_SCHEMA_FIELDS)
		return firn_fail(tp->cx, FIRN_E_BAD_REQUEST, "%s: more than %d fields", what,
				 FIRN_SCHEMA_FIELDS);
	return FIRN_OK;
}

static firn_rc check_unknown(struct firn_ctx *cx, const struct firn_type_field *field,
			     const char *what)
{
	if (field->required && field->type->kind == FIRN_TYPE_UNKNOWN)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: a field of type unknown can't be required", what);
	return FIRN_OK;
}

static firn_rc read_default(struct firn_ctx *cx, const struct firn_type_field *field,
			    const char *name, const char *what, const struct firn_json **ret_value)
{
	const struct firn_json *value = firn_json_get(field->source, name);

	if (!value || firn_json_type(value) == FIRN_JSON_NULL)
		return FIRN_OK;
	FIRN_TRY(firn_type_check_default(cx, field->type, value,
					 firn_cstr(cx, firn_printf(cx, "%s: %s", what, name))));
	*ret_value = value;
	return FIRN_OK;
}

static firn_rc parse_field(struct type_parser *tp, const struct firn_json *json, const char *what,
			   struct firn_type_field *field)
{
	struct firn_ctx *cx = tp->cx;
	const struct firn_json *type;
	struct firn_str inner;

	FIRN_TRY(take_field(tp, what));
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: a field must be an object, found %s",
				 what, firn_json_excerpt(cx, json));
	field->source = json;
	FIRN_TRY(firn_member_str(cx, json, what, "name", &field->name));
	inner = firn_printf(cx, "%s: field '%.*s'", what, FIRN_FMT(firn_shown(field->name)));
	if (!inner.p)
		return cx->err.code;
	FIRN_TRY(firn_member_i32(cx, json, inner.p, "id", &field->id));
	FIRN_TRY(firn_member_bool(cx, json, inner.p, "required", &field->required));
	FIRN_TRY(firn_member_opt_str(cx, json, inner.p, "doc", &field->doc));
	type = firn_json_get(json, "type");
	FIRN_TRY(firn_type_parse_in(tp, type, inner.p, &field->type));
	FIRN_TRY(check_unknown(cx, field, inner.p));
	FIRN_TRY(read_default(cx, field, "initial-default", inner.p, &field->initial_default));
	return read_default(cx, field, "write-default", inner.p, &field->write_default);
}

firn_rc firn_type_parse_struct(struct type_parser *tp, const struct firn_json *json,
			       const char *what, const struct firn_type **ret_type)
{
	struct firn_type *type = firn_alloc(tp->cx, sizeof(*type));
	const struct firn_json *array;
	struct firn_type_field *fields;
	size_t n;

	if (!type)
		return tp->cx->err.code;
	FIRN_TRY(firn_member_nested(tp->cx, json, what, "fields", FIRN_JSON_ARRAY, &array));
	n = firn_json_count(array);
	fields = firn_calloc(tp->cx, n ? n : 1, sizeof(*fields));
	if (!fields)
		return tp->cx->err.code;
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(parse_field(tp, firn_json_at(array, i), what, &fields[i]));
	*type = (struct firn_type){
		.kind = FIRN_TYPE_STRUCT, .fields = fields, .n_fields = n, .source = json};
	*ret_type = type;
	return FIRN_OK;
}

/* An element, key or value: `<name>-id`, `<name>`, `<name>-required`. */
static firn_rc parse_part(struct type_parser *tp, const struct firn_json *json, const char *what,
			  const char *name, struct firn_type_field *field)
{
	struct firn_ctx *cx = tp->cx;
	char id[24], required[24];

	FIRN_TRY(take_field(tp, what));
	snprintf(id, sizeof(id), "%s-id", name);
	snprintf(required, sizeof(required), "%s-required", name);
	field->name = firn_str(name);
	FIRN_TRY(firn_member_i32(cx, json, what, id, &field->id));
	if (strcmp(name, "key") != 0)
		FIRN_TRY(firn_member_bool(cx, json, what, required, &field->required));
	else
		field->required = true;
	FIRN_TRY(firn_type_parse_in(tp, firn_json_get(json, name), what, &field->type));
	return check_unknown(cx, field, what);
}

static firn_rc parse_parts(struct type_parser *tp, const struct firn_json *json, const char *what,
			   enum firn_type_kind kind, const struct firn_type **ret_type)
{
	struct firn_type *type = firn_alloc(tp->cx, sizeof(*type));
	size_t n = kind == FIRN_TYPE_LIST ? 1 : 2;
	struct firn_type_field *fields = firn_calloc(tp->cx, n, sizeof(*fields));

	if (!type || !fields)
		return tp->cx->err.code;
	FIRN_TRY(
		parse_part(tp, json, what, kind == FIRN_TYPE_LIST ? "element" : "key", &fields[0]));
	if (kind == FIRN_TYPE_MAP)
		FIRN_TRY(parse_part(tp, json, what, "value", &fields[1]));
	*type = (struct firn_type){.kind = kind, .fields = fields, .n_fields = n, .source = json};
	*ret_type = type;
	return FIRN_OK;
}

static firn_rc parse_nested(struct type_parser *tp, const struct firn_json *json, const char *what,
			    const struct firn_type **ret_type)
{
	struct firn_str kind;

	FIRN_TRY(firn_member_str(tp->cx, json, what, "type", &kind));
	if (firn_str_is(kind, "struct"))
		return firn_type_parse_struct(tp, json, what, ret_type);
	if (firn_str_is(kind, "list"))
		return parse_parts(tp, json, what, FIRN_TYPE_LIST, ret_type);
	if (firn_str_is(kind, "map"))
		return parse_parts(tp, json, what, FIRN_TYPE_MAP, ret_type);
	return unknown_type(tp->cx, kind, what);
}

firn_rc firn_type_parse_in(struct type_parser *tp, const struct firn_json *json, const char *what,
			   const struct firn_type **ret_type)
{
	firn_rc rc;

	if (!json)
		return firn_fail(tp->cx, FIRN_E_BAD_REQUEST, "%s: 'type' is missing", what);
	if (firn_json_type(json) == FIRN_JSON_STRING)
		return parse_primitive(tp->cx, firn_json_str(json), what, ret_type);
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(tp->cx, FIRN_E_BAD_REQUEST,
				 "%s: a type must be a string or an object, found %s", what,
				 firn_json_excerpt(tp->cx, json));
	if (tp->depth >= FIRN_SCHEMA_DEPTH)
		return firn_fail(tp->cx, FIRN_E_BAD_REQUEST, "%s: types nest deeper than %d", what,
				 FIRN_SCHEMA_DEPTH);
	tp->depth++;
	rc = parse_nested(tp, json, what, ret_type);
	tp->depth--;
	return rc;
}

firn_rc firn_type_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			const struct firn_type **ret_type)
{
	struct type_parser tp = {.cx = cx};

	return firn_type_parse_in(&tp, json, what, ret_type);
}

bool firn_type_is_primitive(const struct firn_type *type)
{
	return type->kind != FIRN_TYPE_STRUCT && type->kind != FIRN_TYPE_LIST &&
	       type->kind != FIRN_TYPE_MAP && type->kind != FIRN_TYPE_VARIANT;
}

static void put_type(struct firn_buf *b, const struct firn_type *type)
{
	switch (type->kind) {
	case FIRN_TYPE_DECIMAL:
		firn_buf_printf(b, "decimal(%d, %d)", type->precision, type->scale);
		return;
	case FIRN_TYPE_FIXED:
		firn_buf_printf(b, "fixed[%d]", type->length);
		return;
	case FIRN_TYPE_GEOMETRY:
	case FIRN_TYPE_GEOGRAPHY:
		firn_buf_cstr(b, type->kind == FIRN_TYPE_GEOMETRY ? "geometry" : "geography");
		if (type->crs.n)
			firn_buf_printf(b, "(%.*s%s%.*s)", FIRN_FMT(type->crs),
					type->algorithm.n ? ", " : "", FIRN_FMT(type->algorithm));
		return;
	case FIRN_TYPE_LIST:
	case FIRN_TYPE_MAP:
	case FIRN_TYPE_STRUCT:
		firn_buf_cstr(b, type->kind == FIRN_TYPE_LIST  ? "list<"
				 : type->kind == FIRN_TYPE_MAP ? "map<"
							       : "struct<");
		for (size_t i = 0; i < type->n_fields; i++) {
			if (i)
				firn_buf_cstr(b, ", ");
			if (type->kind == FIRN_TYPE_STRUCT)
				firn_buf_printf(b, "%d: %.*s: ", type->fields[i].id,
						FIRN_FMT(type->fields[i].name));
			put_type(b, type->fields[i].type);
		}
		firn_buf_char(b, '>');
		return;
	case FIRN_TYPE_BOOLEAN:
	case FIRN_TYPE_INT:
	case FIRN_TYPE_LONG:
	case FIRN_TYPE_FLOAT:
	case FIRN_TYPE_DOUBLE:
	case FIRN_TYPE_DATE:
	case FIRN_TYPE_TIME:
	case FIRN_TYPE_TIMESTAMP:
	case FIRN_TYPE_TIMESTAMPTZ:
	case FIRN_TYPE_TIMESTAMP_NS:
	case FIRN_TYPE_TIMESTAMPTZ_NS:
	case FIRN_TYPE_STRING:
	case FIRN_TYPE_UUID:
	case FIRN_TYPE_BINARY:
	case FIRN_TYPE_UNKNOWN:
	case FIRN_TYPE_VARIANT:
		firn_buf_cstr(b, primitive_name(type->kind));
		return;
	}
}

struct firn_str firn_type_text(struct firn_ctx *cx, const struct firn_type *type)
{
	struct firn_buf b;
	struct firn_str text;

	firn_buf_init(&b, cx, (size_t)16 << 20);
	put_type(&b, type);
	return firn_buf_end(&b, &text) == FIRN_OK ? text : firn_str("type");
}
