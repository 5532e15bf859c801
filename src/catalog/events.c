/*
 * The outbox after commit: numbering, reading, and the removal of what is past its time.
 *
 * Row ids are taken inside writers' transactions and so become visible out of order. One replica at
 * a time gives numbers to what is visible; readers follow numbers and miss nothing. A table's
 * events are written while its row is locked, so that among them the order of ids is that of
 * versions, and a version is never visible before the one it follows.
 */
#include "firn/arena.h"
#include "internal.h"

#define BATCH 1000
#define TIDY_BATCH 2000
#define TIDY_ROUNDS 500

static const struct firn_sql lock_sql = {
	.name = "events_number_lock",
	.text = "select pg_try_advisory_xact_lock(1718186606, 2)",
	.params = "",
	.results = "boolean",
};
/* Numbers are drawn row by row from the ordered rows beneath. */
static const struct firn_sql number_sql = {
	.name = "events_number",
	.text = "with fresh as (select id from event where number is null order by id limit $1),"
		" numbered as (select f.id, nextval('event_number') as number from (select id from "
		"fresh order by id) f),"
		" done as (update event e set number = n.number from numbered n where e.id = n.id "
		"returning e.number)"
		" select count(*), max(number) from done",
	.params = "bigint",
	.results = "bigint,bigint",
};
static const struct firn_sql notify_sql = {
	.name = "events_notify",
	.text = "select pg_notify('firn_events', $1)",
	.params = "text",
	.results = "void",
};
static const struct firn_sql head_sql = {
	.name = "events_head",
	.text = "select coalesce(max(number), 0) from event",
	.params = "",
	.results = "bigint",
};
/* The head comes from the same snapshot, so that a reader of one warehouse can skip the others'
 * events. */
static const struct firn_sql read_sql = {
	.name = "events_read",
	.text = "select coalesce((select max(number) from event), 0), $2::text is null or w.id is "
		"not null,"
		" e.number, e.kind, to_char(e.at at time zone 'UTC', "
		"'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), e.commit_id,"
		" e.warehouse_name, e.namespace_path, e.name, e.version, e.principal, "
		"e.request_id, e.detail"
		" from (select 1) one"
		" left join warehouse w on w.name = $2 or w.uuid = $3"
		" left join lateral (select v.* from event v where v.number > $1"
		" and ($2::text is null or v.warehouse_id = w.id) order by v.number limit $4) e on "
		"true"
		" order by e.number",
	.params = "bigint,text,uuid,bigint",
	.results = "bigint,boolean,bigint,text,text,uuid,text,text,text,bigint,text,text,jsonb",
};

/* ---- numbering ---- */

static firn_rc number_batch(struct firn_ctx *cx, int64_t *ret_numbered)
{
	struct firn_params params = {0}, notice = {0};
	const struct firn_rows *rows;

	*ret_numbered = 0;
	FIRN_TRY(firn_db_query(cx, &lock_sql, NULL, &rows));
	if (!firn_row_bool(rows, 0, 0))
		return FIRN_OK;
	FIRN_TRY(firn_param_i64(cx, &params, BATCH));
	FIRN_TRY(firn_db_query(cx, &number_sql, &params, &rows));
	*ret_numbered = firn_row_i64(rows, 0, 0);
	if (*ret_numbered == 0)
		return FIRN_OK;
	FIRN_TRY(firn_param_str(cx, &notice, firn_row_str(rows, 0, 1)));
	return firn_db_query(cx, &notify_sql, &notice, &rows);
}

firn_rc firn_events_number(struct firn_ctx *cx, int64_t *ret_numbered)
{
	int64_t numbered;

	FIRN_TRY(firn_db_begin(cx));
	if (number_batch(cx, &numbered) != FIRN_OK || numbered == 0) {
		firn_db_rollback(cx);
		FIRN_TRY(cx->err.code);
	} else if (firn_db_commit(cx) != FIRN_COMMITTED) {
		return cx->err.code;
	}
	*ret_numbered = numbered;
	return FIRN_OK;
}

firn_rc firn_events_head(struct firn_ctx *cx, int64_t *ret_number)
{
	const struct firn_rows *rows;

	FIRN_TRY(firn_db_query(cx, &head_sql, NULL, &rows));
	*ret_number = firn_row_i64(rows, 0, 0);
	return FIRN_OK;
}

/* ---- reading ---- */

static void member(struct firn_jw *out, const char *key, struct firn_str value)
{
	firn_jw_key(out, key);
	firn_jw_str(out, value);
}

