/*
 * Lanes: threads with a database connection, an HTTP client and room to block. Tasks with equal
 * non-zero queue keys run one after the other, in order of arrival, and wait without a lane.
 */
#ifndef FIRN_SERVER_LANES_H
#define FIRN_SERVER_LANES_H

#include "exchange.h"
#include "server.h"

firn_rc firn_lanes_start(struct firn_ctx *cx, struct firn_server *server,
			 struct firn_lanes **ret_lanes) FIRN_MUST;
/* False when the queue is full: the exchange stays with the caller, nothing happened. */
bool firn_lanes_push(struct firn_lanes *lanes, struct firn_exchange *exchange) FIRN_MUST;
/* Finishes what is queued, ends the threads, frees. */
void firn_lanes_stop(struct firn_lanes *lanes);
unsigned firn_lanes_depth(struct firn_lanes *lanes);

#endif
