/* What `serve` and `dev` share: signals, limits, and the time between start and stop. */
#ifndef FIRN_SERVER_RUN_H
#define FIRN_SERVER_RUN_H

#include "config.h"

/* Before any thread starts: TERM, INT and HUP are held for firn_run_until_signal. */
void firn_run_hold_signals(void);
/* Log format and level of the configuration; BAD_REQUEST on unknown words. */
firn_rc firn_run_setup_log(struct firn_ctx *cx, const struct firn_config *config) FIRN_MUST;
/* Starts the server, calls ready(arg) once it answers, waits for TERM or INT, drains and stops. The
 * ctx's database connection and HTTP client are opened by this and closed again. */
firn_rc firn_run_server(struct firn_ctx *cx, const struct firn_config *config, const char *conninfo,
			void (*ready)(void *arg), void *arg) FIRN_MUST;
/* Gives the ctx a blocking connection and an HTTP client of its own; _close takes them away. */
firn_rc firn_run_connect(struct firn_ctx *cx, const char *conninfo) FIRN_MUST;
void firn_run_disconnect(struct firn_ctx *cx);

#endif
