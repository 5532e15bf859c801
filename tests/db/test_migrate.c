/* Migrations: once, in order, by one of many; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)
#define PROCESSES 6

static int setup_empty(void **state)
{
	struct testdb *t = calloc(1, sizeof(*t));

	testdb_create_empty(t->conninfo);
	t->arena = firn_arena_new(64 << 20);
	firn_ctx_init(&t->cx, t->arena);
	t->cx.db = firn_db_new(t->conninfo);
	*state = t;
	return 0;
}

static void test_from_nothing(void **state)
{
	struct testdb *t = *state;
	struct firn_schema_state schema;
	int n = -1;

	OK(firn_schema_state(&t->cx, &schema));
	assert_int_equal(schema.version, 0);
	assert_true(schema.known > 0);
	OK(firn_schema_migrate(&t->cx, &n));
	assert_true(n > 0);
	OK(firn_schema_state(&t->cx, &schema));
	assert_int_equal(schema.version, schema.known);
	OK(firn_schema_migrate(&t->cx, &n));
	assert_int_equal(n, 0);
	OK(firn_schema_migrate(&t->cx, NULL));
}

/* The number of migrations this process applied, as its exit status; 99 for trouble. */
static pid_t migrate_elsewhere(const char *conninfo, const int gate[2])
{
	pid_t pid = fork();
	struct firn_ctx cx;
	int n = 99;
	char go;

	if (pid != 0)
		return pid;
	close(gate[1]);
	firn_ctx_init(&cx, firn_arena_new(16 << 20));
	cx.db = firn_db_new(conninfo);
	if (firn_db_connect(&cx, cx.db) != FIRN_OK || read(gate[0], &go, 1) != 0 ||
	    firn_schema_migrate(&cx, &n) != FIRN_OK)
		_exit(99);
	_exit(n);
}

static void test_many_at_once(void **state)
{
	struct testdb *t = *state;
	struct firn_schema_state schema;
	pid_t pids[PROCESSES];
	int gate[2], sum = 0;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = migrate_elsewhere(t->conninfo, gate);
		assert_true(pids[i] > 0);
	}
	close(gate[1]); /* lets all of them go at once */
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	close(gate[0]);
	OK(firn_schema_state(&t->cx, &schema));
	assert_int_equal(schema.version, schema.known);
	assert_int_equal(sum, schema.known);
}

static void test_newer_schema(void **state)
{
	struct testdb *t = *state;
	struct firn_schema_state schema;

	free(testdb_sql(t->conninfo, "insert into schema_migration (version, name, sha256) values "
				     "(9999, '9999_x.sql', '')"));
	assert_int_equal(firn_schema_migrate(&t->cx, NULL), FIRN_E_CONFLICT);
	assert_non_null(strstr(t->cx.err.message, "9999"));
	assert_false(firn_db_in_transaction(&t->cx));
	firn_err_clear(&t->cx);
	OK(firn_schema_state(&t->cx, &schema));
	assert_int_equal(schema.version, 9999);
}

static void test_edited_file(void **state)
{
	struct testdb *t = *state;

	free(testdb_sql(t->conninfo,
			"update schema_migration set sha256 = sha256('x') where version = 1"));
	assert_int_equal(firn_schema_migrate(&t->cx, NULL), FIRN_E_CONFLICT);
	assert_non_null(strstr(t->cx.err.message, "0001_"));
}

static void test_failing_file_leaves_nothing(void **state)
{
	struct testdb *t = *state;
	struct firn_schema_state schema;

	free(testdb_sql(t->conninfo, "create table tabular (mine int)"));
	assert_int_equal(firn_schema_migrate(&t->cx, NULL), FIRN_E_INTERNAL);
	assert_string_equal(t->cx.err.sqlstate, "42P07");
	assert_non_null(strstr(t->cx.err.notes, "0001_"));
	firn_err_clear(&t->cx);
	OK(firn_schema_state(&t->cx, &schema));
	assert_int_equal(schema.version, 0);
	free(testdb_sql(t->conninfo, "drop table tabular"));
	OK(firn_schema_migrate(&t->cx, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from_nothing, setup_empty, testdb_teardown),
		cmocka_unit_test_setup_teardown(test_many_at_once, setup_empty, testdb_teardown),
		cmocka_unit_test_setup_teardown(test_newer_schema, testdb_setup, testdb_teardown),
		cmocka_unit_test_setup_teardown(test_edited_file, testdb_setup, testdb_teardown),
		cmocka_unit_test_setup_teardown(test_failing_file_leaves_nothing, setup_empty,
						testdb_teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
