/*
 * What a kind of store implements. store.c parses and contains every URI before it calls one of
 * these functions, so they get keys beneath the root only.
 */
#ifndef FIRN_STORAGE_STORE_H
#define FIRN_STORAGE_STORE_H

#include "firn/storage.h"

struct firn_object {
	struct firn_str uri; /* as the caller spelled it, for messages */
	struct firn_str key; /* file: path relative to the root; s3: the whole key, as spelled */
};

struct firn_store_page {
	struct firn_str cursor; /* in: NONE to begin; out: NONE at the end */
	size_t size;		/* ≥ 1 */
	struct firn_object_info *infos;
	size_t n;
};

struct firn_store_ops {
	firn_rc (*get)(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *object, size_t ceiling,
		       struct firn_str *ret_bytes);
	/* Fills size and time; the uri is store.c's. */
	firn_rc (*head)(struct firn_ctx *cx, const struct firn_store *store,
			const struct firn_object *object, struct firn_object_info *ret_info);
	firn_rc (*put)(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *object, struct firn_str bytes, bool if_absent);
	/* NULL where there are no folders. */
	firn_rc (*prepare)(struct firn_ctx *cx, const struct firn_store *store,
			   const struct firn_object *object);
	firn_rc (*remove)(struct firn_ctx *cx, const struct firn_store *store,
			  const struct firn_object *objects, size_t n);
	/* folder's key may be that of the root, without a slash at its end. */
	firn_rc (*list)(struct firn_ctx *cx, const struct firn_store *store,
			const struct firn_object *folder, struct firn_store_page *page);
	void (*release)(struct firn_store *store);
	bool on_disk; /* its time counts here; HTTP counts its own */
};

/* The first member of each kind's own struct, which lives in the store's arena. */
struct firn_store {
	const struct firn_store_ops *ops;
	struct firn_arena *arena;
	struct firn_location root;
	struct firn_str spelling; /* of the root, without trailing slashes */
	struct firn_str
		root_key; /* s3: key of the root, as spelled, without trailing slashes; file: "" */
};

/* cx->arena is the store's own while these run. What they fail with after setting *store is
 * released by the caller. */
firn_rc firn_file_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			     const struct firn_location *root, struct firn_store **store) FIRN_MUST;
firn_rc firn_s3_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			   const struct firn_location *root, struct firn_store **store) FIRN_MUST;

/* The URI of a key that a listing found, in the spelling of the root. */
struct firn_str firn_store_uri(struct firn_ctx *cx, const struct firn_store *store,
			       struct firn_str key);

#endif
