/*
 * Table properties: reserved ones, and what the reference checks when a table is new. Refuses
 * nothing else: properties belong to the table's users.
 */
#include "table_builder.h"

bool firn_property_reserved(struct firn_str key)
{
	static const char *const reserved[] = {
		"format-version",      "uuid",
		"snapshot-count",      "current-snapshot-summary",
		"current-snapshot-id", "current-snapshot-timestamp-ms",
		"current-schema",      "default-partition-spec",
		"default-sort-order",
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (firn_str_is(key, reserved[i]))
			return true;
	return false;
}

firn_rc firn_property_put(struct firn_ctx *cx, struct firn_table_metadata *m, struct firn_str key,
			  struct firn_str value, bool *ret_changed)
{
	struct firn_pair pair = {key, value}, *items;

	for (size_t i = 0; i < m->properties.n; i++) {
		if (!firn_str_eq(m->properties.items[i].key, key))
			continue;
		if (firn_str_eq(m->properties.items[i].value, value))
			return FIRN_OK;
		items = firn_vec_room(cx, m->properties.items, m->properties.n,
				      &m->properties.capacity, sizeof(*items));
		if (!items)
			return cx->err.code;
		items[i] = pair;
		m->properties.items = items;
		*ret_changed = true;
		return FIRN_OK;
	}
	if (m->properties.n >= FIRN_TABLE_PROPERTIES)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "the table would have more than %zu properties",
				 FIRN_TABLE_PROPERTIES);
	FIRN_VEC_PUSH(cx, &m->properties, pair);
	*ret_changed = true;
	return FIRN_OK;
}

static firn_rc check_retries(struct firn_ctx *cx, const struct firn_table_metadata *m)
{
	static const char *const keys[] = {"commit.retry.num-retries", "commit.retry.min-wait-ms",
					   "commit.retry.max-wait-ms",
					   "commit.retry.total-timeout-ms"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct firn_str value = firn_table_property(m, keys[i]);
		int64_t number;

		if (!value.p)
			continue;
		if (!firn_str_i64(value, &number) || number > INT32_MAX || number < INT32_MIN)
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "Table property %s must have integer value, found '%.*s'",
					 keys[i], FIRN_FMT(firn_shown(value)));
		if (number < 0)
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "Table property %s must have non negative integer value, "
					 "found %lld",
					 keys[i], (long long)number);
	}
	return FIRN_OK;
}

firn_rc firn_properties_check_new(struct firn_ctx *cx, const struct firn_table_metadata *m,
				  const struct firn_schema *schema)
{
	struct firn_str prefix = FIRN_STR("write.metadata.metrics.column.");

	for (size_t i = 0; i < m->properties.n; i++) {
		struct firn_str key = m->properties.items[i].key, column;

		if (!firn_str_starts(key, prefix))
			continue;
		column = firn_str_sub(key, prefix.n, key.n);
		if (!firn_schema_find_name(schema, column))
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "Invalid metrics config, could not find column %.*s from "
					 "table prop %.*s in the schema",
					 FIRN_FMT(firn_shown(column)), FIRN_FMT(firn_shown(key)));
	}
	return check_retries(cx, m);
}
