/*
 * The HTTP client against a scripted server on loopback: what it sends byte for byte, what it makes
 * of complete, cut, oversized and late answers, and what it refuses to follow.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firn/clock.h"
#include "firn/http.h"
#include "fixture.h"

#define REQUESTS_MAX 4

/* One answer per request; an empty answer closes without one, NULL keeps silent until the end. */
struct script {
	const char *answers[REQUESTS_MAX];
	size_t answer_sizes[REQUESTS_MAX]; /* 0: a C string */
	size_t n;
	int listener;
	unsigned port;
	pthread_t thread;
	unsigned connections;
	char requests[REQUESTS_MAX][8192];
	size_t seen;
	int stop[2]; /* closed to end the server */
};

static size_t body_length(const char *head)
{
	const char *at = strstr(head, "Content-Length: ");

	return at ? (size_t)strtoul(at + 16, NULL, 10) : 0;
}

/* False at the end of the connection or of the test. */
static bool wait_readable(const struct script *s, int fd)
{
	struct pollfd fds[2] = {{fd, POLLIN, 0}, {s->stop[0], POLLIN | POLLHUP, 0}};

	return poll(fds, 2, 20000) > 0 && !fds[1].revents;
}

static bool read_request(struct script *s, int fd, char *out, size_t size)
{
	size_t n = 0;
	char *end = NULL;

	while (!end || n < (size_t)(end + 4 - out) + body_length(out)) {
		ssize_t got;

		if (!wait_readable(s, fd))
			return false;
		got = read(fd, out + n, size - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		out[n] = '\0';
		end = strstr(out, "\r\n\r\n");
	}
	return true;
}

static void serve_connection(struct script *s, int fd)
{
	while (s->seen < s->n &&
	       read_request(s, fd, s->requests[s->seen], sizeof(s->requests[0]))) {
		const char *answer = s->answers[s->seen];
		size_t size = s->answer_sizes[s->seen];

		s->seen++;
		if (!answer) {
			wait_readable(s, s->stop[0]);
			return;
		}
		if (size == 0)
			size = strlen(answer);
		if (size == 0 || send(fd, answer, size, MSG_NOSIGNAL) != (ssize_t)size)
			return;
		if (!strstr(answer, "Content-Length") && !strstr(answer, "chunked") &&
		    !strstr(answer, " 204 "))
			return; /* the end of the connection is the end of the body */
		if (strstr(answer, "CUT"))
			return;
	}
}

static void *serve(void *arg)
{
	struct script *s = arg;

	while (wait_readable(s, s->listener)) {
		int fd = accept(s->listener, NULL, NULL);

		if (fd < 0)
			break;
		s->connections++;
		serve_connection(s, fd);
		close(fd);
	}
	return NULL;
}

static void script_start(struct script *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &length), 0);
	s->port = ntohs(address.sin_port);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void script_stop(struct script *s)
{
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->listener);
}

static int http_setup(void **state)
{
	struct firn_ctx *cx;

	ctx_setup(state);
	cx = *state;
	cx->http = firn_http_new();
	return cx->http ? 0 : -1;
}

static int http_teardown(void **state)
{
	struct firn_ctx *cx = *state;

	firn_http_free(cx->http);
	return ctx_teardown(state);
}

static struct firn_http_request request_to(struct firn_ctx *cx, const struct script *s,
					   const char *method, const char *path)
{
	return (struct firn_http_request){
		.method = method,
		.url = firn_printf(cx, "http://127.0.0.1:%u%s", s->port, path),
		.answer_ceiling = 1000,
		.timeout_ms = 10000};
}

