/* Types compared as the reference compares them: ids, names, docs, requiredness and defaults count.
 */
#include <jansson.h>

#include "type.h"

static const json_t *as_json(const struct firn_json *json)
{
	return (const json_t *)(const void *)json;
}

static bool default_eq(const struct firn_json *a, const struct firn_json *b)
{
	if (!a || !b)
		return a == b;
	if (json_is_number(as_json(a)) && json_is_number(as_json(b)) &&
	    (json_is_real(as_json(a)) || json_is_real(as_json(b)))) {
		double x = json_number_value(as_json(a)), y = json_number_value(as_json(b));

		return x <= y && x >= y;
	}
	return json_equal(as_json(a), as_json(b));
}

static bool field_eq(const struct firn_type_field *a, const struct firn_type_field *b)
{
	return a->id == b->id && a->required == b->required && firn_str_eq(a->name, b->name) &&
	       (a->doc.p != NULL) == (b->doc.p != NULL) && firn_str_eq(a->doc, b->doc) &&
	       default_eq(a->initial_default, b->initial_default) &&
	       default_eq(a->write_default, b->write_default) && firn_type_eq(a->type, b->type);
}

static struct firn_str or_default(struct firn_str value, const char *otherwise)
{
	return value.n ? value : firn_str(otherwise);
}

bool firn_type_eq(const struct firn_type *a, const struct firn_type *b)
{
	if (a->kind != b->kind || a->n_fields != b->n_fields || a->length != b->length ||
	    a->precision != b->precision || a->scale != b->scale ||
	    !firn_str_eq(or_default(a->crs, "OGC:CRS84"), or_default(b->crs, "OGC:CRS84")) ||
	    !firn_str_ieq(or_default(a->algorithm, "spherical"),
			  or_default(b->algorithm, "spherical")))
		return false;
	for (size_t i = 0; i < a->n_fields; i++)
		if (!field_eq(&a->fields[i], &b->fields[i]))
			return false;
	return true;
}
