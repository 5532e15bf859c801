/* Arenas: alignment, zeroing, ceilings, growing, deferred releases, poisoning. */
#include <stdalign.h>

#include "firn/crypto.h"
#include "fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifdef ASAN
#include <sanitizer/asan_interface.h>
#endif

static void test_aligned_and_zeroed(void **state)
{
	struct firn_ctx *cx = *state;

	for (int round = 0; round < 3; round++) {
		for (size_t size = 0; size < 20000; size += 1 + size / 3) {
			unsigned char *p = firn_alloc(cx, size);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xAB, size);
		}
		firn_arena_reset(cx->arena);
		assert_int_equal(firn_arena_used(cx->arena), 0);
	}
}

static void test_ceiling(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_arena *whole = cx->arena;

	cx->arena = firn_arena_new(1000);
	assert_non_null(firn_alloc(cx, 900));
	assert_int_equal(firn_arena_left(cx->arena), 100);
	assert_null(firn_alloc(cx, 101));
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "1000");
	assert_non_null(firn_alloc(cx, 100));
	assert_null(firn_alloc(cx, 1));
	firn_err_clear(cx);
	firn_arena_reset(cx->arena);
	assert_non_null(firn_alloc(cx, 1000));
	firn_arena_free(cx->arena);
	cx->arena = whole;
}

static void test_overflow(void **state)
{
	struct firn_ctx *cx = *state;

	assert_null(firn_calloc(cx, SIZE_MAX / 2, 3));
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "memory");
	assert_null(firn_alloc(cx, SIZE_MAX));
	firn_err_clear(cx);
	assert_int_equal(firn_arena_used(cx->arena), 0);
	assert_non_null(firn_calloc(cx, 0, 8));
	/* No ceiling at all still meets the system's. */
	struct firn_arena *whole = cx->arena;
	cx->arena = firn_arena_new(SIZE_MAX);
	assert_null(firn_alloc(cx, SIZE_MAX));
	assert_fails(cx, cx->err.code, FIRN_E_UNAVAILABLE, "out of memory");
	assert_int_equal(firn_arena_used(cx->arena), 0);
	firn_arena_free(cx->arena);
	cx->arena = whole;
}

static void test_charge(void **state)
{
	struct firn_ctx *cx = *state;

	assert_ok(cx, firn_arena_charge(cx, ARENA_BYTES - 10));
	assert_null(firn_alloc(cx, 11));
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "memory");
	assert_fails(cx, firn_arena_charge(cx, 11), FIRN_E_TOO_LARGE, "memory");
	firn_arena_reset(cx->arena);
	assert_ok(cx, firn_arena_charge(cx, ARENA_BYTES));
}

/* Grows and shrinks through all the size classes, with other allocations in between. */
static void test_regrow_keeps_bytes(void **state)
{
	struct firn_ctx *cx = *state;
	static const size_t sizes[] = {1,    15,    16,	    17,	  100, 4000,  8192, 8193,
				       8192, 30000, 200000, 9000, 50,  33000, 8191, 1};

	for (int between = 0; between < 2; between++) {
		unsigned char *p = NULL;
		size_t old = 0;

		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			unsigned char *q = firn_regrow(cx, p, old, sizes[i]);
			size_t kept = old < sizes[i] ? old : sizes[i];

			assert_non_null(q);
			for (size_t k = 0; k < kept; k++)
				assert_int_equal(q[k], (unsigned char)(k * 7));
			for (size_t k = 0; k < sizes[i]; k++)
				q[k] = (unsigned char)(k * 7);
			p = q;
			old = sizes[i];
			if (between)
				assert_non_null(firn_alloc(cx, 24));
		}
		firn_arena_reset(cx->arena);
	}
}

