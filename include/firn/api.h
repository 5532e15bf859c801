/*
 * The HTTP interface, without sockets: from a request's raw bytes to a reply. The server drives a
 * call through these steps; api/ never blocks except in firn_api_run.
 *
 *   firn_api_route   when the head is in: route, body ceiling. May already reply.
 *   firn_api_begin   when the body is in: gates (authenticate → decode → authorize), then
 *                    REPLY: done · ASK: send call->ask, then firn_api_answer with its rows ·
 *                    LANE: queue to a lane, which calls firn_api_run.
 *   firn_api_answer  on the loop, with rows or an error: REPLY or LANE (what it needs may block).
 *   firn_api_run     on a lane (cx->db and cx->http set): always ends with a reply.
 */
#ifndef FIRN_API_H
#define FIRN_API_H

#include "firn/catalog.h"

enum firn_method {
	FIRN_GET,
	FIRN_HEAD,
	FIRN_POST,
	FIRN_PUT,
	FIRN_DELETE,
	FIRN_PATCH,
	FIRN_OPTIONS,
	FIRN_METHOD_OTHER
};

struct firn_reply {
	int status;		      /* 0 = none yet */
	struct firn_pair headers[16]; /* arena or static; no Content-Length, Date, X-Request-Id: the
					 server's */
	unsigned n_headers;
	struct firn_str body[8]; /* sent one after the other, not copied */
	unsigned n_body;
	struct firn_str content; /* names the body: equal names, equal bytes; NONE: nothing does */
	struct firn_blob *holds[2]; /* released when the body is sent */
	unsigned n_holds;
	bool follow_events; /* server-sent events: the server streams, from follow_after on */
	int64_t follow_after;
	struct firn_str follow_warehouse;
};

struct firn_route;
struct firn_api;
struct firn_call {
	struct firn_ctx cx; /* set up by the server: arena, clock, deadline, request id */
	struct firn_api *api;
	/* The request, as on the wire. */
	enum firn_method method;
	struct firn_str method_text, raw_path, raw_query, body;
	struct firn_str (*header)(const struct firn_call *call,
				  const char *name); /* NONE when absent */
	void *transport;			     /* the server's own */
	bool loopback_peer;			     /* the peer's address is loopback */
	/* Found on the way. */
	const struct firn_route *route;
	size_t body_ceiling; /* bytes, inflated too; set by firn_api_route */
	struct firn_target target;
	struct firn_map query; /* decoded */
	const struct firn_pass *pass;
	uint64_t queue_key; /* lanes run calls with equal non-zero keys one after the other */
	struct firn_ask *ask;
	struct firn_reply reply;
	void *state; /* the route's own, between ask and answer */
};

enum firn_next { FIRN_NEXT_REPLY, FIRN_NEXT_ASK, FIRN_NEXT_LANE };

struct firn_api_config {
	struct firn_str base_url; /* as clients see the server; may be empty */
	size_t body_ceiling;	  /* default for routes that don't say, bytes */
	bool open_management; /* management answers non-loopback callers too (never by default) */
};
/* What the server knows and an endpoint shows. */
struct firn_api_hooks {
	void *server;
	/* Appends Prometheus text. */
	void (*metrics)(void *server, struct firn_buf *out);
	/* False with a reason (static text) while draining or the database can't be reached. */
	bool (*ready)(void *server, const char **ret_reason);
};
firn_rc firn_api_open(struct firn_ctx *cx, struct firn_catalog *catalog,
		      const struct firn_api_config *config, const struct firn_api_hooks *hooks,
		      struct firn_api **ret_api) FIRN_MUST;
void firn_api_free(struct firn_api *api);

enum firn_next firn_api_route(struct firn_call *call); /* ASK here means: go on */
enum firn_next firn_api_begin(struct firn_call *call);
enum firn_next firn_api_answer(struct firn_call *call, firn_rc rc, const struct firn_rows *rows);
void firn_api_run(struct firn_call *call);
/* A reply made of cx->err, for what the server itself refuses (time-out, overload, size). */
void firn_api_fail(struct firn_call *call);

/* For the access line and metrics: "loadTable"; "unknown" without a route. */
const char *firn_call_operation(const struct firn_call *call);
bool firn_call_mutates(const struct firn_call *call);
/* Names of all operations, ended by NULL, for metrics' labels; index of a call's in it. */
const char *const *firn_api_operations(void);
unsigned firn_call_operation_index(const struct firn_call *call);

#endif
