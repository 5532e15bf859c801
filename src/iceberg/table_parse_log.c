/*
 * The long lists of a table: snapshots, logs, statistics. Each item stays the bytes it came as;
 * only the integers that commits compare are picked out.
 */
#include "raw.h"
#include "table.h"

/* FIRN_STR for a static initializer. */
#define FIRN_STR_INIT(literal)                                                                     \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

enum {
	SNAPSHOT_ID,
	PARENT_ID,
	SEQUENCE,
	TIMESTAMP,
	SCHEMA_ID,
	FIRST_ROW,
	ADDED_ROWS,
	MANIFEST_LIST,
	MANIFESTS,
	N_FIELDS
};

static const struct firn_raw_field snapshot_fields[N_FIELDS] = {
	[SNAPSHOT_ID] = {.name = FIRN_STR_INIT("snapshot-id"), .required = true},
	[PARENT_ID] = {.name = FIRN_STR_INIT("parent-snapshot-id")},
	[SEQUENCE] = {.name = FIRN_STR_INIT("sequence-number")},
	[TIMESTAMP] = {.name = FIRN_STR_INIT("timestamp-ms"), .required = true},
	[SCHEMA_ID] = {.name = FIRN_STR_INIT("schema-id")},
	[FIRST_ROW] = {.name = FIRN_STR_INIT("first-row-id")},
	[ADDED_ROWS] = {.name = FIRN_STR_INIT("added-rows")},
	[MANIFEST_LIST] = {.name = FIRN_STR_INIT("manifest-list"), .any = true},
	[MANIFESTS] = {.name = FIRN_STR_INIT("manifests"), .any = true},
};

static firn_rc check_manifests(struct firn_ctx *cx, const struct firn_raw_field *f)
{
	long long id = (long long)f[SNAPSHOT_ID].value;

	if (f[MANIFEST_LIST].has && f[MANIFEST_LIST].raw.p[0] != '"')
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "snapshot %lld: 'manifest-list' must be a string", id);
	if (!f[MANIFEST_LIST].has && !(f[MANIFESTS].has && f[MANIFESTS].raw.p[0] == '['))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "snapshot %lld: 'manifest-list' is missing", id);
	return FIRN_OK;
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

static firn_rc settle_snapshot(struct firn_ctx *cx, const struct firn_raw_field *f,
			       struct firn_str text, struct firn_snapshot *ret_snapshot)
{
	struct firn_snapshot s = {
		.id = f[SNAPSHOT_ID].value,
		.has_parent = f[PARENT_ID].has,
		.parent_id = f[PARENT_ID].value,
		.sequence_number = f[SEQUENCE].value,
		.timestamp_ms = f[TIMESTAMP].value,
		.has_schema_id = f[SCHEMA_ID].has,
		.has_first_row_id = f[FIRST_ROW].has,
		.first_row_id = f[FIRST_ROW].value,
		.has_added_rows = f[ADDED_ROWS].has,
		.added_rows = f[ADDED_ROWS].value,
		.text = text,
	};

	if (f[SCHEMA_ID].value < INT32_MIN || f[SCHEMA_ID].value > INT32_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "snapshot %lld: 'schema-id' must be a 32-bit integer",
				 (long long)s.id);
	s.schema_id = (int32_t)f[SCHEMA_ID].value;
	FIRN_TRY(check_rows(cx, &s));
	FIRN_TRY(check_manifests(cx, f));
	*ret_snapshot = s;
	return FIRN_OK;
}

firn_rc firn_snapshot_read(struct firn_ctx *cx, struct firn_str raw,
			   struct firn_snapshot *ret_snapshot)
{
	struct firn_raw_field f[N_FIELDS];

	memcpy(f, snapshot_fields, sizeof(f));
	FIRN_TRY(firn_raw_read(cx, raw, "snapshot", f, N_FIELDS));
	return settle_snapshot(cx, f, raw, ret_snapshot);
}

/* Begins the list; a null or absent one has no items. */
static firn_rc begin_list(struct firn_ctx *cx, struct firn_str raw, const char *name,
			  struct firn_raw_iter *it)
{
	*it = (struct firn_raw_iter){NULL, NULL, false};
	if (!firn_raw_is_null(raw) && (!firn_raw_begin(it, raw) || it->object))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' must be an array",
				 name);
	return FIRN_OK;
}

static firn_rc too_long(struct firn_ctx *cx, const char *name, size_t ceiling)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: '%s' has more than %zu items",
			 name, ceiling);
}

firn_rc firn_table_parse_snapshots(struct firn_ctx *cx, struct firn_str raw,
				   struct firn_table_metadata *m)
{
	struct firn_raw_iter it;

