/* What the tests of this room share: a context over a fresh arena, and checks of its error. */
#ifndef FIRN_TESTS_BASE_FIXTURE_H
#define FIRN_TESTS_BASE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "firn/arena.h"
#include "firn/str.h"

#define ARENA_BYTES ((size_t)64 << 20)

static inline int ctx_setup(void **state)
{
	struct firn_ctx *cx = malloc(sizeof(*cx));

	firn_ctx_init(cx, firn_arena_new(ARENA_BYTES));
	*state = cx;
	return 0;
}

static inline int ctx_teardown(void **state)
{
	struct firn_ctx *cx = *state;

	firn_arena_free(cx->arena);
	free(cx);
	return 0;
}

#define WITH_CTX(test) cmocka_unit_test_setup_teardown(test, ctx_setup, ctx_teardown)

#define assert_ok(cx, expr)                                                                        \
	do {                                                                                       \
		if ((expr) != FIRN_OK)                                                             \
			fail_msg("%s: %s", #expr, (cx)->err.message);                              \
	} while (0)

/* Fails with code and a message that contains part; forgets the error. */
#define assert_fails(cx, expr, want, part)                                                         \
	do {                                                                                       \
		firn_rc rc_ = (expr);                                                              \
		assert_string_equal(firn_code_info(rc_)->name, firn_code_info(want)->name);        \
		assert_int_equal((cx)->err.code, rc_);                                             \
		if (!strstr((cx)->err.message, (part)))                                            \
			fail_msg("'%s' not in '%s'", (part), (cx)->err.message);                   \
		firn_err_clear(cx);                                                                \
	} while (0)

#define assert_text(s, want)                                                                       \
	do {                                                                                       \
		struct firn_str s_ = (s);                                                          \
		if (!firn_str_is(s_, (want)))                                                      \
			fail_msg("'%.*s' is not '%s'", FIRN_FMT(s_), (want));                      \
	} while (0)

#endif
