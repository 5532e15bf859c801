/*
 * Changes of a view: creation, the updates of a replacement, requirements, undo. Semantics of the
 * view spec; where it is silent, of the reference implementation's ViewMetadata.Builder.
 */
#include <jansson.h>

#include "view.h"

enum { LAST_ADDED = -1 };

struct change {
	struct firn_ctx *cx;
	const struct firn_view_metadata *base; /* NULL: a new view */
	struct firn_view_metadata *m;
	int64_t now_ms;
	bool has_schema, has_version;	   /* something was added */
	int32_t last_schema, last_version; /* what -1 stands for */
	size_t first_added;		   /* versions from here on are new */
	bool has_entry;			   /* of the version log, for the last change of current */
	struct firn_view_log_entry entry;
	bool changed;
	struct firn_strs kinds;
};

typedef firn_rc view_update(struct change *c, const struct firn_json *update);

/* ---- schemas and versions ------------------------------------------------------------------- */

/* The schema under the next free id; or the one that is the same already. */
static firn_rc place_schema(struct change *c, const struct firn_schema *schema)
{
	int64_t id = 0;

	c->has_schema = true;
	for (size_t i = 0; i < c->m->schemas.n; i++) {
		const struct firn_schema *known = c->m->schemas.items[i];
		if (firn_schema_same(known, schema)) {
			c->last_schema = known->id;
			return FIRN_OK;
		}
		if (known->id >= id)
			id = (int64_t)known->id + 1;
	}
	if (id > INT32_MAX || c->m->schemas.n >= FIRN_VIEW_SCHEMAS)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
				 "the view would have a schema %lld and %zu schemas: at most %d "
				 "and %d are allowed",
				 (long long)id, c->m->schemas.n + 1, INT32_MAX, FIRN_VIEW_SCHEMAS);
	FIRN_TRY(firn_schema_with_id(c->cx, schema, (int32_t)id, &schema));
	FIRN_VEC_PUSH(c->cx, &c->m->schemas, schema);
	c->last_schema = (int32_t)id;
	c->changed = true;
	return FIRN_OK;
}

static firn_rc add_schema(struct change *c, const struct firn_json *json)
{
	const struct firn_schema *schema;

	FIRN_TRY(firn_schema_parse(c->cx, json, "add-schema", &schema));
	return place_schema(c, schema);
}

static firn_rc resolve_schema(struct change *c, struct firn_view_version *version)
{
	if (version->schema_id == LAST_ADDED) {
		if (!c->has_schema)
			return firn_fail(c->cx, FIRN_E_VALIDATION,
					 "Cannot set last added schema: no schema has been added");
		version->schema_id = c->last_schema;
	}
	if (!firn_view_find_schema(c->m, version->schema_id))
		return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT,
				 "Cannot add version with unknown schema: %d", version->schema_id);
	return FIRN_OK;
}

static firn_rc check_dialects(struct change *c, const struct firn_view_version *version)
{
	struct firn_strs dialects;

	FIRN_TRY(firn_view_dialects(c->cx, version, &dialects));
	for (size_t i = 0; i < dialects.n; i++)
		for (size_t j = 0; j < i; j++)
			if (firn_str_eq(dialects.items[i], dialects.items[j]))
				return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT,
						 "Invalid view version: Cannot add multiple "
						 "queries for dialect %.*s",
						 FIRN_FMT(firn_shown(dialects.items[i])));
	return FIRN_OK;
}

/* Two members are the same JSON; null is as good as absent. */
static bool same_member(const struct firn_view_version *a, const struct firn_view_version *b,
			const char *name)
{
	const struct firn_json *left = firn_json_get(a->source, name),
			       *right = firn_json_get(b->source, name);
	bool no_left = !left || firn_json_type(left) == FIRN_JSON_NULL,
	     no_right = !right || firn_json_type(right) == FIRN_JSON_NULL;

	if (no_left || no_right)
		return no_left && no_right;
	return json_equal((const json_t *)left, (const json_t *)right) == 1;
}

