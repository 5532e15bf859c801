#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/crypto.h"

enum { LINE_CEILING = 198 }; /* libinih's buffer holds 200 with newline and end */
enum { LEAST_MEMORY = 1 << 20, LEAST_LIMIT = 64 << 10 };
enum { SECRET = FIRN_OPTION_SECRET, STORE = FIRN_OPTION_STORE };

const struct firn_option firn_options[] = {
#define X(kind, name, otherwise, flags, doc)                                                       \
	{#name, FIRN_OPTION_##kind, otherwise, doc, flags, offsetof(struct firn_config, name)},
#include "options.def"
#undef X
	{0},
};

enum { N_OPTIONS = sizeof(firn_options) / sizeof(firn_options[0]) - 1, KEY_FILE_CEILING = 4096 };
_Static_assert(N_OPTIONS <= 64, "struct firn_config_load has room for 64 origins");

const struct firn_option *firn_option_find(struct firn_str name)
{
	for (const struct firn_option *option = firn_options; option->name; option++)
		if (firn_str_is(name, option->name))
			return option;
	return NULL;
}

/* ---- values --------------------------------------------------------------------------------- */

/* "64m" with units "kmg" and 1024 a step, or "30m" with "smhd" and their seconds. */
static bool parse_unit(struct firn_str text, const char *units, const int64_t *factors,
		       int64_t *ret_value)
{
	const char *unit =
		text.n > 0 ? strchr(units, tolower((unsigned char)text.p[text.n - 1])) : NULL;
	int64_t factor = 1, value;

	if (unit && *unit) {
		factor = factors[unit - units];
		text.n--;
	}
	return firn_str_i64(text, &value) && value >= 0 &&
	       !__builtin_mul_overflow(value, factor, ret_value);
}

static bool parse_bool(struct firn_str text, bool *ret_value)
{
	static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no",
										    "off", "0"};
	for (size_t i = 0; i < 4; i++) {
		if (firn_str_ieq(text, firn_str(yes[i])) || firn_str_ieq(text, firn_str(no[i]))) {
			*ret_value = firn_str_ieq(text, firn_str(yes[i]));
			return true;
		}
	}
	return false;
}

static firn_rc refuse(struct firn_ctx *cx, const struct firn_option *option, struct firn_str text,
		      const char *where, const char *allowed)
{
	bool secret = option->flags & FIRN_OPTION_SECRET;
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: option '%s' can't be '%.*s': give %s", where,
			 option->name, secret ? 3 : (int)text.n, secret ? "..." : text.p, allowed);
}

static firn_rc set_value(struct firn_ctx *cx, struct firn_config *config,
			 const struct firn_option *option, struct firn_str text, const char *where)
{
	static const int64_t bytes[] = {1 << 10, 1 << 20, 1 << 30},
			     seconds[] = {1, 60, 3600, 86400};
	void *field = (char *)config + option->offset;
	int64_t number;
	bool flag;

	switch (option->kind) {
	case FIRN_OPTION_STR:
		*(struct firn_str *)field = firn_str_dup(cx, text);
		return cx->err.code;
	case FIRN_OPTION_INT:
		if (!firn_str_i64(text, &number) || number < 0 || number > 1000000)
			return refuse(cx, option, text, where, "a whole number from 0 to 1000000");
		*(int64_t *)field = number;
		return FIRN_OK;
	case FIRN_OPTION_SIZE:
		if (!parse_unit(text, "kmg", bytes, &number))
			return refuse(cx, option, text, where, "a size like 64m (k, m or g)");
		*(int64_t *)field = number;
		return FIRN_OK;
	case FIRN_OPTION_SECONDS:
		if (!parse_unit(text, "smhd", seconds, &number) || number > 366 * 86400)
			return refuse(cx, option, text, where,
				      "a time like 30s (s, m, h or d), at most 366d");
		*(int64_t *)field = number;
		return FIRN_OK;
	case FIRN_OPTION_BOOL:
		if (!parse_bool(text, &flag))
			return refuse(cx, option, text, where, "true or false");
		*(bool *)field = flag;
		return FIRN_OK;
	}
	return FIRN_OK;
}

/* ---- sources -------------------------------------------------------------------------------- */

