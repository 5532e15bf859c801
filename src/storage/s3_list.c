/*
 * Listing and batch deletion of an S3 store. Takes from a listing only keys beneath the prefix that
 * was asked for: what else a server names is not ours to see.
 */
#include "firn/arena.h"
#include "firn/crypto.h"
#include "retry.h"
#include "s3.h"
#include "s3_xml.h"

#define PAGE_KEYS ((size_t)1000)
#define LIST_ANSWER ((size_t)16 << 20)
#define QUERY_MAX ((size_t)16 * 1024)
#define DELETE_KEYS ((size_t)1000)
#define DELETE_BODY ((size_t)8 << 20)

struct listing {
	const struct firn_s3 *s3;
	struct firn_str prefix;
	struct firn_store_page *page;
	size_t capacity;
	/* Of the element being read. */
	struct firn_str key;
	struct firn_object_info info;
	bool has_size, has_time;
	bool truncated;
	struct firn_str token;
};

static firn_rc bad_listing(struct firn_ctx *cx, const struct listing *l, const char *why)
{
	return firn_fail(cx, FIRN_E_STORE_BROKEN, "the listing of s3://%.*s/%.*s %s",
			 FIRN_FMT(l->s3->bucket), FIRN_FMT(l->prefix), why);
}

static firn_rc add_entry(struct firn_ctx *cx, struct listing *l)
{
	if (!l->key.p || !l->has_size || !l->has_time)
		return bad_listing(cx, l, "has an entry without key, size or time");
	if (!firn_str_starts(l->key, l->prefix))
		return bad_listing(cx, l, "has a key that does not begin with it");
	/* The prefix itself may be there, as an empty object that some tools take for a folder. */
	if (l->key.n > l->prefix.n) {
		if (l->page->n == l->capacity)
			return bad_listing(cx, l, "has more keys than were asked for");
		l->info.uri = firn_store_uri(cx, &l->s3->store, l->key);
		if (!l->info.uri.p)
			return cx->err.code;
		l->page->infos[l->page->n++] = l->info;
	}
	l->key = FIRN_STR_NONE;
	l->has_size = l->has_time = false;
	return FIRN_OK;
}

static firn_rc visit_listing(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	struct listing *l = arg;

	if (firn_xml_at(element, "ListBucketResult/Contents/Key"))
		l->key = element->text;
	else if (firn_xml_at(element, "ListBucketResult/Contents/Size"))
		l->has_size = firn_str_i64(element->text, &l->info.size) && l->info.size >= 0;
	else if (firn_xml_at(element, "ListBucketResult/Contents/LastModified"))
		l->has_time = firn_s3_time_parse(element->text, &l->info.modified_ms);
	else if (firn_xml_at(element, "ListBucketResult/Contents"))
		return add_entry(cx, l);
	else if (firn_xml_at(element, "ListBucketResult/IsTruncated"))
		l->truncated = firn_str_is(element->text, "true");
	else if (firn_xml_at(element, "ListBucketResult/NextContinuationToken"))
		l->token = element->text;
	return FIRN_OK;
}

static firn_rc list_query(struct firn_ctx *cx, const struct listing *l, struct firn_str *ret_query)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, QUERY_MAX);
	if (l->page->cursor.p)
		firn_s3_query_put(&b, "continuation-token", l->page->cursor);
	firn_s3_query_put(&b, "list-type", FIRN_STR("2"));
	firn_buf_printf(&b, "&max-keys=%zu", l->capacity);
	firn_s3_query_put(&b, "prefix", l->prefix);
	return firn_buf_end(&b, ret_query);
}

firn_rc firn_s3_list(struct firn_ctx *cx, const struct firn_store *store,
		     const struct firn_object *folder, struct firn_store_page *page)
{
	struct listing l = {
		.s3 = (const struct firn_s3 *)store,
		.prefix = folder->key.n > 0 ? firn_printf(cx, "%.*s/", FIRN_FMT(folder->key))
					    : FIRN_STR(""),
		.page = page,
		.capacity = page->size < PAGE_KEYS ? page->size : PAGE_KEYS,
	};
	struct firn_s3_request request = {
		.method = "GET", .key = FIRN_STR_NONE, .answer_ceiling = LIST_ANSWER};
	struct firn_s3_answer answer;

	page->infos = firn_calloc(cx, l.capacity, sizeof(*page->infos));
	if (!page->infos || !l.prefix.p)
		return cx->err.code;
	FIRN_TRY(list_query(cx, &l, &request.query));
	FIRN_TRY(firn_s3_call(cx, l.s3, &request, &answer));
	if (answer.http.status != 200)
		return firn_s3_refused(cx, l.s3, l.prefix, "listing", &answer);
	FIRN_TRY(firn_xml_walk(cx, answer.http.body, visit_listing, &l));
	if (l.truncated && (l.token.n == 0 || firn_str_eq(l.token, page->cursor)))
		return bad_listing(cx, &l, "goes on, but does not say where");
	page->cursor = l.truncated ? l.token : FIRN_STR_NONE;
	return FIRN_OK;
}