/* Same summary, representations, defaults and schema: what makes two versions one. */
static bool same_version(const struct firn_view_version *a, const struct firn_view_version *b)
{
	return a->schema_id == b->schema_id && same_member(a, b, "representations") &&
	       same_member(a, b, "summary") && same_member(a, b, "default-catalog") &&
	       same_member(a, b, "default-namespace");
}

/* The version, under its own id or the next free one; or the one that is the same already. */
static firn_rc place_version(struct change *c, struct firn_view_version version)
{
	int64_t id = version.id;

	c->has_version = true;
	for (size_t i = 0; i < c->m->versions.n; i++) {
		const struct firn_view_version *known = &c->m->versions.items[i];
		if (same_version(known, &version)) {
			c->last_version = known->id;
			return FIRN_OK;
		}
		if (known->id >= id)
			id = (int64_t)known->id + 1;
	}
	if (id > INT32_MAX || c->m->versions.n >= FIRN_VIEW_VERSIONS)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
				 "the view would have a version %lld and %zu versions: at most %d "
				 "and %d are allowed",
				 (long long)id, c->m->versions.n + 1, INT32_MAX,
				 FIRN_VIEW_VERSIONS);
	version.id = (int32_t)id;
	FIRN_VEC_PUSH(c->cx, &c->m->versions, version);
	c->last_version = version.id;
	c->changed = true;
	return FIRN_OK;
}

static firn_rc add_version(struct change *c, struct firn_view_version version)
{
	FIRN_TRY(resolve_schema(c, &version));
	FIRN_TRY(check_dialects(c, &version));
	if (version.id < 1)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
				 "view version: version-id must be at least 1, not %d", version.id);
	return place_version(c, version);
}

static firn_rc set_current(struct change *c, int32_t id)
{
	const struct firn_view_version *version;

	if (id == LAST_ADDED && !c->has_version)
		return firn_fail(c->cx, FIRN_E_VALIDATION,
				 "Cannot set last version id: no current version id has been set");
	if (id == LAST_ADDED)
		id = c->last_version;
	version = firn_view_find_version(c->m, id);
	if (!version)
		return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT,
				 "Cannot set current version to unknown version: %d", id);
	if (c->m->current_version_id == id)
		return FIRN_OK;
	c->m->current_version_id = id;
	/* A version of this very change says when it was made; going back to an older one happens
	 * now. */
	c->entry.timestamp_ms = version >= c->m->versions.items + c->first_added
					? version->timestamp_ms
					: c->now_ms;
	c->entry.version_id = id;
	c->has_entry = c->changed = true;
	return FIRN_OK;
}

/* ---- the updates ---------------------------------------------------------------------------- */

static firn_rc assign_uuid(struct change *c, const struct firn_json *update)
{
	struct firn_str uuid;

	FIRN_TRY(firn_member_str(c->cx, update, "assign-uuid", "uuid", &uuid));
	if (c->m->uuid.p && !firn_str_ieq(c->m->uuid, uuid))
		return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT, "Cannot reassign uuid");
	return FIRN_OK;
}

static firn_rc upgrade_format(struct change *c, const struct firn_json *update)
{
	int32_t format;

	FIRN_TRY(firn_member_i32(c->cx, update, "upgrade-format-version", "format-version",
				 &format));
	if (format < FIRN_VIEW_FORMAT)
		return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT, "Cannot downgrade v%d view to v%d",
				 FIRN_VIEW_FORMAT, format);
	if (format > FIRN_VIEW_FORMAT)
		return firn_fail(c->cx, FIRN_E_ILLEGAL_ARGUMENT,
				 "Cannot upgrade view to unsupported format version: v%d", format);
	return FIRN_OK;
}

static firn_rc update_add_schema(struct change *c, const struct firn_json *update)
{
	const struct firn_json *schema;
	FIRN_TRY(firn_member_nested(c->cx, update, "add-schema", "schema", FIRN_JSON_OBJECT,
				    &schema));
	return add_schema(c, schema);
}

static firn_rc update_add_version(struct change *c, const struct firn_json *update)
{
	const struct firn_json *version;
	struct firn_view_version parsed;
	FIRN_TRY(firn_member_nested(c->cx, update, "add-view-version", "view-version",
				    FIRN_JSON_OBJECT, &version));
	FIRN_TRY(firn_view_version_parse(c->cx, version, "view version", &parsed));
	return add_version(c, parsed);
}

