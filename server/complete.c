#include "complete.h"

#include <stdio.h>

#include "client.h"
#include "config.h"
#include "firn/arena.h"
#include "firn/clock.h"
#include "help.h"

static const int64_t PATIENCE_NS = 300000000;

struct completing {
	struct firn_invocation
		in; /* its command; of the flags those that choose server and warehouse */
	struct firn_str partial;
	struct firn_str prefix; /* of every candidate, as `--warehouse=` */
	struct firn_str flag;	/* the flag whose value is wanted; NONE: an argument is */
	size_t position;	/* of that argument */
};

/* ---- candidates ----------------------------------------------------------------------------- */

/* A shell puts a candidate on the command line as it is, and a terminal shows it: other names than
 * these have to be typed. */
static bool is_harmless(struct firn_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || c == '_' || (c == '-' && i > 0) || c >= 0x80;
		bool control = c == 0xc2 && i + 1 < name.n && (unsigned char)name.p[i + 1] < 0xa0;
		if (!plain || control)
			return false;
	}
	return name.n > 0;
}

static void offer(const struct completing *c, struct firn_str candidate, struct firn_str doc)
{
	if (!candidate.p || !firn_str_starts(candidate, c->partial))
		return;
	(void)fwrite(c->prefix.p, 1, c->prefix.n, stdout);
	(void)fwrite(candidate.p, 1, candidate.n, stdout);
	if (doc.n > 0)
		(void)printf("\t%.*s", FIRN_FMT(doc));
	(void)putchar('\n');
}

/* base + name + end, unless the name isn't one to put on a command line. */
static void offer_name(const struct completing *c, struct firn_str base, struct firn_str name,
		       const char *end)
{
	if (is_harmless(name))
		offer(c, firn_printf(c->in.cx, "%.*s%.*s%s", FIRN_FMT(base), FIRN_FMT(name), end),
		      FIRN_STR_NONE);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void offer_first_words(const struct completing *c)
{
	const char *last = "";

	for (const struct firn_command *k = firn_commands; k->verb; k++) {
		if (!k->noun[0])
			offer(c, firn_str(k->verb), firn_str(k->summary));
		else if (strcmp(k->noun, last) != 0)
			offer(c, firn_str(k->noun), FIRN_STR("…"));
		last = k->noun;
	}
}

static void offer_verbs(const struct completing *c, const char *noun)
{
	for (const struct firn_command *k = firn_commands; k->verb; k++)
		if (k->noun[0] && strcmp(k->noun, noun) == 0)
			offer(c, firn_str(k->verb), firn_str(k->summary));
}

static void offer_flags(const struct completing *c, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		if (list[0] == '@') {
			if (strncmp(list, "@client", n) == 0)
				offer_flags(c, firn_client_flags);
		} else {
			size_t name = list[n - 1] == '=' ? n - 1 : n;
			offer(c, firn_printf(c->in.cx, "--%.*s", (int)name, list),
			      firn_str(firn_help_flag(list, n)));
		}
		list += n + strspn(list + n, " ");
	}
}

static void offer_options(const struct completing *c)
{
	for (const struct firn_option *option = firn_options; option->name; option++) {
		char name[64] = "--";
		if (option->flags & FIRN_OPTION_SECRET)
			continue;
		for (size_t n = 0; n < sizeof(name) - 3 && option->name[n]; n++)
			name[n + 2] = option->name[n] == '_' ? '-' : option->name[n];
		offer(c, firn_str(name), firn_str(option->doc));
	}
}

/* ---- names of the server -------------------------------------------------------------------- */

static firn_rc get(struct completing *c, struct firn_str path, const struct firn_json **ret_json)
{
	if (!path.p)
		return c->in.cx->err.code;
	return firn_client_call(&c->in, "GET", path, FIRN_STR_NONE, ret_json);
}

