/* gzip by zlib and zstd by libzstd. Refuses to inflate past a ceiling. */
#include "firn/compress.h"

#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#include "firn/arena.h"

#define GZIP_WINDOW (15 + 16) /* zlib's way to say: with gzip header and trailer */
#define ZSTD_LEVEL 3
#define INFLATE_CHUNK ((size_t)16 * 1024)

static firn_rc fits(struct firn_ctx *cx, struct firn_str bytes)
{
	if (bytes.n <= INT_MAX)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_TOO_LARGE, "%zu bytes are too many to compress or inflate",
			 bytes.n);
}

/* Gives back what the worst-case allocation of out did not need. */
static firn_rc shrink(struct firn_ctx *cx, char *out, size_t bound, size_t n,
		      struct firn_str *ret_bytes)
{
	char *p = firn_regrow(cx, out, bound, n);

	if (!p)
		return cx->err.code;
	*ret_bytes = (struct firn_str){p, n};
	return FIRN_OK;
}

/* zlib's input pointer lacks const although it only reads. */
static Bytef *input(struct firn_str bytes, size_t from)
{
	return (Bytef *)(uintptr_t)(bytes.p + from);
}

static void end_deflate(z_stream *z)
{
	deflateEnd(z);
}

firn_rc firn_gzip(struct firn_ctx *cx, struct firn_str plain, struct firn_str *ret_bytes)
{
	FIRN_CLEANUP(end_deflate) z_stream z = {0};
	size_t bound;
	char *out;

	FIRN_TRY(fits(cx, plain));
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	bound = deflateBound(&z, plain.n);
	out = firn_regrow(cx, NULL, 0, bound);
	if (!out)
		return cx->err.code;
	z.next_in = plain.n ? input(plain, 0) : input(FIRN_STR(""), 0);
	z.avail_in = (uInt)plain.n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)bound;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		return firn_fail(cx, FIRN_E_INTERNAL, "gzip failed");
	return shrink(cx, out, bound, z.total_out, ret_bytes);
}

firn_rc firn_zstd(struct firn_ctx *cx, struct firn_str plain, struct firn_str *ret_bytes)
{
	size_t bound;
	size_t n;
	char *out;

	FIRN_TRY(fits(cx, plain));
	bound = ZSTD_compressBound(plain.n);
	out = firn_regrow(cx, NULL, 0, bound);
	if (!out)
		return cx->err.code;
	n = ZSTD_compress(out, bound, plain.n ? plain.p : "", plain.n, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return firn_fail(cx, FIRN_E_UNAVAILABLE, "zstd failed: %s", ZSTD_getErrorName(n));
	return shrink(cx, out, bound, n, ret_bytes);
}

static void end_inflate(z_stream *z)
{
	inflateEnd(z);
}

static firn_rc bad_gzip(struct firn_ctx *cx, const z_stream *z)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "not well-formed gzip data: %s",
			 z->msg ? z->msg : "cut off");
}

/* Inflates one member from z's input into b. */
static firn_rc inflate_member(struct firn_ctx *cx, z_stream *z, size_t ceiling, struct firn_buf *b)
{
	unsigned char chunk[INFLATE_CHUNK];
	int verdict;

	do {
		size_t got;

		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		verdict = inflate(z, Z_NO_FLUSH);
		if (verdict == Z_MEM_ERROR)
			return firn_fail(cx, FIRN_E_UNAVAILABLE,
					 "the server is out of memory: try again later");
		if (verdict != Z_OK && verdict != Z_STREAM_END)
			return bad_gzip(cx, z);
		got = sizeof(chunk) - z->avail_out;
		if (got > ceiling - b->n)
			return firn_fail(cx, FIRN_E_TOO_LARGE,
					 "gzip data inflates to more than %zu bytes: send less",
					 ceiling);
		firn_buf_put(b, chunk, got);
		if (b->failed)
			return cx->err.code;
	} while (verdict != Z_STREAM_END);
	return FIRN_OK;
}

firn_rc firn_gunzip(struct firn_ctx *cx, struct firn_str bytes, size_t ceiling,
		    struct firn_str *ret_plain)
{
	FIRN_CLEANUP(end_inflate) z_stream z = {0};
	struct firn_buf b;

	FIRN_TRY(fits(cx, bytes));
	if (bytes.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "not well-formed gzip data: empty");
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	firn_buf_init(&b, cx, ceiling);
	z.next_in = input(bytes, 0);
	z.avail_in = (uInt)bytes.n;
	for (;;) {
		FIRN_TRY(inflate_member(cx, &z, ceiling, &b));
		if (z.avail_in == 0)
			return firn_buf_end(&b, ret_plain);
		if (inflateReset(&z) != Z_OK)
			return bad_gzip(cx, &z);
	}
}
