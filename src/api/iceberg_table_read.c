/* Reading tables, views and functions of the Iceberg REST protocol. */
#include "firn/arena.h"
#include "internal.h"

enum { MAX_VIEW_CHAIN = 16 };

/* ---- existence ------------------------------------------------------------------------------ */

static firn_rc answer_head(struct firn_call *call, enum firn_kind kind,
			   const struct firn_rows *rows)
{
	struct firn_pointer pointer;
	FIRN_TRY(firn_tabular_read(&call->cx, call->api->catalog, &call->target, kind, rows,
				   &pointer));
	return firn_reply_empty(call, 204);
}

firn_rc h_table_head_ask(struct firn_call *call)
{
	return firn_tabular_ask(&call->cx, call->api->catalog, &call->target, &call->ask);
}

firn_rc h_table_head_answer(struct firn_call *call, const struct firn_rows *rows)
{
	return answer_head(call, FIRN_KIND_TABLE, rows);
}

firn_rc h_view_head_ask(struct firn_call *call)
{
	return firn_tabular_ask(&call->cx, call->api->catalog, &call->target, &call->ask);
}

firn_rc h_view_head_answer(struct firn_call *call, const struct firn_rows *rows)
{
	return answer_head(call, FIRN_KIND_VIEW, rows);
}

/* ---- load ----------------------------------------------------------------------------------- */

static firn_rc read_snapshots(struct firn_call *call, enum firn_snapshots *ret_snapshots)
{
	struct firn_str text = firn_map_get(&call->query, "snapshots");

	if (text.n > 0 && !firn_str_ieq(text, FIRN_STR("all")) &&
	    !firn_str_ieq(text, FIRN_STR("refs")))
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "snapshots must be all or refs, not '%.*s'", FIRN_FMT(text));
	*ret_snapshots =
		firn_str_ieq(text, FIRN_STR("refs")) ? FIRN_SNAPSHOTS_REFS : FIRN_SNAPSHOTS_ALL;
	return FIRN_OK;
}

/* One view of referenced-by: levels and name, joined by U+001F; split at raw commas before it is
 * decoded. */
static firn_rc read_view(struct firn_call *call, struct firn_str item, struct firn_target *ret_view)
{
	struct firn_target view = {.warehouse = call->target.warehouse};
	struct firn_str text;

	FIRN_TRY(firn_percent_decode(&call->cx, item, true, "referenced-by", &text));
	FIRN_TRY(firn_levels_split(&call->cx, text, &view.levels));
	if (view.levels.n < 2)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "referenced-by: '%.*s' names no namespace and view",
				 FIRN_FMT(text));
	view.name = view.levels.items[--view.levels.n];
	*ret_view = view;
	return FIRN_OK;
}

/* The chain of views through which the table is reached; each must exist. */
static firn_rc check_referenced_by(struct firn_call *call)
{
	struct firn_str rest = firn_query_raw(call, "referenced-by");
	struct firn_target *views;
	size_t n = 0;

	if (rest.n == 0)
		return FIRN_OK;
	if (!call->cx.db)
		return FIRN_E_NEEDS_LANE;
	views = firn_calloc(&call->cx, MAX_VIEW_CHAIN, sizeof(*views));
	if (!views)
		return call->cx.err.code;
	while (rest.n > 0) {
		size_t comma = firn_str_find(rest, ',');
		if (n == MAX_VIEW_CHAIN)
			return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
					 "referenced-by: a chain may have at most %d views",
					 MAX_VIEW_CHAIN);
		FIRN_TRY(read_view(call, firn_str_sub(rest, 0, comma), &views[n++]));
		rest = comma < rest.n ? firn_str_sub(rest, comma + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return firn_views_check(&call->cx, call->api->catalog, call->target.warehouse, views, n);
}

firn_rc h_table_load_ask(struct firn_call *call)
{
	enum firn_snapshots snapshots;
	FIRN_TRY(read_snapshots(call, &snapshots));
	return firn_tabular_ask(&call->cx, call->api->catalog, &call->target, &call->ask);
}

firn_rc h_table_load_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_pointer pointer;
	enum firn_snapshots snapshots;

	FIRN_TRY(read_snapshots(call, &snapshots));
	FIRN_TRY(firn_tabular_read(&call->cx, call->api->catalog, &call->target, FIRN_KIND_TABLE,
				   rows, &pointer));
	FIRN_TRY(check_referenced_by(call));
	return firn_reply_metadata(call, &pointer, snapshots, true);
}

firn_rc h_view_load_ask(struct firn_call *call)
{
	return firn_tabular_ask(&call->cx, call->api->catalog, &call->target, &call->ask);
}

firn_rc h_view_load_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_pointer pointer;
	FIRN_TRY(firn_tabular_read(&call->cx, call->api->catalog, &call->target, FIRN_KIND_VIEW,
				   rows, &pointer));
	FIRN_TRY(check_referenced_by(call));
	return firn_reply_metadata(call, &pointer, FIRN_SNAPSHOTS_ALL, true);
}

/* ---- functions ------------------------------------------------------------------------------ */

firn_rc h_function_load_ask(struct firn_call *call)
{
	return firn_function_ask(&call->cx, &call->target, &call->ask);
}

firn_rc h_function_load_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_str metadata;
	struct firn_reply_json json;

	FIRN_TRY(firn_function_read(&call->cx, &call->target, rows, &metadata));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "metadata");
	firn_jw_raw(&json.w, metadata);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}
