/* Partition specs: parsed, bound to a schema, compared, written. */
#ifndef FIRN_ICEBERG_PARTITION_H
#define FIRN_ICEBERG_PARTITION_H

#include "transform.h"

#define FIRN_PARTITION_FIRST_ID 1000
#define FIRN_PARTITION_FIELDS 1000

struct firn_partition_field {
	struct firn_sources sources;
	struct firn_transform transform;
	struct firn_str name;
	int32_t id;			/* 0 while has_ids is false */
	const struct firn_json *source; /* for unknown members */
};

struct firn_partition_spec {
	int32_t id;
	bool has_id;  /* spec-id was given */
	bool has_ids; /* every field has its field-id */
	const struct firn_partition_field *fields;
	size_t n_fields;
	const struct firn_json *source; /* for unknown members; NULL for the bare array of v1 */
	struct firn_str text;		/* its bytes when it needn't be written anew, else NONE */
};

/* An object with `fields`, or v1's bare array of fields. BAD_REQUEST led by `what`. */
firn_rc firn_partition_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			     const struct firn_partition_spec **ret_spec) FIRN_MUST;
/* The same sources, transforms and names; ids don't count. */
bool firn_partition_same(const struct firn_partition_spec *a, const struct firn_partition_spec *b);
/* Names fit the schema, are unique and not empty: what binding a spec checks. VALIDATION. */
firn_rc firn_partition_check_names(struct firn_ctx *cx, const struct firn_partition_spec *spec,
				   const struct firn_schema *schema) FIRN_MUST;
/* Sources exist and suit their transforms (void ones may be gone). VALIDATION. */
firn_rc firn_partition_check_sources(struct firn_ctx *cx, const struct firn_partition_spec *spec,
				     const struct firn_schema *schema) FIRN_MUST;
/* Field ids are 1000, 1001, …, as v1 wants. */
bool firn_partition_sequential(const struct firn_partition_spec *spec);
/* The highest field id; 999 when there are none. */
int32_t firn_partition_last_id(const struct firn_partition_spec *spec);
/* A copy with another spec id and these fields (NULL: its own). */
firn_rc firn_partition_with(struct firn_ctx *cx, const struct firn_partition_spec *spec, int32_t id,
			    const struct firn_partition_field *fields,
			    const struct firn_partition_spec **ret_spec) FIRN_MUST;
void firn_partition_write(struct firn_jw *w, const struct firn_partition_spec *spec);
/* The bare array of fields: v1's `partition-spec`. */
void firn_partition_write_fields(struct firn_jw *w, const struct firn_partition_spec *spec);

#endif
