/*
 * Arena: memory that is released all at once, with the request or job that owns it.
 *
 * Blocks are poisoned for AddressSanitizer when reset. A ceiling bounds what one request may take;
 * passing it is FIRN_E_TOO_LARGE, never an abort. Not thread-safe.
 */
#ifndef FIRN_ARENA_H
#define FIRN_ARENA_H

#include "firn/ctx.h"

/* NULL when the system has no memory. ceiling: bytes that firn_alloc may hand out in all. */
struct firn_arena *firn_arena_new(size_t ceiling);
/* Runs the callbacks, newest first, and frees everything but the first block. */
void firn_arena_reset(struct firn_arena *arena);
/* As reset, and frees the arena; NULL is allowed. */
void firn_arena_free(struct firn_arena *arena);
size_t firn_arena_used(const struct firn_arena *arena);
/* Calls fn(ptr) when the arena is reset or freed: ties a foreign handle to the request. On failure
 * the handle is still the caller's. */
firn_rc firn_arena_defer(struct firn_ctx *cx, void (*fn)(void *ptr), void *ptr) FIRN_MUST;

/* size bytes, zeroed, aligned for any type; NULL with cx->err set (TOO_LARGE) at the ceiling. */
void *firn_alloc(struct firn_ctx *cx, size_t size) __attribute__((malloc, warn_unused_result));
/* As firn_alloc for n elements, overflow-checked. */
void *firn_calloc(struct firn_ctx *cx, size_t n, size_t size)
	__attribute__((malloc, warn_unused_result));
/* Grows or shrinks an allocation of this arena (ptr NULL: a new one); bytes past old_size are not
 * zeroed. In place where it can be; ptr stays valid on failure, which returns NULL as firn_alloc.
 */
void *firn_regrow(struct firn_ctx *cx, void *ptr, size_t old_size, size_t new_size)
	__attribute__((warn_unused_result));
/* Bytes that may still be handed out. */
size_t firn_arena_left(const struct firn_arena *arena);
/* Counts size bytes of foreign memory, tied to the arena by a deferred release, against the
 * ceiling. */
firn_rc firn_arena_charge(struct firn_ctx *cx, size_t size) FIRN_MUST;
/* For parts that have no ctx (tests, start-up): a ctx on the stack over a fresh arena, system
 * clock. */
void firn_ctx_init(struct firn_ctx *cx, struct firn_arena *arena);

#endif
