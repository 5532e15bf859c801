/*
 * The one commit algorithm, for everything that makes a new version of a table or view: commits and
 * transactions, creation, registration, undo. What differs is only how the next version is built.
 *
 *   load (one statement) → build (pure) → contain → reserve → early check → put files → short
 * transaction
 *
 * and then one of three endings: committed; surely not (own files and reservations are given back;
 * tried again from the start when others were faster); unknown (everything stays as it is).
 */
#ifndef FIRN_CATALOG_COMMIT_H
#define FIRN_CATALOG_COMMIT_H

#include "firn/table_metadata.h"
#include "firn/view_metadata.h"
#include "tabular.h"
#include "tx.h"

/* A creation keeps its place that long at most, between reservation and going live. */
#define FIRN_CREATE_SECONDS 900
#define FIRN_ITEMS_MAX 1000

/* One table or view of a commit. */
struct firn_item {
	/* From the caller. build fills the group below for the version that follows `seen`; it runs
	 * again when others were faster, and may refuse with any code. */
	const struct firn_target *target;
	enum firn_kind kind;
	firn_rc (*build)(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item);
	const void *arg;

	/* As it was loaded; bases only when it exists and is of the item's kind. */
	struct firn_tabular seen;
	const struct firn_table_metadata *base_table;
	const struct firn_view_metadata *base_view;

	/* From build: changed false = keep the version, but it must still be this one at the end.
	 */
	bool changed;
	const struct firn_table_metadata *table; /* by kind, one of the two */
	const struct firn_view_metadata *view;
	struct firn_strs kinds;	  /* update kinds, for the log */
	struct firn_strs paths;	  /* locations that came in, to be contained */
	struct firn_strs trimmed; /* metadata files to delete afterwards */
	bool has_snapshot;
	int64_t snapshot_id;
	bool given; /* the file is in the store already: text, file, sha256 and length are set */

	/* The file, and what the swap needs. */
	struct firn_str text;  /* metadata, inflated */
	struct firn_str bytes; /* as stored */
	struct firn_str file;
	unsigned char sha256[32];
	int64_t length;
	struct firn_str uuid, location;
	struct firn_location place;
	bool moves;	     /* an existing table whose place or uuid changes */
	bool reserved;	     /* by us, for a creation: given back when it fails */
	bool put;	     /* our file may be in the store */
	int64_t id, version; /* of the new version */
};

struct firn_work {
	struct firn_item *items;
	size_t n;
	const char *operation; /* for log and event: "commit", "create", "register", "undo" */
	bool single;	       /* the outcome is the pointer of item 0 */
};
firn_rc firn_work_run(struct firn_ctx *cx, struct firn_catalog *catalog,
		      const struct firn_mutation *mutation, struct firn_work *work,
		      struct firn_outcome *ret_outcome) FIRN_MUST;

/* commit_build.c: base metadata of an item that exists. */
firn_rc firn_item_load(struct firn_ctx *cx, struct firn_catalog *catalog,
		       struct firn_item *item) FIRN_MUST;
/* Takes over what the core made of a table or view. */
void firn_item_take_table(struct firn_item *item, const struct firn_table_change *change);
void firn_item_take_view(struct firn_item *item, const struct firn_view_change *change);
/* commit_files.c: location, uuid and text of the next version, and a name for its file. */
firn_rc firn_item_finish(struct firn_ctx *cx, struct firn_catalog *catalog,
			 struct firn_item *item) FIRN_MUST;
firn_rc firn_item_put(struct firn_ctx *cx, struct firn_catalog *catalog,
		      struct firn_item *item) FIRN_MUST;
/* Removes a file that no committed version names; keeps cx->err. */
void firn_item_unput(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item);
/* contain.c: the next version's location, write paths and incoming paths lie beneath the
 * warehouse's location and in no other table's; BAD_REQUEST, or VALIDATION for another's. */
firn_rc firn_item_contain(struct firn_ctx *cx, struct firn_item *item) FIRN_MUST;
/* commit_swap.c: the body of the short transaction. DB_CONFLICT when another was faster. */
firn_rc firn_work_swap(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_tx *tx,
		       struct firn_work *work) FIRN_MUST;
/* Whether all versions seen are still the current ones, without locks. */
firn_rc firn_work_still(struct firn_ctx *cx, const struct firn_work *work,
			bool *ret_still) FIRN_MUST;

/* delete_guard.c: deletes files of one table that no version needs any more. Paths outside its own
 * location, in or around another's, and current metadata files are refused (logged, kept). */
firn_rc firn_guarded_delete(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_pointer *owner, const struct firn_strs *paths,
			    size_t *ret_deleted) FIRN_MUST;

/* Folders of a namespace beneath the warehouse, named after its levels: "a/b_c". */
firn_rc firn_namespace_folder(struct firn_ctx *cx, const struct firn_strs *levels,
			      struct firn_str *ret_relative) FIRN_MUST;
/* Where a new table or view goes when nobody said: the namespace's location or one named after its
 * levels, and a folder that carries the uuid. */
firn_rc firn_location_choose(struct firn_ctx *cx, const struct firn_place *place,
			     const struct firn_target *target, struct firn_str uuid,
			     struct firn_str *ret_location) FIRN_MUST;

#endif
