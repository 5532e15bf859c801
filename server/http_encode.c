/* Content encodings of answers: gzip or zstd, when the client asks and the body is worth it. */
#include "firn/compress.h"
#include "http.h"

enum { LEAST_BYTES = 1024, NO_CEILING = INT32_MAX };

/* True when the Accept-Encoding list names coding, and not with q=0. */
static bool accepts(struct firn_str list, struct firn_str coding)
{
	while (list.n > 0) {
		size_t comma = firn_str_find(list, ',');
		struct firn_str item = firn_str_sub(list, 0, comma);
		size_t semicolon = firn_str_find(item, ';');
		struct firn_str name = firn_str_trim(firn_str_sub(item, 0, semicolon));
		struct firn_str weight = firn_str_trim(
			firn_str_sub(item, semicolon < item.n ? semicolon + 1 : item.n, SIZE_MAX));

		if (firn_str_ieq(name, coding))
			return !firn_str_is(weight, "q=0") && !firn_str_is(weight, "q=0.0") &&
			       !firn_str_is(weight, "q=0.00") && !firn_str_is(weight, "q=0.000");
		list = comma < list.n ? firn_str_sub(list, comma + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return false;
}

static size_t body_bytes(const struct firn_reply *reply)
{
	size_t n = 0;
	for (unsigned i = 0; i < reply->n_body; i++)
		n += reply->body[i].n;
	return n;
}

static bool has_header(const struct firn_reply *reply, const char *name)
{
	for (unsigned i = 0; i < reply->n_headers; i++)
		if (firn_str_is(reply->headers[i].key, name))
			return true;
	return false;
}

bool firn_http_wants_encoding(const struct firn_exchange *exchange)
{
	const struct firn_reply *reply = &exchange->call.reply;
	struct firn_str list;

	if (has_header(reply, "Content-Encoding"))
		return false; /* encoded already */
	if (reply->follow_events || body_bytes(reply) < LEAST_BYTES)
		return false;
	list = exchange->call.header(&exchange->call, "Accept-Encoding");
	return accepts(list, FIRN_STR("zstd")) || accepts(list, FIRN_STR("gzip"));
}

static firn_rc join_body(struct firn_ctx *cx, const struct firn_reply *reply,
			 struct firn_str *ret_body)
{
	struct firn_buf body;
	firn_buf_init(&body, cx, NO_CEILING);
	for (unsigned i = 0; i < reply->n_body; i++)
		firn_buf_str(&body, reply->body[i]);
	return firn_buf_end(&body, ret_body);
}

/* On failure the answer goes out as it is: encoding is a courtesy. */
void firn_http_encode(struct firn_exchange *exchange)
{
	struct firn_ctx *cx = &exchange->call.cx;
	struct firn_reply *reply = &exchange->call.reply;
	struct firn_err kept = cx->err;
	bool zstd = accepts(exchange->call.header(&exchange->call, "Accept-Encoding"),
			    FIRN_STR("zstd"));
	struct firn_str plain, encoded;
	firn_rc rc;

	firn_err_clear(cx);
	rc = join_body(cx, reply, &plain);
	if (rc == FIRN_OK)
		rc = zstd ? firn_zstd(cx, plain, &encoded) : firn_gzip(cx, plain, &encoded);
	cx->err = kept;
	if (rc != FIRN_OK ||
	    reply->n_headers + 2 > sizeof(reply->headers) / sizeof(reply->headers[0]))
		return;
	if (!has_header(reply, "Vary"))
		reply->headers[reply->n_headers++] =
			(struct firn_pair){FIRN_STR("Vary"), FIRN_STR("Accept-Encoding")};
	reply->body[0] = encoded;
	reply->n_body = 1;
	reply->headers[reply->n_headers++] = (struct firn_pair){
		FIRN_STR("Content-Encoding"), zstd ? FIRN_STR("zstd") : FIRN_STR("gzip")};
}
