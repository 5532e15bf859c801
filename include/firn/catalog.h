/*
 * The catalog: warehouses, namespaces, tables, views, functions, and the one commit algorithm.
 *
 * Reads come in pairs, so that one code path serves event loops and lanes: `firn_x_ask` turns a
 * request into one prepared statement, `firn_x_read` turns its rows into the answer; both are pure.
 * What needs a file that isn't cached says NEEDS_LANE where cx->db is NULL (an event loop), and
 * fetches it otherwise. Mutations block (cx->db and cx->http are set), take a pass, and end in one
 * transaction each, with the idempotency outcome and the events in it.
 */
#ifndef FIRN_CATALOG_H
#define FIRN_CATALOG_H

#include "firn/access.h"
#include "firn/json.h"
#include "firn/uuid.h"

struct firn_ask;  /* db.h; api/ passes it on and never looks inside */
struct firn_rows; /* db.h */

/* Asks now, on the lane's connection (cx->db). */
firn_rc firn_ask_now(struct firn_ctx *cx, const struct firn_ask *ask,
		     const struct firn_rows **ret_rows) FIRN_MUST;

/* ---- the process-wide part ------------------------------------------------------------------ */

struct firn_catalog;
struct firn_catalog_config {
	size_t cache_bytes;	      /* budget of the metadata cache */
	size_t metadata_ceiling;      /* largest metadata file read or written, bytes */
	int64_t idempotency_seconds;  /* how long keys are remembered; advertised */
	int64_t staged_seconds;	      /* how long a staged creation keeps its location */
	int64_t commit_attempts;      /* server-side tries of one commit, ≥ 1 */
	unsigned char master_key[32]; /* seals storage secrets; from configuration */
	bool has_master_key;
	bool allow_local_files; /* file:// warehouses may be created */
};
/* Needs a migrated schema: makes and loads the page-token key. One for the whole process. */
firn_rc firn_catalog_open(struct firn_ctx *cx, const struct firn_catalog_config *config,
			  struct firn_catalog **ret_catalog) FIRN_MUST;
void firn_catalog_free(struct firn_catalog *catalog);
/* Bytes and counts for /metrics. */
struct firn_cache_stats {
	size_t bytes, entries;
	uint64_t hits, misses;
};
void firn_catalog_cache_stats(struct firn_catalog *catalog, struct firn_cache_stats *ret_stats);
struct firn_commit_stats {
	uint64_t committed, conflicts, retries, unknown;
};
void firn_catalog_commit_stats(struct firn_catalog *catalog, struct firn_commit_stats *ret_stats);
int64_t firn_catalog_idempotency_seconds(const struct firn_catalog *catalog);

/* A metadata file's bytes as they are in the store (inflated), shared and immutable. */
struct firn_blob;
void firn_blob_hold(struct firn_blob *blob);
void firn_blob_release(struct firn_blob *blob);
struct firn_str firn_blob_bytes(const struct firn_blob *blob);

/* ---- what a request points at --------------------------------------------------------------- */

struct firn_target {
	struct firn_str warehouse; /* the {prefix}: name or UUID */
	struct firn_strs levels;   /* namespace, decoded and checked; n = 0: the root */
	struct firn_str name;	   /* table, view or function; NONE when the route has none */
};
/* Checks a name from a path or body (levels, table, view, function): not empty, not "." or "..", no
 * control characters, UTF-8, ≤ 255 bytes (a namespace ≤ 16 levels). BAD_REQUEST names the value and
 * the mend. */
firn_rc firn_name_check(struct firn_ctx *cx, const char *what, struct firn_str name) FIRN_MUST;
firn_rc firn_levels_check(struct firn_ctx *cx, const struct firn_strs *levels) FIRN_MUST;
/* Levels out of one decoded text that joins them by U+001F; checked. */
firn_rc firn_levels_split(struct firn_ctx *cx, struct firn_str text,
			  struct firn_strs *ret_levels) FIRN_MUST;
struct firn_str firn_levels_text(struct firn_ctx *cx,
				 const struct firn_strs *levels); /* "a.b", for messages */

struct firn_page {
	bool paged;	       /* pageToken was given, even empty, or pageSize */
	struct firn_str token; /* as the client sent it */
	int64_t size;	       /* 0 = default (1000); larger than 10000 is cut */
};
struct firn_page_answer {
	struct firn_str next; /* token, or NONE at the end */
};

