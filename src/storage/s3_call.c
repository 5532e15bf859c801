/*
 * One call of an S3 server: signed anew for each try, repeated with jitter while an answer is not
 * definite and time is left.
 */
#include "firn/arena.h"
#include "firn/clock.h"
#include "retry.h"
#include "s3.h"
#include "sigv4.h"

#define EXTRA_HEADERS 8
#define CALL_MS 30000
#define TRY_MS 15000
#define SLOWEST_BYTES_PER_MS ((size_t)1024) /* a transfer gets time for this rate on top */
#define ERROR_BODY ((size_t)256 * 1024)
#define URL_MAX ((size_t)16 * 1024)
#define RETRY_AFTER_MAX_S 20

struct prepared {
	struct firn_str path, url, payload_sha256;
	struct firn_pair headers[FIRN_SIGV4_HEADERS_MAX];
	size_t n_headers;
};

void firn_s3_query_put(struct firn_buf *b, const char *name, struct firn_str value)
{
	if (b->n > 0)
		firn_buf_char(b, '&');
	firn_buf_cstr(b, name);
	firn_buf_char(b, '=');
	firn_percent_encode(b, value, false);
}

static firn_rc make_url(struct firn_ctx *cx, const struct firn_s3 *s3,
			const struct firn_s3_request *request, struct prepared *p)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, URL_MAX);
	firn_buf_str(&b, s3->base);
	firn_buf_char(&b, '/');
	firn_percent_encode(&b, request->key, true);
	FIRN_TRY(firn_buf_end(&b, &p->path));
	p->url = firn_printf(cx, "%.*s%.*s%s%.*s", FIRN_FMT(s3->origin), FIRN_FMT(p->path),
			     request->query.n > 0 ? "?" : "", FIRN_FMT(request->query));
	return p->url.p ? FIRN_OK : cx->err.code;
}

static firn_rc hash_payload(struct firn_ctx *cx, struct firn_str body, struct prepared *p)
{
	unsigned char digest[FIRN_SHA256_BYTES];

	firn_sha256(body.n > 0 ? body.p : "", body.n, digest);
	p->payload_sha256 = firn_hex(cx, digest, sizeof(digest));
	return p->payload_sha256.p ? FIRN_OK : cx->err.code;
}

static void add_header(struct prepared *p, struct firn_str name, struct firn_str value)
{
	p->headers[p->n_headers++] = (struct firn_pair){name, value};
}

/* The headers of one try, the signature last. */
static firn_rc sign(struct firn_ctx *cx, const struct firn_s3 *s3,
		    const struct firn_s3_request *request, struct prepared *p)
{
	struct firn_sigv4_scope scope = {.region = s3->region, .service = FIRN_STR("s3")};
	struct firn_sigv4_request signing = {
		.method = request->method,
		.path = p->path,
		.query = request->query,
		.headers = p->headers,
		.payload_sha256 = p->payload_sha256,
	};
	struct firn_str header;

	p->n_headers = 0;
	for (size_t i = 0; i < request->n_headers && i < EXTRA_HEADERS; i++)
		add_header(p, request->headers[i].key, request->headers[i].value);
	add_header(p, FIRN_STR("host"), s3->host);
	if (s3->access_key.n == 0)
		return FIRN_OK;
	firn_sigv4_time(firn_wall_ms(cx), scope.time);
	header = firn_str_dup(cx, firn_str(scope.time));
	if (!header.p)
		return cx->err.code;
	add_header(p, FIRN_STR("x-amz-date"), header);
	add_header(p, FIRN_STR("x-amz-content-sha256"), p->payload_sha256);
	if (s3->session_token.n > 0)
		add_header(p, FIRN_STR("x-amz-security-token"),
			   (struct firn_str){(const char *)s3->session_token.bytes,
					     s3->session_token.n});
	signing.n_headers = p->n_headers;
	FIRN_TRY(firn_sigv4_authorize(cx, &signing, &scope, s3->access_key, &s3->secret_key,
				      &header));
	add_header(p, FIRN_STR("authorization"), header);
	return FIRN_OK;
}

