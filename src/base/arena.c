/*
 * Arenas. Small allocations are carved from blocks; a big one has a block of its own, so that a
 * growing buffer can be reallocated and given back. Refuses to pass the ceiling.
 */
#include "firn/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "firn/clock.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#define RED_ZONE 16u
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define RED_ZONE 0u
#endif

#define ARENA_ALIGN alignof(max_align_t)
#define BLOCK_BYTES ((size_t)32 * 1024)
#define BIG_BYTES ((size_t)8 * 1024)

struct block {
	struct block *older;
	size_t used;
	alignas(max_align_t) unsigned char bytes[BLOCK_BYTES];
};

struct big {
	struct big *next, *prev;
	alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
	struct deferred *older;
	void (*fn)(void *ptr);
	void *ptr;
};

struct firn_arena {
	size_t ceiling, used;
	struct block *block; /* the newest; the oldest survives a reset */
	struct big *bigs;
	struct deferred *deferred;
};

static size_t round_up(size_t size)
{
	if (size == 0)
		size = 1;
	return (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

static bool block_add(struct firn_arena *arena)
{
	struct block *block = malloc(sizeof(*block));

	if (!block)
		return false;
	block->older = arena->block;
	block->used = 0;
	block->bytes[0] = 0; /* or gcc takes the poisoning for a read of bytes never set */
	POISON(block->bytes, sizeof(block->bytes));
	arena->block = block;
	return true;
}

struct firn_arena *firn_arena_new(size_t ceiling)
{
	struct firn_arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return NULL;
	arena->ceiling = ceiling;
	if (!block_add(arena)) {
		free(arena);
		return NULL;
	}
	return arena;
}

static void block_free(struct block *block)
{
	UNPOISON(block->bytes, sizeof(block->bytes));
	free(block);
}

void firn_arena_reset(struct firn_arena *arena)
{
	while (arena->deferred) {
		struct deferred *d = arena->deferred;

		arena->deferred = d->older;
		d->fn(d->ptr);
	}
	while (arena->bigs) {
		struct big *big = arena->bigs;

		arena->bigs = big->next;
		free(big);
	}
	while (arena->block->older) {
		struct block *block = arena->block;

		arena->block = block->older;
		block_free(block);
	}
	arena->block->used = 0;
	arena->used = 0;
	POISON(arena->block->bytes, sizeof(arena->block->bytes));
}

void firn_arena_free(struct firn_arena *arena)
{
	if (!arena)
		return;
	firn_arena_reset(arena);
	block_free(arena->block);
	free(arena);
}

size_t firn_arena_used(const struct firn_arena *arena)
{
	return arena->used;
}

size_t firn_arena_left(const struct firn_arena *arena)
{
	return arena->ceiling - arena->used;
}

firn_rc firn_arena_charge(struct firn_ctx *cx, size_t size)
{
	struct firn_arena *arena = cx->arena;

	if (size > firn_arena_left(arena))
		return firn_fail(cx, FIRN_E_TOO_LARGE,
				 "the request needs more than the %zu bytes of memory that one "
				 "request may take: send less at once",
				 arena->ceiling);
	arena->used += size;
	return FIRN_OK;
}

static void no_memory(struct firn_ctx *cx, size_t size)
{
	cx->arena->used -= size;
	firn_fail(cx, FIRN_E_UNAVAILABLE, "the server is out of memory: try again later");
}

static void *big_take(struct firn_ctx *cx, size_t size, bool zeroed)
{
	struct firn_arena *arena = cx->arena;
	struct big *big = NULL;

	if (size <= SIZE_MAX - sizeof(*big))
		big = zeroed ? calloc(1, sizeof(*big) + size) : malloc(sizeof(*big) + size);
	if (!big) {
		no_memory(cx, size);
		return NULL;
	}
	big->prev = NULL;
	big->next = arena->bigs;
	if (big->next)
		big->next->prev = big;
	arena->bigs = big;
	return big->bytes;
}

static void *take(struct firn_ctx *cx, size_t size, bool zeroed)
{
	struct firn_arena *arena = cx->arena;
	size_t need;
	unsigned char *p;

	if (firn_arena_charge(cx, size) != FIRN_OK)
		return NULL;
	if (size > BIG_BYTES)
		return big_take(cx, size, zeroed);
	need = round_up(size) + RED_ZONE;
	if (BLOCK_BYTES - arena->block->used < need && !block_add(arena)) {
		no_memory(cx, size);
		return NULL;
	}
	p = arena->block->bytes + arena->block->used;
	arena->block->used += need;
	UNPOISON(p, size);
	if (zeroed)
		memset(p, 0, size);
	return p;
}

void *firn_alloc(struct firn_ctx *cx, size_t size)
{
	return take(cx, size, true);
}

void *firn_calloc(struct firn_ctx *cx, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		total = SIZE_MAX;
	return take(cx, total, true);
}

static struct big *big_of(void *ptr)
{
	return (struct big *)(void *)((char *)ptr - offsetof(struct big, bytes));
}

static void big_unlink(struct firn_arena *arena, struct big *big)
{
	if (big->next)
		big->next->prev = big->prev;
	if (big->prev)
		big->prev->next = big->next;
	else
		arena->bigs = big->next;
}

/* The charge of a bigger size has been made; that of the old one is taken back here. */
static void *big_regrow(struct firn_ctx *cx, void *ptr, size_t old_size, size_t new_size)
{
	struct firn_arena *arena = cx->arena;
	struct big *big = big_of(ptr);
	struct big *moved = NULL;

	big_unlink(arena, big);
	if (new_size <= SIZE_MAX - sizeof(*big))
		moved = realloc(big, sizeof(*big) + new_size);
	if (moved)
		big = moved;
	big->prev = NULL;
	big->next = arena->bigs;
	if (big->next)
		big->next->prev = big;
	arena->bigs = big;
	if (!moved) {
		no_memory(cx, new_size > old_size ? new_size - old_size : 0);
		return NULL;
	}
	return big->bytes;
}

static bool is_last(const struct block *block, const unsigned char *ptr, size_t size)
{
	return ptr + round_up(size) + RED_ZONE == block->bytes + block->used;
}

static void *small_extend(struct firn_ctx *cx, void *ptr, size_t old_size, size_t new_size)
{
	struct block *block = cx->arena->block;
	size_t start = block->used - round_up(old_size) - RED_ZONE;

	if (new_size > old_size && firn_arena_charge(cx, new_size - old_size) != FIRN_OK)
		return NULL;
	if (new_size < old_size)
		cx->arena->used -= old_size - new_size;
	block->used = start + round_up(new_size) + RED_ZONE;
	POISON(ptr, round_up(old_size));
	UNPOISON(ptr, new_size);
	return ptr;
}

static bool fits_in_place(const struct block *block, size_t old_size, size_t new_size)
{
	size_t start = block->used - round_up(old_size) - RED_ZONE;

	return new_size <= BIG_BYTES && BLOCK_BYTES - start >= round_up(new_size) + RED_ZONE;
}

void *firn_regrow(struct firn_ctx *cx, void *ptr, size_t old_size, size_t new_size)
{
	void *fresh;

	if (!ptr)
		return take(cx, new_size, false);
	if (old_size > BIG_BYTES && new_size > BIG_BYTES) {
		if (new_size > old_size && firn_arena_charge(cx, new_size - old_size) != FIRN_OK)
			return NULL;
		if (new_size < old_size)
			cx->arena->used -= old_size - new_size;
		return big_regrow(cx, ptr, old_size, new_size);
	}
	if (old_size <= BIG_BYTES && is_last(cx->arena->block, ptr, old_size) &&
	    fits_in_place(cx->arena->block, old_size, new_size))
		return small_extend(cx, ptr, old_size, new_size);
	fresh = take(cx, new_size, false);
	if (!fresh)
		return NULL;
	memcpy(fresh, ptr, old_size < new_size ? old_size : new_size);
	if (old_size > BIG_BYTES) {
		big_unlink(cx->arena, big_of(ptr));
		free(big_of(ptr));
		cx->arena->used -= old_size;
	}
	return fresh;
}

firn_rc firn_arena_defer(struct firn_ctx *cx, void (*fn)(void *ptr), void *ptr)
{
	struct deferred *d = firn_alloc(cx, sizeof(*d));

	if (!d)
		return cx->err.code;
	d->fn = fn;
	d->ptr = ptr;
	d->older = cx->arena->deferred;
	cx->arena->deferred = d;
	return FIRN_OK;
}

void firn_ctx_init(struct firn_ctx *cx, struct firn_arena *arena)
{
	memset(cx, 0, sizeof(*cx));
	cx->arena = arena;
	cx->clock = &firn_system_clock;
	memcpy(cx->principal, "anonymous", sizeof("anonymous"));
}
