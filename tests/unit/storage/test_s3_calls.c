/*
 * The S3 store against scripted answers: what it sends, when it tries again, and what it makes of
 * errors that real servers give rarely.
 */
#include "../../../src/storage/retry.h"
#include "../../../src/storage/s3.h"
#include "../base/fixture.h"
#include "firn/clock.h"
#include "scripted.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define STATUS(line) "HTTP/1.1 " line "\r\nContent-Length: 0\r\n\r\n"
#define SLOW_DOWN STATUS("503 Slow Down")
#define BROKEN ""

struct world {
	struct firn_ctx cx;
	struct scripted server;
	struct firn_store *store;
	struct firn_str uri;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	firn_ctx_init(&w->cx, firn_arena_new((size_t)512 << 20));
	w->cx.http = firn_http_new();
	w->uri = FIRN_STR("s3://lake/wh/t/x");
	*state = w;
	return w->cx.http ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	scripted_stop(&w->server);
	firn_store_free(w->store);
	firn_http_free(w->cx.http);
	firn_arena_free(w->cx.arena);
	free(w);
	return 0;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void start(struct world *w, const char *const *answers, size_t n)
{
	unsigned char secret[] = "secret";
	struct firn_store_profile profile = {.root = FIRN_STR("s3://lake/wh"), .path_style = true};

	for (size_t i = 0; i < n; i++)
		w->server.answers[i] = answers[i];
	w->server.n = n;
	scripted_start(&w->server);
	profile.endpoint = firn_printf(&w->cx, "http://127.0.0.1:%u", w->server.port);
	profile.access_key = FIRN_STR("key");
	profile.secret_key = (struct firn_secret){secret, 6};
	profile.session_token = profile.secret_key;
	assert_ok(&w->cx, firn_store_open(&w->cx, &profile, &w->store));
}
#define START(w, ...)                                                                              \
	do {                                                                                       \
		static const char *const answers_[] = {__VA_ARGS__};                               \
		start(w, answers_, sizeof(answers_) / sizeof(*answers_));                          \
	} while (0)

static void saw(const struct world *w, size_t i, const char *part)
{
	if (!strstr(w->server.requests[i], part))
		fail_msg("request %zu: '%s' not in '%s'", i, part, w->server.requests[i]);
}

static const char *with_body(struct world *w, const char *status, const char *body)
{
	return firn_printf(&w->cx, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
			   strlen(body), body)
		.p;
}

static void test_sent(void **state)
{
	struct world *w = *state;
	struct firn_str uri = FIRN_STR("s3a://lake/wh//a b/+%2F#\xC3\xA4");

	START(w, OK_EMPTY);
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, uri, FIRN_STR("hello"), true));
	saw(w, 0, "PUT /lake/wh//a%20b/%2B%252F%23%C3%A4 HTTP/1.1\r\n");
	saw(w, 0, "if-none-match: *\r\n");
	saw(w, 0, "x-amz-security-token: secret\r\n");
	saw(w, 0,
	    "x-amz-content-sha256: "
	    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n");
	saw(w, 0, "authorization: AWS4-HMAC-SHA256 Credential=key/");
	saw(w, 0,
	    "/us-east-1/s3/aws4_request, SignedHeaders=host;if-none-match;"
	    "x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=");
	saw(w, 0, "\r\n\r\nhello");
}

static void test_retried(void **state)
{
	struct world *w = *state;
	struct firn_str bytes;

	START(w, SLOW_DOWN, BROKEN, STATUS("500 Oops"),
	      "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello");
	assert_ok(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 100, &bytes));
	assert_text(bytes, "hello");
	assert_int_equal(w->server.seen, 4);
	saw(w, 3, "range: bytes=0-100\r\n");
	assert_int_equal(w->cx.err.code, FIRN_OK);
	assert_true(w->cx.deadline_ns == 0);
}

