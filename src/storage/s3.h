/* What the parts of the S3 store share: the opened store, one signed call with retries, errors. */
#ifndef FIRN_STORAGE_S3_H
#define FIRN_STORAGE_S3_H

#include "firn/http.h"
#include "store.h"

#define FIRN_S3_SINGLE_MAX ((size_t)64 << 20) /* larger objects go up in parts */

struct firn_s3 {
	struct firn_store store;
	struct firn_str
		origin; /* "https://host:port"; with the bucket in the host if virtual-host style */
	struct firn_str host; /* as the Host header names it */
	struct firn_str base; /* encoded path before the key: "", "/bucket", "/gateway/bucket" */
	struct firn_str bucket, region;
	struct firn_str access_key; /* empty: requests go unsigned */
	struct firn_secret secret_key, session_token;
};

/* Settings of the profile into s3: origin, host, base. BAD_REQUEST names the setting. */
firn_rc firn_s3_endpoint(struct firn_ctx *cx, const struct firn_store_profile *profile,
			 struct firn_s3 *s3) FIRN_MUST;

struct firn_s3_request {
	const char *method;
	struct firn_str key;   /* NONE: the bucket itself */
	struct firn_str query; /* encoded, sorted by name, every name with '='; empty for none */
	const struct firn_pair *headers; /* names in lower case, at most 8 */
	size_t n_headers;
	struct firn_str body;  /* sent when .p isn't NULL */
	size_t answer_ceiling; /* of a body that is no error */
};
struct firn_s3_answer {
	struct firn_http_answer http;
	struct firn_str code, message; /* of an error; NONE when it names none */
	bool unsure; /* an earlier try of this call had no definite answer and may have taken effect
		      */
};
/*
 * One call, tried again with jitter on broken connections, 5xx and slow-down, within the ctx
 * deadline and a time of its own. FIRN_OK with the first definite answer, whatever its status;
 * STORE_BROKEN when there was none.
 */
firn_rc firn_s3_call(struct firn_ctx *cx, const struct firn_s3 *s3,
		     const struct firn_s3_request *request,
		     struct firn_s3_answer *ret_answer) FIRN_MUST;
/* The code and message for an answer that is not what was hoped for. doing: "reading". */
firn_rc firn_s3_refused(struct firn_ctx *cx, const struct firn_s3 *s3, struct firn_str key,
			const char *doing, const struct firn_s3_answer *answer) FIRN_MUST;
/* Reads code and message of an error body; one that is no XML names none. */
void firn_s3_error_read(struct firn_ctx *cx, struct firn_str body, struct firn_s3_answer *answer);
/* True for errors that a repetition may mend. */
bool firn_s3_retryable(const struct firn_s3_answer *answer);

/* One name and value of a query, encoded; `&` before it unless it is the first. */
void firn_s3_query_put(struct firn_buf *b, const char *name, struct firn_str value);

firn_rc firn_s3_get(struct firn_ctx *cx, const struct firn_store *store,
		    const struct firn_object *object, size_t ceiling,
		    struct firn_str *ret_bytes) FIRN_MUST;
firn_rc firn_s3_head(struct firn_ctx *cx, const struct firn_store *store,
		     const struct firn_object *object, struct firn_object_info *ret_info) FIRN_MUST;
firn_rc firn_s3_put(struct firn_ctx *cx, const struct firn_store *store,
		    const struct firn_object *object, struct firn_str bytes,
		    bool if_absent) FIRN_MUST;
/* For bytes longer than a part. */
firn_rc firn_s3_put_parts(struct firn_ctx *cx, const struct firn_s3 *s3,
			  const struct firn_object *object, struct firn_str bytes,
			  bool if_absent) FIRN_MUST;
/* FIRN_OK when the object is there with just these bytes, STORE_EXISTS when it has others: what a
 * put means that was tried twice and then told that there is an object already. */
firn_rc firn_s3_same(struct firn_ctx *cx, const struct firn_s3 *s3,
		     const struct firn_object *object, struct firn_str bytes,
		     struct firn_str etag) FIRN_MUST;
firn_rc firn_s3_remove(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *objects, size_t n) FIRN_MUST;
firn_rc firn_s3_list(struct firn_ctx *cx, const struct firn_store *store,
		     const struct firn_object *folder, struct firn_store_page *page) FIRN_MUST;

/* ms since the Unix epoch of "2009-10-12T17:50:30.000Z" or "Mon, 12 Oct 2009 17:50:30 GMT"; false
 * for anything else. */
bool firn_s3_time_parse(struct firn_str text, int64_t *ret_ms);

#endif
