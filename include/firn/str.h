/*
 * Strings: slices (pointer and length, not owned, not NUL-terminated unless a function says so) and
 * buffers that grow in an arena up to a ceiling stated at birth.
 */
#ifndef FIRN_STR_H
#define FIRN_STR_H

#include <string.h>

#include "firn/ctx.h"

struct firn_str {
	const char *p;
	size_t n;
};

#define FIRN_STR(literal) ((struct firn_str){(literal), sizeof(literal) - 1})
#define FIRN_STR_NONE ((struct firn_str){NULL, 0})
/* For printf: "%.*s", FIRN_FMT(s). */
#define FIRN_FMT(s) (int)(s).n, (s).p

static inline struct firn_str firn_str(const char *cstr)
{
	return cstr ? (struct firn_str){cstr, strlen(cstr)} : FIRN_STR_NONE;
}
bool firn_str_eq(struct firn_str a, struct firn_str b);
bool firn_str_is(struct firn_str a, const char *cstr);
bool firn_str_ieq(struct firn_str a, struct firn_str b); /* ASCII case-insensitive */
bool firn_str_starts(struct firn_str s, struct firn_str prefix);
bool firn_str_ends(struct firn_str s, struct firn_str suffix);
int firn_hex_digit(char c); /* 0 to 15, either case; -1 for anything else */
/* FNV-1a, going on from an earlier hash (0: from the start). For tables and tags, not for secrets.
 */
uint64_t firn_str_hash(uint64_t hash, struct firn_str s);
int firn_str_cmp(struct firn_str a, struct firn_str b); /* bytewise, as COLLATE "C" */
/* Offset of needle in s, or SIZE_MAX. */
size_t firn_str_find(struct firn_str s, char needle);
struct firn_str firn_str_sub(struct firn_str s, size_t from, size_t n); /* clamped to s */
struct firn_str firn_str_trim(struct firn_str s);			/* ASCII blanks */
/* True when s is well-formed UTF-8 (no overlong forms, no surrogates). */
bool firn_utf8_valid(struct firn_str s);

/* Copies into the arena, NUL-terminated; .p is NULL with cx->err set at the ceiling. */
struct firn_str firn_str_dup(struct firn_ctx *cx, struct firn_str s);
const char *firn_cstr(struct firn_ctx *cx, struct firn_str s);
struct firn_str firn_printf(struct firn_ctx *cx, const char *fmt, ...) FIRN_PRINTF(2, 3);

/* Whole string to a number: false on anything but an optional '-' and digits in range. */
bool firn_str_i64(struct firn_str s, int64_t *ret_value);

/*
 * A growing buffer. Writes after a failure do nothing; firn_buf_end tells. The bytes live in the
 * arena, NUL-terminated.
 */
struct firn_buf {
	struct firn_ctx *cx;
	char *p;
	size_t n, capacity, ceiling;
	bool failed;
};
void firn_buf_init(struct firn_buf *b, struct firn_ctx *cx, size_t ceiling);
void firn_buf_put(struct firn_buf *b, const void *bytes, size_t n);
void firn_buf_str(struct firn_buf *b, struct firn_str s);
void firn_buf_cstr(struct firn_buf *b, const char *cstr);
void firn_buf_char(struct firn_buf *b, char c);
void firn_buf_printf(struct firn_buf *b, const char *fmt, ...) FIRN_PRINTF(2, 3);
firn_rc firn_buf_end(struct firn_buf *b, struct firn_str *ret_bytes) FIRN_MUST;

/* Percent-decoding of one path piece or query value. Refuses truncated or non-hex escapes, NUL and
 * ill-formed UTF-8 with BAD_REQUEST naming `what`. plus_is_space for query values. */
firn_rc firn_percent_decode(struct firn_ctx *cx, struct firn_str raw, bool plus_is_space,
			    const char *what, struct firn_str *ret_value) FIRN_MUST;
/* Percent-encodes all but RFC 3986 unreserved characters and, if keep_slash, '/'. */
void firn_percent_encode(struct firn_buf *b, struct firn_str s, bool keep_slash);

/* A secret: bytes wiped when released, never NUL-terminated for printf by accident. */
struct firn_secret {
	unsigned char *bytes;
	size_t n;
};
firn_rc firn_secret_set(struct firn_ctx *cx, struct firn_secret *secret, const void *bytes,
			size_t n) FIRN_MUST; /* malloc'ed copy */
void firn_secret_release(struct firn_secret *secret);

#endif
