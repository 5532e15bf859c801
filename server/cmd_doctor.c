/*
 * firn doctor: what a server would need, checked from here: configuration, PostgreSQL, schema, each
 * warehouse's store, and the base URL as a client sees it. Every failure says how to mend it. The
 * database is that of the configuration, else the one of a running `firn dev`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "config.h"
#include "data_dir.h"
#include "embedded_pg.h"
#include "firn/arena.h"
#include "firn/catalog.h"
#include "firn/clock.h"
#include "firn/db.h"
#include "firn/http.h"
#include "run.h"

enum {
	CLOCK_SKEW_MS = 5000,
	LEAST_POSTGRESQL = 140000,
	ANSWER_CEILING = 1 << 20,
	TIMEOUT_MS = 5000,
	SECONDS = 60
};

struct doctor {
	struct firn_invocation *in;
	struct firn_config config;
	const char *conninfo;
	struct firn_str database; /* which one that is, in words */
	struct firn_str base_url;
	struct firn_jw json;
	struct firn_buf text;
	bool failed;
};

static void report(struct doctor *doctor, const char *check, bool passed, struct firn_str detail)
{
	doctor->failed = doctor->failed || !passed;
	if (!firn_flag(doctor->in, "json")) {
		(void)printf("%-6s %-28s %.*s\n", passed ? "ok" : "FAILED", check,
			     FIRN_FMT(detail));
		return;
	}
	firn_jw_begin(&doctor->json, '{');
	firn_jw_key(&doctor->json, "check");
	firn_jw_cstr(&doctor->json, check);
	firn_jw_key(&doctor->json, "passed");
	firn_jw_bool(&doctor->json, passed);
	firn_jw_key(&doctor->json, "detail");
	firn_jw_str(&doctor->json, detail);
	firn_jw_end(&doctor->json, '}');
}

/* Reports rc with cx's message and forgets the error; true when it was none. */
static bool report_rc(struct doctor *doctor, const char *check, firn_rc rc, struct firn_str fine)
{
	struct firn_ctx *cx = doctor->in->cx;
	char message[sizeof(cx->err.message) + sizeof(cx->err.notes) + 4];

	(void)snprintf(message, sizeof(message), "%s%s%s", cx->err.message,
		       cx->err.notes[0] ? ": " : "", cx->err.notes);
	firn_err_clear(cx);
	report(doctor, check, rc == FIRN_OK, rc == FIRN_OK ? fine : firn_str(message));
	return rc == FIRN_OK;
}

/* ---- PostgreSQL ----------------------------------------------------------------------------- */

static void check_setting(struct doctor *doctor, const char *name, const char *wanted,
			  const char *why)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_str value;
	firn_rc rc = firn_db_setting(cx, name, &value);

	if (rc != FIRN_OK)
		(void)report_rc(doctor, name, rc, FIRN_STR_NONE);
	else if (firn_str_is(value, wanted))
		report(doctor, name, true, value);
	else
		report(doctor, name, false,
		       firn_printf(cx, "is %.*s: set it to %s, %s", FIRN_FMT(value), wanted, why));
}

static void check_version(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_str text;
	int64_t number = 0;
	firn_rc rc = firn_db_setting(cx, "server_version_num", &text);

	if (rc == FIRN_OK && (!firn_str_i64(text, &number) || number < LEAST_POSTGRESQL))
		rc = firn_fail(cx, FIRN_E_UNSUPPORTED,
			       "PostgreSQL %.*s is too old: 14 or newer is needed", FIRN_FMT(text));
	(void)report_rc(doctor, "PostgreSQL version", rc, text);
}

static void check_connections(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_str text;
	int64_t most = 0, wanted = doctor->config.lanes + 4 +
				   (doctor->config.loops ? doctor->config.loops : 8);
	firn_rc rc = firn_db_setting(cx, "max_connections", &text);

	if (rc == FIRN_OK && (!firn_str_i64(text, &most) || most < wanted))
		rc = firn_fail(cx, FIRN_E_CONFLICT,
			       "is %.*s; one replica takes up to %lld: raise it, or lower `lanes`",
			       FIRN_FMT(text), (long long)wanted);
	(void)report_rc(doctor, "max_connections", rc, text);
}

static void check_clock(struct doctor *doctor)
{
	static const struct firn_sql sql = {
		"doctor_clock", "select (extract(epoch from clock_timestamp()) * 1000)::bigint", "",
		"bigint"};
	struct firn_ctx *cx = doctor->in->cx;
	const struct firn_params none = {0};
	const struct firn_rows *rows;
	int64_t skew = 0;
	firn_rc rc = firn_db_query(cx, &sql, &none, &rows);

	if (rc == FIRN_OK)
		skew = llabs(firn_row_i64(rows, 0, 0) - firn_wall_ms(cx));
	if (rc == FIRN_OK && skew > CLOCK_SKEW_MS)
		rc = firn_fail(cx, FIRN_E_CONFLICT,
			       "This machine's clock and PostgreSQL's are %lld ms apart: run an "
			       "NTP client on both",
			       (long long)skew);
	(void)report_rc(doctor, "clock", rc, firn_printf(cx, "%lld ms apart", (long long)skew));
}