enum firn_kind { FIRN_KIND_TABLE, FIRN_KIND_VIEW };

/* ---- warehouses ----------------------------------------------------------------------------- */

struct firn_warehouse {
	int64_t id, profile_version, undrop_seconds;
	struct firn_str uuid, name, location;
	struct firn_str profile;    /* JSON text without secrets */
	struct firn_str properties; /* JSON text */
	bool is_protected;
	struct firn_str created_at, updated_at; /* ISO 8601, UTC */
};
/* For GET /v1/config: hint = name, UUID or location; NONE = the only one. */
firn_rc firn_config_ask(struct firn_ctx *cx, struct firn_str hint,
			struct firn_ask **ret_ask) FIRN_MUST;
/* NO_SUCH_WAREHOUSE; BAD_REQUEST naming them all when there are several and no hint. */
firn_rc firn_config_read(struct firn_ctx *cx, struct firn_str hint, const struct firn_rows *rows,
			 struct firn_warehouse *ret_warehouse) FIRN_MUST;
firn_rc firn_warehouses_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_page *page, struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_warehouses_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_page *page, const struct firn_rows *rows,
			     struct firn_warehouse **ret_items, size_t *ret_n,
			     struct firn_page_answer *ret_page) FIRN_MUST;
firn_rc firn_warehouse_ask(struct firn_ctx *cx, struct firn_str name,
			   struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_warehouse_read(struct firn_ctx *cx, struct firn_str name, const struct firn_rows *rows,
			    struct firn_warehouse *ret_warehouse) FIRN_MUST;
/* As the management API shows it: one JSON object. */
void firn_warehouse_write(struct firn_jw *out, const struct firn_warehouse *warehouse);

/* ---- mutations: what all share -------------------------------------------------------------- */

struct firn_idem; /* a claimed idempotency key */
struct firn_mutation {
	const struct firn_pass *pass;
	struct firn_idem *idem; /* NULL: the request carried no key */
};

/* Where a table's or view's metadata is; enough to build every answer about it. */
struct firn_pointer {
	enum firn_kind kind;
	int64_t warehouse_id, profile_version, tabular_id, version;
	struct firn_str uuid, name, metadata_location;
	unsigned char sha256[32];
	int64_t length;
};
/* What a mutation gives back: replies are built from it, now or when a key is replayed. */
struct firn_outcome {
	enum firn_code error; /* FIRN_OK, or the recorded failure with message */
	struct firn_str message;
	bool has_pointer;
	struct firn_pointer pointer;
	struct firn_str metadata; /* staged creation only: the metadata text, no pointer */
	struct firn_str json;	  /* other answers: the body, JSON text; NONE for 204 */
};
/*
 * Claims a key for (principal, operation, body hash): waits while another request holds it, until
 * the ctx deadline (then UNAVAILABLE). ret_replay is NULL when the claim is ours, else the recorded
 * outcome. UNPROCESSABLE: same key, other request. BAD_REQUEST: the key isn't a UUID.
 * The claim ends with firn_idem_release, which records a final 4xx (cx->err) if no outcome was.
 */
firn_rc firn_idem_claim(struct firn_ctx *cx, struct firn_catalog *catalog,
			const struct firn_pass *pass, struct firn_str key,
			const unsigned char request_sha256[static 32], struct firn_idem **ret_idem,
			const struct firn_outcome **ret_replay) FIRN_MUST;
void firn_idem_release(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_idem *idem);

/* ---- warehouse mutations -------------------------------------------------------------------- */

struct firn_warehouse_spec {
	struct firn_str name, location;
	const struct firn_json
		*storage; /* {"type":"s3"|"file","endpoint",…,"access-key-id","secret-access-key"};
			     NULL = file */
	struct firn_map properties;
	bool has_protected, is_protected;
	bool has_undrop, has_properties;
	int64_t undrop_seconds;
};
/* The store is probed before anything is recorded: VALIDATION lists the checks that failed. Roots
 * may not overlap another warehouse's: CONFLICT. Name: [A-Za-z0-9][A-Za-z0-9._-]{0,62}.
 * outcome.json: the warehouse. */
firn_rc firn_warehouse_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_warehouse_spec *spec,
			      struct firn_outcome *ret_outcome) FIRN_MUST;
