/*
 * Schemas, partition specs, sort orders and encryption keys of a table, each list with the id of
 * its current item; v1's single `schema` and `partition-spec` where the list is missing.
 */
#include "member.h"
#include "raw.h"
#include "table.h"

static firn_rc missing_list(struct firn_ctx *cx, const struct firn_table_metadata *m,
			    const char *name)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: %s must exist in format v%d",
			 name, m->format_version);
}

static firn_rc parse_id(struct firn_ctx *cx, struct firn_str raw, const char *name, int32_t *ret_id)
{
	int64_t id;

	if (firn_raw_is_null(raw))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' is missing", name);
	if (!firn_str_i64(raw, &id) || id < INT32_MIN || id > INT32_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' must be a 32-bit integer, found %.*s", name,
				 FIRN_FMT(firn_shown(raw)));
	*ret_id = (int32_t)id;
	return FIRN_OK;
}

static firn_rc begin_list(struct firn_ctx *cx, struct firn_str raw, const char *name,
			  size_t ceiling, struct firn_raw_iter *it)
{
	size_t n;

	if (!firn_raw_begin(it, raw) || it->object)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' must be an array",
				 name);
	n = firn_raw_count(raw);
	if (n > ceiling)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' has %zu items, more than %zu", name, n,
				 ceiling);
	return FIRN_OK;
}

static firn_rc listed_twice(struct firn_ctx *cx, const char *what, int32_t id)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: %s %d is listed twice", what, id);
}

static firn_rc add_schema(struct firn_ctx *cx, struct firn_str raw, struct firn_table_metadata *m)
{
	const struct firn_json *json;
	const struct firn_schema *parsed;
	struct firn_schema *schema = firn_alloc(cx, sizeof(*schema));

	if (!schema)
		return cx->err.code;
	FIRN_TRY(firn_json_parse(cx, raw, "schema", &json));
	FIRN_TRY(firn_schema_parse(cx, json, "schema", &parsed));
	*schema = *parsed;
	if (schema->has_id)
		schema->text = raw;
	if (firn_table_schema(m, schema->id))
		return listed_twice(cx, "schema", schema->id);
	FIRN_VEC_PUSH(cx, &m->schemas, schema);
	return FIRN_OK;
}

firn_rc firn_table_parse_schemas(struct firn_ctx *cx, const struct firn_list_source *source,
				 struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value;

	if (firn_raw_is_null(source->list)) {
		if (m->format_version != 1)
			return missing_list(cx, m, "schemas");
		if (firn_raw_is_null(source->legacy))
			return missing_list(cx, m, "schema");
		FIRN_TRY(add_schema(cx, source->legacy, m));
		m->current_schema_id = m->schemas.items[0]->id;
		return FIRN_OK;
	}
	FIRN_TRY(parse_id(cx, source->default_id, "current-schema-id", &m->current_schema_id));
	FIRN_TRY(begin_list(cx, source->list, "schemas", FIRN_TABLE_SCHEMAS, &it));
	while (firn_raw_next(&it, &key, &value))
		FIRN_TRY(add_schema(cx, value, m));
	if (!firn_table_schema(m, m->current_schema_id))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Cannot find schema with current-schema-id=%d from schemas",
				 m->current_schema_id);
	return FIRN_OK;
}

/* Specs from before partition fields had ids: 1000, 1001, … in each spec. */
static firn_rc with_ids(struct firn_ctx *cx, const struct firn_partition_spec *spec, int32_t id,
			const struct firn_partition_spec **ret_spec)
{
	struct firn_partition_field *fields;

	if (spec->has_ids)
		return firn_partition_with(cx, spec, id, NULL, ret_spec);
	fields = firn_calloc(cx, spec->n_fields + 1, sizeof(*fields));
	if (!fields)
		return cx->err.code;
	for (size_t i = 0; i < spec->n_fields; i++) {
		fields[i] = spec->fields[i];
		fields[i].id = FIRN_PARTITION_FIRST_ID + (int32_t)i;
	}
	return firn_partition_with(cx, spec, id, fields, ret_spec);
}

static firn_rc add_spec(struct firn_ctx *cx, struct firn_str raw, struct firn_table_metadata *m)
{
	const struct firn_json *json;
	const struct firn_partition_spec *parsed, *spec;
	struct firn_partition_spec *kept = firn_alloc(cx, sizeof(*kept));

	if (!kept)
		return cx->err.code;
	FIRN_TRY(firn_json_parse(cx, raw, "partition spec", &json));
	FIRN_TRY(firn_partition_parse(cx, json, "partition spec", &parsed));
	if (parsed->source && !parsed->has_id)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "partition spec: 'spec-id' is missing");
	FIRN_TRY(with_ids(cx, parsed, parsed->id, &spec));
	*kept = *spec;
	if (parsed->has_id && parsed->has_ids)
		kept->text = raw;
	if (firn_table_spec(m, kept->id))
		return listed_twice(cx, "partition spec", kept->id);
	FIRN_VEC_PUSH(cx, &m->specs, kept);
	return FIRN_OK;
}