	FIRN_TRY(begin_list(cx, raw, "snapshots", &it));
	for (;;) {
		struct firn_raw_field f[N_FIELDS];
		struct firn_snapshot snapshot;
		struct firn_str text;
		bool more;

		memcpy(f, snapshot_fields, sizeof(f));
		FIRN_TRY(firn_raw_read_next(cx, &it, "snapshot", f, N_FIELDS, &text, &more));
		if (!more)
			return FIRN_OK;
		if (m->snapshots.n == FIRN_TABLE_SNAPSHOTS)
			return too_long(cx, "snapshots", FIRN_TABLE_SNAPSHOTS);
		FIRN_TRY(settle_snapshot(cx, f, text, &snapshot));
		FIRN_VEC_PUSH(cx, &m->snapshots, snapshot);
	}
}

static firn_rc parse_snapshot_log(struct firn_ctx *cx, struct firn_str raw,
				  struct firn_table_metadata *m)
{
	struct firn_raw_iter it;

	FIRN_TRY(begin_list(cx, raw, "snapshot-log", &it));
	for (;;) {
		struct firn_raw_field f[] = {{.name = FIRN_STR("timestamp-ms"), .required = true},
					     {.name = FIRN_STR("snapshot-id"), .required = true}};
		struct firn_snapshot_log_entry entry;
		bool more;

		FIRN_TRY(firn_raw_read_next(cx, &it, "snapshot log entry", f, 2, &entry.text,
					    &more));
		if (!more)
			return FIRN_OK;
		if (m->snapshot_log.n == FIRN_TABLE_LOG)
			return too_long(cx, "snapshot-log", FIRN_TABLE_LOG);
		entry.timestamp_ms = f[0].value;
		entry.snapshot_id = f[1].value;
		FIRN_VEC_PUSH(cx, &m->snapshot_log, entry);
	}
}

static firn_rc parse_metadata_log(struct firn_ctx *cx, struct firn_str raw,
				  struct firn_table_metadata *m)
{
	struct firn_raw_iter it;

	FIRN_TRY(begin_list(cx, raw, "metadata-log", &it));
	for (;;) {
		struct firn_raw_field f[] = {
			{.name = FIRN_STR("timestamp-ms"), .required = true},
			{.name = FIRN_STR("metadata-file"), .required = true, .any = true}};
		struct firn_metadata_log_entry entry;
		bool more;

		FIRN_TRY(firn_raw_read_next(cx, &it, "metadata log entry", f, 2, &entry.text,
					    &more));
		if (!more)
			return FIRN_OK;
		if (m->metadata_log.n == FIRN_TABLE_LOG)
			return too_long(cx, "metadata-log", FIRN_TABLE_LOG);
		FIRN_TRY(firn_json_raw_str(cx, f[1].raw, "metadata log entry: 'metadata-file'",
					   &entry.file));
		entry.timestamp_ms = f[0].value;
		FIRN_VEC_PUSH(cx, &m->metadata_log, entry);
	}
}

firn_rc firn_table_parse_logs(struct firn_ctx *cx, struct firn_str snapshot_log,
			      struct firn_str metadata_log, struct firn_table_metadata *m)
{
	FIRN_TRY(parse_snapshot_log(cx, snapshot_log, m));
	return parse_metadata_log(cx, metadata_log, m);
}

static firn_rc parse_files(struct firn_ctx *cx, struct firn_str raw, const char *name,
			   struct firn_statistics_list *files)
{
	struct firn_raw_iter it;

	FIRN_TRY(begin_list(cx, raw, name, &it));
	for (;;) {
		struct firn_raw_field f = {.name = FIRN_STR("snapshot-id"), .required = true};
		struct firn_statistics file;
		bool more;

		FIRN_TRY(firn_raw_read_next(cx, &it, name, &f, 1, &file.text, &more));
		if (!more)
			return FIRN_OK;
		if (files->n == FIRN_TABLE_SNAPSHOTS)
			return too_long(cx, name, FIRN_TABLE_SNAPSHOTS);
		file.snapshot_id = f.value;
		FIRN_VEC_PUSH(cx, files, file);
	}
}

firn_rc firn_table_parse_statistics(struct firn_ctx *cx, struct firn_str statistics,
				    struct firn_str partition_statistics,
				    struct firn_table_metadata *m)
{
	FIRN_TRY(parse_files(cx, statistics, "statistics", &m->statistics));
	return parse_files(cx, partition_statistics, "partition-statistics",
			   &m->partition_statistics);
}
