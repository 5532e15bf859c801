/* A set of ids: open addressing, at most half full. */
#include "id_index.h"

#include "firn/crypto.h"

firn_rc firn_id_index_init(struct firn_ctx *cx, struct firn_id_index *index, size_t n)
{
	size_t size = 8;

	while (size < 2 * n)
		size *= 2;
	index->mask = size - 1;
	firn_random(&index->seed, sizeof(index->seed));
	index->slots = firn_calloc(cx, size, sizeof(*index->slots));
	return index->slots ? FIRN_OK : cx->err.code;
}

/* The finalizer of SplitMix64: every bit of the input moves every bit of the result. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static struct firn_id_slot *slot_of(const struct firn_id_index *index, int64_t id)
{
	size_t i = (size_t)mix(index->seed ^ (uint64_t)id) & index->mask;

	while (index->slots[i].place && index->slots[i].id != id)
		i = (i + 1) & index->mask;
	return &index->slots[i];
}

bool firn_id_index_add(struct firn_id_index *index, int64_t id, size_t place)
{
	struct firn_id_slot *slot = slot_of(index, id);

	if (slot->place)
		return false;
	*slot = (struct firn_id_slot){id, place + 1};
	return true;
}

size_t firn_id_index_find(const struct firn_id_index *index, int64_t id)
{
	const struct firn_id_slot *slot = slot_of(index, id);

	return slot->place ? slot->place - 1 : SIZE_MAX;
}
