/* Notifications. Owns the list of channels, so that a new connection listens again. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static char *listen_command(PGconn *conn, const char *channel)
{
	char *quoted = PQescapeIdentifier(conn, channel, strlen(channel));
	char *command = NULL;

	if (quoted && asprintf(&command, "listen %s", quoted) < 0)
		command = NULL;
	PQfreemem(quoted);
	return command;
}

firn_rc firn_db_listen(struct firn_ctx *cx, const char *channel)
{
	struct firn_db *db;
	char *command;
	firn_rc rc;

	FIRN_TRY(firn_db_ready(cx, &db));
	if (db->n_channels == FIRN_CHANNELS_MAX)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "one connection listens to at most %d channels",
				 FIRN_CHANNELS_MAX);
	command = listen_command(db->conn, channel);
	if (!command)
		return firn_fail(cx, FIRN_E_INTERNAL, "no memory to listen to '%s'", channel);
	rc = firn_db_command(cx, db, command);
	if (rc == FIRN_OK)
		db->channels[db->n_channels++] = command;
	else
		free(command);
	return rc;
}

static bool take_notifications(PGconn *conn)
{
	PGnotify *notification;
	bool any = false;

	while ((notification = PQnotifies(conn)) != NULL) {
		PQfreemem(notification);
		any = true;
	}
	return any;
}

firn_rc firn_db_wait(struct firn_ctx *cx, int timeout_ms, bool *ret_notified)
{
	int64_t until = firn_monotonic_ns(cx) + timeout_ms * FIRN_NS_PER_MS;
	struct firn_db *db;
	bool any;

	FIRN_TRY(firn_db_ready(cx, &db));
	any = db->relistened;
	db->relistened = false;
	while (!(any |= take_notifications(db->conn))) {
		int64_t left =
			(until - firn_monotonic_ns(cx) + FIRN_NS_PER_MS - 1) / FIRN_NS_PER_MS;
		int deadline = firn_deadline_ms(cx);

		if (left <= 0 || deadline == 0)
			break;
		if (firn_db_poll(db->conn, POLLIN, left < deadline ? (int)left : deadline) ==
		    FIRN_PG_LATE)
			continue;
		if (!PQconsumeInput(db->conn)) {
			firn_db_close(db);
			return firn_pg_fail_lost(cx, "wait for notifications", db->lost);
		}
	}
	*ret_notified = any;
	return FIRN_OK;
}
