/* JSON strings without their escapes. Takes only what the checker has passed. */
#include "firn/arena.h"
#include "json_check.h"

static unsigned hex4(const char *p)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];

		value = value * 16 + (c <= '9' ? c - 0x30u : (c | 0x20u) - 0x61u + 10u);
	}
	return value;
}

/* Writes the UTF-8 form of code, returns its length. */
static size_t put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* *p is behind a backslash of a checked string and is moved past the escape. */
static unsigned escape_code(const char **p)
{
	char c = *(*p)++;
	unsigned code;

	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'u':
		code = hex4(*p);
		*p += 4;
		if (code < 0xD800 || code > 0xDFFF)
			return code;
		code = 0x10000 + ((code - 0xD800) << 10) + (hex4(*p + 2) - 0xDC00);
		*p += 6;
		return code;
	default:
		return (unsigned char)c;
	}
}

firn_rc firn_json_unescape(struct firn_ctx *cx, struct firn_str quoted, struct firn_str *ret_text)
{
	struct firn_str inner = {quoted.p + 1, quoted.n - 2};
	const char *p = inner.p;
	const char *end = inner.p + inner.n;
	size_t n = 0;
	char *out;

	if (firn_str_find(inner, '\\') == SIZE_MAX) {
		*ret_text = inner;
		return FIRN_OK;
	}
	out = firn_regrow(cx, NULL, 0, inner.n + 1);
	if (!out)
		return cx->err.code;
	while (p < end) {
		if (*p != '\\') {
			out[n++] = *p++;
			continue;
		}
		p++;
		n += put_utf8(out + n, escape_code(&p));
	}
	out[n] = '\0';
	*ret_text = (struct firn_str){out, n};
	return FIRN_OK;
}
