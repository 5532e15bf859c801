/*
 * Updates of schemas, partition specs and sort orders. An equal one that the table has is used
 * again and counts as the last added. Refuses ids that nothing has, and removal of what is current
 * or that a snapshot names.
 */
#include "member.h"
#include "table_builder.h"

static firn_rc current_schema(struct table_builder *b, const char *noun,
			      const struct firn_schema **ret_schema)
{
	*ret_schema = firn_table_schema(&b->m, b->m.current_schema_id);
	if (!*ret_schema)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot add a %s before a schema is added and set as current",
				 noun);
	return FIRN_OK;
}

static firn_rc too_many(struct table_builder *b, const char *noun, size_t ceiling)
{
	return firn_fail(b->cx, FIRN_E_VALIDATION, "the table would have more than %zu %s", ceiling,
			 noun);
}

/* Ids are 32 bits wide, and a registered table may hold the last one. */
static firn_rc check_id(struct table_builder *b, const char *noun, int64_t id)
{
	if (id > INT32_MAX)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot add a %s: the table's %s ids are used up", noun, noun);
	return FIRN_OK;
}

firn_rc firn_update_add_schema(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	const struct firn_schema *schema;
	int64_t id = b->m.current_schema_id;
	bool found = false;

	FIRN_TRY(
		firn_member_nested(b->cx, update, "add-schema", "schema", FIRN_JSON_OBJECT, &json));
	FIRN_TRY(firn_schema_parse(b->cx, json, "add-schema: schema", &schema));
	FIRN_TRY(firn_schema_check_version(b->cx, schema, b->m.format_version));
	for (size_t i = 0; i < b->m.schemas.n && !found; i++) {
		found = firn_schema_same(b->m.schemas.items[i], schema);
		if (found)
			id = b->m.schemas.items[i]->id;
		else if (b->m.schemas.items[i]->id >= id)
			id = (int64_t)b->m.schemas.items[i]->id + 1;
	}
	if (!found) {
		if (b->m.schemas.n >= FIRN_TABLE_SCHEMAS)
			return too_many(b, "schemas", FIRN_TABLE_SCHEMAS);
		FIRN_TRY(check_id(b, "schema", id));
		FIRN_TRY(firn_schema_with_id(b->cx, schema, (int32_t)id, &schema));
		FIRN_VEC_PUSH(b->cx, &b->m.schemas, schema);
	}
	if (!found || schema->highest_id > b->m.last_column_id)
		b->n_changes++;
	if (schema->highest_id > b->m.last_column_id)
		b->m.last_column_id = schema->highest_id;
	b->has_last_schema = true;
	b->last_schema_id = (int32_t)id;
	return FIRN_OK;
}

/* The id that a request names; -1 stands for the last added. */
static firn_rc resolve(struct table_builder *b, const struct firn_json *update, const char *action,
		       const char *name, bool has_last, int32_t last, const char *noun,
		       int32_t *ret_id)
{
	FIRN_TRY(firn_member_i32(b->cx, update, action, name, ret_id));
	if (*ret_id != -1)
		return FIRN_OK;
	if (!has_last)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set last added %s: no %s has been added", noun, noun);
	*ret_id = last;
	return FIRN_OK;
}

firn_rc firn_update_set_current_schema(struct table_builder *b, const struct firn_json *update)
{
	int32_t id;

	FIRN_TRY(resolve(b, update, "set-current-schema", "schema-id", b->has_last_schema,
			 b->last_schema_id, "schema", &id));
	if (id == b->m.current_schema_id)
		return FIRN_OK;
	if (!firn_table_schema(&b->m, id))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set current schema to unknown schema: %d", id);
	b->m.current_schema_id = id;
	b->shape_changed = true;
	b->n_changes++;
	return FIRN_OK;
}

static bool has_id(const struct firn_partition_field *fields, size_t n, int32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i].id == id)
			return true;
	return false;
}

/* The id that a field of an earlier spec has with the same sources and transform, unless one of the
 * n fields before it took that; 0 if none. */
static int32_t id_in_use(const struct firn_table_metadata *m,
			 const struct firn_partition_field *fields, size_t n)
{
	const struct firn_partition_field *field = &fields[n];
	int32_t id = 0;

	for (size_t i = 0; i < m->specs.n; i++)
		for (size_t j = 0; j < m->specs.items[i]->n_fields; j++) {
			const struct firn_partition_field *other = &m->specs.items[i]->fields[j];

			if (other->id > id && firn_sources_eq(&other->sources, &field->sources) &&
			    firn_transform_eq(&other->transform, &field->transform) &&
			    !has_id(fields, n, other->id))
				id = other->id;
		}
	return id;
}

