/*
 * Names of warehouses' contents: what a namespace level, table, view or function may be called, and
 * the two text forms of a namespace (a path for the database, dots for messages). Refuses by name
 * what would be ambiguous in a URL path or in the path form; everything else of Unicode is allowed.
 */
#include "firn/arena.h"
#include "internal.h"

#define NAME_BYTES 255
#define LEVELS_MAX 16
#define SHOWN_BYTES 160

/* Length of the control character at s[i], 0 when there is none: C0, DEL and C1. */
static size_t control_at(struct firn_str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	if (c < 0x20 || c == 0x7f)
		return 1;
	if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
		return 2;
	return 0;
}

static bool has_control(struct firn_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (control_at(s, i))
			return true;
	}
	return false;
}

static void show(struct firn_buf *b, struct firn_str s, bool valid)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		size_t control = control_at(s, i);

		if (b->n >= SHOWN_BYTES && (c & 0xc0) != 0x80) {
			firn_buf_cstr(b, "…");
			return;
		}
		if (!valid && c >= 0x80) {
			firn_buf_printf(b, "\\x%02x", c);
		} else if (control) {
			i += control - 1;
			firn_buf_printf(b, "\\u%04x", (unsigned char)s.p[i]);
		} else {
			firn_buf_char(b, s.p[i]);
		}
	}
}

struct firn_str firn_name_show(struct firn_ctx *cx, struct firn_str name)
{
	struct firn_buf b;
	struct firn_str text;

	firn_buf_init(&b, cx, SHOWN_BYTES + 64);
	show(&b, name, firn_utf8_valid(name));
	return firn_buf_end(&b, &text) == FIRN_OK ? text : FIRN_STR("");
}

/* What is wrong with a name, its length aside; NULL: nothing. */
static const char *complaint(struct firn_str name)
{
	if (!firn_utf8_valid(name))
		return "is not well-formed UTF-8";
	if (firn_str_is(name, ".") || firn_str_is(name, ".."))
		return "means a place in a path and can't be a name: choose another";
	if (has_control(name))
		return "contains a control character: remove it";
	return NULL;
}

static bool is_fine(struct firn_str name)
{
	return name.n > 0 && name.n <= NAME_BYTES && !complaint(name);
}

static firn_rc refuse_name(struct firn_ctx *cx, const char *what, struct firn_str name)
{
	const char *wrong = complaint(name);

	if (name.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s is empty: give it a name", what);
	if (wrong)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s '%.*s' %s", what,
				 FIRN_FMT(firn_name_show(cx, name)), wrong);
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "%s '%.*s' is %zu bytes long: shorten it to at most %d", what,
			 FIRN_FMT(firn_name_show(cx, name)), name.n, NAME_BYTES);
}

firn_rc firn_name_check(struct firn_ctx *cx, const char *what, struct firn_str name)
{
	return is_fine(name) ? FIRN_OK : refuse_name(cx, what, name);
}

static firn_rc refuse_level(struct firn_ctx *cx, const struct firn_strs *levels, size_t i)
{
	struct firn_str what = FIRN_STR("namespace");

	if (levels->n > 1) {
		struct firn_str text = firn_levels_text(cx, levels);

		what = firn_printf(cx, "level %zu of namespace '%.*s',", i + 1, FIRN_FMT(text));
	}
	return what.p ? refuse_name(cx, what.p, levels->items[i]) : cx->err.code;
}

firn_rc firn_levels_check(struct firn_ctx *cx, const struct firn_strs *levels)
{
	size_t bytes = 0;

	if (levels->n > LEVELS_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the namespace has %zu levels: use at most %d", levels->n,
				 LEVELS_MAX);
	for (size_t i = 0; i < levels->n; i++) {
		if (!is_fine(levels->items[i]))
			return refuse_level(cx, levels, i);
		bytes += levels->items[i].n + 1;
	}
	if (bytes > FIRN_PATH_BYTES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "the names of namespace '%.*s' are %zu bytes long together: "
				 "shorten them to at most %d",
				 FIRN_FMT(firn_levels_text(cx, levels)), bytes - 1,
				 FIRN_PATH_BYTES);
	return FIRN_OK;
}

static struct firn_str join(struct firn_ctx *cx, const struct firn_strs *levels, char separator)
{
	size_t n = 0;
	char *p, *to;

	for (size_t i = 0; i < levels->n; i++)
		n += levels->items[i].n + 1;
	if (n == 0)
		return FIRN_STR("");
	p = to = firn_alloc(cx, n);
	if (!p)
		return FIRN_STR_NONE;
	for (size_t i = 0; i < levels->n; i++) {
		if (i > 0)
			*to++ = separator;
		if (levels->items[i].n > 0)
			memcpy(to, levels->items[i].p, levels->items[i].n);
		to += levels->items[i].n;
	}
	return (struct firn_str){p, n - 1};
}

struct firn_str firn_levels_path(struct firn_ctx *cx, const struct firn_strs *levels)
{
	return join(cx, levels, FIRN_LEVEL_SEPARATOR);
}

struct firn_str firn_levels_text(struct firn_ctx *cx, const struct firn_strs *levels)
{
	return firn_name_show(cx, join(cx, levels, '.'));
}

struct firn_str firn_target_text(struct firn_ctx *cx, const struct firn_target *target)
{
	struct firn_str ns = firn_levels_text(cx, &target->levels);
	struct firn_str name = firn_name_show(cx, target->name);

	return ns.n > 0 ? firn_printf(cx, "%.*s.%.*s", FIRN_FMT(ns), FIRN_FMT(name)) : name;
}

firn_rc firn_path_levels(struct firn_ctx *cx, struct firn_str path, struct firn_strs *ret_levels)
{
	struct firn_strs levels = {NULL, 0};
	size_t n = 1;

	if (path.n == 0) {
		*ret_levels = levels;
		return FIRN_OK;
	}
	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == FIRN_LEVEL_SEPARATOR;
	levels.items = firn_calloc(cx, n, sizeof(*levels.items));
	if (!levels.items)
		return cx->err.code;
	while (levels.n < n) {
		size_t end = firn_str_find(path, FIRN_LEVEL_SEPARATOR);

		levels.items[levels.n++] = firn_str_sub(path, 0, end);
		path = firn_str_sub(path, end == SIZE_MAX ? path.n : end + 1, SIZE_MAX);
	}
	*ret_levels = levels;
	return FIRN_OK;
}
