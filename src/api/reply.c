/* Replies: the only place where a code becomes an HTTP status, and an outcome a body. */
#include "firn/arena.h"
#include "internal.h"

enum {
	BODY_CEILING = 1 << 30,
	HEADERS = sizeof(((struct firn_reply *)0)->headers) / sizeof(struct firn_pair)
};

void firn_reply_header(struct firn_call *call, const char *name, struct firn_str value)
{
	if (call->reply.n_headers < HEADERS && value.p)
		call->reply.headers[call->reply.n_headers++] =
			(struct firn_pair){firn_str(name), value};
}

void firn_reply_part(struct firn_call *call, struct firn_str bytes)
{
	call->reply.body[call->reply.n_body++] = bytes;
}

void firn_reply_hold(struct firn_call *call, struct firn_blob *blob)
{
	call->reply.holds[call->reply.n_holds++] = blob;
}

firn_rc firn_reply_json_text(struct firn_call *call, struct firn_str text, int status)
{
	firn_reply_header(call, "Content-Type", FIRN_STR("application/json"));
	firn_reply_part(call, text);
	call->reply.status = status;
	return FIRN_OK;
}

void firn_reply_json_begin(struct firn_call *call, struct firn_reply_json *json)
{
	firn_buf_init(&json->text, &call->cx, BODY_CEILING);
	firn_jw_init(&json->w, &json->text);
}

firn_rc firn_reply_json_end(struct firn_call *call, struct firn_reply_json *json, int status)
{
	struct firn_str text;
	FIRN_TRY(firn_buf_end(&json->text, &text));
	return firn_reply_json_text(call, text, status);
}

firn_rc firn_reply_empty(struct firn_call *call, int status)
{
	call->reply.status = status;
	return FIRN_OK;
}

/* ---- failures ------------------------------------------------------------------------------- */

static void write_error(struct firn_jw *w, const struct firn_code_info *info, const char *message)
{
	firn_jw_begin(w, '{');
	firn_jw_key(w, "error");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "message");
	firn_jw_cstr(w, message);
	firn_jw_key(w, "type");
	firn_jw_cstr(w, info->iceberg_type);
	firn_jw_key(w, "code");
	firn_jw_i64(w, info->http_status);
	firn_jw_end(w, '}');
	firn_jw_end(w, '}');
}

/* Of a success that was being built; only Allow belongs to a failure too. */
static void drop_headers(struct firn_call *call)
{
	unsigned n = 0;

	for (unsigned i = 0; i < call->reply.n_headers; i++)
		if (firn_str_is(call->reply.headers[i].key, "Allow"))
			call->reply.headers[n++] = call->reply.headers[i];
	call->reply.n_headers = n;
}

static void drop_body(struct firn_call *call)
{
	for (unsigned i = 0; i < call->reply.n_holds; i++)
		firn_blob_release(call->reply.holds[i]);
	call->reply.n_holds = 0;
	call->reply.n_body = 0;
	call->reply.content = FIRN_STR_NONE;
	call->reply.follow_events = false;
}

/* A failure without words says at least that it is one. */
static const char *message_for_client(const struct firn_err *err)
{
	return err->message[0] ? err->message : "The request failed";
}

void firn_api_fail(struct firn_call *call)
{
	const struct firn_err kept = call->cx.err;
	const struct firn_code_info *info = firn_code_info(kept.code);
	struct firn_reply_json json;

	drop_headers(call);
	drop_body(call);
	call->reply.status = info->http_status;
	if (info->http_status == 429 || info->http_status == 503)
		firn_reply_header(call, "Retry-After", FIRN_STR("1"));
	firn_err_clear(&call->cx); /* a writer does nothing on a ctx that has failed */
	if (call->method != FIRN_HEAD) {
		firn_reply_json_begin(call, &json);
		write_error(&json.w, info, message_for_client(&kept));
		if (firn_reply_json_end(call, &json, info->http_status) != FIRN_OK)
			drop_body(call); /* no memory left for words: the status says it */
	}
	call->cx.err = kept;
}

