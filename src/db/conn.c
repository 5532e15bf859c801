/*
 * What both kinds of connection share: how one is started, and which statements it has prepared.
 * Refuses nothing by itself; waiting is its callers' business.
 */
#include <stdio.h>
#include <stdlib.h>

#include "firn/log.h"
#include "internal.h"

/* Text forms must not depend on how the server, database or role is set up. */
#define SESSION                                                                                    \
	"-c timezone=UTC -c datestyle=ISO -c bytea_output=hex -c standard_conforming_strings=on "  \
	"-c default_transaction_isolation=read\\ committed -c jit=off"

static size_t slot_of(const struct firn_statements *set, const struct firn_sql *sql)
{
	size_t slot = ((uintptr_t)sql >> 3) % FIRN_STATEMENTS_SLOTS;

	while (set->slots[slot] && set->slots[slot] != sql)
		slot = (slot + 1) % FIRN_STATEMENTS_SLOTS;
	return slot;
}

bool firn_statements_has(const struct firn_statements *set, const struct firn_sql *sql)
{
	return set->slots[slot_of(set, sql)] == sql;
}

void firn_statements_add(struct firn_statements *set, const struct firn_sql *sql)
{
	size_t slot = slot_of(set, sql);

	if (!set->slots[slot] && set->n < FIRN_STATEMENTS_SLOTS - 1) {
		set->slots[slot] = sql;
		set->n++;
	}
}

void firn_statements_remove(struct firn_statements *set, const struct firn_sql *sql)
{
	size_t slot = slot_of(set, sql);

	if (!set->slots[slot])
		return;
	set->slots[slot] = NULL;
	set->n--;
	/* What probing had pushed past the gap moves up. */
	for (slot = (slot + 1) % FIRN_STATEMENTS_SLOTS; set->slots[slot];
	     slot = (slot + 1) % FIRN_STATEMENTS_SLOTS) {
		const struct firn_sql *moved = set->slots[slot];

		set->slots[slot] = NULL;
		set->slots[slot_of(set, moved)] = moved;
	}
}

void firn_statements_clear(struct firn_statements *set)
{
	memset(set, 0, sizeof(*set));
}

/* The caller's own "options" come last, so that they win; the string is malloc'ed. */
static char *session_options(const char *conninfo, const char *settings)
{
	PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);
	const char *own = getenv("PGOPTIONS");
	char *options = NULL;

	for (PQconninfoOption *o = parsed; o && o->keyword; o++) {
		if (strcmp(o->keyword, "options") == 0 && o->val)
			own = o->val;
	}
	if (asprintf(&options, SESSION " %s %s", settings, own ? own : "") < 0)
		options = NULL;
	PQconninfoFree(parsed);
	return options;
}

PGconn *firn_pg_start(const char *conninfo, const char *settings)
{
	/* Later keywords win: those before dbname are defaults, those after it are not for
	 * changing. tcp_user_timeout also bounds how long one of several hosts may keep us waiting.
	 */
	const char *keys[] = {"fallback_application_name", "tcp_user_timeout", "dbname",
			      "client_encoding",	   "options",	       NULL};
	char *options = session_options(conninfo, settings);
	const char *values[] = {"firn", "5000", conninfo, "UTF8", options, NULL};
	PGconn *conn;

	if (!options)
		return NULL;
	conn = PQconnectStartParams(keys, values, 1);
	free(options);
	if (conn) /* so that a refusal names its SQLSTATE */
		PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	return conn;
}

static void log_notice(void *arg, const PGresult *notice)
{
	const struct firn_log_field fields[] = {
		FIRN_F_CSTR("sqlstate", PQresultErrorField(notice, PG_DIAG_SQLSTATE)),
		FIRN_F_CSTR("notice", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)),
	};

	if (firn_pg_is_fatal(notice))
		*(bool *)arg = true;
	if (firn_log_enabled(FIRN_LOG_DEBUG))
		firn_log(FIRN_LOG_DEBUG, "database notice", fields, 2);
}

bool firn_pg_settle(PGconn *conn, bool *doomed)
{
	*doomed = false;
	PQsetNoticeReceiver(conn, log_notice, doomed);
	return PQsetnonblocking(conn, 1) == 0;
}
