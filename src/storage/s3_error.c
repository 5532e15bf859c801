/*
 * What S3 servers' errors mean: which a repetition may mend, and which code and mend the others
 * have. Decides by status and error code only, never by a message.
 */
#include "firn/arena.h"
#include "s3.h"
#include "s3_xml.h"

#define SHOWN ((size_t)200)

static firn_rc visit_error(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	struct firn_s3_answer *answer = arg;

	(void)cx;
	if (firn_xml_at(element, "Error/Code"))
		answer->code = element->text;
	else if (firn_xml_at(element, "Error/Message"))
		answer->message = element->text;
	return FIRN_OK;
}

void firn_s3_error_read(struct firn_ctx *cx, struct firn_str body, struct firn_s3_answer *answer)
{
	answer->code = answer->message = FIRN_STR_NONE;
	if (body.n == 0 || firn_xml_walk(cx, body, visit_error, answer) == FIRN_OK)
		return;
	/* A proxy's page, say. */
	firn_err_clear(cx);
	answer->code = answer->message = FIRN_STR_NONE;
}

static bool is_one_of(struct firn_str code, const char *const *names)
{
	for (; *names; names++)
		if (firn_str_is(code, *names))
			return true;
	return false;
}

bool firn_s3_retryable(const struct firn_s3_answer *answer)
{
	static const char *const codes[] = {"RequestTimeout",
					    "SlowDown",
					    "SlowDownRead",
					    "SlowDownWrite",
					    "InternalError",
					    "ServiceUnavailable",
					    "OperationAborted",
					    "ConditionalRequestConflict",
					    "Throttling",
					    "ThrottlingException",
					    "TooManyRequests",
					    "RequestLimitExceeded",
					    NULL};

	switch (answer->http.status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return is_one_of(answer->code, codes);
	}
}

/* What an administrator can do about an error code. */
static const char *mend_of(struct firn_str code, int status)
{
	static const struct {
		const char *code, *mend;
	} mends[] = {
		{"NoSuchBucket", "make the bucket, or correct the warehouse's location"},
		{"InvalidBucketName", "correct the warehouse's location"},
		{"InvalidAccessKeyId", "correct access-key-id"},
		{"SignatureDoesNotMatch", "correct secret-access-key"},
		{"ExpiredToken", "renew the storage credentials"},
		{"InvalidToken", "renew the storage credentials"},
		{"RequestTimeTooSkewed", "set the clock of this server"},
		{"AccessDenied", "allow this to the access key, in the policies of key and bucket"},
		{"AuthorizationHeaderMalformed", "correct region"},
		{"PermanentRedirect", "correct region or endpoint"},
		{"TemporaryRedirect", "correct region or endpoint"},
		{"NotImplemented", "the store does not support it"},
		{"XMinioStorageFull", "make room in the store"},
		{"QuotaExceeded", "make room in the store"},
	};

	for (size_t i = 0; i < sizeof(mends) / sizeof(*mends); i++)
		if (firn_str_is(code, mends[i].code))
			return mends[i].mend;
	if (status == 401 || status == 403)
		return "check the storage credentials and their policies";
	if (status >= 300 && status < 400)
		return "correct region or endpoint";
	return "check endpoint, region and path-style";
}

firn_rc firn_s3_refused(struct firn_ctx *cx, const struct firn_s3 *s3, struct firn_str key,
			const char *doing, const struct firn_s3_answer *answer)
{
	int status = answer->http.status;
	struct firn_str code = firn_str_sub(answer->code, 0, SHOWN);
	const char *mend = mend_of(code, status);

	if (status == 404 && !firn_str_is(code, "NoSuchBucket"))
		return firn_fail(cx, FIRN_E_STORE_NOT_FOUND, "s3://%.*s/%.*s does not exist",
				 FIRN_FMT(s3->bucket), FIRN_FMT(key));
	firn_fail(cx,
		  status > 501 || (status >= 200 && status < 300) ? FIRN_E_STORE_BROKEN
								  : FIRN_E_STORE_DENIED,
		  "%s s3://%.*s/%.*s: status %d%s%.*s: %s", doing, FIRN_FMT(s3->bucket),
		  FIRN_FMT(key), status, code.n > 0 ? " " : "", FIRN_FMT(code), mend);
	if (answer->message.n > 0)
		firn_note(cx, "the store says: %.*s",
			  FIRN_FMT(firn_str_sub(answer->message, 0, SHOWN)));
	return cx->err.code;
}
