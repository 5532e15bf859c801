/*
 * Iceberg view metadata v1 and function metadata. Pure, as table_metadata.h; semantics of the view
 * spec and the reference ViewMetadata.Builder.
 */
#ifndef FIRN_VIEW_METADATA_H
#define FIRN_VIEW_METADATA_H

#include "firn/json.h"

struct firn_view_metadata;

firn_rc firn_view_metadata_parse(struct firn_ctx *cx, struct firn_str text,
				 const struct firn_view_metadata **ret_metadata) FIRN_MUST;
firn_rc firn_view_metadata_write(struct firn_ctx *cx, const struct firn_view_metadata *metadata,
				 struct firn_str *ret_text) FIRN_MUST;
struct firn_str firn_view_uuid(const struct firn_view_metadata *m);
struct firn_str firn_view_location(const struct firn_view_metadata *m);
struct firn_str firn_view_property(const struct firn_view_metadata *m, const char *key);
int64_t firn_view_current_version_id(const struct firn_view_metadata *m);

struct firn_view_create {
	struct firn_str location, uuid;
	const struct firn_json *schema, *view_version; /* as in CreateViewRequest */
	struct firn_map properties;
	int64_t now_ms;
};
firn_rc firn_view_metadata_create(struct firn_ctx *cx, const struct firn_view_create *create,
				  const struct firn_view_metadata **ret_metadata) FIRN_MUST;
/* assert-view-uuid; COMMIT_FAILED with expected and found. */
firn_rc firn_view_requirements_check(struct firn_ctx *cx, const struct firn_json *requirements,
				     const struct firn_view_metadata *base) FIRN_MUST;
struct firn_view_change {
	const struct firn_view_metadata *metadata;
	bool changed;
	struct firn_strs kinds;
};
firn_rc firn_view_updates_apply(struct firn_ctx *cx, const struct firn_view_metadata *base,
				const struct firn_json *updates, int64_t now_ms,
				struct firn_view_change *ret_change) FIRN_MUST;
firn_rc firn_view_metadata_undo(struct firn_ctx *cx, const struct firn_view_metadata *current,
				const struct firn_view_metadata *target, int64_t now_ms,
				struct firn_view_change *ret_change) FIRN_MUST;
firn_rc firn_view_metadata_diff(struct firn_ctx *cx, const struct firn_view_metadata *from,
				const struct firn_view_metadata *to, struct firn_jw *out) FIRN_MUST;

/* FunctionMetadata of the REST document: validates (BAD_REQUEST names the field) and gives the
 * compact text that is stored. */
firn_rc firn_function_metadata_check(struct firn_ctx *cx, const struct firn_json *function,
				     struct firn_str *ret_text) FIRN_MUST;

#endif
