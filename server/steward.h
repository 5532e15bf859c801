/* The steward: one background thread per process that numbers committed events, feeds their
 * followers and tidies what is past its time. Replicas agree among themselves (advisory locks). */
#ifndef FIRN_SERVER_STEWARD_H
#define FIRN_SERVER_STEWARD_H

#include "server.h"

firn_rc firn_steward_start(struct firn_ctx *cx, struct firn_server *server,
			   struct firn_steward **ret_steward) FIRN_MUST;
/* False when PostgreSQL hasn't answered for some seconds. */
bool firn_steward_reaches_database(struct firn_steward *steward);
/* Ends every follower's stream; call before the loops stop. The thread ends with _stop. */
void firn_steward_end_streams(struct firn_steward *steward);
void firn_steward_stop(struct firn_steward *steward);

#endif
