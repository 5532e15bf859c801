/* From raw paths to routes and targets: what is split, what is decoded, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../../src/api/internal.h"
#include "firn/arena.h"

static int setup(void **state)
{
	struct firn_call *call = calloc(1, sizeof(*call));

	if (!call)
		return -1;
	firn_ctx_init(&call->cx, firn_arena_new(1 << 20));
	*state = call;
	return 0;
}

static int teardown(void **state)
{
	struct firn_call *call = *state;

	firn_arena_free(call->cx.arena);
	free(call);
	return 0;
}

static firn_rc find(struct firn_call *call, enum firn_method method, const char *text,
		    const char *path)
{
	struct firn_arena *arena = call->cx.arena;

	firn_arena_reset(arena);
	memset(call, 0, sizeof(*call));
	firn_ctx_init(&call->cx, arena);
	call->method = method;
	call->method_text = firn_str(text);
	call->raw_path = firn_str(path);
	return firn_route_find(call);
}

static void finds(struct firn_call *call, enum firn_method method, const char *text,
		  const char *path, const char *operation)
{
	if (find(call, method, text, path) != FIRN_OK)
		fail_msg("%s %s: %s", text, path, call->cx.err.message);
	assert_string_equal(call->route->operation, operation);
	assert_string_equal(firn_call_operation(call), operation);
}

static void test_targets(void **state)
{
	struct firn_call *call = *state;

	finds(call, FIRN_GET, "GET", "/v1/config", "getConfig");
	finds(call, FIRN_GET, "GET", "/v1/demo/namespaces/a%1Fb/tables/t", "loadTable");
	assert_true(firn_str_is(call->target.warehouse, "demo"));
	assert_int_equal(call->target.levels.n, 2);
	assert_true(firn_str_is(call->target.levels.items[0], "a"));
	assert_true(firn_str_is(call->target.levels.items[1], "b"));
	assert_true(firn_str_is(call->target.name, "t"));
	finds(call, FIRN_POST, "POST", "/v1/demo/namespaces/a/tables/t", "updateTable");
	assert_true(firn_call_mutates(call));
}

/* Split first, decoded afterwards: an escaped slash belongs to the name. */
static void test_escapes(void **state)
{
	struct firn_call *call = *state;

	finds(call, FIRN_GET, "GET", "/v1/w/namespaces/a%2Fb/tables/t%2F%2e%2E", "loadTable");
	assert_true(firn_str_is(call->target.levels.items[0], "a/b"));
	assert_true(firn_str_is(call->target.name, "t/.."));
	finds(call, FIRN_GET, "GET", "/v1/w/namespaces/a+b/tables/%C3%A9", "loadTable");
	assert_true(firn_str_is(call->target.levels.items[0], "a+b"));
	assert_true(firn_str_is(call->target.name, "\xc3\xa9"));
}

static void test_refused_names(void **state)
{
	struct firn_call *call = *state;
	static const char *const paths[] = {
		"/v1/w/namespaces/a/tables/%2E",     "/v1/w/namespaces/a/tables/%2e%2E",
		"/v1/w/namespaces/a/tables/%00",     "/v1/w/namespaces/a/tables/%0a",
		"/v1/w/namespaces/a/tables/%ff",     "/v1/w/namespaces/a/tables/%4",
		"/v1/w/namespaces/a/tables/%zz",     "/v1/w/namespaces/a%1F/tables/t",
		"/v1/w/namespaces/%1Fa/tables/t",    "/v1/w/namespaces/a/tables//t",
		"/v1/w/namespaces/a/tables/./t",     "/v1/w/namespaces/../tables/t",
		"/v1/w/namespaces/a/tables/t/",	     "v1/config",
		"/v1/w/namespaces/a%1F..%1Fb/views",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (find(call, FIRN_GET, "GET", paths[i]) != FIRN_E_BAD_REQUEST)
			fail_msg("%s is not refused as a bad request", paths[i]);
		assert_true(call->cx.err.message[0] != '\0');
	}
}

static void test_unknown(void **state)
{
	struct firn_call *call = *state;
	static const char *const paths[] = {
		"/",
		"/v1",
		"/v2/config",
		"/v1/config/x",
		"/v1/w/namespace",
		"/v1/con",
		"/v1/configs",
		"/a/b/c/d/e/f/g/h/i/j/k",
		"/v1/w/namespaces/a/table/t",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		firn_rc rc = find(call, FIRN_GET, "GET", paths[i]);

		if (rc != FIRN_E_NO_SUCH_ROUTE && rc != FIRN_E_BAD_REQUEST)
			fail_msg("%s is found", paths[i]);
		assert_null(call->route);
		assert_string_equal(firn_call_operation(call), "unknown");
	}
}

static void test_methods(void **state)
{
	struct firn_call *call = *state;

	assert_int_equal(find(call, FIRN_DELETE, "DELETE", "/v1/config"),
			 FIRN_E_METHOD_NOT_ALLOWED);
	assert_true(firn_str_is(call->reply.headers[0].key, "Allow"));
	assert_true(firn_str_is(call->reply.headers[0].value, "GET"));
	assert_int_equal(find(call, FIRN_METHOD_OTHER, "BREW", "/v1/w/namespaces"),
			 FIRN_E_METHOD_NOT_ALLOWED);
	assert_true(firn_str_is(call->reply.headers[0].value, "GET, POST"));
	/* HEAD is GET where it has no row of its own. */
	finds(call, FIRN_HEAD, "HEAD", "/v1/config", "getConfig");
	finds(call, FIRN_HEAD, "HEAD", "/v1/w/namespaces/a/tables/t", "tableExists");
}

static void test_query(void **state)
{
	struct firn_call *call = *state;

	finds(call, FIRN_GET, "GET", "/v1/config", "getConfig");
	call->raw_query = FIRN_STR("a=1&b=x%20y+z&&empty=&flag&a=2&raw=%2C,");
	assert_int_equal(firn_query_parse(call), FIRN_OK);
	assert_true(firn_str_is(firn_map_get(&call->query, "b"), "x y z"));
	assert_true(firn_str_is(firn_map_get(&call->query, "empty"), ""));
	assert_true(firn_str_is(firn_map_get(&call->query, "flag"), ""));
	assert_null(firn_map_get(&call->query, "none").p);
	assert_true(firn_str_is(firn_query_raw(call, "raw"), "%2C,"));
	finds(call, FIRN_GET, "GET", "/v1/config", "getConfig");
	call->raw_query = FIRN_STR("a=%f");
	assert_int_equal(firn_query_parse(call), FIRN_E_BAD_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_query, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
