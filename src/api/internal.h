/* What the files of api/ share and nobody else sees. */
#ifndef FIRN_API_INTERNAL_H
#define FIRN_API_INTERNAL_H

#include "firn/api.h"

enum { ROUTE_PUBLIC = 1, ROUTE_LOCAL = 2, ROUTE_SPEC = 4, ROUTE_ORDERED = 8 };
enum firn_route_kind { ROUTE_FAST, ROUTE_INLINE, ROUTE_LANE, ROUTE_MUTATION };
enum firn_body { BODY_NONE, BODY_JSON, BODY_OPTIONAL };
/* How the outcome of a mutation is told. OWN: the handler replies itself. */
enum firn_answer {
	ANSWER_OWN,
	ANSWER_EMPTY /* 204 */,
	ANSWER_JSON /* 200, outcome.json */,
	ANSWER_CREATED /* 201 */,
	ANSWER_LOAD /* metadata-location, metadata, config */,
	ANSWER_COMMIT /* without config */,
	ANSWER_VERSION /* version, metadata-location */
};

struct firn_route {
	enum firn_route_kind kind;
	enum firn_method method;
	const char *method_text, *path, *operation;
	enum firn_body body;
	unsigned flags;
	enum firn_answer answer;
	firn_rc (*ask)(struct firn_call *call);
	firn_rc (*answer_rows)(struct firn_call *call, const struct firn_rows *rows);
	firn_rc (*run)(struct firn_call *call);
	firn_rc (*mutate)(struct firn_call *call, const struct firn_mutation *mutation,
			  struct firn_outcome *ret_outcome);
};

struct firn_api {
	struct firn_catalog *catalog;
	struct firn_api_config config; /* its strings are the server's, and outlive the api */
	struct firn_api_hooks hooks;
	int64_t started_ms;
	char *endpoints; /* JSON array for GET /v1/config */
};

/* route.c */
extern const struct firn_route firn_routes[]; /* ended by a row whose path is NULL */
/* Finds the route and decodes the path into call->target. NO_SUCH_ROUTE, METHOD_NOT_ALLOWED (with
 * an Allow header on the reply), BAD_REQUEST. */
firn_rc firn_route_find(struct firn_call *call) FIRN_MUST;
firn_rc firn_query_parse(struct firn_call *call) FIRN_MUST;
/* One parameter as it stands in the URL, not decoded; NONE when absent. */
struct firn_str firn_query_raw(const struct firn_call *call, const char *name);

/* call.c: what handlers read of a request. */
firn_rc firn_call_page(struct firn_call *call, struct firn_page *ret_page) FIRN_MUST;
/* Query parameter as true/false in any letter case; absent = otherwise. */
firn_rc firn_call_bool(struct firn_call *call, const char *name, bool otherwise,
		       bool *ret_value) FIRN_MUST;
firn_rc firn_call_i64(struct firn_call *call, const char *name, int64_t otherwise,
		      int64_t *ret_value) FIRN_MUST;
/* The body as a JSON object. */
firn_rc firn_call_body(struct firn_call *call, const struct firn_json **ret_object) FIRN_MUST;
/* {"namespace": […], "name": "…"} of a body, checked, in the call's warehouse. */
firn_rc firn_call_identifier(struct firn_call *call, const struct firn_json *json, const char *what,
			     struct firn_target *ret_target) FIRN_MUST;

/* reply.c */
void firn_reply_header(struct firn_call *call, const char *name, struct firn_str value);
void firn_reply_part(struct firn_call *call, struct firn_str bytes);
void firn_reply_hold(struct firn_call *call,
		     struct firn_blob *blob); /* takes over the caller's hold */
/* A body that is JSON already. */
firn_rc firn_reply_json_text(struct firn_call *call, struct firn_str text, int status) FIRN_MUST;
/* A JSON body: begin, write with the writer, end (sets status and content type). */
struct firn_reply_json {
	struct firn_buf text;
	struct firn_jw w;
};
void firn_reply_json_begin(struct firn_call *call, struct firn_reply_json *json);
firn_rc firn_reply_json_end(struct firn_call *call, struct firn_reply_json *json,
			    int status) FIRN_MUST;
firn_rc firn_reply_empty(struct firn_call *call, int status) FIRN_MUST;
/* Tells a mutation's outcome as the route says. */
firn_rc firn_reply_outcome(struct firn_call *call, const struct firn_outcome *outcome) FIRN_MUST;
/* A table or view behind a pointer, with ETag and 304 when the client has it. with_config:
 * LoadTableResult. */
firn_rc firn_reply_metadata(struct firn_call *call, const struct firn_pointer *pointer,
			    enum firn_snapshots snapshots, bool with_config) FIRN_MUST;

/* etag.c: the one place that makes and compares entity tags. */
struct firn_str firn_etag(struct firn_call *call, const struct firn_pointer *pointer,
			  enum firn_snapshots snapshots);
bool firn_etag_matches(struct firn_str if_none_match, struct firn_str etag);

#define FAST(method, path, operation, handler, flags)                                              \
	firn_rc h_##handler##_ask(struct firn_call *call);                                         \
	firn_rc h_##handler##_answer(struct firn_call *call, const struct firn_rows *rows);
#define INLINE(method, path, operation, handler, flags)                                            \
	firn_rc h_##handler##_run(struct firn_call *call);
#define LANE(method, path, operation, handler, body, flags)                                        \
	firn_rc h_##handler##_run(struct firn_call *call);
#define MUTATION(method, path, operation, handler, body, flags, answer)                            \
	firn_rc h_##handler##_mutate(struct firn_call *call, const struct firn_mutation *mutation, \
				     struct firn_outcome *ret_outcome);
#include "routes.def"
#undef FAST
#undef INLINE
#undef LANE
#undef MUTATION

#endif
