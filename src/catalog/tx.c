/*
 * The transaction of a mutation: its commit id, its outbox rows, and what became of it. Refuses to
 * guess: a COMMIT without an answer is looked up, and when even that has no answer it stays
 * unknown.
 */
#include <time.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "internal.h"
#include "tx.h"

#define NS_PER_MS INT64_C(1000000)
/* A deadline that is nearly over must not turn a known ending into an unknown one. */
#define RESOLVE_GRACE_MS 8000
#define RESOLVE_WITHOUT_DEADLINE_MS 30000
#define RESOLVE_PAUSE_MS 40
#define RUN_ATTEMPTS 4
#define DETAIL_BYTES ((size_t)64 * 1024)

static const struct firn_sql lock_sql = {
	.name = "tx_lock",
	.text = "select pg_advisory_xact_lock($1)",
	.params = "bigint",
	.results = "void",
};
static const struct firn_sql seen_sql = {
	.name = "tx_seen",
	.text = "select exists (select from event where commit_id = $1)",
	.params = "uuid",
	.results = "boolean",
};
static const struct firn_sql event_sql = {
	.name = "event_add",
	.text = "insert into event (commit_id, kind, warehouse_id, warehouse_name, namespace_path, "
		"name,"
		" tabular_id, version, principal, request_id, detail)"
		" values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11::jsonb, '{}'))",
	.params = "uuid,text,bigint,text,text,text,bigint,bigint,text,text,jsonb",
	.results = "",
};

/* The random half of the id: the other one is mostly time. */
static int64_t lock_key(const struct firn_uuid *id)
{
	int64_t key;

	memcpy(&key, id->b + 8, sizeof(key));
	return key;
}

static firn_rc lock(struct firn_ctx *cx, const struct firn_uuid *id)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &params, lock_key(id)));
	return firn_db_query(cx, &lock_sql, &params, &rows);
}

firn_rc firn_tx_begin(struct firn_ctx *cx, const struct firn_mutation *mutation, struct firn_tx *tx)
{
	*tx = (struct firn_tx){.commit_id = firn_uuid_v7(firn_wall_ms(cx)), .mutation = mutation};
	FIRN_TRY(firn_db_begin(cx));
	if (lock(cx, &tx->commit_id) != FIRN_OK)
		firn_db_rollback(cx);
	return cx->err.code;
}

void firn_tx_cancel(struct firn_ctx *cx, struct firn_tx *tx)
{
	firn_db_rollback(cx);
	tx->events = 0;
}

static firn_rc param_id(struct firn_ctx *cx, struct firn_params *p, int64_t id)
{
	return id ? firn_param_i64(cx, p, id) : firn_param_null(cx, p);
}

/* Events are read in batches and kept for days: what is too long for one is told by its size. */
static struct firn_str bounded_detail(struct firn_ctx *cx, struct firn_str detail)
{
	if (detail.n <= DETAIL_BYTES)
		return detail;
	return firn_printf(cx, "{\"omitted-bytes\":%zu}", detail.n);
}

firn_rc firn_event_add(struct firn_ctx *cx, struct firn_tx *tx, const struct firn_event *event)
{
	struct firn_params p = {0};

	FIRN_TRY(firn_param_uuid(cx, &p, &tx->commit_id));
	FIRN_TRY(firn_param_str(cx, &p, firn_str(event->kind)));
	FIRN_TRY(param_id(cx, &p, event->warehouse_id));
	FIRN_TRY(firn_param_str(cx, &p, event->warehouse_name));
	FIRN_TRY(firn_param_str(cx, &p, event->namespace_path));
	FIRN_TRY(firn_param_str(cx, &p, event->name));
	FIRN_TRY(param_id(cx, &p, event->tabular_id));
	FIRN_TRY(param_id(cx, &p, event->version));
	FIRN_TRY(firn_param_str(cx, &p, firn_pass_principal(tx->mutation->pass)));
	FIRN_TRY(firn_param_str(cx, &p, firn_str(cx->request_id)));
	FIRN_TRY(firn_param_str(cx, &p, bounded_detail(cx, event->detail)));
	FIRN_TRY(firn_db_run(cx, &event_sql, &p, NULL));
	tx->events++;
	return FIRN_OK;
}

/* The lock is held by the old backend until its transaction has ended and shows. */
static firn_rc look(struct firn_ctx *cx, const struct firn_uuid *id, bool *ret_seen)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(lock(cx, id));
	FIRN_TRY(firn_param_uuid(cx, &params, id));
	FIRN_TRY(firn_db_query(cx, &seen_sql, &params, &rows));
	*ret_seen = firn_row_bool(rows, 0, 0);
	return FIRN_OK;
}

