/*
 * Iceberg table metadata v1, v2 and v3: parse, create, apply updates, check requirements, write.
 * Pure: no I/O, no clock; time comes in as arguments. Follows the Iceberg table spec and, where
 * that is silent, the semantics of Iceberg's reference implementation (TableMetadata.Builder).
 *
 * Big parts that a commit only carries (snapshots, logs) are kept as slices of the input text and
 * written back as bytes; unknown fields survive. A value lives in the ctx's arena and refers to the
 * text it was parsed from, which must live as long. Values are immutable once returned.
 */
#ifndef FIRN_TABLE_METADATA_H
#define FIRN_TABLE_METADATA_H

#include "firn/json.h"

struct firn_table_metadata;

/* BAD_REQUEST naming the field that is missing, ill-typed or refers to nothing. */
firn_rc firn_table_metadata_parse(struct firn_ctx *cx, struct firn_str text,
				  const struct firn_table_metadata **ret_metadata) FIRN_MUST;
/* The whole document, one line. Fixpoint: write(parse(write(m))) = write(m). */
firn_rc firn_table_metadata_write(struct firn_ctx *cx, const struct firn_table_metadata *metadata,
				  struct firn_str *ret_text) FIRN_MUST;
/* The `snapshots=refs` form of a document: only snapshots that a branch or tag points to. Scans,
 * doesn't parse; other bytes as they are. */
firn_rc firn_table_metadata_refs_only(struct firn_ctx *cx, struct firn_str text,
				      struct firn_str *ret_text) FIRN_MUST;

int firn_table_format_version(const struct firn_table_metadata *m);
struct firn_str firn_table_uuid(const struct firn_table_metadata *m); /* NONE in old v1 tables */
struct firn_str firn_table_location(const struct firn_table_metadata *m); /* no trailing slash */
int64_t firn_table_last_updated_ms(const struct firn_table_metadata *m);
int64_t firn_table_last_sequence_number(const struct firn_table_metadata *m);
bool firn_table_current_snapshot_id(const struct firn_table_metadata *m,
				    int64_t *ret_id); /* false: none */
struct firn_str firn_table_property(const struct firn_table_metadata *m, const char *key);
/* Property as a number or boolean, with the default when absent or ill-formed. */
int64_t firn_table_property_i64(const struct firn_table_metadata *m, const char *key,
				int64_t otherwise);
bool firn_table_property_bool(const struct firn_table_metadata *m, const char *key, bool otherwise);
/* Paths a server must contain in the table's location or warehouse: write.data.path,
 * write.metadata.path, write.object-storage.path, write.folder-storage.path; those that are set. */
firn_rc firn_table_write_paths(struct firn_ctx *cx, const struct firn_table_metadata *m,
			       struct firn_map *ret_paths) FIRN_MUST;
/* Locations that one commit's updates bring in: manifest lists (or v1 inline manifests) of added
 * snapshots, statistics and partition-statistics paths. For containment. */
firn_rc firn_table_update_paths(struct firn_ctx *cx, const struct firn_json *updates,
				struct firn_strs *ret_paths) FIRN_MUST;

/* Field ids assigned afresh (createTable: "field ids reassigned"), specs and orders rebound. As in
 * the reference, new tables get write.parquet.compression-codec=zstd unless the client says else.
 */
struct firn_table_create {
	struct firn_str location;
	struct firn_str uuid;
	const struct firn_json *schema;
	const struct firn_json *partition_spec; /* NULL = unpartitioned */
	const struct firn_json *write_order;	/* NULL = unsorted */
	struct firn_map properties; /* "format-version" among them chooses 1–3, default 2, and is
				       not kept */
	int64_t now_ms;
};
firn_rc firn_table_metadata_create(struct firn_ctx *cx, const struct firn_table_create *create,
				   const struct firn_table_metadata **ret_metadata) FIRN_MUST;

/* requirements: JSON array. base NULL = the table doesn't exist. COMMIT_FAILED names the
 * requirement with expected and found; BAD_REQUEST on an unknown or ill-formed one. */
firn_rc firn_table_requirements_check(struct firn_ctx *cx, const struct firn_json *requirements,
				      const struct firn_table_metadata *base) FIRN_MUST;
/* True when one of them is assert-create. */
bool firn_table_requirements_create(const struct firn_json *requirements);

struct firn_table_base {
	const struct firn_table_metadata *metadata; /* NULL: build from nothing (staged create) */
	struct firn_str metadata_location; /* appended to the metadata log when something changes */
	int64_t now_ms;
};
struct firn_table_change {
	const struct firn_table_metadata *metadata;
	bool changed;		/* false: metadata is the base, nothing to write */
	struct firn_strs kinds; /* actions applied, e.g. "add-snapshot"; for the commit log */
	bool has_snapshot;	/* a snapshot was added */
	int64_t snapshot_id;
	struct firn_strs
		trimmed; /* metadata files that fell off the metadata log, when
			    write.metadata.delete-after-commit.enabled says to delete them */
};
/*
 * updates: JSON array of the document's TableUpdate. BAD_REQUEST / VALIDATION on what the reference
 * refuses; COMMIT_FAILED on a stale sequence number or first-row-id (no server-side retry can
 * help). High-water marks never go down.
 */
firn_rc firn_table_updates_apply(struct firn_ctx *cx, const struct firn_table_base *base,
				 const struct firn_json *updates,
				 struct firn_table_change *ret_change) FIRN_MUST;

/* A new version with target's content and the high-water marks of current: sequence number, row id,
 * column, partition, schema, spec and order ids; metadata log continues current's. */
firn_rc firn_table_metadata_undo(struct firn_ctx *cx, const struct firn_table_base *current,
				 const struct firn_table_metadata *target,
				 struct firn_table_change *ret_change) FIRN_MUST;
/* Whether a high-water mark of m lies below current's: it can't follow as it is, only by undo. */
bool firn_table_metadata_falls_back(const struct firn_table_metadata *m,
				    const struct firn_table_metadata *current);

/* Readable difference between two versions, as JSON: schema fields added, removed, changed;
 * properties; snapshots; refs; specs; orders; location. `from` NULL = creation. */
firn_rc firn_table_metadata_diff(struct firn_ctx *cx, const struct firn_table_metadata *from,
				 const struct firn_table_metadata *to,
				 struct firn_jw *out) FIRN_MUST;

/* "<folder>/NNNNN-<uuid>.metadata.json" (".gz.metadata.json" when the codec property says gzip) in
 * write.metadata.path or <location>/metadata; NNNNN follows previous's number, 00000 when NONE. */
firn_rc firn_metadata_file_location(struct firn_ctx *cx, struct firn_str location,
				    struct firn_str metadata_path, bool gzip,
				    struct firn_str previous,
				    struct firn_str *ret_location) FIRN_MUST;
/* write.metadata.compression-codec: true for gzip, false for none or absent; BAD_REQUEST else. */
firn_rc firn_metadata_codec(struct firn_ctx *cx, struct firn_str codec_property,
			    bool *ret_gzip) FIRN_MUST;

#endif
