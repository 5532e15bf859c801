/*
 * Transactions and their three endings. Refuses to guess: an ending is "not committed" only when
 * COMMIT was never sent or the server said so.
 */
#include "internal.h"

#define ROLLBACK_MS 5000

firn_rc firn_db_begin(struct firn_ctx *cx)
{
	struct firn_db *db;
	struct firn_pg_answer a;

	if (firn_db_in_transaction(cx))
		return firn_fail(cx, FIRN_E_INTERNAL, "a transaction is open already");
	if (firn_deadline_ms(cx) == 0)
		return firn_pg_fail_late(cx, "begin");
	FIRN_TRY(firn_db_ready(cx, &db));
	a = firn_db_simple(cx, db, "begin isolation level read committed");
	if (a.end == FIRN_PG_LOST) { /* nothing was done in it yet */
		FIRN_TRY(firn_db_ready(cx, &db));
		FIRN_TRY(firn_db_command(cx, db, "begin isolation level read committed"));
	} else if (a.end == FIRN_PG_LATE) {
		return firn_pg_fail_late(cx, "begin");
	} else if (a.end != FIRN_PG_ANSWERED) {
		firn_pg_fail(cx, a.result, "begin");
		PQclear(a.result);
		return cx->err.code;
	}
	PQclear(a.result);
	db->in_transaction = true;
	return FIRN_OK;
}

void firn_db_rollback(struct firn_ctx *cx)
{
	struct firn_db *db = cx->db;
	struct firn_ctx own;
	struct firn_pg_answer a;

	if (!firn_db_in_transaction(cx))
		return;
	db->in_transaction = false;
	if (!db->conn)
		return;
	/* The request's time may be over; locks must go all the same. Closing the connection is the
	 * last resort. */
	own = *cx;
	own.deadline_ns = firn_monotonic_ns(cx) + ROLLBACK_MS * FIRN_NS_PER_MS;
	a = firn_db_simple(&own, db, "rollback");
	cx->timings = own.timings;
	if (a.end != FIRN_PG_ANSWERED)
		firn_db_close(db);
	PQclear(a.result);
}

static enum firn_ending ending_of(struct firn_ctx *cx, struct firn_db *db,
				  const struct firn_pg_answer *a)
{
	switch (a->end) {
	case FIRN_PG_LOST:
		firn_pg_fail_lost(cx, "commit", db->lost);
		return FIRN_UNKNOWN;
	case FIRN_PG_LATE:
		firn_pg_fail_late(cx, "commit");
		return FIRN_UNKNOWN;
	case FIRN_PG_ERROR:
	case FIRN_PG_STALE:
		firn_pg_fail(cx, a->result, "commit");
		return firn_pg_undecided(a->result) ? FIRN_UNKNOWN : FIRN_NOT_COMMITTED;
	case FIRN_PG_ANSWERED:
		break;
	}
	if (strcmp(PQcmdStatus(a->result), "COMMIT") == 0)
		return FIRN_COMMITTED;
	firn_fail(cx, FIRN_E_INTERNAL, "the catalog's database rolled the change back: try again");
	firn_note(cx, "commit answered with %s", PQcmdStatus(a->result));
	return FIRN_NOT_COMMITTED;
}

enum firn_ending firn_db_commit(struct firn_ctx *cx)
{
	struct firn_db *db = cx->db;
	struct firn_pg_answer a;
	enum firn_ending ending;

	if (!firn_db_in_transaction(cx)) {
		firn_fail(cx, FIRN_E_INTERNAL, "there is no transaction to commit");
		return FIRN_NOT_COMMITTED;
	}
	if (firn_deadline_ms(cx) == 0) {
		firn_db_rollback(cx);
		firn_pg_fail_late(cx, "commit, not sent");
		return FIRN_NOT_COMMITTED;
	}
	db->in_transaction = false;
	if (!firn_db_alive(db)) {
		firn_db_close(db);
		firn_pg_fail_lost(cx, "commit, not sent", db->lost);
		return FIRN_NOT_COMMITTED;
	}
	a = firn_db_simple(cx, db, "commit");
	ending = ending_of(cx, db, &a);
	PQclear(a.result);
	return ending;
}