static void pause_ms(int64_t ms)
{
	struct timespec left = {.tv_nsec = (long)(ms * NS_PER_MS)};

	while (nanosleep(&left, &left) != 0)
		;
}

/* cx->err holds why COMMIT had no answer; it is replaced when there is one after all. */
static enum firn_ending resolve(struct firn_ctx *cx, const struct firn_uuid *id)
{
	struct firn_ctx own = *cx;
	int64_t now = firn_monotonic_ns(cx);
	bool seen = false;
	firn_rc rc;

	if (cx->deadline_ns == 0)
		own.deadline_ns = now + RESOLVE_WITHOUT_DEADLINE_MS * NS_PER_MS;
	else
		own.deadline_ns = (cx->deadline_ns > now ? cx->deadline_ns : now) +
				  RESOLVE_GRACE_MS * NS_PER_MS;
	for (;;) {
		firn_err_clear(&own);
		rc = look(&own, id, &seen);
		if (rc == FIRN_OK || firn_deadline_ms(&own) == 0)
			break;
		pause_ms(RESOLVE_PAUSE_MS);
	}
	cx->timings = own.timings;
	if (rc != FIRN_OK) {
		firn_note(cx, "looking the commit up failed too: %s", own.err.notes);
		return FIRN_UNKNOWN;
	}
	return seen ? FIRN_COMMITTED : FIRN_NOT_COMMITTED;
}

static firn_rc end_unknown(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_tx *tx)
{
	struct firn_err why = cx->err;
	char id[FIRN_UUID_TEXT + 1];

	switch (resolve(cx, &tx->commit_id)) {
	case FIRN_COMMITTED:
		firn_err_clear(cx);
		return FIRN_OK;
	case FIRN_NOT_COMMITTED:
		return cx->err.code;
	case FIRN_UNKNOWN:
		break;
	}
	catalog->unknown++;
	firn_uuid_text(&tx->commit_id, id);
	firn_err_clear(cx);
	firn_fail(cx, FIRN_E_COMMIT_UNKNOWN,
		  "The database gave no answer whether the change was recorded: look at the "
		  "current state before"
		  " trying again");
	return firn_note(cx, "commit %s: %s %s", id, why.message, why.notes);
}

firn_rc firn_tx_commit(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_tx *tx,
		       const struct firn_outcome *outcome)
{
	firn_rc rc = FIRN_OK;

	if (tx->events == 0)
		rc = firn_fail(cx, FIRN_E_INTERNAL,
			       "a change was about to be recorded without an event");
	if (rc == FIRN_OK)
		rc = firn_idem_record(cx, tx->mutation->idem, outcome);
	if (rc != FIRN_OK) {
		firn_tx_cancel(cx, tx);
		return rc;
	}
	switch (firn_db_commit(cx)) {
	case FIRN_COMMITTED:
		return FIRN_OK;
	case FIRN_NOT_COMMITTED:
		return cx->err.code;
	case FIRN_UNKNOWN:
		break;
	}
	return end_unknown(cx, catalog, tx);
}

static firn_rc run_once(struct firn_ctx *cx, struct firn_catalog *catalog,
			const struct firn_mutation *mutation, firn_tx_body *body, void *arg,
			struct firn_outcome *outcome)
{
	struct firn_tx tx;

	*outcome = (struct firn_outcome){0};
	FIRN_TRY(firn_tx_begin(cx, mutation, &tx));
	if (body(cx, &tx, arg, outcome) != FIRN_OK) {
		firn_tx_cancel(cx, &tx);
		return cx->err.code;
	}
	return firn_tx_commit(cx, catalog, &tx, outcome);
}

firn_rc firn_tx_run(struct firn_ctx *cx, struct firn_catalog *catalog,
		    const struct firn_mutation *mutation, firn_tx_body *body, void *arg,
		    struct firn_outcome *ret_outcome)
{
	struct firn_outcome outcome;

	for (int attempt = 1; run_once(cx, catalog, mutation, body, arg, &outcome) != FIRN_OK;
	     attempt++) {
		if (cx->err.code != FIRN_E_DB_CONFLICT)
			return cx->err.code;
		if (attempt == RUN_ATTEMPTS) {
			struct firn_err why = cx->err;

			firn_err_clear(cx);
			firn_fail(cx, FIRN_E_UNAVAILABLE,
				  "Others keep changing the same objects: nothing was changed, try "
				  "again");
			return firn_note(cx, "%s %s", why.sqlstate, why.notes);
		}
		firn_err_clear(cx);
	}
	*ret_outcome = outcome;
	return FIRN_OK;
}
