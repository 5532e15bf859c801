/*
 * Writing JSON text, streaming into a buffer. The text is well-formed UTF-8 whatever it is given;
 * reals have the fewest digits that read back as the same number.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/json.h"
#include "utf8_step.h"

/* Trees are built by this process or parsed under FIRN_JSON_DEPTH; the bound is for the stack. */
#define DUMP_DEPTH 1024

void firn_jw_init(struct firn_jw *w, struct firn_buf *out)
{
	*w = (struct firn_jw){out, false};
}

static void before_value(struct firn_jw *w)
{
	if (w->comma)
		firn_buf_char(w->out, ',');
	w->comma = true;
}

void firn_jw_begin(struct firn_jw *w, char bracket)
{
	before_value(w);
	firn_buf_char(w->out, bracket);
	w->comma = false;
}

void firn_jw_end(struct firn_jw *w, char bracket)
{
	firn_buf_char(w->out, bracket);
	w->comma = true;
}

static void put_escape(struct firn_buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char named[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at) {
		char escape[2] = {'\\', named[at - plain]};

		firn_buf_put(out, escape, sizeof(escape));
	} else {
		char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

		firn_buf_put(out, escape, sizeof(escape));
	}
}

static void put_string(struct firn_buf *out, struct firn_str s)
{
	size_t done = 0;
	size_t i = 0;

	firn_buf_char(out, '"');
	while (i < s.n) {
		size_t step = firn_json_plain(s.p + i, s.n - i);
		unsigned char c;

		i += step;
		if (i == s.n)
			break;
		c = (unsigned char)s.p[i];
		step = c >= 0x80 ? firn_utf8_step(s.p + i, s.n - i) : 0;
		if (step > 0) {
			i += step;
			continue;
		}
		firn_buf_put(out, s.p + done, i - done);
		if (c >= 0x80)
			firn_buf_cstr(out, "\xEF\xBF\xBD");
		else
			put_escape(out, c);
		done = ++i;
	}
	if (i > done)
		firn_buf_put(out, s.p + done, i - done);
	firn_buf_char(out, '"');
}

void firn_jw_key_str(struct firn_jw *w, struct firn_str key)
{
	before_value(w);
	put_string(w->out, key);
	firn_buf_char(w->out, ':');
	w->comma = false;
}

void firn_jw_key(struct firn_jw *w, const char *key)
{
	firn_jw_key_str(w, firn_str(key));
}

void firn_jw_str(struct firn_jw *w, struct firn_str value)
{
	if (!value.p) {
		firn_jw_null(w);
		return;
	}
	before_value(w);
	put_string(w->out, value);
}

void firn_jw_cstr(struct firn_jw *w, const char *value)
{
	firn_jw_str(w, firn_str(value));
}

/* Most of what a metadata file holds besides strings; printf takes several times as long. */
static void put_integer(struct firn_buf *out, int64_t value)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	firn_buf_put(out, digits + at, sizeof(digits) - at);
}

void firn_jw_i64(struct firn_jw *w, int64_t value)
{
	before_value(w);
	put_integer(w->out, value);
}

void firn_jw_i64_str(struct firn_jw *w, int64_t value)
{
	before_value(w);
	firn_buf_char(w->out, '"');
	put_integer(w->out, value);
	firn_buf_char(w->out, '"');
}

void firn_jw_bool(struct firn_jw *w, bool value)
{
	before_value(w);
	firn_buf_cstr(w->out, value ? "true" : "false");
}

void firn_jw_null(struct firn_jw *w)
{
	before_value(w);
	firn_buf_cstr(w->out, "null");
}

void firn_jw_raw(struct firn_jw *w, struct firn_str json_text)
{
	before_value(w);
	firn_buf_str(w->out, json_text);
}

void firn_jw_strs(struct firn_jw *w, const struct firn_strs *strs)
{
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < strs->n; i++)
		firn_jw_str(w, strs->items[i]);
	firn_jw_end(w, ']');
}

void firn_jw_map(struct firn_jw *w, const struct firn_map *map)
{
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < map->n; i++) {
		firn_jw_key_str(w, map->items[i].key);
		firn_jw_str(w, map->items[i].value);
	}
	firn_jw_end(w, '}');
}

