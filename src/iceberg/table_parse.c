/*
 * Table metadata read from a document: its members by name, each handed to who knows it; unknown
 * ones are carried. Refuses what Iceberg's own reader refuses.
 */
#include "member.h"
#include "raw.h"
#include "table.h"

enum member {
	FORMAT_VERSION,
	TABLE_UUID,
	LOCATION,
	LAST_SEQUENCE_NUMBER,
	LAST_UPDATED_MS,
	LAST_COLUMN_ID,
	NEXT_ROW_ID,
	SCHEMA,
	SCHEMAS,
	CURRENT_SCHEMA_ID,
	PARTITION_SPEC,
	PARTITION_SPECS,
	DEFAULT_SPEC_ID,
	LAST_PARTITION_ID,
	SORT_ORDERS,
	DEFAULT_SORT_ORDER_ID,
	PROPERTIES,
	CURRENT_SNAPSHOT_ID,
	SNAPSHOTS,
	REFS,
	SNAPSHOT_LOG,
	METADATA_LOG,
	STATISTICS,
	PARTITION_STATISTICS,
	ENCRYPTION_KEYS,
	N_MEMBERS
};

static const char *const names[N_MEMBERS] = {
	[FORMAT_VERSION] = "format-version",
	[TABLE_UUID] = "table-uuid",
	[LOCATION] = "location",
	[LAST_SEQUENCE_NUMBER] = "last-sequence-number",
	[LAST_UPDATED_MS] = "last-updated-ms",
	[LAST_COLUMN_ID] = "last-column-id",
	[NEXT_ROW_ID] = "next-row-id",
	[SCHEMA] = "schema",
	[SCHEMAS] = "schemas",
	[CURRENT_SCHEMA_ID] = "current-schema-id",
	[PARTITION_SPEC] = "partition-spec",
	[PARTITION_SPECS] = "partition-specs",
	[DEFAULT_SPEC_ID] = "default-spec-id",
	[LAST_PARTITION_ID] = "last-partition-id",
	[SORT_ORDERS] = "sort-orders",
	[DEFAULT_SORT_ORDER_ID] = "default-sort-order-id",
	[PROPERTIES] = "properties",
	[CURRENT_SNAPSHOT_ID] = "current-snapshot-id",
	[SNAPSHOTS] = "snapshots",
	[REFS] = "refs",
	[SNAPSHOT_LOG] = "snapshot-log",
	[METADATA_LOG] = "metadata-log",
	[STATISTICS] = "statistics",
	[PARTITION_STATISTICS] = "partition-statistics",
	[ENCRYPTION_KEYS] = "encryption-keys",
};

struct document {
	struct firn_str raw[N_MEMBERS];
	struct firn_table_metadata *m;
};

static firn_rc visit_member(struct firn_ctx *cx, void *arg, struct firn_str key,
			    struct firn_str raw)
{
	struct document *doc = arg;
	struct firn_pair carried = {key, raw};

	for (size_t i = 0; i < N_MEMBERS; i++)
		if (firn_str_is(key, names[i])) {
			doc->raw[i] = raw;
			return FIRN_OK;
		}
	if (!key.p)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata must be an object");
	FIRN_VEC_PUSH(cx, &doc->m->unknown, carried);
	return FIRN_OK;
}

static firn_rc required(struct firn_ctx *cx, const struct document *doc, enum member which)
{
	if (firn_raw_is_null(doc->raw[which]))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' is missing",
				 names[which]);
	return FIRN_OK;
}

static firn_rc read_i64(struct firn_ctx *cx, const struct document *doc, enum member which,
			int64_t *ret_value)
{
	FIRN_TRY(required(cx, doc, which));
	if (!firn_str_i64(doc->raw[which], ret_value))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' must be an integer, found %.*s",
				 names[which], FIRN_FMT(firn_shown(doc->raw[which])));
	return FIRN_OK;
}

static firn_rc read_i32(struct firn_ctx *cx, const struct document *doc, enum member which,
			int32_t *ret_value)
{
	int64_t value;

	FIRN_TRY(read_i64(cx, doc, which, &value));
	if (value < INT32_MIN || value > INT32_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' must be a 32-bit integer, found %lld",
				 names[which], (long long)value);
	*ret_value = (int32_t)value;
	return FIRN_OK;
}

static firn_rc read_str(struct firn_ctx *cx, const struct document *doc, enum member which,
			struct firn_str *ret_value)
{
	FIRN_TRY(required(cx, doc, which));
	if (doc->raw[which].p[0] != '"')
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' must be a string, found %.*s", names[which],
				 FIRN_FMT(firn_shown(doc->raw[which])));
	return firn_json_raw_str(cx, doc->raw[which], names[which], ret_value);
}

static firn_rc read_version(struct firn_ctx *cx, const struct document *doc)
{
	int32_t version;

	FIRN_TRY(read_i32(cx, doc, FORMAT_VERSION, &version));
	if (version < 1 || version > FIRN_FORMAT_VERSION_MAX)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"Cannot read unsupported version %d: format versions 1 to %d are known",
			version, FIRN_FORMAT_VERSION_MAX);
	doc->m->format_version = version;
	return FIRN_OK;
}

