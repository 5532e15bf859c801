/* Cryptography; the only door to OpenSSL. Failures of the library abort: there is no way to go on.
 */
#ifndef FIRN_CRYPTO_H
#define FIRN_CRYPTO_H

#include "firn/str.h"

#define FIRN_SHA256_BYTES 32
void firn_random(void *out, size_t n);
void firn_sha256(const void *bytes, size_t n, unsigned char out[static FIRN_SHA256_BYTES]);
/* Of the parts one after the other. */
void firn_sha256_parts(const struct firn_str *parts, size_t n,
		       unsigned char out[static FIRN_SHA256_BYTES]);
void firn_hmac_sha256(const void *key, size_t key_n, const void *bytes, size_t n,
		      unsigned char out[static FIRN_SHA256_BYTES]);
/* MD5, for S3's Content-MD5 on batch deletes only. */
void firn_md5(const void *bytes, size_t n, unsigned char out[static 16]);
bool firn_constant_time_eq(const void *a, const void *b, size_t n);
void firn_wipe(void *bytes, size_t n);

struct firn_str firn_hex(struct firn_ctx *cx, const void *bytes, size_t n); /* lower case */
firn_rc firn_unhex(struct firn_ctx *cx, struct firn_str hex, void *out, size_t n) FIRN_MUST;
struct firn_str firn_base64(struct firn_ctx *cx, const void *bytes, size_t n);
struct firn_str firn_base64url(struct firn_ctx *cx, const void *bytes, size_t n); /* no padding */
/* BAD_REQUEST on anything that is not canonical base64url without padding. */
firn_rc firn_base64url_decode(struct firn_ctx *cx, struct firn_str text,
			      struct firn_str *ret_bytes) FIRN_MUST;

/* AES-256-GCM. sealed = nonce(12) ‖ ciphertext ‖ tag(16); aad binds it to its place. */
firn_rc firn_seal(struct firn_ctx *cx, const unsigned char key[static 32], struct firn_str aad,
		  struct firn_str plain, struct firn_str *ret_sealed) FIRN_MUST;
/* INTERNAL when key, aad or bytes don't match. The plain text is a malloc'ed secret. */
firn_rc firn_unseal(struct firn_ctx *cx, const unsigned char key[static 32], struct firn_str aad,
		    struct firn_str sealed, struct firn_secret *ret_plain) FIRN_MUST;

#endif
