/* View metadata as the files of this room see it. Immutable once returned; working copies are made
 * by view_apply.c. */
#ifndef FIRN_ICEBERG_VIEW_H
#define FIRN_ICEBERG_VIEW_H

#include "firn/view_metadata.h"
#include "schema.h"
#include "table.h" /* FIRN_VEC */

enum {
	FIRN_VIEW_FORMAT = 1,
	FIRN_VIEW_HISTORY_DEFAULT = 10,
	/* Ceilings, per view. */
	FIRN_VIEW_SCHEMAS = 10000,
	FIRN_VIEW_VERSIONS = 10000,
	FIRN_VIEW_LOG = 100000,
	FIRN_VIEW_REPRESENTATIONS = 1000,
	FIRN_VIEW_PROPERTIES = 10000
};

struct firn_view_version {
	int32_t id, schema_id;
	int64_t timestamp_ms;
	const struct firn_json
		*source; /* its object: summary, representations, defaults, unknown members */
};

struct firn_view_log_entry {
	int64_t timestamp_ms;
	int32_t version_id;
};

struct firn_view_metadata {
	struct firn_str uuid, location;
	int32_t current_version_id;
	FIRN_VEC(const struct firn_schema *) schemas;
	FIRN_VEC(struct firn_view_version) versions;
	FIRN_VEC(struct firn_view_log_entry) log;
	FIRN_VEC(struct firn_pair) properties;
	const struct firn_json
		*source; /* the document it was parsed from, for unknown members; NULL when new */
};

/* NULL when there is none. */
const struct firn_view_version *firn_view_find_version(const struct firn_view_metadata *m,
						       int32_t id);
const struct firn_schema *firn_view_find_schema(const struct firn_view_metadata *m, int32_t id);
/* One version of a document or request: its members checked. */
firn_rc firn_view_version_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
				struct firn_view_version *ret_version) FIRN_MUST;
/* Lower-case dialects of a version's SQL, in order. VALIDATION-free: doubles stay. */
firn_rc firn_view_dialects(struct firn_ctx *cx, const struct firn_view_version *version,
			   struct firn_strs *ret_dialects) FIRN_MUST;
/* What belongs together at the end of a change: history trimmed, dialects kept. previous NULL:
 * dialects may go. Versions from first_added on were added by this change. */
firn_rc firn_view_settle(struct firn_ctx *cx, struct firn_view_metadata *m,
			 const struct firn_view_metadata *previous, size_t first_added) FIRN_MUST;

#endif
