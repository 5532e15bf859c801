/* firn check-config, version, healthcheck, completion. */
#include <stdio.h>

#include "client.h"
#include "config.h"
#include "firn/arena.h"
#include "firn/db.h"
#include "help.h"

enum firn_exit firn_cmd_check_config(struct firn_invocation *in)
{
	static const char *const origins[] = {"default", "file", "environment", "flag"};
	struct firn_config_load load;
	bool json = firn_flag(in, "json");

	if (firn_config_load(in->cx, firn_flag_value(in, "config"), &in->options, &load) != FIRN_OK)
		return firn_command_fail(in->cx, "`firn help serve` lists the options");
	if (json)
		(void)putchar('{');
	for (const struct firn_option *option = firn_options; option->name; option++) {
		struct firn_str value = firn_config_show(in->cx, &load.config, option);
		const char *origin = origins[load.origins[option - firn_options]];
		if (json)
			(void)printf("%s\"%s\":{\"value\":\"%.*s\",\"from\":\"%s\"}",
				     option == firn_options ? "" : ",", option->name,
				     FIRN_FMT(value), origin);
		else
			(void)printf("%-22s %-12s %.*s\n", option->name, origin, FIRN_FMT(value));
	}
	if (json)
		(void)puts("}");
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

/* ---- completion ----------------------------------------------------------------------------- */

/* Calls print once per distinct first word. */
static void each_first_word(void (*print)(const char *word))
{
	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		const char *word = c->noun[0] ? c->noun : c->verb;
		if (c == firn_commands ||
		    strcmp(word, c[-1].noun[0] ? c[-1].noun : c[-1].verb) != 0)
			print(word);
	}
}

static void print_word(const char *word)
{
	(void)printf("%s ", word);
}

static void print_verbs(const char *noun)
{
	for (const struct firn_command *c = firn_commands; c->verb; c++)
		if (strcmp(c->noun, noun) == 0)
			(void)printf("%s ", c->verb);
}

static void print_bash_case(const char *word)
{
	(void)printf("\t%s) words=\"", word);
	print_verbs(word);
	(void)puts("\" ;;");
}

static void complete_bash(void)
{
	(void)fputs("_firn() {\n\tlocal words=\"\"\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then words=\"",
		    stdout);
	each_first_word(print_word);
	(void)puts("\"; elif [ \"$COMP_CWORD\" -eq 2 ]; then case \"${COMP_WORDS[1]}\" in");
	each_first_word(print_bash_case);
	(void)puts("\tesac; fi\n\tCOMPREPLY=($(compgen -W \"$words\" -- "
		   "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -F _firn firn");
}

static void print_fish_word(const char *word)
{
	(void)printf("complete -c firn -n __fish_use_subcommand -a %s\n", word);
	for (const struct firn_command *c = firn_commands; c->verb; c++)
		if (c->noun[0] && strcmp(c->noun, word) == 0)
			(void)printf("complete -c firn -n '__fish_seen_subcommand_from %s' -a %s "
				     "-d '%s'\n",
				     word, c->verb, c->summary);
}

static void complete_fish(void)
{
	(void)puts("complete -c firn -f");
	each_first_word(print_fish_word);
}

enum firn_exit firn_cmd_completion(struct firn_invocation *in)
{
	struct firn_str shell = in->arguments.items[0];

	if (firn_str_is(shell, "zsh"))
		(void)puts("autoload -U +X bashcompinit && bashcompinit");
	if (firn_str_is(shell, "bash") || firn_str_is(shell, "zsh")) {
		complete_bash();
	} else if (firn_str_is(shell, "fish")) {
		complete_fish();
	} else {
		firn_help_usage(stderr, in->command);
		return FIRN_EXIT_USAGE;
	}
	return FIRN_EXIT_OK;
}
