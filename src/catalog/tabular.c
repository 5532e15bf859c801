/* Finding tables and views for a mutation, and the words for what is missing, taken or out of
 * reach. */
#include "tabular.h"

#include "firn/arena.h"
#include "tx.h"

/* The collation is said because two columns with one of their own would not agree on it. */
static const struct firn_sql find_sql = {
	.name = "tabulars_find",
	.text = "select w.id, w.uuid, w.name, w.location, w.profile_version, w.undrop_seconds, "
		"n.id,"
		" n.properties->>'location', t.id, t.kind, t.uuid, t.version, t.name, t.location,"
		" t.metadata_location, t.metadata_sha256, t.metadata_length, t.protected"
		" from unnest($3::text[], $4::text[]) with ordinality i(path, name, ord)"
		" left join warehouse w on w.name = $1 or w.uuid = $2"
		" left join namespace n on n.warehouse_id = w.id and n.path = i.path collate \"C\""
		" left join tabular t on t.namespace_id = n.id and t.name = i.name collate \"C\""
		" order by i.ord",
	.params = "text,uuid,text[],text[]",
	.results = "bigint,uuid,text,text,bigint,bigint,bigint,text,bigint,text,uuid,bigint,text,"
		   "text,text,bytea,"
		   "bigint,boolean",
};

const char *firn_kind_word(enum firn_kind kind)
{
	return kind == FIRN_KIND_VIEW ? "view" : "table";
}

enum firn_kind firn_kind_of(struct firn_str word)
{
	return firn_str_is(word, "view") ? FIRN_KIND_VIEW : FIRN_KIND_TABLE;
}

firn_rc firn_fail_no_tabular(struct firn_ctx *cx, enum firn_kind kind,
			     const struct firn_target *target)
{
	struct firn_str text = firn_target_text(cx, target);

	if (kind == FIRN_KIND_VIEW)
		return firn_fail(cx, FIRN_E_NO_SUCH_VIEW, "View does not exist: %.*s",
				 FIRN_FMT(text));
	return firn_fail(cx, FIRN_E_NO_SUCH_TABLE, "Table does not exist: %.*s", FIRN_FMT(text));
}

firn_rc firn_fail_taken(struct firn_ctx *cx, enum firn_kind wanted, enum firn_kind found,
			const struct firn_target *target)
{
	struct firn_str text = firn_target_text(cx, target);

	return firn_fail(cx, FIRN_E_ALREADY_EXISTS, "%s%s already exists: %.*s",
			 found == FIRN_KIND_VIEW ? "View" : "Table",
			 wanted == found ? "" : " with same name", FIRN_FMT(text));
}

firn_rc firn_fault(struct firn_ctx *cx, const char *doing)
{
	struct firn_err why = cx->err;
	const char *who;

	switch ((int)why.code) {
	case FIRN_E_STORE_NOT_FOUND:
	case FIRN_E_STORE_EXISTS:
	case FIRN_E_STORE_DENIED:
	case FIRN_E_STORE_BROKEN:
		who = "the warehouse's store did not let the catalog";
		break;
	case FIRN_E_DB_BROKEN:
	case FIRN_E_DB_CONFLICT:
		who = "the catalog's database did not let the catalog";
		break;
	default:
		return why.code;
	}
	firn_err_clear(cx);
	firn_fail(cx, FIRN_E_UNAVAILABLE, "%s %s; nothing was changed: try again later", who,
		  doing);
	memcpy(cx->err.sqlstate, why.sqlstate, sizeof(why.sqlstate));
	return firn_note(cx, "%s: %s %s", firn_code_info(why.code)->name, why.message, why.notes);
}

