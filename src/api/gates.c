/*
 * The gates, in one fixed order: route (which decodes the path) → transport (what a body may look
 * like) → authenticate → decode the query → authorize → handler. Each is one step here.
 */
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/compress.h"
#include "firn/crypto.h"
#include "internal.h"

static struct firn_str header(const struct firn_call *call, const char *name)
{
	return call->header(call, name);
}

/* ---- transport ------------------------------------------------------------------------------ */

static bool is_json_type(struct firn_str type)
{
	struct firn_str media = firn_str_trim(firn_str_sub(type, 0, firn_str_find(type, ';')));
	return firn_str_ieq(media, FIRN_STR("application/json")) ||
	       (media.n > 5 &&
		firn_str_ieq(firn_str_sub(media, media.n - 5, 5), FIRN_STR("+json")));
}

static firn_rc check_body_headers(struct firn_call *call)
{
	struct firn_str type = header(call, "Content-Type");
	struct firn_str encoding = header(call, "Content-Encoding");
	struct firn_ctx *cx = &call->cx;

	if (call->route->body == BODY_JSON && !header(call, "Content-Length").p &&
	    !header(call, "Transfer-Encoding").p)
		return firn_fail(cx, FIRN_E_LENGTH_REQUIRED,
				 "%s needs a body with Content-Length or chunked encoding",
				 call->route->operation);
	if (call->route->body == BODY_JSON && type.n > 0 && !is_json_type(type))
		return firn_fail(cx, FIRN_E_MEDIA_TYPE,
				 "Content-Type '%.*s' isn't understood: send application/json",
				 FIRN_FMT(type));
	if (encoding.n > 0 && !firn_str_ieq(encoding, FIRN_STR("gzip")) &&
	    !firn_str_ieq(encoding, FIRN_STR("identity")))
		return firn_fail(cx, FIRN_E_MEDIA_TYPE,
				 "Content-Encoding '%.*s' isn't understood: send gzip or none",
				 FIRN_FMT(encoding));
	return FIRN_OK;
}

