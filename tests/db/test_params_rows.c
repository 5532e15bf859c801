/* Parameters and rows: what goes in as text comes out the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)

static const struct firn_sql scalars = {
	"t_scalars", "select $1::text, $2::bigint, $3::boolean, $4::uuid, $5::bytea, $6::text",
	"text,bigint,boolean,uuid,bytea,text", "text,bigint,boolean,uuid,bytea,text"};

static void test_scalars(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	static const int64_t numbers[] = {0, -1, INT64_MAX, INT64_MIN};
	unsigned char bytes[256], back[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	for (size_t i = 0; i < 4; i++) {
		struct firn_params p = {0};
		const struct firn_rows *rows;
		struct firn_uuid uuid = firn_uuid_v4(), got;

		OK(firn_param_str(cx, &p, FIRN_STR("it's \xc3\xa4 \"\\\x1f\n\xf0\x9f\x90\xa7")));
		OK(firn_param_i64(cx, &p, numbers[i]));
		OK(firn_param_bool(cx, &p, i % 2));
		OK(firn_param_uuid(cx, &p, &uuid));
		OK(firn_param_bytes(cx, &p, bytes, sizeof(bytes)));
		OK(firn_param_str(cx, &p, FIRN_STR("")));
		OK(firn_db_query(cx, &scalars, &p, &rows));
		assert_int_equal(firn_rows_count(rows), 1);
		assert_true(firn_str_is(firn_row_str(rows, 0, 0),
					"it's \xc3\xa4 \"\\\x1f\n\xf0\x9f\x90\xa7"));
		assert_true(firn_row_i64(rows, 0, 1) == numbers[i]);
		assert_int_equal(firn_row_bool(rows, 0, 2), i % 2);
		got = firn_row_uuid(rows, 0, 3);
		assert_true(firn_uuid_eq(&got, &uuid));
		OK(firn_row_bytes(cx, rows, 0, 4, back, sizeof(back)));
		assert_memory_equal(bytes, back, sizeof(bytes));
		assert_int_equal(firn_row_str(rows, 0, 5).n, 0);
		assert_non_null(firn_row_str(rows, 0, 5).p);
		assert_false(firn_row_null(rows, 0, 5));
		assert_int_equal(firn_row_bytes(cx, rows, 0, 4, back, 255), FIRN_E_INTERNAL);
		firn_err_clear(cx);
		assert_int_equal(firn_row_bytes(cx, rows, 0, 0, back, 3), FIRN_E_INTERNAL);
		firn_err_clear(cx);
	}
}

static void test_nulls(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_uuid zero = {{0}}, got;

	OK(firn_param_str(cx, &p, FIRN_STR_NONE));
	OK(firn_param_null(cx, &p));
	OK(firn_param_null(cx, &p));
	OK(firn_param_uuid(cx, &p, NULL));
	OK(firn_param_bytes(cx, &p, NULL, 0));
	OK(firn_param_str(cx, &p, FIRN_STR_NONE));
	OK(firn_db_query(cx, &scalars, &p, &rows));
	for (unsigned i = 0; i < 6; i++)
		assert_true(firn_row_null(rows, 0, i));
	assert_null(firn_row_str(rows, 0, 0).p);
	assert_true(firn_row_i64(rows, 0, 1) == 0);
	assert_false(firn_row_bool(rows, 0, 2));
	got = firn_row_uuid(rows, 0, 3);
	assert_true(firn_uuid_eq(&got, &zero));
}

static const struct firn_sql array = {
	"t_array", "select $1::text[], cardinality($1::text[]), $1::text[] is null", "text[]",
	"text[],integer,boolean"};

static void check_array(struct firn_ctx *cx, struct firn_str *items, size_t n)
{
	struct firn_strs in = {items, n}, out;
	struct firn_params p = {0};
	const struct firn_rows *rows;

	OK(firn_param_strs(cx, &p, &in));
	OK(firn_db_query(cx, &array, &p, &rows));
	assert_int_equal(firn_row_i64(rows, 0, 1), n);
	OK(firn_row_strs(cx, rows, 0, 0, &out));
	assert_int_equal(out.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(out.items[i].p == NULL, items[i].p == NULL);
		assert_true(firn_str_eq(out.items[i], items[i]));
	}
}

static void test_arrays(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	struct firn_str hard[] = {FIRN_STR(""),
				  FIRN_STR("NULL"),
				  FIRN_STR("null"),
				  FIRN_STR_NONE,
				  FIRN_STR("\""),
				  FIRN_STR("\\"),
				  FIRN_STR("a,b"),
				  FIRN_STR("{x}"),
				  FIRN_STR(" blank "),
				  FIRN_STR("\\\"\\"),
				  FIRN_STR("\xe2\x80\xa8\xf0\x9f\x90\xa7"),
				  FIRN_STR("line\nline\ttab"),
				  FIRN_STR("plain"),
				  FIRN_STR("it's"),
				  FIRN_STR("}"),
				  FIRN_STR(",")};
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_strs out = {hard, 1};

	check_array(cx, hard, sizeof(hard) / sizeof(*hard));
	for (size_t i = 0; i < sizeof(hard) / sizeof(*hard); i++)
		check_array(cx, hard + i, 1);
	check_array(cx, NULL, 0);
	OK(firn_param_strs(cx, &p, NULL));
	OK(firn_db_query(cx, &array, &p, &rows));
	assert_true(firn_row_bool(rows, 0, 2));
	OK(firn_row_strs(cx, rows, 0, 0, &out));
	assert_int_equal(out.n, 0);
}

static void test_many_elements(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	struct firn_str *items = firn_calloc(cx, 10000, sizeof(*items));

	for (size_t i = 0; i < 10000; i++)
		items[i] = firn_printf(cx, "name \"%zu\" \\ \xc3\xbc", i);
	check_array(cx, items, 10000);
}

static const struct firn_sql not_an_array = {"t_not_an_array",
					     "select '{a', 'x', '{{a},{b}}', '{\"a}', '{a,}'", "",
					     "text,text,text,text,text"};

static void test_ill_formed_arrays(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	const struct firn_rows *rows;
	struct firn_strs out = {NULL, 77};

	OK(firn_db_query(cx, &not_an_array, NULL, &rows));
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(firn_row_strs(cx, rows, 0, i, &out), FIRN_E_INTERNAL);
		assert_int_equal(out.n, 77);
		firn_err_clear(cx);
	}
}

static void test_refusals(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	struct firn_params p = {0};
	struct firn_str items[] = {FIRN_STR("a"), {"b\0c", 3}};
	struct firn_strs strs = {items, 2};

	assert_int_equal(firn_param_str(cx, &p, (struct firn_str){"ab\0c", 4}), FIRN_E_BAD_REQUEST);
	assert_non_null(
		strstr(cx->err.message, "'ab' goes on with the character U+0000 at byte 2"));
	firn_err_clear(cx);
	assert_int_equal(firn_param_strs(cx, &p, &strs), FIRN_E_BAD_REQUEST);
	firn_err_clear(cx);
	assert_int_equal(p.n, 0);
	for (unsigned i = 0; i < FIRN_PARAMS_MAX; i++)
		OK(firn_param_i64(cx, &p, i));
	assert_int_equal(firn_param_null(cx, &p), FIRN_E_INTERNAL);
	assert_int_equal(p.n, FIRN_PARAMS_MAX);
}

static const struct firn_sql several = {
	"t_several", "select i::bigint from generate_series(1, $1::bigint) i", "bigint", "bigint"};

static void test_many_rows(void **state)
{
	struct firn_ctx *cx = &((struct testdb *)*state)->cx;
	struct firn_params p = {0};
	const struct firn_rows *rows;

	OK(firn_param_i64(cx, &p, 5000));
	OK(firn_db_query(cx, &several, &p, &rows));
	assert_int_equal(firn_rows_count(rows), 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(firn_row_i64(rows, i, 0), i + 1);
	/* Outside the result nothing is there. */
	assert_null(firn_row_str(rows, 5000, 0).p);
	assert_null(firn_row_str(rows, 0, 1).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalars),
					   cmocka_unit_test(test_nulls),
					   cmocka_unit_test(test_arrays),
					   cmocka_unit_test(test_many_elements),
					   cmocka_unit_test(test_ill_formed_arrays),
					   cmocka_unit_test(test_refusals),
					   cmocka_unit_test(test_many_rows)};

	return cmocka_run_group_tests(tests, testdb_setup, testdb_teardown);
}
