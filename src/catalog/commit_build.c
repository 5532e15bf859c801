/* Commits of clients: requirements and updates of one table or view, or of several tables at once.
 */
#include "cache.h"
#include "commit.h"
#include "firn/arena.h"
#include "firn/clock.h"

firn_rc firn_item_load(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	struct firn_pointer pointer;
	struct firn_blob *blob;

	if (!item->seen.exists || item->seen.kind != item->kind)
		return FIRN_OK;
	pointer = firn_tabular_pointer(&item->seen);
	FIRN_TRY(firn_metadata_get(cx, catalog, &pointer, FIRN_SNAPSHOTS_ALL, &blob));
	FIRN_TRY(firn_blob_keep(cx, blob));
	if (item->kind == FIRN_KIND_VIEW)
		return firn_view_metadata_parse(cx, firn_blob_bytes(blob), &item->base_view);
	return firn_table_metadata_parse(cx, firn_blob_bytes(blob), &item->base_table);
}

void firn_item_take_table(struct firn_item *item, const struct firn_table_change *change)
{
	item->table = change->metadata;
	item->changed = change->changed;
	item->kinds = change->kinds;
	item->has_snapshot = change->has_snapshot;
	item->snapshot_id = change->snapshot_id;
	item->trimmed = change->trimmed;
}

void firn_item_take_view(struct firn_item *item, const struct firn_view_change *change)
{
	item->view = change->metadata;
	item->changed = change->changed;
	item->kinds = change->kinds;
}

/* A name that isn't a table can only become one by assert-create. */
static firn_rc check_absent(struct firn_ctx *cx, const struct firn_item *item,
			    const struct firn_change *change)
{
	if (!firn_table_requirements_create(change->requirements))
		return firn_fail_no_tabular(cx, FIRN_KIND_TABLE, item->target);
	if (item->seen.exists)
		return firn_fail_taken(cx, FIRN_KIND_TABLE, item->seen.kind, item->target);
	if (item->seen.place.namespace_id == 0)
		return firn_fail_namespace(cx, &item->target->levels);
	return firn_name_check(cx, "table", item->target->name);
}

static firn_rc build_table(struct firn_ctx *cx, struct firn_catalog *catalog,
			   struct firn_item *item)
{
	const struct firn_change *change = item->arg;
	struct firn_table_base base = {
		.metadata = item->base_table,
		.metadata_location =
			item->base_table ? item->seen.metadata_location : FIRN_STR_NONE,
		.now_ms = firn_wall_ms(cx),
	};
	struct firn_table_change next = {0};

	(void)catalog;
	if (!item->base_table)
		FIRN_TRY(check_absent(cx, item, change));
	if (change->requirements)
		FIRN_TRY(firn_table_requirements_check(cx, change->requirements, item->base_table));
	if (!change->updates && item->base_table) {
		item->table = item->base_table;
		return FIRN_OK;
	}
	FIRN_TRY(firn_table_updates_apply(cx, &base, change->updates, &next));
	firn_item_take_table(item, &next);
	return change->updates ? firn_table_update_paths(cx, change->updates, &item->paths)
			       : FIRN_OK;
}

static firn_rc build_view(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	const struct firn_change *change = item->arg;
	struct firn_view_change next = {0};

	(void)catalog;
	if (!item->base_view)
		return firn_fail_no_tabular(cx, FIRN_KIND_VIEW, item->target);
	if (change->requirements)
		FIRN_TRY(firn_view_requirements_check(cx, change->requirements, item->base_view));
	if (!change->updates) {
		item->view = item->base_view;
		return FIRN_OK;
	}
	FIRN_TRY(firn_view_updates_apply(cx, item->base_view, change->updates, firn_wall_ms(cx),
					 &next));
	firn_item_take_view(item, &next);
	return FIRN_OK;
}

static bool same_target(const struct firn_target *a, const struct firn_target *b)
{
	if (!firn_str_eq(a->name, b->name) || a->levels.n != b->levels.n)
		return false;
	for (size_t i = 0; i < a->levels.n; i++) {
		if (!firn_str_eq(a->levels.items[i], b->levels.items[i]))
			return false;
	}
	return true;
}

static firn_rc check_changes(struct firn_ctx *cx, enum firn_kind kind,
			     const struct firn_change *changes, size_t n)
{
	if (n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the transaction names no table: give at least one change");
	if (n > FIRN_ITEMS_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the transaction names %zu tables: give at most %d", n,
				 FIRN_ITEMS_MAX);
	if (kind == FIRN_KIND_VIEW && n > 1)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "a commit of a view can't name %zu views: give one", n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (same_target(&changes[i].target, &changes[j].target))
				return firn_fail(
					cx, FIRN_E_BAD_REQUEST,
					"table '%.*s' is named twice in one transaction: put its "
					"changes together",
					FIRN_FMT(firn_target_text(cx, &changes[i].target)));
		}
	}
	return FIRN_OK;
}

firn_rc firn_commit(struct firn_ctx *cx, struct firn_catalog *catalog,
		    const struct firn_mutation *mutation, enum firn_kind kind,
		    const struct firn_change *changes, size_t n, bool single,
		    struct firn_outcome *ret_outcome)
{
	struct firn_work work = {.n = n, .operation = "commit", .single = single};

	FIRN_TRY(check_changes(cx, kind, changes, n));
	work.items = firn_calloc(cx, n, sizeof(*work.items));
	if (!work.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		work.items[i].target = &changes[i].target;
		work.items[i].kind = kind;
		work.items[i].build = kind == FIRN_KIND_VIEW ? build_view : build_table;
		work.items[i].arg = &changes[i];
	}
	return firn_work_run(cx, catalog, mutation, &work, ret_outcome);
}
