/* Opening S3 stores: where requests go for which settings, and settings that are refused. */
#include "../../../src/storage/s3.h"
#include "../base/fixture.h"

static struct firn_store_profile profile_of(const char *root, const char *endpoint, bool path_style)
{
	return (struct firn_store_profile){
		.root = firn_str(root), .endpoint = firn_str(endpoint), .path_style = path_style};
}

static void test_endpoint(void **state)
{
	static const struct {
		const char *root, *endpoint;
		bool path_style;
		const char *origin, *host, *base;
	} cases[] = {
		{"s3://lake/wh", "", false, "https://lake.s3.us-east-1.amazonaws.com",
		 "lake.s3.us-east-1.amazonaws.com", ""},
		{"s3://lake/wh", "", true, "https://s3.us-east-1.amazonaws.com",
		 "s3.us-east-1.amazonaws.com", "/lake"},
		{"s3://la.ke/wh", "", false, "https://s3.us-east-1.amazonaws.com",
		 "s3.us-east-1.amazonaws.com", "/la.ke"},
		{"s3://lake/wh", "http://127.0.0.1:9000", false, "http://127.0.0.1:9000",
		 "127.0.0.1:9000", "/lake"},
		{"s3://lake/wh", "http://[::1]:9000/", false, "http://[::1]:9000", "[::1]:9000",
		 "/lake"},
		{"s3://lake/wh", "HTTPS://Store.Example:443/", false, "https://lake.store.example",
		 "lake.store.example", ""},
		{"s3://lake/wh", "http://store.example:80", true, "http://store.example",
		 "store.example", "/lake"},
		{"s3://la.ke/wh", "http://store.example", false, "http://la.ke.store.example",
		 "la.ke.store.example", ""},
		{"s3://la_ke/wh", "http://store.example", false, "http://store.example",
		 "store.example", "/la_ke"},
		{"s3://lake/wh", "https://store.example/storage/v1/s3/", true,
		 "https://store.example", "store.example", "/storage/v1/s3/lake"},
	};
	struct firn_ctx *cx = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_store_profile profile =
			profile_of(cases[i].root, cases[i].endpoint, cases[i].path_style);
		const struct firn_s3 *s3;
		struct firn_store *store;

		assert_ok(cx, firn_store_open(cx, &profile, &store));
		s3 = (const struct firn_s3 *)store;
		assert_text(s3->origin, cases[i].origin);
		assert_text(s3->host, cases[i].host);
		assert_text(s3->base, cases[i].base);
		firn_store_free(store);
	}
}

static void test_region(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_store_profile profile = profile_of("s3a://lake", "", false);
	struct firn_store *store;

	profile.region = FIRN_STR("cn-north-1");
	assert_ok(cx, firn_store_open(cx, &profile, &store));
	assert_text(((const struct firn_s3 *)store)->origin,
		    "https://lake.s3.cn-north-1.amazonaws.com.cn");
	assert_text(firn_store_root(store)->normal, "s3://lake");
	firn_store_free(store);
	profile.region = FIRN_STR("eu.evil.example/");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST, "region");
}

static void test_bad_endpoint(void **state)
{
	static const char *const cases[] = {
		"127.0.0.1:9000",
		"ftp://store.example",
		"https://",
		"https://:9000",
		"https://key:secret@store.example",
		"https://store.example?x",
		"https://store.example#x",
		"https://store.example/a?x",
		"https://store.example/../x",
		"https://store.example/a//b",
		"https://store.example/%2e%2e/x",
		"https://store.example:0",
		"https://store.example:65536",
		"https://store.example:99999999",
		"https://store.example:x",
		"https://store.example:",
		"https://store.example:-1",
		"https://[::1",
		"https://[::1]x:80",
		"https://store example",
		"https://store.example\r\nx: y",
	};
	struct firn_ctx *cx = *state;
	struct firn_store *store;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_store_profile profile = profile_of("s3://lake/wh", cases[i], true);

		if (firn_store_open(cx, &profile, &store) == FIRN_OK)
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(cx->err.code, FIRN_E_BAD_REQUEST);
		assert_null(strstr(cx->err.message, "secret"));
		firn_err_clear(cx);
	}
}

static void test_credentials(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_store_profile profile = profile_of("s3://lake/wh", "", true);
	unsigned char secret[] = "secret";
	unsigned char token[] = "to\nken";
	struct firn_store *store;

	profile.access_key = FIRN_STR("key");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST,
		     "belong together");
	profile.secret_key = (struct firn_secret){secret, 6};
	assert_ok(cx, firn_store_open(cx, &profile, &store));
	firn_store_free(store);
	profile.access_key = FIRN_STR("");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST,
		     "belong together");
	profile.access_key = FIRN_STR("key/20250101");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST,
		     "access-key-id");
	profile.access_key = FIRN_STR("key");
	profile.session_token = (struct firn_secret){token, 6};
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST,
		     "session-token");
	profile.session_token.n = 0;
	profile.secret_key.n = 257;
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST, "longer");
}

static void test_time(void **state)
{
	static const char *const bad[] = {"",
					  "2009-10-12",
					  "2009-10-12T17:50:30",
					  "2009-13-12T17:50:30Z",
					  "2009-10-12T17:50:30.0x0Z",
					  "2009-10-12T17:50:30+01:00",
					  "Mon, 12 Okt 2009 17:50:30 GMT",
					  "12 Oct 2009 17:50:30 GMT",
					  "Mon, 12 Oct 2009 25:50:30 GMT",
					  "Mon, 12 Oct 2009 17:50:30 CET"};
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(firn_s3_time_parse(firn_str(bad[i]), &ms));
	assert_false(firn_s3_time_parse(FIRN_STR_NONE, &ms));
	assert_int_equal(ms, 7);
	assert_true(firn_s3_time_parse(FIRN_STR("2009-10-12T17:50:30.000Z"), &ms));
	assert_true(ms == 1255369830000);
	assert_true(firn_s3_time_parse(FIRN_STR("2009-10-12T17:50:30Z"), &ms));
	assert_true(ms == 1255369830000);
	assert_true(firn_s3_time_parse(FIRN_STR("2009-10-12T17:50:30.123456789Z"), &ms));
	assert_true(ms == 1255369830123);
	assert_true(firn_s3_time_parse(FIRN_STR("Mon, 12 Oct 2009 17:50:30 GMT"), &ms));
	assert_true(ms == 1255369830000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_endpoint),    WITH_CTX(test_region), WITH_CTX(test_bad_endpoint),
		WITH_CTX(test_credentials), WITH_CTX(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
