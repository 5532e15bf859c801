/*
 * Table metadata inside the room. Lists are vectors; one whose capacity is 0 is borrowed from
 * another version and copied before it grows, so versions share what they have in common.
 */
#ifndef FIRN_ICEBERG_TABLE_H
#define FIRN_ICEBERG_TABLE_H

#include "firn/arena.h"
#include "firn/table_metadata.h"
#include "id_index.h"
#include "partition.h"
#include "schema.h"
#include "sort.h"

#define FIRN_FORMAT_VERSION_MAX 3
#define FIRN_ONE_MINUTE_MS INT64_C(60000)

/* Ceilings, per table; and per commit. */
#define FIRN_TABLE_SNAPSHOTS ((size_t)1000000)
#define FIRN_TABLE_LOG ((size_t)1000000)
#define FIRN_TABLE_SCHEMAS ((size_t)10000)
#define FIRN_TABLE_SPECS ((size_t)10000)
#define FIRN_TABLE_ORDERS ((size_t)10000)
#define FIRN_TABLE_REFS ((size_t)10000)
#define FIRN_TABLE_PROPERTIES ((size_t)10000)
#define FIRN_TABLE_KEYS ((size_t)10000)
#define FIRN_TABLE_TEXT ((size_t)1 << 31)
#define FIRN_COMMIT_UPDATES ((size_t)10000)
#define FIRN_COMMIT_REQUIREMENTS ((size_t)10000)

struct firn_snapshot {
	int64_t id, parent_id, sequence_number, timestamp_ms, first_row_id, added_rows;
	int32_t schema_id;
	bool has_parent, has_schema_id, has_first_row_id, has_added_rows;
	struct firn_str text;
};

struct firn_snapshot_ref {
	struct firn_str name;
	bool tag;
	int64_t snapshot_id;
	int64_t min_snapshots_to_keep, max_snapshot_age_ms, max_ref_age_ms; /* 0 = not set */
	struct firn_str text;
};

struct firn_snapshot_log_entry {
	int64_t timestamp_ms, snapshot_id;
	struct firn_str text;
};

struct firn_metadata_log_entry {
	int64_t timestamp_ms;
	struct firn_str file;
	struct firn_str text;
};

/* A statistics or partition statistics file. */
struct firn_statistics {
	int64_t snapshot_id;
	struct firn_str text;
};

struct firn_encryption_key {
	struct firn_str id;
	struct firn_str text;
};

#define FIRN_VEC(T)                                                                                \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t n, capacity;                                                                \
	}

/* Room for one more item of that size, the old ones moved along; NULL with cx->err set. */
void *firn_vec_room(struct firn_ctx *cx, void *items, size_t n, size_t *capacity, size_t size);
/* Appends, or returns the error from the calling function. */
#define FIRN_VEC_PUSH(cx, vec, value)                                                              \
	do {                                                                                       \
		void *firn_vec_items_ = firn_vec_room((cx), (vec)->items, (vec)->n,                \
						      &(vec)->capacity, sizeof(*(vec)->items));    \
		if (!firn_vec_items_)                                                              \
			return (cx)->err.code;                                                     \
		(vec)->items = firn_vec_items_;                                                    \
		(vec)->items[(vec)->n++] = (value);                                                \
	} while (0)

struct firn_statistics_list {
	struct firn_statistics *items;
	size_t n, capacity;
};

struct firn_table_metadata {
	int format_version;
	struct firn_str uuid; /* NONE only in v1 */
	struct firn_str location;
	int64_t last_sequence_number, last_updated_ms, next_row_id;
	int64_t current_snapshot_id; /* -1 = none */
	int32_t last_column_id, last_partition_id;
	int32_t current_schema_id, default_spec_id, default_order_id;
	FIRN_VEC(const struct firn_schema *) schemas;
	FIRN_VEC(const struct firn_partition_spec *) specs;
	FIRN_VEC(const struct firn_sort_order *) orders;
	FIRN_VEC(struct firn_pair) properties;
	FIRN_VEC(struct firn_snapshot) snapshots;
	FIRN_VEC(struct firn_snapshot_ref) refs;
	FIRN_VEC(struct firn_snapshot_log_entry) snapshot_log;
	FIRN_VEC(struct firn_metadata_log_entry) metadata_log;
	struct firn_statistics_list statistics, partition_statistics;
	FIRN_VEC(struct firn_encryption_key) keys;
	FIRN_VEC(struct firn_pair) unknown; /* members carried: key, raw value */
};

