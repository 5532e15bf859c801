/*
 * AWS Signature Version 4 of outgoing requests. Owns the canonical form and the keys; takes path
 * and query as they will be sent and encodes nothing itself, so that what is signed is what is
 * sent.
 */
#include "sigv4.h"

#include "firn/arena.h"
#include "firn/clock.h"

#define CANONICAL_MAX ((size_t)64 * 1024)
#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_LENGTH ((size_t)8)

void firn_sigv4_time(int64_t wall_ms, char out[static 17])
{
	char iso[25];
	size_t n = 0;

	firn_iso8601(wall_ms, iso);
	for (size_t i = 0; iso[i] != '.'; i++)
		if (iso[i] != '-' && iso[i] != ':')
			out[n++] = iso[i];
	out[n++] = 'Z';
	out[n] = '\0';
}

/* Trimmed, runs of blanks as one. */
static void put_value(struct firn_buf *b, struct firn_str value)
{
	bool blank = false;

	value = firn_str_trim(value);
	for (size_t i = 0; i < value.n; i++) {
		bool now = value.p[i] == ' ' || value.p[i] == '\t';

		if (!now)
			firn_buf_char(b, value.p[i]);
		else if (!blank)
			firn_buf_char(b, ' ');
		blank = now;
	}
}

/* Indices of the headers by name; equal names keep their order. */
static void sort_headers(const struct firn_sigv4_request *request, size_t *order)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		size_t at = i;

		while (at > 0 && firn_str_cmp(request->headers[order[at - 1]].key,
					      request->headers[i].key) > 0) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
}

/* Header lines; several of one name become one line with their values joined by commas. */
static void put_headers(struct firn_buf *lines, struct firn_buf *names,
			const struct firn_sigv4_request *request)
{
	size_t order[FIRN_SIGV4_HEADERS_MAX];
	struct firn_str before = FIRN_STR_NONE;

	sort_headers(request, order);
	for (size_t i = 0; i < request->n_headers; i++) {
		const struct firn_pair *header = &request->headers[order[i]];

		if (before.p && firn_str_eq(before, header->key)) {
			firn_buf_char(lines, ',');
		} else {
			firn_buf_cstr(lines, before.p ? "\n" : "");
			firn_buf_str(lines, header->key);
			firn_buf_char(lines, ':');
			firn_buf_cstr(names, before.p ? ";" : "");
			firn_buf_str(names, header->key);
		}
		put_value(lines, header->value);
		before = header->key;
	}
	firn_buf_char(lines, '\n');
}

firn_rc firn_sigv4_canonical(struct firn_ctx *cx, const struct firn_sigv4_request *request,
			     struct firn_str *ret_text, struct firn_str *ret_signed)
{
	struct firn_buf names;
	struct firn_buf b;

	if (request->n_headers > FIRN_SIGV4_HEADERS_MAX)
		return firn_fail(cx, FIRN_E_INTERNAL, "a request to sign has too many headers");
	firn_buf_init(&names, cx, CANONICAL_MAX);
	firn_buf_init(&b, cx, CANONICAL_MAX);
	firn_buf_printf(&b, "%s\n", request->method);
	firn_buf_str(&b, request->path);
	firn_buf_char(&b, '\n');
	firn_buf_str(&b, request->query);
	firn_buf_char(&b, '\n');
	put_headers(&b, &names, request);
	FIRN_TRY(firn_buf_end(&names, ret_signed));
	firn_buf_char(&b, '\n');
	firn_buf_str(&b, *ret_signed);
	firn_buf_char(&b, '\n');
	firn_buf_str(&b, request->payload_sha256);
	return firn_buf_end(&b, ret_text);
}

static struct firn_str date_of(const struct firn_sigv4_scope *scope)
{
	return (struct firn_str){scope->time, DATE_LENGTH};
}

static struct firn_str scope_text(struct firn_ctx *cx, const struct firn_sigv4_scope *scope)
{
	return firn_printf(cx, "%.*s/%.*s/%.*s/aws4_request", FIRN_FMT(date_of(scope)),
			   FIRN_FMT(scope->region), FIRN_FMT(scope->service));
}

firn_rc firn_sigv4_string_to_sign(struct firn_ctx *cx, const struct firn_sigv4_scope *scope,
				  struct firn_str canonical, struct firn_str *ret_text)
{
	unsigned char digest[FIRN_SHA256_BYTES];
	struct firn_str where = scope_text(cx, scope);
	struct firn_str hex;
	struct firn_str text;

	firn_sha256(canonical.p, canonical.n, digest);
	hex = firn_hex(cx, digest, sizeof(digest));
	if (!where.p || !hex.p)
		return cx->err.code;
	text = firn_printf(cx, ALGORITHM "\n%s\n%.*s\n%.*s", scope->time, FIRN_FMT(where),
			   FIRN_FMT(hex));
	if (!text.p)
		return cx->err.code;
	*ret_text = text;
	return FIRN_OK;
}

static void derive(unsigned char key[static FIRN_SHA256_BYTES], struct firn_str text)
{
	unsigned char next[FIRN_SHA256_BYTES];

	firn_hmac_sha256(key, FIRN_SHA256_BYTES, text.p, text.n, next);
	memcpy(key, next, sizeof(next));
	firn_wipe(next, sizeof(next));
}

void firn_sigv4_key(const struct firn_sigv4_scope *scope, const struct firn_secret *secret,
		    unsigned char key[static FIRN_SHA256_BYTES])
{
	unsigned char first[4 + FIRN_SIGV4_SECRET_MAX] = "AWS4";
	size_t n = secret->n <= FIRN_SIGV4_SECRET_MAX ? secret->n : FIRN_SIGV4_SECRET_MAX;

	if (n > 0)
		memcpy(first + 4, secret->bytes, n);
	firn_hmac_sha256(first, 4 + n, scope->time, DATE_LENGTH, key);
	firn_wipe(first, sizeof(first));
	derive(key, scope->region);
	derive(key, scope->service);
	derive(key, FIRN_STR("aws4_request"));
}

firn_rc firn_sigv4_authorize(struct firn_ctx *cx, const struct firn_sigv4_request *request,
			     const struct firn_sigv4_scope *scope, struct firn_str access_key,
			     const struct firn_secret *secret, struct firn_str *ret_header)
{
	unsigned char key[FIRN_SHA256_BYTES];
	unsigned char signature[FIRN_SHA256_BYTES];
	struct firn_str canonical;
	struct firn_str names;
	struct firn_str text;
	struct firn_str where = scope_text(cx, scope);
	struct firn_str hex;
	struct firn_str header;

	FIRN_TRY(firn_sigv4_canonical(cx, request, &canonical, &names));
	FIRN_TRY(firn_sigv4_string_to_sign(cx, scope, canonical, &text));
	firn_sigv4_key(scope, secret, key);
	firn_hmac_sha256(key, sizeof(key), text.p, text.n, signature);
	firn_wipe(key, sizeof(key));
	hex = firn_hex(cx, signature, sizeof(signature));
	if (!where.p || !hex.p)
		return cx->err.code;
	header = firn_printf(cx,
			     ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
			     FIRN_FMT(access_key), FIRN_FMT(where), FIRN_FMT(names), FIRN_FMT(hex));
	if (!header.p)
		return cx->err.code;
	*ret_header = header;
	return FIRN_OK;
}