/* ---- tables and views ----------------------------------------------------------------------- */

/* {"metadata-location":…,"metadata":⟨bytes⟩[,"config":{}]}: head and tail around the cached bytes.
 */
static firn_rc splice(struct firn_call *call, struct firn_str location, struct firn_str metadata,
		      bool with_config)
{
	struct firn_buf head;
	struct firn_jw w;
	struct firn_str text;

	firn_buf_init(&head, &call->cx, 64 * 1024);
	firn_jw_init(&w, &head);
	firn_jw_begin(&w, '{');
	if (location.p) {
		firn_jw_key(&w, "metadata-location");
		firn_jw_str(&w, location);
	}
	firn_jw_key(&w, "metadata");
	FIRN_TRY(firn_buf_end(&head, &text));
	firn_reply_header(call, "Content-Type", FIRN_STR("application/json"));
	firn_reply_part(call, text);
	firn_reply_part(call, metadata);
	firn_reply_part(call, with_config ? FIRN_STR(",\"config\":{}}") : FIRN_STR("}"));
	call->reply.status = 200;
	return FIRN_OK;
}

static void put_validators(struct firn_call *call, struct firn_str etag)
{
	firn_reply_header(call, "ETag", etag);
	firn_reply_header(call, "Vary", FIRN_STR("Accept-Encoding, X-Iceberg-Access-Delegation"));
}

firn_rc firn_reply_metadata(struct firn_call *call, const struct firn_pointer *pointer,
			    enum firn_snapshots snapshots, bool with_config)
{
	struct firn_str etag = firn_etag(call, pointer, snapshots);
	struct firn_str known = call->header(call, "If-None-Match");
	struct firn_blob *blob;

	if (!etag.p)
		return call->cx.err.code;
	if (call->method == FIRN_GET && known.p && firn_etag_matches(known, etag)) {
		put_validators(call, etag);
		return firn_reply_empty(call, 304);
	}
	FIRN_TRY(firn_metadata_get(&call->cx, call->api->catalog, pointer, snapshots, &blob));
	firn_reply_hold(call, blob);
	put_validators(call, etag);
	if (with_config) /* a commit's answer has the tag, but not all of the bytes */
		call->reply.content = etag;
	return splice(call, pointer->metadata_location, firn_blob_bytes(blob), with_config);
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static firn_rc reply_version(struct firn_call *call, const struct firn_pointer *pointer)
{
	struct firn_reply_json json;
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "version");
	firn_jw_i64_str(&json.w, pointer->version);
	firn_jw_key(&json.w, "metadata-location");
	firn_jw_str(&json.w, pointer->metadata_location);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}

firn_rc firn_reply_outcome(struct firn_call *call, const struct firn_outcome *outcome)
{
	if (outcome->error != FIRN_OK)
		return firn_fail(&call->cx, outcome->error, "%.*s", FIRN_FMT(outcome->message));
	switch (call->route->answer) {
	case ANSWER_LOAD:
		if (!outcome->has_pointer)
			return splice(call, FIRN_STR_NONE, outcome->metadata, true);
		return firn_reply_metadata(call, &outcome->pointer, FIRN_SNAPSHOTS_ALL, true);
	case ANSWER_COMMIT:
		return firn_reply_metadata(call, &outcome->pointer, FIRN_SNAPSHOTS_ALL, false);
	case ANSWER_VERSION:
		return reply_version(call, &outcome->pointer);
	case ANSWER_JSON:
		return firn_reply_json_text(call, outcome->json, 200);
	case ANSWER_CREATED:
		return firn_reply_json_text(call, outcome->json, 201);
	case ANSWER_EMPTY:
	case ANSWER_OWN:
		return firn_reply_empty(call, 204);
	}
	return FIRN_OK;
}
