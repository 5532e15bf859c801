/*
 * Warehouses as readers see them: one by name, UUID or location, or all in order of name. Each
 * question is one statement; nothing here waits.
 */
#include "firn/arena.h"
#include "internal.h"

#define NAMED_IN_MESSAGE 20

#define COLUMNS                                                                                    \
	"w.id, w.uuid, w.name, w.location, w.profile, w.profile_version, w.properties,"            \
	" w.protected, w.undrop_seconds,"                                                          \
	" to_char(w.created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"          \
	" to_char(w.updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
#define TYPES "bigint,uuid,text,text,jsonb,bigint,jsonb,boolean,bigint,text,text"

static const struct firn_sql config_sql = {
	.name = "warehouse_config",
	.text = "select " COLUMNS " from warehouse w"
		" where $1::text is null or w.name = $1 or w.uuid = $2 or w.location_key = $3"
		" order by w.name limit 21",
	.params = "text,uuid,text",
	.results = TYPES,
};
static const struct firn_sql one_sql = {
	.name = "warehouse_one",
	.text = "select " COLUMNS " from warehouse w where w.name = $1 or w.uuid = $2",
	.params = "text,uuid",
	.results = TYPES,
};
static const struct firn_sql list_sql = {
	.name = "warehouse_list",
	.text = "select " COLUMNS " from warehouse w where w.name > $1 order by w.name limit $2",
	.params = "text,bigint",
	.results = TYPES,
};

static void fill(const struct firn_rows *rows, size_t row, struct firn_warehouse *ret_warehouse)
{
	*ret_warehouse = (struct firn_warehouse){
		.id = firn_row_i64(rows, row, 0),
		.uuid = firn_row_str(rows, row, 1),
		.name = firn_row_str(rows, row, 2),
		.location = firn_row_str(rows, row, 3),
		.profile = firn_row_str(rows, row, 4),
		.profile_version = firn_row_i64(rows, row, 5),
		.properties = firn_row_str(rows, row, 6),
		.is_protected = firn_row_bool(rows, row, 7),
		.undrop_seconds = firn_row_i64(rows, row, 8),
		.created_at = firn_row_str(rows, row, 9),
		.updated_at = firn_row_str(rows, row, 10),
	};
}

static firn_rc new_ask(struct firn_ctx *cx, const struct firn_sql *sql, struct firn_ask **ret_ask)
{
	struct firn_ask *ask = firn_alloc(cx, sizeof(*ask));

	if (!ask)
		return cx->err.code;
	ask->sql = sql;
	*ret_ask = ask;
	return FIRN_OK;
}

/* A hint that isn't a location is none of our errors: it may be a name. */
static struct firn_str location_key(struct firn_ctx *cx, struct firn_str hint)
{
	struct firn_location location;

	if (firn_str_find(hint, '/') == SIZE_MAX ||
	    firn_location_parse(cx, hint, "warehouse", &location) != FIRN_OK) {
		firn_err_clear(cx);
		return FIRN_STR_NONE;
	}
	return firn_printf(cx, "%.*s/", FIRN_FMT(location.normal));
}

firn_rc firn_config_ask(struct firn_ctx *cx, struct firn_str hint, struct firn_ask **ret_ask)
{
	struct firn_ask *ask;

	FIRN_TRY(new_ask(cx, &config_sql, &ask));
	if (hint.n == 0) {
		for (int i = 0; i < 3; i++)
			FIRN_TRY(firn_param_null(cx, &ask->params));
	} else {
		FIRN_TRY(firn_param_prefix(cx, &ask->params, hint));
		FIRN_TRY(firn_param_str(cx, &ask->params, location_key(cx, hint)));
	}
	*ret_ask = ask;
	return FIRN_OK;
}

static firn_rc refuse_to_choose(struct firn_ctx *cx, const struct firn_rows *rows)
{
	size_t n = firn_rows_count(rows);
	struct firn_buf b;
	struct firn_str names;

	firn_buf_init(&b, cx, 64 * (NAMED_IN_MESSAGE + 1) + 16);
	for (size_t i = 0; i < n && i < NAMED_IN_MESSAGE; i++)
		firn_buf_printf(&b, "%s%.*s", i > 0 ? ", " : "",
				FIRN_FMT(firn_row_str(rows, i, 2)));
	if (n > NAMED_IN_MESSAGE)
		firn_buf_cstr(&b, ", …");
	FIRN_TRY(firn_buf_end(&b, &names));
	return firn_fail(
		cx, FIRN_E_BAD_REQUEST,
		"There are several warehouses: choose one with the parameter warehouse (%.*s)",
		FIRN_FMT(names));
}

