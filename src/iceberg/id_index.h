/* A set of 64-bit ids, each with the place it was added under. Built once, sized at birth. */
#ifndef FIRN_ICEBERG_ID_INDEX_H
#define FIRN_ICEBERG_ID_INDEX_H

#include "firn/arena.h"

struct firn_id_index {
	struct firn_id_slot {
		int64_t id;
		size_t place; /* + 1; 0 = free */
	} * slots;
	size_t mask;
	uint64_t seed; /* ids are clients' choice: they must not know where one lands */
};

/* Room for n ids. */
firn_rc firn_id_index_init(struct firn_ctx *cx, struct firn_id_index *index, size_t n) FIRN_MUST;
/* False when the id is there already. */
bool firn_id_index_add(struct firn_id_index *index, int64_t id, size_t place);
/* SIZE_MAX when it isn't there. */
size_t firn_id_index_find(const struct firn_id_index *index, int64_t id);
static inline bool firn_id_index_has(const struct firn_id_index *index, int64_t id)
{
	return firn_id_index_find(index, id) != SIZE_MAX;
}

#endif
