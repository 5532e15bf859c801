/* One commit being applied: a working copy of the table and what has been done to it so far. */
#ifndef FIRN_ICEBERG_TABLE_BUILDER_H
#define FIRN_ICEBERG_TABLE_BUILDER_H

#include "table.h"

struct table_builder {
	struct firn_ctx *cx;
	const struct firn_table_base *base;
	struct firn_table_metadata m;
	size_t n_changes;
	bool shape_changed; /* schema, spec or order: their fit is checked again */
	bool has_last_schema, has_last_spec, has_last_order;
	int32_t last_schema_id, last_spec_id, last_order_id;
	FIRN_VEC(int64_t) added;    /* snapshots added by this commit */
	FIRN_VEC(int64_t) set_main; /* snapshots that main was set to */
	bool removed_snapshots;
	FIRN_VEC(struct firn_str) kinds;
};

typedef firn_rc table_update(struct table_builder *b, const struct firn_json *update);

/* One per action of the REST document. */
table_update firn_update_assign_uuid, firn_update_upgrade_format_version, firn_update_set_location,
	firn_update_set_properties, firn_update_remove_properties, firn_update_add_encryption_key,
	firn_update_remove_encryption_key;
table_update firn_update_add_schema, firn_update_set_current_schema, firn_update_remove_schemas,
	firn_update_add_spec, firn_update_set_default_spec, firn_update_remove_specs,
	firn_update_add_sort_order, firn_update_set_default_sort_order;
table_update firn_update_add_snapshot, firn_update_remove_snapshots, firn_update_set_snapshot_ref,
	firn_update_remove_snapshot_ref, firn_update_set_statistics, firn_update_remove_statistics,
	firn_update_set_partition_statistics, firn_update_remove_partition_statistics;

/* table_build.c: settles timestamps and logs, checks the whole. */
firn_rc firn_table_build(struct table_builder *b, struct firn_table_change *ret_change) FIRN_MUST;
/* now, but never before the table's last update. */
int64_t firn_builder_now(const struct table_builder *b);
/* Compact text; .p is NULL with cx->err set on failure. */
struct firn_str firn_json_text(struct firn_ctx *cx, const struct firn_json *json);

/* properties.c */
bool firn_property_reserved(struct firn_str key);
firn_rc firn_property_put(struct firn_ctx *cx, struct firn_table_metadata *m, struct firn_str key,
			  struct firn_str value, bool *ret_changed) FIRN_MUST;
/* What only new tables are held to: commit.retry.* are whole numbers, metrics columns exist. */
firn_rc firn_properties_check_new(struct firn_ctx *cx, const struct firn_table_metadata *m,
				  const struct firn_schema *schema) FIRN_MUST;

#endif
