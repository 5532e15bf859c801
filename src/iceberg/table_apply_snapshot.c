/*
 * Updates of snapshots and of the refs that name them. A stale sequence number or first-row-id is a
 * conflict that the client must rebase: COMMIT_FAILED, for no retry of the server's can help. All
 * else that the reference refuses is VALIDATION.
 */
#include "member.h"
#include "table_builder.h"

static const struct firn_snapshot *find_snapshot(const struct table_builder *b, int64_t id)
{
	for (size_t i = b->m.snapshots.n; i-- > 0;)
		if (b->m.snapshots.items[i].id == id)
			return &b->m.snapshots.items[i];
	return NULL;
}

static bool is_added(const struct table_builder *b, int64_t id)
{
	for (size_t i = 0; i < b->added.n; i++)
		if (b->added.items[i] == id)
			return true;
	return false;
}

/* What the light scan of firn_snapshot_read leaves out. */
static firn_rc check_json(struct table_builder *b, const struct firn_json *json)
{
	const struct firn_json *manifests = firn_json_get(json, "manifests");
	struct firn_str list, key;
	struct firn_map summary;

	FIRN_TRY(firn_member_map(b->cx, json, "snapshot", "summary", false, &summary));
	FIRN_TRY(firn_member_opt_str(b->cx, json, "snapshot", "manifest-list", &list));
	FIRN_TRY(firn_member_opt_str(b->cx, json, "snapshot", "key-id", &key));
	if (list.p)
		return FIRN_OK;
	if (b->m.format_version > 1)
		return firn_fail(
			b->cx, FIRN_E_BAD_REQUEST,
			"snapshot: 'manifest-list' is missing: v%d has no inline manifests",
			b->m.format_version);
	for (size_t i = 0; i < firn_json_count(manifests); i++)
		if (!firn_json_str(firn_json_at(manifests, i)).p)
			return firn_fail(b->cx, FIRN_E_BAD_REQUEST,
					 "snapshot: 'manifests' must be an array of strings");
	return FIRN_OK;
}

static firn_rc check_sequence(struct table_builder *b, const struct firn_snapshot *s)
{
	if (b->m.format_version == 1) {
		if (s->sequence_number != 0)
			return firn_fail(b->cx, FIRN_E_VALIDATION,
					 "Sequence number must be 0 in v1: %lld",
					 (long long)s->sequence_number);
		return FIRN_OK;
	}
	if (s->sequence_number < 0)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "snapshot %lld: 'sequence-number' is negative: %lld",
				 (long long)s->id, (long long)s->sequence_number);
	if (s->has_parent && s->sequence_number <= b->m.last_sequence_number)
		return firn_fail(
			b->cx, FIRN_E_COMMIT_FAILED,
			"Validation failed, please retry: Cannot add snapshot with sequence "
			"number %lld older than last sequence number %lld",
			(long long)s->sequence_number, (long long)b->m.last_sequence_number);
	return FIRN_OK;
}

/* Row lineage: rows of the snapshot take ids from the table's next-row-id on. */
static firn_rc take_rows(struct table_builder *b, const struct firn_snapshot *s)
{
	int64_t next;

	if (b->m.format_version < 3)
		return FIRN_OK;
	if (!s->has_first_row_id)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot add a snapshot: first-row-id is null (snapshot %lld)",
				 (long long)s->id);
	if (s->first_row_id < b->m.next_row_id)
		return firn_fail(
			b->cx, FIRN_E_COMMIT_FAILED,
			"Validation failed, please retry: Cannot add a snapshot, first-row-id "
			"is behind table next-row-id: %lld < %lld",
			(long long)s->first_row_id, (long long)b->m.next_row_id);
	if (__builtin_add_overflow(s->first_row_id, s->added_rows, &next))
		return firn_fail(
			b->cx, FIRN_E_VALIDATION,
			"Cannot add a snapshot: first-row-id %lld and added-rows %lld exceed "
			"the largest row id",
			(long long)s->first_row_id, (long long)s->added_rows);
	b->m.next_row_id = next;
	return FIRN_OK;
}

static firn_rc check_prepared(struct table_builder *b)
{
	const char *missing = !b->m.schemas.n  ? "schema"
			      : !b->m.specs.n  ? "partition spec"
			      : !b->m.orders.n ? "sort order"
					       : NULL;

	if (missing)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Attempting to add a snapshot before a %s is added", missing);
	if (b->m.snapshots.n >= FIRN_TABLE_SNAPSHOTS)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "the table would have more than %zu snapshots: expire some",
				 FIRN_TABLE_SNAPSHOTS);
	return FIRN_OK;
}

