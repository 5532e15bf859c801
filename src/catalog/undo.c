/*
 * Undo: a new version with the content of an earlier one. The earlier file may be gone (trimmed, or
 * deleted by others); that is said, and nothing is changed.
 */
#include "cache.h"
#include "commit.h"
#include "firn/clock.h"
#include "versions.h"

struct undoing {
	int64_t version;
};

static firn_rc undo_table(struct firn_ctx *cx, struct firn_item *item, struct firn_str text)
{
	const struct firn_table_base base = {
		.metadata = item->base_table,
		.metadata_location = item->seen.metadata_location,
		.now_ms = firn_wall_ms(cx),
	};
	const struct firn_table_metadata *target;
	struct firn_table_change change = {0};

	FIRN_TRY(firn_table_metadata_parse(cx, text, &target));
	FIRN_TRY(firn_table_metadata_undo(cx, &base, target, &change));
	firn_item_take_table(item, &change);
	return FIRN_OK;
}

static firn_rc undo_view(struct firn_ctx *cx, struct firn_item *item, struct firn_str text)
{
	const struct firn_view_metadata *target;
	struct firn_view_change change = {0};

	FIRN_TRY(firn_view_metadata_parse(cx, text, &target));
	FIRN_TRY(firn_view_metadata_undo(cx, item->base_view, target, firn_wall_ms(cx), &change));
	firn_item_take_view(item, &change);
	return FIRN_OK;
}

static firn_rc build(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	const struct undoing *undoing = item->arg;
	struct firn_str text;

	if (!item->seen.exists || item->seen.kind != item->kind)
		return firn_fail_no_tabular(cx, item->kind, item->target);
	if (undoing->version == item->seen.version) {
		item->table = item->base_table;
		item->view = item->base_view;
		return FIRN_OK;
	}
	FIRN_TRY(
		firn_version_text(cx, catalog, item->target, &item->seen, undoing->version, &text));
	return item->kind == FIRN_KIND_VIEW ? undo_view(cx, item, text)
					    : undo_table(cx, item, text);
}

firn_rc firn_tabular_undo(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, const struct firn_target *target,
			  int64_t version, struct firn_outcome *ret_outcome)
{
	struct undoing undoing = {version};
	struct firn_item item = {.target = target, .build = build, .arg = &undoing};
	struct firn_work work = {.items = &item, .n = 1, .operation = "undo", .single = true};
	struct firn_tabular tabular;

	FIRN_TRY(firn_tabular_any(cx, target, &tabular));
	item.kind = tabular.kind;
	return firn_work_run(cx, catalog, mutation, &work, ret_outcome);
}
