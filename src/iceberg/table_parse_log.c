/*
 * The long lists of a table: snapshots, logs, statistics. Each item stays the bytes it came as; only
 * the integers that commits compare are picked out.
 */
#include "raw.h"
#include "table.h"

enum { SNAPSHOT_ID, PARENT_ID, SEQUENCE, TIMESTAMP, SCHEMA_ID, FIRST_ROW, ADDED_ROWS, N_FIELDS };

static firn_rc check_manifests(struct firn_ctx *cx, struct firn_str raw, int64_t id)
{
	struct firn_str list, manifests;

	FIRN_TRY(firn_raw_get(cx, raw, "manifest-list", &list));
	if (!firn_raw_is_null(list) && list.p[0] == '"')
		return FIRN_OK;
	if (!firn_raw_is_null(list))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "snapshot %lld: 'manifest-list' must be a string", (long long)id);
	FIRN_TRY(firn_raw_get(cx, raw, "manifests", &manifests));
	if (manifests.p && manifests.p[0] == '[')
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "snapshot %lld: 'manifest-list' is missing",
			 (long long)id);
}

static firn_rc check_rows(struct firn_ctx *cx, const struct firn_snapshot *s)
{
	if (s->has_first_row_id && s->first_row_id < 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Invalid first-row-id (cannot be negative): %lld (snapshot %lld)",
				 (long long)s->first_row_id, (long long)s->id);
	if (s->has_added_rows && s->added_rows < 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Invalid added-rows (cannot be negative): %lld (snapshot %lld)",
				 (long long)s->added_rows, (long long)s->id);
	if (s->has_first_row_id && !s->has_added_rows)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Invalid added-rows (required when first-row-id is set): null "
				 "(snapshot %lld)",
				 (long long)s->id);
	return FIRN_OK;
}

firn_rc firn_snapshot_read(struct firn_ctx *cx, struct firn_str raw,
			   struct firn_snapshot *ret_snapshot)
{
	struct firn_raw_field f[N_FIELDS] = {
		[SNAPSHOT_ID] = {.name = "snapshot-id", .required = true},
		[PARENT_ID] = {.name = "parent-snapshot-id"},
		[SEQUENCE] = {.name = "sequence-number"},
		[TIMESTAMP] = {.name = "timestamp-ms", .required = true},
		[SCHEMA_ID] = {.name = "schema-id"},
		[FIRST_ROW] = {.name = "first-row-id"},
		[ADDED_ROWS] = {.name = "added-rows"},
	};
	struct firn_snapshot s = {.text = raw};

	FIRN_TRY(firn_raw_integers(cx, raw, "snapshot", f, N_FIELDS));
	if (f[SCHEMA_ID].has && (f[SCHEMA_ID].value < INT32_MIN || f[SCHEMA_ID].value > INT32_MAX))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "snapshot %lld: 'schema-id' must be a 32-bit integer",
				 (long long)f[SNAPSHOT_ID].value);
	s.id = f[SNAPSHOT_ID].value;
	s.has_parent = f[PARENT_ID].has;
	s.parent_id = f[PARENT_ID].value;
	s.sequence_number = f[SEQUENCE].value;
	s.timestamp_ms = f[TIMESTAMP].value;
	s.has_schema_id = f[SCHEMA_ID].has;
	s.schema_id = (int32_t)f[SCHEMA_ID].value;
	s.has_first_row_id = f[FIRST_ROW].has;
	s.first_row_id = f[FIRST_ROW].value;
	s.has_added_rows = f[ADDED_ROWS].has;
	s.added_rows = f[ADDED_ROWS].value;
	FIRN_TRY(check_rows(cx, &s));
	FIRN_TRY(check_manifests(cx, raw, s.id));
	*ret_snapshot = s;
	return FIRN_OK;
}

/* Begins the list, counted and bounded; a null or absent list has no items. */
static firn_rc begin_list(struct firn_ctx *cx, struct firn_str raw, const char *name,
			  size_t ceiling, struct firn_raw_iter *it, size_t *ret_n)
{
	*it = (struct firn_raw_iter){NULL, NULL, false};
	*ret_n = 0;
	if (firn_raw_is_null(raw))
		return FIRN_OK;
	if (raw.p[0] != '[')
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' must be an array",
				 name);
	*ret_n = firn_raw_count(raw);
	if (*ret_n > ceiling)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: '%s' has %zu items, more than %zu", name, *ret_n,
				 ceiling);
	firn_raw_begin(it, raw);
	return FIRN_OK;
}

