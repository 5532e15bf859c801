/* The gates before any handler: what a head alone decides, and the reply that a refusal becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../../src/api/internal.h"
#include "firn/arena.h"

struct head {
	const char *name, *value;
};
enum { HEADS = 4 };

struct world {
	struct firn_api *api;
	struct firn_call call;
	const struct head *heads; /* HEADS of them, or fewer and one without a name */
};

static bool is_ready(void *server, const char **ret_reason)
{
	*ret_reason = "asleep";
	return server != NULL;
}

static struct firn_str head_of(const struct firn_call *call, const char *name)
{
	const struct world *w = call->transport;

	for (size_t i = 0; i < HEADS && w->heads[i].name; i++)
		if (firn_str_ieq(firn_str(w->heads[i].name), firn_str(name)))
			return firn_str(w->heads[i].value);
	return FIRN_STR_NONE;
}

static int setup(void **state)
{
	const struct firn_api_config config = {.base_url = FIRN_STR("https://firn.example/x"),
					       .body_ceiling = 1000};
	const struct firn_api_hooks hooks = {.ready = is_ready};
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	firn_ctx_init(&w->call.cx, firn_arena_new(1 << 20));
	*state = w;
	return firn_api_open(&w->call.cx, NULL, &config, &hooks, &w->api) == FIRN_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	firn_api_free(w->api);
	firn_arena_free(w->call.cx.arena);
	free(w);
	return 0;
}

static enum firn_next send_head(struct world *w, enum firn_method method, const char *text,
				const char *path, const struct head *heads)
{
	struct firn_arena *arena = w->call.cx.arena;

	firn_arena_reset(arena);
	memset(&w->call, 0, sizeof(w->call));
	firn_ctx_init(&w->call.cx, arena);
	w->heads = heads;
	w->call.api = w->api;
	w->call.transport = w;
	w->call.header = head_of;
	w->call.loopback_peer = true;
	w->call.method = method;
	w->call.method_text = firn_str(text);
	w->call.raw_path = firn_str(path);
	return firn_api_route(&w->call);
}

static struct firn_str reply_header(const struct firn_call *call, const char *name)
{
	for (unsigned i = 0; i < call->reply.n_headers; i++)
		if (firn_str_is(call->reply.headers[i].key, name))
			return call->reply.headers[i].value;
	return FIRN_STR_NONE;
}

#define NAMESPACES "/v1/w/namespaces"
#define INFO "/management/v1/info"

struct refused {
	enum firn_method method;
	const char *text, *path;
	struct head heads[HEADS];
	int status; /* 0: goes on */
};

static void check(struct world *w, const struct refused *c)
{
	enum firn_next next = send_head(w, c->method, c->text, c->path, c->heads);

	if (w->call.reply.status != c->status)
		fail_msg("%s %s (%s: %s): %d %s", c->text, c->path,
			 c->heads[0].name ? c->heads[0].name : "",
			 c->heads[0].name ? c->heads[0].value : "", w->call.reply.status,
			 w->call.cx.err.message);
	assert_int_equal(next, c->status ? FIRN_NEXT_REPLY : FIRN_NEXT_ASK);
}

static void test_transport(void **state)
{
	static const struct refused cases[] = {
		{FIRN_POST, "POST", NAMESPACES, {{"Content-Length", "2"}}, 0},
		{FIRN_POST, "POST", NAMESPACES, {{"Transfer-Encoding", "chunked"}}, 0},
		{FIRN_POST, "POST", NAMESPACES, {{0}}, 411},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Content-Type", "text/plain"}, {"Content-Length", "2"}},
		 415},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Content-Type", "application/x+JSON; charset=utf-8"}, {"Content-Length", "2"}},
		 0},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Content-Encoding", "br"}, {"Content-Length", "2"}},
		 415},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Content-Encoding", "gzip"}, {"Content-Length", "2"}},
		 0},
		{FIRN_GET, "GET", NAMESPACES, {{"Accept", "text/html, application/*;q=0.1"}}, 0},
		{FIRN_GET, "GET", NAMESPACES, {{"Accept", "text/html,image/*"}}, 406},
		{FIRN_GET, "GET", "/v2/nothing", {{0}}, 404},
		{FIRN_PUT, "PUT", NAMESPACES, {{0}}, 405},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(*state, &cases[i]);
}

