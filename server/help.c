#include "help.h"

#include <stdlib.h>
#include <unistd.h>

#include "config.h"

static void print_name(FILE *out, const struct firn_command *command)
{
	(void)fprintf(out, "firn %s%s%s", command->noun, command->noun[0] ? " " : "",
		      command->verb);
}

void firn_help_usage(FILE *out, const struct firn_command *command)
{
	(void)fputs("usage: ", out);
	print_name(out, command);
	(void)fprintf(out, "%s%s%s\n", command->arguments[0] ? " " : "", command->arguments,
		      command->flags[0] ? " [flags]" : "");
}

void firn_help_all(FILE *out)
{
	(void)fputs("Firn: an Apache Iceberg REST catalog on PostgreSQL.\n\n"
		    "  firn dev                     a catalog on this machine, in one command\n"
		    "  firn table log sales.orders  who changed a table, and when\n\n",
		    out);
	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		int n = fprintf(out, "  %s%s%s %s", c->noun, c->noun[0] ? " " : "", c->verb,
				c->arguments);
		(void)fprintf(out, "%*s%s\n", n < 42 ? 42 - n : 1, "", c->summary);
	}
	(void)fputs("\n`firn help COMMAND` tells more. Exit codes: 0 ok, 1 failed, 2 usage, 3 not "
		    "found, 4 denied,\n"
		    "5 conflict, 6 unreachable.\n",
		    out);
}

static void print_flag(FILE *out, const char *name, size_t n, const char *value, const char *doc)
{
	int width = fprintf(out, "  --%.*s%s", (int)n, name, value);
	(void)fprintf(out, "%*s%s\n", width < 28 ? 28 - width : 1, "", doc);
}

static void print_options(FILE *out)
{
	(void)fputs(
		"\nOptions (also in the configuration file, or as FIRN_NAME in the environment):\n",
		out);
	for (const struct firn_option *option = firn_options; option->name; option++) {
		char name[64];
		size_t n = 0;
		for (; n < sizeof(name) - 1 && option->name[n]; n++)
			name[n] = option->name[n] == '_' ? '-' : option->name[n];
		if (option->flags & FIRN_OPTION_SECRET)
			(void)fprintf(out, "  %-25s %s\n", option->name, option->doc);
		else
			print_flag(out, name, n, "", option->doc);
	}
}

const char *firn_help_flag(const char *name, size_t n)
{
	static const struct {
		const char *name, *doc;
	} docs[] = {
		{"config=", "configuration file"},
		{"detach", "return once the server answers; its pid is in DIR/firn.pid"},
		{"json", "print JSON"},
		{"jsonl", "print one JSON object a line"},
		{"quiet", "print names only (-q)"},
		{"server=", "the server's URL; default FIRN_SERVER or http://127.0.0.1:8181"},
		{"warehouse=", "warehouse; default the only one"},
		{"yes", "don't ask (-y)"},
		{"dry-run", "say what would be done and do nothing"},
		{"from=", "version to compare from; default the one before"},
		{"to=", "a version's number, or the new name NAMESPACE.NAME of an undropped table"},
		{"id=", "UUID of the dropped table; default the last one dropped under the name"},
		{"after=", "event number to start after"},
		{"limit=", "how many at most"},
		{"follow", "go on as events happen (-f)"},
		{"off", "take the protection away"},
		{"protected", "protect it against deletion"},
		{"undrop=", "seconds in which dropped tables can come back"},
		{"endpoint=", "URL of an S3-compatible store; default AWS"},
		{"region=", "the store's region"},
		{"path-style", "address buckets as a path"},
		{"access-key=", "access key id; the secret comes from FIRN_S3_SECRET_KEY"},
	};
	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
		if (strlen(docs[i].name) == n && strncmp(docs[i].name, name, n) == 0)
			return docs[i].doc;
	return "";
}

static void print_flags(FILE *out, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		if (strncmp(list, "@client", n) == 0)
			print_flags(out, firn_client_flags);
		else if (list[0] != '@')
			print_flag(out, list, n, list[n - 1] == '=' ? "…" : "",
				   firn_help_flag(list, n));
		list += n + strspn(list + n, " ");
	}
}

static const char *example_argument(const struct firn_command *command)
{
	if (strstr(command->arguments, "<table>"))
		return " sales.orders";
	if (strstr(command->arguments, "<view>"))
		return " sales.totals";
	if (strstr(command->arguments, "<namespace>"))
		return " sales";
	if (strstr(command->arguments, "<location>"))
		return " lake s3://bucket/lake";
	if (strstr(command->arguments, "<warehouse>"))
		return " demo";
	return strstr(command->arguments, "bash") ? " bash" : "";
}

