/* Schemas renumbered: fresh field ids in the reference's order, and another schema id. */
#include <stdlib.h>

#include "firn/arena.h"
#include "schema.h"
#include "schema_private.h"

struct renumbering {
	struct firn_ctx *cx;
	const struct firn_schema *old;
	int32_t *fresh; /* by the place of the old id in old->entries */
	int32_t last;
};

static firn_rc take_id(struct renumbering *r, int32_t old_id, int32_t *ret_id)
{
	const struct firn_schema_entry *entry = firn_schema_find(r->old, old_id);

	if (r->last == INT32_MAX)
		return firn_fail(r->cx, FIRN_E_BAD_REQUEST, "schema: field ids are used up");
	*ret_id = ++r->last;
	if (entry)
		r->fresh[entry - r->old->entries] = *ret_id;
	return FIRN_OK;
}

static firn_rc renumber(struct renumbering *r, const struct firn_type *old,
			const struct firn_type **ret_type)
{
	struct firn_type *type;
	struct firn_type_field *fields;

	if (!old->n_fields) {
		*ret_type = old;
		return FIRN_OK;
	}
	type = firn_alloc(r->cx, sizeof(*type));
	fields = firn_calloc(r->cx, old->n_fields, sizeof(*fields));
	if (!type || !fields)
		return r->cx->err.code;
	for (size_t i = 0; i < old->n_fields; i++) {
		fields[i] = old->fields[i];
		FIRN_TRY(take_id(r, old->fields[i].id, &fields[i].id));
	}
	for (size_t i = 0; i < old->n_fields; i++)
		FIRN_TRY(renumber(r, old->fields[i].type, &fields[i].type));
	*type = *old;
	type->fields = fields;
	*ret_type = type;
	return FIRN_OK;
}

static int compare_i32(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

firn_rc firn_schema_fresh_ids(struct firn_ctx *cx, const struct firn_schema *schema, int32_t id,
			      int32_t *last_id, const struct firn_schema **ret_schema)
{
	struct firn_schema *fresh = firn_alloc(cx, sizeof(*fresh));
	struct renumbering r = {
		.cx = cx,
		.old = schema,
		.fresh = firn_calloc(cx, schema->n_entries + 1, sizeof(int32_t)),
		.last = *last_id,
	};
	int32_t *identifiers = firn_calloc(cx, schema->n_identifier_ids + 1, sizeof(*identifiers));

	if (!fresh || !r.fresh || !identifiers)
		return cx->err.code;
	*fresh = (struct firn_schema){.id = id, .has_id = true};
	FIRN_TRY(renumber(&r, schema->root, &fresh->root));
	for (size_t i = 0; i < schema->n_identifier_ids; i++)
		identifiers[i] = r.fresh[firn_schema_find(schema, schema->identifier_ids[i]) -
					 schema->entries];
	if (schema->n_identifier_ids > 1)
		qsort(identifiers, schema->n_identifier_ids, sizeof(*identifiers), compare_i32);
	fresh->identifier_ids = identifiers;
	fresh->n_identifier_ids = schema->n_identifier_ids;
	FIRN_TRY(firn_schema_reindex(cx, fresh));
	*last_id = r.last;
	*ret_schema = fresh;
	return FIRN_OK;
}

firn_rc firn_schema_with_id(struct firn_ctx *cx, const struct firn_schema *schema, int32_t id,
			    const struct firn_schema **ret_schema)
{
	struct firn_schema *copy = firn_alloc(cx, sizeof(*copy));

	if (!copy)
		return cx->err.code;
	*copy = *schema;
	if (!schema->has_id || schema->id != id) {
		copy->text = FIRN_STR_NONE;
		copy->as_parsed = false;
	}
	copy->id = id;
	copy->has_id = true;
	*ret_schema = copy;
	return FIRN_OK;
}
