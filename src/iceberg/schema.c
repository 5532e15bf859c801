/*
 * Schemas: parsed, indexed by field id and by full name, identifier fields checked. Refuses ids and
 * names used twice and identifier fields that can't identify a row.
 */
#include "schema.h"

#include <stdlib.h>

#include "member.h"
#include "schema_private.h"
#include "type.h"

struct draft_entry {
	struct firn_schema_entry entry;
	size_t parent; /* SIZE_MAX at top level */
};

struct index {
	struct firn_ctx *cx;
	const char *what;
	struct draft_entry *drafts;
	size_t n;
};

static size_t count_fields(const struct firn_type *type)
{
	size_t n = type->n_fields;

	for (size_t i = 0; i < type->n_fields; i++)
		n += count_fields(type->fields[i].type);
	return n;
}

static firn_rc collect(struct index *ix, const struct firn_type *type, size_t parent)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct firn_type_field *field = &type->fields[i];
		struct draft_entry *draft = &ix->drafts[ix->n];
		size_t self = ix->n++;

		draft->entry.id = field->id;
		draft->entry.field = field;
		draft->parent = parent;
		draft->entry.name = field->name;
		if (parent != SIZE_MAX)
			draft->entry.name = firn_printf(ix->cx, "%.*s.%.*s",
							FIRN_FMT(ix->drafts[parent].entry.name),
							FIRN_FMT(field->name));
		if (!draft->entry.name.p)
			return ix->cx->err.code;
		FIRN_TRY(collect(ix, field->type, self));
	}
	return FIRN_OK;
}

static int by_id(const void *a, const void *b)
{
	const struct draft_entry *const *x = a, *const *y = b;

	return ((*x)->entry.id > (*y)->entry.id) - ((*x)->entry.id < (*y)->entry.id);
}

static int by_name(const void *a, const void *b)
{
	const struct draft_entry *const *x = a, *const *y = b;

	return firn_str_cmp((*x)->entry.name, (*y)->entry.name);
}

static firn_rc check_names(struct index *ix, struct draft_entry **order)
{
	qsort(order, ix->n, sizeof(struct draft_entry *), by_name);
	for (size_t i = 1; i < ix->n; i++)
		if (by_name(&order[i - 1], &order[i]) == 0)
			return firn_fail(ix->cx, FIRN_E_BAD_REQUEST,
					 "%s: multiple fields for name '%.*s': %d and %d", ix->what,
					 FIRN_FMT(firn_shown(order[i]->entry.name)),
					 order[i - 1]->entry.id, order[i]->entry.id);
	return FIRN_OK;
}

static firn_rc check_ids(struct index *ix, struct draft_entry **order)
{
	qsort(order, ix->n, sizeof(struct draft_entry *), by_id);
	for (size_t i = 1; i < ix->n; i++)
		if (order[i - 1]->entry.id == order[i]->entry.id)
			return firn_fail(ix->cx, FIRN_E_BAD_REQUEST,
					 "%s: field id %d is used twice: '%.*s' and '%.*s'",
					 ix->what, order[i]->entry.id,
					 FIRN_FMT(firn_shown(order[i - 1]->entry.name)),
					 FIRN_FMT(firn_shown(order[i]->entry.name)));
	return FIRN_OK;
}

/* The entries in the order of their ids, parents pointing into the same array. */
static firn_rc settle(struct index *ix, struct draft_entry **order, struct firn_schema *schema)
{
	struct firn_schema_entry *entries = firn_calloc(ix->cx, ix->n + 1, sizeof(*entries));
	size_t *place = firn_calloc(ix->cx, ix->n + 1, sizeof(*place));

	if (!entries || !place)
		return ix->cx->err.code;
	for (size_t i = 0; i < ix->n; i++)
		place[order[i] - ix->drafts] = i;
	for (size_t i = 0; i < ix->n; i++) {
		entries[i] = order[i]->entry;
		if (order[i]->parent != SIZE_MAX)
			entries[i].parent = &entries[place[order[i]->parent]];
	}
	schema->entries = entries;
	schema->n_entries = ix->n;
	schema->highest_id = ix->n ? entries[ix->n - 1].id : -1;
	return FIRN_OK;
}

