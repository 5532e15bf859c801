/*
 * The blocking connection of a lane. Owns connecting, preparing, asking and the deadline of each;
 * refuses to go on with a transaction whose connection is gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "internal.h"

/* A lane that vanishes without a word must not hold its locks for ever. */
#define LANE_SETTINGS "-c idle_in_transaction_session_timeout=60000"
#define CONNECT_MS 10000

struct firn_db *firn_db_new(const char *conninfo)
{
	struct firn_db *db = calloc(1, sizeof(*db));

	if (!db)
		return NULL;
	db->conninfo = strdup(conninfo);
	if (!db->conninfo) {
		free(db);
		return NULL;
	}
	return db;
}

void firn_db_close(struct firn_db *db)
{
	if (!db->conn)
		return;
	snprintf(db->lost, sizeof(db->lost), "%s", PQerrorMessage(db->conn));
	PQfinish(db->conn);
	db->conn = NULL;
	db->stale = false;
	firn_statements_clear(&db->statements);
}

void firn_db_free(struct firn_db *db)
{
	if (!db)
		return;
	firn_db_close(db);
	for (unsigned i = 0; i < db->n_channels; i++)
		free(db->channels[i]);
	free(db->conninfo);
	free(db);
}

enum firn_pg_end firn_db_poll(PGconn *conn, short events, int timeout_ms)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = events};
	int n;

	if (fd.fd < 0)
		return FIRN_PG_LOST;
	n = poll(&fd, 1, timeout_ms);
	if (n > 0 || (n < 0 && errno == EINTR))
		return FIRN_PG_ANSWERED;
	return n == 0 ? FIRN_PG_LATE : FIRN_PG_LOST;
}

bool firn_db_alive(struct firn_db *db)
{
	if (!db->conn || (db->stale && !db->in_transaction))
		return false;
	while (firn_db_poll(db->conn, POLLIN, 0) == FIRN_PG_ANSWERED) {
		/* PQisBusy only to have it look at what was read. */
		if (!PQconsumeInput(db->conn) || PQisBusy(db->conn) || db->doomed)
			return false;
	}
	return PQstatus(db->conn) == CONNECTION_OK;
}

/* Drives PQconnectPoll until it is done; ANSWERED, LATE or LOST. */
static enum firn_pg_end await_connection(struct firn_ctx *cx, PGconn *conn)
{
	int64_t give_up = firn_monotonic_ns(cx) + CONNECT_MS * FIRN_NS_PER_MS;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	if (PQstatus(conn) == CONNECTION_BAD)
		return FIRN_PG_LOST;
	while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
		int64_t left = (give_up - firn_monotonic_ns(cx)) / FIRN_NS_PER_MS;
		int deadline = firn_deadline_ms(cx);
		enum firn_pg_end end;

		if (left <= 0 || deadline == 0)
			return FIRN_PG_LATE;
		end = firn_db_poll(conn, want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
				   left < deadline ? (int)left : deadline);
		if (end == FIRN_PG_LOST)
			return end;
		if (end == FIRN_PG_ANSWERED)
			want = PQconnectPoll(conn);
	}
	return want == PGRES_POLLING_OK ? FIRN_PG_ANSWERED : FIRN_PG_LOST;
}

static firn_rc relisten(struct firn_ctx *cx, struct firn_db *db)
{
	for (unsigned i = 0; i < db->n_channels; i++)
		FIRN_TRY(firn_db_command(cx, db, db->channels[i]));
	db->relistened = db->n_channels > 0;
	return FIRN_OK;
}

static firn_rc open_connection(struct firn_ctx *cx, struct firn_db *db)
{
	enum firn_pg_end end;

	db->conn = firn_pg_start(db->conninfo, LANE_SETTINGS);
	if (!db->conn)
		return firn_fail(cx, FIRN_E_INTERNAL, "no memory for a database connection");
	end = await_connection(cx, db->conn);
	if (end == FIRN_PG_ANSWERED && firn_pg_settle(db->conn, &db->doomed)) {
		db->session++;
		return relisten(cx, db);
	}
	if (end == FIRN_PG_LATE)
		firn_pg_fail_late(cx, "connect");
	else
		firn_pg_fail_connect(cx, PQerrorMessage(db->conn));
	firn_db_close(db);
	return cx->err.code;
}

