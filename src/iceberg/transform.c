/* Transforms and the source fields they apply to. Refuses widths that aren't positive numbers. */
#include "transform.h"

#include "member.h"

static const struct {
	const char *name;
	enum firn_transform_kind kind;
} plain[] = {
	{"identity", FIRN_TRANSFORM_IDENTITY}, {"year", FIRN_TRANSFORM_YEAR},
	{"month", FIRN_TRANSFORM_MONTH},       {"day", FIRN_TRANSFORM_DAY},
	{"hour", FIRN_TRANSFORM_HOUR},	       {"void", FIRN_TRANSFORM_VOID},
};

static bool width_of(struct firn_str text, const char *name, struct firn_str *ret_width)
{
	size_t n = strlen(name);

	if (text.n < n + 2 || !firn_str_ieq(firn_str_sub(text, 0, n), firn_str(name)) ||
	    text.p[n] != '[' || text.p[text.n - 1] != ']')
		return false;
	*ret_width = firn_str_sub(text, n + 1, text.n - n - 2);
	return true;
}

firn_rc firn_transform_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			     struct firn_transform *ret_transform)
{
	struct firn_transform t = {.kind = FIRN_TRANSFORM_UNKNOWN, .text = text};
	struct firn_str width;
	int64_t number = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (firn_str_ieq(text, firn_str(plain[i].name)))
			t.kind = plain[i].kind;
	if (width_of(text, "bucket", &width))
		t.kind = FIRN_TRANSFORM_BUCKET;
	else if (width_of(text, "truncate", &width))
		t.kind = FIRN_TRANSFORM_TRUNCATE;
	if (!text.n)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: 'transform' is empty", what);
	if (t.kind == FIRN_TRANSFORM_BUCKET || t.kind == FIRN_TRANSFORM_TRUNCATE) {
		if (!firn_str_i64(width, &number) || number < 1 || number > INT32_MAX)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: transform '%.*s' must have a width from 1 to %d",
					 what, FIRN_FMT(firn_shown(text)), INT32_MAX);
		t.width = (int32_t)number;
	}
	*ret_transform = t;
	return FIRN_OK;
}

bool firn_transform_eq(const struct firn_transform *a, const struct firn_transform *b)
{
	return a->kind == b->kind && a->width == b->width &&
	       (a->kind != FIRN_TRANSFORM_UNKNOWN || firn_str_eq(a->text, b->text));
}

static bool is_timestamp(enum firn_type_kind kind)
{
	return kind == FIRN_TYPE_TIMESTAMP || kind == FIRN_TYPE_TIMESTAMPTZ ||
	       kind == FIRN_TYPE_TIMESTAMP_NS || kind == FIRN_TYPE_TIMESTAMPTZ_NS;
}

static bool truncates(enum firn_type_kind kind)
{
	return kind == FIRN_TYPE_INT || kind == FIRN_TYPE_LONG || kind == FIRN_TYPE_STRING ||
	       kind == FIRN_TYPE_BINARY || kind == FIRN_TYPE_DECIMAL;
}

bool firn_transform_takes(const struct firn_transform *transform, const struct firn_type *type)
{
	enum firn_type_kind kind = type->kind;

	switch (transform->kind) {
	case FIRN_TRANSFORM_IDENTITY:
		return firn_type_is_primitive(type) && kind != FIRN_TYPE_GEOMETRY &&
		       kind != FIRN_TYPE_GEOGRAPHY;
	case FIRN_TRANSFORM_BUCKET:
		return truncates(kind) || is_timestamp(kind) || kind == FIRN_TYPE_DATE ||
		       kind == FIRN_TYPE_TIME || kind == FIRN_TYPE_UUID || kind == FIRN_TYPE_FIXED;
	case FIRN_TRANSFORM_TRUNCATE:
		return truncates(kind);
	case FIRN_TRANSFORM_YEAR:
	case FIRN_TRANSFORM_MONTH:
	case FIRN_TRANSFORM_DAY:
		return is_timestamp(kind) || kind == FIRN_TYPE_DATE;
	case FIRN_TRANSFORM_HOUR:
		return is_timestamp(kind);
	case FIRN_TRANSFORM_VOID:
	case FIRN_TRANSFORM_UNKNOWN:
		break;
	}
	return true;
}