static firn_rc load_defaults(struct firn_ctx *cx, struct firn_config_load *load)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		FIRN_TRY(set_value(cx, &load->config, &firn_options[i],
				   firn_str(firn_options[i].otherwise), "default"));
	return FIRN_OK;
}

struct file_arg {
	struct firn_ctx *cx;
	struct firn_config_load *load;
	const char *path;
};

static int on_line(void *user, const char *section, const char *name, const char *value)
{
	struct file_arg *arg = user;
	const struct firn_option *option = firn_option_find(firn_str(name));

	if (section[0] != '\0')
		return firn_fail(arg->cx, FIRN_E_BAD_REQUEST,
				 "%s: section [%s] is unknown; options stand at the top, without "
				 "sections",
				 arg->path, section) == FIRN_OK;
	if (!option)
		return firn_fail(arg->cx, FIRN_E_BAD_REQUEST,
				 "%s: option '%s' is unknown; `firn help serve` lists them",
				 arg->path, name) == FIRN_OK;
	arg->load->origins[option - firn_options] = FIRN_ORIGIN_FILE;
	return set_value(arg->cx, &arg->load->config, option, firn_str(value), arg->path) ==
	       FIRN_OK;
}

/* The parser cuts longer lines in pieces, and takes indented text for more of the line before. No
 * word of such a line is repeated: it may hold a password. */
static firn_rc check_line(struct firn_ctx *cx, const char *path, long number, const char *line)
{
	size_t n = strcspn(line, "\r\n");

	if (n > LINE_CEILING)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: line %ld has %zu bytes, and at most %d are read: set this "
				 "option in the environment instead",
				 path, number, n, LINE_CEILING);
	if ((line[0] == ' ' || line[0] == '\t') && strspn(line, " \t") < n)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: line %ld begins with a blank: options begin at the margin",
				 path, number);
	return FIRN_OK;
}

static firn_rc check_lines(struct firn_ctx *cx, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;

	if (!file)
		return FIRN_OK; /* ini_parse says why */
	for (long number = 1; cx->err.code == FIRN_OK && getline(&line, &capacity, file) >= 0;
	     number++)
		(void)check_line(cx, path, number, line);
	if (line)
		firn_wipe(line, capacity);
	free(line);
	(void)fclose(file);
	return cx->err.code;
}

static firn_rc load_file(struct firn_ctx *cx, struct firn_str file, struct firn_config_load *load)
{
	const char *path = firn_cstr(cx, file);
	struct file_arg arg = {cx, load, path};
	int line;

	if (!path)
		return cx->err.code;
	FIRN_TRY(check_lines(cx, path));
	line = ini_parse(path, on_line, &arg);
	if (line == 0)
		return FIRN_OK;
	if (line < 0)
		return firn_fail(cx, FIRN_E_NOT_FOUND,
				 "The configuration file %s can't be read: %s", path,
				 strerrordesc_np(errno));
	if (cx->err.code == FIRN_OK)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: line %d is not `name = value`", path,
				 line);
	return firn_note(cx, "line %d", line);
}

static firn_rc load_environment(struct firn_ctx *cx, struct firn_config_load *load)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		char name[64] = "FIRN_";
		const char *value;
		for (size_t k = 0; k < sizeof(name) - 6 && firn_options[i].name[k]; k++)
			name[5 + k] = (char)toupper((unsigned char)firn_options[i].name[k]);
		value = getenv(name);
		if (!value)
			continue;
		FIRN_TRY(set_value(cx, &load->config, &firn_options[i], firn_str(value), name));
		load->origins[i] = FIRN_ORIGIN_ENVIRONMENT;
	}
	return FIRN_OK;
}

static firn_rc load_flags(struct firn_ctx *cx, const struct firn_map *flags,
			  struct firn_config_load *load)
{
	for (size_t i = 0; flags && i < flags->n; i++) {
		const struct firn_option *option = firn_option_find(flags->items[i].key);
		if (!option)
			return firn_fail(cx, FIRN_E_BAD_REQUEST, "The option --%.*s is unknown",
					 FIRN_FMT(flags->items[i].key));
		if (option->flags & FIRN_OPTION_SECRET)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "The option %s is secret and everybody sees a command "
					 "line: put it in the file or the environment",
					 option->name);
		FIRN_TRY(set_value(cx, &load->config, option, flags->items[i].value,
				   "command line"));
		load->origins[option - firn_options] = FIRN_ORIGIN_FLAG;
	}
	return FIRN_OK;
}

