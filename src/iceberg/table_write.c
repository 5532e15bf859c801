/*
 * Table metadata written as Iceberg's own writer orders it. What was only carried goes out as the
 * bytes it came in; v1 also gets its single `schema` and `partition-spec` for old readers.
 */
#include "table.h"

static void put_str(struct firn_jw *w, const char *key, struct firn_str value)
{
	firn_jw_key(w, key);
	firn_jw_str(w, value);
}

static void put_i64(struct firn_jw *w, const char *key, int64_t value)
{
	firn_jw_key(w, key);
	firn_jw_i64(w, value);
}

static void write_schemas(struct firn_jw *w, const struct firn_table_metadata *m)
{
	const struct firn_schema *current = firn_table_schema(m, m->current_schema_id);

	if (m->format_version == 1 && current) {
		firn_jw_key(w, "schema");
		firn_schema_write(w, current);
	}
	put_i64(w, "current-schema-id", m->current_schema_id);
	firn_jw_key(w, "schemas");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->schemas.n; i++)
		firn_schema_write(w, m->schemas.items[i]);
	firn_jw_end(w, ']');
}

static void write_specs(struct firn_jw *w, const struct firn_table_metadata *m)
{
	const struct firn_partition_spec *current = firn_table_spec(m, m->default_spec_id);

	if (m->format_version == 1 && current) {
		firn_jw_key(w, "partition-spec");
		firn_partition_write_fields(w, current);
	}
	put_i64(w, "default-spec-id", m->default_spec_id);
	firn_jw_key(w, "partition-specs");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->specs.n; i++)
		firn_partition_write(w, m->specs.items[i]);
	firn_jw_end(w, ']');
	put_i64(w, "last-partition-id", m->last_partition_id);
	put_i64(w, "default-sort-order-id", m->default_order_id);
	firn_jw_key(w, "sort-orders");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->orders.n; i++)
		firn_sort_write(w, m->orders.items[i]);
	firn_jw_end(w, ']');
}

static void write_properties(struct firn_jw *w, const struct firn_table_metadata *m)
{
	firn_jw_key(w, "properties");
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < m->properties.n; i++) {
		firn_jw_key_str(w, m->properties.items[i].key);
		firn_jw_str(w, m->properties.items[i].value);
	}
	firn_jw_end(w, '}');
	firn_jw_key(w, "current-snapshot-id");
	if (m->current_snapshot_id == -1 && m->format_version >= 3)
		firn_jw_null(w);
	else
		firn_jw_i64(w, m->current_snapshot_id);
	if (m->format_version >= 3)
		put_i64(w, "next-row-id", m->next_row_id);
}

static void write_keys(struct firn_jw *w, const struct firn_table_metadata *m)
{
	if (!m->keys.n)
		return;
	firn_jw_key(w, "encryption-keys");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->keys.n; i++)
		firn_jw_raw(w, m->keys.items[i].text);
	firn_jw_end(w, ']');
}

static void write_refs(struct firn_jw *w, const struct firn_table_metadata *m)
{
	firn_jw_key(w, "refs");
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < m->refs.n; i++) {
		firn_jw_key_str(w, m->refs.items[i].name);
		firn_jw_raw(w, m->refs.items[i].text);
	}
	firn_jw_end(w, '}');
}

static void write_snapshots(struct firn_jw *w, const struct firn_table_metadata *m)
{
	firn_jw_key(w, "snapshots");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->snapshots.n; i++)
		firn_jw_raw(w, m->snapshots.items[i].text);
	firn_jw_end(w, ']');
	firn_jw_key(w, "statistics");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->statistics.n; i++)
		firn_jw_raw(w, m->statistics.items[i].text);
	firn_jw_end(w, ']');
	firn_jw_key(w, "partition-statistics");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->partition_statistics.n; i++)
		firn_jw_raw(w, m->partition_statistics.items[i].text);
	firn_jw_end(w, ']');
}

static void write_logs(struct firn_jw *w, const struct firn_table_metadata *m)
{
	firn_jw_key(w, "snapshot-log");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->snapshot_log.n; i++) {
		const struct firn_snapshot_log_entry *entry = &m->snapshot_log.items[i];

		if (entry->text.p) {
			firn_jw_raw(w, entry->text);
			continue;
		}
		firn_jw_begin(w, '{');
		put_i64(w, "timestamp-ms", entry->timestamp_ms);
		put_i64(w, "snapshot-id", entry->snapshot_id);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
	firn_jw_key(w, "metadata-log");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->metadata_log.n; i++) {
		const struct firn_metadata_log_entry *entry = &m->metadata_log.items[i];

		if (entry->text.p) {
			firn_jw_raw(w, entry->text);
			continue;
		}
		firn_jw_begin(w, '{');
		put_i64(w, "timestamp-ms", entry->timestamp_ms);
		put_str(w, "metadata-file", entry->file);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
}

firn_rc firn_table_metadata_write(struct firn_ctx *cx, const struct firn_table_metadata *metadata,
				  struct firn_str *ret_text)
{
	const struct firn_table_metadata *m = metadata;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, FIRN_TABLE_TEXT);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	put_i64(&w, "format-version", m->format_version);
	if (m->uuid.p)
		put_str(&w, "table-uuid", m->uuid);
	put_str(&w, "location", m->location);
	if (m->format_version > 1)
		put_i64(&w, "last-sequence-number", m->last_sequence_number);
	put_i64(&w, "last-updated-ms", m->last_updated_ms);
	put_i64(&w, "last-column-id", m->last_column_id);
	write_schemas(&w, m);
	write_specs(&w, m);
	write_properties(&w, m);
	write_keys(&w, m);
	write_refs(&w, m);
	write_snapshots(&w, m);
	write_logs(&w, m);
	for (size_t i = 0; i < m->unknown.n; i++) {
		firn_jw_key_str(&w, m->unknown.items[i].key);
		firn_jw_raw(&w, m->unknown.items[i].value);
	}
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_text);
}