static firn_rc write_event(struct firn_ctx *cx, struct firn_jw *out, const struct firn_rows *rows,
			   size_t row)
{
	struct firn_strs levels;

	firn_jw_begin(out, '{');
	firn_jw_key(out, "number");
	firn_jw_i64_str(out, firn_row_i64(rows, row, 2));
	member(out, "kind", firn_row_str(rows, row, 3));
	member(out, "at", firn_row_str(rows, row, 4));
	member(out, "commit-id", firn_row_str(rows, row, 5));
	if (!firn_row_null(rows, row, 6))
		member(out, "warehouse", firn_row_str(rows, row, 6));
	if (!firn_row_null(rows, row, 7)) {
		FIRN_TRY(firn_path_levels(cx, firn_row_str(rows, row, 7), &levels));
		firn_jw_key(out, "namespace");
		firn_jw_strs(out, &levels);
	}
	if (!firn_row_null(rows, row, 8))
		member(out, "name", firn_row_str(rows, row, 8));
	if (!firn_row_null(rows, row, 9)) {
		firn_jw_key(out, "version");
		firn_jw_i64_str(out, firn_row_i64(rows, row, 9));
	}
	member(out, "principal", firn_row_str(rows, row, 10));
	member(out, "request-id", firn_row_str(rows, row, 11));
	firn_jw_key(out, "detail");
	firn_jw_raw(out, firn_row_str(rows, row, 12));
	firn_jw_end(out, '}');
	return FIRN_OK;
}

static firn_rc ask_events(struct firn_ctx *cx, struct firn_str warehouse, int64_t after,
			  int64_t limit, const struct firn_rows **ret_rows)
{
	struct firn_params p = {0};

	if (after < 0 || limit < 1)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"events: 'after' can't be negative, and 'limit' must be at least 1");
	FIRN_TRY(firn_param_i64(cx, &p, after));
	if (warehouse.n > 0) {
		FIRN_TRY(firn_param_prefix(cx, &p, warehouse));
	} else {
		FIRN_TRY(firn_param_null(cx, &p));
		FIRN_TRY(firn_param_null(cx, &p));
	}
	FIRN_TRY(firn_param_i64(cx, &p, limit));
	FIRN_TRY(firn_db_query(cx, &read_sql, &p, ret_rows));
	return firn_row_bool(*ret_rows, 0, 1) ? FIRN_OK : firn_fail_warehouse(cx, warehouse);
}

firn_rc firn_events_read(struct firn_ctx *cx, struct firn_catalog *catalog,
			 struct firn_str warehouse, int64_t after, int64_t limit,
			 struct firn_jw *out, int64_t *ret_last)
{
	const struct firn_rows *rows;
	int64_t last;
	size_t n;

	(void)catalog;
	FIRN_TRY(ask_events(cx, warehouse, after, limit, &rows));
	n = firn_row_null(rows, 0, 2) ? 0 : firn_rows_count(rows);
	firn_jw_begin(out, '[');
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(write_event(cx, out, rows, i));
	firn_jw_end(out, ']');
	last = n == (size_t)limit ? firn_row_i64(rows, n - 1, 2) : firn_row_i64(rows, 0, 0);
	*ret_last = last > after ? last : after;
	return FIRN_OK;
}

/* ---- tidying ---- */

/* Each removes at most $1 rows; what another replica is removing is left to it. */
static const struct firn_sql tidy_sql[] = {
	{"tidy_idempotency",
	 "delete from idempotency where ctid = any(array(select ctid from idempotency where "
	 "expires_at < now()"
	 " limit $1 for update skip locked))",
	 "bigint", ""},
	{"tidy_locations",
	 "delete from location where ctid = any(array(select ctid from location where "
	 "reserved_until < now()"
	 " limit $1 for update skip locked))",
	 "bigint", ""},
	{"tidy_dropped",
	 "with gone as (delete from dropped where ctid = any(array(select ctid from dropped"
	 " where restorable_until < now() limit $1 for update skip locked)) returning id)"
	 " delete from commit_log c using gone g where c.tabular_id = g.id"
	 " and not exists (select from tabular t where t.id = g.id)",
	 "bigint", ""},
	{"tidy_events",
	 "delete from event where ctid = any(array(select ctid from event where number is not null"
	 " and at < now() - interval '14 days' limit $1 for update skip locked))",
	 "bigint", ""},
	{"tidy_membership",
	 "delete from membership_change where ctid = any(array(select ctid from membership_change"
	 " where at < now() - interval '1 hour' limit $1 for update skip locked))",
	 "bigint", ""},
	{"tidy_reports",
	 "delete from metrics_report where ctid = any(array(select ctid from metrics_report"
	 " where received_at < now() - interval '30 days' limit $1 for update skip locked))",
	 "bigint", ""},
};

static firn_rc tidy_one(struct firn_ctx *cx, const struct firn_sql *sql)
{
	struct firn_params params = {0};
	int64_t removed;

	FIRN_TRY(firn_param_i64(cx, &params, TIDY_BATCH));
	for (int round = 0; round < TIDY_ROUNDS; round++) {
		FIRN_TRY(firn_db_run(cx, sql, &params, &removed));
		if (removed == 0)
			break;
	}
	return FIRN_OK;
}

firn_rc firn_catalog_tidy(struct firn_ctx *cx, struct firn_catalog *catalog)
{
	(void)catalog;
	for (size_t i = 0; i < sizeof(tidy_sql) / sizeof(tidy_sql[0]); i++)
		FIRN_TRY(tidy_one(cx, &tidy_sql[i]));
	return FIRN_OK;
}