firn_rc firn_update_add_snapshot(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	struct firn_snapshot s;
	struct firn_str text;

	FIRN_TRY(firn_member_nested(b->cx, update, "add-snapshot", "snapshot", FIRN_JSON_OBJECT,
				    &json));
	FIRN_TRY(firn_json_dump(b->cx, json, false, &text));
	FIRN_TRY(firn_snapshot_read(b->cx, text, &s));
	FIRN_TRY(check_json(b, json));
	FIRN_TRY(check_prepared(b));
	if (find_snapshot(b, s.id))
		return firn_fail(b->cx, FIRN_E_VALIDATION, "Snapshot already exists for id: %lld",
				 (long long)s.id);
	FIRN_TRY(check_sequence(b, &s));
	FIRN_TRY(take_rows(b, &s));
	FIRN_VEC_PUSH(b->cx, &b->m.snapshots, s);
	FIRN_VEC_PUSH(b->cx, &b->added, s.id);
	if (s.sequence_number > b->m.last_sequence_number)
		b->m.last_sequence_number = s.sequence_number;
	b->n_changes++;
	return FIRN_OK;
}

static firn_rc check_ref(struct table_builder *b, const struct firn_snapshot_ref *ref,
			 const struct firn_snapshot_ref *before)
{
	struct firn_str name = firn_shown(ref->name);

	if (!ref->name.n)
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST,
				 "set-snapshot-ref: 'ref-name' is empty");
	if (ref->tag && firn_str_is(ref->name, "main"))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set main to a tag: main is a branch");
	if (!find_snapshot(b, ref->snapshot_id))
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot set %.*s to unknown snapshot: %lld", FIRN_FMT(name),
				 (long long)ref->snapshot_id);
	if (!before && b->m.refs.n >= FIRN_TABLE_REFS)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "the table would have more than %zu refs", FIRN_TABLE_REFS);
	return FIRN_OK;
}

/* The log tells when the snapshot was made; going back to an older one happens now. */
static firn_rc set_main(struct table_builder *b, const struct firn_snapshot *snapshot)
{
	struct firn_snapshot_log_entry entry = {
		.snapshot_id = snapshot->id,
		.timestamp_ms =
			is_added(b, snapshot->id) ? snapshot->timestamp_ms : firn_builder_now(b),
	};

	if (b->m.snapshot_log.n >= FIRN_TABLE_LOG)
		return firn_fail(
			b->cx, FIRN_E_VALIDATION,
			"the table's snapshot log would have more than %zu entries: expire "
			"snapshots",
			FIRN_TABLE_LOG);
	b->m.current_snapshot_id = snapshot->id;
	FIRN_VEC_PUSH(b->cx, &b->m.snapshot_log, entry);
	FIRN_VEC_PUSH(b->cx, &b->set_main, snapshot->id);
	return FIRN_OK;
}

static firn_rc put_ref(struct table_builder *b, const struct firn_snapshot_ref *ref, size_t place)
{
	struct firn_snapshot_ref *items = firn_vec_room(b->cx, b->m.refs.items, b->m.refs.n,
							&b->m.refs.capacity, sizeof(*items));

	if (!items)
		return b->cx->err.code;
	b->m.refs.items = items;
	items[place] = *ref;
	if (place == b->m.refs.n)
		b->m.refs.n++;
	return FIRN_OK;
}

firn_rc firn_update_set_snapshot_ref(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_snapshot_ref *before;
	struct firn_snapshot_ref ref;
	struct firn_str name;

	FIRN_TRY(firn_member_str(b->cx, update, "set-snapshot-ref", "ref-name", &name));
	FIRN_TRY(firn_ref_parse(b->cx, name, update, FIRN_E_VALIDATION, &ref));
	before = firn_table_ref(&b->m, name);
	if (before && firn_ref_same(before, &ref))
		return FIRN_OK;
	FIRN_TRY(check_ref(b, &ref, before));
	FIRN_TRY(firn_ref_text(b->cx, &ref));
	if (firn_str_is(name, "main"))
		FIRN_TRY(set_main(b, find_snapshot(b, ref.snapshot_id)));
	FIRN_TRY(put_ref(b, &ref, before ? (size_t)(before - b->m.refs.items) : b->m.refs.n));
	b->n_changes++;
	return FIRN_OK;
}

/* Drops the ref of that name, or those to removed snapshots; main's going clears the current one.
 */