static void test_regrow_accounts(void **state)
{
	struct firn_ctx *cx = *state;
	char *p = firn_regrow(cx, NULL, 0, 100);

	assert_int_equal(firn_arena_used(cx->arena), 100);
	p = firn_regrow(cx, p, 100, 300);
	assert_int_equal(firn_arena_used(cx->arena), 300);
	p = firn_regrow(cx, p, 300, 20);
	assert_int_equal(firn_arena_used(cx->arena), 20);
	p = firn_regrow(cx, p, 20, 1 << 20);
	p = firn_regrow(cx, p, 1 << 20, 2 << 20);
	assert_int_equal(firn_arena_used(cx->arena), 20 + (2 << 20));
	p = firn_regrow(cx, p, 2 << 20, 1 << 20);
	assert_int_equal(firn_arena_used(cx->arena), 20 + (1 << 20));
	memset(p, 'x', 1 << 20);
	assert_null(firn_regrow(cx, p, 1 << 20, ARENA_BYTES));
	assert_fails(cx, cx->err.code, FIRN_E_TOO_LARGE, "memory");
	assert_int_equal(p[(1 << 20) - 1], 'x');
}

struct order {
	char seen[8];
	size_t n;
};
struct mark {
	struct order *order;
	char name;
};

static void note_mark(void *ptr)
{
	struct mark *mark = ptr;

	mark->order->seen[mark->order->n++] = mark->name;
}

static void test_deferred_newest_first(void **state)
{
	struct firn_ctx *cx = *state;
	struct order order = {{0}, 0};
	struct mark a = {&order, 'a'};
	struct mark b = {&order, 'b'};
	struct mark c = {&order, 'c'};

	assert_ok(cx, firn_arena_defer(cx, note_mark, &a));
	assert_ok(cx, firn_arena_defer(cx, note_mark, &b));
	firn_arena_reset(cx->arena);
	assert_string_equal(order.seen, "ba");
	firn_arena_reset(cx->arena);
	assert_string_equal(order.seen, "ba");
	assert_ok(cx, firn_arena_defer(cx, note_mark, &c));
	firn_arena_free(cx->arena);
	assert_string_equal(order.seen, "bac");
	cx->arena = firn_arena_new(0);
	assert_fails(cx, firn_arena_defer(cx, note_mark, &a), FIRN_E_TOO_LARGE, "memory");
	firn_arena_free(NULL);
}

static void test_poison(void **state)
{
	struct firn_ctx *cx = *state;
	char *p = firn_alloc(cx, 13);

	assert_non_null(p);
#ifdef ASAN
	assert_false(__asan_address_is_poisoned(p + 12));
	assert_true(__asan_address_is_poisoned(p + 13));
	firn_arena_reset(cx->arena);
	assert_true(__asan_address_is_poisoned(p));
	assert_ptr_equal(firn_alloc(cx, 5), p);
	assert_true(__asan_address_is_poisoned(p + 5));
	p = firn_regrow(cx, p, 5, 9);
	assert_false(__asan_address_is_poisoned(p + 8));
	assert_true(__asan_address_is_poisoned(p + 9));
#endif
}

static void test_ctx_init(void **state)
{
	struct firn_ctx *cx = *state;

	assert_string_equal(cx->principal, "anonymous");
	assert_non_null(cx->clock);
	assert_null(cx->db);
}

static void test_secret(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_secret secret = {NULL, 0};

	assert_ok(cx, firn_secret_set(cx, &secret, "key", 3));
	assert_memory_equal(secret.bytes, "key", 3);
	assert_ok(cx, firn_secret_set(cx, &secret, "", 0));
	assert_int_equal(secret.n, 0);
	firn_secret_release(&secret);
	firn_secret_release(&secret);
	assert_null(secret.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_aligned_and_zeroed),
		WITH_CTX(test_ceiling),
		WITH_CTX(test_overflow),
		WITH_CTX(test_charge),
		WITH_CTX(test_regrow_keeps_bytes),
		WITH_CTX(test_regrow_accounts),
		WITH_CTX(test_deferred_newest_first),
		WITH_CTX(test_poison),
		WITH_CTX(test_ctx_init),
		WITH_CTX(test_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
