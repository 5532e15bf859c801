/*
 * Where a request points: warehouse by name or UUID, namespace by path. Owns the look-up under a
 * lock that mutations begin with, and the verdict on which part of a place is missing.
 */
#include "firn/arena.h"
#include "internal.h"

#define FIND_ATTEMPTS 8

static const struct firn_sql find_sql = {
	.name = "place_find",
	.text = "select w.id, w.uuid, w.name, w.location, w.profile_version, w.undrop_seconds, "
		"n.id,"
		" n.properties->>'location'"
		" from (select 1) one"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = $3",
	.params = "text,uuid,text",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text",
};
#define NAMESPACE                                                                                  \
	"select w.id, w.uuid, w.name, w.location, w.profile_version, w.undrop_seconds, n.id,"      \
	" n.properties->>'location'"                                                               \
	" from warehouse w join namespace n on n.warehouse_id = w.id and n.path = $3"              \
	" where w.name = $1 or w.uuid = $2"
#define ROOT                                                                                       \
	"select w.id, w.uuid, w.name, w.location, w.profile_version, w.undrop_seconds,"            \
	" null::bigint, null::text"                                                                \
	" from warehouse w where (w.name = $1 or w.uuid = $2) and $3 = ''"
static const struct firn_sql share_sql = {
	.name = "place_share",
	.text = NAMESPACE " for key share of n",
	.params = "text,uuid,text",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text",
};
static const struct firn_sql exclusive_sql = {
	.name = "place_exclusive",
	.text = NAMESPACE " for update of n",
	.params = "text,uuid,text",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text",
};
static const struct firn_sql share_root_sql = {
	.name = "place_share_root",
	.text = ROOT " for key share of w",
	.params = "text,uuid,text",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text",
};
static const struct firn_sql exclusive_root_sql = {
	.name = "place_exclusive_root",
	.text = ROOT " for update of w",
	.params = "text,uuid,text",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text",
};

firn_rc firn_param_prefix(struct firn_ctx *cx, struct firn_params *p, struct firn_str warehouse)
{
	struct firn_uuid uuid;

	/* A NUL would cut the parameter short and match another name. */
	if (warehouse.n > 0 && memchr(warehouse.p, '\0', warehouse.n))
		return firn_fail_warehouse(cx, warehouse);
	FIRN_TRY(firn_param_str(cx, p, warehouse.p ? warehouse : FIRN_STR("")));
	return firn_param_uuid(cx, p, firn_uuid_parse(warehouse, &uuid) ? &uuid : NULL);
}

firn_rc firn_fail_warehouse(struct firn_ctx *cx, struct firn_str warehouse)
{
	struct firn_str shown = firn_name_show(cx, warehouse);

	return firn_fail(cx, FIRN_E_NO_SUCH_WAREHOUSE, "Warehouse does not exist: %.*s",
			 FIRN_FMT(shown));
}

firn_rc firn_fail_namespace(struct firn_ctx *cx, const struct firn_strs *levels)
{
	struct firn_str shown = firn_levels_text(cx, levels);

	return firn_fail(cx, FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: %.*s",
			 FIRN_FMT(shown));
}

firn_rc firn_place_judge(struct firn_ctx *cx, const struct firn_target *target,
			 const struct firn_rows *rows, unsigned warehouse_column,
			 unsigned namespace_column)
{
	if (firn_rows_count(rows) == 0 || firn_row_null(rows, 0, warehouse_column))
		return firn_fail_warehouse(cx, target->warehouse);
	if (target->levels.n > 0 && firn_row_null(rows, 0, namespace_column))
		return firn_fail_namespace(cx, &target->levels);
	return FIRN_OK;
}

firn_rc firn_rows_names(struct firn_ctx *cx, const struct firn_rows *rows, unsigned column,
			struct firn_strs *ret_names)
{
	size_t n = firn_rows_count(rows);
	struct firn_strs names = {NULL, 0};

	if (n == 1 && firn_row_null(rows, 0, column))
		n = 0;
	names.items = firn_calloc(cx, n, sizeof(*names.items));
	if (!names.items)
		return cx->err.code;
	for (; names.n < n; names.n++)
		names.items[names.n] = firn_row_str(rows, names.n, column);
	*ret_names = names;
	return FIRN_OK;
}

static const struct firn_sql *statement_of(enum firn_lock lock, bool root)
{
	switch (lock) {
	case FIRN_LOCK_NONE:
		break;
	case FIRN_LOCK_SHARE:
		return root ? &share_root_sql : &share_sql;
	case FIRN_LOCK_EXCLUSIVE:
		return root ? &exclusive_root_sql : &exclusive_sql;
	}
	return &find_sql;
}

static void fill(const struct firn_rows *rows, struct firn_str path, struct firn_place *ret_place)
{
	*ret_place = (struct firn_place){
		.warehouse_id = firn_row_i64(rows, 0, 0),
		.warehouse_uuid = firn_row_str(rows, 0, 1),
		.warehouse_name = firn_row_str(rows, 0, 2),
		.warehouse_location = firn_row_str(rows, 0, 3),
		.profile_version = firn_row_i64(rows, 0, 4),
		.undrop_seconds = firn_row_i64(rows, 0, 5),
		.namespace_id = firn_row_i64(rows, 0, 6),
		.namespace_location = firn_row_str(rows, 0, 7),
		.namespace_path = path,
	};
}

firn_rc firn_place_find(struct firn_ctx *cx, const struct firn_target *target, enum firn_lock lock,
			struct firn_place *ret_place)
{
	const struct firn_sql *sql = statement_of(lock, target->levels.n == 0);
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_str path = firn_levels_path(cx, &target->levels);

	if (!path.p)
		return cx->err.code;
	FIRN_TRY(firn_param_prefix(cx, &params, target->warehouse));
	FIRN_TRY(firn_param_str(cx, &params, path));
	for (int attempt = 0; attempt < FIND_ATTEMPTS; attempt++) {
		FIRN_TRY(firn_db_query(cx, sql, &params, &rows));
		if (firn_rows_count(rows) > 0) {
			FIRN_TRY(firn_place_judge(cx, target, rows, 0, 6));
			fill(rows, path, ret_place);
			return FIRN_OK;
		}
		/* A row lock needs inner joins, which don't tell what is missing. What is found now
		 * was made meanwhile. */
		FIRN_TRY(firn_db_query(cx, &find_sql, &params, &rows));
		FIRN_TRY(firn_place_judge(cx, target, rows, 0, 6));
	}
	return firn_fail(cx, FIRN_E_UNAVAILABLE,
			 "Namespace '%.*s' keeps being dropped and made again: try again later",
			 FIRN_FMT(firn_levels_text(cx, &target->levels)));
}
