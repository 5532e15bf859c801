/*
 * AWS Signature Version 4 of requests that Firn sends. Pure: time and credentials come in. Every
 * stage is a function of its own, so that AWS's published vectors can be held against each.
 */
#ifndef FIRN_STORAGE_SIGV4_H
#define FIRN_STORAGE_SIGV4_H

#include "firn/crypto.h"
#include "firn/json.h"

#define FIRN_SIGV4_HEADERS_MAX 32
#define FIRN_SIGV4_SECRET_MAX ((size_t)256)
#define FIRN_SIGV4_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A request in canonical form but for its headers. */
struct firn_sigv4_request {
	const char *method;
	struct firn_str path;		 /* percent-encoded, as it is sent */
	struct firn_str query;		 /* encoded pairs sorted by name, as sent; empty for none */
	const struct firn_pair *headers; /* names in lower case, any order; all are signed */
	size_t n_headers;		 /* ≤ FIRN_SIGV4_HEADERS_MAX */
	struct firn_str payload_sha256;	 /* hex */
};
struct firn_sigv4_scope {
	char time[17]; /* "20150830T123600Z" */
	struct firn_str region, service;
};
/* X-Amz-Date's form of a moment. */
void firn_sigv4_time(int64_t wall_ms, char out[static 17]);

/* The canonical request, and the names in SignedHeaders. */
firn_rc firn_sigv4_canonical(struct firn_ctx *cx, const struct firn_sigv4_request *request,
			     struct firn_str *ret_text, struct firn_str *ret_signed) FIRN_MUST;
firn_rc firn_sigv4_string_to_sign(struct firn_ctx *cx, const struct firn_sigv4_scope *scope,
				  struct firn_str canonical, struct firn_str *ret_text) FIRN_MUST;
/* secret.n ≤ FIRN_SIGV4_SECRET_MAX. The caller wipes the key. */
void firn_sigv4_key(const struct firn_sigv4_scope *scope, const struct firn_secret *secret,
		    unsigned char key[static FIRN_SHA256_BYTES]);
/* The value of the Authorization header. */
firn_rc firn_sigv4_authorize(struct firn_ctx *cx, const struct firn_sigv4_request *request,
			     const struct firn_sigv4_scope *scope, struct firn_str access_key,
			     const struct firn_secret *secret,
			     struct firn_str *ret_header) FIRN_MUST;

#endif
