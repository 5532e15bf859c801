/*
 * The raw scan: members of the outermost container as slices of the text. Refuses what the checker
 * refuses, and a member name twice in the outermost object; nested objects are carried unread.
 */
#include <stdlib.h>

#include "firn/arena.h"
#include "json_check.h"

struct keys {
	struct firn_str *items;
	size_t n, capacity;
};

static firn_rc keys_add(struct firn_ctx *cx, struct keys *keys, struct firn_str key)
{
	if (keys->n == keys->capacity) {
		size_t want = keys->capacity ? keys->capacity * 2 : 32;
		struct firn_str *grown =
			firn_regrow(cx, keys->items, keys->capacity * sizeof(*keys->items),
				    want * sizeof(*keys->items));

		if (!grown)
			return cx->err.code;
		keys->items = grown;
		keys->capacity = want;
	}
	keys->items[keys->n++] = key;
	return FIRN_OK;
}

static int compare_keys(const void *a, const void *b)
{
	const struct firn_str *left = a;
	const struct firn_str *right = b;

	return firn_str_cmp(*left, *right);
}

static firn_rc keys_distinct(struct firn_ctx *cx, struct keys *keys, const char *what)
{
	if (keys->n < 2)
		return FIRN_OK;
	qsort(keys->items, keys->n, sizeof(*keys->items), compare_keys);
	for (size_t i = 1; i < keys->n; i++) {
		struct firn_str key = keys->items[i];

		if (firn_str_eq(keys->items[i - 1], key))
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s: member '%.*s' occurs twice: keep one", what,
					 key.n > 128 ? 128 : (int)key.n, key.p);
	}
	return FIRN_OK;
}

static bool next_is(const struct json_scanner *s, char c)
{
	return s->p != s->end && *s->p == c;
}

/* Moves past a name and its colon. */
static firn_rc take_key(struct firn_ctx *cx, struct json_scanner *s, const char *what,
			struct keys *keys, struct firn_str *ret_key)
{
	const char *start;

	firn_json_skip_blank(s);
	start = s->p;
	if (!firn_json_skip_string(s)) {
		if (s->p == start)
			s->error = "expected a member name in double quotes";
		return firn_json_scan_fail(cx, s, what);
	}
	FIRN_TRY(firn_json_unescape(cx, (struct firn_str){start, (size_t)(s->p - start)}, ret_key));
	firn_json_skip_blank(s);
	if (!next_is(s, ':')) {
		s->error = "expected ':' after a member name";
		return firn_json_scan_fail(cx, s, what);
	}
	s->p++;
	return keys_add(cx, keys, *ret_key);
}

static firn_rc take_value(struct firn_ctx *cx, struct json_scanner *s, const char *what,
			  struct firn_str *ret_raw)
{
	const char *start;

	firn_json_skip_blank(s);
	start = s->p;
	if (!firn_json_skip_value(s, 1))
		return firn_json_scan_fail(cx, s, what);
	*ret_raw = (struct firn_str){start, (size_t)(s->p - start)};
	return FIRN_OK;
}

/* p is behind the opening bracket. */
static firn_rc scan_members(struct firn_ctx *cx, struct json_scanner *s, char closer,
			    const char *what, firn_json_visit *visit, void *arg)
{
	struct keys keys = {NULL, 0, 0};

	firn_json_skip_blank(s);
	if (next_is(s, closer)) {
		s->p++;
		return FIRN_OK;
	}
	for (;;) {
		struct firn_str key = FIRN_STR_NONE;
		struct firn_str raw;

		if (closer == '}')
			FIRN_TRY(take_key(cx, s, what, &keys, &key));
		FIRN_TRY(take_value(cx, s, what, &raw));
		FIRN_TRY(visit(cx, arg, key, raw));
		firn_json_skip_blank(s);
		if (next_is(s, closer)) {
			s->p++;
			return keys_distinct(cx, &keys, what);
		}
		if (!next_is(s, ',')) {
			s->error = closer == '}' ? "expected ',' or '}'" : "expected ',' or ']'";
			return firn_json_scan_fail(cx, s, what);
		}
		s->p++;
	}
}

firn_rc firn_json_scan(struct firn_ctx *cx, struct firn_str text, const char *what,
		       firn_json_visit *visit, void *arg)
{
	struct json_scanner s;

	firn_json_scanner_init(&s, text);
	firn_json_skip_blank(&s);
	if (!next_is(&s, '{') && !next_is(&s, '[')) {
		s.error = "expected a JSON object or array";
		return firn_json_scan_fail(cx, &s, what);
	}
	s.p++;
	FIRN_TRY(scan_members(cx, &s, s.p[-1] == '{' ? '}' : ']', what, visit, arg));
	firn_json_skip_blank(&s);
	if (s.p == s.end)
		return FIRN_OK;
	s.error = "expected the end of the text";
	return firn_json_scan_fail(cx, &s, what);
}

firn_rc firn_json_raw_str(struct firn_ctx *cx, struct firn_str raw, const char *what,
			  struct firn_str *ret_text)
{
	struct json_scanner s;

	firn_json_scanner_init(&s, raw);
	if (!firn_json_skip_string(&s))
		return firn_json_scan_fail(cx, &s, what);
	if (s.p != s.end) {
		s.error = "expected the end of a string";
		return firn_json_scan_fail(cx, &s, what);
	}
	return firn_json_unescape(cx, raw, ret_text);
}
