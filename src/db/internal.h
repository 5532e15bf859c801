/* What the files of db/ share and nobody else sees. */
#ifndef FIRN_DB_INTERNAL_H
#define FIRN_DB_INTERNAL_H

#include <libpq-fe.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/db.h"

#define FIRN_NS_PER_MS INT64_C(1000000)

/* rows.c */
struct firn_rows {
	const PGresult *result;
};
/* Ties result to cx's arena; on failure it is cleared at once. */
firn_rc firn_rows_wrap(struct firn_ctx *cx, PGresult *result,
		       const struct firn_rows **ret_rows) FIRN_MUST;

/* conn.c: the statements prepared on one connection, by address. */
#define FIRN_STATEMENTS_SLOTS 1024 /* tests/db/statements.py keeps the program far below */
struct firn_statements {
	const struct firn_sql *slots[FIRN_STATEMENTS_SLOTS];
	unsigned n;
};
bool firn_statements_has(const struct firn_statements *set, const struct firn_sql *sql);
void firn_statements_add(struct firn_statements *set, const struct firn_sql *sql);
void firn_statements_remove(struct firn_statements *set, const struct firn_sql *sql);
void firn_statements_clear(struct firn_statements *set);
/* Starts a non-blocking connection (host names aside); NULL without memory. settings: "-c
 * name=value …". */
PGconn *firn_pg_start(const char *conninfo, const char *settings);
/* Once connected: writes don't block, notices go to the debug log, and *doomed becomes true when
 * the server says between answers that it is about to close. False when the connection failed. */
bool firn_pg_settle(PGconn *conn, bool *doomed);

/* sqlstate.c: the only place that knows SQLSTATEs. */
enum firn_pg_end {
	FIRN_PG_ANSWERED, /* a result without error */
	FIRN_PG_ERROR,	  /* the server refused; the connection lives */
	FIRN_PG_STALE,	  /* what was prepared no longer fits the schema or is gone: needs a fresh
			     connection */
	FIRN_PG_LOST,	  /* no connection any more */
	FIRN_PG_LATE	  /* out of time */
};
bool firn_pg_is_fatal(const PGresult *result);
/* LOST for FATAL and worse. */
enum firn_pg_end firn_pg_judge(const PGresult *result);
/* Whether an error in answer to COMMIT leaves open what became of the transaction. */
bool firn_pg_undecided(const PGresult *result);
/* Each sets cx's error and returns it. statement: a name for the notes. */
firn_rc firn_pg_fail(struct firn_ctx *cx, const PGresult *result, const char *statement);
firn_rc firn_pg_fail_connect(struct firn_ctx *cx, const char *server_text);
firn_rc firn_pg_fail_lost(struct firn_ctx *cx, const char *statement, const char *server_text);
firn_rc firn_pg_fail_late(struct firn_ctx *cx, const char *statement);

/* db.c */
#define FIRN_CHANNELS_MAX 8
struct firn_db {
	char *conninfo;
	PGconn *conn; /* NULL when closed */
	struct firn_statements statements;
	bool in_transaction; /* begun and not ended by the caller, even when the connection is lost
			      */
	uint64_t session;    /* grows with every connection */
	char *channels[FIRN_CHANNELS_MAX];
	unsigned n_channels;
	bool stale;	 /* to be closed once no transaction is open */
	bool doomed;	 /* the server is about to close it */
	bool relistened; /* since the last firn_db_wait: something may have been missed */
	char lost[256];	 /* the server's last words */
};
struct firn_pg_answer {
	enum firn_pg_end end;
	PGresult *result; /* for ANSWERED, ERROR and STALE; the caller's to clear */
};
/* cx->db with a living connection, or the transaction's own; NEEDS_LANE without db. */
firn_rc firn_db_ready(struct firn_ctx *cx, struct firn_db **ret_db) FIRN_MUST;
/* Whether the connection still stands, as far as can be seen without waiting. */
bool firn_db_alive(struct firn_db *db);
void firn_db_close(struct firn_db *db);
/* Sends statements without parameters and waits; LOST and LATE have closed the connection. */
struct firn_pg_answer firn_db_simple(struct firn_ctx *cx, struct firn_db *db, const char *sql);
/* As firn_db_simple, turning all but ANSWERED into cx's error. */
firn_rc firn_db_command(struct firn_ctx *cx, struct firn_db *db, const char *sql) FIRN_MUST;
/* Waits for events (POLLIN, POLLOUT) on the socket: ANSWERED, LATE or LOST. */
enum firn_pg_end firn_db_poll(PGconn *conn, short events, int timeout_ms);

#endif
