/*
 * Registering metadata that others wrote. The file is read once, held to the same rules as a
 * commit, and then pointed at; its hash and length are those of what was read.
 *
 * With overwrite an existing table gets the file's content as its next version. A file of the same
 * table that is older than the current version must not turn its counters back, so its content goes
 * into a new file with the counters kept, as undo does it.
 */
#include "commit.h"
#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "locations.h"

struct registration {
	struct firn_str metadata_location;
	bool overwrite;
};

static firn_rc fetch(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item,
		     struct firn_str uri)
{
	const struct firn_place *place = &item->seen.place;
	struct firn_location at;
	struct firn_store *store;
	struct firn_str bytes;
	firn_rc rc;

	FIRN_TRY(firn_place_within(cx, place->warehouse_location, uri, "metadata-location", &at));
	FIRN_TRY(firn_store_of(cx, catalog, place->warehouse_id, place->profile_version, &store));
	rc = firn_store_get(cx, store, uri, catalog->config.metadata_ceiling, &bytes);
	if (rc == FIRN_E_STORE_NOT_FOUND) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "there is no metadata file '%.*s'",
				 FIRN_FMT(uri));
	}
	if (rc != FIRN_OK)
		return firn_fault(cx, "read the metadata file");
	firn_sha256(bytes.p, bytes.n, item->sha256);
	item->length = (int64_t)bytes.n;
	item->file = uri;
	return firn_metadata_inflate(cx, catalog, bytes, &item->text);
}

static const char *const path_lists[][2] = {
	{"snapshots", "manifest-list"},
	{"statistics", "statistics-path"},
	{"partition-statistics", "statistics-path"},
};
#define PATH_LISTS (sizeof(path_lists) / sizeof(path_lists[0]))

static firn_rc add_path(struct firn_ctx *cx, struct firn_strs *paths, const struct firn_json *value,
			const char *what)
{
	struct firn_str path = firn_json_str(value);

	if (!value)
		return FIRN_OK;
	if (!path.p)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "metadata file: '%s' must be a string",
				 what);
	paths->items[paths->n++] = path;
	return FIRN_OK;
}

/* v1 may list manifests in the snapshot itself. */
static firn_rc add_owner(struct firn_ctx *cx, struct firn_strs *paths,
			 const struct firn_json *owner, const char *key)
{
	const struct firn_json *manifests = firn_json_get(owner, "manifests");

	FIRN_TRY(add_path(cx, paths, firn_json_get(owner, key), key));
	for (size_t i = 0; i < firn_json_count(manifests); i++)
		FIRN_TRY(add_path(cx, paths, firn_json_at(manifests, i), "manifests"));
	return FIRN_OK;
}

static size_t paths_room(const struct firn_json *root)
{
	size_t room = 1;

	for (size_t l = 0; l < PATH_LISTS; l++) {
		const struct firn_json *list = firn_json_get(root, path_lists[l][0]);

		for (size_t i = 0; i < firn_json_count(list); i++)
			room += 1 +
				firn_json_count(firn_json_get(firn_json_at(list, i), "manifests"));
	}
	return room;
}

/* Every file that the table's metadata leads to. */
static firn_rc collect_paths(struct firn_ctx *cx, struct firn_str text, struct firn_strs *ret_paths)
{
	const struct firn_json *root;
	struct firn_strs paths = {NULL, 0};

	FIRN_TRY(firn_json_parse(cx, text, "metadata file", &root));
	paths.items = firn_calloc(cx, paths_room(root), sizeof(*paths.items));
	if (!paths.items)
		return cx->err.code;
	for (size_t l = 0; l < PATH_LISTS; l++) {
		const struct firn_json *list = firn_json_get(root, path_lists[l][0]);

		for (size_t i = 0; i < firn_json_count(list); i++)
			FIRN_TRY(add_owner(cx, &paths, firn_json_at(list, i), path_lists[l][1]));
	}
	*ret_paths = paths;
	return FIRN_OK;
}

/* The same table, further back. */
static bool goes_back(const struct firn_item *item, const struct firn_table_metadata *given)
{
	return item->base_table && firn_str_ieq(firn_table_uuid(given), item->seen.uuid) &&
	       firn_table_metadata_falls_back(given, item->base_table);
}

static firn_rc take_back(struct firn_ctx *cx, struct firn_item *item,
			 const struct firn_table_metadata *given)
{
	const struct firn_table_base base = {
		.metadata = item->base_table,
		.metadata_location = item->seen.metadata_location,
		.now_ms = firn_wall_ms(cx),
	};
	struct firn_table_change change = {0};

	FIRN_TRY(firn_table_metadata_undo(cx, &base, given, &change));
	firn_item_take_table(item, &change);
	return FIRN_OK;
}

static firn_rc build_table(struct firn_ctx *cx, struct firn_item *item)
{
	const struct firn_table_metadata *given;

	FIRN_TRY(firn_table_metadata_parse(cx, item->text, &given));
	FIRN_TRY(collect_paths(cx, item->text, &item->paths));
	if (goes_back(item, given))
		return take_back(cx, item, given);
	item->table = given;
	item->given = true;
	item->has_snapshot = firn_table_current_snapshot_id(given, &item->snapshot_id);
	return FIRN_OK;
}

static firn_rc check_target(struct firn_ctx *cx, const struct firn_item *item, bool overwrite)
{
	if (item->seen.place.namespace_id == 0)
		return firn_fail_namespace(cx, &item->target->levels);
	if (item->seen.exists && (!overwrite || item->seen.kind != item->kind))
		return firn_fail_taken(cx, item->kind, item->seen.kind, item->target);
	return FIRN_OK;
}

static firn_rc build(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	const struct registration *registration = item->arg;

	FIRN_TRY(check_target(cx, item, registration->overwrite));
	FIRN_TRY(fetch(cx, catalog, item, registration->metadata_location));
	item->changed = true;
	if (item->kind == FIRN_KIND_VIEW) {
		item->given = true;
		return firn_view_metadata_parse(cx, item->text, &item->view);
	}
	FIRN_TRY(build_table(cx, item));
	if (item->given && item->seen.exists &&
	    firn_str_eq(item->file, item->seen.metadata_location) &&
	    memcmp(item->sha256, item->seen.sha256, sizeof(item->sha256)) == 0)
		item->changed = false;
	return FIRN_OK;
}

firn_rc firn_tabular_register(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, enum firn_kind kind,
			      struct firn_str metadata_location, bool overwrite,
			      struct firn_outcome *ret_outcome)
{
	struct registration registration = {metadata_location,
					    overwrite && kind == FIRN_KIND_TABLE};
	struct firn_item item = {
		.target = target, .kind = kind, .build = build, .arg = &registration};
	struct firn_work work = {.items = &item, .n = 1, .operation = "register", .single = true};

	FIRN_TRY(firn_name_check(cx, firn_kind_word(kind), target->name));
	return firn_work_run(cx, catalog, mutation, &work, ret_outcome);
}
