/* Reading view metadata v1. Refuses what is missing, ill-typed, or refers to nothing. */
#include "view.h"

const struct firn_view_version *firn_view_find_version(const struct firn_view_metadata *m,
						       int32_t id)
{
	for (size_t i = 0; i < m->versions.n; i++)
		if (m->versions.items[i].id == id)
			return &m->versions.items[i];
	return NULL;
}

const struct firn_schema *firn_view_find_schema(const struct firn_view_metadata *m, int32_t id)
{
	for (size_t i = 0; i < m->schemas.n; i++)
		if (m->schemas.items[i]->id == id)
			return m->schemas.items[i];
	return NULL;
}

static firn_rc check_count(struct firn_ctx *cx, const struct firn_json *list, const char *what,
			   const char *name, size_t ceiling)
{
	if (firn_json_count(list) <= ceiling)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: %zu %s; at most %zu are allowed", what,
			 firn_json_count(list), name, ceiling);
}

/* ---- versions ------------------------------------------------------------------------------- */

static firn_rc check_representation(struct firn_ctx *cx, const struct firn_json *json,
				    const char *what)
{
	struct firn_str type, text;

	FIRN_TRY(firn_member_str(cx, json, what, "type", &type));
	if (!firn_str_is(type, "sql"))
		return FIRN_OK; /* other kinds are carried */
	FIRN_TRY(firn_member_str(cx, json, what, "sql", &text));
	return firn_member_str(cx, json, what, "dialect", &text);
}

static firn_rc check_namespace(struct firn_ctx *cx, const struct firn_json *version,
			       const char *what)
{
	const struct firn_json *levels;

	FIRN_TRY(firn_member_nested(cx, version, what, "default-namespace", FIRN_JSON_ARRAY,
				    &levels));
	for (size_t i = 0; i < firn_json_count(levels); i++)
		if (firn_json_type(firn_json_at(levels, i)) != FIRN_JSON_STRING)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: default-namespace must be an array of strings", what);
	return FIRN_OK;
}

firn_rc firn_view_version_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
				struct firn_view_version *ret_version)
{
	struct firn_view_version version = {.source = json};
	const struct firn_json *representations;
	struct firn_map summary;
	struct firn_str catalog;

	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: a view version must be an object",
				 what);
	FIRN_TRY(firn_member_i32(cx, json, what, "version-id", &version.id));
	FIRN_TRY(firn_member_i64(cx, json, what, "timestamp-ms", &version.timestamp_ms));
	FIRN_TRY(firn_member_i32(cx, json, what, "schema-id", &version.schema_id));
	FIRN_TRY(firn_member_map(cx, json, what, "summary", true, &summary));
	FIRN_TRY(firn_member_opt_str(cx, json, what, "default-catalog", &catalog));
	FIRN_TRY(check_namespace(cx, json, what));
	FIRN_TRY(firn_member_nested(cx, json, what, "representations", FIRN_JSON_ARRAY,
				    &representations));
	FIRN_TRY(check_count(cx, representations, what, "representations",
			     FIRN_VIEW_REPRESENTATIONS));
	for (size_t i = 0; i < firn_json_count(representations); i++)
		FIRN_TRY(check_representation(cx, firn_json_at(representations, i), what));
	*ret_version = version;
	return FIRN_OK;
}

/* ---- the document --------------------------------------------------------------------------- */

/* The list, not longer than that, and room for the ids of its items. */
static firn_rc open_list(struct firn_ctx *cx, const struct firn_json *json, const char *name,
			 size_t ceiling, const struct firn_json **ret_list,
			 struct firn_id_index *ret_index)
{
	FIRN_TRY(firn_member_nested(cx, json, "view metadata", name, FIRN_JSON_ARRAY, ret_list));
	FIRN_TRY(check_count(cx, *ret_list, "view metadata", name, ceiling));
	return firn_id_index_init(cx, ret_index, firn_json_count(*ret_list));
}

static firn_rc parse_schemas(struct firn_ctx *cx, const struct firn_json *json,
			     struct firn_view_metadata *m)
{
	const struct firn_json *list;
	struct firn_id_index known;

	FIRN_TRY(open_list(cx, json, "schemas", FIRN_VIEW_SCHEMAS, &list, &known));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		const struct firn_schema *schema;
		FIRN_TRY(firn_schema_parse(cx, firn_json_at(list, i), "view metadata: schema",
					   &schema));
		if (!firn_id_index_add(&known, schema->id, i))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "view metadata: schema %d is there twice", schema->id);
		FIRN_VEC_PUSH(cx, &m->schemas, schema);
	}
	return FIRN_OK;
}

