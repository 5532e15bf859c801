/* firn check-config, version, healthcheck. */
#include <stdio.h>

#include "client.h"
#include "config.h"
#include "firn/arena.h"
#include "firn/crypto.h"
#include "firn/db.h"
#include "listen.h"
#include "run.h"

static const char *const origins[] = {"default", "file", "environment", "flag"};

/* What a server would refuse at its start, as far as it can be seen from here. */
static firn_rc load_and_check(struct firn_invocation *in, struct firn_config_load *ret_load)
{
	unsigned char key[32];
	bool has_key;
	firn_rc rc;

	FIRN_TRY(firn_config_load(in->cx, firn_flag_value(in, "config"), &in->options, ret_load));
	FIRN_TRY(firn_run_setup_log(in->cx, &ret_load->config));
	FIRN_TRY(firn_listen_check(in->cx, ret_load->config.listen));
	rc = firn_config_master_key(in->cx, &ret_load->config, key, &has_key);
	firn_wipe(key, sizeof(key));
	return rc;
}

static enum firn_exit print_json(struct firn_invocation *in, const struct firn_config_load *load)
{
	struct firn_buf text;
	struct firn_jw w;
	struct firn_str json;

	firn_buf_init(&text, in->cx, 1 << 20);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '{');
	for (const struct firn_option *option = firn_options; option->name; option++) {
		firn_jw_key(&w, option->name);
		firn_jw_begin(&w, '{');
		firn_jw_key(&w, "value");
		firn_jw_str(&w, firn_config_show(in->cx, &load->config, option));
		firn_jw_key(&w, "from");
		firn_jw_cstr(&w, origins[load->origins[option - firn_options]]);
		firn_jw_end(&w, '}');
	}
	firn_jw_end(&w, '}');
	if (firn_buf_end(&text, &json) != FIRN_OK)
		return firn_command_fail(in->cx, NULL);
	(void)printf("%.*s\n", FIRN_FMT(json));
	return FIRN_EXIT_OK;
}

enum firn_exit firn_cmd_check_config(struct firn_invocation *in)
{
	struct firn_config_load load;

	if (load_and_check(in, &load) != FIRN_OK)
		return firn_command_fail(in->cx, "`firn help serve` lists the options");
	if (firn_flag(in, "json"))
		return print_json(in, &load);
	for (const struct firn_option *option = firn_options; option->name; option++) {
		struct firn_str value = firn_config_show(in->cx, &load.config, option);
		(void)printf("%-22s %-12s %.*s\n", option->name,
			     origins[load.origins[option - firn_options]], FIRN_FMT(value));
	}
	return FIRN_EXIT_OK;
}

enum firn_exit firn_cmd_version(struct firn_invocation *in)
{
	long long schema = (long long)firn_schema_known();
	if (firn_flag(in, "json"))
		(void)printf("{\"version\":\"%s\",\"schema\":\"%lld\",\"iceberg-format\":\"3\","
			     "\"view-format\":\"1\"}\n",
			     FIRN_VERSION, schema);
	else
		(void)printf("firn %s (schema %lld, Iceberg tables v1-v3, views v1)\n",
			     FIRN_VERSION, schema);
	return FIRN_EXIT_OK;
}

enum firn_exit firn_cmd_healthcheck(struct firn_invocation *in)
{
	const struct firn_json *json;
	if (firn_client_call(in, "GET", FIRN_STR("/health/ready"), FIRN_STR_NONE, &json) != FIRN_OK)
		return firn_command_fail(in->cx, NULL);
	return FIRN_EXIT_OK;
}