static firn_rc delete_body(struct firn_ctx *cx, const struct firn_object *objects, size_t n,
			   struct firn_str *ret_xml)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, DELETE_BODY);
	firn_buf_cstr(&b, "<Delete><Quiet>true</Quiet>");
	for (size_t i = 0; i < n; i++) {
		firn_buf_cstr(&b, "<Object><Key>");
		firn_xml_escape(&b, objects[i].key);
		firn_buf_cstr(&b, "</Key></Object>");
	}
	firn_buf_cstr(&b, "</Delete>");
	return firn_buf_end(&b, ret_xml);
}

/* What a batch answered: the first key that stayed, for good or for now. */
struct deletion {
	struct firn_s3_answer error; /* of the element being read */
	struct firn_str key;
	bool refused, again;
	struct firn_s3_answer first_error;
	struct firn_str first_key;
};

static firn_rc visit_deletion(struct firn_ctx *cx, void *arg,
			      const struct firn_xml_element *element)
{
	struct deletion *d = arg;

	(void)cx;
	if (firn_xml_at(element, "*/Error/Key")) {
		d->key = element->text;
	} else if (firn_xml_at(element, "*/Error/Code")) {
		d->error.code = element->text;
	} else if (firn_xml_at(element, "*/Error/Message")) {
		d->error.message = element->text;
	} else if (firn_xml_at(element, "*/Error") && !firn_str_is(d->error.code, "NoSuchKey")) {
		bool again = firn_s3_retryable(&d->error);

		if (!d->refused && (!again || !d->again)) {
			d->first_error = d->error;
			d->first_key = d->key;
		}
		d->again = d->again || again;
		d->refused = d->refused || !again;
	}
	return FIRN_OK;
}

static firn_rc delete_once(struct firn_ctx *cx, const struct firn_s3 *s3,
			   const struct firn_s3_request *request, struct deletion *d)
{
	struct firn_s3_answer answer;

	FIRN_TRY(firn_s3_call(cx, s3, request, &answer));
	if (answer.http.status != 200)
		return firn_s3_refused(cx, s3, FIRN_STR(""), "deleting from", &answer);
	FIRN_TRY(firn_xml_walk(cx, answer.http.body, visit_deletion, d));
	if (!d->refused)
		return FIRN_OK;
	d->first_error.http.status = 403;
	return firn_s3_refused(cx, s3, d->first_key, "deleting", &d->first_error);
}

/* A batch is deleted again whole when some keys were refused for now. */
static firn_rc delete_batch(struct firn_ctx *cx, const struct firn_s3 *s3,
			    const struct firn_object *objects, size_t n)
{
	struct firn_pair md5 = {.key = FIRN_STR("content-md5")};
	struct firn_s3_request request = {
		.method = "POST",
		.query = FIRN_STR("delete="),
		.headers = &md5,
		.n_headers = 1,
		.answer_ceiling = LIST_ANSWER,
	};
	unsigned char digest[16];

	FIRN_TRY(delete_body(cx, objects, n, &request.body));
	firn_md5(request.body.p, request.body.n, digest);
	md5.value = firn_base64(cx, digest, sizeof(digest));
	if (!md5.value.p)
		return cx->err.code;
	for (int tries = 1;; tries++) {
		struct deletion d = {0};

		FIRN_TRY(delete_once(cx, s3, &request, &d));
		if (!d.again)
			return FIRN_OK;
		if (tries == FIRN_RETRY_ATTEMPTS || !firn_retry_wait(cx, tries, 0))
			return firn_fail(cx, FIRN_E_STORE_BROKEN,
					 "deleting s3://%.*s/%.*s: %.*s after %d tries",
					 FIRN_FMT(s3->bucket), FIRN_FMT(d.first_key),
					 FIRN_FMT(d.first_error.code), tries);
	}
}

static firn_rc delete_one(struct firn_ctx *cx, const struct firn_s3 *s3,
			  const struct firn_object *object)
{
	struct firn_s3_request request = {
		.method = "DELETE", .key = object->key, .answer_ceiling = QUERY_MAX};
	struct firn_s3_answer answer;

	FIRN_TRY(firn_s3_call(cx, s3, &request, &answer));
	if (answer.http.status < 300 || firn_str_is(answer.code, "NoSuchKey"))
		return FIRN_OK;
	return firn_s3_refused(cx, s3, object->key, "deleting", &answer);
}

firn_rc firn_s3_remove(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *objects, size_t n)
{
	const struct firn_s3 *s3 = (const struct firn_s3 *)store;

	if (n == 1)
		return delete_one(cx, s3, objects);
	for (size_t from = 0; from < n; from += DELETE_KEYS) {
		size_t part = n - from < DELETE_KEYS ? n - from : DELETE_KEYS;

		FIRN_TRY(delete_batch(cx, s3, objects + from, part));
	}
	return FIRN_OK;
}