static void test_given_up(void **state)
{
	struct world *w = *state;
	struct firn_str bytes;

	START(w, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, OK_EMPTY);
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 100, &bytes),
		     FIRN_E_STORE_BROKEN, "s3://lake/wh/t/x: status 503  after 4 tries");
	assert_int_equal(w->server.seen, 4);
}

static void test_retried_codes(void **state)
{
	struct world *w = *state;
	const char *answers[] = {
		with_body(w, "400 Bad Request", "<Error><Code>RequestTimeout</Code></Error>"),
		with_body(w, "409 Conflict", "<Error><Code>OperationAborted</Code></Error>"),
		STATUS("429 Too Many Requests"), OK_EMPTY};

	start(w, answers, 4);
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("x"), false));
	assert_int_equal(w->server.seen, 4);
}

/* A wait that would outlast the deadline is not begun. */
static void test_deadline(void **state)
{
	struct world *w = *state;
	struct firn_str bytes;
	int64_t begin = firn_monotonic_ns(&w->cx);

	START(w, "HTTP/1.1 503 Slow\r\nRetry-After: 15\r\nContent-Length: 0\r\n\r\n", OK_EMPTY);
	w->cx.deadline_ns = begin + (int64_t)10 * 1000000000;
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 100, &bytes),
		     FIRN_E_STORE_BROKEN, "after 1 tries");
	assert_true(w->cx.deadline_ns == begin + (int64_t)10 * 1000000000);
	assert_true(firn_monotonic_ns(&w->cx) - begin < (int64_t)8 * 1000000000);
	assert_int_equal(w->server.seen, 1);
}

static void check_refused(struct world *w, const char *status, const char *body, firn_rc want,
			  const char *part)
{
	struct firn_str bytes;
	const char *answer = with_body(w, status, body);

	memset(&w->server, 0, sizeof(w->server));
	start(w, &answer, 1);
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 100, &bytes), want, part);
	scripted_stop(&w->server);
	firn_store_free(w->store);
	w->store = NULL;
}

static void test_refused(void **state)
{
	struct world *w = *state;

	check_refused(w, "404 Not Found", "<Error><Code>NoSuchKey</Code></Error>",
		      FIRN_E_STORE_NOT_FOUND, "s3://lake/wh/t/x does not exist");
	check_refused(w, "404 Not Found", "<html>", FIRN_E_STORE_NOT_FOUND, "does not exist");
	check_refused(w, "404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>",
		      FIRN_E_STORE_DENIED, "make the bucket");
	check_refused(w, "403 Forbidden", "<Error><Code>SignatureDoesNotMatch</Code></Error>",
		      FIRN_E_STORE_DENIED, "correct secret-access-key");
	check_refused(w, "403 Forbidden", "", FIRN_E_STORE_DENIED, "check the storage credentials");
	check_refused(w, "403 Forbidden", "<Error><Code>RequestTimeTooSkewed</Code></Error>",
		      FIRN_E_STORE_DENIED, "set the clock");
	check_refused(w, "301 Moved", "<Error><Code>PermanentRedirect</Code></Error>",
		      FIRN_E_STORE_DENIED, "correct region or endpoint");
	check_refused(w, "400 Bad Request", "<Error><Code>InvalidArgument</Code></Error>",
		      FIRN_E_STORE_DENIED, "status 400 InvalidArgument");
	check_refused(w, "501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>",
		      FIRN_E_STORE_DENIED, "does not support");
	check_refused(w, "507 Full", "<Error><Code>XMinioStorageFull</Code></Error>",
		      FIRN_E_STORE_BROKEN, "make room");
	check_refused(w, "204 No", "", FIRN_E_STORE_BROKEN, "status 204");
	START(w, OK_EMPTY);
}

static void test_empty_and_large(void **state)
{
	struct world *w = *state;
	struct firn_str bytes = FIRN_STR_NONE;

	START(w, STATUS("416 Range"),
	      "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\n\r\nhello!",
	      STATUS("206 Part"));
	assert_ok(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 5, &bytes));
	assert_true(bytes.p && bytes.n == 0);
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 5, &bytes), FIRN_E_TOO_LARGE,
		     "limit of 5 bytes");
	assert_ok(&w->cx, firn_store_get(&w->cx, w->store, w->uri, SIZE_MAX, &bytes));
}

