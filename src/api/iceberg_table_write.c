/* Changing tables and views of the Iceberg REST protocol. */
#include <stddef.h>

#include "firn/arena.h"
#include "internal.h"

enum { MAX_CHANGES = 1000 };

/* ---- create --------------------------------------------------------------------------------- */

struct table_body {
	struct firn_str name;
	struct firn_table_spec spec;
};

firn_rc h_table_create_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"name", FIRN_FIELD_STR, offsetof(struct table_body, name), FIRN_FIELD_REQUIRED},
		{"location", FIRN_FIELD_STR, offsetof(struct table_body, spec.location),
		 FIRN_FIELD_NULL_OK},
		{"schema", FIRN_FIELD_OBJECT, offsetof(struct table_body, spec.schema),
		 FIRN_FIELD_REQUIRED},
		{"partition-spec", FIRN_FIELD_OBJECT,
		 offsetof(struct table_body, spec.partition_spec), FIRN_FIELD_NULL_OK},
		{"write-order", FIRN_FIELD_OBJECT, offsetof(struct table_body, spec.write_order),
		 FIRN_FIELD_NULL_OK},
		{"stage-create", FIRN_FIELD_BOOL, offsetof(struct table_body, spec.stage),
		 FIRN_FIELD_NULL_OK},
		{"properties", FIRN_FIELD_MAP, offsetof(struct table_body, spec.properties),
		 FIRN_FIELD_NULL_OK},
	};
	struct table_body body = {0};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, "createTable", fields,
				sizeof(fields) / sizeof(fields[0]), &body));
	FIRN_TRY(firn_name_check(&call->cx, "table", body.name));
	call->target.name = body.name;
	return firn_table_create(&call->cx, call->api->catalog, mutation, &call->target, &body.spec,
				 ret_outcome);
}

struct view_body {
	struct firn_str name;
	struct firn_view_spec spec;
};

firn_rc h_view_create_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			     struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"name", FIRN_FIELD_STR, offsetof(struct view_body, name), FIRN_FIELD_REQUIRED},
		{"location", FIRN_FIELD_STR, offsetof(struct view_body, spec.location),
		 FIRN_FIELD_NULL_OK},
		{"schema", FIRN_FIELD_OBJECT, offsetof(struct view_body, spec.schema),
		 FIRN_FIELD_REQUIRED},
		{"view-version", FIRN_FIELD_OBJECT, offsetof(struct view_body, spec.view_version),
		 FIRN_FIELD_REQUIRED},
		{"properties", FIRN_FIELD_MAP, offsetof(struct view_body, spec.properties),
		 FIRN_FIELD_NULL_OK},
	};
	struct view_body body = {0};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, "createView", fields,
				sizeof(fields) / sizeof(fields[0]), &body));
	FIRN_TRY(firn_name_check(&call->cx, "view", body.name));
	call->target.name = body.name;
	return firn_view_create(&call->cx, call->api->catalog, mutation, &call->target, &body.spec,
				ret_outcome);
}

/* ---- register, unregister ------------------------------------------------------------------- */

struct register_body {
	struct firn_str name, metadata_location;
	bool overwrite;
};

static firn_rc register_tabular(struct firn_call *call, enum firn_kind kind,
				const struct firn_mutation *mutation,
				struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"name", FIRN_FIELD_STR, offsetof(struct register_body, name), FIRN_FIELD_REQUIRED},
		{"metadata-location", FIRN_FIELD_STR,
		 offsetof(struct register_body, metadata_location), FIRN_FIELD_REQUIRED},
		{"overwrite", FIRN_FIELD_BOOL, offsetof(struct register_body, overwrite),
		 FIRN_FIELD_NULL_OK},
	};
	struct register_body body = {0};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 3, &body));
	FIRN_TRY(firn_name_check(&call->cx, kind == FIRN_KIND_TABLE ? "table" : "view", body.name));
	call->target.name = body.name;
	return firn_tabular_register(&call->cx, call->api->catalog, mutation, &call->target, kind,
				     body.metadata_location,
				     body.overwrite && kind == FIRN_KIND_TABLE, ret_outcome);
}

firn_rc h_table_register_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				struct firn_outcome *ret_outcome)
{
	return register_tabular(call, FIRN_KIND_TABLE, mutation, ret_outcome);
}

firn_rc h_view_register_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			       struct firn_outcome *ret_outcome)
{
	return register_tabular(call, FIRN_KIND_VIEW, mutation, ret_outcome);
}

firn_rc h_table_unregister_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				  struct firn_outcome *ret_outcome)
{
	return firn_table_unregister(&call->cx, call->api->catalog, mutation, &call->target,
				     ret_outcome);
}

/* ---- commit --------------------------------------------------------------------------------- */

struct change_body {
	const struct firn_json *identifier, *requirements, *updates;
};

