/*
 * The short transaction of a commit. Locks in one order for all: namespaces by id, locations, then
 * rows of `tabular`: new names first, existing ones by id; a row of `location` only after its
 * table's. Each table is one statement, which writes pointer, log and event together or nothing at
 * all.
 */
#include <stdlib.h>

#include "commit.h"
#include "firn/arena.h"
#include "locations.h"

/* Of the rows of `done`, after those of `old`. */
#define LOG_AND_TELL                                                                               \
	", logged as (insert into commit_log (tabular_id, version, commit_id, principal,"          \
	" request_id, operation, update_kinds, old_metadata_location, metadata_location,"          \
	" metadata_sha256, metadata_length, snapshot_id)"                                          \
	" select id, version, $9::uuid, $10, $11, $12, $13::text[],"                               \
	" (select metadata_location from old), $6, $7::bytea, $8::bigint, $14::bigint from done)"  \
	", told as (insert into event (commit_id, kind, warehouse_id, warehouse_name,"             \
	" namespace_path, name, tabular_id, version, principal, request_id, detail)"               \
	" select $9::uuid, $15, warehouse_id, $16, $17, name, id, version, $10, $11,"              \
	" $18::jsonb from done)"

/* $1 id, $2 version seen, $3 namespace, $4 name, $5 location, $6 file, $7 hash, $8 length, then log
 * and event. The name is compared too: a commit under a name that was just given away comes too
 * late. */
static const struct firn_sql swap_sql = {
	.name = "commit_swap",
	.text = "with old as (select metadata_location from tabular where id = $1)"
		", done as (update tabular set version = version + 1, location = $5, "
		"metadata_location = $6,"
		" metadata_sha256 = $7, metadata_length = $8, uuid = $19, updated_at = now()"
		" where id = $1 and version = $2 and namespace_id = $3 and name = $4"
		" returning id, version, warehouse_id, name)" LOG_AND_TELL
		" select version from done",
	.params = "bigint,bigint,bigint,text,text,text,bytea,bigint,uuid,text,text,text,text[],"
		  "bigint,text,text,text,"
		  "jsonb,uuid",
	.results = "bigint",
};
/* $1 id, $2 warehouse, $3 namespace, $4 name, $5 location, $6–$8 file, then as above; $20 kind, $21
 * place. */
static const struct firn_sql create_sql = {
	.name = "commit_create",
	.text = "with old as (select null::text as metadata_location)"
		", made as (insert into tabular (id, warehouse_id, namespace_id, name, kind, uuid, "
		"version, location,"
		" metadata_location, metadata_sha256, metadata_length)"
		" values ($1, $2, $3, $4, $20, $19, 1, $5, $6, $7, $8) on conflict do nothing"
		" returning id, version, warehouse_id, name)"
		", done as (update location l set reserved_until = null from made"
		" where l.tabular_id = made.id and l.path = $21 and l.reserved_until is not null"
		" returning made.id, made.version, made.warehouse_id, made.name)" LOG_AND_TELL
		" select (select count(*) from made), (select count(*) from done)",
	.params = "bigint,bigint,bigint,text,text,text,bytea,bigint,uuid,text,text,text,text[],"
		  "bigint,text,text,text,"
		  "jsonb,uuid,text,text",
	.results = "bigint,bigint",
};
static const struct firn_sql hold_sql = {
	.name = "commit_hold",
	.text = "select version from tabular where id = $1 and version = $2 and namespace_id = $3 "
		"and name = $4 for share",
	.params = "bigint,bigint,bigint,text",
	.results = "bigint",
};
static const struct firn_sql still_sql = {
	.name = "commit_still",
	.text = "select count(*) from unnest($1::text[], $2::text[], $3::text[], $4::text[]) i(id, "
		"version, ns, name)"
		" join tabular t on t.id = i.id::bigint and t.version = i.version::bigint"
		" and t.namespace_id = i.ns::bigint and t.name = i.name collate \"C\"",
	.params = "text[],text[],text[],text[]",
	.results = "bigint",
};
static const struct firn_sql uuid_sql = {
	.name = "commit_uuid_owner",
	.text = "select exists (select from tabular where warehouse_id = $1 and uuid = $2 and id "
		"<> $3)",
	.params = "bigint,uuid,bigint",
	.results = "boolean",
};