firn_rc firn_db_ready(struct firn_ctx *cx, struct firn_db **ret_db)
{
	struct firn_db *db = cx->db;

	if (!db)
		return firn_fail(cx, FIRN_E_NEEDS_LANE,
				 "this work needs a database connection of its own");
	if (db->in_transaction) {
		if (!db->conn)
			return firn_pg_fail_lost(cx, "in a transaction", db->lost);
	} else if (!firn_db_alive(db)) {
		firn_db_close(db);
		FIRN_TRY(open_connection(cx, db));
	}
	*ret_db = db;
	return FIRN_OK;
}

firn_rc firn_db_connect(struct firn_ctx *cx, struct firn_db *db)
{
	return firn_db_alive(db) ? FIRN_OK : (firn_db_close(db), open_connection(cx, db));
}

bool firn_db_in_transaction(const struct firn_ctx *cx)
{
	return cx->db && cx->db->in_transaction;
}

uint64_t firn_db_session(const struct firn_ctx *cx)
{
	return cx->db && cx->db->conn ? cx->db->session : 0;
}

static enum firn_pg_end flush(struct firn_ctx *cx, PGconn *conn)
{
	int pending;

	while ((pending = PQflush(conn)) == 1) {
		enum firn_pg_end end = firn_db_poll(conn, POLLIN | POLLOUT, firn_deadline_ms(cx));

		if (end != FIRN_PG_ANSWERED)
			return end;
		if (!PQconsumeInput(conn))
			return FIRN_PG_LOST;
	}
	return pending == 0 ? FIRN_PG_ANSWERED : FIRN_PG_LOST;
}

/* Reads until PQgetResult would not block. */
static enum firn_pg_end fill(struct firn_ctx *cx, PGconn *conn)
{
	while (PQisBusy(conn)) {
		enum firn_pg_end end = firn_db_poll(conn, POLLIN, firn_deadline_ms(cx));

		if (end != FIRN_PG_ANSWERED)
			return end;
		if (!PQconsumeInput(conn))
			return FIRN_PG_LOST;
	}
	return FIRN_PG_ANSWERED;
}

/* All results of what was sent: the first error, else the last. */
static struct firn_pg_answer collect(struct firn_ctx *cx, PGconn *conn)
{
	struct firn_pg_answer kept = {flush(cx, conn), NULL};
	PGresult *result;

	while (kept.end != FIRN_PG_LOST && kept.end != FIRN_PG_LATE) {
		enum firn_pg_end end = fill(cx, conn);

		if (end != FIRN_PG_ANSWERED) {
			kept.end = end;
			break;
		}
		result = PQgetResult(conn);
		if (!result)
			break;
		if (kept.end == FIRN_PG_ANSWERED) {
			PQclear(kept.result);
			kept = (struct firn_pg_answer){firn_pg_judge(result), result};
		} else {
			PQclear(result);
		}
	}
	if (PQstatus(conn) != CONNECTION_OK || (kept.end == FIRN_PG_ANSWERED && !kept.result))
		kept.end = kept.end == FIRN_PG_LATE ? FIRN_PG_LATE : FIRN_PG_LOST;
	return kept;
}

static void cancel(PGconn *conn)
{
	PGcancel *handle = PQgetCancel(conn);
	char text[256];

	if (handle)
		PQcancel(handle, text, sizeof(text));
	PQfreeCancel(handle);
}

/* After sending: waits, and closes the connection when it is of no more use. */
static struct firn_pg_answer answer(struct firn_ctx *cx, struct firn_db *db, int sent,
				    bool may_cancel)
{
	struct firn_pg_answer a = {FIRN_PG_LOST, NULL};
	int64_t start = firn_monotonic_ns(cx);

	if (sent)
		a = collect(cx, db->conn);
	cx->timings.db_ns += firn_monotonic_ns(cx) - start;
	cx->timings.db_calls++;
	if (a.end != FIRN_PG_LOST && a.end != FIRN_PG_LATE)
		return a;
	if (a.end == FIRN_PG_LATE && may_cancel)
		cancel(db->conn);
	PQclear(a.result);
	a.result = NULL;
	firn_db_close(db);
	return a;
}

struct firn_pg_answer firn_db_simple(struct firn_ctx *cx, struct firn_db *db, const char *sql)
{
	/* A cancelled COMMIT could still have happened; there is nothing to gain. */
	return answer(cx, db, PQsendQuery(db->conn, sql), strcmp(sql, "commit") != 0);
}