static firn_rc update_set_current(struct change *c, const struct firn_json *update)
{
	int32_t id;
	FIRN_TRY(
		firn_member_i32(c->cx, update, "set-current-view-version", "view-version-id", &id));
	return set_current(c, id);
}

static firn_rc update_set_location(struct change *c, const struct firn_json *update)
{
	struct firn_str location;

	FIRN_TRY(firn_member_str(c->cx, update, "set-location", "location", &location));
	if (location.n == 0)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST, "set-location: the location is empty");
	c->changed = c->changed || !firn_str_eq(location, c->m->location);
	c->m->location = location;
	return FIRN_OK;
}

static firn_rc put_property(struct change *c, struct firn_pair pair)
{
	for (size_t i = 0; i < c->m->properties.n; i++) {
		struct firn_pair *known = &c->m->properties.items[i];
		if (!firn_str_eq(known->key, pair.key))
			continue;
		c->changed = c->changed || !firn_str_eq(known->value, pair.value);
		known->value = pair.value;
		return FIRN_OK;
	}
	if (c->m->properties.n >= FIRN_VIEW_PROPERTIES)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
				 "the view would have more than %d properties",
				 FIRN_VIEW_PROPERTIES);
	FIRN_VEC_PUSH(c->cx, &c->m->properties, pair);
	c->changed = true;
	return FIRN_OK;
}

static firn_rc update_set_properties(struct change *c, const struct firn_json *update)
{
	const char *member = firn_json_get(update, "updates") ? "updates" : "updated";
	struct firn_map map;

	FIRN_TRY(firn_member_map(c->cx, update, "set-properties", member, true, &map));
	for (size_t i = 0; i < map.n; i++)
		FIRN_TRY(put_property(c, map.items[i]));
	return FIRN_OK;
}

static void drop_property(struct change *c, struct firn_str key)
{
	for (size_t i = 0; i < c->m->properties.n; i++) {
		struct firn_pair *items = c->m->properties.items;
		if (!firn_str_eq(items[i].key, key))
			continue;
		memmove(&items[i], &items[i + 1], (--c->m->properties.n - i) * sizeof(*items));
		c->changed = true;
		return;
	}
}

static firn_rc update_remove_properties(struct change *c, const struct firn_json *update)
{
	const char *member = firn_json_get(update, "removals") ? "removals" : "removed";
	const struct firn_json *keys;

	FIRN_TRY(firn_member_nested(c->cx, update, "remove-properties", member, FIRN_JSON_ARRAY,
				    &keys));
	for (size_t i = 0; i < firn_json_count(keys); i++) {
		struct firn_str key = firn_json_str(firn_json_at(keys, i));
		if (!key.p)
			return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
					 "remove-properties: %s must be an array of strings",
					 member);
		drop_property(c, key);
	}
	return FIRN_OK;
}

static const struct action {
	const char *name;
	view_update *apply;
} actions[] = {
	{"assign-uuid", assign_uuid},
	{"upgrade-format-version", upgrade_format},
	{"add-schema", update_add_schema},
	{"set-location", update_set_location},
	{"set-properties", update_set_properties},
	{"remove-properties", update_remove_properties},
	{"add-view-version", update_add_version},
	{"set-current-view-version", update_set_current},
};

/* ---- whole changes -------------------------------------------------------------------------- */

/* A copy whose lists can change without touching the base. */
static firn_rc copy_lists(struct firn_ctx *cx, const struct firn_view_metadata *base,
			  struct firn_view_metadata *m)
{
	m->schemas.n = m->schemas.capacity = m->versions.n = m->versions.capacity = 0;
	m->log.n = m->log.capacity = m->properties.n = m->properties.capacity = 0;
	m->schemas.items = NULL;
	m->versions.items = NULL;
	m->log.items = NULL;
	m->properties.items = NULL;
	for (size_t i = 0; i < base->schemas.n; i++)
		FIRN_VEC_PUSH(cx, &m->schemas, base->schemas.items[i]);
	for (size_t i = 0; i < base->versions.n; i++)
		FIRN_VEC_PUSH(cx, &m->versions, base->versions.items[i]);
	for (size_t i = 0; i < base->log.n; i++)
		FIRN_VEC_PUSH(cx, &m->log, base->log.items[i]);
	for (size_t i = 0; i < base->properties.n; i++)
		FIRN_VEC_PUSH(cx, &m->properties, base->properties.items[i]);
	return FIRN_OK;
}

