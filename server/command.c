#include "command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "complete.h"
#include "config.h"
#include "firn/arena.h"
#include "help.h"

const struct firn_command firn_commands[] = {
#define X(id, noun, verb, arguments, flags, summary)                                               \
	{noun, verb, arguments, flags, summary, firn_cmd_##id},
#include "commands.def"
#undef X
	{0},
};

const char firn_client_flags[] = "server= json jsonl quiet";

bool firn_flag(const struct firn_invocation *in, const char *name)
{
	return firn_map_get(&in->flags, name).p != NULL;
}

struct firn_str firn_flag_value(const struct firn_invocation *in, const char *name)
{
	return firn_map_get(&in->flags, name);
}

enum firn_exit firn_command_fail(struct firn_ctx *cx, const char *hint)
{
	(void)fprintf(stderr, "firn: %s\n", cx->err.message);
	if (cx->err.notes[0] && getenv("FIRN_DEBUG"))
		(void)fprintf(stderr, "notes: %s\n", cx->err.notes);
	if (hint)
		(void)fprintf(stderr, "hint: %s\n", hint);
	switch (firn_code_info(cx->err.code)->http_status) {
	case 400:
		return FIRN_EXIT_USAGE;
	case 401:
	case 403:
		return FIRN_EXIT_DENIED;
	case 404:
		return FIRN_EXIT_NOT_FOUND;
	case 409:
		return FIRN_EXIT_CONFLICT;
	case 503:
		return FIRN_EXIT_UNREACHABLE;
	default:
		return FIRN_EXIT_FAILED;
	}
}

/* ---- flags ---------------------------------------------------------------------------------- */

/* Looks a name up in a list like "config= json". */
static enum firn_flag_kind find_in_list(const char *list, struct firn_str name)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		bool value = n > 0 && list[n - 1] == '=';
		if (firn_str_eq((struct firn_str){list, value ? n - 1 : n}, name))
			return value ? FIRN_FLAG_VALUE : FIRN_FLAG_SWITCH;
		list += n + strspn(list + n, " ");
	}
	return FIRN_FLAG_UNKNOWN;
}

/* --data-dir → option data_dir, where the command takes options. */
static const struct firn_option *
find_option(struct firn_ctx *cx, const struct firn_command *command, struct firn_str name)
{
	struct firn_str under = firn_str_dup(cx, name);
	char *text;

	if (!under.p || !strstr(command->flags, "@options"))
		return NULL;
	text = firn_alloc(cx, under.n + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < under.n; i++)
		text[i] = under.p[i] == '-' ? '_' : under.p[i];
	return firn_option_find((struct firn_str){text, under.n});
}

enum firn_flag_kind firn_command_flag(struct firn_ctx *cx, const struct firn_command *command,
				      struct firn_str name)
{
	const struct firn_option *option = find_option(cx, command, name);
	enum firn_flag_kind kind;

	if (option)
		return option->kind == FIRN_OPTION_BOOL ? FIRN_FLAG_SWITCH : FIRN_FLAG_VALUE;
	kind = find_in_list(command->flags, name);
	if (kind == FIRN_FLAG_UNKNOWN && strstr(command->flags, "@client"))
		kind = find_in_list(firn_client_flags, name);
	return kind;
}

static void map_put(struct firn_map *map, struct firn_str key, struct firn_str value)
{
	map->items[map->n++] = (struct firn_pair){key, value};
}

static struct firn_str long_name(struct firn_str text)
{
	if (firn_str_is(text, "-q"))
		return FIRN_STR("quiet");
	if (firn_str_is(text, "-y"))
		return FIRN_STR("yes");
	if (firn_str_is(text, "-f"))
		return FIRN_STR("follow");
	return firn_str_starts(text, FIRN_STR("--")) ? firn_str_sub(text, 2, SIZE_MAX) : text;
}

static bool refuse_flag(const char *problem, struct firn_str name, const char *mend)
{
	(void)fprintf(stderr, "firn: --%.*s %s\nhint: %s\n", FIRN_FMT(name), problem, mend);
	return false;
}