static firn_rc fail_lost(struct firn_ctx *cx)
{
	return firn_fail(cx, FIRN_E_DB_CONFLICT, "another change came first");
}

static int by_namespace(const void *a, const void *b)
{
	const struct firn_item *const *x = a, *const *y = b;
	int64_t left = (*x)->seen.place.namespace_id, right = (*y)->seen.place.namespace_id;

	if (left != right)
		return left < right ? -1 : 1;
	return firn_str_cmp((*x)->target->name, (*y)->target->name);
}

static int by_id(const void *a, const void *b)
{
	const struct firn_item *const *x = a, *const *y = b;
	int64_t left = (*x)->seen.id, right = (*y)->seen.id;

	return left == right ? 0 : left < right ? -1 : 1;
}

/* The items of one sort, in locking order. */
static firn_rc pick(struct firn_ctx *cx, const struct firn_work *work, bool existing,
		    struct firn_item ***ret_items, size_t *ret_n)
{
	struct firn_item **items = firn_calloc(cx, work->n, sizeof(*items));
	size_t n = 0;

	if (!items)
		return cx->err.code;
	for (size_t i = 0; i < work->n; i++) {
		if (work->items[i].seen.exists == existing)
			items[n++] = &work->items[i];
	}
	qsort(items, n, sizeof(struct firn_item *), existing ? by_id : by_namespace);
	*ret_items = items;
	*ret_n = n;
	return FIRN_OK;
}

static firn_rc lock_namespaces(struct firn_ctx *cx, struct firn_item *const *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct firn_place place;

		if (i > 0 &&
		    items[i]->seen.place.namespace_id == items[i - 1]->seen.place.namespace_id)
			continue;
		FIRN_TRY(firn_place_find(cx, items[i]->target, FIRN_LOCK_SHARE, &place));
		if (place.namespace_id != items[i]->seen.place.namespace_id)
			return fail_lost(cx);
	}
	return FIRN_OK;
}

/* New places of tables that move; and the present ones of tables that are to point at a file of
 * others, so that the delete guard can't take it away meanwhile. */
static firn_rc lock_places(struct firn_ctx *cx, const struct firn_work *work)
{
	struct firn_location *places = firn_calloc(cx, 2 * work->n, sizeof(*places));
	size_t n = 0;

	if (!places)
		return cx->err.code;
	for (size_t i = 0; i < work->n; i++) {
		const struct firn_item *item = &work->items[i];

		if (item->moves)
			places[n++] = item->place;
		if (item->given && item->seen.exists)
			FIRN_TRY(firn_location_parse(cx, item->seen.location, "location",
						     &places[n++]));
	}
	return n > 0 ? firn_places_lock(cx, places, n) : FIRN_OK;
}

static firn_rc check_given(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_work *work)
{
	for (size_t i = 0; i < work->n; i++) {
		const struct firn_item *item = &work->items[i];
		const struct firn_place *place = &item->seen.place;
		struct firn_object_info info;
		struct firn_store *store;

		if (!item->changed || !item->given)
			continue;
		FIRN_TRY(firn_store_of(cx, catalog, place->warehouse_id, place->profile_version,
				       &store));
		FIRN_TRY(firn_store_head(cx, store, item->file, &info));
	}
	return FIRN_OK;
}

static firn_rc detail_of(struct firn_ctx *cx, const struct firn_item *item,
			 struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, (size_t)16 << 20);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "metadata-location");
	firn_jw_str(&w, item->file);
	if (item->kinds.n > 0) {
		firn_jw_key(&w, "updates");
		firn_jw_strs(&w, &item->kinds);
	}
	if (item->has_snapshot) {
		firn_jw_key(&w, "snapshot-id");
		firn_jw_i64_str(&w, item->snapshot_id);
	}
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_json);
}

