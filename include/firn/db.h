/*
 * PostgreSQL; the only door to libpq. Statements are static rows beside their only user, prepared
 * lazily once per connection. Two kinds of connection: firn_db blocks and belongs to one lane;
 * firn_pipe never blocks, belongs to one event loop and keeps many read-only queries in flight.
 *
 * Codes: DB_CONFLICT for SQLSTATE 40001, 40P01, 23505, 23503, 55P03 (cx->err.sqlstate says which);
 * DB_BROKEN when the connection is gone, refused or out of time; UNAVAILABLE for 53xxx and 57Pxx on
 * connect; INTERNAL for the rest. The server's own text goes to the notes, never to a client.
 */
#ifndef FIRN_DB_H
#define FIRN_DB_H

#include "firn/json.h"
#include "firn/uuid.h"

/* Checked against the migrated schema by tests/db: types as PostgreSQL names them, comma-separated.
 */
struct firn_sql {
	const char *name;    /* unique: "table_pointer" */
	const char *text;    /* one statement, $1… */
	const char *params;  /* "text,text,bigint" */
	const char *results; /* "bigint,uuid,text"; "" for none */
};

#define FIRN_PARAMS_MAX 24
struct firn_params {
	unsigned n;
	const char *values[FIRN_PARAMS_MAX]; /* text format, NUL-terminated; bytea as \x… hex */
};
/* Each appends one parameter, copied into the arena. */
firn_rc firn_param_str(struct firn_ctx *cx, struct firn_params *p,
		       struct firn_str value) FIRN_MUST; /* .p NULL = SQL null */
firn_rc firn_param_i64(struct firn_ctx *cx, struct firn_params *p, int64_t value) FIRN_MUST;
firn_rc firn_param_bool(struct firn_ctx *cx, struct firn_params *p, bool value) FIRN_MUST;
firn_rc firn_param_uuid(struct firn_ctx *cx, struct firn_params *p,
			const struct firn_uuid *value) FIRN_MUST; /* NULL = SQL null */
firn_rc firn_param_bytes(struct firn_ctx *cx, struct firn_params *p, const void *bytes,
			 size_t n) FIRN_MUST;
firn_rc firn_param_strs(struct firn_ctx *cx, struct firn_params *p,
			const struct firn_strs *values) FIRN_MUST; /* text[] */
firn_rc firn_param_null(struct firn_ctx *cx, struct firn_params *p) FIRN_MUST;

/* A question that can be asked on either kind of connection. */
struct firn_ask {
	const struct firn_sql *sql;
	struct firn_params params;
};

/* Result rows; live as long as the arena of the ctx that asked. */
struct firn_rows;
size_t firn_rows_count(const struct firn_rows *rows);
bool firn_row_null(const struct firn_rows *rows, size_t row, unsigned column);
struct firn_str firn_row_str(const struct firn_rows *rows, size_t row,
			     unsigned column);					 /* NONE for null */
int64_t firn_row_i64(const struct firn_rows *rows, size_t row, unsigned column); /* 0 for null */
bool firn_row_bool(const struct firn_rows *rows, size_t row, unsigned column);
struct firn_uuid firn_row_uuid(const struct firn_rows *rows, size_t row, unsigned column);
/* bytea of exactly n bytes; INTERNAL otherwise. */
firn_rc firn_row_bytes(struct firn_ctx *cx, const struct firn_rows *rows, size_t row,
		       unsigned column, void *out, size_t n) FIRN_MUST;
/* text[] */
firn_rc firn_row_strs(struct firn_ctx *cx, const struct firn_rows *rows, size_t row,
		      unsigned column, struct firn_strs *ret_values) FIRN_MUST;

/*
 * Blocking connection. Opened lazily and re-opened after a loss, outside a transaction only; a loss
 * inside one is DB_BROKEN. Statements outside a transaction that are marked read-only by beginning
 * with "select" are tried once more on a fresh connection. Waits end at the ctx deadline (the query
 * is cancelled, DB_BROKEN).
 */
struct firn_db;
struct firn_db *firn_db_new(const char *conninfo); /* NULL without memory; doesn't connect */
void firn_db_free(struct firn_db *db);
firn_rc firn_db_connect(struct firn_ctx *cx,
			struct firn_db *db) FIRN_MUST; /* now, for start-up checks */