static void print_examples(FILE *out, const struct firn_command *command)
{
	(void)fputs("  ", out);
	print_name(out, command);
	(void)fprintf(out, "%s\n  ", example_argument(command));
	print_name(out, command);
	(void)fprintf(out, "%s%s\n\n", example_argument(command),
		      strstr(command->flags, "@client")	  ? " --json"
		      : strcmp(command->verb, "dev") == 0 ? " --listen 127.0.0.1:9000 --detach"
		      : strstr(command->flags, "config=") ? " --config /etc/firn/firn.conf"
							  : " --help");
}

void firn_help_command(FILE *out, const struct firn_command *command)
{
	print_examples(out, command);
	(void)fprintf(out, "%s.\n\n", command->summary);
	firn_help_usage(out, command);
	print_flags(out, command->flags);
	if (strstr(command->flags, "@options"))
		print_options(out);
	(void)fputs("\nExit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 "
		    "unreachable.\n",
		    out);
}

void firn_help_unknown_flag(const struct firn_command *command, struct firn_str name)
{
	(void)fprintf(stderr, "firn: unknown flag %.*s\n", FIRN_FMT(name));
	(void)fputs("hint: `", stderr);
	print_name(stderr, command);
	(void)fputs(" --help` lists the flags\n", stderr);
}

void firn_help_miscounted(const struct firn_command *command, const struct firn_strs *given)
{
	const char *p = command->arguments;
	size_t wanted = 0;

	for (; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		if (wanted++ == given->n) {
			(void)fprintf(stderr, "firn: %.*s is missing\n", (int)strcspn(p, " "), p);
			break;
		}
	}
	if (!*p)
		(void)fprintf(stderr, "firn: '%.*s' is one argument too many\n",
			      FIRN_FMT(given->items[wanted]));
	firn_help_usage(stderr, command);
}

/* The commands of a noun, one after the other; false when there is no such noun. */
static bool print_noun(FILE *out, struct firn_str noun)
{
	bool any = false;

	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		if (!c->noun[0] || !firn_str_is(noun, c->noun))
			continue;
		any = true;
		firn_help_usage(out, c);
		(void)fprintf(out, "    %s\n", c->summary);
	}
	return any;
}

static bool is_noun(const char *word)
{
	for (const struct firn_command *c = firn_commands; c->verb; c++)
		if (c->noun[0] && strcmp(word, c->noun) == 0)
			return true;
	return false;
}

/* Edits (insert, delete, replace) from a to b; words of at most 31 letters. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], n = strnlen(b, 31);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= strnlen(a, 31); i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[n];
}

static const struct firn_command *nearest(int argc, char **argv)
{
	const struct firn_command *best = NULL;
	size_t least = 4; /* farther is no help */

	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		size_t d = c->noun[0] ? distance(argv[1], c->noun) +
						(argc > 2 ? distance(argv[2], c->verb) : 2)
				      : distance(argv[1], c->verb);
		if (d < least) {
			least = d;
			best = c;
		}
	}
	return best;
}

enum firn_exit firn_help_unknown(int argc, char **argv)
{
	const struct firn_command *guess = nearest(argc, argv);
	bool asks = argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);

	if (asks && print_noun(stdout, firn_str(argv[1])))
		return FIRN_EXIT_OK;
	if (argc == 2 && is_noun(argv[1])) {
		(void)fprintf(stderr, "firn: '%s' needs a verb\n", argv[1]);
		(void)print_noun(stderr, firn_str(argv[1]));
		return FIRN_EXIT_USAGE;
	}
	(void)fprintf(stderr, "firn: unknown command '%s%s%s'\n", argv[1], argc > 2 ? " " : "",
		      argc > 2 ? argv[2] : "");
	if (guess) {
		(void)fputs("hint: did you mean `", stderr);
		print_name(stderr, guess);
		(void)fputs("`?\n", stderr);
	} else {
		(void)fputs("hint: `firn help` lists the commands\n", stderr);
	}
	return FIRN_EXIT_USAGE;
}

enum firn_exit firn_cmd_help(struct firn_invocation *in)
{
	const struct firn_strs *words = &in->arguments;
	struct firn_str second = words->n > 1 ? words->items[1] : FIRN_STR("");

	if (words->n == 0) {
		firn_help_all(stdout);
		return FIRN_EXIT_OK;
	}
	if (words->n == 1 && print_noun(stdout, words->items[0]))
		return FIRN_EXIT_OK;
	for (const struct firn_command *c = firn_commands; c->verb; c++) {
		bool fits = c->noun[0] ? words->n == 2 && firn_str_is(words->items[0], c->noun) &&
						 firn_str_is(second, c->verb)
				       : words->n == 1 && firn_str_is(words->items[0], c->verb);
		if (fits) {
			firn_help_command(stdout, c);
			return FIRN_EXIT_OK;
		}
	}
	(void)fprintf(stderr,
		      "firn: no help for '%.*s%s%.*s'\nhint: `firn help` lists the commands\n",
		      FIRN_FMT(words->items[0]), second.n ? " " : "", FIRN_FMT(second));
	return FIRN_EXIT_USAGE;
}
