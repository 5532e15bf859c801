/*
 * Building the JSON tree from what the scanner meets, with jansson's nodes. Refuses a name twice in
 * an object and reals out of range. The nodes are malloc'ed; an estimate of their memory is counted
 * against the arena's ceiling before each is made.
 */
#include <jansson.h>
#include <math.h>

#include "firn/arena.h"
#include "json_check.h"

/* What a node takes on a 64-bit system, malloc's share and the parent's table included. */
#define CONTAINER_COST ((size_t)224)
#define SCALAR_COST ((size_t)64)
#define KEY_COST ((size_t)96)

struct builder {
	struct firn_ctx *cx;
	json_t *root;
	json_t *open[FIRN_JSON_DEPTH];
	size_t depth;
	struct firn_str key;
	const char *key_start;
};

static bool no_memory(struct builder *b)
{
	firn_fail(b->cx, FIRN_E_UNAVAILABLE, "the server is out of memory: try again later");
	return false;
}

/* Gives value, or the want of memory for one, to the container that is open. */
static bool attach(struct json_scanner *s, json_t *value)
{
	struct builder *b = s->sink_arg;
	json_t *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;
	size_t before;

	if (!value)
		return no_memory(b);
	if (!parent) {
		b->root = value;
		return true;
	}
	if (json_is_array(parent))
		return json_array_append_new(parent, value) == 0 || no_memory(b);
	before = json_object_size(parent);
	if (json_object_setn_new_nocheck(parent, b->key.p, b->key.n, value) != 0)
		return no_memory(b);
	if (json_object_size(parent) > before)
		return true;
	s->p = b->key_start;
	s->error = "duplicate object key";
	return false;
}

static bool on_open(struct json_scanner *s, char bracket)
{
	struct builder *b = s->sink_arg;
	json_t *value;

	if (firn_arena_charge(b->cx, CONTAINER_COST) != FIRN_OK)
		return false;
	value = bracket == '{' ? json_object() : json_array();
	if (!attach(s, value))
		return false;
	b->open[b->depth++] = value;
	return true;
}

static void on_close(struct json_scanner *s)
{
	struct builder *b = s->sink_arg;

	b->depth--;
}

static bool on_key(struct json_scanner *s, struct firn_str quoted)
{
	struct builder *b = s->sink_arg;

	b->key_start = quoted.p;
	return firn_arena_charge(b->cx, KEY_COST + quoted.n) == FIRN_OK &&
	       firn_json_unescape(b->cx, quoted, &b->key) == FIRN_OK;
}

static bool add_string(struct json_scanner *s, struct firn_str quoted)
{
	struct builder *b = s->sink_arg;
	struct firn_str text;

	if (firn_arena_charge(b->cx, quoted.n) != FIRN_OK ||
	    firn_json_unescape(b->cx, quoted, &text) != FIRN_OK)
		return false;
	return attach(s, json_stringn_nocheck(text.p, text.n));
}

static bool add_number(struct json_scanner *s, struct firn_str raw)
{
	struct builder *b = s->sink_arg;
	const char *digits;
	int64_t integer;
	double real;

	if (firn_str_i64(raw, &integer))
		return attach(s, json_integer(integer));
	digits = firn_cstr(b->cx, raw);
	if (!digits)
		return false;
	real = strtod(digits, NULL);
	if (isfinite(real))
		return attach(s, json_real(real));
	s->p = raw.p;
	s->error = "a real number out of range";
	return false;
}

static bool on_scalar(struct json_scanner *s, struct firn_str raw)
{
	struct builder *b = s->sink_arg;

	if (firn_arena_charge(b->cx, SCALAR_COST) != FIRN_OK)
		return false;
	switch (raw.p[0]) {
	case '"':
		return add_string(s, raw);
	case 't':
		return attach(s, json_true());
	case 'f':
		return attach(s, json_false());
	case 'n':
		return attach(s, json_null());
	default:
		return add_number(s, raw);
	}
}

static void release_tree(void *ptr)
{
	json_decref(ptr);
}

firn_rc firn_json_parse_within(struct firn_ctx *cx, struct firn_str text, const char *what,
			       size_t depth, const struct firn_json **ret_json)
{
	static const struct json_sink sink = {on_open, on_key, on_scalar, on_close};
	struct builder b = {.cx = cx};
	struct json_scanner s;

	firn_json_scanner_init(&s, text);
	s.sink = &sink;
	s.sink_arg = &b;
	if (!firn_json_skip_text(&s, depth)) {
		json_decref(b.root);
		return s.error ? firn_json_scan_fail(cx, &s, what) : cx->err.code;
	}
	if (firn_arena_defer(cx, release_tree, b.root) != FIRN_OK) {
		json_decref(b.root);
		return cx->err.code;
	}
	*ret_json = (const struct firn_json *)b.root;
	return FIRN_OK;
}

firn_rc firn_json_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			const struct firn_json **ret_json)
{
	return firn_json_parse_within(cx, text, what, FIRN_JSON_DEPTH, ret_json);
}