static firn_rc check_ranges(struct firn_ctx *cx, const struct firn_config *config)
{
	if (config->lanes < 1 || config->lanes > 512)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "lanes must be from 1 to 512, not %lld",
				 (long long)config->lanes);
	if (config->loops > 256)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "loops must be at most 256, not %lld",
				 (long long)config->loops);
	if (config->queue < 1 || config->connections < 1 || config->commit_attempts < 1)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "queue, connections and commit_attempts must be at least 1");
	if (config->request_timeout < 1 || config->body_timeout < 1 || config->head_timeout < 1 ||
	    config->idle_timeout < 1)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"request_timeout, body_timeout, head_timeout and idle_timeout must "
			"be at least 1s");
	if (config->request_memory < LEAST_MEMORY || config->body_limit < LEAST_LIMIT ||
	    config->metadata_limit < LEAST_LIMIT)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"request_memory must be at least 1m, body_limit and metadata_limit "
			"at least 64k");
	return FIRN_OK;
}

firn_rc firn_config_load(struct firn_ctx *cx, struct firn_str file, const struct firn_map *flags,
			 struct firn_config_load *ret_load)
{
	struct firn_config_load *load = firn_alloc(cx, sizeof(*load));
	if (!load)
		return cx->err.code;
	FIRN_TRY(load_defaults(cx, load));
	if (file.p)
		FIRN_TRY(load_file(cx, file, load));
	FIRN_TRY(load_environment(cx, load));
	FIRN_TRY(load_flags(cx, flags, load));
	FIRN_TRY(check_ranges(cx, &load->config));
	*ret_load = *load;
	return FIRN_OK;
}

struct firn_str firn_config_show(struct firn_ctx *cx, const struct firn_config *config,
				 const struct firn_option *option)
{
	const void *field = (const char *)config + option->offset;

	switch (option->kind) {
	case FIRN_OPTION_STR:
		if (option->flags & FIRN_OPTION_SECRET)
			return ((const struct firn_str *)field)->n ? FIRN_STR("(set)")
								   : FIRN_STR("");
		return *(const struct firn_str *)field;
	case FIRN_OPTION_BOOL:
		return *(const bool *)field ? FIRN_STR("true") : FIRN_STR("false");
	case FIRN_OPTION_SECONDS:
		return firn_printf(cx, "%llds", (long long)*(const int64_t *)field);
	case FIRN_OPTION_INT:
	case FIRN_OPTION_SIZE:
		return firn_printf(cx, "%lld", (long long)*(const int64_t *)field);
	}
	return FIRN_STR_NONE;
}

static firn_rc read_key_file(struct firn_ctx *cx, struct firn_str path,
			     struct firn_secret *ret_text)
{
	const char *name = firn_cstr(cx, path);
	char bytes[KEY_FILE_CEILING];
	FILE *file = name ? fopen(name, "re") : NULL;
	size_t n;
	firn_rc rc;

	if (!file)
		return firn_fail(cx, FIRN_E_NOT_FOUND, "master_key_file: %.*s can't be read: %s",
				 FIRN_FMT(path), strerrordesc_np(errno));
	n = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	rc = firn_secret_set(cx, ret_text, bytes, n);
	firn_wipe(bytes, sizeof(bytes));
	return rc;
}

firn_rc firn_config_master_key(struct firn_ctx *cx, const struct firn_config *config,
			       unsigned char out[static 32], bool *ret_set)
{
	FIRN_CLEANUP(firn_secret_release) struct firn_secret file = {0};
	struct firn_str hex = config->master_key;

	if (hex.n == 0 && config->master_key_file.n > 0) {
		FIRN_TRY(read_key_file(cx, config->master_key_file, &file));
		hex = (struct firn_str){(const char *)file.bytes, file.n};
	}
	hex = firn_str_trim(hex);
	*ret_set = false;
	if (hex.n == 0)
		return FIRN_OK;
	if (hex.n != 64 || firn_unhex(cx, hex, out, 32) != FIRN_OK) {
		firn_err_clear(cx);
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"The master key must be 64 hex digits; `openssl rand -hex 32` makes one");
	}
	*ret_set = true;
	return FIRN_OK;
}
