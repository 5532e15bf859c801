#include "run.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "firn/clock.h"
#include "firn/db.h"
#include "firn/http.h"
#include "firn/log.h"
#include "server.h"

static void held_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

void firn_run_hold_signals(void)
{
	sigset_t set;
	held_signals(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* TERM or INT; HUP is no reason to stop. */
static void wait_for_signal(void)
{
	sigset_t set;
	int signal_number = 0;

	held_signals(&set);
	do {
		if (sigwait(&set, &signal_number) != 0)
			return;
	} while (signal_number == SIGHUP);
}

firn_rc firn_run_setup_log(struct firn_ctx *cx, const struct firn_config *config)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	enum firn_log_format format = isatty(STDERR_FILENO) ? FIRN_LOG_HUMAN : FIRN_LOG_JSON;

	if (firn_str_is(config->log_format, "human"))
		format = FIRN_LOG_HUMAN;
	else if (firn_str_is(config->log_format, "json"))
		format = FIRN_LOG_JSON;
	else if (!firn_str_is(config->log_format, "auto"))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "log_format must be human, json or auto, not '%.*s'",
				 FIRN_FMT(config->log_format));
	for (int level = 0; level < 4; level++)
		if (firn_str_is(config->log_level, levels[level])) {
			firn_log_setup(format, (enum firn_log_level)level);
			return FIRN_OK;
		}
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "log_level must be debug, info, warn or error, not '%.*s'",
			 FIRN_FMT(config->log_level));
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Metadata files come in megabytes, on many threads: without a fixed threshold glibc learns to keep
 * what they took, for each of its arenas. */
static void bound_kept_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_ARENA_MAX, 4);
}

firn_rc firn_run_connect(struct firn_ctx *cx, const char *conninfo)
{
	cx->db = firn_db_new(conninfo);
	cx->http = firn_http_new();
	if (!cx->db || !cx->http) {
		firn_run_disconnect(cx);
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for a database connection");
	}
	return firn_db_connect(cx, cx->db);
}

void firn_run_disconnect(struct firn_ctx *cx)
{
	firn_db_free(cx->db);
	firn_http_free(cx->http);
	cx->db = NULL;
	cx->http = NULL;
}

firn_rc firn_run_server(struct firn_ctx *cx, const struct firn_config *config, const char *conninfo,
			void (*ready)(void *arg), void *arg)
{
	struct firn_server *server;
	struct firn_log_field field = FIRN_F_STR("listen", config->listen);
	firn_rc rc;

	raise_descriptor_limit();
	bound_kept_memory();
	rc = firn_run_connect(cx, conninfo);
	if (rc == FIRN_OK)
		rc = firn_server_start(cx, config, conninfo, &server);
	firn_run_disconnect(cx);
	if (rc != FIRN_OK)
		return rc;
	firn_log(FIRN_LOG_INFO, "serving", &field, 1);
	ready(arg);
	(void)sd_notify(0, "READY=1");
	wait_for_signal();
	(void)sd_notify(0, "STOPPING=1");
	firn_log(FIRN_LOG_INFO, "draining", NULL, 0);
	firn_server_stop(server);
	firn_log(FIRN_LOG_INFO, "stopped", NULL, 0);
	return FIRN_OK;
}