static firn_rc read_change(struct firn_call *call, const struct firn_json *json, bool single,
			   struct firn_change *ret_change)
{
	static const struct firn_field fields[] = {
		{"identifier", FIRN_FIELD_OBJECT, offsetof(struct change_body, identifier),
		 FIRN_FIELD_NULL_OK},
		{"requirements", FIRN_FIELD_ARRAY, offsetof(struct change_body, requirements),
		 FIRN_FIELD_NULL_OK},
		{"updates", FIRN_FIELD_ARRAY, offsetof(struct change_body, updates),
		 FIRN_FIELD_REQUIRED},
	};
	struct change_body body = {0};
	struct firn_change change = {.target = call->target};

	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 3, &body));
	/* A single commit's path says which table; an identifier in its body is the same or
	 * ignored, as the reference does. */
	if (!single && !body.identifier)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "table-changes: every change must name its table in `identifier`");
	if (!single)
		FIRN_TRY(firn_call_identifier(call, body.identifier, "identifier", &change.target));
	change.requirements = body.requirements;
	change.updates = body.updates;
	*ret_change = change;
	return FIRN_OK;
}

static firn_rc commit_one(struct firn_call *call, enum firn_kind kind,
			  const struct firn_mutation *mutation, struct firn_outcome *ret_outcome)
{
	struct firn_change change;
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(read_change(call, json, true, &change));
	return firn_commit(&call->cx, call->api->catalog, mutation, kind, &change, 1, true,
			   ret_outcome);
}

firn_rc h_table_commit_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	return commit_one(call, FIRN_KIND_TABLE, mutation, ret_outcome);
}

firn_rc h_view_replace_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	return commit_one(call, FIRN_KIND_VIEW, mutation, ret_outcome);
}

firn_rc h_transaction_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			     struct firn_outcome *ret_outcome)
{
	static const struct firn_field fields[] = {
		{"table-changes", FIRN_FIELD_ARRAY, 0, FIRN_FIELD_REQUIRED}};
	const struct firn_json *json, *list = NULL;
	struct firn_change *changes;
	size_t n;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, "commitTransaction", fields, 1, &list));
	n = firn_json_count(list);
	if (n == 0 || n > MAX_CHANGES)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "table-changes: from 1 to %d changes are expected, not %zu",
				 MAX_CHANGES, n);
	changes = firn_calloc(&call->cx, n, sizeof(*changes));
	if (!changes)
		return call->cx.err.code;
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(read_change(call, firn_json_at(list, i), false, &changes[i]));
	return firn_commit(&call->cx, call->api->catalog, mutation, FIRN_KIND_TABLE, changes, n,
			   false, ret_outcome);
}

/* ---- rename, drop --------------------------------------------------------------------------- */

static firn_rc rename_tabular(struct firn_call *call, enum firn_kind kind,
			      const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	struct {
		const struct firn_json *source, *destination;
	} body = {0};
	static const struct firn_field fields[] = {
		{"source", FIRN_FIELD_OBJECT, 0, FIRN_FIELD_REQUIRED},
		{"destination", FIRN_FIELD_OBJECT, sizeof(const struct firn_json *),
		 FIRN_FIELD_REQUIRED},
	};
	const struct firn_json *json;
	struct firn_target from, to;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, call->route->operation, fields, 2, &body));
	FIRN_TRY(firn_call_identifier(call, body.source, "source", &from));
	FIRN_TRY(firn_call_identifier(call, body.destination, "destination", &to));
	return firn_tabular_rename(&call->cx, call->api->catalog, mutation, kind, &from, &to,
				   ret_outcome);
}

firn_rc h_table_rename_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			      struct firn_outcome *ret_outcome)
{
	return rename_tabular(call, FIRN_KIND_TABLE, mutation, ret_outcome);
}

firn_rc h_view_rename_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			     struct firn_outcome *ret_outcome)
{
	return rename_tabular(call, FIRN_KIND_VIEW, mutation, ret_outcome);
}

firn_rc h_table_drop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			    struct firn_outcome *ret_outcome)
{
	bool purge;
	FIRN_TRY(firn_call_bool(call, "purgeRequested", false, &purge));
	return firn_tabular_drop(&call->cx, call->api->catalog, mutation, FIRN_KIND_TABLE,
				 &call->target, purge, ret_outcome);
}

firn_rc h_view_drop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			   struct firn_outcome *ret_outcome)
{
	return firn_tabular_drop(&call->cx, call->api->catalog, mutation, FIRN_KIND_VIEW,
				 &call->target, false, ret_outcome);
}

/* ---- metrics -------------------------------------------------------------------------------- */

firn_rc h_table_metrics_mutate(struct firn_call *call, const struct firn_mutation *mutation,
			       struct firn_outcome *ret_outcome)
{
	const struct firn_json *json;

	(void)ret_outcome; /* 204, nothing to tell */
	FIRN_TRY(firn_call_body(call, &json));
	return firn_metrics_store(&call->cx, call->api->catalog, mutation, &call->target, json);
}
