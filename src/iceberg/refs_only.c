/*
 * The `snapshots=refs` form of a document: only snapshots that a branch or tag names (or that is
 * current, in tables from before refs). A scan of the bytes; all but the list goes out as it came.
 */
#include "raw.h"
#include "table.h"

struct document {
	struct firn_str snapshots, refs, current;
};

static firn_rc visit(struct firn_ctx *cx, void *arg, struct firn_str key, struct firn_str raw)
{
	struct document *doc = arg;

	(void)cx;
	if (firn_str_is(key, "snapshots"))
		doc->snapshots = raw;
	else if (firn_str_is(key, "refs"))
		doc->refs = raw;
	else if (firn_str_is(key, "current-snapshot-id"))
		doc->current = raw;
	return FIRN_OK;
}

static firn_rc index_refs(struct firn_ctx *cx, const struct document *doc,
			  struct firn_id_index *index)
{
	struct firn_raw_iter it;
	struct firn_str key, value;
	int64_t current;

	FIRN_TRY(firn_id_index_init(cx, index, firn_raw_count(doc->refs) + 1));
	if (firn_str_i64(doc->current, &current) && current != -1)
		(void)firn_id_index_add(index, current, 0);
	if (!doc->refs.p || !firn_raw_begin(&it, doc->refs))
		return FIRN_OK;
	while (firn_raw_next(&it, &key, &value)) {
		struct firn_raw_field id = {.name = FIRN_STR("snapshot-id"), .required = true};

		FIRN_TRY(firn_raw_read(cx, value, "ref", &id, 1));
		(void)firn_id_index_add(index, id.value, 0);
	}
	return FIRN_OK;
}

static firn_rc put_snapshots(struct firn_ctx *cx, const struct document *doc,
			     const struct firn_id_index *index, struct firn_buf *b)
{
	struct firn_raw_iter it;
	struct firn_str value;
	bool comma = false, more = firn_raw_begin(&it, doc->snapshots);

	firn_buf_char(b, '[');
	while (more) {
		struct firn_raw_field id = {.name = FIRN_STR("snapshot-id"), .required = true};

		FIRN_TRY(firn_raw_read_next(cx, &it, "snapshot", &id, 1, &value, &more));
		if (!more || !firn_id_index_has(index, id.value))
			continue;
		if (comma)
			firn_buf_char(b, ',');
		comma = true;
		firn_buf_str(b, value);
	}
	firn_buf_char(b, ']');
	return FIRN_OK;
}

firn_rc firn_table_metadata_refs_only(struct firn_ctx *cx, struct firn_str text,
				      struct firn_str *ret_text)
{
	struct document doc = {.snapshots = FIRN_STR_NONE};
	struct firn_id_index index;
	struct firn_buf b;
	size_t before;

	FIRN_TRY(firn_json_scan(cx, text, "table metadata", visit, &doc));
	if (!doc.snapshots.p || doc.snapshots.p[0] != '[') {
		*ret_text = text;
		return FIRN_OK;
	}
	FIRN_TRY(index_refs(cx, &doc, &index));
	firn_buf_init(&b, cx, FIRN_TABLE_TEXT);
	before = (size_t)(doc.snapshots.p - text.p);
	firn_buf_str(&b, firn_str_sub(text, 0, before));
	FIRN_TRY(put_snapshots(cx, &doc, &index, &b));
	firn_buf_str(&b, firn_str_sub(text, before + doc.snapshots.n, text.n));
	return firn_buf_end(&b, ret_text);
}
