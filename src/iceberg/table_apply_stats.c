/* Updates that set statistics files: one per snapshot and kind. Refuses ill-formed descriptions. */
#include "member.h"
#include "table_builder.h"

static firn_rc check_blob(struct firn_ctx *cx, const struct firn_json *blob)
{
	const char *what = "statistics: blob-metadata";
	struct firn_str type;
	struct firn_map properties;
	int64_t number;
	int32_t *fields;
	size_t n;

	if (firn_json_type(blob) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be objects, found %s", what,
				 firn_json_excerpt(cx, blob));
	FIRN_TRY(firn_member_str(cx, blob, what, "type", &type));
	FIRN_TRY(firn_member_i64(cx, blob, what, "snapshot-id", &number));
	FIRN_TRY(firn_member_i64(cx, blob, what, "sequence-number", &number));
	FIRN_TRY(firn_member_i32s(cx, blob, what, "fields", true, &fields, &n));
	return firn_member_map(cx, blob, what, "properties", false, &properties);
}

static firn_rc check_file(struct firn_ctx *cx, const struct firn_json *file, const char *what,
			  int64_t *ret_id)
{
	struct firn_str path;
	int64_t size;

	FIRN_TRY(firn_member_i64(cx, file, what, "snapshot-id", ret_id));
	FIRN_TRY(firn_member_str(cx, file, what, "statistics-path", &path));
	return firn_member_i64(cx, file, what, "file-size-in-bytes", &size);
}

static firn_rc check_puffin(struct firn_ctx *cx, const struct firn_json *file)
{
	const struct firn_json *blobs;
	int64_t size;

	FIRN_TRY(firn_member_i64(cx, file, "statistics", "file-footer-size-in-bytes", &size));
	FIRN_TRY(firn_member_nested(cx, file, "statistics", "blob-metadata", FIRN_JSON_ARRAY,
				    &blobs));
	for (size_t i = 0; i < firn_json_count(blobs); i++)
		FIRN_TRY(check_blob(cx, firn_json_at(blobs, i)));
	return FIRN_OK;
}

/* The deprecated snapshot-id beside the file must say what the file says. */
static firn_rc check_beside(struct firn_ctx *cx, const struct firn_json *update, int64_t id)
{
	int64_t beside = id;
	bool has;

	FIRN_TRY(firn_member_opt_i64(cx, update, "set-statistics", "snapshot-id", &has, &beside));
	if (has && beside != id)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "set-statistics: snapshot-id %lld does not match that of the "
				 "statistics file: %lld",
				 (long long)beside, (long long)id);
	return FIRN_OK;
}

/* Replaces what the snapshot had; no change when it is the same. */
static firn_rc put(struct table_builder *b, struct firn_statistics **items, size_t *n,
		   size_t *capacity, const struct firn_statistics *file)
{
	struct firn_statistics *grown;
	size_t i = 0, kept = 0;

	for (i = 0; i < *n; i++)
		if ((*items)[i].snapshot_id == file->snapshot_id &&
		    firn_str_eq((*items)[i].text, file->text))
			return FIRN_OK;
	grown = firn_vec_room(b->cx, *items, *n, capacity, sizeof(*grown));
	if (!grown)
		return b->cx->err.code;
	for (i = 0; i < *n; i++)
		if (grown[i].snapshot_id != file->snapshot_id)
			grown[kept++] = grown[i];
	grown[kept++] = *file;
	*items = grown;
	*n = kept;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_set_statistics(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	struct firn_statistics file;

	FIRN_TRY(firn_member_nested(b->cx, update, "set-statistics", "statistics", FIRN_JSON_OBJECT,
				    &json));
	FIRN_TRY(check_file(b->cx, json, "statistics", &file.snapshot_id));
	FIRN_TRY(check_puffin(b->cx, json));
	FIRN_TRY(check_beside(b->cx, update, file.snapshot_id));
	FIRN_TRY(firn_json_dump(b->cx, json, false, &file.text));
	return put(b, &b->m.statistics.items, &b->m.statistics.n, &b->m.statistics.capacity, &file);
}

firn_rc firn_update_set_partition_statistics(struct table_builder *b,
					     const struct firn_json *update)
{
	const struct firn_json *json;
	struct firn_statistics file;

	FIRN_TRY(firn_member_nested(b->cx, update, "set-partition-statistics",
				    "partition-statistics", FIRN_JSON_OBJECT, &json));
	FIRN_TRY(check_file(b->cx, json, "partition-statistics", &file.snapshot_id));
	FIRN_TRY(firn_json_dump(b->cx, json, false, &file.text));
	return put(b, &b->m.partition_statistics.items, &b->m.partition_statistics.n,
		   &b->m.partition_statistics.capacity, &file);
}