static firn_rc read_identity(struct firn_ctx *cx, const struct document *doc)
{
	struct firn_table_metadata *m = doc->m;

	FIRN_TRY(read_version(cx, doc));
	if (m->format_version > 1 || !firn_raw_is_null(doc->raw[TABLE_UUID]))
		FIRN_TRY(read_str(cx, doc, TABLE_UUID, &m->uuid));
	FIRN_TRY(read_str(cx, doc, LOCATION, &m->location));
	m->location = firn_strip_slashes(m->location);
	if (m->format_version > 1)
		FIRN_TRY(read_i64(cx, doc, LAST_SEQUENCE_NUMBER, &m->last_sequence_number));
	if (m->format_version > 2)
		FIRN_TRY(read_i64(cx, doc, NEXT_ROW_ID, &m->next_row_id));
	FIRN_TRY(read_i64(cx, doc, LAST_UPDATED_MS, &m->last_updated_ms));
	FIRN_TRY(read_i32(cx, doc, LAST_COLUMN_ID, &m->last_column_id));
	m->current_snapshot_id = -1;
	if (!firn_raw_is_null(doc->raw[CURRENT_SNAPSHOT_ID]))
		FIRN_TRY(read_i64(cx, doc, CURRENT_SNAPSHOT_ID, &m->current_snapshot_id));
	return FIRN_OK;
}

static firn_rc read_properties(struct firn_ctx *cx, const struct document *doc)
{
	const struct firn_json *json, *value;
	struct firn_str key;
	void *iter = NULL;

	if (firn_raw_is_null(doc->raw[PROPERTIES]))
		return FIRN_OK;
	if (doc->raw[PROPERTIES].p[0] != '{')
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: 'properties' must be an object");
	FIRN_TRY(firn_json_parse(cx, doc->raw[PROPERTIES], "properties", &json));
	if (firn_json_count(json) > FIRN_TABLE_PROPERTIES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: more than %zu properties",
				 FIRN_TABLE_PROPERTIES);
	while (firn_json_next(json, &iter, &key, &value)) {
		struct firn_pair pair = {key, firn_json_str(value)};

		if (!pair.value.p)
			return firn_fail(
				cx, FIRN_E_BAD_REQUEST,
				"table metadata: property '%.*s' must be a string, found %s",
				FIRN_FMT(firn_shown(key)), firn_json_excerpt(cx, value));
		FIRN_VEC_PUSH(cx, &doc->m->properties, pair);
	}
	return FIRN_OK;
}

static firn_rc read_lists(struct firn_ctx *cx, const struct document *doc)
{
	const struct firn_str *raw = doc->raw;
	struct firn_list_source schemas = {raw[SCHEMAS], raw[SCHEMA], raw[CURRENT_SCHEMA_ID],
					   FIRN_STR_NONE};
	struct firn_list_source specs = {raw[PARTITION_SPECS], raw[PARTITION_SPEC],
					 raw[DEFAULT_SPEC_ID], raw[LAST_PARTITION_ID]};
	struct firn_list_source orders = {raw[SORT_ORDERS], FIRN_STR_NONE,
					  raw[DEFAULT_SORT_ORDER_ID], FIRN_STR_NONE};

	FIRN_TRY(firn_table_parse_schemas(cx, &schemas, doc->m));
	FIRN_TRY(firn_table_parse_specs(cx, &specs, doc->m));
	FIRN_TRY(firn_table_parse_orders(cx, &orders, doc->m));
	FIRN_TRY(read_properties(cx, doc));
	FIRN_TRY(firn_table_parse_keys(cx, raw[ENCRYPTION_KEYS], doc->m));
	FIRN_TRY(firn_table_parse_snapshots(cx, raw[SNAPSHOTS], doc->m));
	FIRN_TRY(firn_table_parse_refs(cx, raw[REFS], doc->m));
	FIRN_TRY(firn_table_parse_statistics(cx, raw[STATISTICS], raw[PARTITION_STATISTICS],
					     doc->m));
	return firn_table_parse_logs(cx, raw[SNAPSHOT_LOG], raw[METADATA_LOG], doc->m);
}

/* Documents of several lines are written on one: what is carried loses its blanks. */
static firn_rc compact_members(struct firn_ctx *cx, struct document *doc)
{
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (doc->raw[i].p)
			FIRN_TRY(firn_raw_compact(cx, doc->raw[i], &doc->raw[i]));
	for (size_t i = 0; i < doc->m->unknown.n; i++) {
		struct firn_pair *pair = &doc->m->unknown.items[i];

		FIRN_TRY(firn_raw_compact(cx, pair->value, &pair->value));
	}
	return FIRN_OK;
}

firn_rc firn_table_metadata_parse(struct firn_ctx *cx, struct firn_str text,
				  const struct firn_table_metadata **ret_metadata)
{
	struct firn_table_metadata *m = firn_alloc(cx, sizeof(*m));
	struct document doc = {.m = m};

	if (!m)
		return cx->err.code;
	FIRN_TRY(firn_json_scan(cx, text, "table metadata", visit_member, &doc));
	if (memchr(text.p, '\n', text.n) || memchr(text.p, '\r', text.n))
		FIRN_TRY(compact_members(cx, &doc));
	FIRN_TRY(read_identity(cx, &doc));
	FIRN_TRY(read_lists(cx, &doc));
	FIRN_TRY(firn_table_check(cx, m, FIRN_E_BAD_REQUEST));
	*ret_metadata = m;
	return FIRN_OK;
}
