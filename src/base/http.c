/*
 * The HTTP client, over libcurl's easy interface. One handle per lane keeps its connections.
 * Refuses redirects, proxies from the environment, other protocols, HTTP/0.9, and headers that
 * would split.
 */
#include "firn/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/clock.h"

#define CONNECT_MS 5000
#define DEFAULT_MS 60000
#define IDLE_CONNECTION_S 30
#define HEADERS_MAX ((size_t)256)
#define HEADER_BYTES_MAX ((size_t)64 * 1024)

struct firn_http {
	CURL *easy;
};

static void start_library(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct firn_http *firn_http_new(void)
{
	/* Lanes start at once, and older libcurl's own implicit start is not thread-safe. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct firn_http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	pthread_once(&once, start_library);
	http->easy = curl_easy_init();
	if (!http->easy) {
		free(http);
		return NULL;
	}
	return http;
}

void firn_http_free(struct firn_http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->easy);
	free(http);
}

/* What the callbacks fill while an answer comes in. */
struct receiving {
	struct firn_ctx *cx;
	struct firn_buf body;
	struct firn_pair *headers;
	size_t n_headers, header_bytes;
	const char *refused; /* why the answer was broken off */
	unsigned sent;	     /* how often the request went out */
};

/* libcurl sends a request again by itself when a kept connection turns out to be dead; but the
 * server may have taken the first one, and the caller must learn that it is in doubt. */
static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct receiving *r = arg;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	if (r->sent++ == 0)
		return CURL_PREREQFUNC_OK;
	r->refused = "the connection broke before the answer";
	return CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct receiving *r = arg;

	(void)one;
	if (n > r->body.ceiling - r->body.n) {
		r->refused = "the answer is larger than its limit";
		return 0;
	}
	firn_buf_put(&r->body, bytes, n);
	if (r->body.failed) {
		r->refused = "the answer does not fit the request's memory";
		return 0;
	}
	return n;
}

static firn_rc header_add(struct receiving *r, struct firn_str name, struct firn_str value)
{
	char *lower;

	if (!r->headers) {
		r->headers = firn_calloc(r->cx, HEADERS_MAX, sizeof(*r->headers));
		if (!r->headers)
			return r->cx->err.code;
	}
	name = firn_str_dup(r->cx, name);
	value = firn_str_dup(r->cx, value);
	if (!name.p || !value.p)
		return r->cx->err.code;
	lower = (char *)(uintptr_t)name.p;
	for (size_t i = 0; i < name.n; i++)
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] | 0x20);
	r->headers[r->n_headers++] = (struct firn_pair){name, value};
	return FIRN_OK;
}

static size_t take_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct receiving *r = arg;
	struct firn_str line = firn_str_trim((struct firn_str){bytes, n});
	size_t colon = firn_str_find(line, ':');

	(void)one;
	if (firn_str_starts(line, FIRN_STR("HTTP/"))) {
		r->n_headers = 0; /* what came before was an interim answer */
		return n;
	}
	if (colon == SIZE_MAX || colon == 0)
		return n;
	r->header_bytes += n;
	if (r->n_headers == HEADERS_MAX || r->header_bytes > HEADER_BYTES_MAX) {
		r->refused = "the answer has too many headers";
		return 0;
	}
	if (header_add(r, firn_str_sub(line, 0, colon),
		       firn_str_trim(firn_str_sub(line, colon + 1, line.n))) != FIRN_OK) {
		r->refused = "the answer does not fit the request's memory";
		return 0;
	}
	return n;
}

static bool has_control(struct firn_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return true;
	return false;
}

static void free_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static firn_rc list_add(struct firn_ctx *cx, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;

	if (!longer)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	*list = longer;
	return FIRN_OK;
}

static firn_rc list_headers(struct firn_ctx *cx, const struct firn_http_request *request,
			    struct curl_slist **list)
{
	bool has_type = false;

	for (size_t i = 0; i < request->n_headers; i++) {
		struct firn_str name = request->headers[i].key;
		struct firn_str value = request->headers[i].value;

		if (name.n == 0 || has_control(name) || has_control(value) ||
		    firn_str_find(name, ':') != SIZE_MAX)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "header '%.*s' of a request to the store contains a colon "
					 "or control "
					 "characters: remove them",
					 FIRN_FMT(name));
		has_type = has_type || firn_str_ieq(name, FIRN_STR("content-type"));
		/* curl drops a header that ends with its colon, and sends one that ends with ';'.
		 */
		FIRN_TRY(list_add(
			cx, list,
			value.n > 0
				? firn_printf(cx, "%.*s: %.*s", FIRN_FMT(name), FIRN_FMT(value)).p
				: firn_printf(cx, "%.*s;", FIRN_FMT(name)).p));
	}
	FIRN_TRY(list_add(cx, list, "Expect:"));
	return has_type ? FIRN_OK : list_add(cx, list, "Content-Type:");
}

