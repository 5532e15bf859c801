/*
 * Single objects of an S3 store. A put that was tried twice and then met an object is settled by
 * the object's own bytes.
 */
#include "firn/arena.h"
#include "firn/crypto.h"
#include "s3.h"

#define SMALL_ANSWER ((size_t)64 * 1024)
#define OBJECT_MAX                                                                                 \
	((size_t)1 << 40) /* more than S3 stores in one put, less than ranges overflow at */

firn_rc firn_s3_get(struct firn_ctx *cx, const struct firn_store *store,
		    const struct firn_object *object, size_t ceiling, struct firn_str *ret_bytes)
{
	const struct firn_s3 *s3 = (const struct firn_s3 *)store;
	struct firn_pair range = {.key = FIRN_STR("range")};
	struct firn_s3_request request = {
		.method = "GET",
		.key = object->key,
		.headers = &range,
		.n_headers = 1,
	};
	struct firn_s3_answer answer;

	if (ceiling > OBJECT_MAX)
		ceiling = OBJECT_MAX;
	/* One byte more than may come tells a large object from one that fits. */
	request.answer_ceiling = ceiling + 1;
	range.value = firn_printf(cx, "bytes=0-%zu", ceiling);
	if (!range.value.p)
		return cx->err.code;
	FIRN_TRY(firn_s3_call(cx, s3, &request, &answer));
	if (answer.http.status == 416) {
		*ret_bytes = FIRN_STR(""); /* an empty object has no first byte */
		return FIRN_OK;
	}
	if (answer.http.status != 200 && answer.http.status != 206)
		return firn_s3_refused(cx, s3, object->key, "reading", &answer);
	if (answer.http.body.n > ceiling)
		return firn_fail(cx, FIRN_E_TOO_LARGE,
				 "'%.*s' is larger than the limit of %zu bytes",
				 FIRN_FMT(object->uri), ceiling);
	*ret_bytes = answer.http.body.p ? answer.http.body : FIRN_STR("");
	return FIRN_OK;
}

static firn_rc head(struct firn_ctx *cx, const struct firn_s3 *s3, const struct firn_object *object,
		    struct firn_object_info *ret_info, struct firn_str *ret_etag)
{
	struct firn_s3_request request = {
		.method = "HEAD", .key = object->key, .answer_ceiling = SMALL_ANSWER};
	struct firn_s3_answer answer;

	FIRN_TRY(firn_s3_call(cx, s3, &request, &answer));
	if (answer.http.status != 200)
		return firn_s3_refused(cx, s3, object->key, "looking at", &answer);
	if (!firn_str_i64(firn_http_header(&answer.http, "content-length"), &ret_info->size) ||
	    !firn_s3_time_parse(firn_http_header(&answer.http, "last-modified"),
				&ret_info->modified_ms))
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the store answered for s3://%.*s/%.*s without size or time",
				 FIRN_FMT(s3->bucket), FIRN_FMT(object->key));
	*ret_etag = firn_http_header(&answer.http, "etag");
	return FIRN_OK;
}

firn_rc firn_s3_head(struct firn_ctx *cx, const struct firn_store *store,
		     const struct firn_object *object, struct firn_object_info *ret_info)
{
	struct firn_str etag;

	return head(cx, (const struct firn_s3 *)store, object, ret_info, &etag);
}

static firn_rc exists(struct firn_ctx *cx, const struct firn_object *object)
{
	return firn_fail(cx, FIRN_E_STORE_EXISTS, "'%.*s' exists already", FIRN_FMT(object->uri));
}

firn_rc firn_s3_same(struct firn_ctx *cx, const struct firn_s3 *s3,
		     const struct firn_object *object, struct firn_str bytes, struct firn_str etag)
{
	struct firn_object_info info;
	struct firn_str found;
	struct firn_str there;

	if (head(cx, s3, object, &info, &found) == FIRN_E_STORE_NOT_FOUND) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "'%.*s' was written and deleted meanwhile", FIRN_FMT(object->uri));
	}
	if (cx->err.code != FIRN_OK)
		return cx->err.code;
	if (info.size != (int64_t)bytes.n)
		return exists(cx, object);
	if (etag.n > 0 && firn_str_eq(found, etag))
		return FIRN_OK;
	/* Encrypted objects have other ETags. */
	FIRN_TRY(firn_s3_get(cx, &s3->store, object, bytes.n, &there));
	return firn_str_eq(there, bytes) ? FIRN_OK : exists(cx, object);
}

static struct firn_str md5_etag(struct firn_ctx *cx, struct firn_str bytes)
{
	unsigned char digest[16];
	struct firn_str hex;

	firn_md5(bytes.n > 0 ? bytes.p : "", bytes.n, digest);
	hex = firn_hex(cx, digest, sizeof(digest));
	return hex.p ? firn_printf(cx, "\"%.*s\"", FIRN_FMT(hex)) : FIRN_STR_NONE;
}

firn_rc firn_s3_put(struct firn_ctx *cx, const struct firn_store *store,
		    const struct firn_object *object, struct firn_str bytes, bool if_absent)
{
	static const struct firn_pair none_match = {{"if-none-match", 13}, {"*", 1}};
	const struct firn_s3 *s3 = (const struct firn_s3 *)store;
	struct firn_s3_request request = {
		.method = "PUT",
		.key = object->key,
		.headers = &none_match,
		.n_headers = if_absent ? 1 : 0,
		.body = bytes.p ? bytes : FIRN_STR(""),
		.answer_ceiling = SMALL_ANSWER,
	};
	struct firn_s3_answer answer;

	if (bytes.n > FIRN_S3_SINGLE_MAX)
		return firn_s3_put_parts(cx, s3, object, bytes, if_absent);
	FIRN_TRY(firn_s3_call(cx, s3, &request, &answer));
	if (answer.http.status >= 200 && answer.http.status < 300)
		return FIRN_OK;
	if (answer.http.status != 412)
		return firn_s3_refused(cx, s3, object->key, "writing", &answer);
	if (!answer.unsure)
		return exists(cx, object);
	return firn_s3_same(cx, s3, object, bytes, md5_etag(cx, bytes));
}
