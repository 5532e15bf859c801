#include "server.h"

#include <stdlib.h>
#include <unistd.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/log.h"
#include "lanes.h"
#include "listen.h"
#include "loop.h"
#include "metrics.h"
#include "steward.h"

static void write_metrics(void *arg, struct firn_buf *out)
{
	firn_metrics_write(arg, out);
}

static bool is_ready(void *arg, const char **ret_reason)
{
	struct firn_server *server = arg;
	if (atomic_load(&server->draining)) {
		*ret_reason = "the server is shutting down";
		return false;
	}
	if (server->steward && !firn_steward_reaches_database(server->steward)) {
		*ret_reason = "PostgreSQL can't be reached";
		return false;
	}
	return true;
}

static firn_rc open_catalog(struct firn_ctx *cx, struct firn_server *server)
{
	const struct firn_config *config = server->config;
	struct firn_catalog_config catalog = {
		.cache_bytes = (size_t)config->cache,
		.metadata_ceiling = (size_t)config->metadata_limit,
		.idempotency_seconds = config->idempotency_lifetime,
		.staged_seconds = config->staged_lifetime,
		.commit_attempts = config->commit_attempts,
		.allow_local_files = config->local_files,
	};
	FIRN_TRY(firn_config_master_key(cx, config, catalog.master_key, &catalog.has_master_key));
	return firn_catalog_open(cx, &catalog, &server->catalog);
}

static firn_rc open_api(struct firn_ctx *cx, struct firn_server *server)
{
	const struct firn_api_config api = {
		.base_url = server->config->base_url,
		.body_ceiling = (size_t)server->config->body_limit,
		.open_management = server->config->open_management,
	};
	const struct firn_api_hooks hooks = {server, write_metrics, is_ready};
	return firn_api_open(cx, server->catalog, &api, &hooks, &server->api);
}

static firn_rc start_loops(struct firn_ctx *cx, struct firn_server *server)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = server->config->loops > 0 ? (unsigned)server->config->loops
		     : cores > 0	       ? (unsigned)cores
					       : 1;

	FIRN_TRY(firn_listen_is_free(cx, server->config->listen));
	server->loops = calloc(n, sizeof(struct firn_loop *));
	server->n_loops = server->loops ? n : 0;
	server->metrics = firn_metrics_new(n);
	if (!server->loops || !server->metrics)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for event loops");
	for (unsigned i = 0; i < n; i++)
		FIRN_TRY(firn_loop_start(cx, server, i, &server->loops[i]));
	return FIRN_OK;
}

static firn_rc start(struct firn_ctx *cx, struct firn_server *server)
{
	FIRN_TRY(open_catalog(cx, server));
	FIRN_TRY(open_api(cx, server));
	FIRN_TRY(firn_lanes_start(cx, server, &server->lanes));
	FIRN_TRY(firn_steward_start(cx, server, &server->steward));
	return start_loops(cx, server);
}

firn_rc firn_server_start(struct firn_ctx *cx, const struct firn_config *config,
			  const char *conninfo, struct firn_server **ret_server)
{
	struct firn_server *server = calloc(1, sizeof(*server));
	firn_rc rc;

	if (!server)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for the server");
	server->config = config;
	server->conninfo = conninfo;
	server->started_ms = firn_wall_ms(cx);
	rc = start(cx, server);
	if (rc != FIRN_OK) {
		firn_server_stop(server);
		return rc;
	}
	*ret_server = server;
	return FIRN_OK;
}

void firn_server_stop(struct firn_server *server)
{
	int64_t deadline = firn_system_clock.monotonic_ns(&firn_system_clock) +
			   server->config->drain_timeout * 1000000000;

	atomic_store(&server->draining, true);
	if (server->steward)
		firn_steward_end_streams(server->steward);
	for (unsigned i = 0; i < server->n_loops; i++)
		if (server->loops[i])
			firn_loop_drain(server->loops[i], deadline);
	for (unsigned i = 0; i < server->n_loops; i++)
		if (server->loops[i])
			firn_loop_join(server->loops[i]);
	if (server->lanes)
		firn_lanes_stop(server->lanes);
	if (server->steward)
		firn_steward_stop(server->steward);
	for (unsigned i = 0; i < server->n_loops; i++)
		if (server->loops[i])
			firn_loop_free(server->loops[i]);
	firn_metrics_free(server->metrics);
	firn_api_free(server->api);
	if (server->catalog)
		firn_catalog_free(server->catalog);
	free(server->loops);
	free(server);
}
