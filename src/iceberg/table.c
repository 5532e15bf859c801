/* Table metadata: looking things up, and the vectors it is made of. */
#include "table.h"

void *firn_vec_room(struct firn_ctx *cx, void *items, size_t n, size_t *capacity, size_t size)
{
	size_t want = n < 8 ? 16 : 2 * n;
	void *grown;

	if (n < *capacity)
		return items;
	if (*capacity) {
		grown = firn_regrow(cx, items, *capacity * size, want * size);
	} else {
		grown = firn_calloc(cx, want, size);
		if (grown && n)
			memcpy(grown, items, n * size);
	}
	if (grown)
		*capacity = want;
	return grown;
}

const struct firn_schema *firn_table_schema(const struct firn_table_metadata *m, int32_t id)
{
	for (size_t i = 0; i < m->schemas.n; i++)
		if (m->schemas.items[i]->id == id)
			return m->schemas.items[i];
	return NULL;
}

const struct firn_partition_spec *firn_table_spec(const struct firn_table_metadata *m, int32_t id)
{
	for (size_t i = 0; i < m->specs.n; i++)
		if (m->specs.items[i]->id == id)
			return m->specs.items[i];
	return NULL;
}

const struct firn_sort_order *firn_table_order(const struct firn_table_metadata *m, int32_t id)
{
	for (size_t i = 0; i < m->orders.n; i++)
		if (m->orders.items[i]->id == id)
			return m->orders.items[i];
	return NULL;
}

const struct firn_snapshot_ref *firn_table_ref(const struct firn_table_metadata *m,
					       struct firn_str name)
{
	for (size_t i = 0; i < m->refs.n; i++)
		if (firn_str_eq(m->refs.items[i].name, name))
			return &m->refs.items[i];
	return NULL;
}

firn_rc firn_table_index_snapshots(struct firn_ctx *cx, const struct firn_table_metadata *m,
				   struct firn_id_index *ret_index)
{
	FIRN_TRY(firn_id_index_init(cx, ret_index, m->snapshots.n));
	for (size_t i = 0; i < m->snapshots.n; i++)
		if (!firn_id_index_add(ret_index, m->snapshots.items[i].id, i))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "table metadata: snapshot %lld is listed twice",
					 (long long)m->snapshots.items[i].id);
	return FIRN_OK;
}

void firn_table_borrow(struct firn_table_metadata *m)
{
	m->schemas.capacity = 0;
	m->specs.capacity = 0;
	m->orders.capacity = 0;
	m->properties.capacity = 0;
	m->snapshots.capacity = 0;
	m->refs.capacity = 0;
	m->snapshot_log.capacity = 0;
	m->metadata_log.capacity = 0;
	m->statistics.capacity = 0;
	m->partition_statistics.capacity = 0;
	m->keys.capacity = 0;
	m->unknown.capacity = 0;
}

struct firn_str firn_strip_slashes(struct firn_str location)
{
	while (location.n && location.p[location.n - 1] == '/' &&
	       !(location.n >= 3 && memcmp(location.p + location.n - 3, "://", 3) == 0))
		location.n--;
	return location;
}

int firn_table_format_version(const struct firn_table_metadata *m)
{
	return m->format_version;
}

struct firn_str firn_table_uuid(const struct firn_table_metadata *m)
{
	return m->uuid;
}

struct firn_str firn_table_location(const struct firn_table_metadata *m)
{
	return m->location;
}

int64_t firn_table_last_updated_ms(const struct firn_table_metadata *m)
{
	return m->last_updated_ms;
}

int64_t firn_table_last_sequence_number(const struct firn_table_metadata *m)
{
	return m->last_sequence_number;
}

bool firn_table_current_snapshot_id(const struct firn_table_metadata *m, int64_t *ret_id)
{
	if (m->current_snapshot_id == -1)
		return false;
	*ret_id = m->current_snapshot_id;
	return true;
}

struct firn_str firn_table_property(const struct firn_table_metadata *m, const char *key)
{
	struct firn_map map = {m->properties.items, m->properties.n};

	return firn_map_get(&map, key);
}

int64_t firn_table_property_i64(const struct firn_table_metadata *m, const char *key,
				int64_t otherwise)
{
	int64_t value;

	return firn_str_i64(firn_table_property(m, key), &value) ? value : otherwise;
}

bool firn_table_property_bool(const struct firn_table_metadata *m, const char *key, bool otherwise)
{
	struct firn_str value = firn_table_property(m, key);

	if (firn_str_ieq(value, FIRN_STR("true")))
		return true;
	return firn_str_ieq(value, FIRN_STR("false")) ? false : otherwise;
}