/* Changes storage (probed), properties, protection, undrop time; the location stays. */
firn_rc firn_warehouse_update(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation, struct firn_str name,
			      const struct firn_warehouse_spec *spec,
			      struct firn_outcome *ret_outcome) FIRN_MUST;
/* CONFLICT while protected or not empty (namespaces, dropped tables within their undrop time,
 * purges). */
firn_rc firn_warehouse_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, struct firn_str name,
			    struct firn_outcome *ret_outcome) FIRN_MUST;
/* Probe of an existing warehouse's store, for doctor: JSON array of checks. */
firn_rc firn_warehouse_probe(struct firn_ctx *cx, struct firn_catalog *catalog,
			     struct firn_str name, struct firn_str *ret_json) FIRN_MUST;

/* ---- namespaces ----------------------------------------------------------------------------- */

firn_rc firn_namespaces_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *parent, const struct firn_page *page,
			    struct firn_ask **ret_ask) FIRN_MUST;
/* Names of the children's last levels, in order. NO_SUCH_WAREHOUSE, NO_SUCH_NAMESPACE (parent). */
firn_rc firn_namespaces_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_target *parent, const struct firn_page *page,
			     const struct firn_rows *rows, struct firn_strs *ret_names,
			     struct firn_page_answer *ret_page) FIRN_MUST;
struct firn_namespace {
	int64_t id;
	struct firn_str properties; /* JSON text, "location" always among them */
	bool is_protected;
};
firn_rc firn_namespace_ask(struct firn_ctx *cx, const struct firn_target *target,
			   struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_namespace_read(struct firn_ctx *cx, const struct firn_target *target,
			    const struct firn_rows *rows,
			    struct firn_namespace *ret_namespace) FIRN_MUST;
/* Parent must exist. ALREADY_EXISTS. outcome.json: CreateNamespaceResponse. */
firn_rc firn_namespace_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, const struct firn_map *properties,
			      struct firn_outcome *ret_outcome) FIRN_MUST;
firn_rc firn_namespace_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, const struct firn_target *target,
			    struct firn_outcome *ret_outcome) FIRN_MUST;
/* UNPROCESSABLE when a key is in both. outcome.json: UpdateNamespacePropertiesResponse. */
firn_rc firn_namespace_update(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, const struct firn_strs *removals,
			      const struct firn_map *updates,
			      struct firn_outcome *ret_outcome) FIRN_MUST;

/* ---- encoded answers ------------------------------------------------------------------------ */

/* An answer's bytes in a content coding, under a text that names its content: equal texts, equal
 * bytes. Held once for the caller; NULL when it isn't kept. */
struct firn_blob *firn_encoded_find(struct firn_ctx *cx, struct firn_catalog *catalog,
				    struct firn_str content, struct firn_str coding);
void firn_encoded_keep(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str content,
		       struct firn_str coding, struct firn_str bytes);

/* ---- tables and views: reads ---------------------------------------------------------------- */

firn_rc firn_tabulars_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *ns, enum firn_kind kind,
			  const struct firn_page *page, struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_tabulars_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_target *ns, enum firn_kind kind,
			   const struct firn_page *page, const struct firn_rows *rows,
			   struct firn_strs *ret_names,
			   struct firn_page_answer *ret_page) FIRN_MUST;
/*
 * The same without pages: ask, read, and answer either with the kept body or with names, whose body
 * is then kept. The list between them lives in the ctx's arena, ret_body as long as that.
 */
struct firn_whole_list;
firn_rc firn_whole_list_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *ns, enum firn_kind kind,
			    struct firn_whole_list **ret_list, struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_whole_list_read(struct firn_ctx *cx, struct firn_whole_list *list,
			     const struct firn_target *ns, const struct firn_rows *rows,
			     struct firn_str *ret_body, /* NONE: ret_names is set */
			     struct firn_strs *ret_names) FIRN_MUST;
/* After read: a text that names the answer, equal for equal ones; NONE without memory. */
struct firn_str firn_whole_list_content(struct firn_ctx *cx, const struct firn_whole_list *list);
void firn_whole_list_keep(struct firn_catalog *catalog, const struct firn_whole_list *list,
			  struct firn_str body);
