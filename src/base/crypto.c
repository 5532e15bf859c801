/* Random bytes, hashes, and authenticated encryption, by OpenSSL. */
#include "firn/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/arena.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

/* The library fails only when the process cannot go on: no entropy, no memory, a broken build. */
static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "firn: fatal: the cryptographic library failed: %s\n", what);
	abort();
}

void firn_random(void *out, size_t n)
{
	unsigned char *p = out;

	while (n > 0) {
		int part = n > INT_MAX ? INT_MAX : (int)n;

		must(RAND_bytes(p, part) == 1, "random bytes");
		p += part;
		n -= (size_t)part;
	}
}

static void digest(const EVP_MD *md, const void *bytes, size_t n, unsigned char *out)
{
	must(EVP_Digest(n ? bytes : "", n, out, NULL, md, NULL) == 1, "digest");
}

void firn_sha256(const void *bytes, size_t n, unsigned char out[static FIRN_SHA256_BYTES])
{
	digest(EVP_sha256(), bytes, n, out);
}

void firn_sha256_parts(const struct firn_str *parts, size_t n,
		       unsigned char out[static FIRN_SHA256_BYTES])
{
	EVP_MD_CTX *state = EVP_MD_CTX_new();
	bool ok = state && EVP_DigestInit_ex(state, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = parts[i].n == 0 || EVP_DigestUpdate(state, parts[i].p, parts[i].n) == 1;
	must(ok && EVP_DigestFinal_ex(state, out, NULL) == 1, "digest of parts");
	EVP_MD_CTX_free(state);
}

void firn_md5(const void *bytes, size_t n, unsigned char out[static 16])
{
	digest(EVP_md5(), bytes, n, out);
}

void firn_hmac_sha256(const void *key, size_t key_n, const void *bytes, size_t n,
		      unsigned char out[static FIRN_SHA256_BYTES])
{
	unsigned len = 0;

	must(key_n <= INT_MAX, "HMAC key length");
	must(HMAC(EVP_sha256(), key_n ? key : "", (int)key_n, n ? bytes : (const void *)"", n, out,
		  &len) != NULL,
	     "HMAC");
}

bool firn_constant_time_eq(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

void firn_wipe(void *bytes, size_t n)
{
	if (n > 0)
		OPENSSL_cleanse(bytes, n);
}

static void free_cipher(EVP_CIPHER_CTX **cipher)
{
	EVP_CIPHER_CTX_free(*cipher);
}

firn_rc firn_seal(struct firn_ctx *cx, const unsigned char key[static 32], struct firn_str aad,
		  struct firn_str plain, struct firn_str *ret_sealed)
{
	FIRN_CLEANUP(free_cipher) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	unsigned char *sealed;
	unsigned char *body;
	int n = 0;

	if (plain.n > INT_MAX - NONCE_BYTES - TAG_BYTES || aad.n > INT_MAX)
		return firn_fail(cx, FIRN_E_TOO_LARGE, "a secret of %zu bytes is too long",
				 plain.n);
	sealed = firn_alloc(cx, NONCE_BYTES + plain.n + TAG_BYTES);
	if (!sealed)
		return cx->err.code;
	body = sealed + NONCE_BYTES;
	must(cipher != NULL, "cipher");
	firn_random(sealed, NONCE_BYTES);
	must(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) == 1, "seal");
	if (aad.n > 0)
		must(EVP_EncryptUpdate(cipher, NULL, &n, (const unsigned char *)aad.p,
				       (int)aad.n) == 1,
		     "seal: bound data");
	if (plain.n > 0)
		must(EVP_EncryptUpdate(cipher, body, &n, (const unsigned char *)plain.p,
				       (int)plain.n) == 1,
		     "seal: text");
	must(EVP_EncryptFinal_ex(cipher, body + plain.n, &n) == 1, "seal: end");
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + plain.n) == 1,
	     "seal: tag");
	*ret_sealed = (struct firn_str){(const char *)sealed, NONCE_BYTES + plain.n + TAG_BYTES};
	return FIRN_OK;
}

/* True when the tag fits; plain has room for n bytes. */
static bool open_sealed(const unsigned char key[static 32], struct firn_str aad,
			const unsigned char *sealed, size_t n, unsigned char *plain)
{
	FIRN_CLEANUP(free_cipher) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	const unsigned char *body = sealed + NONCE_BYTES;
	unsigned char tag[TAG_BYTES];
	unsigned char end[16];
	int got = 0;

	must(cipher != NULL, "cipher");
	memcpy(tag, body + n, sizeof(tag));
	must(EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) == 1, "unseal");
	if (aad.n > 0)
		must(EVP_DecryptUpdate(cipher, NULL, &got, (const unsigned char *)aad.p,
				       (int)aad.n) == 1,
		     "unseal: bound data");
	if (n > 0)
		must(EVP_DecryptUpdate(cipher, plain, &got, body, (int)n) == 1, "unseal: text");
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1, "unseal: tag");
	return EVP_DecryptFinal_ex(cipher, end, &got) == 1;
}

firn_rc firn_unseal(struct firn_ctx *cx, const unsigned char key[static 32], struct firn_str aad,
		    struct firn_str sealed, struct firn_secret *ret_plain)
{
	struct firn_secret plain = {NULL, 0};
	bool ok;

	if (sealed.n < NONCE_BYTES + TAG_BYTES || sealed.n > INT_MAX || aad.n > INT_MAX)
		return firn_fail(cx, FIRN_E_INTERNAL, "a sealed secret is damaged: store it again");
	plain.n = sealed.n - NONCE_BYTES - TAG_BYTES;
	plain.bytes = malloc(plain.n ? plain.n : 1);
	if (!plain.bytes)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	ok = open_sealed(key, aad, (const unsigned char *)sealed.p, plain.n, plain.bytes);
	if (!ok) {
		firn_secret_release(&plain);
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "a sealed secret does not open with this server's key: "
				 "configure the key it was sealed with, or store it again");
	}
	firn_secret_release(ret_plain);
	*ret_plain = plain;
	return FIRN_OK;
}
