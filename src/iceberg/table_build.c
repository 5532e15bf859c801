/*
 * The end of a commit: timestamps, snapshot log, metadata log, and the check of the whole.
 *
 * Several snapshots in one commit leave one entry in the snapshot log: those that were main only on
 * the way are taken out. A removed snapshot takes the log before it along, for a gap would make
 * time travel lie.
 */
#include "firn/uuid.h"
#include "table_builder.h"

static bool contains(const int64_t *items, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (items[i] == id)
			return true;
	return false;
}

/* Added by this commit, main for a moment, and not in the end. */
static firn_rc index_intermediate(struct table_builder *b, struct firn_id_index *ret_index,
				  size_t *ret_n)
{
	FIRN_TRY(firn_id_index_init(b->cx, ret_index, b->set_main.n));
	*ret_n = 0;
	for (size_t i = 0; i < b->set_main.n; i++) {
		int64_t id = b->set_main.items[i];

		if (id != b->m.current_snapshot_id && contains(b->added.items, b->added.n, id) &&
		    firn_id_index_add(ret_index, id, i))
			(*ret_n)++;
	}
	return FIRN_OK;
}

static firn_rc settle_snapshot_log(struct table_builder *b)
{
	struct firn_table_metadata *m = &b->m;
	struct firn_id_index intermediate, snapshots;
	struct firn_snapshot_log_entry *kept;
	size_t n_intermediate, n = 0;

	FIRN_TRY(index_intermediate(b, &intermediate, &n_intermediate));
	if (!n_intermediate && !b->removed_snapshots)
		return FIRN_OK;
	FIRN_TRY(firn_table_index_snapshots(b->cx, m, &snapshots));
	kept = firn_calloc(b->cx, m->snapshot_log.n + 1, sizeof(*kept));
	if (!kept)
		return b->cx->err.code;
	for (size_t i = 0; i < m->snapshot_log.n; i++) {
		int64_t id = m->snapshot_log.items[i].snapshot_id;

		if (!firn_id_index_has(&snapshots, id))
			n = b->removed_snapshots ? 0 : n;
		else if (!firn_id_index_has(&intermediate, id))
			kept[n++] = m->snapshot_log.items[i];
	}
	if (n && m->current_snapshot_id != -1 && kept[n - 1].snapshot_id != m->current_snapshot_id)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set invalid snapshot log: latest entry is not the current "
				 "snapshot (%lld != %lld)",
				 (long long)kept[n - 1].snapshot_id,
				 (long long)m->current_snapshot_id);
	m->snapshot_log.items = kept;
	m->snapshot_log.n = n;
	m->snapshot_log.capacity = 0;
	return FIRN_OK;
}

static firn_rc append_trimmed(struct firn_ctx *cx, const struct firn_table_metadata *m, size_t n,
			      struct firn_strs *ret_trimmed)
{
	struct firn_str *files;

	if (!n || !firn_table_property_bool(m, "write.metadata.delete-after-commit.enabled", false))
		return FIRN_OK;
	files = firn_calloc(cx, n, sizeof(*files));
	if (!files)
		return cx->err.code;
	for (size_t i = 0; i < n; i++)
		files[i] = m->metadata_log.items[i].file;
	*ret_trimmed = (struct firn_strs){files, n};
	return FIRN_OK;
}

firn_rc firn_table_log_previous(struct firn_ctx *cx, struct firn_table_metadata *m,
				const struct firn_table_base *base, struct firn_strs *ret_trimmed)
{
	int64_t max = firn_table_property_i64(m, "write.metadata.previous-versions-max", 100);
	struct firn_metadata_log_entry entry = {.file = base->metadata_location};
	size_t keep, drop;

	*ret_trimmed = (struct firn_strs){NULL, 0};
	if (!base->metadata || !base->metadata_location.p)
		return FIRN_OK;
	keep = max < 1 ? 0 : (size_t)max - 1;
	drop = m->metadata_log.n > keep ? m->metadata_log.n - keep : 0;
	FIRN_TRY(append_trimmed(cx, m, drop, ret_trimmed));
	if (drop)
		m->metadata_log.items += drop;
	m->metadata_log.n -= drop;
	m->metadata_log.capacity = 0;
	entry.timestamp_ms = base->metadata->last_updated_ms;
	FIRN_VEC_PUSH(cx, &m->metadata_log, entry);
	return FIRN_OK;
}

static firn_rc check_shape(struct table_builder *b)
{
	const struct firn_schema *schema = firn_table_schema(&b->m, b->m.current_schema_id);
	const struct firn_partition_spec *spec = firn_table_spec(&b->m, b->m.default_spec_id);
	const struct firn_sort_order *order = firn_table_order(&b->m, b->m.default_order_id);

	if (!b->shape_changed || !schema || !spec || !order)
		return FIRN_OK;
	FIRN_TRY(firn_partition_check_sources(b->cx, spec, schema));
	return firn_sort_check_sources(b->cx, order, schema);
}

static firn_rc settle_new_table(struct table_builder *b)
{
	char text[FIRN_UUID_TEXT + 1];
	struct firn_uuid uuid;

	if (b->base->metadata || b->m.uuid.p)
		return FIRN_OK;
	uuid = firn_uuid_v4();
	firn_uuid_text(&uuid, text);
	b->m.uuid = firn_str_dup(b->cx, firn_str(text));
	return b->m.uuid.p ? FIRN_OK : b->cx->err.code;
}

/* The table's time is this server's and never goes back; clients' clocks are in the snapshot log.
 */
static firn_rc settle_time(struct table_builder *b)
{
	b->m.last_updated_ms = firn_builder_now(b);
	return firn_table_check(b->cx, &b->m, FIRN_E_VALIDATION);
}

static firn_rc finish(struct table_builder *b, struct firn_table_change *change)
{
	struct firn_table_metadata *m = firn_alloc(b->cx, sizeof(*m));

	if (!m)
		return b->cx->err.code;
	FIRN_TRY(settle_new_table(b));
	FIRN_TRY(check_shape(b));
	FIRN_TRY(settle_snapshot_log(b));
	FIRN_TRY(firn_table_log_previous(b->cx, &b->m, b->base, &change->trimmed));
	FIRN_TRY(settle_time(b));
	*m = b->m;
	firn_table_borrow(m);
	change->metadata = m;
	change->changed = true;
	change->kinds = (struct firn_strs){b->kinds.items, b->kinds.n};
	if (b->added.n) {
		change->has_snapshot = true;
		change->snapshot_id = b->added.items[b->added.n - 1];
	}
	return FIRN_OK;
}

firn_rc firn_table_build(struct table_builder *b, struct firn_table_change *ret_change)
{
	struct firn_table_change change = {.metadata = b->base->metadata};

	if (b->n_changes || !b->base->metadata)
		FIRN_TRY(finish(b, &change));
	*ret_change = change;
	return FIRN_OK;
}