#define HEAD_OF(size, etag)                                                                        \
	"HTTP/1.1 200 OK\r\nContent-Length: " size "\r\nETag: " etag                               \
	"\r\nLast-Modified: Mon, 12 Oct 2009 17:50:30 GMT\r\n\r\n"
#define PRECONDITION STATUS("412 Precondition Failed")

static void test_exists(void **state)
{
	struct world *w = *state;

	START(w, PRECONDITION);
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
}

/* The first try took effect though its answer was lost: our own object is no conflict. */
static void test_own_by_etag(void **state)
{
	struct world *w = *state;

	START(w, BROKEN, PRECONDITION, HEAD_OF("5", "\"5d41402abc4b2a76b9719d911017c592\""));
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true));
	assert_int_equal(w->server.seen, 3);
}

static void test_own_by_bytes(void **state)
{
	struct world *w = *state;

	START(w, SLOW_DOWN, PRECONDITION, HEAD_OF("5", "\"encrypted\""),
	      "HTTP/1.1 206 Part\r\nContent-Length: 5\r\n\r\nhello");
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true));
	assert_int_equal(w->server.seen, 4);
}

static void test_others(void **state)
{
	struct world *w = *state;

	START(w, BROKEN, PRECONDITION, HEAD_OF("5", "\"encrypted\""),
	      "HTTP/1.1 206 Part\r\nContent-Length: 5\r\n\r\nother", BROKEN, PRECONDITION,
	      HEAD_OF("6", "\"x\""), BROKEN, PRECONDITION, STATUS("404 Not Found"));
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, FIRN_STR("hello"), true),
		     FIRN_E_STORE_BROKEN, "deleted meanwhile");
}

static void test_list(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	const char *answers[] = {
		with_body(w, "200 OK",
			  "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>true"
			  "</IsTruncated><NextContinuationToken>a+b/&amp;=</NextContinuationToken>"
			  "<Contents><Key>wh/t/</Key><LastModified>2009-10-12T17:50:30.000Z"
			  "</LastModified><Size>0</Size></Contents>"
			  "<Contents><Key>wh/t/a&amp;b</Key><LastModified>2009-10-12T17:50:30.000Z"
			  "</LastModified><ETag>\"x\"</ETag><Size>7</Size></Contents>"
			  "<Contents><Key>wh/t/../c</Key><LastModified>2009-10-12T17:50:30.000Z"
			  "</LastModified><Size>7</Size></Contents></ListBucketResult>"),
		with_body(w, "200 OK",
			  "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")};
	struct firn_str cursor = FIRN_STR_NONE;
	struct firn_object_info *infos;
	size_t n;

	start(w, answers, 2);
	assert_ok(cx, firn_store_list(cx, w->store, FIRN_STR("s3n://lake/wh/t"), 3, &cursor, &infos,
				      &n));
	assert_int_equal(n, 1);
	assert_text(infos[0].uri, "s3://lake/wh/t/a&b");
	assert_int_equal(infos[0].size, 7);
	assert_true(infos[0].modified_ms == 1255369830000);
	assert_text(cursor, "a+b/&=");
	assert_ok(cx, firn_store_list(cx, w->store, FIRN_STR("s3n://lake/wh/t"), 3, &cursor, &infos,
				      &n));
	assert_int_equal(n, 0);
	assert_null(cursor.p);
	saw(w, 0, "GET /lake/?list-type=2&max-keys=3&prefix=wh%2Ft%2F HTTP/1.1\r\n");
	saw(w, 1, "GET /lake/?continuation-token=a%2Bb%2F%26%3D&list-type=2&max-keys=3&prefix=");
}