/* Field ids for a spec that came without: 1000, 1001, … in v1, else those in use, then new ones. */
static firn_rc assign_ids(struct table_builder *b, const struct firn_partition_spec *spec,
			  const struct firn_partition_spec **ret_spec)
{
	struct firn_partition_field *fields =
		firn_calloc(b->cx, spec->n_fields + 1, sizeof(*fields));
	int32_t last = b->m.last_partition_id;

	if (!fields)
		return b->cx->err.code;
	for (size_t i = 0; i < spec->n_fields; i++) {
		fields[i] = spec->fields[i];
		fields[i].id = b->m.format_version == 1 ? FIRN_PARTITION_FIRST_ID + (int32_t)i
							: id_in_use(&b->m, fields, i);
		if (!fields[i].id && last == INT32_MAX)
			return firn_fail(b->cx, FIRN_E_VALIDATION,
					 "add-spec: partition field ids are used up");
		if (!fields[i].id)
			fields[i].id = ++last;
	}
	return firn_partition_with(b->cx, spec, spec->id, fields, ret_spec);
}

static firn_rc bind_spec(struct table_builder *b, const struct firn_partition_spec *spec,
			 const struct firn_partition_spec **ret_spec)
{
	const struct firn_schema *schema;

	FIRN_TRY(current_schema(b, "partition spec", &schema));
	FIRN_TRY(firn_partition_check_names(b->cx, spec, schema));
	FIRN_TRY(firn_partition_check_sources(b->cx, spec, schema));
	if (!spec->has_ids)
		FIRN_TRY(assign_ids(b, spec, &spec));
	*ret_spec = spec;
	return FIRN_OK;
}

static firn_rc keep_spec(struct table_builder *b, const struct firn_partition_spec *spec,
			 int64_t id)
{
	if (b->m.format_version == 1 && !firn_partition_sequential(spec))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Spec does not use sequential IDs that are required in v1: its "
				 "fields must have the ids 1000, 1001, …");
	if (b->m.specs.n >= FIRN_TABLE_SPECS)
		return too_many(b, "partition specs", FIRN_TABLE_SPECS);
	FIRN_TRY(check_id(b, "partition spec", id));
	FIRN_TRY(firn_partition_with(b->cx, spec, (int32_t)id, NULL, &spec));
	FIRN_VEC_PUSH(b->cx, &b->m.specs, spec);
	if (firn_partition_last_id(spec) > b->m.last_partition_id)
		b->m.last_partition_id = firn_partition_last_id(spec);
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_add_spec(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	const struct firn_partition_spec *spec;
	int64_t id = 0;
	bool found = false;

	FIRN_TRY(firn_member_nested(b->cx, update, "add-spec", "spec", FIRN_JSON_OBJECT, &json));
	FIRN_TRY(firn_partition_parse(b->cx, json, "add-spec: spec", &spec));
	FIRN_TRY(bind_spec(b, spec, &spec));
	for (size_t i = 0; i < b->m.specs.n && !found; i++) {
		found = firn_partition_same(b->m.specs.items[i], spec);
		if (found)
			id = b->m.specs.items[i]->id;
		else if (b->m.specs.items[i]->id >= id)
			id = (int64_t)b->m.specs.items[i]->id + 1;
	}
	if (!found)
		FIRN_TRY(keep_spec(b, spec, id));
	b->has_last_spec = true;
	b->last_spec_id = (int32_t)id;
	return FIRN_OK;
}

