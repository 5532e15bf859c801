/* Known answers, text forms, and sealing that notices every changed bit. */
#include "firn/crypto.h"
#include "fixture.h"

static void test_known_answers(void **state)
{
	struct firn_ctx *cx = *state;
	unsigned char out[32];

	firn_sha256("abc", 3, out);
	assert_text(firn_hex(cx, out, 32),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	firn_sha256(NULL, 0, out);
	assert_text(firn_hex(cx, out, 32),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	firn_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out); /* RFC 4231, 2 */
	assert_text(firn_hex(cx, out, 32),
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	firn_hmac_sha256(NULL, 0, NULL, 0, out);
	assert_text(firn_hex(cx, out, 32),
		    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	firn_md5("abc", 3, out);
	assert_text(firn_hex(cx, out, 16), "900150983cd24fb0d6963f7d28e17f72");
}

static void test_hex(void **state)
{
	struct firn_ctx *cx = *state;
	unsigned char out[3] = {1, 2, 3};

	assert_fails(cx, firn_unhex(cx, FIRN_STR("00ff"), out, 3), FIRN_E_BAD_REQUEST,
		     "6 hex digits");
	assert_fails(cx, firn_unhex(cx, FIRN_STR("00ff1"), out, 2), FIRN_E_BAD_REQUEST, "found 5");
	assert_fails(cx, firn_unhex(cx, FIRN_STR("00fg11"), out, 3), FIRN_E_BAD_REQUEST, "'g'");
	assert_int_equal(out[0], 1);
	assert_ok(cx, firn_unhex(cx, FIRN_STR("00fFaB"), out, 3));
	assert_text(firn_hex(cx, out, 3), "00ffab");
	assert_text(firn_hex(cx, NULL, 0), "");
}

static void test_base64(void **state)
{
	struct firn_ctx *cx = *state;

	assert_text(firn_base64(cx, "", 0), "");
	assert_text(firn_base64(cx, "f", 1), "Zg==");
	assert_text(firn_base64(cx, "fo", 2), "Zm8=");
	assert_text(firn_base64(cx, "foobar", 6), "Zm9vYmFy");
	assert_text(firn_base64(cx, "\xFB\xFF", 2), "+/8=");
	assert_text(firn_base64url(cx, "\xFB\xFF", 2), "-_8");
	assert_text(firn_base64url(cx, "f", 1), "Zg");
}

static void test_base64url_decode(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out = FIRN_STR("untouched");

	assert_fails(cx, firn_base64url_decode(cx, FIRN_STR("Zg=="), &out), FIRN_E_BAD_REQUEST,
		     "3");
	assert_fails(cx, firn_base64url_decode(cx, FIRN_STR("+/8"), &out), FIRN_E_BAD_REQUEST, "1");
	assert_fails(cx, firn_base64url_decode(cx, FIRN_STR("Z"), &out), FIRN_E_BAD_REQUEST, "cut");
	assert_fails(cx, firn_base64url_decode(cx, FIRN_STR("Zh"), &out), FIRN_E_BAD_REQUEST,
		     "canonical");
	assert_fails(cx, firn_base64url_decode(cx, FIRN_STR("Zm9"), &out), FIRN_E_BAD_REQUEST,
		     "canonical");
	assert_text(out, "untouched");
	for (size_t n = 0; n < 100; n++) {
		unsigned char bytes[100];

		firn_random(bytes, n);
		assert_ok(cx, firn_base64url_decode(cx, firn_base64url(cx, bytes, n), &out));
		assert_int_equal(out.n, n);
		assert_memory_equal(out.p, bytes, n);
	}
}

static void test_seal(void **state)
{
	struct firn_ctx *cx = *state;
	unsigned char key[32] = {1, 2, 3};
	struct firn_str plain = FIRN_STR("the secret access key");
	struct firn_str aad = FIRN_STR("warehouse/1");
	struct firn_secret out = {NULL, 0};
	struct firn_str sealed;
	struct firn_str again;

	assert_ok(cx, firn_seal(cx, key, aad, plain, &sealed));
	assert_ok(cx, firn_seal(cx, key, aad, plain, &again));
	assert_int_equal(sealed.n, plain.n + 28);
	assert_false(firn_str_eq(sealed, again));
	assert_ok(cx, firn_unseal(cx, key, aad, sealed, &out));
	assert_int_equal(out.n, plain.n);
	assert_memory_equal(out.bytes, plain.p, plain.n);
	firn_secret_release(&out);
	assert_ok(cx, firn_seal(cx, key, FIRN_STR_NONE, FIRN_STR_NONE, &sealed));
	assert_ok(cx, firn_unseal(cx, key, FIRN_STR_NONE, sealed, &out));
	assert_int_equal(out.n, 0);
	firn_secret_release(&out);
}

static void test_unseal_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	unsigned char key[32] = {1, 2, 3};
	struct firn_secret out = {NULL, 0};
	struct firn_str sealed;
	char *bytes;

	assert_ok(cx, firn_seal(cx, key, FIRN_STR("a"), FIRN_STR("text"), &sealed));
	assert_fails(cx, firn_unseal(cx, key, FIRN_STR("b"), sealed, &out), FIRN_E_INTERNAL, "key");
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(
			firn_unseal(cx, key, FIRN_STR("a"), (struct firn_str){sealed.p, n}, &out),
			FIRN_E_INTERNAL);
	firn_err_clear(cx);
	bytes = (char *)sealed.p;
	for (size_t i = 0; i < sealed.n; i++) {
		bytes[i] ^= 1;
		assert_fails(cx, firn_unseal(cx, key, FIRN_STR("a"), sealed, &out), FIRN_E_INTERNAL,
			     "sealed");
		bytes[i] ^= 1;
	}
	key[31] ^= 1;
	assert_fails(cx, firn_unseal(cx, key, FIRN_STR("a"), sealed, &out), FIRN_E_INTERNAL, "key");
	assert_null(out.bytes);
}

static void test_constant_time(void **state)
{
	char bytes[4] = "abc";

	(void)state;
	assert_true(firn_constant_time_eq("abc", bytes, 3));
	assert_false(firn_constant_time_eq("abd", bytes, 3));
	assert_true(firn_constant_time_eq(NULL, NULL, 0));
	firn_wipe(bytes, 3);
	assert_memory_equal(bytes, "\0\0\0", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_known_answers),	 WITH_CTX(test_hex),  WITH_CTX(test_base64),
		WITH_CTX(test_base64url_decode), WITH_CTX(test_seal), WITH_CTX(test_unseal_refuses),
		WITH_CTX(test_constant_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
