/* Text forms of bytes: hexadecimal, base64, base64url (RFC 4648). */
#include "firn/arena.h"
#include "firn/crypto.h"

struct firn_str firn_hex(struct firn_ctx *cx, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *u = bytes;
	char *out = firn_alloc(cx, n > (SIZE_MAX - 1) / 2 ? SIZE_MAX : 2 * n + 1);

	if (!out)
		return FIRN_STR_NONE;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[u[i] >> 4];
		out[2 * i + 1] = digits[u[i] & 15];
	}
	return (struct firn_str){out, 2 * n};
}

firn_rc firn_unhex(struct firn_ctx *cx, struct firn_str hex, void *out, size_t n)
{
	unsigned char *u = out;

	if (hex.n % 2 != 0 || hex.n / 2 != n)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "expected %zu hex digits, found %zu characters", 2 * n, hex.n);
	for (size_t i = 0; i < hex.n; i++)
		if (firn_hex_digit(hex.p[i]) < 0)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "'%c' at place %zu is no hex digit", hex.p[i], i + 1);
	for (size_t i = 0; i < n; i++)
		u[i] = (unsigned char)(firn_hex_digit(hex.p[2 * i]) * 16 +
				       firn_hex_digit(hex.p[2 * i + 1]));
	return FIRN_OK;
}

static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct firn_str encode(struct firn_ctx *cx, const unsigned char *u, size_t n,
			      const char *digits, bool padded)
{
	char *out = firn_alloc(cx, n > SIZE_MAX / 2 ? SIZE_MAX : (n + 2) / 3 * 4 + 1);
	size_t at = 0;

	if (!out)
		return FIRN_STR_NONE;
	for (size_t i = 0; i < n; i += 3) {
		unsigned part = (unsigned)u[i] << 16;

		if (i + 1 < n)
			part |= (unsigned)u[i + 1] << 8;
		if (i + 2 < n)
			part |= u[i + 2];
		out[at++] = digits[part >> 18];
		out[at++] = digits[(part >> 12) & 63];
		if (i + 1 < n)
			out[at++] = digits[(part >> 6) & 63];
		if (i + 2 < n)
			out[at++] = digits[part & 63];
	}
	while (padded && at % 4 != 0)
		out[at++] = '=';
	return (struct firn_str){out, at};
}

struct firn_str firn_base64(struct firn_ctx *cx, const void *bytes, size_t n)
{
	return encode(cx, bytes, n, std_digits, true);
}

struct firn_str firn_base64url(struct firn_ctx *cx, const void *bytes, size_t n)
{
	return encode(cx, bytes, n, url_digits, false);
}

static int url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

firn_rc firn_base64url_decode(struct firn_ctx *cx, struct firn_str text, struct firn_str *ret_bytes)
{
	char *out = firn_alloc(cx, text.n / 4 * 3 + 3);
	unsigned part = 0;
	unsigned bits = 0;
	size_t n = 0;

	if (!out)
		return cx->err.code;
	for (size_t i = 0; i < text.n; i++) {
		int value = url_value(text.p[i]);

		if (value < 0)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "character %zu is not of the base64url alphabet", i + 1);
		part = (part << 6 | (unsigned)value) & 0xFFFFFF;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(unsigned char)(part >> bits);
		}
	}
	if (text.n % 4 == 1 || (part & ((1u << bits) - 1)) != 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "base64url text is cut off or not canonical");
	*ret_bytes = (struct firn_str){out, n};
	return FIRN_OK;
}