static firn_rc start(struct firn_ctx *cx, const struct firn_view_metadata *base, int64_t now_ms,
		     size_t n_kinds, struct change *ret_change)
{
	struct change c = {
		.cx = cx, .base = base, .m = firn_alloc(cx, sizeof(*c.m)), .now_ms = now_ms};

	c.kinds.items = firn_calloc(cx, n_kinds + 1, sizeof(struct firn_str));
	if (!c.m || !c.kinds.items)
		return cx->err.code;
	if (base) {
		*c.m = *base;
		FIRN_TRY(copy_lists(cx, base, c.m));
		c.first_added = base->versions.n;
	}
	*ret_change = c;
	return FIRN_OK;
}

static void note_kind(struct change *c, struct firn_str kind)
{
	for (size_t i = 0; i < c->kinds.n; i++)
		if (firn_str_eq(c->kinds.items[i], kind))
			return;
	c->kinds.items[c->kinds.n++] = kind;
}

static firn_rc apply_one(struct change *c, const struct firn_json *update)
{
	struct firn_str name = firn_json_str(firn_json_get(update, "action"));

	if (!name.p)
		return firn_fail(c->cx, FIRN_E_BAD_REQUEST,
				 "updates: every update must be an object with `action`");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (firn_str_is(name, actions[i].name)) {
			note_kind(c, firn_str(actions[i].name));
			return actions[i].apply(c, update);
		}
	return firn_fail(c->cx, FIRN_E_BAD_REQUEST, "'%.*s' is not an update of a view",
			 FIRN_FMT(firn_shown(name)));
}

/* previous NULL: dialects may go. */
static firn_rc finish(struct change *c, const struct firn_view_metadata *previous)
{
	if (c->has_entry)
		FIRN_VEC_PUSH(c->cx, &c->m->log, c->entry);
	return firn_view_settle(c->cx, c->m, previous, c->first_added);
}

firn_rc firn_view_updates_apply(struct firn_ctx *cx, const struct firn_view_metadata *base,
				const struct firn_json *updates, int64_t now_ms,
				struct firn_view_change *ret_change)
{
	struct change c = {0};
	size_t n = firn_json_count(updates);

	if (updates && firn_json_type(updates) != FIRN_JSON_ARRAY)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "'updates' must be an array, found %s",
				 firn_json_excerpt(cx, updates));
	if (n > FIRN_COMMIT_UPDATES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%zu updates in one commit, more than %zu",
				 n, FIRN_COMMIT_UPDATES);
	FIRN_TRY(start(cx, base, now_ms, n, &c));
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(apply_one(&c, firn_json_at(updates, i)));
	if (c.changed)
		FIRN_TRY(finish(&c, base));
	*ret_change = (struct firn_view_change){c.changed ? c.m : base, c.changed, c.kinds};
	return FIRN_OK;
}

firn_rc firn_view_metadata_create(struct firn_ctx *cx, const struct firn_view_create *create,
				  const struct firn_view_metadata **ret_metadata)
{
	struct firn_view_version version;
	struct change c = {0};

	FIRN_TRY(start(cx, NULL, create->now_ms, 0, &c));
	c.m->uuid = create->uuid;
	c.m->location = create->location;
	for (size_t i = 0; i < create->properties.n; i++)
		FIRN_TRY(put_property(&c, create->properties.items[i]));
	FIRN_TRY(add_schema(&c, create->schema));
	FIRN_TRY(firn_view_version_parse(cx, create->view_version, "view-version", &version));
	/* The schema of the request is the version's, whatever id the client gave it. */
	version.schema_id = c.last_schema;
	FIRN_TRY(add_version(&c, version));
	FIRN_TRY(set_current(&c, LAST_ADDED));
	FIRN_TRY(finish(&c, NULL));
	*ret_metadata = c.m;
	return FIRN_OK;
}