static firn_rc offer_warehouses(struct completing *c)
{
	const struct firn_json *json, *items;

	FIRN_TRY(get(c, FIRN_STR("/management/v1/warehouses"), &json));
	items = firn_json_get(json, "warehouses");
	for (size_t i = 0; i < firn_json_count(items); i++)
		offer_name(c, FIRN_STR(""),
			   firn_json_str(firn_json_get(firn_json_at(items, i), "name")), "");
	return FIRN_OK;
}

/* Where a name is being typed: base "sales.eu." and its namespace, encoded ("" at the top). */
struct place {
	struct firn_str base, warehouse, ns;
};

static firn_rc find_place(struct completing *c, struct place *ret_place)
{
	struct place place = {.ns = FIRN_STR("")};
	size_t n = c->partial.n;

	while (n > 0 && c->partial.p[n - 1] != '.')
		n--;
	place.base = firn_str_sub(c->partial, 0, n);
	if (n > 0) {
		struct firn_str none;
		FIRN_TRY(firn_client_split(&c->in, firn_str_sub(c->partial, 0, n - 1), false,
					   &place.ns, &none));
	}
	FIRN_TRY(firn_client_warehouse(&c->in, &place.warehouse));
	*ret_place = place;
	return FIRN_OK;
}

static firn_rc offer_namespaces(struct completing *c, const struct place *place, const char *end)
{
	const struct firn_json *json, *items;

	FIRN_TRY(get(c,
		     firn_printf(c->in.cx, "/v1/%.*s/namespaces%s%.*s", FIRN_FMT(place->warehouse),
				 place->ns.n ? "?parent=" : "", FIRN_FMT(place->ns)),
		     &json));
	items = firn_json_get(json, "namespaces");
	for (size_t i = 0; i < firn_json_count(items); i++) {
		const struct firn_json *levels = firn_json_at(items, i);
		size_t n = firn_json_count(levels);
		offer_name(c, place->base,
			   n ? firn_json_str(firn_json_at(levels, n - 1)) : FIRN_STR_NONE, end);
	}
	return FIRN_OK;
}

/* kind: "tables" or "views". */
static firn_rc offer_tabulars(struct completing *c, const struct place *place, const char *kind)
{
	const struct firn_json *json, *items;

	FIRN_TRY(offer_namespaces(c, place, "."));
	if (place->ns.n == 0)
		return FIRN_OK;
	FIRN_TRY(get(c,
		     firn_printf(c->in.cx, "/v1/%.*s/namespaces/%.*s/%s",
				 FIRN_FMT(place->warehouse), FIRN_FMT(place->ns), kind),
		     &json));
	items = firn_json_get(json, "identifiers");
	for (size_t i = 0; i < firn_json_count(items); i++)
		offer_name(c, place->base,
			   firn_json_str(firn_json_get(firn_json_at(items, i), "name")), "");
	return FIRN_OK;
}

/* What can come back is known by its whole name. */
static firn_rc offer_dropped(struct completing *c)
{
	const struct firn_json *json, *items;
	struct firn_str warehouse;

	FIRN_TRY(firn_client_warehouse(&c->in, &warehouse));
	FIRN_TRY(get(c,
		     firn_printf(c->in.cx, "/management/v1/warehouses/%.*s/dropped",
				 FIRN_FMT(warehouse)),
		     &json));
	items = firn_json_get(json, "dropped");
	for (size_t i = 0; i < firn_json_count(items); i++) {
		const struct firn_json *item = firn_json_at(items, i),
				       *levels = firn_json_get(item, "namespace");
		struct firn_str base = FIRN_STR("");
		for (size_t k = 0; k < firn_json_count(levels); k++) {
			struct firn_str level = firn_json_str(firn_json_at(levels, k));
			base = is_harmless(level) && base.p
				       ? firn_printf(c->in.cx, "%.*s%.*s.", FIRN_FMT(base),
						     FIRN_FMT(level))
				       : FIRN_STR_NONE;
		}
		if (base.p)
			offer_name(c, base, firn_json_str(firn_json_get(item, "name")), "");
	}
	return FIRN_OK;
}