static firn_rc fill(struct firn_ctx *cx, const struct firn_rows *rows, size_t i,
		    struct firn_str path, struct firn_tabular *ret_tabular)
{
	struct firn_tabular t = {
		.place = {.warehouse_id = firn_row_i64(rows, i, 0),
			  .warehouse_uuid = firn_row_str(rows, i, 1),
			  .warehouse_name = firn_row_str(rows, i, 2),
			  .warehouse_location = firn_row_str(rows, i, 3),
			  .profile_version = firn_row_i64(rows, i, 4),
			  .undrop_seconds = firn_row_i64(rows, i, 5),
			  .namespace_id = firn_row_i64(rows, i, 6),
			  .namespace_location = firn_row_str(rows, i, 7),
			  .namespace_path = path},
		.exists = !firn_row_null(rows, i, 8),
	};

	if (t.exists) {
		t.id = firn_row_i64(rows, i, 8);
		t.kind = firn_kind_of(firn_row_str(rows, i, 9));
		t.uuid = firn_row_str(rows, i, 10);
		t.version = firn_row_i64(rows, i, 11);
		t.name = firn_row_str(rows, i, 12);
		t.location = firn_row_str(rows, i, 13);
		t.metadata_location = firn_row_str(rows, i, 14);
		FIRN_TRY(firn_row_bytes(cx, rows, i, 15, t.sha256, sizeof(t.sha256)));
		t.length = firn_row_i64(rows, i, 16);
		t.is_protected = firn_row_bool(rows, i, 17);
	}
	*ret_tabular = t;
	return FIRN_OK;
}

firn_rc firn_tabulars_find(struct firn_ctx *cx, const struct firn_target *const *targets, size_t n,
			   struct firn_tabular *ret_tabulars)
{
	struct firn_strs paths = {firn_calloc(cx, n, sizeof(struct firn_str)), n};
	struct firn_strs names = {firn_calloc(cx, n, sizeof(struct firn_str)), n};
	struct firn_params params = {0};
	const struct firn_rows *rows;

	if (!paths.items || !names.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		paths.items[i] = firn_levels_path(cx, &targets[i]->levels);
		names.items[i] = targets[i]->name;
		if (!paths.items[i].p)
			return cx->err.code;
	}
	FIRN_TRY(firn_param_prefix(cx, &params, targets[0]->warehouse));
	FIRN_TRY(firn_param_strs(cx, &params, &paths));
	FIRN_TRY(firn_param_strs(cx, &params, &names));
	FIRN_TRY(firn_db_query(cx, &find_sql, &params, &rows));
	if (firn_rows_count(rows) != n)
		return firn_fail(cx, FIRN_E_INTERNAL, "asked for %zu tables, found %zu rows", n,
				 firn_rows_count(rows));
	if (firn_row_null(rows, 0, 0))
		return firn_fail_warehouse(cx, targets[0]->warehouse);
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(fill(cx, rows, i, paths.items[i], &ret_tabulars[i]));
	return FIRN_OK;
}

firn_rc firn_tabular_any(struct firn_ctx *cx, const struct firn_target *target,
			 struct firn_tabular *ret_tabular)
{
	struct firn_tabular t;

	FIRN_TRY(firn_tabulars_find(cx, &target, 1, &t));
	if (!t.exists)
		return firn_fail_no_tabular(cx, FIRN_KIND_TABLE, target);
	*ret_tabular = t;
	return FIRN_OK;
}

firn_rc firn_tabular_find(struct firn_ctx *cx, const struct firn_target *target,
			  enum firn_kind kind, struct firn_tabular *ret_tabular)
{
	struct firn_tabular t;

	FIRN_TRY(firn_tabulars_find(cx, &target, 1, &t));
	if (!t.exists || t.kind != kind)
		return firn_fail_no_tabular(cx, kind, target);
	*ret_tabular = t;
	return FIRN_OK;
}

struct firn_pointer firn_tabular_pointer(const struct firn_tabular *t)
{
	struct firn_pointer pointer = {
		.kind = t->kind,
		.warehouse_id = t->place.warehouse_id,
		.profile_version = t->place.profile_version,
		.tabular_id = t->id,
		.version = t->version,
		.uuid = t->uuid,
		.name = t->name,
		.metadata_location = t->metadata_location,
		.length = t->length,
	};

	memcpy(pointer.sha256, t->sha256, sizeof(pointer.sha256));
	return pointer;
}