/* One flag at argv[*i]; false after a message. */
static bool take_flag(struct firn_invocation *in, int argc, char **argv, int *i)
{
	struct firn_str text = long_name(firn_str(argv[*i]));
	size_t equals = firn_str_find(text, '=');
	struct firn_str name = firn_str_sub(text, 0, equals), value = FIRN_STR("");
	const struct firn_option *option = find_option(in->cx, in->command, name);
	enum firn_flag_kind kind = firn_command_flag(in->cx, in->command, name);

	if (kind == FIRN_FLAG_UNKNOWN) {
		firn_help_unknown_flag(in->command,
				       firn_str_sub(firn_str(argv[*i]), 0,
						    firn_str_find(firn_str(argv[*i]), '=')));
		return false;
	}
	if (equals < text.n) {
		value = firn_str_sub(text, equals + 1, SIZE_MAX);
		if (kind == FIRN_FLAG_SWITCH && !option)
			return refuse_flag("takes no value", name, "leave the `=` away");
	} else if (kind == FIRN_FLAG_SWITCH) {
		value = option ? FIRN_STR("true") : FIRN_STR("");
	} else {
		if (*i + 1 >= argc)
			return refuse_flag("needs a value", name, "write it behind the flag");
		value = firn_str(argv[++*i]);
	}
	if (option)
		map_put(&in->options, firn_str(option->name), value);
	else
		map_put(&in->flags, name, value);
	return true;
}

/* ---- words ---------------------------------------------------------------------------------- */

const struct firn_command *firn_command_find(int argc, char **argv, int *ret_words)
{
	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		if (c->noun[0] == '\0' && argc > 1 && strcmp(argv[1], c->verb) == 0) {
			*ret_words = 2;
			return c;
		}
		if (argc > 2 && strcmp(argv[1], c->noun) == 0 && strcmp(argv[2], c->verb) == 0) {
			*ret_words = 3;
			return c;
		}
	}
	return NULL;
}

static bool count_fits(const struct firn_command *command, size_t n)
{
	size_t least = 0, most = 0;
	for (const char *p = command->arguments; *p; p++) {
		least += *p == '<';
		most += *p == '<' || *p == '[';
	}
	return n >= least && (n <= most || strstr(command->arguments, "…"));
}

static bool alloc_lists(struct firn_invocation *in, int argc)
{
	in->arguments.items = firn_calloc(in->cx, (size_t)argc, sizeof(struct firn_str));
	in->flags.items = firn_calloc(in->cx, (size_t)argc, sizeof(struct firn_pair));
	in->options.items = firn_calloc(in->cx, (size_t)argc, sizeof(struct firn_pair));
	return in->arguments.items && in->flags.items && in->options.items;
}

static bool reader_has_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* Output that a reader no longer wants is no failure; output that is lost is one. */
static enum firn_exit flush(enum firn_exit code)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_has_gone())
		return code;
	(void)fprintf(stderr, "firn: the output can't be written: %s\n",
		      errno ? strerrordesc_np(errno) : "some of it is lost");
	return code == FIRN_EXIT_OK ? FIRN_EXIT_FAILED : code;
}

static enum firn_exit parse_rest(struct firn_invocation *in, int argc, char **argv, int i)
{
	bool only_arguments = false;

	for (; i < argc; i++) {
		if (!only_arguments && strcmp(argv[i], "--") == 0) {
			only_arguments = true;
		} else if (!only_arguments &&
			   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
			firn_help_command(stdout, in->command);
			return FIRN_EXIT_OK;
		} else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!take_flag(in, argc, argv, &i))
				return FIRN_EXIT_USAGE;
		} else {
			in->arguments.items[in->arguments.n++] = firn_str(argv[i]);
		}
	}
	if (!count_fits(in->command, in->arguments.n)) {
		firn_help_miscounted(in->command, &in->arguments);
		return FIRN_EXIT_USAGE;
	}
	return in->command->run(in);
}

enum firn_exit firn_command_main(struct firn_ctx *cx, int argc, char **argv)
{
	struct firn_invocation in = {.cx = cx};
	int words = 0;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		firn_help_all(argc < 2 ? stderr : stdout);
		return argc < 2 ? FIRN_EXIT_USAGE : FIRN_EXIT_OK;
	}
	if (strcmp(argv[1], "__complete") == 0)
		return firn_complete(cx, argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0)
		argv[1] += 2;
	in.command = firn_command_find(argc, argv, &words);
	if (!in.command)
		return firn_help_unknown(argc, argv);
	if (!alloc_lists(&in, argc))
		return firn_command_fail(cx, NULL);
	return flush(parse_rest(&in, argc, argv, words));
}
