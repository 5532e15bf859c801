/* Parameters in text form. Owns their copies in the arena; refuses NUL, which PostgreSQL's text
 * cannot hold. */
#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

/* Text of one array parameter; names and properties stay far below. */
#define ARRAY_CEILING ((size_t)16 << 20)

static firn_rc add(struct firn_ctx *cx, struct firn_params *p, const char *value)
{
	if (p->n >= FIRN_PARAMS_MAX)
		return firn_fail(cx, FIRN_E_INTERNAL, "a statement takes at most %d parameters",
				 FIRN_PARAMS_MAX);
	p->values[p->n++] = value;
	return FIRN_OK;
}

static firn_rc check_text(struct firn_ctx *cx, struct firn_str value)
{
	const char *nul = value.n ? memchr(value.p, '\0', value.n) : NULL;

	if (!nul)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "'%.*s' goes on with the character U+0000 at byte %zu: remove it",
			 (int)(nul - value.p), value.p, (size_t)(nul - value.p));
}

firn_rc firn_param_str(struct firn_ctx *cx, struct firn_params *p, struct firn_str value)
{
	const char *copy;

	if (!value.p)
		return add(cx, p, NULL);
	FIRN_TRY(check_text(cx, value));
	copy = firn_cstr(cx, value);
	return copy ? add(cx, p, copy) : cx->err.code;
}

firn_rc firn_param_i64(struct firn_ctx *cx, struct firn_params *p, int64_t value)
{
	char *text = firn_alloc(cx, 24);

	if (!text)
		return cx->err.code;
	snprintf(text, 24, "%" PRId64, value);
	return add(cx, p, text);
}

firn_rc firn_param_bool(struct firn_ctx *cx, struct firn_params *p, bool value)
{
	return add(cx, p, value ? "t" : "f");
}

firn_rc firn_param_uuid(struct firn_ctx *cx, struct firn_params *p, const struct firn_uuid *value)
{
	char *text;

	if (!value)
		return add(cx, p, NULL);
	text = firn_alloc(cx, FIRN_UUID_TEXT + 1);
	if (!text)
		return cx->err.code;
	firn_uuid_text(value, text);
	return add(cx, p, text);
}

firn_rc firn_param_bytes(struct firn_ctx *cx, struct firn_params *p, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *text;

	if (!bytes)
		return add(cx, p, NULL);
	text = firn_calloc(cx, n + 2, 2);
	if (!text)
		return cx->err.code;
	text[0] = '\\';
	text[1] = 'x';
	for (size_t i = 0; i < n; i++) {
		text[2 + 2 * i] = digits[from[i] >> 4];
		text[3 + 2 * i] = digits[from[i] & 15];
	}
	return add(cx, p, text);
}

static void put_element(struct firn_buf *b, struct firn_str item)
{
	if (!item.p) {
		firn_buf_cstr(b, "NULL");
		return;
	}
	firn_buf_char(b, '"');
	for (size_t i = 0; i < item.n; i++) {
		if (item.p[i] == '"' || item.p[i] == '\\')
			firn_buf_char(b, '\\');
		firn_buf_char(b, item.p[i]);
	}
	firn_buf_char(b, '"');
}

firn_rc firn_param_strs(struct firn_ctx *cx, struct firn_params *p, const struct firn_strs *values)
{
	struct firn_buf b;
	struct firn_str text;

	if (!values)
		return add(cx, p, NULL);
	firn_buf_init(&b, cx, ARRAY_CEILING);
	firn_buf_char(&b, '{');
	for (size_t i = 0; i < values->n; i++) {
		FIRN_TRY(check_text(cx, values->items[i]));
		if (i)
			firn_buf_char(&b, ',');
		put_element(&b, values->items[i]);
	}
	firn_buf_char(&b, '}');
	FIRN_TRY(firn_buf_end(&b, &text));
	return add(cx, p, text.p);
}

firn_rc firn_param_null(struct firn_ctx *cx, struct firn_params *p)
{
	return add(cx, p, NULL);
}