firn_rc firn_db_command(struct firn_ctx *cx, struct firn_db *db, const char *sql)
{
	struct firn_pg_answer a = firn_db_simple(cx, db, sql);

	if (a.end == FIRN_PG_LOST)
		firn_pg_fail_lost(cx, "script", db->lost);
	else if (a.end == FIRN_PG_LATE)
		firn_pg_fail_late(cx, "script");
	else if (a.end != FIRN_PG_ANSWERED)
		firn_pg_fail(cx, a.result, "script");
	PQclear(a.result);
	return a.end == FIRN_PG_ANSWERED ? FIRN_OK : cx->err.code;
}

firn_rc firn_db_script(struct firn_ctx *cx, const char *sql)
{
	struct firn_db *db;

	FIRN_TRY(firn_db_ready(cx, &db));
	return firn_db_command(cx, db, sql);
}

static struct firn_pg_answer ask_once(struct firn_ctx *cx, struct firn_db *db,
				      const struct firn_sql *sql, const struct firn_params *params)
{
	static const struct firn_params none = {0};
	struct firn_pg_answer a;

	if (!params)
		params = &none;
	if (!firn_statements_has(&db->statements, sql)) {
		a = answer(cx, db, PQsendPrepare(db->conn, sql->name, sql->text, 0, NULL), true);
		if (a.end != FIRN_PG_ANSWERED)
			return a;
		PQclear(a.result);
		firn_statements_add(&db->statements, sql);
	}
	a = answer(cx, db,
		   PQsendQueryPrepared(db->conn, sql->name, (int)params->n, params->values, NULL,
				       NULL, 0),
		   true);
	db->stale = a.end == FIRN_PG_STALE;
	return a;
}

static bool is_read(const struct firn_sql *sql)
{
	return strncasecmp(sql->text, "select", 6) == 0;
}

static firn_rc ask(struct firn_ctx *cx, const struct firn_sql *sql,
		   const struct firn_params *params, PGresult **ret_result)
{
	struct firn_db *db = cx->db;
	struct firn_pg_answer a;

	if (firn_deadline_ms(cx) == 0)
		return firn_pg_fail_late(cx, sql->name);
	FIRN_TRY(firn_db_ready(cx, &db));
	a = ask_once(cx, db, sql, params);
	/* A stale statement was refused before it did anything, so that any may be asked again. */
	if (!db->in_transaction &&
	    (a.end == FIRN_PG_STALE || (a.end == FIRN_PG_LOST && is_read(sql)))) {
		PQclear(a.result);
		FIRN_TRY(firn_db_ready(cx, &db));
		a = ask_once(cx, db, sql, params);
	}
	if (a.end == FIRN_PG_ANSWERED) {
		*ret_result = a.result;
		return FIRN_OK;
	}
	if (a.end == FIRN_PG_LOST)
		firn_pg_fail_lost(cx, sql->name, db->lost);
	else if (a.end == FIRN_PG_LATE)
		firn_pg_fail_late(cx, sql->name);
	else
		firn_pg_fail(cx, a.result, sql->name);
	PQclear(a.result);
	return cx->err.code;
}

firn_rc firn_db_query(struct firn_ctx *cx, const struct firn_sql *sql,
		      const struct firn_params *params, const struct firn_rows **ret_rows)
{
	PGresult *result = NULL;

	FIRN_TRY(ask(cx, sql, params, &result));
	return firn_rows_wrap(cx, result, ret_rows);
}

firn_rc firn_db_run(struct firn_ctx *cx, const struct firn_sql *sql,
		    const struct firn_params *params, int64_t *ret_affected)
{
	PGresult *result = NULL;
	int64_t n = 0;

	FIRN_TRY(ask(cx, sql, params, &result));
	if (ret_affected)
		*ret_affected = firn_str_i64(firn_str(PQcmdTuples(result)), &n) ? n : 0;
	PQclear(result);
	return FIRN_OK;
}

firn_rc firn_db_setting(struct firn_ctx *cx, const char *name, struct firn_str *ret_value)
{
	static const struct firn_sql setting = {"db_setting", "select current_setting($1, true)",
						"text", "text"};
	struct firn_params params = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_str(cx, &params, firn_str(name)));
	FIRN_TRY(firn_db_query(cx, &setting, &params, &rows));
	*ret_value = firn_row_str(rows, 0, 0);
	return FIRN_OK;
}
