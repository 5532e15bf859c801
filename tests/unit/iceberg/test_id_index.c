/* The set of ids: finds what was added, refuses doubles, at any size. */
#include "../../../src/iceberg/id_index.h"
#include "table_fixture.h"

static void test_sizes(void **state)
{
	struct firn_ctx *cx = *state;
	static const size_t sizes[] = {0, 1, 4, 5, 1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct firn_id_index index;

		assert_ok(cx, firn_id_index_init(cx, &index, sizes[i]));
		for (size_t j = 0; j < sizes[i]; j++)
			assert_true(firn_id_index_add(&index, (int64_t)(j << 40) - 1, j));
		for (size_t j = 0; j < sizes[i]; j++) {
			assert_false(firn_id_index_add(&index, (int64_t)(j << 40) - 1, 0));
			assert_int_equal(firn_id_index_find(&index, (int64_t)(j << 40) - 1), j);
		}
		assert_false(firn_id_index_has(&index, 12345));
		assert_int_equal(firn_id_index_has(&index, -1), sizes[i] > 0);
	}
}

static void test_extremes(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_id_index index;

	assert_ok(cx, firn_id_index_init(cx, &index, 3));
	assert_true(firn_id_index_add(&index, INT64_MAX, 0));
	assert_true(firn_id_index_add(&index, INT64_MIN, 1));
	assert_true(firn_id_index_add(&index, 0, 2));
	assert_int_equal(firn_id_index_find(&index, INT64_MIN), 1);
	assert_int_equal(firn_id_index_find(&index, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_sizes), WITH_CTX(test_extremes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
