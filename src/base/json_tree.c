/* Reading the JSON tree through struct firn_json, which is a json_t. */
#include <jansson.h>

#include "firn/json.h"

static const json_t *tree(const struct firn_json *json)
{
	return (const json_t *)json;
}

/* jansson's iteration takes the object without const although it does not change it. */
static json_t *writable(const struct firn_json *json)
{
	return (json_t *)(uintptr_t)json;
}

enum firn_json_type firn_json_type(const struct firn_json *json)
{
	if (!json)
		return FIRN_JSON_NULL;
	switch (json_typeof(tree(json))) {
	case JSON_OBJECT:
		return FIRN_JSON_OBJECT;
	case JSON_ARRAY:
		return FIRN_JSON_ARRAY;
	case JSON_STRING:
		return FIRN_JSON_STRING;
	case JSON_INTEGER:
		return FIRN_JSON_INT;
	case JSON_REAL:
		return FIRN_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return FIRN_JSON_BOOL;
	case JSON_NULL:
		return FIRN_JSON_NULL;
	}
	return FIRN_JSON_NULL;
}

const struct firn_json *firn_json_get(const struct firn_json *object, const char *key)
{
	return (const struct firn_json *)json_object_get(tree(object), key);
}

size_t firn_json_count(const struct firn_json *array_or_object)
{
	const json_t *json = tree(array_or_object);

	return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const struct firn_json *firn_json_at(const struct firn_json *array, size_t i)
{
	return (const struct firn_json *)json_array_get(tree(array), i);
}

bool firn_json_next(const struct firn_json *object, void **iter, struct firn_str *ret_key,
		    const struct firn_json **ret_value)
{
	json_t *json = writable(object);

	*iter = *iter ? json_object_iter_next(json, *iter) : json_object_iter(json);
	if (!*iter)
		return false;
	*ret_key = firn_str(json_object_iter_key(*iter));
	*ret_value = (const struct firn_json *)json_object_iter_value(*iter);
	return true;
}

struct firn_str firn_json_str(const struct firn_json *string)
{
	if (!json_is_string(tree(string)))
		return FIRN_STR_NONE;
	return (struct firn_str){json_string_value(tree(string)), json_string_length(tree(string))};
}

bool firn_json_i64(const struct firn_json *number, int64_t *ret_value)
{
	if (!json_is_integer(tree(number)))
		return false;
	*ret_value = json_integer_value(tree(number));
	return true;
}

bool firn_json_bool(const struct firn_json *value)
{
	return json_is_true(tree(value));
}