firn_rc firn_sources_parse(struct firn_ctx *cx, const struct firn_json *field, const char *what,
			   struct firn_sources *ret_sources)
{
	int32_t *ids = firn_calloc(cx, 1, sizeof(*ids));
	size_t n = 1;
	bool has;

	if (!ids)
		return cx->err.code;
	FIRN_TRY(firn_member_opt_i32(cx, field, what, "source-id", &has, &ids[0]));
	if (!has) {
		FIRN_TRY(firn_member_i32s(cx, field, what, "source-ids", false, &ids, &n));
		if (!n)
			return firn_fail(
				cx, FIRN_E_BAD_REQUEST,
				"%s: 'source-id' is missing (or 'source-ids' of at least one)",
				what);
	}
	*ret_sources = (struct firn_sources){ids, n};
	return FIRN_OK;
}

bool firn_sources_eq(const struct firn_sources *a, const struct firn_sources *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->ids[i] != b->ids[i])
			return false;
	return true;
}

void firn_sources_write(struct firn_jw *w, const struct firn_sources *sources)
{
	if (sources->n == 1) {
		firn_jw_key(w, "source-id");
		firn_jw_i64(w, sources->ids[0]);
		return;
	}
	firn_jw_key(w, "source-ids");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < sources->n; i++)
		firn_jw_i64(w, sources->ids[i]);
	firn_jw_end(w, ']');
}

static firn_rc check_source(struct firn_ctx *cx, int32_t id, const struct firn_transform *transform,
			    const struct firn_schema *schema, const char *noun, bool in_struct)
{
	const struct firn_schema_entry *entry = firn_schema_find(schema, id);
	struct firn_str type;

	if (!entry)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "Cannot find source column for %s field: %.*s(%d)", noun,
				 FIRN_FMT(firn_shown(transform->text)), id);
	type = firn_shown(firn_type_text(cx, entry->field->type));
	if (!firn_type_is_primitive(entry->field->type))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "Cannot %s by non-primitive source field '%.*s': %.*s", noun,
				 FIRN_FMT(firn_shown(entry->name)), FIRN_FMT(type));
	if (!firn_transform_takes(transform, entry->field->type))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "Invalid source type %.*s for transform: %.*s (field '%.*s')",
				 FIRN_FMT(type), FIRN_FMT(firn_shown(transform->text)),
				 FIRN_FMT(firn_shown(entry->name)));
	for (const struct firn_schema_entry *up = entry->parent; in_struct && up; up = up->parent)
		if (up->field->type->kind != FIRN_TYPE_STRUCT)
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "Invalid partition field parent: field '%.*s' is inside a "
					 "list or map",
					 FIRN_FMT(firn_shown(entry->name)));
	return FIRN_OK;
}

firn_rc firn_sources_check(struct firn_ctx *cx, const struct firn_sources *sources,
			   const struct firn_transform *transform, const struct firn_schema *schema,
			   const char *noun, bool in_struct)
{
	for (size_t i = 0; i < sources->n; i++)
		FIRN_TRY(check_source(cx, sources->ids[i], transform, schema, noun, in_struct));
	return FIRN_OK;
}

firn_rc firn_sources_rebind(struct firn_ctx *cx, const struct firn_sources *sources,
			    const struct firn_schema *from, const struct firn_schema *to,
			    const char *what, struct firn_sources *ret_sources)
{
	int32_t *ids = firn_calloc(cx, sources->n, sizeof(*ids));

	if (!ids)
		return cx->err.code;
	for (size_t i = 0; i < sources->n; i++) {
		const struct firn_schema_entry *old = firn_schema_find(from, sources->ids[i]);
		const struct firn_schema_entry *new =
			old ? firn_schema_find_name(to, old->name) : NULL;

		if (!new)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: source field %d is not in the schema", what,
					 sources->ids[i]);
		ids[i] = new->id;
	}
	*ret_sources = (struct firn_sources){ids, sources->n};
	return FIRN_OK;
}
