/*
 * Paths: those a table's properties and a commit's updates bring in, for whoever contains them, and
 * the name of the next metadata file.
 */
#include "firn/uuid.h"
#include "raw.h"
#include "table.h"

firn_rc firn_table_write_paths(struct firn_ctx *cx, const struct firn_table_metadata *m,
			       struct firn_map *ret_paths)
{
	static const char *const keys[] = {"write.data.path", "write.metadata.path",
					   "write.object-storage.path",
					   "write.folder-storage.path"};
	struct firn_pair *items = firn_calloc(cx, sizeof(keys) / sizeof(*keys), sizeof(*items));
	size_t n = 0;

	if (!items)
		return cx->err.code;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct firn_str value = firn_table_property(m, keys[i]);

		if (value.p)
			items[n++] = (struct firn_pair){firn_str(keys[i]), value};
	}
	*ret_paths = (struct firn_map){items, n};
	return FIRN_OK;
}

struct paths {
	FIRN_VEC(struct firn_str) items;
};

static firn_rc add_path(struct firn_ctx *cx, struct paths *paths, const struct firn_json *json)
{
	struct firn_str path = firn_json_str(json);

	if (path.p)
		FIRN_VEC_PUSH(cx, &paths->items, path);
	return FIRN_OK;
}

firn_rc firn_table_update_paths(struct firn_ctx *cx, const struct firn_json *updates,
				struct firn_strs *ret_paths)
{
	struct paths paths = {.items = {NULL, 0, 0}};

	for (size_t i = 0; i < firn_json_count(updates); i++) {
		const struct firn_json *update = firn_json_at(updates, i);
		const struct firn_json *snapshot = firn_json_get(update, "snapshot");
		const struct firn_json *manifests = firn_json_get(snapshot, "manifests");

		FIRN_TRY(add_path(cx, &paths, firn_json_get(snapshot, "manifest-list")));
		for (size_t j = 0; j < firn_json_count(manifests); j++)
			FIRN_TRY(add_path(cx, &paths, firn_json_at(manifests, j)));
		FIRN_TRY(add_path(
			cx, &paths,
			firn_json_get(firn_json_get(update, "statistics"), "statistics-path")));
		FIRN_TRY(add_path(cx, &paths,
				  firn_json_get(firn_json_get(update, "partition-statistics"),
						"statistics-path")));
	}
	*ret_paths = (struct firn_strs){paths.items.items, paths.items.n};
	return FIRN_OK;
}

/* NNNNN of ".../NNNNN-….metadata.json", -1 when it isn't named so. */
static int64_t version_of(struct firn_str location)
{
	size_t start = location.n;
	struct firn_str name;
	size_t dash;
	int64_t version;

	while (start && location.p[start - 1] != '/')
		start--;
	name = firn_str_sub(location, start, location.n);
	dash = firn_str_find(name, '-');
	if (dash == SIZE_MAX || dash == 0 || !firn_str_i64(firn_str_sub(name, 0, dash), &version) ||
	    version < 0 || version >= INT32_MAX)
		return -1;
	return version;
}

firn_rc firn_metadata_file_location(struct firn_ctx *cx, struct firn_str location,
				    struct firn_str metadata_path, bool gzip,
				    struct firn_str previous, struct firn_str *ret_location)
{
	struct firn_str folder = firn_strip_slashes(metadata_path.n ? metadata_path : location);
	struct firn_uuid uuid = firn_uuid_v4();
	char text[FIRN_UUID_TEXT + 1];
	struct firn_str name;

	firn_uuid_text(&uuid, text);
	name = firn_printf(cx, "%.*s%s/%05lld-%s%s.metadata.json", FIRN_FMT(folder),
			   metadata_path.n ? "" : "/metadata", (long long)version_of(previous) + 1,
			   text, gzip ? ".gz" : "");
	if (!name.p)
		return cx->err.code;
	*ret_location = name;
	return FIRN_OK;
}

firn_rc firn_metadata_codec(struct firn_ctx *cx, struct firn_str codec_property, bool *ret_gzip)
{
	bool gzip = firn_str_ieq(codec_property, FIRN_STR("gzip"));

	if (!gzip && codec_property.p && !firn_str_ieq(codec_property, FIRN_STR("none")))
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"Invalid codec name: '%.*s': write.metadata.compression-codec is none "
			"or gzip",
			FIRN_FMT(firn_shown(codec_property)));
	*ret_gzip = gzip;
	return FIRN_OK;
}