static firn_rc offer_below(struct completing *c, const char *kind)
{
	struct place place;
	FIRN_TRY(find_place(c, &place));
	return kind ? offer_tabulars(c, &place, kind) : offer_namespaces(c, &place, "");
}

/* ---- one command's words -------------------------------------------------------------------- */

static void offer_shells(const struct completing *c)
{
	offer(c, FIRN_STR("bash"), FIRN_STR_NONE);
	offer(c, FIRN_STR("zsh"), FIRN_STR_NONE);
	offer(c, FIRN_STR("fish"), FIRN_STR_NONE);
}

static firn_rc offer_argument(struct completing *c)
{
	const struct firn_command *command = c->in.command;
	const char *p = command->arguments;
	struct firn_str kind;

	for (size_t i = 0; i < c->position && *p; i++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	kind = (struct firn_str){p, strcspn(p, " ")};
	if (firn_str_is(kind, "<warehouse>") && strcmp(command->verb, "create") != 0)
		return offer_warehouses(c);
	if (firn_str_is(kind, "<namespace>") || firn_str_is(kind, "[namespace]"))
		return offer_below(c, NULL);
	if (firn_str_is(kind, "<table>") && strcmp(command->verb, "undrop") == 0)
		return offer_dropped(c);
	if (firn_str_is(kind, "<table>"))
		return offer_below(c, "tables");
	if (firn_str_is(kind, "<view>"))
		return offer_below(c, "views");
	if (firn_str_is(kind, "<bash|zsh|fish>"))
		offer_shells(c);
	return FIRN_OK;
}

static firn_rc offer_value(struct completing *c)
{
	if (firn_str_is(c->flag, "warehouse") && strstr(c->in.command->flags, "@client"))
		return offer_warehouses(c);
	if (firn_str_is(c->flag, "config") || firn_str_is(c->flag, "data-dir") ||
	    firn_str_is(c->flag, "master-key-file"))
		(void)puts(":files");
	return FIRN_OK;
}

/* bash cuts words at `=`, which then stands alone. */
static bool is_equals(struct firn_str word)
{
	return firn_str_is(word, "=");
}

/* `--name` or `--name=value` before the cursor. */
static void take_flag(struct completing *c, struct firn_str word)
{
	size_t equals = firn_str_find(word, '=');
	struct firn_str name = firn_str_sub(word, 2, equals - 2);

	if (firn_command_flag(c->in.cx, c->in.command, name) != FIRN_FLAG_VALUE)
		return;
	if (equals >= word.n)
		c->flag = name;
	else
		c->in.flags.items[c->in.flags.n++] =
			(struct firn_pair){name, firn_str_sub(word, equals + 1, SIZE_MAX)};
}

static void take_words(struct completing *c, int n, char **words)
{
	bool only_arguments = false;

	for (int i = 0; i < n; i++) {
		struct firn_str word = firn_str(words[i]);
		if (c->flag.p && is_equals(word))
			continue;
		if (c->flag.p) {
			c->in.flags.items[c->in.flags.n++] = (struct firn_pair){c->flag, word};
			c->flag = FIRN_STR_NONE;
		} else if (!only_arguments && firn_str_is(word, "--")) {
			only_arguments = true;
		} else if (!only_arguments && firn_str_starts(word, FIRN_STR("--"))) {
			take_flag(c, word);
		} else if (only_arguments || !firn_str_starts(word, FIRN_STR("-"))) {
			c->position++;
		}
	}
}

static firn_rc offer_of_command(struct completing *c, int n, char **words)
{
	size_t equals;

	c->in.flags.items = firn_calloc(c->in.cx, (size_t)n + 1, sizeof(struct firn_pair));
	if (!c->in.flags.items)
		return c->in.cx->err.code;
	take_words(c, n, words);
	if (c->flag.p && is_equals(c->partial))
		c->partial = FIRN_STR("");
	equals = firn_str_find(c->partial, '=');
	if (!c->flag.p && firn_str_starts(c->partial, FIRN_STR("--")) && equals < c->partial.n) {
		c->flag = firn_str_sub(c->partial, 2, equals - 2);
		c->prefix = firn_str_sub(c->partial, 0, equals + 1);
		c->partial = firn_str_sub(c->partial, equals + 1, SIZE_MAX);
	}
	if (c->flag.p)
		return offer_value(c);
	if (!firn_str_starts(c->partial, FIRN_STR("-")))
		return offer_argument(c);
	offer_flags(c, c->in.command->flags);
	if (strstr(c->in.command->flags, "@options"))
		offer_options(c);
	return FIRN_OK;
}

enum firn_exit firn_complete(struct firn_ctx *cx, int n, char **words)
{
	struct completing c = {.in = {.cx = cx}, .prefix = FIRN_STR("")};
	int own = 0;

	if (n < 1)
		return FIRN_EXIT_USAGE;
	cx->deadline_ns = firn_monotonic_ns(cx) + PATIENCE_NS;
	c.partial = firn_str(words[n - 1]);
	if (n > 1 && strcmp(words[0], "help") == 0) {
		n--;
		words++;
	}
	/* words[-1] is `firn`'s own place: the finder counts it. */
	c.in.command = firn_command_find(n, words - 1, &own);
	if (n == 1)
		offer_first_words(&c);
	else if (!c.in.command && n == 2)
		offer_verbs(&c, words[0]);
	else if (c.in.command && offer_of_command(&c, n - own, words + own - 1) != FIRN_OK)
		firn_err_clear(cx); /* names unknown: nothing is offered */
	return FIRN_EXIT_OK;
}

/* ---- scripts -------------------------------------------------------------------------------- */

/* Each asks the firn that is being typed; a candidate that ends with `.` goes on, without a space.
 */
static const char bash_script[] =
	"_firn() {\n"
	"	local line\n"
	"	COMPREPLY=()\n"
	"	while IFS= read -r line; do\n"
	"		if [ \"$line\" = :files ]; then\n"
	"			compopt -o default\n"
	"			return\n"
	"		fi\n"
	"		COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
	"		case ${line%%$'\\t'*} in *.) compopt -o nospace ;; esac\n"
	"	done < <(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
	"2>/dev/null)\n"
	"}\n"
	"complete -F _firn firn\n";

static const char zsh_script[] =
	"#compdef firn\n"
	"_firn() {\n"
	"	local line\n"
	"	for line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"		case $line in\n"
	"		'') ;;\n"
	"		:files) _files ;;\n"
	"		*.) compadd -S '' -- \"$line\" ;;\n"
	"		*) compadd -- \"${line%%$'\\t'*}\" ;;\n"
	"		esac\n"
	"	done\n"
	"}\n"
	"if [ \"${funcstack[1]}\" = _firn ]; then\n"
	"	_firn \"$@\"\n"
	"else\n"
	"	compdef _firn firn\n"
	"fi\n";

static const char fish_script[] =
	"function __firn_complete\n"
	"	set -l words (commandline -opc)\n"
	"	set -l found ($words[1] __complete $words[2..] (commandline -ct) 2>/dev/null)\n"
	"	if test \"$found\" = :files\n"
	"		__fish_complete_path (commandline -ct)\n"
	"	else\n"
	"		string join -- \\n $found\n"
	"	end\n"
	"end\n"
	"complete -c firn -f -a '(__firn_complete)'\n";

enum firn_exit firn_cmd_completion(struct firn_invocation *in)
{
	struct firn_str shell = in->arguments.items[0];
	const char *script = firn_str_is(shell, "bash")	  ? bash_script
			     : firn_str_is(shell, "zsh")  ? zsh_script
			     : firn_str_is(shell, "fish") ? fish_script
							  : NULL;

	if (!script) {
		(void)fprintf(stderr,
			      "firn: no completion for the shell '%.*s': name bash, zsh or fish\n",
			      FIRN_FMT(shell));
		firn_help_usage(stderr, in->command);
		return FIRN_EXIT_USAGE;
	}
	(void)fputs(script, stdout);
	return FIRN_EXIT_OK;
}