firn_rc firn_table_parse_snapshots(struct firn_ctx *cx, struct firn_str raw,
				   struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value;
	size_t n;

	FIRN_TRY(begin_list(cx, raw, "snapshots", FIRN_TABLE_SNAPSHOTS, &it, &n));
	m->snapshots.items = firn_calloc(cx, n + 1, sizeof(*m->snapshots.items));
	if (!m->snapshots.items)
		return cx->err.code;
	while (m->snapshots.n < n && firn_raw_next(&it, &key, &value))
		FIRN_TRY(firn_snapshot_read(cx, value, &m->snapshots.items[m->snapshots.n++]));
	return FIRN_OK;
}

static firn_rc parse_snapshot_log(struct firn_ctx *cx, struct firn_str raw,
				  struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value;
	size_t n;

	FIRN_TRY(begin_list(cx, raw, "snapshot-log", FIRN_TABLE_LOG, &it, &n));
	m->snapshot_log.items = firn_calloc(cx, n + 1, sizeof(*m->snapshot_log.items));
	if (!m->snapshot_log.items)
		return cx->err.code;
	while (m->snapshot_log.n < n && firn_raw_next(&it, &key, &value)) {
		struct firn_raw_field f[] = {{.name = "timestamp-ms", .required = true},
					     {.name = "snapshot-id", .required = true}};

		FIRN_TRY(firn_raw_integers(cx, value, "snapshot log entry", f, 2));
		m->snapshot_log.items[m->snapshot_log.n++] =
			(struct firn_snapshot_log_entry){f[0].value, f[1].value, value};
	}
	return FIRN_OK;
}

static firn_rc parse_metadata_log(struct firn_ctx *cx, struct firn_str raw,
				  struct firn_table_metadata *m)
{
	struct firn_raw_iter it;
	struct firn_str key, value, file;
	size_t n;

	FIRN_TRY(begin_list(cx, raw, "metadata-log", FIRN_TABLE_LOG, &it, &n));
	m->metadata_log.items = firn_calloc(cx, n + 1, sizeof(*m->metadata_log.items));
	if (!m->metadata_log.items)
		return cx->err.code;
	while (m->metadata_log.n < n && firn_raw_next(&it, &key, &value)) {
		struct firn_metadata_log_entry *entry = &m->metadata_log.items[m->metadata_log.n++];
		struct firn_raw_field f[] = {{.name = "timestamp-ms", .required = true}};

		FIRN_TRY(firn_raw_integers(cx, value, "metadata log entry", f, 1));
		FIRN_TRY(firn_raw_get(cx, value, "metadata-file", &file));
		if (firn_raw_is_null(file))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "metadata log entry: 'metadata-file' is missing");
		FIRN_TRY(firn_json_raw_str(cx, file, "metadata log entry: 'metadata-file'",
					   &entry->file));
		entry->timestamp_ms = f[0].value;
		entry->text = value;
	}
	return FIRN_OK;
}

firn_rc firn_table_parse_logs(struct firn_ctx *cx, struct firn_str snapshot_log,
			      struct firn_str metadata_log, struct firn_table_metadata *m)
{
	FIRN_TRY(parse_snapshot_log(cx, snapshot_log, m));
	return parse_metadata_log(cx, metadata_log, m);
}

static firn_rc parse_files(struct firn_ctx *cx, struct firn_str raw, const char *name,
			   struct firn_statistics **ret_items, size_t *ret_n)
{
	struct firn_raw_iter it;
	struct firn_str key, value;
	size_t n, i = 0;

	FIRN_TRY(begin_list(cx, raw, name, FIRN_TABLE_SNAPSHOTS, &it, &n));
	*ret_items = firn_calloc(cx, n + 1, sizeof(**ret_items));
	if (!*ret_items)
		return cx->err.code;
	while (i < n && firn_raw_next(&it, &key, &value)) {
		struct firn_raw_field f[] = {{.name = "snapshot-id", .required = true}};

		FIRN_TRY(firn_raw_integers(cx, value, name, f, 1));
		(*ret_items)[i++] = (struct firn_statistics){f[0].value, value};
	}
	*ret_n = i;
	return FIRN_OK;
}

firn_rc firn_table_parse_statistics(struct firn_ctx *cx, struct firn_str statistics,
				    struct firn_str partition_statistics,
				    struct firn_table_metadata *m)
{
	FIRN_TRY(parse_files(cx, statistics, "statistics", &m->statistics.items,
			     &m->statistics.n));
	return parse_files(cx, partition_statistics, "partition-statistics",
			   &m->partition_statistics.items, &m->partition_statistics.n);
}
