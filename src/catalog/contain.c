/*
 * What a client's words in metadata may point at: the warehouse, and in it no other table's place.
 * Only what a commit brings in is looked at; what was accepted before stays.
 */
#include "commit.h"
#include "firn/arena.h"
#include "locations.h"

static firn_rc write_paths(struct firn_ctx *cx, const struct firn_item *item,
			   struct firn_map *ret_paths)
{
	static const char key[] = "write.metadata.path";
	struct firn_str value;

	if (item->table)
		return firn_table_write_paths(cx, item->table, ret_paths);
	value = firn_view_property(item->view, key);
	*ret_paths =
		(struct firn_map){firn_calloc(cx, 1, sizeof(struct firn_pair)), value.p ? 1 : 0};
	if (!ret_paths->items)
		return cx->err.code;
	ret_paths->items[0] = (struct firn_pair){firn_str(key), value};
	return FIRN_OK;
}

static bool unchanged(const struct firn_item *item, struct firn_pair path)
{
	const char *key = path.key.p; /* a literal of the core's, NUL-terminated */

	if (item->base_table)
		return firn_str_eq(firn_table_property(item->base_table, key), path.value);
	return item->base_view && firn_str_eq(firn_view_property(item->base_view, key), path.value);
}

/* Parses, contains, and collects what isn't in the table's own place. */
static firn_rc contain(struct firn_ctx *cx, const struct firn_item *item, struct firn_str text,
		       const char *what, struct firn_location *outside, size_t *n_outside)
{
	struct firn_location place;

	FIRN_TRY(firn_place_within(cx, item->seen.place.warehouse_location, text, what, &place));
	if (!firn_location_within(&place, &item->place))
		outside[(*n_outside)++] = place;
	return FIRN_OK;
}

static firn_rc contain_all(struct firn_ctx *cx, const struct firn_item *item,
			   const struct firn_map *writes, struct firn_location *outside,
			   size_t *n_outside)
{
	for (size_t i = 0; i < writes->n; i++) {
		const char *key = firn_cstr(cx, writes->items[i].key);

		if (!key)
			return cx->err.code;
		if (!unchanged(item, (struct firn_pair){firn_str(key), writes->items[i].value}))
			FIRN_TRY(
				contain(cx, item, writes->items[i].value, key, outside, n_outside));
	}
	for (size_t i = 0; i < item->paths.n; i++)
		FIRN_TRY(contain(cx, item, item->paths.items[i], "file location", outside,
				 n_outside));
	if (item->given)
		FIRN_TRY(contain(cx, item, item->file, "metadata-location", outside, n_outside));
	return FIRN_OK;
}

firn_rc firn_item_contain(struct firn_ctx *cx, struct firn_item *item)
{
	struct firn_map writes = {NULL, 0};
	struct firn_location *outside, seen;
	size_t n = 0;
	bool foreign = false;

	FIRN_TRY(write_paths(cx, item, &writes));
	outside = firn_calloc(cx, writes.n + item->paths.n + 1, sizeof(*outside));
	if (!outside)
		return cx->err.code;
	FIRN_TRY(firn_place_within(cx, item->seen.place.warehouse_location, item->location,
				   "location", &item->place));
	if (item->seen.exists) {
		FIRN_TRY(firn_location_parse(cx, item->seen.location, "location", &seen));
		item->moves = !firn_str_eq(seen.normal, item->place.normal) ||
			      !firn_str_ieq(item->uuid, item->seen.uuid);
	}
	FIRN_TRY(contain_all(cx, item, &writes, outside, &n));
	FIRN_TRY(firn_places_foreign(cx, outside, n, item->seen.exists ? item->seen.id : 0, false,
				     &foreign));
	if (foreign)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "'%.*s' names a path within the location of another table or "
				 "view: choose one of its own",
				 FIRN_FMT(firn_target_text(cx, item->target)));
	return FIRN_OK;
}