static bool check_schema(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_schema_state state = {0};
	firn_rc rc = firn_schema_state(cx, &state);

	if (rc == FIRN_OK && state.version < state.known)
		rc = firn_fail(cx, FIRN_E_CONFLICT,
			       "is at version %lld of %lld: run `firn migrate`",
			       (long long)state.version, (long long)state.known);
	if (rc == FIRN_OK && state.version > state.known)
		rc = firn_fail(
			cx, FIRN_E_CONFLICT,
			"is at version %lld, newer than this firn knows (%lld): use a newer firn",
			(long long)state.version, (long long)state.known);
	return report_rc(doctor, "schema", rc,
			 firn_printf(cx, "version %lld", (long long)state.version));
}

static bool check_postgresql(struct doctor *doctor)
{
	if (!report_rc(doctor, "PostgreSQL", firn_run_connect(doctor->in->cx, doctor->conninfo),
		       FIRN_STR("reachable")))
		return false;
	check_version(doctor);
	check_setting(doctor, "fsync", "on", "or a crash of its machine loses commits");
	check_setting(doctor, "synchronous_commit", "on", "or a crash loses acknowledged commits");
	check_setting(doctor, "server_encoding", "UTF8",
		      "when its database is made: names are Unicode");
	check_connections(doctor);
	check_clock(doctor);
	return check_schema(doctor);
}

/* ---- stores --------------------------------------------------------------------------------- */

static void report_checks(struct doctor *doctor, struct firn_str warehouse, struct firn_str json)
{
	struct firn_ctx *cx = doctor->in->cx;
	const struct firn_json *checks;

	if (firn_json_parse(cx, json, "checks", &checks) != FIRN_OK)
		return;
	for (size_t i = 0; i < firn_json_count(checks); i++) {
		const struct firn_json *check = firn_json_at(checks, i);
		struct firn_str name =
			firn_printf(cx, "%.*s: %.*s", FIRN_FMT(warehouse),
				    FIRN_FMT(firn_json_str(firn_json_get(check, "name"))));
		struct firn_str detail = firn_json_str(firn_json_get(check, "detail"));
		report(doctor, name.p ? name.p : "store",
		       firn_json_bool(firn_json_get(check, "passed")),
		       detail.p ? detail : FIRN_STR(""));
	}
}