/* Scheme and host, without what may be secret in a URL. */
static struct firn_str host_of(struct firn_str url)
{
	struct firn_str rest = url;
	size_t n = 0;
	size_t at;

	for (size_t i = 0; i + 3 <= url.n; i++) {
		if (memcmp(url.p + i, "://", 3) == 0) {
			rest = firn_str_sub(url, i + 3, url.n);
			break;
		}
	}
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
		n++;
	rest.n = n;
	at = firn_str_find(rest, '@');
	if (at != SIZE_MAX)
		rest = firn_str_sub(rest, at + 1, rest.n);
	return firn_str_sub(rest, 0, 255);
}

static void set_rules(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "firn/" FIRN_VERSION);
}

static void set_method(CURL *easy, const struct firn_http_request *request)
{
	bool sends = strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0 ||
		     strcmp(request->method, "PATCH") == 0;

	if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (request->body.p || sends) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p ? request->body.p : "");
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static int attempt_ms(const struct firn_ctx *cx, const struct firn_http_request *request)
{
	int wanted = request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_MS;
	int left = firn_deadline_ms(cx);

	return wanted < left ? wanted : left;
}

static void set_timeout(CURL *easy, int ms)
{
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(ms < CONNECT_MS ? ms : CONNECT_MS));
}

static firn_rc broken(struct firn_ctx *cx, struct firn_str url, const char *why, const char *detail)
{
	struct firn_str host = host_of(url);

	/* A full arena has set its own error, which does not say what this one must: in doubt. */
	firn_err_clear(cx);
	firn_fail(cx, FIRN_E_STORE_BROKEN, "no complete answer from %.*s: %s", FIRN_FMT(host), why);
	return detail[0] ? firn_note(cx, "%s", detail) : cx->err.code;
}

static firn_rc perform(struct firn_ctx *cx, const struct firn_http_request *request,
		       struct curl_slist *headers, struct receiving *r)
{
	CURL *easy = cx->http->easy;
	char detail[CURL_ERROR_SIZE] = "";
	int64_t start = firn_monotonic_ns(cx);
	CURLcode verdict;

	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, r);
	verdict = curl_easy_perform(easy);
	cx->timings.store_ns += firn_monotonic_ns(cx) - start;
	cx->timings.store_calls++;
	if (verdict == CURLE_OK)
		return FIRN_OK;
	return broken(cx, request->url, r->refused ? r->refused : curl_easy_strerror(verdict),
		      detail);
}

firn_rc firn_http_do(struct firn_ctx *cx, const struct firn_http_request *request,
		     struct firn_http_answer *ret_answer)
{
	FIRN_CLEANUP(free_list) struct curl_slist *headers = NULL;
	struct receiving r = {.cx = cx};
	struct firn_http_answer answer = {0};
	firn_rc rc;
	const char *url;
	long status = 0;
	int ms = attempt_ms(cx, request);

	if (!cx->http)
		return firn_fail(cx, FIRN_E_NEEDS_LANE, "an event loop cannot call a store");
	if (has_control(request->url) || request->url.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the URL of a store is empty or contains control characters");
	if (ms <= 0)
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the request's time ran out before the store was asked");
	url = firn_cstr(cx, request->url);
	if (!url)
		return cx->err.code;
	FIRN_TRY(list_headers(cx, request, &headers));
	firn_buf_init(&r.body, cx, request->answer_ceiling);
	curl_easy_reset(cx->http->easy);
	set_rules(cx->http->easy);
	set_method(cx->http->easy, request);
	set_timeout(cx->http->easy, ms);
	curl_easy_setopt(cx->http->easy, CURLOPT_URL, url);
	rc = perform(cx, request, headers, &r);
	curl_easy_getinfo(cx->http->easy, CURLINFO_RESPONSE_CODE, &status);
	/* The handle outlives the list and the buffers on this stack. */
	curl_easy_reset(cx->http->easy);
	FIRN_TRY(rc);
	if (status < 100 || status > 599)
		return broken(cx, request->url, "not an HTTP status", "");
	answer.status = (int)status;
	answer.headers = r.headers;
	answer.n_headers = r.n_headers;
	FIRN_TRY(firn_buf_end(&r.body, &answer.body));
	*ret_answer = answer;
	return FIRN_OK;
}

struct firn_str firn_http_header(const struct firn_http_answer *answer, const char *lower_name)
{
	for (size_t i = 0; i < answer->n_headers; i++)
		if (firn_str_is(answer->headers[i].key, lower_name))
			return answer->headers[i].value;
	return FIRN_STR_NONE;
}
