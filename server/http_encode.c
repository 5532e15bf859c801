/*
 * Content codings of answers: zstd or gzip, when the client asks and the body is worth it. An
 * answer whose content has a name is encoded once, and kept.
 */
#include "firn/catalog.h"
#include "firn/compress.h"
#include "http.h"
#include "loop.h"

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

/* The coding that this answer should have; NONE: it goes out as it is. */
static struct firn_str coding_of(const struct firn_exchange *exchange)
{
	const struct firn_reply *reply = &exchange->call.reply;
	struct firn_str list;

	if (reply->follow_events || body_bytes(reply) < LEAST_BYTES ||
	    has_header(reply, "Content-Encoding"))
		return FIRN_STR_NONE;
	list = exchange->call.header(&exchange->call, "Accept-Encoding");
	if (accepts(list, FIRN_STR("zstd")))
		return FIRN_STR("zstd");
	return accepts(list, FIRN_STR("gzip")) ? FIRN_STR("gzip") : FIRN_STR_NONE;
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

static firn_rc encode_body(struct firn_ctx *cx, const struct firn_reply *reply,
			   struct firn_str coding, struct firn_str *ret_encoded)
{
	struct firn_str plain;

	FIRN_TRY(join_body(cx, reply, &plain));
	return firn_str_is(coding, "zstd") ? firn_zstd(cx, plain, ret_encoded)
					   : firn_gzip(cx, plain, ret_encoded);
}

static bool has_room(const struct firn_reply *reply)
{
	return reply->n_headers + 2 <= sizeof(reply->headers) / sizeof(reply->headers[0]) &&
	       reply->n_holds < sizeof(reply->holds) / sizeof(reply->holds[0]);
}

static void replace_body(struct firn_reply *reply, struct firn_str coding, struct firn_str encoded)
{
	if (!has_header(reply, "Vary"))
		reply->headers[reply->n_headers++] =
			(struct firn_pair){FIRN_STR("Vary"), FIRN_STR("Accept-Encoding")};
	reply->headers[reply->n_headers++] =
		(struct firn_pair){FIRN_STR("Content-Encoding"), coding};
	reply->body[0] = encoded;
	reply->n_body = 1;
}

static bool take_kept(struct firn_exchange *exchange, struct firn_str coding)
{
	struct firn_reply *reply = &exchange->call.reply;
	struct firn_catalog *catalog = firn_loop_server(exchange->loop)->catalog;
	struct firn_blob *blob;

	if (!reply->content.p)
		return false;
	blob = firn_encoded_find(&exchange->call.cx, catalog, reply->content, coding);
	if (!blob)
		return false;
	reply->holds[reply->n_holds++] = blob;
	replace_body(reply, coding, firn_blob_bytes(blob));
	return true;
}

/* On failure the answer goes out as it is: encoding is a courtesy. */
static void make(struct firn_exchange *exchange, struct firn_str coding)
{
	struct firn_ctx *cx = &exchange->call.cx;
	struct firn_reply *reply = &exchange->call.reply;
	struct firn_err kept = cx->err;
	struct firn_str encoded;
	firn_rc rc;

	firn_err_clear(cx);
	rc = encode_body(cx, reply, coding, &encoded);
	if (rc == FIRN_OK && reply->content.p)
		firn_encoded_keep(cx, firn_loop_server(exchange->loop)->catalog, reply->content,
				  coding, encoded);
	cx->err = kept;
	if (rc == FIRN_OK)
		replace_body(reply, coding, encoded);
}

bool firn_http_encode(struct firn_exchange *exchange, size_t most_bytes)
{
	struct firn_str coding = coding_of(exchange);

	if (!coding.p || !has_room(&exchange->call.reply) || take_kept(exchange, coding))
		return true;
	if (body_bytes(&exchange->call.reply) > most_bytes)
		return false;
	make(exchange, coding);
	return true;
}
