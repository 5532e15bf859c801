/* Members of JSON objects; see member.h. */
#include "member.h"

struct firn_str firn_shown(struct firn_str s)
{
	size_t n = s.n < 120 ? s.n : 120;

	while (n < s.n && n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return firn_str_sub(s, 0, n);
}

const char *firn_json_excerpt(struct firn_ctx *cx, const struct firn_json *value)
{
	struct firn_str text;

	if (!value)
		return "nothing";
	switch (firn_json_type(value)) {
	case FIRN_JSON_OBJECT:
		return "an object";
	case FIRN_JSON_ARRAY:
		return "an array";
	case FIRN_JSON_NULL:
	case FIRN_JSON_BOOL:
	case FIRN_JSON_INT:
	case FIRN_JSON_REAL:
	case FIRN_JSON_STRING:
		break;
	}
	if (firn_json_dump(cx, value, false, &text) != FIRN_OK)
		return "a value";
	if (text.n > 120)
		text = firn_printf(cx, "%.*s…", FIRN_FMT(firn_shown(text)));
	return text.p ? text.p : "a value";
}

static bool absent(const struct firn_json *value)
{
	return !value || firn_json_type(value) == FIRN_JSON_NULL;
}

static firn_rc ill_typed(struct firn_ctx *cx, const char *what, const char *name,
			 const char *expected, const struct firn_json *value)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' must be %s, found %s", what, name,
			 expected, firn_json_excerpt(cx, value));
}

static firn_rc missing(struct firn_ctx *cx, const char *what, const char *name)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' is missing", what, name);
}

firn_rc firn_member_opt_i64(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, bool *ret_has, int64_t *ret_value)
{
	const struct firn_json *value = firn_json_get(object, name);

	if (absent(value)) {
		*ret_has = false;
		return FIRN_OK;
	}
	if (!firn_json_i64(value, ret_value))
		return ill_typed(cx, what, name, "an integer", value);
	*ret_has = true;
	return FIRN_OK;
}

firn_rc firn_member_i64(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, int64_t *ret_value)
{
	bool has;

	FIRN_TRY(firn_member_opt_i64(cx, object, what, name, &has, ret_value));
	return has ? FIRN_OK : missing(cx, what, name);
}

firn_rc firn_member_opt_i32(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, bool *ret_has, int32_t *ret_value)
{
	int64_t value = 0;

	FIRN_TRY(firn_member_opt_i64(cx, object, what, name, ret_has, &value));
	if (!*ret_has)
		return FIRN_OK;
	if (value < INT32_MIN || value > INT32_MAX)
		return ill_typed(cx, what, name, "a 32-bit integer", firn_json_get(object, name));
	*ret_value = (int32_t)value;
	return FIRN_OK;
}

firn_rc firn_member_i32(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, int32_t *ret_value)
{
	bool has;

	FIRN_TRY(firn_member_opt_i32(cx, object, what, name, &has, ret_value));
	return has ? FIRN_OK : missing(cx, what, name);
}

firn_rc firn_member_opt_str(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, struct firn_str *ret_value)
{
	const struct firn_json *value = firn_json_get(object, name);

	if (absent(value)) {
		*ret_value = FIRN_STR_NONE;
		return FIRN_OK;
	}
	if (firn_json_type(value) != FIRN_JSON_STRING)
		return ill_typed(cx, what, name, "a string", value);
	*ret_value = firn_json_str(value);
	return FIRN_OK;
}

firn_rc firn_member_str(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, struct firn_str *ret_value)
{
	struct firn_str value;

	FIRN_TRY(firn_member_opt_str(cx, object, what, name, &value));
	if (!value.p)
		return missing(cx, what, name);
	*ret_value = value;
	return FIRN_OK;
}

firn_rc firn_member_bool(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool *ret_value)
{
	const struct firn_json *value = firn_json_get(object, name);

	if (absent(value))
		return missing(cx, what, name);
	if (firn_json_type(value) != FIRN_JSON_BOOL)
		return ill_typed(cx, what, name, "true or false", value);
	*ret_value = firn_json_bool(value);
	return FIRN_OK;
}

firn_rc firn_member_nested(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			   const char *name, enum firn_json_type type,
			   const struct firn_json **ret_value)
{
	const struct firn_json *value = firn_json_get(object, name);

	if (absent(value))
		return missing(cx, what, name);
	if (firn_json_type(value) != type)
		return ill_typed(cx, what, name, type == FIRN_JSON_ARRAY ? "an array" : "an object",
				 value);
	*ret_value = value;
	return FIRN_OK;
}

firn_rc firn_member_i64s(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool required, int64_t **ret_items, size_t *ret_n)
{
	const struct firn_json *array = firn_json_get(object, name);
	int64_t *items;
	size_t n;

	if (absent(array) && !required) {
		*ret_items = NULL;
		*ret_n = 0;
		return FIRN_OK;
	}
	FIRN_TRY(firn_member_nested(cx, object, what, name, FIRN_JSON_ARRAY, &array));
	n = firn_json_count(array);
	items = firn_calloc(cx, n ? n : 1, sizeof(*items));
	if (!items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++)
		if (!firn_json_i64(firn_json_at(array, i), &items[i]))
			return ill_typed(cx, what, name, "an array of integers",
					 firn_json_at(array, i));
	*ret_items = items;
	*ret_n = n;
	return FIRN_OK;
}

firn_rc firn_member_i32s(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool required, int32_t **ret_items, size_t *ret_n)
{
	int64_t *wide;
	int32_t *items;
	size_t n;

	FIRN_TRY(firn_member_i64s(cx, object, what, name, required, &wide, &n));
	items = firn_calloc(cx, n ? n : 1, sizeof(*items));
	if (!items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		if (wide[i] < INT32_MIN || wide[i] > INT32_MAX)
			return ill_typed(cx, what, name, "an array of 32-bit integers",
					 firn_json_at(firn_json_get(object, name), i));
		items[i] = (int32_t)wide[i];
	}
	*ret_items = items;
	*ret_n = n;
	return FIRN_OK;
}

firn_rc firn_member_map(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, bool required, struct firn_map *ret_map)
{
	const struct firn_json *map = firn_json_get(object, name), *value;
	struct firn_pair *items;
	struct firn_str key;
	void *iter = NULL;
	size_t n = 0;

	if (absent(map) && !required) {
		*ret_map = (struct firn_map){NULL, 0};
		return FIRN_OK;
	}
	FIRN_TRY(firn_member_nested(cx, object, what, name, FIRN_JSON_OBJECT, &map));
	items = firn_calloc(cx, firn_json_count(map) + 1, sizeof(*items));
	if (!items)
		return cx->err.code;
	while (firn_json_next(map, &iter, &key, &value)) {
		if (firn_json_type(value) != FIRN_JSON_STRING)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: '%s': the value of '%.*s' must be a string, found %s",
					 what, name, FIRN_FMT(key), firn_json_excerpt(cx, value));
		items[n++] = (struct firn_pair){key, firn_json_str(value)};
	}
	*ret_map = (struct firn_map){items, n};
	return FIRN_OK;
}

void firn_members_write_unknown(struct firn_jw *w, const struct firn_json *source,
				const char *const *known)
{
	const struct firn_json *value;
	struct firn_str key;
	void *iter = NULL;

	while (source && firn_json_next(source, &iter, &key, &value)) {
		const char *const *k = known;

		while (*k && !firn_str_is(key, *k))
			k++;
		if (*k)
			continue;
		firn_jw_key_str(w, key);
		firn_jw_json(w, value);
	}
}
