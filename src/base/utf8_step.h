/* One step over UTF-8 text, shared by the files of this room. */
#ifndef FIRN_BASE_UTF8_STEP_H
#define FIRN_BASE_UTF8_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Length of the well-formed sequence at p (n >= 1 bytes are readable), 0 when it is ill-formed. */
static inline size_t firn_utf8_step(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = 0x80;
	unsigned char high = 0xBF;
	size_t want;

	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xC2 && u[0] <= 0xDF)
		want = 2;
	else if (u[0] >= 0xE0 && u[0] <= 0xEF)
		want = 3;
	else if (u[0] >= 0xF0 && u[0] <= 0xF4)
		want = 4;
	else
		return 0;
	/* The second byte excludes overlong forms, surrogates and what lies past U+10FFFF. */
	if (u[0] == 0xE0)
		low = 0xA0;
	else if (u[0] == 0xED)
		high = 0x9F;
	else if (u[0] == 0xF0)
		low = 0x90;
	else if (u[0] == 0xF4)
		high = 0x8F;
	if (n < want || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if ((u[i] & 0xC0) != 0x80)
			return 0;
	return want;
}

/* True when the n bytes at p could be the start of a longer sequence. */
static inline bool firn_utf8_is_prefix(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t want = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : u[0] >= 0xC2 ? 2 : 1;

	if (u[0] > 0xF4 || n >= want)
		return false;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xC0) != 0x80)
			return false;
	return true;
}

/* Eight bytes at a time: the high bit of every byte of the result that equals c is set (other bits
 * above the first such byte may be too). */
static inline uint64_t firn_bytes_equal(uint64_t word, unsigned char c)
{
	uint64_t diff = word ^ (0x0101010101010101u * c);

	return (diff - 0x0101010101010101u) & ~diff & 0x8080808080808080u;
}

/* How many of the first n bytes can stand in a JSON string as they are: ASCII, no control
 * character, quote or backslash. */
static inline size_t firn_json_plain(const char *p, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t word;
		uint64_t bad;

		memcpy(&word, p + i, sizeof(word));
		bad = firn_bytes_equal(word, '"') | firn_bytes_equal(word, '\\');
		bad |= (word - 0x2020202020202020u) & ~word & 0x8080808080808080u;
		bad |= word & 0x8080808080808080u;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		/* Only bits above the first true one can be false. */
		if (bad)
			return i + (size_t)__builtin_ctzll(bad) / 8;
#else
		if (bad)
			break;
#endif
	}
	for (; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
			break;
	}
	return i;
}

#endif