/* All work on cx->db. */
firn_rc firn_db_query(struct firn_ctx *cx, const struct firn_sql *sql,
		      const struct firn_params *params,
		      const struct firn_rows **ret_rows) FIRN_MUST;
/* For statements without result rows; ret_affected may be NULL. */
firn_rc firn_db_run(struct firn_ctx *cx, const struct firn_sql *sql,
		    const struct firn_params *params, int64_t *ret_affected) FIRN_MUST;
/* Several statements without parameters, unprepared: migrations only. */
firn_rc firn_db_script(struct firn_ctx *cx, const char *sql) FIRN_MUST;

/* READ COMMITTED. */
firn_rc firn_db_begin(struct firn_ctx *cx) FIRN_MUST;
void firn_db_rollback(
	struct firn_ctx *cx); /* keeps cx->err as it is; does nothing outside a transaction */
enum firn_ending {
	FIRN_COMMITTED,
	FIRN_NOT_COMMITTED, /* COMMIT never sent, or answered with an error or the tag ROLLBACK */
	FIRN_UNKNOWN	    /* sent, and no definite answer */
};
/* Never retried. On the last two cx->err is set (DB_CONFLICT, DB_BROKEN, INTERNAL). */
enum firn_ending firn_db_commit(struct firn_ctx *cx) FIRN_MUST;
bool firn_db_in_transaction(const struct firn_ctx *cx);
/* Changes when the connection is a new one (session locks are gone then); 0 while there is none. */
uint64_t firn_db_session(const struct firn_ctx *cx);
/* NOTIFY listeners: waits until something arrives on a channel LISTENed to, or timeout. */
firn_rc firn_db_listen(struct firn_ctx *cx, const char *channel) FIRN_MUST;
firn_rc firn_db_wait(struct firn_ctx *cx, int timeout_ms, bool *ret_notified) FIRN_MUST;

/*
 * Pipelined connection of one event loop. Calls happen on the loop's thread only. Reads only: after
 * an error or a loss, whatever was in flight is sent again on its own within its deadline.
 */
struct firn_pipe;
struct firn_pipe_job {
	struct firn_ctx *cx; /* the asker's: arena of the rows, deadline, error */
	const struct firn_ask *ask;
	/* Called once, from firn_pipe_turn: rows is NULL when rc isn't FIRN_OK (cx->err is set). */
	void (*done)(struct firn_pipe_job *job, firn_rc rc, const struct firn_rows *rows);
	struct firn_pipe_job *next; /* the pipe's own */
	int64_t sent_ns;	    /* the pipe's own */
	unsigned tries;		    /* the pipe's own */
};
struct firn_pipe *firn_pipe_new(const char *conninfo, const struct firn_clock *clock);
void firn_pipe_free(struct firn_pipe *pipe); /* no job may be in flight */
void firn_pipe_ask(struct firn_pipe *pipe, struct firn_pipe_job *job);
/* Descriptor to watch (the same one for the pipe's whole life) and for what (EPOLLIN). */
int firn_pipe_fd(const struct firn_pipe *pipe);
uint32_t firn_pipe_events(const struct firn_pipe *pipe);
/* Reads what came when its descriptor is ready, calls done, sends what waits with one sync and
 * flush, reconnects, times out. Returns milliseconds until it wants another turn at the latest, -1
 * for never. */
int firn_pipe_turn(struct firn_pipe *pipe, bool ready);
size_t firn_pipe_in_flight(const struct firn_pipe *pipe);

/* Migrations. */
struct firn_schema_state {
	int64_t version, known; /* applied; newest that this binary knows */
};
/* Newest migration in this binary. */
int64_t firn_schema_known(void);
firn_rc firn_schema_state(struct firn_ctx *cx, struct firn_schema_state *ret_state) FIRN_MUST;
/* Applies what is missing, each in its own transaction, under an advisory lock; safe with many
 * replicas at once. CONFLICT when the schema is newer than this binary. ret_applied may be NULL. */
firn_rc firn_schema_migrate(struct firn_ctx *cx, int *ret_applied) FIRN_MUST;
/* Server facts for doctor: version number (150020), one text value of a setting. */
firn_rc firn_db_setting(struct firn_ctx *cx, const char *name,
			struct firn_str *ret_value) FIRN_MUST;

#endif
