/*
 * Partition specs. Refuses specs where only some fields have ids, ids or names used twice, and
 * names that another column of the schema has.
 */
#include "partition.h"

#include "member.h"

static firn_rc parse_field(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			   struct firn_partition_field *field, bool *ret_has_id)
{
	struct firn_str transform;

	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: a partition field must be an object, found %s", what,
				 firn_json_excerpt(cx, json));
	field->source = json;
	FIRN_TRY(firn_member_str(cx, json, what, "name", &field->name));
	FIRN_TRY(firn_member_str(cx, json, what, "transform", &transform));
	FIRN_TRY(firn_transform_parse(cx, transform, what, &field->transform));
	FIRN_TRY(firn_sources_parse(cx, json, what, &field->sources));
	return firn_member_opt_i32(cx, json, what, "field-id", ret_has_id, &field->id);
}

static firn_rc check_ids(struct firn_ctx *cx, const struct firn_partition_spec *spec,
			 const char *what)
{
	for (size_t i = 0; i < spec->n_fields; i++)
		for (size_t j = 0; j < i; j++)
			if (spec->fields[i].id == spec->fields[j].id)
				return firn_fail(cx, FIRN_E_BAD_REQUEST,
						 "%s: partition field id %d is used twice", what,
						 spec->fields[i].id);
	return FIRN_OK;
}

static firn_rc parse_fields(struct firn_ctx *cx, const struct firn_json *array, const char *what,
			    struct firn_partition_spec *spec)
{
	size_t n = firn_json_count(array), with_id = 0;
	struct firn_partition_field *fields;

	if (n > FIRN_PARTITION_FIELDS)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: more than %d partition fields", what,
				 FIRN_PARTITION_FIELDS);
	fields = firn_calloc(cx, n + 1, sizeof(*fields));
	if (!fields)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		bool has = false;

		FIRN_TRY(parse_field(cx, firn_json_at(array, i), what, &fields[i], &has));
		with_id += has;
	}
	if (with_id && with_id != n)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"%s: Cannot parse spec with missing field IDs: %zu missing of %zu fields",
			what, n - with_id, n);
	spec->has_ids = with_id == n;
	spec->fields = fields;
	spec->n_fields = n;
	return spec->has_ids ? check_ids(cx, spec, what) : FIRN_OK;
}

firn_rc firn_partition_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			     const struct firn_partition_spec **ret_spec)
{
	struct firn_partition_spec *spec = firn_alloc(cx, sizeof(*spec));
	const struct firn_json *array = json;

	if (!spec)
		return cx->err.code;
	if (firn_json_type(json) == FIRN_JSON_OBJECT) {
		spec->source = json;
		FIRN_TRY(firn_member_opt_i32(cx, json, what, "spec-id", &spec->has_id, &spec->id));
		FIRN_TRY(firn_member_nested(cx, json, what, "fields", FIRN_JSON_ARRAY, &array));
	} else if (firn_json_type(json) != FIRN_JSON_ARRAY) {
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be an object, found %s", what,
				 firn_json_excerpt(cx, json));
	}
	FIRN_TRY(parse_fields(cx, array, what, spec));
	*ret_spec = spec;
	return FIRN_OK;
}

bool firn_partition_same(const struct firn_partition_spec *a, const struct firn_partition_spec *b)
{
	if (a->n_fields != b->n_fields)
		return false;
	for (size_t i = 0; i < a->n_fields; i++) {
		const struct firn_partition_field *x = &a->fields[i], *y = &b->fields[i];

		if (!firn_sources_eq(&x->sources, &y->sources) ||
		    !firn_transform_eq(&x->transform, &y->transform) ||
		    !firn_str_eq(x->name, y->name))
			return false;
	}
	return true;
}

