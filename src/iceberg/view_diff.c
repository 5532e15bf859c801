/* The readable difference between two versions of a view: location, properties, current version. */
#include "view.h"

static void put_from_to(struct firn_jw *w, const char *key, struct firn_str from,
			struct firn_str to)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '{');
	firn_jw_key(w, "from");
	firn_jw_str(w, from);
	firn_jw_key(w, "to");
	firn_jw_str(w, to);
	firn_jw_end(w, '}');
}

static struct firn_str value_of(const struct firn_view_metadata *m, struct firn_str key)
{
	for (size_t i = 0; m && i < m->properties.n; i++)
		if (firn_str_eq(m->properties.items[i].key, key))
			return m->properties.items[i].value;
	return FIRN_STR_NONE;
}

/* Properties of `of` that `other` has not (or, changed: has otherwise). */
static void put_properties(struct firn_jw *w, const char *key, const struct firn_view_metadata *of,
			   const struct firn_view_metadata *other, bool changed)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '{');
	for (size_t i = 0; of && i < of->properties.n; i++) {
		const struct firn_pair *pair = &of->properties.items[i];
		struct firn_str there = value_of(other, pair->key);
		if (changed ? there.p && !firn_str_eq(there, pair->value) : !there.p) {
			firn_jw_key_str(w, pair->key);
			firn_jw_str(w, pair->value);
		}
	}
	firn_jw_end(w, '}');
}

static void put_current(struct firn_jw *w, const char *key, const struct firn_view_metadata *m)
{
	const struct firn_view_version *version =
		m ? firn_view_find_version(m, m->current_version_id) : NULL;

	firn_jw_key(w, key);
	if (!version) {
		firn_jw_null(w);
		return;
	}
	firn_jw_begin(w, '{');
	firn_jw_key(w, "version-id");
	firn_jw_i64(w, version->id);
	firn_jw_key(w, "representations");
	firn_jw_json(w, firn_json_get(version->source, "representations"));
	firn_jw_key(w, "schema");
	firn_schema_write(w, firn_view_find_schema(m, version->schema_id));
	firn_jw_end(w, '}');
}

firn_rc firn_view_metadata_diff(struct firn_ctx *cx, const struct firn_view_metadata *from,
				const struct firn_view_metadata *to, struct firn_jw *out)
{
	firn_jw_begin(out, '{');
	if (!from || !firn_str_eq(from->location, to->location))
		put_from_to(out, "location", from ? from->location : FIRN_STR_NONE, to->location);
	firn_jw_key(out, "properties");
	firn_jw_begin(out, '{');
	put_properties(out, "added", to, from, false);
	put_properties(out, "removed", from, to, false);
	put_properties(out, "changed", to, from, true);
	firn_jw_end(out, '}');
	if (!from || from->current_version_id != to->current_version_id) {
		firn_jw_key(out, "current-version");
		firn_jw_begin(out, '{');
		put_current(out, "from", from);
		put_current(out, "to", to);
		firn_jw_end(out, '}');
	}
	firn_jw_end(out, '}');
	return cx->err.code;
}