firn_rc firn_config_read(struct firn_ctx *cx, struct firn_str hint, const struct firn_rows *rows,
			 struct firn_warehouse *ret_warehouse)
{
	if (firn_rows_count(rows) == 0 && hint.n == 0)
		return firn_fail(cx, FIRN_E_NO_SUCH_WAREHOUSE,
				 "There is no warehouse yet: create one");
	if (firn_rows_count(rows) == 0)
		return firn_fail_warehouse(cx, hint);
	if (firn_rows_count(rows) > 1 && hint.n == 0)
		return refuse_to_choose(cx, rows);
	fill(rows, 0, ret_warehouse);
	return FIRN_OK;
}

firn_rc firn_warehouses_ask(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_page *page, struct firn_ask **ret_ask)
{
	struct firn_ask *ask;
	struct firn_str after;
	int64_t limit;

	FIRN_TRY(firn_page_start(cx, catalog, FIRN_STR("warehouses"), page, &after, &limit));
	FIRN_TRY(new_ask(cx, &list_sql, &ask));
	FIRN_TRY(firn_param_page(cx, &ask->params, after, limit));
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_warehouses_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct firn_page *page, const struct firn_rows *rows,
			     struct firn_warehouse **ret_items, size_t *ret_n,
			     struct firn_page_answer *ret_page)
{
	struct firn_strs names = {.n = firn_rows_count(rows)};
	struct firn_warehouse *items = firn_calloc(cx, names.n, sizeof(*items));
	struct firn_str after;
	int64_t limit;
	size_t n = names.n;

	names.items = firn_calloc(cx, n, sizeof(*names.items));
	if (!items || !names.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		fill(rows, i, &items[i]);
		names.items[i] = items[i].name;
	}
	FIRN_TRY(firn_page_start(cx, catalog, FIRN_STR("warehouses"), page, &after, &limit));
	FIRN_TRY(
		firn_page_finish(cx, catalog, FIRN_STR("warehouses"), limit, &names, &n, ret_page));
	*ret_items = items;
	*ret_n = n;
	return FIRN_OK;
}

firn_rc firn_warehouse_ask(struct firn_ctx *cx, struct firn_str name, struct firn_ask **ret_ask)
{
	struct firn_ask *ask;

	FIRN_TRY(new_ask(cx, &one_sql, &ask));
	FIRN_TRY(firn_param_prefix(cx, &ask->params, name));
	*ret_ask = ask;
	return FIRN_OK;
}

firn_rc firn_warehouse_read(struct firn_ctx *cx, struct firn_str name, const struct firn_rows *rows,
			    struct firn_warehouse *ret_warehouse)
{
	if (firn_rows_count(rows) == 0)
		return firn_fail_warehouse(cx, name);
	fill(rows, 0, ret_warehouse);
	return FIRN_OK;
}

void firn_warehouse_write(struct firn_jw *w, const struct firn_warehouse *warehouse)
{
	firn_jw_begin(w, '{');
	firn_jw_key(w, "id");
	firn_jw_str(w, warehouse->uuid);
	firn_jw_key(w, "name");
	firn_jw_str(w, warehouse->name);
	firn_jw_key(w, "location");
	firn_jw_str(w, warehouse->location);
	firn_jw_key(w, "storage");
	firn_jw_raw(w, warehouse->profile);
	firn_jw_key(w, "properties");
	firn_jw_raw(w, warehouse->properties);
	firn_jw_key(w, "protected");
	firn_jw_bool(w, warehouse->is_protected);
	firn_jw_key(w, "undrop-seconds");
	firn_jw_i64_str(w, warehouse->undrop_seconds);
	firn_jw_key(w, "created-at");
	firn_jw_str(w, warehouse->created_at);
	firn_jw_key(w, "updated-at");
	firn_jw_str(w, warehouse->updated_at);
	firn_jw_end(w, '}');
}
