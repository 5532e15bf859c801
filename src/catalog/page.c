/*
 * Keyset paging: a page token names the last key that was given out, so that a listing stays stable
 * while others insert. Tokens are authenticated together with what they list; one that was changed,
 * made for another listing or by another catalog is refused.
 */
#include "firn/arena.h"
#include "firn/crypto.h"
#include "internal.h"

#define PAGE_DEFAULT 1000
#define PAGE_MAX 10000
#define TOKEN_BYTES 8192
/* Token: version ‖ first half of HMAC-SHA256(scope ‖ NUL ‖ key) ‖ key. */
#define TOKEN_VERSION 1
#define TAG_BYTES 16
#define HEAD_BYTES (1 + TAG_BYTES)

static firn_rc tag_of(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
		      struct firn_str key, unsigned char tag[static FIRN_SHA256_BYTES])
{
	struct firn_buf b;
	struct firn_str bytes;

	firn_buf_init(&b, cx, 2 * TOKEN_BYTES);
	firn_buf_str(&b, scope);
	firn_buf_char(&b, '\0');
	firn_buf_str(&b, key);
	FIRN_TRY(firn_buf_end(&b, &bytes));
	firn_hmac_sha256(catalog->page_key, sizeof(catalog->page_key), bytes.p, bytes.n, tag);
	return FIRN_OK;
}

static firn_rc refuse(struct firn_ctx *cx)
{
	firn_err_clear(cx);
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "pageToken is not one that this listing gave out: start again without it");
}

static firn_rc open_token(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			  struct firn_str token, struct firn_str *ret_key)
{
	unsigned char tag[FIRN_SHA256_BYTES];
	struct firn_str bytes, key;

	if (token.n > TOKEN_BYTES || firn_base64url_decode(cx, token, &bytes) != FIRN_OK)
		return refuse(cx);
	if (bytes.n <= HEAD_BYTES || bytes.p[0] != TOKEN_VERSION)
		return refuse(cx);
	key = firn_str_sub(bytes, HEAD_BYTES, SIZE_MAX);
	FIRN_TRY(tag_of(cx, catalog, scope, key, tag));
	if (!firn_constant_time_eq(tag, bytes.p + 1, TAG_BYTES))
		return refuse(cx);
	*ret_key = key;
	return FIRN_OK;
}

static firn_rc make_token(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			  struct firn_str key, struct firn_str *ret_token)
{
	unsigned char tag[FIRN_SHA256_BYTES];
	struct firn_buf b;
	struct firn_str bytes, token;

	FIRN_TRY(tag_of(cx, catalog, scope, key, tag));
	firn_buf_init(&b, cx, TOKEN_BYTES);
	firn_buf_char(&b, TOKEN_VERSION);
	firn_buf_put(&b, tag, TAG_BYTES);
	firn_buf_str(&b, key);
	FIRN_TRY(firn_buf_end(&b, &bytes));
	token = firn_base64url(cx, bytes.p, bytes.n);
	if (!token.p)
		return cx->err.code;
	*ret_token = token;
	return FIRN_OK;
}

firn_rc firn_page_start(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			const struct firn_page *page, struct firn_str *ret_after,
			int64_t *ret_limit)
{
	struct firn_str after = FIRN_STR("");
	int64_t limit = 0;

	if (page->size < 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "pageSize %lld is negative: give at least 1",
				 (long long)page->size);
	if (page->paged) {
		limit = page->size == 0 ? PAGE_DEFAULT : page->size;
		limit = limit > PAGE_MAX ? PAGE_MAX : limit;
		if (page->token.n > 0)
			FIRN_TRY(open_token(cx, catalog, scope, page->token, &after));
	}
	*ret_after = after;
	*ret_limit = limit;
	return FIRN_OK;
}

firn_rc firn_param_page(struct firn_ctx *cx, struct firn_params *p, struct firn_str after,
			int64_t limit)
{
	FIRN_TRY(firn_param_str(cx, p, after));
	return limit > 0 ? firn_param_i64(cx, p, limit + 1) : firn_param_null(cx, p);
}

firn_rc firn_page_finish(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str scope,
			 int64_t limit, const struct firn_strs *keys, size_t *n,
			 struct firn_page_answer *ret_page)
{
	struct firn_page_answer answer = {FIRN_STR_NONE};

	if (limit > 0 && *n > (size_t)limit) {
		*n = (size_t)limit;
		FIRN_TRY(make_token(cx, catalog, scope, keys->items[*n - 1], &answer.next));
	}
	*ret_page = answer;
	return FIRN_OK;
}

void firn_page_close(struct firn_jw *out, const struct firn_page_answer *page)
{
	firn_jw_end(out, ']');
	if (page->next.p) {
		firn_jw_key(out, "next-page-token");
		firn_jw_str(out, page->next);
	}
	firn_jw_end(out, '}');
}