static firn_rc parse_versions(struct firn_ctx *cx, const struct firn_json *json,
			      struct firn_view_metadata *m)
{
	const struct firn_json *list;
	struct firn_id_index known;

	FIRN_TRY(open_list(cx, json, "versions", FIRN_VIEW_VERSIONS, &list, &known));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		struct firn_view_version version;
		FIRN_TRY(firn_view_version_parse(cx, firn_json_at(list, i),
						 "view metadata: version", &version));
		if (!firn_id_index_add(&known, version.id, i))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "view metadata: version %d is there twice", version.id);
		FIRN_VEC_PUSH(cx, &m->versions, version);
	}
	return FIRN_OK;
}

static firn_rc parse_log(struct firn_ctx *cx, const struct firn_json *json,
			 struct firn_view_metadata *m)
{
	const struct firn_json *list;

	FIRN_TRY(firn_member_nested(cx, json, "view metadata", "version-log", FIRN_JSON_ARRAY,
				    &list));
	FIRN_TRY(check_count(cx, list, "view metadata", "version-log", FIRN_VIEW_LOG));
	for (size_t i = 0; i < firn_json_count(list); i++) {
		struct firn_view_log_entry entry;
		const struct firn_json *item = firn_json_at(list, i);
		FIRN_TRY(firn_member_i64(cx, item, "view metadata: version-log", "timestamp-ms",
					 &entry.timestamp_ms));
		FIRN_TRY(firn_member_i32(cx, item, "view metadata: version-log", "version-id",
					 &entry.version_id));
		FIRN_VEC_PUSH(cx, &m->log, entry);
	}
	return FIRN_OK;
}

static firn_rc parse_properties(struct firn_ctx *cx, const struct firn_json *json,
				struct firn_view_metadata *m)
{
	struct firn_map map;
	FIRN_TRY(firn_member_map(cx, json, "view metadata", "properties", false, &map));
	FIRN_TRY(check_count(cx, firn_json_get(json, "properties"), "view metadata", "properties",
			     FIRN_VIEW_PROPERTIES));
	for (size_t i = 0; i < map.n; i++)
		FIRN_VEC_PUSH(cx, &m->properties, map.items[i]);
	return FIRN_OK;
}

static firn_rc check_references(struct firn_ctx *cx, const struct firn_view_metadata *m)
{
	const struct firn_view_version *current = firn_view_find_version(m, m->current_version_id);

	if (m->versions.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "view metadata: there are no versions");
	if (!current)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Cannot find current version %d in view versions",
				 m->current_version_id);
	if (!firn_view_find_schema(m, current->schema_id))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Cannot find current schema with id %d in schemas",
				 current->schema_id);
	return FIRN_OK;
}

firn_rc firn_view_metadata_parse(struct firn_ctx *cx, struct firn_str text,
				 const struct firn_view_metadata **ret_metadata)
{
	struct firn_view_metadata *m = firn_alloc(cx, sizeof(*m));
	const struct firn_json *json;
	int32_t format;

	if (!m)
		return cx->err.code;
	FIRN_TRY(firn_json_parse(cx, text, "view metadata", &json));
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "view metadata: a JSON object is expected");
	m->source = json;
	FIRN_TRY(firn_member_i32(cx, json, "view metadata", "format-version", &format));
	if (format != FIRN_VIEW_FORMAT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "Unsupported format version: %d", format);
	FIRN_TRY(firn_member_str(cx, json, "view metadata", "view-uuid", &m->uuid));
	FIRN_TRY(firn_member_str(cx, json, "view metadata", "location", &m->location));
	FIRN_TRY(firn_member_i32(cx, json, "view metadata", "current-version-id",
				 &m->current_version_id));
	FIRN_TRY(parse_schemas(cx, json, m));
	FIRN_TRY(parse_versions(cx, json, m));
	FIRN_TRY(parse_log(cx, json, m));
	FIRN_TRY(parse_properties(cx, json, m));
	FIRN_TRY(check_references(cx, m));
	*ret_metadata = m;
	return FIRN_OK;
}

/* ---- reading it ----------------------------------------------------------------------------- */

struct firn_str firn_view_uuid(const struct firn_view_metadata *m)
{
	return m->uuid;
}

struct firn_str firn_view_location(const struct firn_view_metadata *m)
{
	return m->location;
}

struct firn_str firn_view_property(const struct firn_view_metadata *m, const char *key)
{
	const struct firn_map map = {m->properties.items, m->properties.n};
	return firn_map_get(&map, key);
}

int64_t firn_view_current_version_id(const struct firn_view_metadata *m)
{
	return m->current_version_id;
}
