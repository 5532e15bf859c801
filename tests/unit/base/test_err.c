/* Errors: the first wins, texts are well-formed UTF-8 whatever they are made of. */
#include "firn/log.h"
#include "fixture.h"

static void test_first_fail_wins(void **state)
{
	struct firn_ctx *cx = *state;

	assert_int_equal(firn_fail(cx, FIRN_E_NO_SUCH_TABLE, "table '%s'", "a"),
			 FIRN_E_NO_SUCH_TABLE);
	assert_int_equal(firn_fail(cx, FIRN_E_INTERNAL, "later"), FIRN_E_NO_SUCH_TABLE);
	assert_string_equal(cx->err.message, "table 'a'");
	firn_err_clear(cx);
	assert_int_equal(cx->err.code, FIRN_OK);
	assert_string_equal(cx->err.message, "");
	assert_int_equal(firn_fail(cx, FIRN_OK, "a bug"), FIRN_E_INTERNAL);
}

static void test_notes(void **state)
{
	struct firn_ctx *cx = *state;
	static char long_text[2000];

	assert_int_equal(firn_note(cx, "nothing is set"), FIRN_OK);
	assert_string_equal(cx->err.notes, "");
	firn_fail(cx, FIRN_E_CONFLICT, "m");
	assert_int_equal(firn_note(cx, "one %d", 1), FIRN_E_CONFLICT);
	firn_note(cx, "two");
	assert_string_equal(cx->err.notes, "one 1; two");
	memset(long_text, 'x', sizeof(long_text) - 1);
	firn_note(cx, "%s", long_text);
	assert_int_equal(strlen(cx->err.notes), sizeof(cx->err.notes) - 1);
	firn_note(cx, "no room");
	assert_int_equal(strlen(cx->err.notes), sizeof(cx->err.notes) - 1);
}

/* Every length around the end, for characters of two to four bytes. */
static void test_cut_at_character(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

	for (size_t c = 0; c < 3; c++) {
		for (int pad = 1015; pad <= 1024; pad++) {
			firn_err_clear(cx);
			firn_fail(cx, FIRN_E_BAD_REQUEST, "%*s%s%s%s%s", pad, "", characters[c],
				  characters[c], characters[c], characters[c]);
			assert_true(firn_utf8_valid(firn_str(cx->err.message)));
			assert_null(strchr(cx->err.message, '?'));
			assert_true(strlen(cx->err.message) > 1019 || pad < 1019);
		}
	}
}

static void test_ill_formed_is_replaced(void **state)
{
	struct firn_ctx *cx = *state;

	firn_fail(cx, FIRN_E_BAD_REQUEST,
		  "a\xFF"
		  "b\xE2\x82"
		  "c\xC0\xAF\xED\xA0\x80");
	assert_string_equal(cx->err.message, "a?b??c?????");
}

static void test_table(void **state)
{
	(void)state;
	assert_string_equal(firn_code_info(FIRN_E_COMMIT_FAILED)->iceberg_type,
			    "CommitFailedException");
	assert_int_equal(firn_code_info(FIRN_E_COMMIT_FAILED)->http_status, 409);
	assert_int_equal(firn_code_info(FIRN_E_INTERNAL)->log_level, FIRN_LOG_ERROR);
	assert_string_equal(firn_code_info(FIRN_OK)->name, "OK");
	assert_string_equal(firn_code_info(FIRN_E_COUNT)->name, "INTERNAL");
	assert_string_equal(firn_code_info((enum firn_code) - 1)->name, "INTERNAL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_first_fail_wins),
		WITH_CTX(test_notes),
		WITH_CTX(test_cut_at_character),
		WITH_CTX(test_ill_formed_is_replaced),
		WITH_CTX(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
