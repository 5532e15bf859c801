/* The command line: rows found by their words, flags known by their kind. */
#include "../../../server/command.h"

#include "fixture.h"

static const struct firn_command *find(int *ret_words, int argc, const char *a, const char *b)
{
	char *argv[] = {strdup("firn"), strdup(a), strdup(b), NULL};
	const struct firn_command *found = firn_command_find(argc, argv, ret_words);

	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	return found;
}

static void test_find(void **state)
{
	int words = 0;

	(void)state;
	assert_string_equal(find(&words, 3, "serve", "x")->verb, "serve");
	assert_int_equal(words, 2);
	assert_string_equal(find(&words, 3, "table", "undo")->noun, "table");
	assert_int_equal(words, 3);
	assert_null(find(&words, 2, "table", ""));
	assert_null(find(&words, 3, "table", "frobnicate"));
	assert_null(find(&words, 2, "undo", ""));
}

static void test_flags(void **state)
{
	struct firn_ctx *cx = *state;
	int words;
	const struct firn_command *serve = find(&words, 2, "serve", "");
	const struct firn_command *log = find(&words, 3, "table", "log");

	assert_int_equal(firn_command_flag(cx, serve, FIRN_STR("config")), FIRN_FLAG_VALUE);
	assert_int_equal(firn_command_flag(cx, serve, FIRN_STR("body-limit")), FIRN_FLAG_VALUE);
	assert_int_equal(firn_command_flag(cx, serve, FIRN_STR("local-files")), FIRN_FLAG_SWITCH);
	assert_int_equal(firn_command_flag(cx, serve, FIRN_STR("json")), FIRN_FLAG_UNKNOWN);
	assert_int_equal(firn_command_flag(cx, log, FIRN_STR("json")), FIRN_FLAG_SWITCH);
	assert_int_equal(firn_command_flag(cx, log, FIRN_STR("server")), FIRN_FLAG_VALUE);
	assert_int_equal(firn_command_flag(cx, log, FIRN_STR("lanes")), FIRN_FLAG_UNKNOWN);
	assert_int_equal(firn_command_flag(cx, log, FIRN_STR("")), FIRN_FLAG_UNKNOWN);
}

/* Every command has a summary, and flags that help knows. */
static void test_table(void **state)
{
	(void)state;
	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		assert_non_null(c->run);
		assert_true(strlen(c->summary) > 0);
		for (const struct firn_command *d = firn_commands; d < c; d++)
			assert_false(strcmp(c->noun, d->noun) == 0 &&
				     strcmp(c->verb, d->verb) == 0);
	}
}

static void test_exit_codes(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		enum firn_code code;
		enum firn_exit exit;
	} cases[] = {
		{FIRN_E_BAD_REQUEST, FIRN_EXIT_USAGE},	     {FIRN_E_FORBIDDEN, FIRN_EXIT_DENIED},
		{FIRN_E_NO_SUCH_TABLE, FIRN_EXIT_NOT_FOUND}, {FIRN_E_CONFLICT, FIRN_EXIT_CONFLICT},
		{FIRN_E_DB_BROKEN, FIRN_EXIT_UNREACHABLE},   {FIRN_E_INTERNAL, FIRN_EXIT_FAILED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)firn_fail(cx, cases[i].code, "of a test");
		assert_int_equal(firn_command_fail(cx, NULL), cases[i].exit);
		firn_err_clear(cx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_find),
		WITH_CTX(test_flags),
		WITH_CTX(test_table),
		WITH_CTX(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