/* NULL when there is none. */
const struct firn_schema *firn_table_schema(const struct firn_table_metadata *m, int32_t id);
const struct firn_partition_spec *firn_table_spec(const struct firn_table_metadata *m, int32_t id);
const struct firn_sort_order *firn_table_order(const struct firn_table_metadata *m, int32_t id);
const struct firn_snapshot_ref *firn_table_ref(const struct firn_table_metadata *m,
					       struct firn_str name);
firn_rc firn_table_index_snapshots(struct firn_ctx *cx, const struct firn_table_metadata *m,
				   struct firn_id_index *ret_index) FIRN_MUST;
/* Marks every list as borrowed: for a copy that will be changed. */
void firn_table_borrow(struct firn_table_metadata *m);
/* What must hold between the parts of a table, as the reference's constructor checks it. */
firn_rc firn_table_check(struct firn_ctx *cx, const struct firn_table_metadata *m,
			 enum firn_code code) FIRN_MUST;
/* The metadata log with the previous file appended, trimmed to the property's length. The files
 * that fell off are reported when the table says that they are to be deleted. */
firn_rc firn_table_log_previous(struct firn_ctx *cx, struct firn_table_metadata *m,
				const struct firn_table_base *base,
				struct firn_strs *ret_trimmed) FIRN_MUST;
struct firn_str firn_strip_slashes(struct firn_str location);

/* table_parse_log.c */
firn_rc firn_snapshot_read(struct firn_ctx *cx, struct firn_str raw,
			   struct firn_snapshot *ret_snapshot) FIRN_MUST;
firn_rc firn_table_parse_snapshots(struct firn_ctx *cx, struct firn_str raw,
				   struct firn_table_metadata *m) FIRN_MUST;
firn_rc firn_table_parse_logs(struct firn_ctx *cx, struct firn_str snapshot_log,
			      struct firn_str metadata_log,
			      struct firn_table_metadata *m) FIRN_MUST;
firn_rc firn_table_parse_statistics(struct firn_ctx *cx, struct firn_str statistics,
				    struct firn_str partition_statistics,
				    struct firn_table_metadata *m) FIRN_MUST;
/* refs.c */
/* code: of retention that the kind of ref can't have. */
firn_rc firn_ref_parse(struct firn_ctx *cx, struct firn_str name, const struct firn_json *json,
		       enum firn_code code, struct firn_snapshot_ref *ret_ref) FIRN_MUST;
firn_rc firn_ref_text(struct firn_ctx *cx, struct firn_snapshot_ref *ref) FIRN_MUST;
bool firn_ref_same(const struct firn_snapshot_ref *a, const struct firn_snapshot_ref *b);
firn_rc firn_table_parse_refs(struct firn_ctx *cx, struct firn_str raw,
			      struct firn_table_metadata *m) FIRN_MUST;
/* table_parse_lists.c: each list with its default id. `legacy` is v1's single member. */
struct firn_list_source {
	struct firn_str list, legacy;
	struct firn_str default_id;
	struct firn_str last_id; /* last-partition-id */
};
firn_rc firn_table_parse_schemas(struct firn_ctx *cx, const struct firn_list_source *source,
				 struct firn_table_metadata *m) FIRN_MUST;
firn_rc firn_table_parse_specs(struct firn_ctx *cx, const struct firn_list_source *source,
			       struct firn_table_metadata *m) FIRN_MUST;
firn_rc firn_table_parse_orders(struct firn_ctx *cx, const struct firn_list_source *source,
				struct firn_table_metadata *m) FIRN_MUST;
firn_rc firn_table_parse_keys(struct firn_ctx *cx, struct firn_str raw,
			      struct firn_table_metadata *m) FIRN_MUST;

#endif