static void test_bad_list(void **state)
{
	static const struct {
		const char *body, *part;
	} cases[] = {
		{"", "not the XML"},
		{"<ListBucketResult><Contents>", "not the XML"},
		{"<ListBucketResult><Contents><Key>wh/t/x</Key></Contents></ListBucketResult>",
		 "without key, size or time"},
		{"<ListBucketResult><Contents><Key>wh/t10/x</Key><Size>1</Size>"
		 "<LastModified>2009-10-12T17:50:30Z</LastModified></Contents></ListBucketResult>",
		 "does not begin with it"},
		{"<ListBucketResult><Contents><Key>wh/t/x</Key><Size>-1</Size>"
		 "<LastModified>2009-10-12T17:50:30Z</LastModified></Contents></ListBucketResult>",
		 "without key, size or time"},
		{"<ListBucketResult><Contents><Key>wh/t/x</Key><Size>1</Size>"
		 "<LastModified>2009-10-12T17:50:30Z</LastModified></Contents><Contents>"
		 "<Key>wh/t/y</Key><Size>1</Size><LastModified>2009-10-12T17:50:30Z</LastModified>"
		 "</Contents></ListBucketResult>",
		 "more keys than were asked for"},
		{"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
		 "does not say where"},
	};
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	const char *answers[SCRIPT_MAX];
	size_t n_cases = sizeof(cases) / sizeof(*cases);

	for (size_t i = 0; i < n_cases; i++)
		answers[i] = with_body(w, "200 OK", cases[i].body);
	start(w, answers, n_cases);
	for (size_t i = 0; i < n_cases; i++) {
		struct firn_str cursor = FIRN_STR_NONE;
		struct firn_object_info *infos;
		size_t n;

		assert_fails(cx,
			     firn_store_list(cx, w->store, FIRN_STR("s3://lake/wh/t"), 1, &cursor,
					     &infos, &n),
			     FIRN_E_STORE_BROKEN, cases[i].part);
	}
}

static void test_delete(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_str uris[] = {FIRN_STR("s3://lake/wh/a&b"), FIRN_STR("s3://lake/wh/c")};
	const char *answers[] = {
		with_body(w, "200 OK",
			  "<DeleteResult><Error><Key>wh/c</Key><Code>SlowDown</Code></Error>"
			  "<Error><Key>wh/x</Key><Code>NoSuchKey</Code></Error></DeleteResult>"),
		with_body(w, "200 OK", "<DeleteResult/>"),
		with_body(w, "200 OK",
			  "<DeleteResult><Error><Key>wh/a&amp;b</Key><Code>SlowDown</Code></Error>"
			  "<Error><Key>wh/c</Key><Code>AccessDenied</Code><Message>no</Message></"
			  "Error>"
			  "</DeleteResult>"),
		STATUS("204 No Content"),
		STATUS("403 Forbidden"),
	};

	start(w, answers, 5);
	assert_ok(cx, firn_store_delete(cx, w->store, uris, 2));
	saw(w, 0, "POST /lake/?delete= HTTP/1.1\r\n");
	saw(w, 0, "content-md5: ");
	saw(w, 1,
	    "<Delete><Quiet>true</Quiet><Object><Key>wh/a&amp;b</Key></Object>"
	    "<Object><Key>wh/c</Key></Object></Delete>");
	assert_fails(cx, firn_store_delete(cx, w->store, uris, 2), FIRN_E_STORE_DENIED,
		     "s3://lake/wh/c: status 403 AccessDenied");
	assert_ok(cx, firn_store_delete(cx, w->store, uris, 1));
	saw(w, 3, "DELETE /lake/wh/a%26b HTTP/1.1\r\n");
	assert_fails(cx, firn_store_delete(cx, w->store, uris, 1), FIRN_E_STORE_DENIED,
		     "s3://lake/wh/a");
}

#define PART_ETAG(c) "HTTP/1.1 200 OK\r\nETag: \"" c "\"\r\nContent-Length: 0\r\n\r\n"
#define ETAG_A "0cc175b9c0f1b6a831c399e269772661"
#define FIVE_PARTS                                                                                 \
	PART_ETAG(ETAG_A), PART_ETAG(ETAG_A), BROKEN, PART_ETAG(ETAG_A), PART_ETAG(ETAG_A),        \
		PART_ETAG(ETAG_A)
