/* Clocks, deadlines and the text of a moment; UUIDs. */
#include <time.h>

#include "firn/clock.h"
#include "firn/uuid.h"
#include "fixture.h"

static int64_t fixed_wall(const struct firn_clock *clock)
{
	(void)clock;
	return 1;
}

static int64_t fixed_monotonic(const struct firn_clock *clock)
{
	(void)clock;
	return 1000000000;
}

static void test_deadline(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_clock clock = {fixed_wall, fixed_monotonic};

	cx->clock = &clock;
	assert_int_equal(firn_wall_ms(cx), 1);
	assert_int_equal(firn_deadline_ms(cx), INT32_MAX);
	cx->deadline_ns = 1000000000;
	assert_int_equal(firn_deadline_ms(cx), 0);
	cx->deadline_ns = 1;
	assert_int_equal(firn_deadline_ms(cx), 0);
	cx->deadline_ns = 1000000001;
	assert_int_equal(firn_deadline_ms(cx), 1);
	cx->deadline_ns = 1005000000;
	assert_int_equal(firn_deadline_ms(cx), 5);
	cx->deadline_ns = INT64_MAX;
	assert_int_equal(firn_deadline_ms(cx), INT32_MAX);
}

static void test_system_clock(void **state)
{
	struct firn_ctx *cx = *state;
	int64_t before = firn_monotonic_ns(cx);

	assert_true(firn_monotonic_ns(cx) >= before);
	assert_true(llabs(firn_wall_ms(cx) / 1000 - (int64_t)time(NULL)) <= 1);
}

static void check_moment(int64_t ms, const char *want)
{
	char text[25];

	firn_iso8601(ms, text);
	assert_string_equal(text, want);
}

static void test_iso8601(void **state)
{
	(void)state;
	check_moment(0, "1970-01-01T00:00:00.000Z");
	check_moment(-1, "1969-12-31T23:59:59.999Z");
	check_moment(-1000, "1969-12-31T23:59:59.000Z");
	check_moment(1709210096007, "2024-02-29T12:34:56.007Z");
	check_moment(INT64_MAX, "9999-12-31T23:59:59.999Z");
	check_moment(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

static void test_uuid_text(void **state)
{
	struct firn_uuid uuid;
	char text[FIRN_UUID_TEXT + 1];

	(void)state;
	assert_true(firn_uuid_parse(FIRN_STR("0123456789abCDEF-not-a-uuid-here-000"), &uuid) ==
		    false);
	assert_true(firn_uuid_parse(FIRN_STR("01234567-89AB-cdef-0123-456789abcdef"), &uuid));
	firn_uuid_text(&uuid, text);
	assert_string_equal(text, "01234567-89ab-cdef-0123-456789abcdef");
}

static void test_uuid_refuses(void **state)
{
	static const char *const bad[] = {"",
					  "01234567-89ab-cdef-0123-456789abcde",
					  "01234567-89ab-cdef-0123-456789abcdef0",
					  "0123456789abcdef0123456789abcdef",
					  "{1234567-89ab-cdef-0123-456789abcde}",
					  "01234567-89ab-cdef-0123-456789abcdeg",
					  "01234567_89ab-cdef-0123-456789abcdef",
					  "0123456-789ab-cdef-0123-456789abcdef",
					  "01234567-89ab-cdef-0123-456789abcd\020f"};
	struct firn_uuid uuid;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(firn_uuid_parse(firn_str(bad[i]), &uuid));
}

static void test_uuid_versions(void **state)
{
	struct firn_uuid a = firn_uuid_v4();
	struct firn_uuid b = firn_uuid_v4();
	struct firn_uuid early = firn_uuid_v7(0x0123456789AB);
	struct firn_uuid late = firn_uuid_v7(0x0123456789AC);
	char text[FIRN_UUID_TEXT + 1];

	(void)state;
	assert_false(firn_uuid_eq(&a, &b));
	assert_true(firn_uuid_eq(&a, &a));
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
	assert_int_equal(early.b[6] >> 4, 7);
	assert_int_equal(early.b[8] >> 6, 2);
	assert_true(memcmp(early.b, late.b, 16) < 0);
	firn_uuid_text(&early, text);
	assert_memory_equal(text, "01234567-89ab-7", 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_deadline),  WITH_CTX(test_system_clock), WITH_CTX(test_iso8601),
		WITH_CTX(test_uuid_text), WITH_CTX(test_uuid_refuses), WITH_CTX(test_uuid_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
