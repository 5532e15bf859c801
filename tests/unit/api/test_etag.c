/* Entity tags: what they change with, and which lists they match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../../src/api/internal.h"
#include "firn/arena.h"

static const char *delegation;

static struct firn_str header(const struct firn_call *call, const char *name)
{
	(void)call;
	return strcmp(name, "X-Iceberg-Access-Delegation") == 0 ? firn_str(delegation)
								: FIRN_STR_NONE;
}

static void test_changes(void **state)
{
	struct firn_call call = {.header = header};
	struct firn_pointer p = {.tabular_id = 7, .version = 3, .profile_version = 1};
	struct firn_str tags[7];

	(void)state;
	firn_ctx_init(&call.cx, firn_arena_new(1 << 16));
	delegation = NULL;
	tags[0] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	assert_true(firn_str_eq(tags[0], firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL)));
	tags[1] = firn_etag(&call, &p, FIRN_SNAPSHOTS_REFS);
	delegation = "vended-credentials";
	tags[2] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	delegation = NULL;
	p.version = 4;
	tags[3] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	p.version = 3;
	p.tabular_id = 8;
	tags[4] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	p.tabular_id = 7;
	p.profile_version = 2;
	tags[5] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	p.profile_version = 1;
	p.sha256[0] = 1; /* a restored database gives the version's number again */
	tags[6] = firn_etag(&call, &p, FIRN_SNAPSHOTS_ALL);
	for (int i = 0; i < 7; i++) {
		assert_true(firn_str_starts(tags[i], FIRN_STR("W/\"")));
		for (int j = 0; j < i; j++)
			assert_false(firn_str_eq(tags[i], tags[j]));
	}
	firn_arena_free(call.cx.arena);
}

static void test_matches(void **state)
{
	struct firn_str tag = FIRN_STR("W/\"ab\"");

	(void)state;
	assert_true(firn_etag_matches(FIRN_STR("W/\"ab\""), tag));
	assert_true(firn_etag_matches(FIRN_STR("\"ab\""), tag));
	assert_true(firn_etag_matches(FIRN_STR("*"), tag));
	assert_true(firn_etag_matches(FIRN_STR("\"x\" ,  W/\"ab\""), tag));
	assert_false(firn_etag_matches(FIRN_STR("\"abc\""), tag));
	assert_false(firn_etag_matches(FIRN_STR("ab"), tag));
	assert_false(firn_etag_matches(FIRN_STR(""), tag));
	assert_false(firn_etag_matches(FIRN_STR(",,"), tag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