/* Pointer of one table or view. */
firn_rc firn_tabular_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, struct firn_ask **ret_ask) FIRN_MUST;
/* NO_SUCH_WAREHOUSE; NO_SUCH_TABLE / NO_SUCH_VIEW, also when the namespace is missing (as the
 * document has it for operations on one table) or the name is of the other kind. ASK_AGAIN: the
 * question was short and its answer says too little; the next one will be asked in full. */
firn_rc firn_tabular_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, enum firn_kind kind,
			  const struct firn_rows *rows, struct firn_pointer *ret_pointer) FIRN_MUST;
/* Both on a lane, until there is an answer. */
firn_rc firn_tabular_now(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, enum firn_kind kind,
			 struct firn_pointer *ret_pointer) FIRN_MUST;
enum firn_snapshots { FIRN_SNAPSHOTS_ALL, FIRN_SNAPSHOTS_REFS };

/* The metadata bytes behind a pointer, held once for the caller. Cache first; NEEDS_LANE on an
 * event loop when they aren't cached. A file that is gone or doesn't match its hash: INTERNAL
 * naming the table. */
firn_rc firn_metadata_get(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_pointer *pointer, enum firn_snapshots snapshots,
			  struct firn_blob **ret_blob) FIRN_MUST;
/* loadTable?referenced-by: every view of the chain must exist and be a view; NO_SUCH_VIEW names the
 * first that isn't. */
firn_rc firn_views_check(struct firn_ctx *cx, struct firn_catalog *catalog,
			 struct firn_str warehouse, const struct firn_target *views,
			 size_t n) FIRN_MUST;

/* ---- tables and views: mutations ------------------------------------------------------------ */

struct firn_table_spec {
	struct firn_str location; /* NONE: chosen by the catalog */
	const struct firn_json *schema, *partition_spec, *write_order;
	struct firn_map properties;
	bool stage;
};
firn_rc firn_table_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, const struct firn_target *target,
			  const struct firn_table_spec *spec,
			  struct firn_outcome *ret_outcome) FIRN_MUST;
/* kind VIEW: register-view (no overwrite). */
firn_rc firn_tabular_register(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target, enum firn_kind kind,
			      struct firn_str metadata_location, bool overwrite,
			      struct firn_outcome *ret_outcome) FIRN_MUST;
/* outcome.pointer: the last metadata. The table is gone, its files stay, undrop doesn't bring it
 * back. */
firn_rc firn_table_unregister(struct firn_ctx *cx, struct firn_catalog *catalog,
			      const struct firn_mutation *mutation,
			      const struct firn_target *target,
			      struct firn_outcome *ret_outcome) FIRN_MUST;
struct firn_view_spec {
	struct firn_str location;
	const struct firn_json *schema, *view_version;
	struct firn_map properties;
};
firn_rc firn_view_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_mutation *mutation, const struct firn_target *target,
			 const struct firn_view_spec *spec,
			 struct firn_outcome *ret_outcome) FIRN_MUST;
firn_rc firn_tabular_rename(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, enum firn_kind kind,
			    const struct firn_target *from, const struct firn_target *to,
			    struct firn_outcome *ret_outcome) FIRN_MUST;
firn_rc firn_tabular_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, enum firn_kind kind,
			  const struct firn_target *target, bool purge,
			  struct firn_outcome *ret_outcome) FIRN_MUST;
/* One change of a commit; a single commit is a transaction of one. */
struct firn_change {
	struct firn_target target;
	const struct firn_json *requirements, *updates; /* arrays; NULL = empty */
};
/* kind VIEW allows one change. outcome.pointer for one change (single = true); none for a
 * transaction. */
firn_rc firn_commit(struct firn_ctx *cx, struct firn_catalog *catalog,
		    const struct firn_mutation *mutation, enum firn_kind kind,
		    const struct firn_change *changes, size_t n, bool single,
		    struct firn_outcome *ret_outcome) FIRN_MUST;
/* A new version with the content of an earlier one. NOT_FOUND: no such version, or its file is
 * gone. */
firn_rc firn_tabular_undo(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, const struct firn_target *target,
			  int64_t version, struct firn_outcome *ret_outcome) FIRN_MUST;
