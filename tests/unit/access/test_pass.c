/* A pass keeps what was asked, whatever becomes of the context's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firn/access.h"
#include "firn/arena.h"

static void test_pass(void **state)
{
	struct firn_arena *arena = firn_arena_new(1 << 16);
	const struct firn_pass *pass = NULL;
	struct firn_ctx cx;

	(void)state;
	firn_ctx_init(&cx, arena);
	strcpy(cx.principal, "ann");
	assert_int_equal(firn_access_check(&cx, "updateTable", &pass), FIRN_OK);
	strcpy(cx.principal, "bob");
	assert_string_equal(firn_pass_operation(pass), "updateTable");
	assert_true(firn_str_is(firn_pass_principal(pass), "ann"));
	firn_arena_free(arena);
}

static void test_no_memory(void **state)
{
	struct firn_arena *arena = firn_arena_new(8);
	const struct firn_pass *pass = NULL;
	struct firn_ctx cx;

	(void)state;
	firn_ctx_init(&cx, arena);
	assert_int_equal(firn_access_check(&cx, "updateTable", &pass), FIRN_E_TOO_LARGE);
	assert_null(pass);
	firn_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pass),
					   cmocka_unit_test(test_no_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
