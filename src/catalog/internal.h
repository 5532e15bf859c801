/* What the files of catalog/ share and nobody else sees. */
#ifndef FIRN_CATALOG_INTERNAL_H
#define FIRN_CATALOG_INTERNAL_H

#include <stdatomic.h>

#include "firn/catalog.h"
#include "firn/db.h"
#include "firn/storage.h"

struct firn_cache;	 /* cache.h: metadata bytes by warehouse, profile version and hash */
struct firn_list_cache;	 /* list_cache.h: answers of whole lists */
struct firn_place_cache; /* place_cache.h: ids of namespaces */
struct firn_stores;	 /* stores.h: opened stores by warehouse and profile version */

struct firn_catalog {
	struct firn_catalog_config config;
	unsigned char page_key[32];
	struct firn_cache *cache;
	struct firn_list_cache *lists;
	struct firn_place_cache *places;
	struct firn_stores *stores;
	_Atomic uint64_t committed, conflicts, retries; /* counted by the commit algorithm */
	_Atomic uint64_t unknown;			/* counted by tx.c */
};

#define FIRN_LEVEL_SEPARATOR '\x1f'
/* namespace.path of levels: joined by U+001F; "" for the root. */
struct firn_str firn_levels_path(struct firn_ctx *cx, const struct firn_strs *levels);
/* The other way round, of a path that is known to be good ("" gives no levels). */
firn_rc firn_path_levels(struct firn_ctx *cx, struct firn_str path,
			 struct firn_strs *ret_levels) FIRN_MUST;

/* Longest namespace.path: with it an index entry stays below PostgreSQL's limit of 2704 bytes. */
#define FIRN_PATH_BYTES 2000
/* A name fit for a message: control characters and ill-formed bytes escaped, long ones cut. */
struct firn_str firn_name_show(struct firn_ctx *cx, struct firn_str name);
/* "a.b.t", fit for a message. */
struct firn_str firn_target_text(struct firn_ctx *cx, const struct firn_target *target);

/* place.c: two parameters, text and uuid, that match a warehouse by either:
 * "w.name = $1 or w.uuid = $2". No warehouse has a name that reads as a UUID. */
firn_rc firn_param_prefix(struct firn_ctx *cx, struct firn_params *p,
			  struct firn_str warehouse) FIRN_MUST;
/* Judges the first row of a statement that left-joins warehouse and namespace from a one-row
 * source: null ids are NO_SUCH_WAREHOUSE and NO_SUCH_NAMESPACE (the root has no namespace row). */
firn_rc firn_place_judge(struct firn_ctx *cx, const struct firn_target *target,
			 const struct firn_rows *rows, unsigned warehouse_column,
			 unsigned namespace_column) FIRN_MUST;
/* The names of such a statement's rows; none when the one row there is has a null name. */
firn_rc firn_rows_names(struct firn_ctx *cx, const struct firn_rows *rows, unsigned column,
			struct firn_strs *ret_names) FIRN_MUST;
firn_rc firn_fail_warehouse(struct firn_ctx *cx, struct firn_str warehouse); /* NO_SUCH_WAREHOUSE */
firn_rc firn_fail_namespace(struct firn_ctx *cx,
			    const struct firn_strs *levels); /* NO_SUCH_NAMESPACE */

/* A warehouse and namespace as a mutation sees them. */
struct firn_place {
	int64_t warehouse_id, profile_version, namespace_id, undrop_seconds;
	struct firn_str warehouse_uuid, warehouse_name, warehouse_location, namespace_path;
	struct firn_str namespace_location; /* the namespace's "location" property, or NONE */
};
enum firn_lock {
	FIRN_LOCK_NONE,
	FIRN_LOCK_SHARE /* for key share */,
	FIRN_LOCK_EXCLUSIVE /* for update */
};
/* Looks the target's namespace up, locking its row as asked (inside a transaction). At the root
 * namespace_id is 0 and the row that is locked is the warehouse's. NO_SUCH_WAREHOUSE,
 * NO_SUCH_NAMESPACE ("Namespace does not exist: a.b"). */
firn_rc firn_place_find(struct firn_ctx *cx, const struct firn_target *target, enum firn_lock lock,
			struct firn_place *ret_place) FIRN_MUST;

/* stores.c: an opened store of a warehouse, shared; released with the ctx's arena. Profile read and
 * secret unsealed on first use of a profile version. */
firn_rc firn_store_of(struct firn_ctx *cx, struct firn_catalog *catalog, int64_t warehouse_id,
		      int64_t profile_version, struct firn_store **ret_store) FIRN_MUST;

/* page.c: keyset paging by one text key. The token authenticates scope (what is listed) and the
 * last key. ret_after is "" at the start, ret_limit 0 when not paged. */
firn_rc firn_page_start(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			const struct firn_page *page, struct firn_str *ret_after,
			int64_t *ret_limit) FIRN_MUST;
/* Two parameters, text and bigint: "key > $1 … limit $2", where null means no limit. */
firn_rc firn_param_page(struct firn_ctx *cx, struct firn_params *p, struct firn_str after,
			int64_t limit) FIRN_MUST;
/* Asked for limit+1 keys, got n: cuts *n to limit and makes the next token when there are more. */
firn_rc firn_page_finish(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			 int64_t limit, const struct firn_strs *keys, size_t *n,
			 struct firn_page_answer *ret_page) FIRN_MUST;

/* Ends {…: [… with the token of the next page, when there is one. */
void firn_page_close(struct firn_jw *out, const struct firn_page_answer *page);

/* outcome.c: outcome ↔ JSON text of the idempotency row. */
firn_rc firn_outcome_write(struct firn_ctx *cx, const struct firn_outcome *outcome,
			   struct firn_str *ret_json) FIRN_MUST;
firn_rc firn_outcome_parse(struct firn_ctx *cx, struct firn_str json,
			   struct firn_outcome *ret_outcome) FIRN_MUST;
/* idempotency.c: writes the outcome of a claim inside the current transaction, or on its own when
 * none is open (a mutation that had nothing to change). idem NULL: nothing. UNAVAILABLE when
 * another request has recorded one meanwhile (the claim's session was lost): nothing may be
 * committed then. */
firn_rc firn_idem_record(struct firn_ctx *cx, struct firn_idem *idem,
			 const struct firn_outcome *outcome) FIRN_MUST;

/*
 * listing.c: lists of names. sql's parameters are prefix name, prefix UUID, namespace path, then
 * the page's two; its columns warehouse id, namespace id, name, in order. kind names the list in
 * page tokens.
 */
firn_rc firn_listing_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_sql *sql, const char *kind, const struct firn_target *ns,
			 const struct firn_page *page, struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_listing_read(struct firn_ctx *cx, struct firn_catalog *catalog, const char *kind,
			  const struct firn_target *ns, const struct firn_page *page,
			  const struct firn_rows *rows, struct firn_strs *ret_names,
			  struct firn_page_answer *ret_page) FIRN_MUST;
/* A question about a namespace: prefix name, prefix UUID and path are its first three parameters.
 */
firn_rc firn_target_ask(struct firn_ctx *cx, const struct firn_sql *sql,
			const struct firn_target *target, struct firn_ask **ret_ask) FIRN_MUST;

#endif