/* to.name NONE: the old name. uuid NONE: the last one dropped under that name. */
firn_rc firn_tabular_undrop(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, const struct firn_target *target,
			    struct firn_str uuid, const struct firn_target *to,
			    struct firn_outcome *ret_outcome) FIRN_MUST;
/* Protection of a table, view or (name NONE) namespace. */
firn_rc firn_protect(struct firn_ctx *cx, struct firn_catalog *catalog,
		     const struct firn_mutation *mutation, const struct firn_target *target,
		     bool is_protected, struct firn_outcome *ret_outcome) FIRN_MUST;
firn_rc firn_metrics_store(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_mutation *mutation, const struct firn_target *target,
			   const struct firn_json *report) FIRN_MUST;

/* ---- functions ------------------------------------------------------------------------------ */

firn_rc firn_functions_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_target *ns, const struct firn_page *page,
			   struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_functions_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_target *ns, const struct firn_page *page,
			    const struct firn_rows *rows, struct firn_strs *ret_names,
			    struct firn_page_answer *ret_page) FIRN_MUST;
firn_rc firn_function_ask(struct firn_ctx *cx, const struct firn_target *target,
			  struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_function_read(struct firn_ctx *cx, const struct firn_target *target,
			   const struct firn_rows *rows, struct firn_str *ret_metadata) FIRN_MUST;
firn_rc firn_function_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_mutation *mutation, const struct firn_target *target,
			     const struct firn_json *metadata,
			     struct firn_outcome *ret_outcome) FIRN_MUST;
firn_rc firn_function_drop(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_mutation *mutation, const struct firn_target *target,
			   struct firn_outcome *ret_outcome) FIRN_MUST;

/* ---- looking around (management) ------------------------------------------------------------ */
/* These answer with JSON text ready to send; int64 as strings. */

/* Tables and views whose name contains text, over one warehouse or (NONE) all. */
firn_rc firn_search_ask(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str text,
			struct firn_str warehouse, const struct firn_page *page,
			struct firn_ask **ret_ask) FIRN_MUST;
firn_rc firn_search_read(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str text,
			 struct firn_str warehouse, const struct firn_page *page,
			 const struct firn_rows *rows, struct firn_jw *out) FIRN_MUST;
/* One table or view: pointer, protection, size of metadata, times. */
firn_rc firn_tabular_info(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, struct firn_jw *out) FIRN_MUST;
/* Commit log, newest first. */
firn_rc firn_tabular_log(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_target *target, const struct firn_page *page,
			 struct firn_jw *out) FIRN_MUST;
/* Difference between two versions; from 0 = the version before `to`; to 0 = the newest. */
firn_rc firn_tabular_diff(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, int64_t from, int64_t to,
			  struct firn_jw *out) FIRN_MUST;
/* Dropped tables and views of a warehouse that can still come back. */
firn_rc firn_dropped_list(struct firn_ctx *cx, struct firn_catalog *catalog,
			  struct firn_str warehouse, const struct firn_page *page,
			  struct firn_jw *out) FIRN_MUST;

/* ---- events --------------------------------------------------------------------------------- */

/* Numbered events after `after`, at most limit, as one JSON array of objects. warehouse NONE = all.
 * ret_last: where to go on from; when nothing was cut off that is the newest number, so that a
 * reader of one warehouse skips the others' events. */
firn_rc firn_events_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			 struct firn_str warehouse, int64_t after, int64_t limit,
			 struct firn_jw *out, int64_t *ret_last) FIRN_MUST;
/* The number of the newest numbered event. */
firn_rc firn_events_head(struct firn_ctx *cx, int64_t *ret_number) FIRN_MUST;
/* Numbers what is committed and not yet numbered, if no other replica is doing so; NOTIFYs channel
 * "firn_events" once when it numbered any. Called in a loop by one background thread per process.
 */
firn_rc firn_events_number(struct firn_ctx *cx, int64_t *ret_numbered) FIRN_MUST;
/* Removes what is past its time: idempotency rows, expired reservations and staged creations,
 * dropped rows past undrop, old events and metrics reports. Called now and then by the same thread.
 */
firn_rc firn_catalog_tidy(struct firn_ctx *cx, struct firn_catalog *catalog) FIRN_MUST;

#endif
