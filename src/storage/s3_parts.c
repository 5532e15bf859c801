/*
 * Multipart uploads. Every upload whose id is known ends completed or aborted; an abort has a
 * little time of its own, since the reason for it may be that time ran out. When the answer that
 * tells the id is lost, an upload without parts is left to the bucket's lifecycle rules.
 */
#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "s3.h"
#include "s3_xml.h"

#define PART_BYTES ((size_t)16 << 20)
#define PARTS_MAX ((size_t)10000)
#define ANSWER_MAX ((size_t)64 * 1024)
#define COMPLETE_MAX ((size_t)4 << 20)
#define QUERY_MAX ((size_t)8192)
#define ABORT_NS ((int64_t)5000000000)

struct upload {
	const struct firn_s3 *s3;
	const struct firn_object *object;
	struct firn_str bytes;
	bool if_absent;
	struct firn_str id;
	size_t part_bytes, n_parts;
	struct firn_str *etags; /* one of each part */
};

static firn_rc visit_id(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	struct upload *up = arg;

	(void)cx;
	if (firn_xml_at(element, "InitiateMultipartUploadResult/UploadId"))
		up->id = element->text;
	return FIRN_OK;
}

static firn_rc begin(struct firn_ctx *cx, struct upload *up)
{
	struct firn_s3_request request = {
		.method = "POST",
		.key = up->object->key,
		.query = FIRN_STR("uploads="),
		.body = FIRN_STR(""),
		.answer_ceiling = ANSWER_MAX,
	};
	struct firn_s3_answer answer;

	FIRN_TRY(firn_s3_call(cx, up->s3, &request, &answer));
	if (answer.http.status != 200)
		return firn_s3_refused(cx, up->s3, up->object->key, "beginning an upload of",
				       &answer);
	FIRN_TRY(firn_xml_walk(cx, answer.http.body, visit_id, up));
	if (up->id.n == 0)
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the store began an upload of s3://%.*s/%.*s without an id",
				 FIRN_FMT(up->s3->bucket), FIRN_FMT(up->object->key));
	return FIRN_OK;
}

/* "partNumber=N&uploadId=…", or the id alone for part 0. */
static firn_rc make_query(struct firn_ctx *cx, const struct upload *up, size_t part,
			  struct firn_str *ret_query)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, QUERY_MAX);
	if (part > 0)
		firn_buf_printf(&b, "partNumber=%zu", part);
	firn_s3_query_put(&b, "uploadId", up->id);
	return firn_buf_end(&b, ret_query);
}

/* part counts from 1. */
static firn_rc put_part(struct firn_ctx *cx, struct upload *up, size_t part)
{
	struct firn_s3_request request = {
		.method = "PUT",
		.key = up->object->key,
		.body = firn_str_sub(up->bytes, (part - 1) * up->part_bytes, up->part_bytes),
		.answer_ceiling = ANSWER_MAX,
	};
	struct firn_s3_answer answer;
	struct firn_str etag;

	FIRN_TRY(make_query(cx, up, part, &request.query));
	FIRN_TRY(firn_s3_call(cx, up->s3, &request, &answer));
	etag = firn_http_header(&answer.http, "etag");
	if (answer.http.status != 200 || etag.n == 0)
		return firn_s3_refused(cx, up->s3, up->object->key, "writing a part of", &answer);
	up->etags[part - 1] = etag;
	return FIRN_OK;
}

static firn_rc make_list(struct firn_ctx *cx, const struct upload *up, struct firn_str *ret_xml)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, COMPLETE_MAX);
	firn_buf_cstr(&b, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < up->n_parts; i++) {
		firn_buf_printf(&b, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
		firn_xml_escape(&b, up->etags[i]);
		firn_buf_cstr(&b, "</ETag></Part>");
	}
	firn_buf_cstr(&b, "</CompleteMultipartUpload>");
	return firn_buf_end(&b, ret_xml);
}

/* S3's ETag of an object in parts: MD5 of the parts' MD5s, and their number. NONE when the parts'
 * ETags are no MD5s. */
static struct firn_str whole_etag(struct firn_ctx *cx, const struct upload *up)
{
	unsigned char *digests = firn_calloc(cx, up->n_parts, 16);
	unsigned char digest[16];
	struct firn_str hex;

	for (size_t i = 0; digests && i < up->n_parts; i++) {
		hex = firn_str_sub(up->etags[i], 1, 32);
		if (up->etags[i].n != 34 || firn_unhex(cx, hex, digests + 16 * i, 16) != FIRN_OK) {
			firn_err_clear(cx);
			return FIRN_STR_NONE;
		}
	}
	if (!digests)
		return FIRN_STR_NONE;
	firn_md5(digests, 16 * up->n_parts, digest);
	hex = firn_hex(cx, digest, sizeof(digest));
	return hex.p ? firn_printf(cx, "\"%.*s-%zu\"", FIRN_FMT(hex), up->n_parts) : FIRN_STR_NONE;
}