#define BEGUN                                                                                      \
	with_body(w, "200 OK",                                                                     \
		  "<InitiateMultipartUploadResult><UploadId>i/d</UploadId>"                        \
		  "</InitiateMultipartUploadResult>")

static struct firn_str large_bytes(struct world *w)
{
	size_t n = FIRN_S3_SINGLE_MAX + 1;
	char *bytes = firn_alloc(&w->cx, n);

	assert_non_null(bytes);
	return (struct firn_str){bytes, n};
}

static void test_parts(void **state)
{
	struct world *w = *state;
	const char *answers[] = {BEGUN, FIVE_PARTS,
				 with_body(w, "200 OK", "<CompleteMultipartUploadResult/>")};

	start(w, answers, 8);
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), true));
	saw(w, 0, "POST /lake/wh/t/x?uploads= HTTP/1.1\r\n");
	saw(w, 1, "PUT /lake/wh/t/x?partNumber=1&uploadId=i%2Fd HTTP/1.1\r\n");
	saw(w, 4, "PUT /lake/wh/t/x?partNumber=3&uploadId=i%2Fd HTTP/1.1\r\n");
	saw(w, 6, "PUT /lake/wh/t/x?partNumber=5&uploadId=i%2Fd HTTP/1.1\r\n");
	assert_int_equal(w->server.body_sizes[5], 16 << 20);
	assert_int_equal(w->server.body_sizes[6], 1);
	saw(w, 7, "POST /lake/wh/t/x?uploadId=i%2Fd HTTP/1.1\r\n");
	saw(w, 7, "if-none-match: *\r\n");
	saw(w, 7, "<Part><PartNumber>5</PartNumber><ETag>&quot;" ETAG_A "&quot;</ETag></Part>");
}

static void test_parts_aborted(void **state)
{
	struct world *w = *state;
	const char *answers[] = {
		BEGUN, PART_ETAG(ETAG_A),
		with_body(w, "403 Forbidden", "<Error><Code>AccessDenied</Code></Error>"),
		STATUS("204 No Content")};

	start(w, answers, 4);
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), false),
		     FIRN_E_STORE_DENIED,
		     "writing a part of s3://lake/wh/t/x: status 403 AccessDenied");
	saw(w, 3, "DELETE /lake/wh/t/x?uploadId=i%2Fd HTTP/1.1\r\n");
	assert_int_equal(w->server.seen, 4);
}

/* "200 OK" was sent before the server knew. */
static void test_parts_late_error(void **state)
{
	struct world *w = *state;
	const char *answers[] = {
		BEGUN, FIVE_PARTS,
		with_body(w, "200 OK", "<Error><Code>PreconditionFailed</Code></Error>"),
		STATUS("204 No Content")};

	start(w, answers, 9);
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	saw(w, 8, "DELETE /lake/wh/t/x?uploadId=i%2Fd HTTP/1.1\r\n");
}

/* A 200 that doesn't say what became of the upload: the object itself is asked. */
static void check_wordless(struct world *w, const char *body)
{
	const char *answers[] = {BEGUN, FIVE_PARTS, with_body(w, "200 OK", body),
				 STATUS("404 Not Found"), STATUS("204 No Content")};

	memset(&w->server, 0, sizeof(w->server));
	firn_err_clear(&w->cx);
	start(w, answers, 10);
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), true),
		     FIRN_E_STORE_BROKEN, "was written and deleted meanwhile");
	assert_int_equal(w->server.seen, 10);
}

static void test_parts_empty_answer(void **state)
{
	check_wordless(*state, "");
}

static void test_parts_other_answer(void **state)
{
	check_wordless(*state, "<html>busy</html>");
}