static firn_rc check_warehouses(struct doctor *doctor, struct firn_catalog *catalog)
{
	struct firn_ctx *cx = doctor->in->cx;
	const struct firn_page all = {0};
	struct firn_page_answer next;
	struct firn_warehouse *items;
	const struct firn_rows *rows;
	struct firn_ask *ask;
	size_t n;

	FIRN_TRY(firn_warehouses_ask(cx, catalog, &all, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	FIRN_TRY(firn_warehouses_read(cx, catalog, &all, rows, &items, &n, &next));
	for (size_t i = 0; i < n; i++) {
		struct firn_str json;
		firn_rc rc = firn_warehouse_probe(cx, catalog, items[i].name, &json);
		if (rc == FIRN_OK)
			report_checks(doctor, items[i].name, json);
		else
			(void)report_rc(doctor, firn_cstr(cx, items[i].name), rc, FIRN_STR_NONE);
	}
	return FIRN_OK;
}

static void check_stores(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_catalog_config config = {.cache_bytes = 1 << 20,
					     .metadata_ceiling = 1 << 20,
					     .commit_attempts = 1,
					     .idempotency_seconds = 1,
					     .staged_seconds = 1,
					     .allow_local_files = true};
	struct firn_catalog *catalog;
	firn_rc rc = firn_config_master_key(cx, &doctor->config, config.master_key,
					    &config.has_master_key);

	if (!report_rc(doctor, "master key", rc,
		       config.has_master_key ? FIRN_STR("set")
					     : FIRN_STR("none: stored secrets can't be used")))
		return;
	rc = firn_catalog_open(cx, &config, &catalog);
	if (rc == FIRN_OK) {
		rc = check_warehouses(doctor, catalog);
		firn_catalog_free(catalog);
	}
	if (rc != FIRN_OK)
		(void)report_rc(doctor, "warehouses", rc, FIRN_STR_NONE);
}

/* ---- base URL ------------------------------------------------------------------------------- */

static void check_url(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_http_request request = {
		.method = "GET", .answer_ceiling = ANSWER_CEILING, .timeout_ms = TIMEOUT_MS};
	struct firn_http_answer answer = {0};
	firn_rc rc;

	request.url = firn_printf(cx, "%.*s/health/ready", FIRN_FMT(doctor->base_url));
	rc = firn_http_do(cx, &request, &answer);
	if (rc != FIRN_OK) {
		firn_err_clear(cx);
		rc = firn_fail(cx, FIRN_E_UNAVAILABLE,
			       "No answer from %.*s: start the server, or give the URL by which it "
			       "is reached as base_url",
			       FIRN_FMT(request.url));
	}
	if (rc == FIRN_OK && answer.status != 200)
		rc = firn_fail(cx, FIRN_E_UNAVAILABLE,
			       "%.*s answers %d: the way to the server or the server isn't right",
			       FIRN_FMT(request.url), answer.status);
	(void)report_rc(doctor, "base URL", rc, request.url);
}

/* ---- what is examined ------------------------------------------------------------------------ */

/* Key and URL of a running `firn dev` are its data directory's, unless others are given. */
static firn_rc use_dev(struct doctor *doctor, const struct firn_config_load *load)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_config *config = &doctor->config;
	const struct firn_option *listen = firn_option_find(FIRN_STR("listen"));
	struct firn_str path, url;

	FIRN_TRY(firn_data_dir_find(cx, config, &path));
	FIRN_TRY(firn_embedded_pg_find(cx, path, &doctor->conninfo));
	doctor->database =
		firn_printf(cx, "the private PostgreSQL of `firn dev` under %.*s", FIRN_FMT(path));
	if (config->master_key.n == 0 && config->master_key_file.n == 0)
		config->master_key_file = firn_printf(cx, "%.*s/master.key", FIRN_FMT(path));
	url = firn_data_dir_url(cx, path);
	if (url.n > 0 && config->base_url.n == 0 &&
	    load->origins[listen - firn_options] == FIRN_ORIGIN_DEFAULT)
		config->base_url = url;
	return cx->err.code;
}

static firn_rc use_configured(struct doctor *doctor, const struct firn_config_load *load)
{
	struct firn_ctx *cx = doctor->in->cx;
	const struct firn_option *option = firn_option_find(FIRN_STR("database_url"));
	bool file = load->origins[option - firn_options] == FIRN_ORIGIN_FILE;

	doctor->conninfo = firn_cstr(cx, doctor->config.database_url);
	doctor->database = file ? FIRN_STR("database_url of the configuration file")
				: FIRN_STR("FIRN_DATABASE_URL of the environment");
	return cx->err.code;
}

static firn_rc choose(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;
	struct firn_config_load load;

	FIRN_TRY(firn_config_load(cx, firn_flag_value(doctor->in, "config"), &doctor->in->options,
				  &load));
	doctor->config = load.config;
	if (load.config.database_url.n > 0) {
		FIRN_TRY(use_configured(doctor, &load));
	} else if (use_dev(doctor, &load) != FIRN_OK) {
		char why[sizeof(cx->err.message)];
		(void)snprintf(why, sizeof(why), "%s", cx->err.message);
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "No database_url in the configuration file or as "
				 "FIRN_DATABASE_URL, and no server to fall back on: %s",
				 why);
	}
	doctor->base_url = doctor->config.base_url;
	if (doctor->base_url.n == 0)
		doctor->base_url = firn_printf(cx, "http://%.*s", FIRN_FMT(doctor->config.listen));
	return cx->err.code;
}

static void examine(struct doctor *doctor)
{
	struct firn_ctx *cx = doctor->in->cx;

	cx->deadline_ns = firn_monotonic_ns(cx) + SECONDS * 1000000000LL;
	report(doctor, "database", true, doctor->database);
	if (check_postgresql(doctor))
		check_stores(doctor);
	check_url(doctor);
	firn_run_disconnect(cx);
}

enum firn_exit firn_cmd_doctor(struct firn_invocation *in)
{
	struct doctor doctor = {.in = in};
	struct firn_str json;

	if (choose(&doctor) != FIRN_OK)
		return firn_command_fail(in->cx, "give --config FILE, or --data-dir of a running "
						 "`firn dev`");
	firn_buf_init(&doctor.text, in->cx, 1 << 20);
	firn_jw_init(&doctor.json, &doctor.text);
	firn_jw_begin(&doctor.json, '[');
	examine(&doctor);
	firn_jw_end(&doctor.json, ']');
	if (firn_flag(in, "json") && firn_buf_end(&doctor.text, &json) == FIRN_OK)
		(void)printf("%.*s\n", FIRN_FMT(json));
	return doctor.failed ? FIRN_EXIT_FAILED : FIRN_EXIT_OK;
}
