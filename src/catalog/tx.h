/*
 * The one shape of a mutation's transaction. Lock order, always: idempotency key (claimed before,
 * on the lane's session) → commit id → namespaces by id → locations → tabulars by id → outbox.
 *
 * Each transaction takes an advisory lock on its own commit id first and writes at least one event
 * row that carries it. When the reply to COMMIT is lost, a new connection takes the same lock
 * (which waits until the old backend has ended) and looks for the event: found = committed, absent
 * = surely not.
 */
#ifndef FIRN_CATALOG_TX_H
#define FIRN_CATALOG_TX_H

#include "firn/catalog.h"
#include "firn/db.h"

struct firn_tx {
	struct firn_uuid commit_id; /* v7 */
	const struct firn_mutation *mutation;
	unsigned events; /* written so far; commit refuses (INTERNAL) when none */
};
firn_rc firn_tx_begin(struct firn_ctx *cx, const struct firn_mutation *mutation,
		      struct firn_tx *tx) FIRN_MUST;
/*
 * Records the outcome under the idempotency key, if any, and commits. FIRN_OK: committed (also when
 * only the resolution showed it). COMMIT_UNKNOWN: nobody can say; keep every file. Any other code:
 * surely not committed; the transaction is over, what was written outside may be removed.
 */
firn_rc firn_tx_commit(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_tx *tx,
		       const struct firn_outcome *outcome) FIRN_MUST;
/* Rolls back; keeps cx->err. */
void firn_tx_cancel(struct firn_ctx *cx, struct firn_tx *tx);
/*
 * A whole mutation whose body is only statements: begin, body, commit. Tried again when the body
 * met DB_CONFLICT (deadlock, a row that appeared meanwhile); UNAVAILABLE when that keeps happening.
 * The body may run more than once, and fills what firn_tx_commit is to record.
 */
typedef firn_rc firn_tx_body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
			     struct firn_outcome *ret_outcome);
firn_rc firn_tx_run(struct firn_ctx *cx, struct firn_catalog *catalog,
		    const struct firn_mutation *mutation, firn_tx_body *body, void *arg,
		    struct firn_outcome *ret_outcome) FIRN_MUST;

/* One row of the outbox. */
struct firn_event {
	const char *kind;     /* "table.created", "table.committed", "namespace.dropped", … */
	int64_t warehouse_id; /* 0 = none */
	struct firn_str warehouse_name, namespace_path, name; /* NONE where it doesn't apply */
	int64_t tabular_id, version;			      /* 0 = none */
	struct firn_str detail;				      /* JSON object; NONE = {} */
};
firn_rc firn_event_add(struct firn_ctx *cx, struct firn_tx *tx,
		       const struct firn_event *event) FIRN_MUST;

#endif