static firn_rc check_name(struct firn_ctx *cx, const struct firn_partition_spec *spec, size_t i,
			  const struct firn_schema *schema)
{
	const struct firn_partition_field *field = &spec->fields[i];
	const struct firn_schema_entry *column = firn_schema_find_name(schema, field->name);
	struct firn_str name = firn_shown(field->name);

	if (!field->name.n)
		return firn_fail(cx, FIRN_E_VALIDATION, "Cannot use empty partition name");
	for (size_t j = 0; j < i; j++)
		if (firn_str_eq(spec->fields[j].name, field->name))
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "Cannot use partition name more than once: %.*s",
					 FIRN_FMT(name));
	if (column && column->id != field->sources.ids[0])
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "Cannot create partition from name that exists in schema: %.*s",
				 FIRN_FMT(name));
	return FIRN_OK;
}

firn_rc firn_partition_check_names(struct firn_ctx *cx, const struct firn_partition_spec *spec,
				   const struct firn_schema *schema)
{
	for (size_t i = 0; i < spec->n_fields; i++)
		FIRN_TRY(check_name(cx, spec, i, schema));
	return FIRN_OK;
}

firn_rc firn_partition_check_sources(struct firn_ctx *cx, const struct firn_partition_spec *spec,
				     const struct firn_schema *schema)
{
	for (size_t i = 0; i < spec->n_fields; i++)
		if (spec->fields[i].transform.kind != FIRN_TRANSFORM_VOID)
			FIRN_TRY(firn_sources_check(cx, &spec->fields[i].sources,
						    &spec->fields[i].transform, schema, "partition",
						    true));
	return FIRN_OK;
}

bool firn_partition_sequential(const struct firn_partition_spec *spec)
{
	for (size_t i = 0; i < spec->n_fields; i++)
		if (spec->fields[i].id != FIRN_PARTITION_FIRST_ID + (int32_t)i)
			return false;
	return true;
}

int32_t firn_partition_last_id(const struct firn_partition_spec *spec)
{
	int32_t last = FIRN_PARTITION_FIRST_ID - 1;

	for (size_t i = 0; i < spec->n_fields; i++)
		if (spec->fields[i].id > last)
			last = spec->fields[i].id;
	return last;
}

firn_rc firn_partition_with(struct firn_ctx *cx, const struct firn_partition_spec *spec, int32_t id,
			    const struct firn_partition_field *fields,
			    const struct firn_partition_spec **ret_spec)
{
	struct firn_partition_spec *copy = firn_alloc(cx, sizeof(*copy));

	if (!copy)
		return cx->err.code;
	*copy = *spec;
	if (fields)
		copy->fields = fields;
	if (fields || !spec->has_id || spec->id != id)
		copy->text = FIRN_STR_NONE;
	copy->has_ids = true;
	copy->has_id = true;
	copy->id = id;
	*ret_spec = copy;
	return FIRN_OK;
}

void firn_partition_write_fields(struct firn_jw *w, const struct firn_partition_spec *spec)
{
	static const char *const known[] = {"name",	  "transform", "source-id",
					    "source-ids", "field-id",  NULL};

	firn_jw_begin(w, '[');
	for (size_t i = 0; i < spec->n_fields; i++) {
		const struct firn_partition_field *field = &spec->fields[i];

		firn_jw_begin(w, '{');
		firn_jw_key(w, "name");
		firn_jw_str(w, field->name);
		firn_jw_key(w, "transform");
		firn_jw_str(w, field->transform.text);
		firn_sources_write(w, &field->sources);
		firn_jw_key(w, "field-id");
		firn_jw_i64(w, field->id);
		firn_members_write_unknown(w, field->source, known);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
}

void firn_partition_write(struct firn_jw *w, const struct firn_partition_spec *spec)
{
	static const char *const known[] = {"spec-id", "fields", NULL};

	if (spec->text.p) {
		firn_jw_raw(w, spec->text);
		return;
	}
	firn_jw_begin(w, '{');
	firn_jw_key(w, "spec-id");
	firn_jw_i64(w, spec->id);
	firn_jw_key(w, "fields");
	firn_partition_write_fields(w, spec);
	firn_members_write_unknown(w, spec->source, known);
	firn_jw_end(w, '}');
}