static int transfer_ms(const struct firn_s3_request *request)
{
	size_t bytes = request->body.n;

	/* A ceiling says little about what will come: it buys at most the time of a single put. */
	if (request->answer_ceiling < FIRN_S3_SINGLE_MAX)
		bytes += request->answer_ceiling;
	else
		bytes += FIRN_S3_SINGLE_MAX;
	return (int)(bytes / SLOWEST_BYTES_PER_MS);
}

static firn_rc try_once(struct firn_ctx *cx, const struct firn_s3 *s3,
			const struct firn_s3_request *request, struct prepared *p,
			struct firn_s3_answer *answer)
{
	struct firn_http_request http = {
		.method = request->method,
		.url = p->url,
		.headers = p->headers,
		.body = request->body,
		.answer_ceiling =
			request->answer_ceiling > ERROR_BODY ? request->answer_ceiling : ERROR_BODY,
		.timeout_ms = TRY_MS + transfer_ms(request),
	};

	FIRN_TRY(sign(cx, s3, request, p));
	http.n_headers = p->n_headers;
	answer->code = answer->message = FIRN_STR_NONE;
	FIRN_TRY(firn_http_do(cx, &http, &answer->http));
	if (answer->http.status >= 300)
		firn_s3_error_read(cx, answer->http.body, answer);
	return FIRN_OK;
}

/* What the server asks to wait, in ms; unreasonable wishes are cut. */
static int asked_wait_ms(const struct firn_http_answer *answer)
{
	struct firn_str text = firn_http_header(answer, "retry-after");
	int64_t seconds;

	if (!text.p || !firn_str_i64(text, &seconds) || seconds <= 0)
		return 0;
	return (int)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

static firn_rc gave_up(struct firn_ctx *cx, const struct firn_s3 *s3,
		       const struct firn_s3_request *request, const struct firn_s3_answer *answer,
		       int tries)
{
	if (cx->err.code != FIRN_OK)
		return firn_note(cx, "%s s3://%.*s/%.*s, after %d tries", request->method,
				 FIRN_FMT(s3->bucket), FIRN_FMT(request->key), tries);
	return firn_fail(cx, FIRN_E_STORE_BROKEN,
			 "%s s3://%.*s/%.*s: status %d %.*s after %d tries", request->method,
			 FIRN_FMT(s3->bucket), FIRN_FMT(request->key), answer->http.status,
			 FIRN_FMT(answer->code), tries);
}

static firn_rc call(struct firn_ctx *cx, const struct firn_s3 *s3,
		    const struct firn_s3_request *request, struct prepared *p,
		    struct firn_s3_answer *answer)
{
	for (int tries = 1;; tries++) {
		firn_rc rc = try_once(cx, s3, request, p, answer);
		int asked = 0;

		if (rc == FIRN_OK && !firn_s3_retryable(answer))
			return FIRN_OK;
		if (rc == FIRN_OK)
			asked = asked_wait_ms(&answer->http);
		else if (rc != FIRN_E_STORE_BROKEN)
			return rc;
		answer->unsure = true;
		if (tries == FIRN_RETRY_ATTEMPTS || !firn_retry_wait(cx, tries, asked))
			return gave_up(cx, s3, request, answer, tries);
		firn_err_clear(cx);
	}
}

firn_rc firn_s3_call(struct firn_ctx *cx, const struct firn_s3 *s3,
		     const struct firn_s3_request *request, struct firn_s3_answer *ret_answer)
{
	struct firn_s3_answer answer = {0};
	struct prepared p = {0};
	int64_t before;
	firn_rc rc;

	FIRN_TRY(make_url(cx, s3, request, &p));
	FIRN_TRY(hash_payload(cx, request->body, &p));
	before = firn_deadline_narrow(cx, CALL_MS + transfer_ms(request));
	rc = call(cx, s3, request, &p, &answer);
	cx->deadline_ns = before;
	FIRN_TRY(rc);
	*ret_answer = answer;
	return FIRN_OK;
}
