/* Writing view metadata v1; unknown members of the document and of its versions are carried. */
#include "view.h"

enum { TEXT_CEILING = 512 << 20 };

static void put_member(struct firn_jw *w, const struct firn_json *source, const char *name)
{
	const struct firn_json *value = firn_json_get(source, name);
	if (!value)
		return;
	firn_jw_key(w, name);
	firn_jw_json(w, value);
}

static void put_version(struct firn_jw *w, const struct firn_view_version *version)
{
	static const char *const known[] = {
		"version-id",	   "timestamp-ms",	"schema-id",	   "summary",
		"default-catalog", "default-namespace", "representations", NULL};

	firn_jw_begin(w, '{');
	firn_jw_key(w, "version-id");
	firn_jw_i64(w, version->id);
	firn_jw_key(w, "timestamp-ms");
	firn_jw_i64(w, version->timestamp_ms);
	firn_jw_key(w, "schema-id");
	firn_jw_i64(w, version->schema_id);
	put_member(w, version->source, "summary");
	put_member(w, version->source, "default-catalog");
	put_member(w, version->source, "default-namespace");
	put_member(w, version->source, "representations");
	firn_members_write_unknown(w, version->source, known);
	firn_jw_end(w, '}');
}

static void put_log(struct firn_jw *w, const struct firn_view_metadata *m)
{
	firn_jw_key(w, "version-log");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->log.n; i++) {
		firn_jw_begin(w, '{');
		firn_jw_key(w, "timestamp-ms");
		firn_jw_i64(w, m->log.items[i].timestamp_ms);
		firn_jw_key(w, "version-id");
		firn_jw_i64(w, m->log.items[i].version_id);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
}

static void put_lists(struct firn_jw *w, const struct firn_view_metadata *m)
{
	firn_jw_key(w, "schemas");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->schemas.n; i++)
		firn_schema_write(w, m->schemas.items[i]);
	firn_jw_end(w, ']');
	firn_jw_key(w, "versions");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < m->versions.n; i++)
		put_version(w, &m->versions.items[i]);
	firn_jw_end(w, ']');
	put_log(w, m);
}

firn_rc firn_view_metadata_write(struct firn_ctx *cx, const struct firn_view_metadata *m,
				 struct firn_str *ret_text)
{
	static const char *const known[] = {"format-version",	  "view-uuid",	"location",
					    "current-version-id", "schemas",	"versions",
					    "version-log",	  "properties", NULL};
	const struct firn_map properties = {m->properties.items, m->properties.n};
	struct firn_buf text;
	struct firn_jw w;

	firn_buf_init(&text, cx, TEXT_CEILING);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "view-uuid");
	firn_jw_str(&w, m->uuid);
	firn_jw_key(&w, "format-version");
	firn_jw_i64(&w, FIRN_VIEW_FORMAT);
	firn_jw_key(&w, "location");
	firn_jw_str(&w, m->location);
	firn_jw_key(&w, "properties");
	firn_jw_map(&w, &properties);
	firn_jw_key(&w, "current-version-id");
	firn_jw_i64(&w, m->current_version_id);
	put_lists(&w, m);
	firn_members_write_unknown(&w, m->source, known);
	firn_jw_end(&w, '}');
	return firn_buf_end(&text, ret_text);
}
