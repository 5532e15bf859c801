/* Partition and sort transforms. Names that this version doesn't know are carried. */
#ifndef FIRN_ICEBERG_TRANSFORM_H
#define FIRN_ICEBERG_TRANSFORM_H

#include "schema.h"

enum firn_transform_kind {
	FIRN_TRANSFORM_IDENTITY,
	FIRN_TRANSFORM_BUCKET,
	FIRN_TRANSFORM_TRUNCATE,
	FIRN_TRANSFORM_YEAR,
	FIRN_TRANSFORM_MONTH,
	FIRN_TRANSFORM_DAY,
	FIRN_TRANSFORM_HOUR,
	FIRN_TRANSFORM_VOID,
	FIRN_TRANSFORM_UNKNOWN
};

struct firn_transform {
	enum firn_transform_kind kind;
	int32_t width;	      /* bucket[width], truncate[width] */
	struct firn_str text; /* as the client spelled it */
};

firn_rc firn_transform_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			     struct firn_transform *ret_transform) FIRN_MUST;
bool firn_transform_eq(const struct firn_transform *a, const struct firn_transform *b);
/* Can values of that type be transformed? Unknown transforms are taken at their word. */
bool firn_transform_takes(const struct firn_transform *transform, const struct firn_type *type);

/* Sources of a partition or sort field: one, or several for a multi-argument transform (v3). */
struct firn_sources {
	const int32_t *ids;
	size_t n;
};
/* `source-id`, or `source-ids` of at least one. */
firn_rc firn_sources_parse(struct firn_ctx *cx, const struct firn_json *field, const char *what,
			   struct firn_sources *ret_sources) FIRN_MUST;
bool firn_sources_eq(const struct firn_sources *a, const struct firn_sources *b);
void firn_sources_write(struct firn_jw *w, const struct firn_sources *sources);
/* VALIDATION unless every source exists, is primitive and can be transformed. `noun`: "partition"
 * or "sort". in_struct: all parents must be structs. */
firn_rc firn_sources_check(struct firn_ctx *cx, const struct firn_sources *sources,
			   const struct firn_transform *transform, const struct firn_schema *schema,
			   const char *noun, bool in_struct) FIRN_MUST;
/* The same sources in a renumbered schema: old id → full name → new id. */
firn_rc firn_sources_rebind(struct firn_ctx *cx, const struct firn_sources *sources,
			    const struct firn_schema *from, const struct firn_schema *to,
			    const char *what, struct firn_sources *ret_sources) FIRN_MUST;

#endif
