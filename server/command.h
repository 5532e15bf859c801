/* A parsed command line. Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6
 * unreachable. */
#ifndef FIRN_SERVER_COMMAND_H
#define FIRN_SERVER_COMMAND_H

#include "firn/json.h"

enum firn_exit {
	FIRN_EXIT_OK,
	FIRN_EXIT_FAILED,
	FIRN_EXIT_USAGE,
	FIRN_EXIT_NOT_FOUND,
	FIRN_EXIT_DENIED,
	FIRN_EXIT_CONFLICT,
	FIRN_EXIT_UNREACHABLE
};

struct firn_command;
struct firn_invocation {
	struct firn_ctx *cx;
	const struct firn_command *command;
	struct firn_strs arguments;
	struct firn_map
		flags; /* names with '-' and without leading dashes; a switch's value is "" */
	struct firn_map options; /* those of options.def, with '_', for firn_config_load */
};
struct firn_command {
	const char *noun, *verb, *arguments, *flags, *summary;
	enum firn_exit (*run)(struct firn_invocation *in);
};
extern const struct firn_command firn_commands[]; /* ended by a row whose verb is NULL */

/* NOT a firn_rc user: talks to the person. Unknown verbs suggest the nearest. */
enum firn_exit firn_command_main(struct firn_ctx *cx, int argc, char **argv);
bool firn_flag(const struct firn_invocation *in, const char *name);
struct firn_str firn_flag_value(const struct firn_invocation *in,
				const char *name); /* NONE when absent */
/* The row of argv[1] (and argv[2]); NULL when there is none. ret_words: words of argv up to its
 * own. */
const struct firn_command *firn_command_find(int argc, char **argv, int *ret_words);
enum firn_flag_kind { FIRN_FLAG_UNKNOWN, FIRN_FLAG_SWITCH, FIRN_FLAG_VALUE };
/* name: with '-' and without leading dashes; options of options.def count where the command takes
 * them, booleans as switches. */
enum firn_flag_kind firn_command_flag(struct firn_ctx *cx, const struct firn_command *command,
				      struct firn_str name);
extern const char firn_client_flags[]; /* what @client stands for */
/* "firn: message", a hint line when given, on stderr; the exit code that cx->err calls for. */
enum firn_exit firn_command_fail(struct firn_ctx *cx, const char *hint);

#define X(id, noun, verb, arguments, flags, summary)                                               \
	enum firn_exit firn_cmd_##id(struct firn_invocation *in);
#include "commands.def"
#undef X

#endif