/* True when one element of the Accept list allows what the route answers with. */
static bool accepts(struct firn_str list)
{
	static const char *const fine[] = {"*/*",    "application/*", "application/json",
					   "text/*", "text/plain",    "text/event-stream"};

	while (list.n > 0) {
		size_t comma = firn_str_find(list, ',');
		struct firn_str item = firn_str_sub(list, 0, comma);
		struct firn_str media =
			firn_str_trim(firn_str_sub(item, 0, firn_str_find(item, ';')));
		for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
			if (firn_str_ieq(media, firn_str(fine[i])))
				return true;
		list = comma < list.n ? firn_str_sub(list, comma + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return false;
}

static firn_rc check_accept(struct firn_call *call)
{
	struct firn_str list = header(call, "Accept");
	if (list.n == 0 || accepts(list))
		return FIRN_OK;
	return firn_fail(&call->cx, FIRN_E_UNSUPPORTED,
			 "Accept '%.*s' excludes application/json, which is what is served here",
			 FIRN_FMT(list));
}

static firn_rc inflate_body(struct firn_call *call)
{
	if (!firn_str_ieq(header(call, "Content-Encoding"), FIRN_STR("gzip")) || call->body.n == 0)
		return FIRN_OK;
	return firn_gunzip(&call->cx, call->body, call->body_ceiling, &call->body);
}

/* ---- authenticate --------------------------------------------------------------------------- */

/* 127.0.0.1 and the like; not 127.example.com, which is a name that anybody can own. */
static bool is_loopback_number(struct firn_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return firn_str_starts(name, FIRN_STR("127."));
}

static bool is_loopback_host(struct firn_str host)
{
	struct firn_str name;

	if (host.n > 0 && host.p[0] == '[') {
		size_t end = firn_str_find(host, ']');
		return end < host.n && firn_str_is(firn_str_sub(host, 0, end + 1), "[::1]");
	}
	name = firn_str_sub(host, 0, firn_str_find(host, ':'));
	return firn_str_ieq(name, FIRN_STR("localhost")) || is_loopback_number(name);
}

/* By base_url, or by a loopback name. The Host header alone proves nothing: it follows whatever
 * name the browser was led here under (DNS rebinding). */
static bool is_own_origin(const struct firn_call *call, struct firn_str origin)
{
	struct firn_str own = call->api->config.base_url, authority;
	size_t slash = firn_str_find(origin, '/');

	if (origin.n == 0 || slash == origin.n)
		return false;
	if (firn_str_ieq(firn_str_sub(own, 0, origin.n), origin) &&
	    (own.n == origin.n || own.p[origin.n] == '/'))
		return true;
	authority = firn_str_sub(origin, slash + 2, SIZE_MAX);
	return is_loopback_host(authority) && firn_str_ieq(authority, header(call, "Host"));
}

/* A page in a browser may send requests here that it can't read the answers of; the browser then
 * says whose page it is. */
static firn_rc check_origin(struct firn_call *call)
{
	struct firn_str origin = header(call, "Origin");

	if (!origin.p || (!firn_call_mutates(call) && !(call->route->flags & ROUTE_LOCAL)) ||
	    is_own_origin(call, origin))
		return FIRN_OK;
	return firn_fail(
		&call->cx, FIRN_E_FORBIDDEN,
		"A page of '%.*s' may not send this: there is no authentication yet; pages "
		"of the server itself are known by `base_url`",
		FIRN_FMT(origin));
}

/* A proxy on this machine is a loopback peer whoever its caller is. */
static bool is_forwarded(const struct firn_call *call)
{
	static const char *const marks[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
					    "X-Real-IP", "Via"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (header(call, marks[i]).p)
			return true;
	return false;
}

/* The Host header counts too: a page in a browser on this machine may have been sent here under
 * another name (DNS rebinding). */
static firn_rc authenticate(struct firn_call *call)
{
	bool local = call->loopback_peer && is_loopback_host(header(call, "Host")) &&
		     !is_forwarded(call);

	FIRN_TRY(check_origin(call));
	if (!(call->route->flags & ROUTE_LOCAL) || local || call->api->config.open_management)
		return FIRN_OK;
	return firn_fail(&call->cx, FIRN_E_FORBIDDEN,
			 "The management API answers only callers on its own machine, by a "
			 "loopback name and not through a proxy: it has no authentication yet");
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Of what the call points at, never 0. No part holds U+001F, which ends each. */
static uint64_t target_key(const struct firn_target *target)
{
	uint64_t hash = firn_str_hash(0, target->warehouse);

	for (size_t i = 0; i < target->levels.n; i++)
		hash = firn_str_hash(firn_str_hash(hash, FIRN_STR("\x1f")),
				     target->levels.items[i]);
	return firn_str_hash(firn_str_hash(hash, FIRN_STR("\x1f")), target->name) | 1;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static enum firn_next refuse(struct firn_call *call)
{
	firn_api_fail(call);
	return FIRN_NEXT_REPLY;
}

static firn_rc route(struct firn_call *call)
{
	FIRN_TRY(firn_route_find(call));
	call->body_ceiling = call->api->config.body_ceiling;
	FIRN_TRY(check_body_headers(call));
	FIRN_TRY(check_accept(call));
	return authenticate(call);
}

enum firn_next firn_api_route(struct firn_call *call)
{
	return route(call) == FIRN_OK ? FIRN_NEXT_ASK : refuse(call);
}

static firn_rc enter(struct firn_call *call)
{
	FIRN_TRY(firn_query_parse(call));
	return firn_access_check(&call->cx, call->route->operation, &call->pass);
}

/* After a handler: a failure becomes its reply. */
static enum firn_next conclude(struct firn_call *call, firn_rc rc)
{
	if (rc != FIRN_OK)
		return refuse(call);
	return FIRN_NEXT_REPLY;
}

enum firn_next firn_api_begin(struct firn_call *call)
{
	firn_rc rc = enter(call);
	if (rc != FIRN_OK)
		return refuse(call);
	switch (call->route->kind) {
	case ROUTE_INLINE:
		return conclude(call, call->route->run(call));
	case ROUTE_FAST:
		return call->route->ask(call) == FIRN_OK ? FIRN_NEXT_ASK : refuse(call);
	case ROUTE_MUTATION:
		if (call->route->flags & ROUTE_ORDERED)
			call->queue_key = target_key(&call->target);
		return FIRN_NEXT_LANE;
	case ROUTE_LANE:
		return FIRN_NEXT_LANE;
	}
	return FIRN_NEXT_LANE;
}

enum firn_next firn_api_answer(struct firn_call *call, firn_rc rc, const struct firn_rows *rows)
{
	if (rc == FIRN_OK)
		rc = call->route->answer_rows(call, rows);
	if (rc != FIRN_E_NEEDS_LANE && rc != FIRN_E_ASK_AGAIN)
		return conclude(call, rc);
	firn_err_clear(&call->cx);
	if (rc == FIRN_E_NEEDS_LANE)
		return FIRN_NEXT_LANE;
	return call->route->ask(call) == FIRN_OK ? FIRN_NEXT_ASK : refuse(call);
}

/* ---- on a lane ------------------------------------------------------------------------------ */

/* A fast route that met work which may block asks again: the row may have changed meanwhile. */
static firn_rc run_fast(struct firn_call *call)
{
	const struct firn_rows *rows;
	firn_rc rc;

	for (;;) {
		FIRN_TRY(firn_ask_now(&call->cx, call->ask, &rows));
		rc = call->route->answer_rows(call, rows);
		if (rc != FIRN_E_ASK_AGAIN)
			return rc;
		firn_err_clear(&call->cx);
		FIRN_TRY(call->route->ask(call));
	}
}

/* The change is made: should its answer fail, the client must not think that it wasn't. */
static firn_rc tell_done(struct firn_call *call, const struct firn_outcome *outcome)
{
	firn_rc rc = firn_reply_outcome(call, outcome);
	if (rc == FIRN_OK)
		return FIRN_OK;
	(void)firn_note(&call->cx, "%s", call->cx.err.message);
	call->cx.err.code = FIRN_OK;
	return firn_fail(&call->cx, FIRN_E_COMMIT_UNKNOWN,
			 "The change was made, but its answer could not be built; load again");
}

static firn_rc mutate(struct firn_call *call, struct firn_mutation *mutation)
{
	struct firn_str key = header(call, "Idempotency-Key");
	const struct firn_outcome *replay = NULL;
	unsigned char hash[FIRN_SHA256_BYTES];
	struct firn_outcome outcome = {0};

	if (key.p) {
		const struct firn_str request[] = {call->raw_path, FIRN_STR("?"), call->raw_query,
						   FIRN_STR("\n"), call->body};

		firn_sha256_parts(request, sizeof(request) / sizeof(request[0]), hash);
		FIRN_TRY(firn_idem_claim(&call->cx, call->api->catalog, call->pass, key, hash,
					 &mutation->idem, &replay));
		if (replay)
			return replay->error != FIRN_OK ? firn_reply_outcome(call, replay)
							: tell_done(call, replay);
	}
	FIRN_TRY(call->route->mutate(call, mutation, &outcome));
	return tell_done(call, &outcome);
}

static firn_rc run_mutation(struct firn_call *call)
{
	struct firn_mutation mutation = {.pass = call->pass};
	firn_rc rc = mutate(call, &mutation);

	if (mutation.idem)
		firn_idem_release(&call->cx, call->api->catalog, mutation.idem);
	return rc;
}

static firn_rc run(struct firn_call *call)
{
	if (firn_deadline_ms(&call->cx) ==
	    0) /* waited for a lane too long; nothing has happened yet */
		return firn_fail(&call->cx,
				 firn_call_mutates(call) ? FIRN_E_TOO_MANY_REQUESTS
							 : FIRN_E_UNAVAILABLE,
				 "The server is busy; nothing was changed, try again");
	FIRN_TRY(inflate_body(call));
	switch (call->route->kind) {
	case ROUTE_FAST:
		return run_fast(call);
	case ROUTE_MUTATION:
		return run_mutation(call);
	case ROUTE_INLINE:
	case ROUTE_LANE:
		return call->route->run(call);
	}
	return FIRN_OK;
}

void firn_api_run(struct firn_call *call)
{
	if (conclude(call, run(call)) == FIRN_NEXT_REPLY && call->reply.status == 0) {
		(void)firn_fail(&call->cx, FIRN_E_INTERNAL, "%s gave no answer",
				call->route->operation);
		firn_api_fail(call);
	}
}

/* ---- the api itself ------------------------------------------------------------------------- */

static firn_rc list_endpoints(struct firn_ctx *cx, struct firn_api *api)
{
	struct firn_buf text;
	struct firn_jw w;
	struct firn_str json;

	firn_buf_init(&text, cx, 64 * 1024);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '[');
	for (const struct firn_route *r = firn_routes; r->path; r++)
		if (r->flags & ROUTE_SPEC)
			firn_jw_str(&w, firn_printf(cx, "%s %s", r->method_text, r->path));
	firn_jw_end(&w, ']');
	FIRN_TRY(firn_buf_end(&text, &json));
	api->endpoints = strndup(json.p, json.n);
	return api->endpoints ? FIRN_OK : firn_fail(cx, FIRN_E_INTERNAL, "No memory for the API");
}

firn_rc firn_api_open(struct firn_ctx *cx, struct firn_catalog *catalog,
		      const struct firn_api_config *config, const struct firn_api_hooks *hooks,
		      struct firn_api **ret_api)
{
	struct firn_api *api = calloc(1, sizeof(*api));
	firn_rc rc;

	if (!api)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for the API");
	api->catalog = catalog;
	api->config = *config;
	api->hooks = *hooks;
	api->started_ms = firn_wall_ms(cx);
	rc = list_endpoints(cx, api);
	if (rc != FIRN_OK) {
		firn_api_free(api);
		return rc;
	}
	*ret_api = api;
	return FIRN_OK;
}

void firn_api_free(struct firn_api *api)
{
	if (api)
		free(api->endpoints);
	free(api);
}