static void test_get_and_reuse(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n"
				       "X-Empty:\r\nX-Two: a\r\nX-TWO:  b \r\n\r\nhello",
				       "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
			   .n = 2};
	struct firn_pair headers[] = {{FIRN_STR("X-One"), FIRN_STR("1: 2")},
				      {FIRN_STR("x-none"), FIRN_STR("")}};
	struct firn_http_answer answer;
	struct firn_http_request request;

	script_start(&s);
	request = request_to(cx, &s, "GET", "/a/../b%2Fc?x=%20");
	request.headers = headers;
	request.n_headers = 2;
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_int_equal(answer.status, 200);
	assert_text(answer.body, "hello");
	assert_text(firn_http_header(&answer, "etag"), "\"x\"");
	assert_text(firn_http_header(&answer, "x-two"), "a");
	assert_text(firn_http_header(&answer, "x-empty"), "");
	assert_null(firn_http_header(&answer, "absent").p);
	request.n_headers = 0;
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_int_equal(answer.status, 404);
	assert_int_equal(answer.body.n, 0);
	assert_int_equal(answer.n_headers, 1);
	script_stop(&s);
	assert_int_equal(s.connections, 1);
	assert_non_null(strstr(s.requests[0], "GET /a/../b%2Fc?x=%20 HTTP/1.1\r\n"));
	assert_non_null(strstr(s.requests[0], "X-One: 1: 2\r\n"));
	assert_non_null(strstr(s.requests[0], "x-none:\r\n"));
	assert_null(strstr(s.requests[0], "Content-Type"));
	assert_null(strstr(s.requests[1], "X-One"));
	assert_int_equal(cx->timings.store_calls, 2);
	assert_true(cx->timings.store_ns > 0);
}

static void test_put(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {
		.answers = {"HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 201 Created\r\n"
			    "Content-Length: 0\r\n\r\n",
			    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			    "HTTP/1.1 204 No Content\r\n\r\n"},
		.n = 3};
	struct firn_pair type = {FIRN_STR("content-type"), FIRN_STR("application/json")};
	struct firn_http_answer answer;
	struct firn_http_request request;
	char *body = firn_alloc(cx, 6000);

	memset(body, 'b', 6000);
	script_start(&s);
	request = request_to(cx, &s, "PUT", "/k");
	request.body = (struct firn_str){body, 6000};
	request.headers = &type;
	request.n_headers = 1;
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_int_equal(answer.status, 201);
	assert_null(firn_http_header(&answer, "x-early").p);
	request.body = FIRN_STR_NONE;
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	request.method = "DELETE";
	request.n_headers = 0;
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_int_equal(answer.status, 204);
	script_stop(&s);
	assert_non_null(strstr(s.requests[0], "PUT /k HTTP/1.1\r\n"));
	assert_non_null(strstr(s.requests[0], "Content-Length: 6000\r\n"));
	assert_non_null(strstr(s.requests[0], "content-type: application/json\r\n"));
	assert_null(strstr(s.requests[0], "x-www-form"));
	assert_null(strstr(s.requests[0], "Expect"));
	assert_int_equal(strlen(strstr(s.requests[0], "\r\n\r\n")), 6004);
	assert_non_null(strstr(s.requests[1], "Content-Length: 0\r\n"));
	assert_non_null(strstr(s.requests[2], "DELETE /k HTTP/1.1\r\n"));
	assert_null(strstr(s.requests[2], "Content-Length"));
}

static void test_head_and_chunks(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n",
				       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
			   .n = 2};
	struct firn_http_answer answer;
	struct firn_http_request request;

	script_start(&s);
	request = request_to(cx, &s, "HEAD", "/k");
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_text(firn_http_header(&answer, "content-length"), "123456");
	assert_int_equal(answer.body.n, 0);
	request.method = "GET";
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_text(answer.body, "abcde");
	script_stop(&s);
	assert_non_null(strstr(s.requests[0], "HEAD /k HTTP/1.1\r\n"));
	assert_int_equal(s.connections, 1);
}

static void test_no_redirect(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {.answers = {"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\n"
				       "Content-Length: 0\r\n\r\n"},
			   .n = 1};
	struct firn_http_answer answer;
	struct firn_http_request request;

	script_start(&s);
	request = request_to(cx, &s, "GET", "/k");
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	assert_int_equal(answer.status, 307);
	script_stop(&s);
	assert_int_equal(s.seen, 1);
}

static void check_broken(struct firn_ctx *cx, struct script *s, const char *part)
{
	struct firn_http_answer answer = {.status = -1};
	struct firn_http_request request;

	s->n = 1;
	script_start(s);
	request = request_to(cx, s, "GET", "/k?secret=1");
	assert_int_equal(firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN);
	assert_null(strstr(cx->err.message, "secret"));
	assert_null(strstr(cx->err.notes, "secret"));
	assert_fails(cx, cx->err.code, FIRN_E_STORE_BROKEN, part);
	assert_int_equal(answer.status, -1);
	script_stop(s);
}