static firn_rc parse_last_partition_id(struct firn_ctx *cx, struct firn_str raw,
				       struct firn_table_metadata *m)
{
	if (!firn_raw_is_null(raw))
		return parse_id(cx, raw, "last-partition-id", &m->last_partition_id);
	if (m->format_version != 1)
		return missing_list(cx, m, "last-partition-id");
	m->last_partition_id = FIRN_PARTITION_FIRST_ID - 1;
	for (size_t i = 0; i < m->specs.n; i++)
		if (firn_partition_last_id(m->specs.items[i]) > m->last_partition_id)
			m->last_partition_id = firn_partition_last_id(m->specs.items[i]);
	return FIRN_OK;
}

firn_rc firn_table_parse_specs(struct firn_ctx *cx, const struct firn_list_source *source,
			       struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value;

	if (firn_raw_is_null(source->list)) {
		if (m->format_version != 1)
			return missing_list(cx, m, "partition-specs");
		if (firn_raw_is_null(source->legacy) || source->legacy.p[0] != '[')
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "table metadata: 'partition-spec' must be an array");
		FIRN_TRY(add_spec(cx, source->legacy, m));
		m->default_spec_id = 0;
		return parse_last_partition_id(cx, source->last_id, m);
	}
	FIRN_TRY(parse_id(cx, source->default_id, "default-spec-id", &m->default_spec_id));
	FIRN_TRY(begin_list(cx, source->list, "partition-specs", FIRN_TABLE_SPECS, &it));
	while (firn_raw_next(&it, &key, &value)) {
		if (value.p[0] != '{')
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "table metadata: a partition spec must be an object");
		FIRN_TRY(add_spec(cx, value, m));
	}
	return parse_last_partition_id(cx, source->last_id, m);
}

static firn_rc add_order(struct firn_ctx *cx, struct firn_str raw, struct firn_table_metadata *m)
{
	const struct firn_json *json;
	const struct firn_sort_order *parsed;
	struct firn_sort_order *order = firn_alloc(cx, sizeof(*order));
	int32_t id;

	if (!order)
		return cx->err.code;
	FIRN_TRY(firn_json_parse(cx, raw, "sort order", &json));
	FIRN_TRY(firn_sort_parse(cx, json, "sort order", &parsed));
	FIRN_TRY(firn_member_i32(cx, json, "sort order", "order-id", &id));
	*order = *parsed;
	order->text = raw;
	if (firn_table_order(m, order->id))
		return listed_twice(cx, "sort order", order->id);
	FIRN_VEC_PUSH(cx, &m->orders, order);
	return FIRN_OK;
}

firn_rc firn_table_parse_orders(struct firn_ctx *cx, const struct firn_list_source *source,
				struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value;

	if (firn_raw_is_null(source->list)) {
		if (m->format_version != 1)
			return missing_list(cx, m, "sort-orders");
		m->default_order_id = 0;
		return add_order(cx, FIRN_STR("{\"order-id\":0,\"fields\":[]}"), m);
	}
	FIRN_TRY(parse_id(cx, source->default_id, "default-sort-order-id", &m->default_order_id));
	FIRN_TRY(begin_list(cx, source->list, "sort-orders", FIRN_TABLE_ORDERS, &it));
	while (firn_raw_next(&it, &key, &value))
		FIRN_TRY(add_order(cx, value, m));
	return FIRN_OK;
}

firn_rc firn_table_parse_keys(struct firn_ctx *cx, struct firn_str raw,
			      struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value, id;

	if (firn_raw_is_null(raw))
		return FIRN_OK;
	FIRN_TRY(begin_list(cx, raw, "encryption-keys", FIRN_TABLE_KEYS, &it));
	while (firn_raw_next(&it, &key, &value)) {
		struct firn_encryption_key entry = {.text = value};

		FIRN_TRY(firn_raw_get(cx, value, "key-id", &id));
		if (firn_raw_is_null(id))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "encryption key: 'key-id' is missing");
		FIRN_TRY(firn_json_raw_str(cx, id, "encryption key: 'key-id'", &entry.id));
		FIRN_VEC_PUSH(cx, &m->keys, entry);
	}
	return FIRN_OK;
}