firn_rc firn_view_requirements_check(struct firn_ctx *cx, const struct firn_json *requirements,
				     const struct firn_view_metadata *base)
{
	if (requirements && firn_json_type(requirements) != FIRN_JSON_ARRAY)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "'requirements' must be an array, found %s",
				 firn_json_excerpt(cx, requirements));
	for (size_t i = 0; i < firn_json_count(requirements); i++) {
		const struct firn_json *requirement = firn_json_at(requirements, i);
		struct firn_str type, uuid;

		FIRN_TRY(firn_member_str(cx, requirement, "requirement", "type", &type));
		if (!firn_str_is(type, "assert-view-uuid"))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "'%.*s' is not a requirement of a view",
					 FIRN_FMT(firn_shown(type)));
		FIRN_TRY(firn_member_str(cx, requirement, "assert-view-uuid", "uuid", &uuid));
		if (!firn_str_ieq(uuid, base->uuid))
			return firn_fail(cx, FIRN_E_COMMIT_FAILED,
					 "Requirement failed: view UUID does not match: expected "
					 "%.*s != %.*s",
					 FIRN_FMT(base->uuid), FIRN_FMT(firn_shown(uuid)));
	}
	return FIRN_OK;
}

/* ---- undo ----------------------------------------------------------------------------------- */

/* The same keys and values, in any order. */
static bool same_properties(const struct firn_view_metadata *a, const struct firn_view_metadata *b)
{
	size_t same = 0;

	for (size_t i = 0; i < a->properties.n; i++)
		for (size_t j = 0; j < b->properties.n; j++)
			same += firn_str_eq(a->properties.items[i].key,
					    b->properties.items[j].key) &&
				firn_str_eq(a->properties.items[i].value,
					    b->properties.items[j].value);
	return same == a->properties.n && same == b->properties.n;
}

static firn_rc restore_properties(struct change *c, const struct firn_view_metadata *target)
{
	if (same_properties(c->m, target))
		return FIRN_OK;
	c->m->properties.n = 0;
	for (size_t i = 0; i < target->properties.n; i++)
		FIRN_VEC_PUSH(c->cx, &c->m->properties, target->properties.items[i]);
	c->changed = true;
	return FIRN_OK;
}

static firn_rc restore_version(struct change *c, const struct firn_view_metadata *target)
{
	struct firn_view_version wanted =
		*firn_view_find_version(target, target->current_version_id);
	const struct firn_schema *schema = firn_view_find_schema(target, wanted.schema_id);

	FIRN_TRY(place_schema(c, schema));
	wanted.schema_id = c->last_schema;
	FIRN_TRY(place_version(c, wanted));
	/* It becomes current now, not when it was first made. */
	c->first_added = c->m->versions.n;
	FIRN_TRY(set_current(c, LAST_ADDED));
	return FIRN_OK;
}

/*
 * The content of target under the identity, place and history of current. An undo is asked for by
 * name, so it may lose a dialect, which a replacement may not.
 */
firn_rc firn_view_metadata_undo(struct firn_ctx *cx, const struct firn_view_metadata *current,
				const struct firn_view_metadata *target, int64_t now_ms,
				struct firn_view_change *ret_change)
{
	struct change c = {0};

	if (!firn_str_ieq(current->uuid, target->uuid))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "cannot undo to a version of another view: %.*s is not %.*s",
				 FIRN_FMT(firn_shown(target->uuid)), FIRN_FMT(current->uuid));
	FIRN_TRY(start(cx, current, now_ms, 1, &c));
	note_kind(&c, FIRN_STR("undo"));
	FIRN_TRY(restore_properties(&c, target));
	FIRN_TRY(restore_version(&c, target));
	if (c.changed)
		FIRN_TRY(finish(&c, NULL));
	*ret_change = (struct firn_view_change){c.changed ? c.m : current, c.changed, c.kinds};
	return FIRN_OK;
}
