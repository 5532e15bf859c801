/*
 * The process around the rooms. One event loop per core (loop.c) owns its sockets (http.c), its
 * pipelined database connection and the exchanges on them; lanes (lanes.c) run what may block; the
 * steward (steward.c) numbers events, feeds their followers and tidies.
 */
#ifndef FIRN_SERVER_H
#define FIRN_SERVER_H

#include <stdatomic.h>

#include "config.h"
#include "firn/api.h"
#include "firn/db.h"

struct firn_loop;
struct firn_lanes;
struct firn_steward;
struct firn_metrics;

struct firn_server {
	const struct firn_config *config;
	const char *conninfo;
	struct firn_catalog *catalog;
	struct firn_api *api;
	struct firn_loop **loops;
	unsigned n_loops;
	struct firn_lanes *lanes;
	struct firn_steward *steward;
	struct firn_metrics *metrics;
	_Atomic bool draining;
	int64_t started_ms;
};

/* Opens catalog, api, sockets and threads; the schema must be migrated. On failure nothing is left.
 */
firn_rc firn_server_start(struct firn_ctx *cx, const struct firn_config *config,
			  const char *conninfo, struct firn_server **ret_server) FIRN_MUST;
/* Stops accepting, lets requests in flight finish within drain_timeout, stops the threads, frees
 * all. */
void firn_server_stop(struct firn_server *server);

#endif