static void put_real(struct firn_jw *w, double value)
{
	char text[40];

	before_value(w);
	if (!isfinite(value)) {
		firn_buf_cstr(w->out, "null"); /* JSON has no such number */
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	firn_buf_cstr(w->out, text);
	if (!strpbrk(text, ".e"))
		firn_buf_cstr(w->out, ".0"); /* stays a real when read again */
}

struct dump {
	struct firn_jw w;
	struct firn_ctx *cx;
	bool canonical;
	unsigned depth;
};

static void dump_value(struct dump *d, const struct firn_json *json);

struct member {
	struct firn_str key;
	const struct firn_json *value;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;

	return firn_str_cmp(left->key, right->key);
}

static void dump_sorted(struct dump *d, const struct firn_json *object)
{
	size_t n = firn_json_count(object);
	struct member *members = firn_calloc(d->cx, n, sizeof(*members));
	void *iter = NULL;
	size_t at = 0;

	if (!members) {
		d->w.out->failed = true;
		return;
	}
	while (at < n && firn_json_next(object, &iter, &members[at].key, &members[at].value))
		at++;
	if (at > 1)
		qsort(members, at, sizeof(*members), compare_members);
	for (size_t i = 0; i < at; i++) {
		firn_jw_key_str(&d->w, members[i].key);
		dump_value(d, members[i].value);
	}
}

static void dump_object(struct dump *d, const struct firn_json *object)
{
	const struct firn_json *value;
	struct firn_str key;
	void *iter = NULL;

	firn_jw_begin(&d->w, '{');
	if (d->canonical) {
		dump_sorted(d, object);
	} else {
		while (firn_json_next(object, &iter, &key, &value)) {
			firn_jw_key_str(&d->w, key);
			dump_value(d, value);
		}
	}
	firn_jw_end(&d->w, '}');
}

static void dump_array(struct dump *d, const struct firn_json *array)
{
	size_t n = firn_json_count(array);

	firn_jw_begin(&d->w, '[');
	for (size_t i = 0; i < n; i++)
		dump_value(d, firn_json_at(array, i));
	firn_jw_end(&d->w, ']');
}

static void dump_value(struct dump *d, const struct firn_json *json)
{
	int64_t number = 0;

	if (d->depth == DUMP_DEPTH) {
		firn_fail(d->cx, FIRN_E_INTERNAL, "JSON nested deeper than %d levels", DUMP_DEPTH);
		d->w.out->failed = true;
	}
	if (d->w.out->failed)
		return;
	d->depth++;
	switch (firn_json_type(json)) {
	case FIRN_JSON_NULL:
		firn_jw_null(&d->w);
		break;
	case FIRN_JSON_BOOL:
		firn_jw_bool(&d->w, firn_json_bool(json));
		break;
	case FIRN_JSON_INT:
		firn_json_i64(json, &number);
		firn_jw_i64(&d->w, number);
		break;
	case FIRN_JSON_REAL:
		put_real(&d->w, json_real_value((const json_t *)json));
		break;
	case FIRN_JSON_STRING:
		firn_jw_str(&d->w, firn_json_str(json));
		break;
	case FIRN_JSON_ARRAY:
		dump_array(d, json);
		break;
	case FIRN_JSON_OBJECT:
		dump_object(d, json);
		break;
	}
	d->depth--;
}

void firn_jw_json(struct firn_jw *w, const struct firn_json *json)
{
	struct dump d = {*w, w->out->cx, false, 0};

	dump_value(&d, json);
	w->comma = true;
}

firn_rc firn_json_dump(struct firn_ctx *cx, const struct firn_json *json, bool canonical,
		       struct firn_str *ret_text)
{
	struct firn_buf b;
	struct dump d = {.cx = cx, .canonical = canonical};

	firn_buf_init(&b, cx, firn_arena_left(cx->arena));
	firn_jw_init(&d.w, &b);
	dump_value(&d, json);
	return firn_buf_end(&b, ret_text);
}