/* Blanks keep the connection alive while the server works; the error follows. */
static void test_parts_error_after_blanks(void **state)
{
	struct world *w = *state;
	const char *answers[] = {BEGUN, FIVE_PARTS,
				 with_body(w, "200 OK",
					   "  <?xml version=\"1.0\"?><Error><Code>InternalError"
					   "</Code></Error>"),
				 STATUS("204 No Content")};

	start(w, answers, 9);
	assert_fails(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), true),
		     FIRN_E_STORE_BROKEN, "InternalError");
	saw(w, 8, "DELETE /lake/wh/t/x?uploadId=i%2Fd HTTP/1.1\r\n");
}

/* The first completion took effect: its upload is gone, the object is ours by its ETag. */
static void test_parts_completed_twice(void **state)
{
	struct world *w = *state;
	const char *answers[] = {
		BEGUN, FIVE_PARTS, BROKEN,
		with_body(w, "404 Not Found", "<Error><Code>NoSuchUpload</Code></Error>"),
		HEAD_OF("67108865", "\"94273bc67c4431a82006df9a2f5547d7-5\"")};

	start(w, answers, 10);
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, w->uri, large_bytes(w), true));
	assert_int_equal(w->server.seen, 10);
}

static void test_no_lane(void **state)
{
	struct world *w = *state;
	struct firn_http *http = w->cx.http;
	struct firn_str bytes;

	START(w, OK_EMPTY);
	w->cx.http = NULL;
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, w->uri, 5, &bytes), FIRN_E_NEEDS_LANE,
		     "");
	w->cx.http = http;
}

/* Firn must not take a store that ignores conditions. */
static void test_probe_unconditional(void **state)
{
	struct world *w = *state;
	struct firn_store_check *checks;
	size_t n;

	START(w, OK_EMPTY,
	      "HTTP/1.1 206 Part\r\nContent-Length: 55\r\n\r\n"
	      "a test object of an Iceberg catalog; it may be deleted\n",
	      OK_EMPTY, STATUS("403 Forbidden"), STATUS("204 No Content"), STATUS("404 Not Found"));
	assert_ok(&w->cx, firn_store_probe(&w->cx, w->store, &checks, &n));
	assert_int_equal(n, 5);
	assert_true(checks[0].passed && checks[1].passed && checks[4].passed);
	assert_false(checks[2].passed || checks[3].passed);
	assert_non_null(strstr(checks[2].detail.p, "If-None-Match"));
	assert_non_null(strstr(checks[3].detail.p, "check the storage credentials"));
}

static void test_jitter(void **state)
{
	struct world *w = *state;
	int64_t before = w->cx.deadline_ns;

	START(w, OK_EMPTY);
	assert_int_equal(firn_retry_ceiling_ms(1), 100);
	assert_int_equal(firn_retry_ceiling_ms(3), 400);
	assert_int_equal(firn_retry_ceiling_ms(100), 5000);
	w->cx.deadline_ns = firn_monotonic_ns(&w->cx) - 1;
	assert_false(firn_retry_wait(&w->cx, 1, 0));
	w->cx.deadline_ns = before;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_sent),
		WITH_SERVER(test_retried),
		WITH_SERVER(test_given_up),
		WITH_SERVER(test_retried_codes),
		WITH_SERVER(test_deadline),
		WITH_SERVER(test_refused),
		WITH_SERVER(test_empty_and_large),
		WITH_SERVER(test_exists),
		WITH_SERVER(test_own_by_etag),
		WITH_SERVER(test_own_by_bytes),
		WITH_SERVER(test_others),
		WITH_SERVER(test_list),
		WITH_SERVER(test_bad_list),
		WITH_SERVER(test_delete),
		WITH_SERVER(test_parts),
		WITH_SERVER(test_parts_aborted),
		WITH_SERVER(test_parts_late_error),
		WITH_SERVER(test_parts_completed_twice),
		WITH_SERVER(test_parts_empty_answer),
		WITH_SERVER(test_parts_other_answer),
		WITH_SERVER(test_parts_error_after_blanks),
		WITH_SERVER(test_no_lane),
		WITH_SERVER(test_probe_unconditional),
		WITH_SERVER(test_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
