/*
 * Updates of a table's identity, properties and keys. Refuses another uuid than the table has, a
 * downgrade, reserved properties.
 */
#include "firn/uuid.h"
#include "member.h"
#include "table_builder.h"

firn_rc firn_update_assign_uuid(struct table_builder *b, const struct firn_json *update)
{
	struct firn_str text;
	struct firn_uuid uuid;

	FIRN_TRY(firn_member_str(b->cx, update, "assign-uuid", "uuid", &text));
	if (!firn_uuid_parse(text, &uuid))
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST, "assign-uuid: '%.*s' is no UUID",
				 FIRN_FMT(firn_shown(text)));
	if (firn_str_ieq(text, b->m.uuid))
		return FIRN_OK;
	if (b->base->metadata && b->m.uuid.p)
		return firn_fail(b->cx, FIRN_E_VALIDATION, "Cannot reassign uuid: %.*s != %.*s",
				 FIRN_FMT(b->m.uuid), FIRN_FMT(text));
	b->m.uuid = text;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_upgrade_format_version(struct table_builder *b, const struct firn_json *update)
{
	int32_t version;

	FIRN_TRY(firn_member_i32(b->cx, update, "upgrade-format-version", "format-version",
				 &version));
	if (version > FIRN_FORMAT_VERSION_MAX)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "Cannot upgrade table to unsupported format version: v%d "
				 "(supported: v%d)",
				 version, FIRN_FORMAT_VERSION_MAX);
	if (version < b->m.format_version)
		return firn_fail(b->cx, FIRN_E_VALIDATION, "Cannot downgrade v%d table to v%d",
				 b->m.format_version, version);
	if (version == b->m.format_version)
		return FIRN_OK;
	b->m.format_version = version;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_set_location(struct table_builder *b, const struct firn_json *update)
{
	struct firn_str location;

	FIRN_TRY(firn_member_str(b->cx, update, "set-location", "location", &location));
	location = firn_strip_slashes(location);
	if (!location.n)
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST, "set-location: 'location' is empty");
	if (firn_str_eq(location, b->m.location))
		return FIRN_OK;
	b->m.location = location;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_set_properties(struct table_builder *b, const struct firn_json *update)
{
	bool legacy = !firn_json_get(update, "updates") && firn_json_get(update, "updated");
	struct firn_map map;
	bool changed = false;

	FIRN_TRY(firn_member_map(b->cx, update, "set-properties", legacy ? "updated" : "updates",
				 true, &map));
	for (size_t i = 0; i < map.n; i++) {
		struct firn_str key = map.items[i].key;

		if (firn_property_reserved(key))
			return firn_fail(b->cx, FIRN_E_VALIDATION,
					 "Cannot set reserved table property '%.*s'%s",
					 FIRN_FMT(key),
					 firn_str_is(key, "format-version")
						 ? ": use an upgrade-format-version update"
						 : "");
		FIRN_TRY(firn_property_put(b->cx, &b->m, key, map.items[i].value, &changed));
	}
	b->n_changes += changed;
	return FIRN_OK;
}

static firn_rc remove_property(struct table_builder *b, struct firn_str key)
{
	struct firn_pair *items;
	size_t n = 0;

	for (size_t i = 0; i < b->m.properties.n; i++)
		n += firn_str_eq(b->m.properties.items[i].key, key);
	if (!n)
		return FIRN_OK;
	items = firn_vec_room(b->cx, b->m.properties.items, b->m.properties.n,
			      &b->m.properties.capacity, sizeof(*items));
	if (!items)
		return b->cx->err.code;
	n = 0;
	for (size_t i = 0; i < b->m.properties.n; i++)
		if (!firn_str_eq(items[i].key, key))
			items[n++] = items[i];
	b->m.properties.items = items;
	b->m.properties.n = n;
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_remove_properties(struct table_builder *b, const struct firn_json *update)
{
	const char *name = "removals";
	const struct firn_json *keys;

	if (!firn_json_get(update, name) && firn_json_get(update, "removed"))
		name = "removed";
	FIRN_TRY(firn_member_nested(b->cx, update, "remove-properties", name, FIRN_JSON_ARRAY,
				    &keys));
	if (firn_json_count(keys) > FIRN_TABLE_PROPERTIES)
		return firn_fail(b->cx, FIRN_E_BAD_REQUEST, "remove-properties: more than %zu keys",
				 FIRN_TABLE_PROPERTIES);
	for (size_t i = 0; i < firn_json_count(keys); i++) {
		struct firn_str key = firn_json_str(firn_json_at(keys, i));

		if (!key.p)
			return firn_fail(b->cx, FIRN_E_BAD_REQUEST,
					 "remove-properties: '%s' must be an array of strings",
					 name);
		FIRN_TRY(remove_property(b, key));
	}
	return FIRN_OK;
}

static bool is_base64(struct firn_str s)
{
	size_t n = s.n;

	while (n && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '+' || c == '/'))
			return false;
	}
	return s.n % 4 == 0;
}

static firn_rc check_key(struct firn_ctx *cx, const struct firn_json *json, struct firn_str *ret_id)
{
	struct firn_str metadata, by;
	struct firn_map properties;

	FIRN_TRY(firn_member_str(cx, json, "encryption-key", "key-id", ret_id));
	FIRN_TRY(firn_member_str(cx, json, "encryption-key", "encrypted-key-metadata", &metadata));
	if (!is_base64(metadata))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "encryption-key '%.*s': 'encrypted-key-metadata' must be base64",
				 FIRN_FMT(firn_shown(*ret_id)));
	FIRN_TRY(firn_member_opt_str(cx, json, "encryption-key", "encrypted-by-id", &by));
	return firn_member_map(cx, json, "encryption-key", "properties", false, &properties);
}

firn_rc firn_update_add_encryption_key(struct table_builder *b, const struct firn_json *update)
{
	const struct firn_json *json;
	struct firn_encryption_key key = {.id = FIRN_STR_NONE};

	FIRN_TRY(firn_member_nested(b->cx, update, "add-encryption-key", "encryption-key",
				    FIRN_JSON_OBJECT, &json));
	FIRN_TRY(check_key(b->cx, json, &key.id));
	for (size_t i = 0; i < b->m.keys.n; i++)
		if (firn_str_eq(b->m.keys.items[i].id, key.id))
			return FIRN_OK;
	if (b->m.keys.n >= FIRN_TABLE_KEYS)
		return firn_fail(b->cx, FIRN_E_VALIDATION,
				 "the table would have more than %zu encryption keys",
				 FIRN_TABLE_KEYS);
	key.text = firn_json_text(b->cx, json);
	if (!key.text.p)
		return b->cx->err.code;
	FIRN_VEC_PUSH(b->cx, &b->m.keys, key);
	b->n_changes++;
	return FIRN_OK;
}

firn_rc firn_update_remove_encryption_key(struct table_builder *b, const struct firn_json *update)
{
	struct firn_encryption_key *kept = firn_calloc(b->cx, b->m.keys.n + 1, sizeof(*kept));
	struct firn_str id;
	size_t n = 0;

	if (!kept)
		return b->cx->err.code;
	FIRN_TRY(firn_member_str(b->cx, update, "remove-encryption-key", "key-id", &id));
	for (size_t i = 0; i < b->m.keys.n; i++)
		if (!firn_str_eq(b->m.keys.items[i].id, id))
			kept[n++] = b->m.keys.items[i];
	if (n == b->m.keys.n)
		return FIRN_OK;
	b->m.keys.items = kept;
	b->m.keys.n = n;
	b->m.keys.capacity = 0;
	b->n_changes++;
	return FIRN_OK;
}
