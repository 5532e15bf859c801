/* Outgoing signatures against AWS's published Signature Version 4 vectors, and S3's examples. */
#include "../../../src/storage/sigv4.h"
#include "../base/fixture.h"

#define PAIR(name, text)                                                                           \
	{                                                                                          \
		{(name), sizeof(name) - 1},                                                        \
		{                                                                                  \
			(text), sizeof(text) - 1                                                   \
		}                                                                                  \
	}
#define HOST PAIR("host", "example.amazonaws.com")
#define DATE PAIR("x-amz-date", "20150830T123600Z")
#define EMPTY FIRN_SIGV4_EMPTY_SHA256

struct vector {
	const char *name, *method, *path, *query;
	struct firn_pair headers[8];
	const char *payload;
	const char *signature;
};

static const struct vector suite[] = {
	{"get-vanilla",
	 "GET",
	 "/",
	 "",
	 {HOST, DATE},
	 EMPTY,
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-query-order-key-case",
	 "GET",
	 "/",
	 "Param1=value1&Param2=value2",
	 {HOST, DATE},
	 EMPTY,
	 "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-unreserved",
	 "GET",
	 "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	 "",
	 {HOST, DATE},
	 EMPTY,
	 "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"get-vanilla-utf8-query",
	 "GET",
	 "/",
	 "%E1%88%B4=bar",
	 {HOST, DATE},
	 EMPTY,
	 "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"get-header-key-duplicate",
	 "GET",
	 "/",
	 "",
	 {HOST, PAIR("my-header1", "value2"), PAIR("my-header1", "value2"),
	  PAIR("my-header1", "value1"), DATE},
	 EMPTY,
	 "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"get-header-value-order",
	 "GET",
	 "/",
	 "",
	 {HOST, PAIR("my-header1", "value4"), PAIR("my-header1", "value1"),
	  PAIR("my-header1", "value3"), PAIR("my-header1", "value2"), DATE},
	 EMPTY,
	 "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"get-header-value-trim",
	 "GET",
	 "/",
	 "",
	 {HOST, PAIR("my-header1", " value1"), PAIR("my-header2", " \"a   b   c\""), DATE},
	 EMPTY,
	 "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"post-vanilla",
	 "POST",
	 "/",
	 "",
	 {DATE, HOST},
	 EMPTY,
	 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-header-key-sort",
	 "POST",
	 "/",
	 "",
	 {PAIR("my-header1", "value1"), DATE, HOST},
	 EMPTY,
	 "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"post-x-www-form-urlencoded",
	 "POST",
	 "/",
	 "",
	 {PAIR("content-type", "application/x-www-form-urlencoded"), HOST, DATE},
	 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	 "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static struct firn_sigv4_request request_of(const struct vector *v)
{
	struct firn_sigv4_request request = {
		.method = v->method,
		.path = firn_str(v->path),
		.query = firn_str(v->query),
		.headers = v->headers,
		.payload_sha256 = firn_str(v->payload),
	};

	while (request.n_headers < 8 && v->headers[request.n_headers].key.p)
		request.n_headers++;
	return request;
}

static struct firn_secret secret_of(const char *text)
{
	return (struct firn_secret){(unsigned char *)text, strlen(text)};
}

static void check(struct firn_ctx *cx, const struct vector *v, const struct firn_sigv4_scope *scope,
		  const char *access_key, const char *secret)
{
	struct firn_sigv4_request request = request_of(v);
	struct firn_secret key = secret_of(secret);
	struct firn_str header;

	assert_ok(cx,
		  firn_sigv4_authorize(cx, &request, scope, firn_str(access_key), &key, &header));
	if (!firn_str_ends(header, firn_str(v->signature)))
		fail_msg("%s: %.*s", v->name, FIRN_FMT(header));
}

static void test_suite(void **state)
{
	struct firn_sigv4_scope scope = {"20150830T123600Z", FIRN_STR("us-east-1"),
					 FIRN_STR("service")};

	for (size_t i = 0; i < sizeof(suite) / sizeof(*suite); i++)
		check(*state, &suite[i], &scope, "AKIDEXAMPLE",
		      "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
}

#define S3_HOST PAIR("host", "examplebucket.s3.amazonaws.com")
#define S3_DATE PAIR("x-amz-date", "20130524T000000Z")
#define S3_EMPTY PAIR("x-amz-content-sha256", EMPTY)
static const struct vector s3[] = {
	{"get object",
	 "GET",
	 "/test.txt",
	 "",
	 {S3_HOST, PAIR("range", "bytes=0-9"), S3_EMPTY, S3_DATE},
	 EMPTY,
	 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"put object",
	 "PUT",
	 "/test%24file.text",
	 "",
	 {PAIR("date", "Fri, 24 May 2013 00:00:00 GMT"), S3_HOST,
	  PAIR("x-amz-content-sha256",
	       "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
	  S3_DATE, PAIR("x-amz-storage-class", "REDUCED_REDUNDANCY")},
	 "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{"lifecycle",
	 "GET",
	 "/",
	 "lifecycle=",
	 {S3_HOST, S3_EMPTY, S3_DATE},
	 EMPTY,
	 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"list",
	 "GET",
	 "/",
	 "max-keys=2&prefix=J",
	 {S3_HOST, S3_EMPTY, S3_DATE},
	 EMPTY,
	 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void test_s3(void **state)
{
	struct firn_sigv4_scope scope = {"20130524T000000Z", FIRN_STR("us-east-1"), FIRN_STR("s3")};

	for (size_t i = 0; i < sizeof(s3) / sizeof(*s3); i++)
		check(*state, &s3[i], &scope, "AKIAIOSFODNN7EXAMPLE",
		      "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
}

static void test_stages(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_sigv4_scope scope = {"20150830T123600Z", FIRN_STR("us-east-1"),
					 FIRN_STR("iam")};
	struct firn_sigv4_request request = request_of(&suite[0]);
	struct firn_secret secret = secret_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	unsigned char key[FIRN_SHA256_BYTES];
	struct firn_str text;
	struct firn_str names;

	assert_ok(cx, firn_sigv4_canonical(cx, &request, &text, &names));
	assert_text(names, "host;x-amz-date");
	assert_text(text, "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
			  "host;x-amz-date\n" EMPTY);
	firn_sigv4_key(&scope, &secret, key);
	assert_text(firn_hex(cx, key, sizeof(key)),
		    "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
	scope.service = FIRN_STR("service");
	assert_ok(cx, firn_sigv4_string_to_sign(cx, &scope, text, &text));
	assert_text(text,
		    "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
		    "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

static void test_time(void **state)
{
	char out[17];

	(void)state;
	firn_sigv4_time(1440938160999, out);
	assert_string_equal(out, "20150830T123600Z");
	firn_sigv4_time(0, out);
	assert_string_equal(out, "19700101T000000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_suite),
		WITH_CTX(test_s3),
		WITH_CTX(test_stages),
		WITH_CTX(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