static firn_rc drop_refs(struct table_builder *b, struct firn_str name,
			 const struct firn_id_index *removed)
{
	struct firn_snapshot_ref *kept = firn_calloc(b->cx, b->m.refs.n + 1, sizeof(*kept));
	size_t n = 0;

	if (!kept)
		return b->cx->err.code;
	for (size_t i = 0; i < b->m.refs.n; i++) {
		const struct firn_snapshot_ref *ref = &b->m.refs.items[i];

		if (removed ? !firn_id_index_has(removed, ref->snapshot_id)
			    : !firn_str_eq(ref->name, name))
			kept[n++] = *ref;
		else if (firn_str_is(ref->name, "main"))
			b->m.current_snapshot_id = -1;
	}
	if (n == b->m.refs.n)
		return FIRN_OK;
	b->m.refs.items = kept;
	b->m.refs.n = n;
	b->m.refs.capacity = 0;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_remove_snapshot_ref(struct table_builder *b, const struct firn_json *update)
{
	struct firn_str name;

	FIRN_TRY(firn_member_str(b->cx, update, "remove-snapshot-ref", "ref-name", &name));
	return drop_refs(b, name, NULL);
}

/* Statistics of snapshots in the set go; NULL with cx->err set on failure. */
static struct firn_statistics *without(struct table_builder *b, const struct firn_statistics *items,
				       size_t *n, const struct firn_id_index *removed)
{
	struct firn_statistics *kept = firn_calloc(b->cx, *n + 1, sizeof(*kept));
	size_t n_kept = 0;

	if (!kept)
		return NULL;
	for (size_t i = 0; i < *n; i++)
		if (!firn_id_index_has(removed, items[i].snapshot_id))
			kept[n_kept++] = items[i];
	*n = n_kept;
	return kept;
}

static firn_rc drop_statistics(struct table_builder *b, const struct firn_id_index *removed,
			       bool table, bool partition)
{
	size_t before = b->m.statistics.n + b->m.partition_statistics.n;

	if (table) {
		b->m.statistics.items =
			without(b, b->m.statistics.items, &b->m.statistics.n, removed);
		b->m.statistics.capacity = 0;
	}
	if (partition) {
		b->m.partition_statistics.items = without(b, b->m.partition_statistics.items,
							  &b->m.partition_statistics.n, removed);
		b->m.partition_statistics.capacity = 0;
	}
	if (!b->m.statistics.items && table)
		return b->cx->err.code;
	if (!b->m.partition_statistics.items && partition)
		return b->cx->err.code;
	b->n_changes += b->m.statistics.n + b->m.partition_statistics.n != before;
	return FIRN_OK;
}

firn_rc firn_update_remove_snapshots(struct table_builder *b, const struct firn_json *update)
{
	struct firn_snapshot *kept = firn_calloc(b->cx, b->m.snapshots.n + 1, sizeof(*kept));
	struct firn_id_index removed;
	int64_t *ids;
	size_t n_ids, n = 0;

	if (!kept)
		return b->cx->err.code;
	FIRN_TRY(firn_member_i64s(b->cx, update, "remove-snapshots", "snapshot-ids", true, &ids,
				  &n_ids));
	FIRN_TRY(firn_id_index_init(b->cx, &removed, n_ids));
	for (size_t i = 0; i < n_ids; i++)
		(void)firn_id_index_add(&removed, ids[i], i);
	for (size_t i = 0; i < b->m.snapshots.n; i++)
		if (!firn_id_index_has(&removed, b->m.snapshots.items[i].id))
			kept[n++] = b->m.snapshots.items[i];
	if (n == b->m.snapshots.n)
		return FIRN_OK;
	b->m.snapshots.items = kept;
	b->m.snapshots.n = n;
	b->m.snapshots.capacity = 0;
	b->removed_snapshots = true;
	b->n_changes++;
	FIRN_TRY(drop_statistics(b, &removed, true, true));
	return drop_refs(b, FIRN_STR_NONE, &removed);
}

static firn_rc remove_statistics(struct table_builder *b, const struct firn_json *update,
				 const char *action, bool table)
{
	struct firn_id_index removed;
	int64_t id;

	FIRN_TRY(firn_member_i64(b->cx, update, action, "snapshot-id", &id));
	FIRN_TRY(firn_id_index_init(b->cx, &removed, 1));
	(void)firn_id_index_add(&removed, id, 0);
	return drop_statistics(b, &removed, table, !table);
}

firn_rc firn_update_remove_statistics(struct table_builder *b, const struct firn_json *update)
{
	return remove_statistics(b, update, "remove-statistics", true);
}

firn_rc firn_update_remove_partition_statistics(struct table_builder *b,
						const struct firn_json *update)
{
	return remove_statistics(b, update, "remove-partition-statistics", false);
}