static void test_broken_answers(void **state)
{
	struct firn_ctx *cx = *state;
	static char large[1200] = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n";
	struct script none = {.answers = {""}};
	struct script cut = {
		.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: CUT\r\n\r\nabc"}};
	struct script chunk = {
		.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: CUT\r\n"
			    "\r\n5\r\nab"}};
	struct script ancient = {.answers = {"hello"}};
	struct script too_large = {.answers = {large}};

	check_broken(cx, &none, "no complete answer from 127.0.0.1:");
	check_broken(cx, &cut, "partial");
	check_broken(cx, &chunk, "no complete answer");
	check_broken(cx, &ancient, "no complete answer");
	memset(large + strlen(large), 'x', 1001);
	check_broken(cx, &too_large, "larger than its limit");
}

static void test_too_many_headers(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {.n = 1};
	struct firn_str text;
	struct firn_buf b;

	firn_buf_init(&b, cx, 1 << 20);
	firn_buf_cstr(&b, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 300; i++)
		firn_buf_printf(&b, "x-%d: y\r\n", i);
	firn_buf_cstr(&b, "Content-Length: 0\r\n\r\n");
	assert_ok(cx, firn_buf_end(&b, &text));
	s.answers[0] = text.p;
	check_broken(cx, &s, "too many headers");
}

static void test_time_limits(void **state)
{
	struct firn_ctx *cx = *state;
	struct script silent = {.answers = {NULL}, .n = 1};
	struct firn_http_answer answer;
	struct firn_http_request request;
	int64_t start;

	script_start(&silent);
	request = request_to(cx, &silent, "GET", "/k");
	request.timeout_ms = 50;
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN, "Timeout");
	script_stop(&silent);
	silent = (struct script){.answers = {NULL}, .n = 1};
	script_start(&silent);
	request = request_to(cx, &silent, "GET", "/k");
	start = firn_monotonic_ns(cx);
	cx->deadline_ns = start + 50000000;
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN, "Timeout");
	assert_true(firn_monotonic_ns(cx) - start < 9000000000);
	cx->deadline_ns = start;
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN, "time ran out");
	script_stop(&silent);
	assert_int_equal(cx->timings.store_calls, 2);
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_http_answer answer;
	struct firn_pair header = {FIRN_STR("x"), FIRN_STR("a\r\nb: c")};
	struct firn_http_request request = {.method = "GET",
					    .url = FIRN_STR("file:///etc/hostname"),
					    .answer_ceiling = 100,
					    .timeout_ms = 1000};
	struct firn_http *http = cx->http;

	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN, "protocol");
	request.url = FIRN_STR("http://127.0.0.1:1/");
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN, "127.0.0.1:1:");
	request.url = FIRN_STR("http://user:pass@127.0.0.1:1/");
	assert_int_equal(firn_http_do(cx, &request, &answer), FIRN_E_STORE_BROKEN);
	assert_null(strstr(cx->err.message, "pass"));
	firn_err_clear(cx);
	request.headers = &header;
	request.n_headers = 1;
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_BAD_REQUEST, "control");
	header = (struct firn_pair){FIRN_STR("x:y"), FIRN_STR("a")};
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_BAD_REQUEST, "x:y");
	request.n_headers = 0;
	request.url = FIRN_STR("http://127.0.0.1:1/\r\nX: y");
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_BAD_REQUEST, "control");
	cx->http = NULL;
	assert_fails(cx, firn_http_do(cx, &request, &answer), FIRN_E_NEEDS_LANE, "event loop");
	cx->http = http;
}

static void test_ignores_proxy_environment(void **state)
{
	struct firn_ctx *cx = *state;
	struct script s = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, .n = 1};
	struct firn_http_answer answer;
	struct firn_http_request request;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	script_start(&s);
	request = request_to(cx, &s, "GET", "/k");
	assert_ok(cx, firn_http_do(cx, &request, &answer));
	script_stop(&s);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

#define WITH_HTTP(test) cmocka_unit_test_setup_teardown(test, http_setup, http_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HTTP(test_get_and_reuse),
		WITH_HTTP(test_put),
		WITH_HTTP(test_head_and_chunks),
		WITH_HTTP(test_no_redirect),
		WITH_HTTP(test_broken_answers),
		WITH_HTTP(test_too_many_headers),
		WITH_HTTP(test_time_limits),
		WITH_HTTP(test_refuses),
		WITH_HTTP(test_ignores_proxy_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