static const char *event_kind(struct firn_ctx *cx, const struct firn_item *item,
			      const char *operation)
{
	const char *what = !item->seen.exists ? "created" : "committed";

	if (strcmp(operation, "register") == 0)
		what = "registered";
	return firn_printf(cx, "%s.%s", firn_kind_word(item->kind), what).p;
}

/* $5 to $19: what both statements share. */
static firn_rc param_version(struct firn_ctx *cx, struct firn_tx *tx, const char *operation,
			     const struct firn_item *item, struct firn_params *p)
{
	struct firn_str detail;

	FIRN_TRY(detail_of(cx, item, &detail));
	FIRN_TRY(firn_param_str(cx, p, item->location));
	FIRN_TRY(firn_param_str(cx, p, item->file));
	FIRN_TRY(firn_param_bytes(cx, p, item->sha256, sizeof(item->sha256)));
	FIRN_TRY(firn_param_i64(cx, p, item->length));
	FIRN_TRY(firn_param_uuid(cx, p, &tx->commit_id));
	FIRN_TRY(firn_param_str(cx, p, firn_pass_principal(tx->mutation->pass)));
	FIRN_TRY(firn_param_str(cx, p, firn_str(cx->request_id)));
	FIRN_TRY(firn_param_str(cx, p, firn_str(operation)));
	FIRN_TRY(firn_param_strs(cx, p, &item->kinds));
	if (item->has_snapshot)
		FIRN_TRY(firn_param_i64(cx, p, item->snapshot_id));
	else
		FIRN_TRY(firn_param_null(cx, p));
	FIRN_TRY(firn_param_str(cx, p, firn_str(event_kind(cx, item, operation))));
	FIRN_TRY(firn_param_str(cx, p, item->seen.place.warehouse_name));
	FIRN_TRY(firn_param_str(cx, p, item->seen.place.namespace_path));
	FIRN_TRY(firn_param_str(cx, p, detail));
	return firn_param_str(cx, p, item->uuid);
}

/* Two tables of one warehouse can't have one uuid; that is no race, and no retry helps. */
static firn_rc check_uuid(struct firn_ctx *cx, const struct firn_item *item)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &p, item->seen.place.warehouse_id));
	FIRN_TRY(firn_param_str(cx, &p, item->uuid));
	FIRN_TRY(firn_param_i64(cx, &p, item->id));
	FIRN_TRY(firn_db_query(cx, &uuid_sql, &p, &rows));
	if (firn_row_bool(rows, 0, 0))
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "UUID %.*s belongs to another table or view of the warehouse: "
				 "drop that first",
				 FIRN_FMT(item->uuid));
	return FIRN_OK;
}

static firn_rc create(struct firn_ctx *cx, struct firn_tx *tx, const char *operation,
		      struct firn_item *item)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &p, item->id));
	FIRN_TRY(firn_param_i64(cx, &p, item->seen.place.warehouse_id));
	FIRN_TRY(firn_param_i64(cx, &p, item->seen.place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, item->target->name));
	FIRN_TRY(param_version(cx, tx, operation, item, &p));
	FIRN_TRY(firn_param_str(cx, &p, firn_str(firn_kind_word(item->kind))));
	FIRN_TRY(firn_param_str(cx, &p, firn_place_key(cx, &item->place)));
	FIRN_TRY(firn_db_query(cx, &create_sql, &p, &rows));
	if (firn_row_i64(rows, 0, 0) != 1) {
		FIRN_TRY(check_uuid(cx, item));
		return fail_lost(cx);
	}
	if (firn_row_i64(rows, 0, 1) != 1)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "Location '%.*s' was reserved for too long and is not ours any "
				 "more: try again",
				 FIRN_FMT(item->location));
	item->version = 1;
	tx->events++;
	return FIRN_OK;
}

static firn_rc param_seen(struct firn_ctx *cx, const struct firn_item *item, struct firn_params *p)
{
	FIRN_TRY(firn_param_i64(cx, p, item->seen.id));
	FIRN_TRY(firn_param_i64(cx, p, item->seen.version));
	FIRN_TRY(firn_param_i64(cx, p, item->seen.place.namespace_id));
	return firn_param_str(cx, p, item->target->name);
}