firn_rc firn_update_set_default_spec(struct table_builder *b, const struct firn_json *update)
{
	int32_t id;

	FIRN_TRY(resolve(b, update, "set-default-spec", "spec-id", b->has_last_spec,
			 b->last_spec_id, "spec", &id));
	if (id == b->m.default_spec_id)
		return FIRN_OK;
	if (!firn_table_spec(&b->m, id))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set default partition spec to unknown spec: %d", id);
	b->m.default_spec_id = id;
	b->shape_changed = true;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_add_sort_order(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	const struct firn_sort_order *order;
	const struct firn_schema *schema;
	int64_t id = 1;
	bool found = false;

	FIRN_TRY(firn_member_nested(b->cx, update, "add-sort-order", "sort-order", FIRN_JSON_OBJECT,
				    &json));
	FIRN_TRY(firn_sort_parse(b->cx, json, "add-sort-order: sort-order", &order));
	FIRN_TRY(current_schema(b, "sort order", &schema));
	FIRN_TRY(firn_sort_check_sources(b->cx, order, schema));
	for (size_t i = 0; i < b->m.orders.n && !found; i++) {
		found = firn_sort_same(b->m.orders.items[i], order);
		if (found)
			id = b->m.orders.items[i]->id;
		else if (b->m.orders.items[i]->id >= id)
			id = (int64_t)b->m.orders.items[i]->id + 1;
	}
	if (!found) {
		if (!order->n_fields)
			id = 0;
		if (b->m.orders.n >= FIRN_TABLE_ORDERS)
			return too_many(b, "sort orders", FIRN_TABLE_ORDERS);
		FIRN_TRY(check_id(b, "sort order", id));
		FIRN_TRY(firn_sort_with(b->cx, order, (int32_t)id, NULL, &order));
		FIRN_VEC_PUSH(b->cx, &b->m.orders, order);
		b->n_changes++;
	}
	b->has_last_order = true;
	b->last_order_id = (int32_t)id;
	return FIRN_OK;
}

firn_rc firn_update_set_default_sort_order(struct table_builder *b, const struct firn_json *update)
{
	int32_t id;

	FIRN_TRY(resolve(b, update, "set-default-sort-order", "sort-order-id", b->has_last_order,
			 b->last_order_id, "sort order", &id));
	if (id == b->m.default_order_id)
		return FIRN_OK;
	if (!firn_table_order(&b->m, id))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set default sort order to unknown sort order: %d", id);
	b->m.default_order_id = id;
	b->shape_changed = true;
	b->n_changes++;
	return FIRN_OK;
}

static bool contains(const int32_t *ids, size_t n, int32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

firn_rc firn_update_remove_specs(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_partition_spec **kept =
		firn_calloc(b->cx, b->m.specs.n + 1, sizeof(*kept));
	int32_t *ids;
	size_t n_ids, n = 0;

	if (!kept)
		return b->cx->err.code;
	FIRN_TRY(firn_member_i32s(b->cx, update, "remove-partition-specs", "spec-ids", true, &ids,
				  &n_ids));
	if (n_ids > FIRN_TABLE_SPECS)
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST, "remove-partition-specs: too many ids");
	if (contains(ids, n_ids, b->m.default_spec_id))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot remove the default partition spec: %d",
				 b->m.default_spec_id);
	for (size_t i = 0; i < b->m.specs.n; i++)
		if (!contains(ids, n_ids, b->m.specs.items[i]->id))
			kept[n++] = b->m.specs.items[i];
	if (n == b->m.specs.n)
		return FIRN_OK;
	b->m.specs.items = kept;
	b->m.specs.n = n;
	b->m.specs.capacity = 0;
	b->n_changes++;
	return FIRN_OK;
}

static firn_rc check_unused(struct table_builder *b, const struct firn_id_index *removed)
{
	for (size_t i = 0; i < b->m.snapshots.n; i++) {
		const struct firn_snapshot *s = &b->m.snapshots.items[i];

		if (s->has_schema_id && firn_id_index_has(removed, s->schema_id))
			return firn_fail(
				b->cx, FIRN_E_VALIDATION,
				"Cannot remove schema %d: snapshot %lld was written with it",
				s->schema_id, (long long)s->id);
	}
	return FIRN_OK;
}

firn_rc firn_update_remove_schemas(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_schema **kept = firn_calloc(b->cx, b->m.schemas.n + 1, sizeof(*kept));
	struct firn_id_index removed;
	int32_t *ids;
	size_t n_ids, n = 0;

	if (!kept)
		return b->cx->err.code;
	FIRN_TRY(firn_member_i32s(b->cx, update, "remove-schemas", "schema-ids", true, &ids,
				  &n_ids));
	if (contains(ids, n_ids, b->m.current_schema_id))
		return firn_fail(b->cx, FIRN_E_VALIDATION, "Cannot remove the current schema: %d",
				 b->m.current_schema_id);
	FIRN_TRY(firn_id_index_init(b->cx, &removed, n_ids));
	for (size_t i = 0; i < n_ids; i++)
		(void)firn_id_index_add(&removed, ids[i], i);
	for (size_t i = 0; i < b->m.schemas.n; i++)
		if (!firn_id_index_has(&removed, b->m.schemas.items[i]->id))
			kept[n++] = b->m.schemas.items[i];
	if (n == b->m.schemas.n)
		return FIRN_OK;
	FIRN_TRY(check_unused(b, &removed));
	b->m.schemas.items = kept;
	b->m.schemas.n = n;
	b->m.schemas.capacity = 0;
	b->n_changes++;
	return FIRN_OK;
}
