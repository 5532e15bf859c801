/*
 * What a failure of PostgreSQL means: the only place that knows SQLSTATEs. Clients get our words;
 * the server's own go to the notes.
 */
#include <ctype.h>

#include "internal.h"

struct meaning {
	const char *prefix;
	enum firn_code code;
};

/* The first that fits counts. */
static const struct meaning meanings[] = {
	{"40001", FIRN_E_DB_CONFLICT}, /* serialization failure */
	{"40P01", FIRN_E_DB_CONFLICT}, /* deadlock */
	{"23505", FIRN_E_DB_CONFLICT}, /* unique violation */
	{"23503", FIRN_E_DB_CONFLICT}, /* foreign key violation */
	{"55P03", FIRN_E_DB_CONFLICT}, /* lock not available */
	{"40003", FIRN_E_DB_BROKEN},   /* statement completion unknown */
	{"57014", FIRN_E_DB_BROKEN},   /* cancelled, by statement_timeout or an administrator */
	{"25006", FIRN_E_DB_BROKEN},   /* read-only: a standby, after a failover */
	{"0A000", FIRN_E_DB_BROKEN},   /* stale, as firn_pg_judge says; the next transaction gets a
					  fresh connection */
	{"26000", FIRN_E_DB_BROKEN},   {"08", FIRN_E_DB_BROKEN},
	{"57P", FIRN_E_DB_BROKEN},     {"53", FIRN_E_UNAVAILABLE},
};

static bool is(const char *state, const char *prefix)
{
	return state && strncmp(state, prefix, strlen(prefix)) == 0;
}

static enum firn_code code_of(const char *state)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (is(state, meanings[i].prefix))
			return meanings[i].code;
	}
	return FIRN_E_INTERNAL;
}

bool firn_pg_is_fatal(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return is(severity, "FATAL") || is(severity, "PANIC");
}

enum firn_pg_end firn_pg_judge(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		return FIRN_PG_ANSWERED;
	case PGRES_FATAL_ERROR:
		break;
	case PGRES_BAD_RESPONSE:
	case PGRES_COPY_OUT: /* nothing here speaks COPY: the connection is of no more use */
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_NONFATAL_ERROR:
	case PGRES_SINGLE_TUPLE:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED:
		return FIRN_PG_LOST;
	}
	if (!state || firn_pg_is_fatal(result) || is(state, "25006"))
		return FIRN_PG_LOST;
	/* A plan whose result type changed, a statement that a pooler's other backend never saw. */
	return is(state, "0A000") || is(state, "26000") ? FIRN_PG_STALE : FIRN_PG_ERROR;
}

bool firn_pg_undecided(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return !state || firn_pg_is_fatal(result) || is(state, "40003") || is(state, "08");
}

static const char *words(enum firn_code code)
{
	if (code == FIRN_E_DB_CONFLICT)
		return "another change of the same objects came first: try again";
	if (code == FIRN_E_DB_BROKEN)
		return "the catalog's database broke off the work: try again";
	if (code == FIRN_E_UNAVAILABLE)
		return "the catalog's database is short of resources: try again later";
	return "the catalog's database refused a statement: tell the administrator the request id";
}

/* The first error wins, its SQLSTATE too. */
static firn_rc fail(struct firn_ctx *cx, enum firn_code code, const char *state,
		    const char *message)
{
	bool first = cx->err.code == FIRN_OK;
	firn_rc rc = firn_fail(cx, code, "%s", message);

	if (first && state) {
		strncpy(cx->err.sqlstate, state, sizeof(cx->err.sqlstate) - 1);
		cx->err.sqlstate[sizeof(cx->err.sqlstate) - 1] = '\0';
	}
	return rc;
}

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

firn_rc firn_pg_fail(struct firn_ctx *cx, const PGresult *result, const char *statement)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum firn_code code = code_of(state);

	fail(cx, code, state, words(code));
	return firn_note(cx, "statement %s: %s %s (detail: %s; constraint: %s)", statement,
			 or_none(state),
			 or_none(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)),
			 or_none(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)),
			 or_none(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)));
}

/*
 * A refused connection has no result to ask; with PQERRORS_VERBOSE its text holds the SQLSTATE as
 * "FATAL:  53300: …". Returns whether there is one.
 */
static bool connect_state(const char *text, char state[static 6])
{
	for (const char *p = text; (p = strstr(p, ":  ")) != NULL; p++) {
		size_t n = 0;

		while (n < 5 &&
		       (isdigit((unsigned char)p[3 + n]) || isupper((unsigned char)p[3 + n])))
			n++;
		if (n == 5 && p[8] == ':') {
			memcpy(state, p + 3, 5);
			state[5] = '\0';
			return true;
		}
	}
	return false;
}

firn_rc firn_pg_fail_connect(struct firn_ctx *cx, const char *server_text)
{
	char state[6] = "";
	bool known = connect_state(server_text, state);

	if (known && (is(state, "53") || is(state, "57P")))
		fail(cx, FIRN_E_UNAVAILABLE, state,
		     "the catalog's database takes no connection now: try again later");
	else
		fail(cx, FIRN_E_DB_BROKEN, known ? state : NULL,
		     "the catalog's database cannot be reached: try again later");
	return firn_note(cx, "connect: %s", server_text);
}

firn_rc firn_pg_fail_lost(struct firn_ctx *cx, const char *statement, const char *server_text)
{
	fail(cx, FIRN_E_DB_BROKEN, NULL,
	     "the connection to the catalog's database was lost: try again");
	return firn_note(cx, "statement %s: %s", statement, server_text);
}

firn_rc firn_pg_fail_late(struct firn_ctx *cx, const char *statement)
{
	fail(cx, FIRN_E_DB_BROKEN, NULL,
	     "the catalog's database did not answer in time: try again later");
	return firn_note(cx, "statement %s: deadline passed", statement);
}