static firn_rc build_index(struct firn_ctx *cx, const char *what, struct firn_schema *schema)
{
	size_t n = count_fields(schema->root);
	struct index ix = {cx, what, firn_calloc(cx, n + 1, sizeof(struct draft_entry)), 0};
	struct draft_entry **order = firn_calloc(cx, n + 1, sizeof(*order));

	if (!ix.drafts || !order)
		return cx->err.code;
	FIRN_TRY(collect(&ix, schema->root, SIZE_MAX));
	for (size_t i = 0; i < n; i++)
		order[i] = &ix.drafts[i];
	FIRN_TRY(check_names(&ix, order));
	FIRN_TRY(check_ids(&ix, order));
	return settle(&ix, order, schema);
}

static firn_rc check_identifier(struct firn_ctx *cx, const struct firn_schema *schema, int32_t id,
				const char *what)
{
	const struct firn_schema_entry *entry = firn_schema_find(schema, id);
	const char *wrong = NULL;

	if (!entry)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"%s: Cannot add field id %d as an identifier field: there is no such field",
			what, id);
	if (!firn_type_is_primitive(entry->field->type))
		wrong = "not a primitive type field";
	else if (!entry->field->required)
		wrong = "not a required field";
	else if (entry->field->type->kind == FIRN_TYPE_FLOAT ||
		 entry->field->type->kind == FIRN_TYPE_DOUBLE)
		wrong = "must not be float or double field";
	for (const struct firn_schema_entry *up = entry->parent; up && !wrong; up = up->parent) {
		if (up->field->type->kind != FIRN_TYPE_STRUCT)
			wrong = "must not be nested in a list or map";
		else if (!up->field->required)
			wrong = "must not be nested in an optional field";
	}
	if (wrong)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: Cannot add field %.*s as an identifier field: %s", what,
				 FIRN_FMT(firn_shown(entry->name)), wrong);
	return FIRN_OK;
}

static int compare_i32(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static firn_rc read_identifiers(struct firn_ctx *cx, const struct firn_json *json, const char *what,
				struct firn_schema *schema)
{
	int32_t *ids;
	size_t n, kept = 0;

	FIRN_TRY(firn_member_i32s(cx, json, what, "identifier-field-ids", false, &ids, &n));
	if (n > 1)
		qsort(ids, n, sizeof(*ids), compare_i32);
	for (size_t i = 0; i < n; i++) {
		if (kept && ids[kept - 1] == ids[i])
			continue;
		FIRN_TRY(check_identifier(cx, schema, ids[i], what));
		ids[kept++] = ids[i];
	}
	schema->identifier_ids = ids;
	schema->n_identifier_ids = kept;
	return FIRN_OK;
}

firn_rc firn_schema_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			  const struct firn_schema **ret_schema)
{
	struct type_parser tp = {.cx = cx, .depth = 1};
	struct firn_schema *schema = firn_alloc(cx, sizeof(*schema));
	struct firn_str type;

	if (!schema)
		return cx->err.code;
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be an object, found %s", what,
				 firn_json_excerpt(cx, json));
	FIRN_TRY(firn_member_str(cx, json, what, "type", &type));
	if (!firn_str_is(type, "struct"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: 'type' must be struct, found '%.*s'",
				 what, FIRN_FMT(firn_shown(type)));
	FIRN_TRY(firn_member_opt_i32(cx, json, what, "schema-id", &schema->has_id, &schema->id));
	FIRN_TRY(firn_type_parse_struct(&tp, json, what, &schema->root));
	FIRN_TRY(build_index(cx, what, schema));
	FIRN_TRY(read_identifiers(cx, json, what, schema));
	schema->as_parsed = schema->has_id;
	*ret_schema = schema;
	return FIRN_OK;
}

firn_rc firn_schema_reindex(struct firn_ctx *cx, struct firn_schema *schema)
{
	return build_index(cx, "schema", schema);
}

bool firn_schema_same(const struct firn_schema *a, const struct firn_schema *b)
{
	if (a->n_identifier_ids != b->n_identifier_ids || a->highest_id != b->highest_id ||
	    a->n_entries != b->n_entries)
		return false;
	for (size_t i = 0; i < a->n_identifier_ids; i++)
		if (a->identifier_ids[i] != b->identifier_ids[i])
			return false;
	return firn_type_eq(a->root, b->root);
}

const struct firn_schema_entry *firn_schema_find(const struct firn_schema *schema, int32_t id)
{
	size_t low = 0, high = schema->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (schema->entries[middle].id == id)
			return &schema->entries[middle];
		if (schema->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct firn_schema_entry *firn_schema_find_name(const struct firn_schema *schema,
						      struct firn_str full_name)
{
	for (size_t i = 0; i < schema->n_entries; i++)
		if (firn_str_eq(schema->entries[i].name, full_name))
			return &schema->entries[i];
	return NULL;
}
