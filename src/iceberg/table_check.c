/*
 * What must hold between the parts of a table: ids that refer to something, sequence numbers within
 * the table's, refs and current snapshot that agree, logs in the order of time (one minute of clock
 * skew between writers is tolerated, as in the reference).
 */
#include "table.h"

static firn_rc check_identity(struct firn_ctx *cx, const struct firn_table_metadata *m,
			      enum firn_code code)
{
	if (m->format_version > 1 && !m->uuid.n)
		return firn_fail(cx, code, "UUID is required in format v%d", m->format_version);
	if (!m->location.n)
		return firn_fail(cx, code, "table metadata: 'location' is missing or empty");
	if (m->last_sequence_number < 0)
		return firn_fail(cx, code,
				 "table metadata: 'last-sequence-number' is negative: %lld",
				 (long long)m->last_sequence_number);
	if (m->format_version == 1 && m->last_sequence_number != 0)
		return firn_fail(cx, code, "Sequence number must be 0 in v1: %lld",
				 (long long)m->last_sequence_number);
	if (m->next_row_id < 0)
		return firn_fail(cx, code, "table metadata: 'next-row-id' is negative: %lld",
				 (long long)m->next_row_id);
	return FIRN_OK;
}

static firn_rc check_current_ids(struct firn_ctx *cx, const struct firn_table_metadata *m,
				 enum firn_code code)
{
	if (!m->specs.n)
		return firn_fail(cx, code, "Partition specs cannot be null or empty");
	if (!m->orders.n)
		return firn_fail(cx, code, "Sort orders cannot be null or empty");
	if (!firn_table_schema(m, m->current_schema_id))
		return firn_fail(cx, code,
				 "Cannot find schema with current-schema-id=%d from schemas",
				 m->current_schema_id);
	if (!firn_table_spec(m, m->default_spec_id))
		return firn_fail(
			cx, code,
			"Cannot find partition spec with default-spec-id=%d from partition-specs",
			m->default_spec_id);
	if (!firn_table_order(m, m->default_order_id))
		return firn_fail(
			cx, code,
			"Cannot find sort order with default-sort-order-id=%d from sort-orders",
			m->default_order_id);
	return FIRN_OK;
}

static firn_rc check_snapshots(struct firn_ctx *cx, const struct firn_table_metadata *m,
			       enum firn_code code)
{
	for (size_t i = 0; i < m->snapshots.n; i++) {
		const struct firn_snapshot *s = &m->snapshots.items[i];

		if (s->sequence_number > m->last_sequence_number)
			return firn_fail(
				cx, code,
				"Invalid snapshot with sequence number %lld greater than last "
				"sequence number %lld (snapshot %lld)",
				(long long)s->sequence_number, (long long)m->last_sequence_number,
				(long long)s->id);
	}
	return FIRN_OK;
}

static firn_rc check_refs(struct firn_ctx *cx, const struct firn_table_metadata *m,
			  const struct firn_id_index *snapshots, enum firn_code code)
{
	const struct firn_snapshot_ref *main_ref = firn_table_ref(m, FIRN_STR("main"));

	for (size_t i = 0; i < m->refs.n; i++) {
		const struct firn_snapshot_ref *ref = &m->refs.items[i];

		if (!firn_id_index_has(snapshots, ref->snapshot_id))
			return firn_fail(
				cx, code,
				"Snapshot for reference '%.*s' does not exist in the existing "
				"snapshots list: %lld",
				FIRN_FMT(firn_shown(ref->name)), (long long)ref->snapshot_id);
	}
	if (m->current_snapshot_id == -1 && main_ref)
		return firn_fail(
			cx, code,
			"Current snapshot is not set, but main branch exists: snapshot %lld",
			(long long)main_ref->snapshot_id);
	if (main_ref && main_ref->tag)
		return firn_fail(cx, code, "main must be a branch, not a tag");
	if (main_ref && main_ref->snapshot_id != m->current_snapshot_id)
		return firn_fail(
			cx, code, "Current snapshot ID does not match main branch (%lld != %lld)",
			(long long)m->current_snapshot_id, (long long)main_ref->snapshot_id);
	if (m->current_snapshot_id != -1 && !firn_id_index_has(snapshots, m->current_snapshot_id))
		return firn_fail(
			cx, code,
			"Invalid table metadata: Cannot find current version: snapshot %lld",
			(long long)m->current_snapshot_id);
	return FIRN_OK;
}

/* a - b, saturated. */
static int64_t difference(int64_t a, int64_t b)
{
	int64_t d;

	if (!__builtin_sub_overflow(a, b, &d))
		return d;
	return a < b ? INT64_MIN : INT64_MAX;
}

static firn_rc check_logs(struct firn_ctx *cx, const struct firn_table_metadata *m,
			  enum firn_code code)
{
	for (size_t i = 1; i < m->snapshot_log.n; i++)
		if (difference(m->snapshot_log.items[i].timestamp_ms,
			       m->snapshot_log.items[i - 1].timestamp_ms) < -FIRN_ONE_MINUTE_MS)
			return firn_fail(
				cx, code,
				"Expected sorted snapshot log entries: snapshot %lld at %lld "
				"follows %lld",
				(long long)m->snapshot_log.items[i].snapshot_id,
				(long long)m->snapshot_log.items[i].timestamp_ms,
				(long long)m->snapshot_log.items[i - 1].timestamp_ms);
	if (m->snapshot_log.n &&
	    difference(m->last_updated_ms,
		       m->snapshot_log.items[m->snapshot_log.n - 1].timestamp_ms) <
		    -FIRN_ONE_MINUTE_MS)
		return firn_fail(
			cx, code,
			"Invalid update timestamp %lld: before last snapshot log entry at %lld",
			(long long)m->last_updated_ms,
			(long long)m->snapshot_log.items[m->snapshot_log.n - 1].timestamp_ms);
	for (size_t i = 1; i < m->metadata_log.n; i++)
		if (difference(m->metadata_log.items[i].timestamp_ms,
			       m->metadata_log.items[i - 1].timestamp_ms) < -FIRN_ONE_MINUTE_MS)
			return firn_fail(
				cx, code,
				"Expected sorted previous metadata log entries: %lld follows %lld",
				(long long)m->metadata_log.items[i].timestamp_ms,
				(long long)m->metadata_log.items[i - 1].timestamp_ms);
	if (m->metadata_log.n &&
	    difference(m->last_updated_ms,
		       m->metadata_log.items[m->metadata_log.n - 1].timestamp_ms) <
		    -FIRN_ONE_MINUTE_MS)
		return firn_fail(
			cx, code,
			"Invalid update timestamp %lld: before the latest metadata log entry "
			"timestamp %lld",
			(long long)m->last_updated_ms,
			(long long)m->metadata_log.items[m->metadata_log.n - 1].timestamp_ms);
	return FIRN_OK;
}

firn_rc firn_table_check(struct firn_ctx *cx, const struct firn_table_metadata *m,
			 enum firn_code code)
{
	struct firn_id_index snapshots;

	FIRN_TRY(check_identity(cx, m, code));
	FIRN_TRY(check_current_ids(cx, m, code));
	FIRN_TRY(check_snapshots(cx, m, code));
	FIRN_TRY(firn_table_index_snapshots(cx, m, &snapshots));
	FIRN_TRY(check_refs(cx, m, &snapshots, code));
	return check_logs(cx, m, code);
}
