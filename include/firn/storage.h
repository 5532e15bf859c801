/*
 * Object stores: one vtable, opened by the scheme of a warehouse's location (file, s3).
 *
 * A store is immutable and shared by all threads; calls take what they need of mutable state from
 * the ctx (HTTP client, deadline, arena). Every call takes whole URIs as metadata spells them and
 * refuses with BAD_REQUEST those outside the store's root. Codes: STORE_NOT_FOUND, STORE_EXISTS
 * (conditional put lost), STORE_DENIED (credentials or permissions), STORE_BROKEN (no definite
 * answer, after retries with jitter on 5xx and slow-down; the call may have taken effect).
 * STORE_* messages are for the log and doctor: they name bucket and key, never a credential or a
 * path of the host outside the root.
 */
#ifndef FIRN_STORAGE_H
#define FIRN_STORAGE_H

#include "firn/json.h"
#include "firn/location.h"

/* How to reach a warehouse's store. Kept as JSON in the warehouse row, but for the secret. */
struct firn_store_profile {
	struct firn_str root; /* the warehouse's location, any spelling */
	/* s3 only: */
	struct firn_str endpoint; /* "https://host:port"; empty = AWS's regional endpoint */
	struct firn_str region;	  /* default us-east-1 */
	bool path_style;
	struct firn_str access_key; /* empty = unsigned requests */
	struct firn_secret secret_key;
	struct firn_secret session_token;
};

struct firn_store;
/* Copies what it needs. BAD_REQUEST for an unknown scheme or a missing or ill-formed setting;
 * file: roots must be absolute; the root folder is created when missing. */
firn_rc firn_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			struct firn_store **ret_store) FIRN_MUST;
void firn_store_free(struct firn_store *store);
const struct firn_location *firn_store_root(const struct firn_store *store);

/* Whole object, at most ceiling bytes (more: TOO_LARGE). */
firn_rc firn_store_get(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
		       size_t ceiling, struct firn_str *ret_bytes) FIRN_MUST;
struct firn_object_info {
	struct firn_str uri; /* in the spelling of the store's root */
	int64_t size;	     /* bytes */
	int64_t modified_ms; /* since the Unix epoch */
};
firn_rc firn_store_head(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
			struct firn_object_info *ret_info) FIRN_MUST;
/*
 * Writes a new object durably (file: write, fsync, link, fsync of the folder; s3: one put,
 * multipart over 64 MiB) and returns only when it would survive a crash. if_absent: STORE_EXISTS
 * when there is one already; on an S3 server without conditional puts the flag is refused at probe
 * time, not here. A retried put whose first try took effect is success, not STORE_EXISTS.
 */
firn_rc firn_store_put(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
		       struct firn_str bytes, bool if_absent) FIRN_MUST;
/* Readies the place of an object that a client is about to write itself: its folder exists
 * afterwards where a store has folders; elsewhere this does nothing. */
firn_rc firn_store_prepare(struct firn_ctx *cx, struct firn_store *store,
			   struct firn_str uri) FIRN_MUST;
/* Deletes; missing objects are fine. Nothing but the delete guard of catalog/ calls this for table
 * files that were ever committed. */
firn_rc firn_store_delete(struct firn_ctx *cx, struct firn_store *store,
			  const struct firn_str *uris, size_t n) FIRN_MUST;
/* One page of objects beneath prefix (whole pieces: /a doesn't reach /ab), in key order where the
 * server lists so; it may hold fewer than page objects, even none. *cursor starts NONE and is NONE
 * after the last. Names that no location may hold are passed over. */
firn_rc firn_store_list(struct firn_ctx *cx, struct firn_store *store, struct firn_str prefix,
			size_t page, struct firn_str *cursor, struct firn_object_info **ret_infos,
			size_t *ret_n) FIRN_MUST;

/* What a probe object under the root showed; used by doctor and when a warehouse is created. */
struct firn_store_check {
	const char *name; /* "write", "read", "conditional put", "list", "delete" */
	bool passed;
	struct firn_str detail; /* how to mend it, when it failed */
};
firn_rc firn_store_probe(struct firn_ctx *cx, struct firn_store *store,
			 struct firn_store_check **ret_checks, size_t *ret_n) FIRN_MUST;

#endif
