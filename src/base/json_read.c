/* Reading JSON objects into structs, one table row per member. */
#include "firn/arena.h"
#include "firn/json.h"

struct place {
	const char *what;
	const struct firn_field *field;
};

static const char *kind_name(enum firn_field_kind kind)
{
	switch (kind) {
	case FIRN_FIELD_STR:
		return "a string";
	case FIRN_FIELD_I64:
		return "an integer";
	case FIRN_FIELD_BOOL:
		return "true or false";
	case FIRN_FIELD_STRS:
		return "an array of strings";
	case FIRN_FIELD_MAP:
		return "an object whose values are strings";
	case FIRN_FIELD_OBJECT:
		return "an object";
	case FIRN_FIELD_ARRAY:
		return "an array";
	case FIRN_FIELD_ANY:
		return "a value";
	}
	return "a value";
}

/* The offending value, cut to what a message can carry. */
static struct firn_str shown(struct firn_ctx *cx, const struct firn_json *value)
{
	struct firn_str text;

	switch (firn_json_type(value)) {
	case FIRN_JSON_OBJECT:
		return FIRN_STR("an object");
	case FIRN_JSON_ARRAY:
		return FIRN_STR("an array");
	case FIRN_JSON_NULL:
	case FIRN_JSON_BOOL:
	case FIRN_JSON_INT:
	case FIRN_JSON_REAL:
	case FIRN_JSON_STRING:
		break;
	}
	if (firn_json_dump(cx, value, false, &text) != FIRN_OK)
		return FIRN_STR("a value");
	return firn_str_sub(text, 0, 80);
}

static firn_rc wrong_kind(struct firn_ctx *cx, const struct place *at,
			  const struct firn_json *value)
{
	struct firn_str found = shown(cx, value);

	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' must be %s, found %.*s", at->what,
			 at->field->name, kind_name(at->field->kind), FIRN_FMT(found));
}

static firn_rc read_strs(struct firn_ctx *cx, const struct place *at, const struct firn_json *value,
			 struct firn_strs *ret_strs)
{
	struct firn_strs strs = {NULL, firn_json_count(value)};

	if (firn_json_type(value) != FIRN_JSON_ARRAY)
		return wrong_kind(cx, at, value);
	strs.items = firn_calloc(cx, strs.n, sizeof(*strs.items));
	if (!strs.items)
		return cx->err.code;
	for (size_t i = 0; i < strs.n; i++) {
		const struct firn_json *item = firn_json_at(value, i);

		strs.items[i] = firn_json_str(item);
		if (!strs.items[i].p) {
			struct firn_str found = shown(cx, item);

			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: element %zu of '%s' must be a string, found %.*s",
					 at->what, i, at->field->name, FIRN_FMT(found));
		}
	}
	*ret_strs = strs;
	return FIRN_OK;
}

static firn_rc read_map(struct firn_ctx *cx, const struct place *at, const struct firn_json *value,
			struct firn_map *ret_map)
{
	struct firn_map map = {NULL, 0};
	const struct firn_json *item;
	struct firn_str key;
	void *iter = NULL;

	if (firn_json_type(value) != FIRN_JSON_OBJECT)
		return wrong_kind(cx, at, value);
	map.items = firn_calloc(cx, firn_json_count(value), sizeof(*map.items));
	if (!map.items)
		return cx->err.code;
	while (firn_json_next(value, &iter, &key, &item)) {
		struct firn_str text = firn_json_str(item);

		if (!text.p) {
			struct firn_str found = shown(cx, item);

			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: value of '%.*s' in '%s' must be a string, found %.*s",
					 at->what, key.n > 200 ? 200 : (int)key.n, key.p,
					 at->field->name, FIRN_FMT(found));
		}
		map.items[map.n++] = (struct firn_pair){key, text};
	}
	*ret_map = map;
	return FIRN_OK;
}

static firn_rc read_scalar(struct firn_ctx *cx, const struct place *at,
			   const struct firn_json *value, void *out)
{
	enum firn_json_type type = firn_json_type(value);
	struct firn_str text = firn_json_str(value);
	bool truth = firn_json_bool(value);

	if (at->field->kind == FIRN_FIELD_STR && type == FIRN_JSON_STRING)
		memcpy(out, &text, sizeof(text));
	else if (at->field->kind == FIRN_FIELD_BOOL && type == FIRN_JSON_BOOL)
		memcpy(out, &truth, sizeof(truth));
	else if (at->field->kind != FIRN_FIELD_I64 || !firn_json_i64(value, out))
		return wrong_kind(cx, at, value);
	return FIRN_OK;
}

static firn_rc read_tree(struct firn_ctx *cx, const struct place *at, const struct firn_json *value,
			 enum firn_json_type want, void *out)
{
	if (firn_json_type(value) != want)
		return wrong_kind(cx, at, value);
	memcpy(out, &value, sizeof(value));
	return FIRN_OK;
}

static firn_rc read_field(struct firn_ctx *cx, const struct place *at,
			  const struct firn_json *value, void *out)
{
	switch (at->field->kind) {
	case FIRN_FIELD_STR:
	case FIRN_FIELD_I64:
	case FIRN_FIELD_BOOL:
		return read_scalar(cx, at, value, out);
	case FIRN_FIELD_STRS:
		return read_strs(cx, at, value, out);
	case FIRN_FIELD_MAP:
		return read_map(cx, at, value, out);
	case FIRN_FIELD_OBJECT:
		return read_tree(cx, at, value, FIRN_JSON_OBJECT, out);
	case FIRN_FIELD_ARRAY:
		return read_tree(cx, at, value, FIRN_JSON_ARRAY, out);
	case FIRN_FIELD_ANY:
		memcpy(out, &value, sizeof(value));
		return FIRN_OK;
	}
	return firn_fail(cx, FIRN_E_INTERNAL, "%s: '%s' has no kind", at->what, at->field->name);
}

firn_rc firn_json_read(struct firn_ctx *cx, const struct firn_json *object, const char *what,
		       const struct firn_field *fields, size_t n_fields, void *ret_struct)
{
	if (firn_json_type(object) != FIRN_JSON_OBJECT) {
		struct firn_str found = shown(cx, object);

		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be a JSON object, found %.*s",
				 what, FIRN_FMT(found));
	}
	for (size_t i = 0; i < n_fields; i++) {
		const struct place at = {what, &fields[i]};
		const struct firn_json *value = firn_json_get(object, fields[i].name);

		if (value && (fields[i].flags & FIRN_FIELD_NULL_OK) &&
		    firn_json_type(value) == FIRN_JSON_NULL)
			value = NULL;
		if (value) {
			FIRN_TRY(read_field(cx, &at, value, (char *)ret_struct + fields[i].offset));
		} else if (fields[i].flags & FIRN_FIELD_REQUIRED) {
			return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' is missing: give %s",
					 what, fields[i].name, kind_name(fields[i].kind));
		}
	}
	return FIRN_OK;
}

struct firn_str firn_map_get(const struct firn_map *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (firn_str_is(map->items[i].key, key))
			return map->items[i].value;
	return FIRN_STR_NONE;
}