static void test_management(void **state)
{
	static const struct refused cases[] = {
		{FIRN_GET, "GET", INFO, {{"Host", "127.0.0.1:8181"}}, 0},
		{FIRN_GET, "GET", INFO, {{"Host", "[::1]"}}, 0},
		{FIRN_GET, "GET", INFO, {{"Host", "127.example.com"}}, 403},
		{FIRN_GET, "GET", INFO, {{"Host", "[::2]"}}, 403},
		{FIRN_GET, "GET", INFO, {{0}}, 403},
		{FIRN_GET, "GET", INFO, {{"Host", "localhost"}, {"Via", "1.1 p"}}, 403},
		{FIRN_GET, "GET", INFO, {{"Host", "localhost"}, {"X-Real-IP", "1.2.3.4"}}, 403},
		{FIRN_GET, "GET", NAMESPACES, {{"Host", "anywhere"}, {"Via", "1.1 p"}}, 0},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(w, &cases[i]);
}

static void test_origin(void **state)
{
#define LENGTH                                                                                     \
	{                                                                                          \
		"Content-Length", "2"                                                              \
	}
	static const struct refused cases[] = {
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", "https://firn.example"}, LENGTH}, 0},
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", "https://FIRN.example"}, LENGTH}, 0},
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", "https://firn.exampl"}, LENGTH}, 403},
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", "http://firn.example"}, LENGTH}, 403},
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", "null"}, LENGTH}, 403},
		{FIRN_POST, "POST", NAMESPACES, {{"Origin", ""}, LENGTH}, 403},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Origin", "http://127.0.0.1:1"}, {"Host", "127.0.0.1:1"}, LENGTH},
		 0},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Origin", "http://127.0.0.1:1"}, {"Host", "127.0.0.1:2"}, LENGTH},
		 403},
		{FIRN_POST,
		 "POST",
		 NAMESPACES,
		 {{"Origin", "http://evil:1"}, {"Host", "evil:1"}, LENGTH},
		 403},
		{FIRN_GET, "GET", NAMESPACES, {{"Origin", "http://evil:1"}}, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(*state, &cases[i]);
}

/* Of the reply that was being built only Allow outlives a failure. */
static void test_failure(void **state)
{
	static const struct head none[HEADS];
	struct world *w = *state;

	(void)send_head(w, FIRN_PUT, "PUT", NAMESPACES, none);
	assert_true(reply_header(&w->call, "Allow").n > 0);
	(void)send_head(w, FIRN_GET, "GET", NAMESPACES, none);
	firn_reply_header(&w->call, "ETag", FIRN_STR("\"x\""));
	firn_reply_header(&w->call, "Content-Type", FIRN_STR("text/event-stream"));
	firn_reply_part(&w->call, FIRN_STR("half"));
	(void)firn_fail(&w->call.cx, FIRN_E_UNAVAILABLE, "busy");
	firn_api_fail(&w->call);
	assert_int_equal(w->call.reply.status, 503);
	assert_null(reply_header(&w->call, "ETag").p);
	assert_true(firn_str_is(reply_header(&w->call, "Content-Type"), "application/json"));
	assert_true(firn_str_is(reply_header(&w->call, "Retry-After"), "1"));
	assert_int_equal(w->call.reply.n_headers, 2);
	assert_int_equal(w->call.reply.n_body, 1);
	assert_true(firn_str_is(w->call.reply.body[0],
				"{\"error\":{\"message\":\"busy\",\"type\":"
				"\"ServiceUnavailableException\",\"code\":503}}"));
	(void)send_head(w, FIRN_HEAD, "HEAD", "/v1/w/namespaces/a", none);
	(void)firn_fail(&w->call.cx, FIRN_E_NO_SUCH_NAMESPACE, "gone");
	firn_api_fail(&w->call);
	assert_int_equal(w->call.reply.status, 404);
	assert_int_equal(w->call.reply.n_body, 0);
}

/* The one place where the queue's order comes from: equal for one table, whatever is done to it. */
static void test_order(void **state)
{
	static const struct head none[HEADS] = {LENGTH};
	struct world *w = *state;
	uint64_t first;

	(void)send_head(w, FIRN_POST, "POST", "/v1/w/namespaces/a/tables/t", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_LANE);
	first = w->call.queue_key;
	assert_true(first != 0);
	(void)send_head(w, FIRN_POST, "POST", "/v1/w/namespaces/%61/tables/%74", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_LANE);
	assert_true(w->call.queue_key == first);
	(void)send_head(w, FIRN_POST, "POST", "/v1/w/namespaces/a/tables/u", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_LANE);
	assert_true(w->call.queue_key != first);
	(void)send_head(w, FIRN_POST, "POST", "/v1/w/tables/rename", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_LANE);
	assert_true(w->call.queue_key == 0);
}

static void test_health(void **state)
{
	static const struct head none[HEADS];
	struct world *w = *state;

	(void)send_head(w, FIRN_GET, "GET", "/health/live", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_REPLY);
	assert_int_equal(w->call.reply.status, 200);
	(void)send_head(w, FIRN_GET, "GET", "/health/ready", none);
	assert_int_equal(firn_api_begin(&w->call), FIRN_NEXT_REPLY);
	assert_int_equal(w->call.reply.status, 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_transport, setup, teardown),
		cmocka_unit_test_setup_teardown(test_management, setup, teardown),
		cmocka_unit_test_setup_teardown(test_origin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
