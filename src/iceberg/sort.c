/* Sort orders. Refuses id 0 for a sorted order and any other id for the unsorted one. */
#include "sort.h"

#include "member.h"

static firn_rc parse_choice(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			    const char *name, const char *no, const char *yes, bool *ret_yes)
{
	struct firn_str value;

	FIRN_TRY(firn_member_str(cx, json, what, name, &value));
	*ret_yes = firn_str_ieq(value, firn_str(yes));
	if (*ret_yes || firn_str_ieq(value, firn_str(no)))
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' must be %s or %s, found '%.*s'", what,
			 name, no, yes, FIRN_FMT(firn_shown(value)));
}

static firn_rc parse_field(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			   struct firn_sort_field *field)
{
	struct firn_str transform;

	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: a sort field must be an object, found %s", what,
				 firn_json_excerpt(cx, json));
	field->source = json;
	FIRN_TRY(firn_member_str(cx, json, what, "transform", &transform));
	FIRN_TRY(firn_transform_parse(cx, transform, what, &field->transform));
	FIRN_TRY(firn_sources_parse(cx, json, what, &field->sources));
	FIRN_TRY(parse_choice(cx, json, what, "direction", "asc", "desc", &field->descending));
	return parse_choice(cx, json, what, "null-order", "nulls-first", "nulls-last",
			    &field->nulls_last);
}

static firn_rc check_id(struct firn_ctx *cx, const struct firn_sort_order *order, const char *what)
{
	if (!order->n_fields && order->id != 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: Unsorted order ID must be 0, found %d", what, order->id);
	if (order->n_fields && order->id == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: Sort order ID 0 is reserved for unsorted order", what);
	return FIRN_OK;
}

firn_rc firn_sort_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			const struct firn_sort_order **ret_order)
{
	struct firn_sort_order *order = firn_alloc(cx, sizeof(*order));
	const struct firn_json *array;
	struct firn_sort_field *fields;
	bool has_id;

	if (!order)
		return cx->err.code;
	if (firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be an object, found %s", what,
				 firn_json_excerpt(cx, json));
	order->source = json;
	FIRN_TRY(firn_member_nested(cx, json, what, "fields", FIRN_JSON_ARRAY, &array));
	order->n_fields = firn_json_count(array);
	if (order->n_fields > FIRN_SORT_FIELDS)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: more than %d sort fields", what,
				 FIRN_SORT_FIELDS);
	fields = firn_calloc(cx, order->n_fields + 1, sizeof(*fields));
	if (!fields)
		return cx->err.code;
	for (size_t i = 0; i < order->n_fields; i++)
		FIRN_TRY(parse_field(cx, firn_json_at(array, i), what, &fields[i]));
	order->fields = fields;
	order->id = order->n_fields ? 1 : 0;
	FIRN_TRY(firn_member_opt_i32(cx, json, what, "order-id", &has_id, &order->id));
	FIRN_TRY(check_id(cx, order, what));
	*ret_order = order;
	return FIRN_OK;
}

bool firn_sort_same(const struct firn_sort_order *a, const struct firn_sort_order *b)
{
	if (a->n_fields != b->n_fields)
		return false;
	for (size_t i = 0; i < a->n_fields; i++) {
		const struct firn_sort_field *x = &a->fields[i], *y = &b->fields[i];

		if (x->descending != y->descending || x->nulls_last != y->nulls_last ||
		    !firn_sources_eq(&x->sources, &y->sources) ||
		    !firn_transform_eq(&x->transform, &y->transform))
			return false;
	}
	return true;
}

firn_rc firn_sort_check_sources(struct firn_ctx *cx, const struct firn_sort_order *order,
				const struct firn_schema *schema)
{
	for (size_t i = 0; i < order->n_fields; i++)
		FIRN_TRY(firn_sources_check(cx, &order->fields[i].sources,
					    &order->fields[i].transform, schema, "sort", false));
	return FIRN_OK;
}

firn_rc firn_sort_with(struct firn_ctx *cx, const struct firn_sort_order *order, int32_t id,
		       const struct firn_sort_field *fields,
		       const struct firn_sort_order **ret_order)
{
	struct firn_sort_order *copy = firn_alloc(cx, sizeof(*copy));

	if (!copy)
		return cx->err.code;
	*copy = *order;
	copy->text = FIRN_STR_NONE;
	copy->id = id;
	if (fields)
		copy->fields = fields;
	*ret_order = copy;
	return FIRN_OK;
}

void firn_sort_write(struct firn_jw *w, const struct firn_sort_order *order)
{
	static const char *const known[] = {"order-id", "fields", NULL};
	static const char *const known_field[] = {"transform", "source-id",  "source-ids",
						  "direction", "null-order", NULL};

	if (order->text.p) {
		firn_jw_raw(w, order->text);
		return;
	}
	firn_jw_begin(w, '{');
	firn_jw_key(w, "order-id");
	firn_jw_i64(w, order->id);
	firn_jw_key(w, "fields");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < order->n_fields; i++) {
		const struct firn_sort_field *field = &order->fields[i];

		firn_jw_begin(w, '{');
		firn_jw_key(w, "transform");
		firn_jw_str(w, field->transform.text);
		firn_sources_write(w, &field->sources);
		firn_jw_key(w, "direction");
		firn_jw_cstr(w, field->descending ? "desc" : "asc");
		firn_jw_key(w, "null-order");
		firn_jw_cstr(w, field->nulls_last ? "nulls-last" : "nulls-first");
		firn_members_write_unknown(w, field->source, known_field);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
	firn_members_write_unknown(w, order->source, known);
	firn_jw_end(w, '}');
}
