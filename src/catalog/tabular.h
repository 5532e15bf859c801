/* What the reads and mutations of tables and views share. */
#ifndef FIRN_CATALOG_TABULAR_H
#define FIRN_CATALOG_TABULAR_H

#include "internal.h"

/* A table or view as a mutation saw it, with its place. */
struct firn_tabular {
	struct firn_place place; /* namespace_id 0: the namespace doesn't exist */
	bool exists;
	enum firn_kind kind;
	int64_t id, version, length;
	struct firn_str uuid, name, location, metadata_location;
	unsigned char sha256[32];
	bool is_protected;
};
/* One statement for all of them, which share a warehouse. NO_SUCH_WAREHOUSE; missing namespaces and
 * names are left to the caller. */
firn_rc firn_tabulars_find(struct firn_ctx *cx, const struct firn_target *const *targets, size_t n,
			   struct firn_tabular *ret_tabulars) FIRN_MUST;
/* One that must exist and be of that kind: NO_SUCH_TABLE or NO_SUCH_VIEW. */
firn_rc firn_tabular_find(struct firn_ctx *cx, const struct firn_target *target,
			  enum firn_kind kind, struct firn_tabular *ret_tabular) FIRN_MUST;
/* Either kind; NO_SUCH_TABLE when there is neither. */
firn_rc firn_tabular_any(struct firn_ctx *cx, const struct firn_target *target,
			 struct firn_tabular *ret_tabular) FIRN_MUST;
struct firn_pointer firn_tabular_pointer(const struct firn_tabular *tabular);

const char *firn_kind_word(enum firn_kind kind); /* "table", "view" */
enum firn_kind firn_kind_of(struct firn_str word);
firn_rc firn_fail_no_tabular(struct firn_ctx *cx, enum firn_kind kind,
			     const struct firn_target *target);
/* ALREADY_EXISTS in the reference's words: wanted is what was to be made, found what is there. */
firn_rc firn_fail_taken(struct firn_ctx *cx, enum firn_kind wanted, enum firn_kind found,
			const struct firn_target *target);
/*
 * Turns a store's or the database's verdict into what a client may see, before any effect:
 * UNAVAILABLE with the old text in the notes. doing: "read the table's metadata". Other codes stay.
 */
firn_rc firn_fault(struct firn_ctx *cx, const char *doing);

/* As firn_metadata_get with all snapshots, but a missing file is STORE_NOT_FOUND, other faults the
 * store's own. */
firn_rc firn_metadata_fetch(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_pointer *pointer,
			    struct firn_blob **ret_blob) FIRN_MUST;
/* The text of a metadata file's bytes: gzip is inflated, whatever the file is called. */
firn_rc firn_metadata_inflate(struct firn_ctx *cx, struct firn_catalog *catalog,
			      struct firn_str bytes, struct firn_str *ret_text) FIRN_MUST;

#endif
