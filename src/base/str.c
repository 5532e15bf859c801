/* String slices: comparing, cutting, copying into the arena, and secrets. */
#include "firn/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/crypto.h"

bool firn_str_eq(struct firn_str a, struct firn_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int firn_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

uint64_t firn_str_hash(uint64_t hash, struct firn_str s)
{
	if (hash == 0)
		hash = 14695981039346656037ULL;
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * 1099511628211ULL;
	return hash;
}

bool firn_str_is(struct firn_str a, const char *cstr)
{
	return firn_str_eq(a, firn_str(cstr));
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool firn_str_ieq(struct firn_str a, struct firn_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool firn_str_starts(struct firn_str s, struct firn_str prefix)
{
	return s.n >= prefix.n && firn_str_eq((struct firn_str){s.p, prefix.n}, prefix);
}

bool firn_str_ends(struct firn_str s, struct firn_str suffix)
{
	if (s.n < suffix.n)
		return false;
	return suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0;
}

int firn_str_cmp(struct firn_str a, struct firn_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

size_t firn_str_find(struct firn_str s, char needle)
{
	const char *at = s.n ? memchr(s.p, needle, s.n) : NULL;

	return at ? (size_t)(at - s.p) : SIZE_MAX;
}

struct firn_str firn_str_sub(struct firn_str s, size_t from, size_t n)
{
	if (!s.p)
		return s;
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct firn_str){s.p + from, n};
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct firn_str firn_str_trim(struct firn_str s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct firn_str firn_str_dup(struct firn_ctx *cx, struct firn_str s)
{
	char *copy = s.n < SIZE_MAX ? firn_regrow(cx, NULL, 0, s.n + 1) : NULL;

	if (!copy)
		return FIRN_STR_NONE;
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return (struct firn_str){copy, s.n};
}

const char *firn_cstr(struct firn_ctx *cx, struct firn_str s)
{
	return firn_str_dup(cx, s).p;
}

struct firn_str firn_printf(struct firn_ctx *cx, const char *fmt, ...)
{
	va_list args;
	va_list again;
	char *text;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0) {
		va_end(again);
		firn_fail(cx, FIRN_E_TOO_LARGE, "a text is longer than 2 GiB");
		return FIRN_STR_NONE;
	}
	text = firn_regrow(cx, NULL, 0, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text ? (struct firn_str){text, (size_t)n} : FIRN_STR_NONE;
}

bool firn_str_i64(struct firn_str s, int64_t *ret_value)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	int64_t value = 0;

	if (s.n == (negative ? 1u : 0u))
		return false;
	for (size_t i = negative; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		/* Summed as a negative number, whose range is the wider. */
		if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
		    __builtin_sub_overflow(value, (int64_t)digit, &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*ret_value = negative ? value : -value;
	return true;
}

firn_rc firn_secret_set(struct firn_ctx *cx, struct firn_secret *secret, const void *bytes,
			size_t n)
{
	unsigned char *copy = malloc(n ? n : 1);

	if (!copy)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	if (n > 0)
		memcpy(copy, bytes, n);
	firn_secret_release(secret);
	secret->bytes = copy;
	secret->n = n;
	return FIRN_OK;
}

void firn_secret_release(struct firn_secret *secret)
{
	if (secret->bytes)
		firn_wipe(secret->bytes, secret->n);
	free(secret->bytes);
	secret->bytes = NULL;
	secret->n = 0;
}
