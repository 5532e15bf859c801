/* firn serve and firn migrate: the production forms, on an external PostgreSQL. */
#include <stdio.h>

#include "command.h"
#include "config.h"
#include "firn/arena.h"
#include "firn/db.h"
#include "firn/log.h"
#include "listen.h"
#include "run.h"

static firn_rc load(struct firn_invocation *in, struct firn_config_load *ret_load)
{
	FIRN_TRY(firn_config_load(in->cx, firn_flag_value(in, "config"), &in->options, ret_load));
	if (ret_load->config.database_url.n == 0)
		return firn_fail(in->cx, FIRN_E_BAD_REQUEST,
				 "No database_url: set it in the configuration file or as "
				 "FIRN_DATABASE_URL");
	return firn_run_setup_log(in->cx, &ret_load->config);
}

static firn_rc check_schema(struct firn_ctx *cx)
{
	struct firn_schema_state state;
	FIRN_TRY(firn_schema_state(cx, &state));
	if (state.version > state.known)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "The database's schema is version %lld and this firn knows up to "
				 "%lld: use a newer firn",
				 (long long)state.version, (long long)state.known);
	if (state.version < state.known)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "The database's schema is version %lld, this firn needs %lld: run "
				 "`firn migrate`",
				 (long long)state.version, (long long)state.known);
	return FIRN_OK;
}

static void nothing(void *arg)
{
	(void)arg;
}

static firn_rc serve(struct firn_invocation *in)
{
	struct firn_ctx *cx = in->cx;
	struct firn_config_load load_state;
	const char *conninfo;
	firn_rc rc;

	FIRN_TRY(load(in, &load_state));
	conninfo = firn_cstr(cx, load_state.config.database_url);
	if (!conninfo)
		return cx->err.code;
	if (!firn_listen_is_loopback(load_state.config.listen))
		firn_log(FIRN_LOG_WARN,
			 "listening beyond this machine, without authentication: put a guarded "
			 "proxy before it",
			 NULL, 0);
	firn_run_hold_signals();
	rc = firn_run_connect(cx, conninfo);
	if (rc == FIRN_OK)
		rc = check_schema(cx);
	firn_run_disconnect(cx);
	if (rc != FIRN_OK)
		return rc;
	return firn_run_server(cx, &load_state.config, conninfo, nothing, NULL);
}

enum firn_exit firn_cmd_serve(struct firn_invocation *in)
{
	return serve(in) == FIRN_OK
		       ? FIRN_EXIT_OK
		       : firn_command_fail(in->cx, "`firn doctor` checks database, stores and URL");
}

static firn_rc migrate(struct firn_invocation *in, int *ret_applied)
{
	struct firn_config_load load_state;
	const char *conninfo;
	firn_rc rc;

	FIRN_TRY(load(in, &load_state));
	conninfo = firn_cstr(in->cx, load_state.config.database_url);
	if (!conninfo)
		return in->cx->err.code;
	rc = firn_run_connect(in->cx, conninfo);
	if (rc == FIRN_OK)
		rc = firn_schema_migrate(in->cx, ret_applied);
	firn_run_disconnect(in->cx);
	return rc;
}

enum firn_exit firn_cmd_migrate(struct firn_invocation *in)
{
	int applied = 0;
	if (migrate(in, &applied) != FIRN_OK)
		return firn_command_fail(in->cx, NULL);
	(void)printf("%d migration%s applied\n", applied, applied == 1 ? "" : "s");
	return FIRN_EXIT_OK;
}
