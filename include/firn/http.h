/*
 * HTTP client; the only door to libcurl. One client per lane: it keeps connections for reuse and is
 * not thread-safe. No redirects, no proxies from the environment, HTTP and HTTPS only.
 */
#ifndef FIRN_HTTP_H
#define FIRN_HTTP_H

#include "firn/json.h"

struct firn_http;
/* NULL when the system has no memory. */
struct firn_http *firn_http_new(void);
void firn_http_free(struct firn_http *http);

struct firn_http_request {
	const char *method;  /* "GET" … */
	struct firn_str url; /* absolute, already percent-encoded */
	const struct firn_pair *headers;
	size_t n_headers;
	struct firn_str body;  /* sent when .p isn't NULL */
	size_t answer_ceiling; /* bytes of answer body; more is STORE_BROKEN */
	int timeout_ms;	       /* of this attempt; also bounded by the ctx deadline */
};
struct firn_http_answer {
	int status;		   /* 100–599 */
	struct firn_str body;	   /* in the arena */
	struct firn_pair *headers; /* names in lower case */
	size_t n_headers;
};
/* One attempt. STORE_BROKEN when no complete answer came (refused, reset, time-out, truncated, too
 * large): the request may have taken effect. Any complete answer is FIRN_OK, whatever its status.
 */
firn_rc firn_http_do(struct firn_ctx *cx, const struct firn_http_request *request,
		     struct firn_http_answer *ret_answer) FIRN_MUST;
struct firn_str firn_http_header(const struct firn_http_answer *answer, const char *lower_name);

#endif
