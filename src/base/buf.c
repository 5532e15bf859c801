/* Buffers that grow in the arena, and refuse to pass the ceiling they were born with. */
#include <stdarg.h>
#include <stdio.h>

#include "firn/arena.h"
#include "firn/str.h"

#define BUF_FIRST ((size_t)256)

void firn_buf_init(struct firn_buf *b, struct firn_ctx *cx, size_t ceiling)
{
	*b = (struct firn_buf){.cx = cx, .ceiling = ceiling};
}

/* Makes room for more bytes and the NUL. capacity never passes ceiling + 1, so what fits it is
 * under the ceiling. */
static bool grow(struct firn_buf *b, size_t more)
{
	size_t need;
	size_t want;
	char *p;

	if (b->failed)
		return false;
	if (more > b->ceiling - b->n || b->n + more == SIZE_MAX) {
		firn_fail(b->cx, FIRN_E_TOO_LARGE, "a text is longer than its limit of %zu bytes",
			  b->ceiling);
		b->failed = true;
		return false;
	}
	need = b->n + more + 1;
	want = b->capacity < BUF_FIRST / 2 ? BUF_FIRST : b->capacity * 2;
	if (want > b->ceiling)
		want = b->ceiling + 1;
	if (want < need || want - b->capacity > firn_arena_left(b->cx->arena))
		want = need;
	p = firn_regrow(b->cx, b->p, b->capacity, want);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->capacity = want;
	return true;
}

static inline bool reserve(struct firn_buf *b, size_t more)
{
	return (!b->failed && more < b->capacity - b->n) || grow(b, more);
}

void firn_buf_put(struct firn_buf *b, const void *bytes, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->n, bytes, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void firn_buf_str(struct firn_buf *b, struct firn_str s)
{
	firn_buf_put(b, s.p, s.n);
}

void firn_buf_cstr(struct firn_buf *b, const char *cstr)
{
	firn_buf_put(b, cstr, strlen(cstr));
}

void firn_buf_char(struct firn_buf *b, char c)
{
	if (!reserve(b, 1))
		return;
	b->p[b->n++] = c;
	b->p[b->n] = '\0';
}

void firn_buf_printf(struct firn_buf *b, const char *fmt, ...)
{
	va_list args;
	va_list again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n >= 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

firn_rc firn_buf_end(struct firn_buf *b, struct firn_str *ret_bytes)
{
	if (!b->failed)
		firn_buf_put(b, "", 0);
	if (b->failed)
		return firn_fail(b->cx, FIRN_E_TOO_LARGE,
				 "a text is longer than its limit of %zu bytes", b->ceiling);
	*ret_bytes = (struct firn_str){b->p, b->n};
	return FIRN_OK;
}
