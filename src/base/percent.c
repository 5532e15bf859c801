/* Percent-encoding of URI pieces (RFC 3986). Refuses what a decoder would have to guess about. */
#include "firn/arena.h"
#include "firn/str.h"

/* The byte that the escape at p stands for, -1 when it is none; n bytes are readable. */
static int escape_value(const char *p, size_t n)
{
	int high;
	int low;

	if (n < 3)
		return -1;
	high = firn_hex_digit(p[1]);
	low = firn_hex_digit(p[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

firn_rc firn_percent_decode(struct firn_ctx *cx, struct firn_str raw, bool plus_is_space,
			    const char *what, struct firn_str *ret_value)
{
	const struct firn_str shown = firn_str_sub(raw, 0, 256); /* leaves room for the mend */
	char *out = firn_regrow(cx, NULL, 0, raw.n + 1);
	size_t n = 0;

	if (!out)
		return cx->err.code;
	for (size_t i = 0; i < raw.n; i++) {
		int c = (unsigned char)raw.p[i];

		if (c == '%') {
			c = escape_value(raw.p + i, raw.n - i);
			if (c < 0)
				return firn_fail(cx, FIRN_E_BAD_REQUEST,
						 "%s '%.*s' has a '%%' at byte %zu without two hex "
						 "digits after it: write a plain '%%' as '%%25'",
						 what, FIRN_FMT(shown), i);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c == 0)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "%s '%.*s' contains a NUL character: remove it", what,
					 FIRN_FMT(shown));
		out[n++] = (char)c;
	}
	out[n] = '\0';
	if (!firn_utf8_valid((struct firn_str){out, n}))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s '%.*s' does not decode to well-formed UTF-8", what,
				 FIRN_FMT(shown));
	*ret_value = (struct firn_str){out, n};
	return FIRN_OK;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void firn_percent_encode(struct firn_buf *b, struct firn_str s, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i]) || (keep_slash && c == '/')) {
			firn_buf_char(b, s.p[i]);
		} else {
			char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

			firn_buf_put(b, escape, sizeof(escape));
		}
	}
}