static firn_rc visit_completed(struct firn_ctx *cx, void *arg,
			       const struct firn_xml_element *element)
{
	bool *completed = arg;

	(void)cx;
	*completed |= firn_xml_at(element, "CompleteMultipartUploadResult");
	return FIRN_OK;
}

/* This call may say 200 first and fail in the body. Without a code there, nobody knows. */
static bool said_completed(struct firn_ctx *cx, struct firn_s3_answer *answer)
{
	bool completed = false;

	if (firn_xml_walk(cx, answer->http.body, visit_completed, &completed) != FIRN_OK) {
		firn_err_clear(cx);
		return false;
	}
	if (!completed)
		firn_s3_error_read(cx, answer->http.body, answer);
	return completed;
}

static firn_rc complete(struct firn_ctx *cx, struct upload *up)
{
	static const struct firn_pair none_match = {{"if-none-match", 13}, {"*", 1}};
	struct firn_s3_request request = {
		.method = "POST",
		.key = up->object->key,
		.headers = &none_match,
		.n_headers = up->if_absent ? 1 : 0,
		.answer_ceiling = ANSWER_MAX,
	};
	struct firn_s3_answer answer;

	FIRN_TRY(make_query(cx, up, 0, &request.query));
	FIRN_TRY(make_list(cx, up, &request.body));
	FIRN_TRY(firn_s3_call(cx, up->s3, &request, &answer));
	if (answer.http.status == 200 && said_completed(cx, &answer))
		return FIRN_OK;
	/* An upload that an earlier try completed is gone, or stands in its own way. */
	if ((answer.http.status == 200 && !answer.code.p) ||
	    (answer.unsure &&
	     (answer.http.status == 412 || firn_str_is(answer.code, "NoSuchUpload"))))
		return firn_s3_same(cx, up->s3, up->object, up->bytes, whole_etag(cx, up));
	if (answer.http.status == 412 || firn_str_is(answer.code, "PreconditionFailed"))
		return firn_fail(cx, FIRN_E_STORE_EXISTS, "'%.*s' exists already",
				 FIRN_FMT(up->object->uri));
	/* Not the object is missing but its upload. */
	if (answer.http.status == 404)
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the upload of s3://%.*s/%.*s was ended by someone else",
				 FIRN_FMT(up->s3->bucket), FIRN_FMT(up->object->key));
	return firn_s3_refused(cx, up->s3, up->object->key, "completing the upload of", &answer);
}

/* Keeps the error that is set. What cannot be aborted is left to the bucket's lifecycle rules. */
static void give_up(struct firn_ctx *cx, const struct upload *up)
{
	struct firn_err err = cx->err;
	int64_t deadline = cx->deadline_ns;
	struct firn_s3_request request = {
		.method = "DELETE", .key = up->object->key, .answer_ceiling = ANSWER_MAX};
	struct firn_s3_answer answer;
	bool aborted;

	firn_err_clear(cx);
	cx->deadline_ns = firn_monotonic_ns(cx) + ABORT_NS;
	aborted = make_query(cx, up, 0, &request.query) == FIRN_OK &&
		  firn_s3_call(cx, up->s3, &request, &answer) == FIRN_OK &&
		  answer.http.status < 300;
	cx->deadline_ns = deadline;
	cx->err = err;
	if (!aborted)
		firn_note(cx, "the upload '%.*s' could not be aborted", FIRN_FMT(up->id));
}

static firn_rc transfer(struct firn_ctx *cx, struct upload *up)
{
	for (size_t part = 1; part <= up->n_parts; part++)
		FIRN_TRY(put_part(cx, up, part));
	return complete(cx, up);
}

firn_rc firn_s3_put_parts(struct firn_ctx *cx, const struct firn_s3 *s3,
			  const struct firn_object *object, struct firn_str bytes, bool if_absent)
{
	struct upload up = {
		.s3 = s3,
		.object = object,
		.bytes = bytes,
		.if_absent = if_absent,
		.part_bytes = PART_BYTES,
	};
	firn_rc rc;

	if (bytes.n / PARTS_MAX >= up.part_bytes)
		up.part_bytes = bytes.n / PARTS_MAX + 1;
	up.n_parts = (bytes.n + up.part_bytes - 1) / up.part_bytes;
	up.etags = firn_calloc(cx, up.n_parts, sizeof(*up.etags));
	if (!up.etags)
		return cx->err.code;
	FIRN_TRY(begin(cx, &up));
	rc = transfer(cx, &up);
	/* Aborting what may be completed is harmless: a completed upload has no id any more. */
	if (rc != FIRN_OK)
		give_up(cx, &up);
	return rc;
}
