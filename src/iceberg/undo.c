/*
 * Undo: a new version with the content of an earlier one. No high-water mark goes down: format
 * version, sequence number, row, column and partition ids keep the higher value, and schemas, specs
 * and orders that came since stay listed, so that their ids are not given out again.
 */
#include "table_builder.h"

static int64_t higher64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int32_t higher32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

bool firn_table_metadata_falls_back(const struct firn_table_metadata *m,
				    const struct firn_table_metadata *current)
{
	return m->format_version < current->format_version ||
	       m->last_sequence_number < current->last_sequence_number ||
	       m->next_row_id < current->next_row_id ||
	       m->last_column_id < current->last_column_id ||
	       m->last_partition_id < current->last_partition_id;
}

static void keep_marks(struct firn_table_metadata *m, const struct firn_table_metadata *current)
{
	m->format_version = higher32(m->format_version, current->format_version);
	m->last_sequence_number = higher64(m->last_sequence_number, current->last_sequence_number);
	m->next_row_id = higher64(m->next_row_id, current->next_row_id);
	m->last_column_id = higher32(m->last_column_id, current->last_column_id);
	m->last_partition_id = higher32(m->last_partition_id, current->last_partition_id);
	m->uuid = current->uuid.p ? current->uuid : m->uuid;
}

static firn_rc keep_lists(struct firn_ctx *cx, struct firn_table_metadata *m,
			  const struct firn_table_metadata *current)
{
	for (size_t i = 0; i < current->schemas.n; i++)
		if (!firn_table_schema(m, current->schemas.items[i]->id))
			FIRN_VEC_PUSH(cx, &m->schemas, current->schemas.items[i]);
	for (size_t i = 0; i < current->specs.n; i++)
		if (!firn_table_spec(m, current->specs.items[i]->id))
			FIRN_VEC_PUSH(cx, &m->specs, current->specs.items[i]);
	for (size_t i = 0; i < current->orders.n; i++)
		if (!firn_table_order(m, current->orders.items[i]->id))
			FIRN_VEC_PUSH(cx, &m->orders, current->orders.items[i]);
	return FIRN_OK;
}

/* Nothing but timestamps and the metadata log would differ. */
static firn_rc is_same(struct firn_ctx *cx, const struct firn_table_metadata *m,
		       const struct firn_table_metadata *current, bool *ret_same)
{
	struct firn_table_metadata probe = *m;
	struct firn_str before, after;

	probe.last_updated_ms = current->last_updated_ms;
	probe.metadata_log = current->metadata_log;
	FIRN_TRY(firn_table_metadata_write(cx, current, &before));
	FIRN_TRY(firn_table_metadata_write(cx, &probe, &after));
	*ret_same = firn_str_eq(before, after);
	return FIRN_OK;
}

static firn_rc same_table(struct firn_ctx *cx, const struct firn_table_metadata *current,
			  const struct firn_table_metadata *target)
{
	if (!current->uuid.p || !target->uuid.p || firn_str_ieq(current->uuid, target->uuid))
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_VALIDATION,
			 "Cannot undo to a version of another table: uuid %.*s != %.*s",
			 FIRN_FMT(target->uuid), FIRN_FMT(current->uuid));
}

firn_rc firn_table_metadata_undo(struct firn_ctx *cx, const struct firn_table_base *current,
				 const struct firn_table_metadata *target,
				 struct firn_table_change *ret_change)
{
	struct firn_table_metadata *m = firn_alloc(cx, sizeof(*m));
	struct firn_str *kind = firn_alloc(cx, sizeof(*kind));
	struct firn_table_change change = {.metadata = current->metadata};
	bool same;

	if (!m || !kind)
		return cx->err.code;
	FIRN_TRY(same_table(cx, current->metadata, target));
	*m = *target;
	firn_table_borrow(m);
	keep_marks(m, current->metadata);
	FIRN_TRY(keep_lists(cx, m, current->metadata));
	FIRN_TRY(is_same(cx, m, current->metadata, &same));
	if (same) {
		*ret_change = change;
		return FIRN_OK;
	}
	m->metadata_log.items = current->metadata->metadata_log.items;
	m->metadata_log.n = current->metadata->metadata_log.n;
	m->metadata_log.capacity = 0;
	FIRN_TRY(firn_table_log_previous(cx, m, current, &change.trimmed));
	m->last_updated_ms = higher64(current->now_ms, current->metadata->last_updated_ms);
	FIRN_TRY(firn_table_check(cx, m, FIRN_E_VALIDATION));
	firn_table_borrow(m);
	*kind = FIRN_STR("undo");
	change.kinds = (struct firn_strs){kind, 1};
	change.metadata = m;
	change.changed = true;
	*ret_change = change;
	return FIRN_OK;
}