static firn_rc move(struct firn_ctx *cx, const struct firn_item *item)
{
	struct firn_place_claim claim = {
		.place = item->place,
		.warehouse_id = item->seen.place.warehouse_id,
		.tabular_id = item->id,
		.uuid = item->uuid,
	};

	if (firn_place_move(cx, &claim) == FIRN_E_CONFLICT)
		cx->err.code =
			FIRN_E_VALIDATION; /* a client would take 409 for a reason to try again */
	return cx->err.code;
}

static firn_rc swap(struct firn_ctx *cx, struct firn_tx *tx, const char *operation,
		    struct firn_item *item)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	if (item->moves)
		FIRN_TRY(check_uuid(cx, item));
	FIRN_TRY(param_seen(cx, item, &p));
	FIRN_TRY(param_version(cx, tx, operation, item, &p));
	FIRN_TRY(firn_db_query(cx, &swap_sql, &p, &rows));
	if (firn_rows_count(rows) != 1)
		return fail_lost(cx);
	item->version = firn_row_i64(rows, 0, 0);
	tx->events++;
	return item->moves ? move(cx, item) : FIRN_OK;
}

static firn_rc hold(struct firn_ctx *cx, const struct firn_item *item)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(param_seen(cx, item, &p));
	FIRN_TRY(firn_db_query(cx, &hold_sql, &p, &rows));
	return firn_rows_count(rows) == 1 ? FIRN_OK : fail_lost(cx);
}

firn_rc firn_work_swap(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_tx *tx,
		       struct firn_work *work)
{
	struct firn_item **made, **known;
	size_t n_made, n_known;

	FIRN_TRY(pick(cx, work, false, &made, &n_made));
	FIRN_TRY(pick(cx, work, true, &known, &n_known));
	FIRN_TRY(lock_namespaces(cx, made, n_made));
	FIRN_TRY(lock_places(cx, work));
	FIRN_TRY(check_given(cx, catalog, work));
	for (size_t i = 0; i < n_made; i++)
		FIRN_TRY(create(cx, tx, work->operation, made[i]));
	for (size_t i = 0; i < n_known; i++) {
		if (known[i]->changed)
			FIRN_TRY(swap(cx, tx, work->operation, known[i]));
		else
			FIRN_TRY(hold(cx, known[i]));
	}
	return FIRN_OK;
}

static firn_rc number(struct firn_ctx *cx, struct firn_str *text, int64_t value)
{
	*text = firn_printf(cx, "%lld", (long long)value);
	return text->p ? FIRN_OK : cx->err.code;
}

firn_rc firn_work_still(struct firn_ctx *cx, const struct firn_work *work, bool *ret_still)
{
	struct firn_strs columns[4];
	struct firn_params p = {0};
	const struct firn_rows *rows;
	size_t n = 0;

	for (size_t c = 0; c < 4; c++) {
		columns[c] =
			(struct firn_strs){firn_calloc(cx, work->n, sizeof(struct firn_str)), 0};
		if (!columns[c].items)
			return cx->err.code;
	}
	for (size_t i = 0; i < work->n; i++) {
		const struct firn_tabular *seen = &work->items[i].seen;

		if (!seen->exists)
			continue;
		FIRN_TRY(number(cx, &columns[0].items[n], seen->id));
		FIRN_TRY(number(cx, &columns[1].items[n], seen->version));
		FIRN_TRY(number(cx, &columns[2].items[n], seen->place.namespace_id));
		columns[3].items[n++] = work->items[i].target->name;
	}
	for (size_t c = 0; c < 4; c++) {
		columns[c].n = n;
		FIRN_TRY(firn_param_strs(cx, &p, &columns[c]));
	}
	FIRN_TRY(firn_db_query(cx, &still_sql, &p, &rows));
	*ret_still = firn_row_i64(rows, 0, 0) == (int64_t)n;
	return FIRN_OK;
}
