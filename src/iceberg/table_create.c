/*
 * New tables: field ids assigned afresh, spec and order rebound to them, reserved properties left
 * out (format-version is obeyed first).
 */
#include "firn/uuid.h"
#include "table_builder.h"

static firn_rc choose_version(struct firn_ctx *cx, const struct firn_map *properties,
			      int *ret_version)
{
	struct firn_str value = firn_map_get(properties, "format-version");
	int64_t version = 2;

	if (value.p && !firn_str_i64(value, &version))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "property format-version must be a number, found '%.*s'",
				 FIRN_FMT(firn_shown(value)));
	if (version < 1 || version > FIRN_FORMAT_VERSION_MAX)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "Unsupported format version: v%lld (supported: v%d)",
				 (long long)version, FIRN_FORMAT_VERSION_MAX);
	*ret_version = (int)version;
	return FIRN_OK;
}

static bool given(const struct firn_json *json)
{
	return json && firn_json_type(json) != FIRN_JSON_NULL;
}

static firn_rc create_schema(struct firn_ctx *cx, const struct firn_json *json,
			     struct firn_table_metadata *m, const struct firn_schema **ret_asked,
			     const struct firn_schema **ret_fresh)
{
	if (!given(json))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "'schema' is missing");
	FIRN_TRY(firn_schema_parse(cx, json, "schema", ret_asked));
	FIRN_TRY(firn_schema_fresh_ids(cx, *ret_asked, 0, &m->last_column_id, ret_fresh));
	FIRN_TRY(firn_schema_check_version(cx, *ret_fresh, m->format_version));
	FIRN_VEC_PUSH(cx, &m->schemas, *ret_fresh);
	m->current_schema_id = 0;
	return FIRN_OK;
}

static firn_rc create_spec(struct firn_ctx *cx, const struct firn_json *json,
			   const struct firn_schema *asked, const struct firn_schema *fresh,
			   struct firn_table_metadata *m)
{
	static const struct firn_partition_spec unpartitioned = {.has_ids = true};
	const struct firn_partition_spec *spec = &unpartitioned;
	struct firn_partition_field *fields;

	if (given(json))
		FIRN_TRY(firn_partition_parse(cx, json, "partition-spec", &spec));
	fields = firn_calloc(cx, spec->n_fields + 1, sizeof(*fields));
	if (!fields)
		return cx->err.code;
	for (size_t i = 0; i < spec->n_fields; i++) {
		fields[i] = spec->fields[i];
		fields[i].id = FIRN_PARTITION_FIRST_ID + (int32_t)i;
		FIRN_TRY(firn_sources_rebind(cx, &spec->fields[i].sources, asked, fresh,
					     "partition-spec", &fields[i].sources));
	}
	FIRN_TRY(firn_partition_with(cx, spec, 0, fields, &spec));
	FIRN_TRY(firn_partition_check_names(cx, spec, fresh));
	FIRN_TRY(firn_partition_check_sources(cx, spec, fresh));
	FIRN_VEC_PUSH(cx, &m->specs, spec);
	m->default_spec_id = 0;
	m->last_partition_id = firn_partition_last_id(spec);
	return FIRN_OK;
}

static firn_rc create_order(struct firn_ctx *cx, const struct firn_json *json,
			    const struct firn_schema *asked, const struct firn_schema *fresh,
			    struct firn_table_metadata *m)
{
	static const struct firn_sort_order unsorted = {.id = 0};
	const struct firn_sort_order *order = &unsorted;
	struct firn_sort_field *fields;

	if (given(json))
		FIRN_TRY(firn_sort_parse(cx, json, "write-order", &order));
	fields = firn_calloc(cx, order->n_fields + 1, sizeof(*fields));
	if (!fields)
		return cx->err.code;
	for (size_t i = 0; i < order->n_fields; i++) {
		fields[i] = order->fields[i];
		FIRN_TRY(firn_sources_rebind(cx, &order->fields[i].sources, asked, fresh,
					     "write-order", &fields[i].sources));
	}
	FIRN_TRY(firn_sort_with(cx, order, order->n_fields ? 1 : 0, fields, &order));
	FIRN_TRY(firn_sort_check_sources(cx, order, fresh));
	FIRN_VEC_PUSH(cx, &m->orders, order);
	m->default_order_id = order->id;
	return FIRN_OK;
}

static firn_rc create_properties(struct firn_ctx *cx, const struct firn_map *properties,
				 struct firn_table_metadata *m)
{
	bool changed;

	/* The reference's default for new tables only: old ones keep the format's own gzip. */
	FIRN_TRY(firn_property_put(cx, m, FIRN_STR("write.parquet.compression-codec"),
				   FIRN_STR("zstd"), &changed));
	for (size_t i = 0; i < properties->n; i++)
		if (!firn_property_reserved(properties->items[i].key))
			FIRN_TRY(firn_property_put(cx, m, properties->items[i].key,
						   properties->items[i].value, &changed));
	return FIRN_OK;
}

static firn_rc create_uuid(struct firn_ctx *cx, struct firn_str given_uuid,
			   struct firn_str *ret_uuid)
{
	char text[FIRN_UUID_TEXT + 1];
	struct firn_uuid uuid;

	*ret_uuid = given_uuid;
	if (given_uuid.n)
		return FIRN_OK;
	uuid = firn_uuid_v4();
	firn_uuid_text(&uuid, text);
	*ret_uuid = firn_str_dup(cx, firn_str(text));
	return ret_uuid->p ? FIRN_OK : cx->err.code;
}

firn_rc firn_table_metadata_create(struct firn_ctx *cx, const struct firn_table_create *create,
				   const struct firn_table_metadata **ret_metadata)
{
	struct firn_table_metadata *m = firn_alloc(cx, sizeof(*m));
	const struct firn_schema *asked, *fresh;

	if (!m)
		return cx->err.code;
	m->current_snapshot_id = -1;
	m->last_updated_ms = create->now_ms;
	m->location = firn_strip_slashes(create->location);
	FIRN_TRY(choose_version(cx, &create->properties, &m->format_version));
	FIRN_TRY(create_uuid(cx, create->uuid, &m->uuid));
	FIRN_TRY(create_schema(cx, create->schema, m, &asked, &fresh));
	FIRN_TRY(create_spec(cx, create->partition_spec, asked, fresh, m));
	FIRN_TRY(create_order(cx, create->write_order, asked, fresh, m));
	FIRN_TRY(create_properties(cx, &create->properties, m));
	FIRN_TRY(firn_properties_check_new(cx, m, asked));
	FIRN_TRY(firn_table_check(cx, m, FIRN_E_VALIDATION));
	*ret_metadata = m;
	return FIRN_OK;
}
