/*
 * The updates of one commit, applied in order to a working copy. Refuses actions that a table
 * doesn't have. What follows from them together is settled in table_build.c.
 */
#include "member.h"
#include "table_builder.h"

static const struct action {
	const char *name;
	table_update *apply;
} actions[] = {
	{"assign-uuid", firn_update_assign_uuid},
	{"upgrade-format-version", firn_update_upgrade_format_version},
	{"add-schema", firn_update_add_schema},
	{"set-current-schema", firn_update_set_current_schema},
	{"add-spec", firn_update_add_spec},
	{"set-default-spec", firn_update_set_default_spec},
	{"add-sort-order", firn_update_add_sort_order},
	{"set-default-sort-order", firn_update_set_default_sort_order},
	{"add-snapshot", firn_update_add_snapshot},
	{"set-snapshot-ref", firn_update_set_snapshot_ref},
	{"remove-snapshots", firn_update_remove_snapshots},
	{"remove-snapshot-ref", firn_update_remove_snapshot_ref},
	{"set-location", firn_update_set_location},
	{"set-properties", firn_update_set_properties},
	{"remove-properties", firn_update_remove_properties},
	{"set-statistics", firn_update_set_statistics},
	{"remove-statistics", firn_update_remove_statistics},
	{"set-partition-statistics", firn_update_set_partition_statistics},
	{"remove-partition-statistics", firn_update_remove_partition_statistics},
	{"remove-partition-specs", firn_update_remove_specs},
	{"remove-schemas", firn_update_remove_schemas},
	{"add-encryption-key", firn_update_add_encryption_key},
	{"remove-encryption-key", firn_update_remove_encryption_key},
};

struct firn_str firn_json_text(struct firn_ctx *cx, const struct firn_json *json)
{
	struct firn_str text;

	return firn_json_dump(cx, json, false, &text) == FIRN_OK ? text : FIRN_STR_NONE;
}

int64_t firn_builder_now(const struct table_builder *b)
{
	const struct firn_table_metadata *before = b->base->metadata;

	if (before && before->last_updated_ms > b->base->now_ms)
		return before->last_updated_ms;
	return b->base->now_ms;
}

static firn_rc note_kind(struct table_builder *b, const char *name)
{
	struct firn_str kind = firn_str(name);

	for (size_t i = 0; i < b->kinds.n; i++)
		if (firn_str_eq(b->kinds.items[i], kind))
			return FIRN_OK;
	FIRN_VEC_PUSH(b->cx, &b->kinds, kind);
	return FIRN_OK;
}

static firn_rc apply_one(struct table_builder *b, const struct firn_json *update)
{
	struct firn_str name;
	size_t before = b->n_changes;

	if (firn_json_type(update) != FIRN_JSON_OBJECT)
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST, "an update must be an object, found %s",
				 firn_json_excerpt(b->cx, update));
	FIRN_TRY(firn_member_str(b->cx, update, "update", "action", &name));
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (!firn_str_ieq(name, firn_str(actions[i].name)))
			continue;
		FIRN_TRY(actions[i].apply(b, update));
		return b->n_changes > before ? note_kind(b, actions[i].name) : FIRN_OK;
	}
	return firn_fail(b->cx, FIRN_E_BAD_REQUEST,
			 "Cannot convert metadata update action: '%.*s' is no action of a table",
			 FIRN_FMT(firn_shown(name)));
}

/* A staged table begins in the version that its first upgrade names, as the reference begins it. */
static int first_version(const struct firn_json *updates)
{
	for (size_t i = 0; i < firn_json_count(updates); i++) {
		const struct firn_json *update = firn_json_at(updates, i);
		int64_t version;

		if (firn_str_ieq(firn_json_str(firn_json_get(update, "action")),
				 FIRN_STR("upgrade-format-version")) &&
		    firn_json_i64(firn_json_get(update, "format-version"), &version) &&
		    version >= 1 && version <= FIRN_FORMAT_VERSION_MAX)
			return (int)version;
	}
	return 2;
}

static void begin(struct table_builder *b, const struct firn_json *updates)
{
	if (b->base->metadata) {
		b->m = *b->base->metadata;
		firn_table_borrow(&b->m);
		return;
	}
	b->m.format_version = first_version(updates);
	b->m.current_snapshot_id = -1;
	b->m.last_partition_id = FIRN_PARTITION_FIRST_ID - 1;
	b->shape_changed = true;
}

firn_rc firn_table_updates_apply(struct firn_ctx *cx, const struct firn_table_base *base,
				 const struct firn_json *updates,
				 struct firn_table_change *ret_change)
{
	struct table_builder *b = firn_alloc(cx, sizeof(*b));
	size_t n = firn_json_count(updates);

	if (!b)
		return cx->err.code;
	b->cx = cx;
	b->base = base;
	if (updates && firn_json_type(updates) != FIRN_JSON_ARRAY)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "'updates' must be an array, found %s",
				 firn_json_excerpt(cx, updates));
	if (n > FIRN_COMMIT_UPDATES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%zu updates in one commit, more than %zu",
				 n, FIRN_COMMIT_UPDATES);
	begin(b, updates);
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(apply_one(b, firn_json_at(updates, i)));
	return firn_table_build(b, ret_change);
}
