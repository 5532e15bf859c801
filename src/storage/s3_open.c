/*
 * Opening an S3 store: where its requests go. Refuses endpoints that carry credentials, queries or
 * paths that resolve elsewhere, and regions that would not survive a host name or a signature.
 */
#include "firn/arena.h"
#include "location.h"
#include "s3.h"
#include "sigv4.h"

#define KEY_MAX ((size_t)256)
#define TOKEN_MAX ((size_t)8192)
#define HOST_MAX ((size_t)255)

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* True when s consists of letters, digits and the characters of `others`. */
static bool consists(struct firn_str s, const char *others)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr(others, s.p[i])))
			return false;
	return true;
}

struct endpoint {
	const char *scheme;   /* "https" or "http" */
	struct firn_str host; /* lower case, with a port that is not the scheme's own */
	struct firn_str path; /* without slash at its end */
};

static firn_rc bad_endpoint(struct firn_ctx *cx, const char *mend)
{
	/* The text itself may hold a password. */
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "storage setting endpoint %s", mend);
}

/* Cuts "host:port", where the host may be "[v6]"; port keeps its colon and may be empty. */
static void cut_port(struct firn_str text, struct firn_str *name, struct firn_str *port)
{
	const char *colon = memrchr(text.p, ':', text.n);
	const char *bracket = memrchr(text.p, ']', text.n);
	bool has_port = colon && (!bracket || colon > bracket);

	*name = firn_str_sub(text, 0, has_port ? (size_t)(colon - text.p) : text.n);
	*port = firn_str_sub(text, name->n, SIZE_MAX);
}

static bool is_host(struct firn_str name)
{
	if (name.n == 0 || name.n > HOST_MAX)
		return false;
	if (name.p[0] == '[')
		return name.n > 2 && name.p[name.n - 1] == ']' &&
		       consists(firn_str_sub(name, 1, name.n - 2), ":.");
	return consists(name, ".-_");
}

static bool is_port(struct firn_str port)
{
	int64_t number;

	return port.n == 0 || (port.n <= 6 && firn_str_i64(firn_str_sub(port, 1, 5), &number) &&
			       number >= 1 && number <= 65535);
}

/* host[:port] in lower case, without the default port. */
static firn_rc take_host(struct firn_ctx *cx, struct firn_str text, struct endpoint *endpoint)
{
	const char *standard = strcmp(endpoint->scheme, "https") == 0 ? ":443" : ":80";
	struct firn_str name;
	struct firn_str port;
	char *lower;

	cut_port(text, &name, &port);
	if (!is_host(name) || !is_port(port))
		return bad_endpoint(cx, "has no proper host and port: give https://host:port");
	text = firn_str_dup(cx, firn_str_is(port, standard) ? name : text);
	lower = (char *)(uintptr_t)text.p;
	if (!lower)
		return cx->err.code;
	for (size_t i = 0; i < text.n; i++)
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] | 0x20);
	endpoint->host = text;
	return FIRN_OK;
}

static firn_rc take_path(struct firn_ctx *cx, struct firn_str path, struct endpoint *endpoint)
{
	struct firn_location check;

	path = firn_location_trim(path);
	if (!consists(path, "/._~-") || memmem(path.p ? path.p : "", path.n, "//", 2))
		return bad_endpoint(cx, "has a path, query or fragment that is not supported: give "
					"https://host:port");
	if (path.n > 0)
		FIRN_TRY(firn_location_parse(cx, path, "the path of storage setting endpoint",
					     &check));
	endpoint->path = path;
	return FIRN_OK;
}

static firn_rc parse_endpoint(struct firn_ctx *cx, struct firn_str text, struct endpoint *endpoint)
{
	struct firn_str head = firn_str_sub(text, 0, 8);
	struct firn_str rest;
	size_t slash;

	if (firn_str_ieq(head, FIRN_STR("https://")))
		endpoint->scheme = "https";
	else if (firn_str_ieq(firn_str_sub(head, 0, 7), FIRN_STR("http://")))
		endpoint->scheme = "http";
	else
		return bad_endpoint(cx, "must begin with https:// or http://");
	rest = firn_str_sub(text, strlen(endpoint->scheme) + 3, SIZE_MAX);
	slash = firn_str_find(rest, '/');
	FIRN_TRY(take_host(cx, firn_str_sub(rest, 0, slash), endpoint));
	return take_path(cx, firn_str_sub(rest, slash, SIZE_MAX), endpoint);
}

static firn_rc regional_endpoint(struct firn_ctx *cx, struct firn_str region,
				 struct endpoint *endpoint)
{
	const char *cn = firn_str_starts(region, FIRN_STR("cn-")) ? ".cn" : "";

	*endpoint = (struct endpoint){
		.scheme = "https",
		.host = firn_printf(cx, "s3.%.*s.amazonaws.com%s", FIRN_FMT(region), cn),
		.path = FIRN_STR(""),
	};
	return endpoint->host.p ? FIRN_OK : cx->err.code;
}

/* A bucket that can be a label of a host name, and under https of one that a certificate's wildcard
 * covers; an address takes no labels. */
static bool can_be_host(const struct endpoint *endpoint, struct firn_str bucket)
{
	bool letters = false;

	for (size_t i = 0; i < endpoint->host.n && endpoint->host.p[i] != ':'; i++)
		letters = letters || (endpoint->host.p[i] >= 'a' && endpoint->host.p[i] <= 'z');
	if (!letters || endpoint->host.p[0] == '[' || firn_str_find(bucket, '_') != SIZE_MAX)
		return false;
	return firn_str_find(bucket, '.') == SIZE_MAX || strcmp(endpoint->scheme, "http") == 0;
}

firn_rc firn_s3_endpoint(struct firn_ctx *cx, const struct firn_store_profile *profile,
			 struct firn_s3 *s3)
{
	struct endpoint endpoint = {0};
	bool in_host;

	if (profile->endpoint.n > 0)
		FIRN_TRY(parse_endpoint(cx, profile->endpoint, &endpoint));
	else
		FIRN_TRY(regional_endpoint(cx, s3->region, &endpoint));
	in_host = !profile->path_style && can_be_host(&endpoint, s3->bucket);
	s3->host = in_host ? firn_printf(cx, "%.*s.%.*s", FIRN_FMT(s3->bucket),
					 FIRN_FMT(endpoint.host))
			   : endpoint.host;
	s3->base = in_host ? firn_str_dup(cx, endpoint.path)
			   : firn_printf(cx, "%.*s/%.*s", FIRN_FMT(endpoint.path),
					 FIRN_FMT(s3->bucket));
	s3->origin = firn_printf(cx, "%s://%.*s", endpoint.scheme, FIRN_FMT(s3->host));
	return s3->host.p && s3->base.p && s3->origin.p ? FIRN_OK : cx->err.code;
}

static firn_rc check_settings(struct firn_ctx *cx, const struct firn_store_profile *profile)
{
	if (profile->region.n > 64 || !consists(profile->region, "-_"))
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"storage setting region '%.*s' is not a region's name: give one like "
			"eu-central-1",
			FIRN_FMT(firn_str_sub(profile->region, 0, 64)));
	for (size_t i = 0; i < profile->access_key.n; i++)
		if ((unsigned char)profile->access_key.p[i] <= ' ' ||
		    (unsigned char)profile->access_key.p[i] >= 0x7F ||
		    strchr(",/=", profile->access_key.p[i]))
			return firn_fail(
				cx, FIRN_E_BAD_REQUEST,
				"storage setting access-key-id contains blanks, ',', '/' or "
				"'=': give the key's id");
	if (profile->access_key.n > KEY_MAX || profile->secret_key.n > FIRN_SIGV4_SECRET_MAX ||
	    profile->session_token.n > TOKEN_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "a storage credential is longer than any S3 service gives: check "
				 "access-key-id, secret-access-key and session-token");
	if ((profile->access_key.n > 0) != (profile->secret_key.n > 0))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "storage settings access-key-id and secret-access-key belong "
				 "together: give both or neither");
	for (size_t i = 0; i < profile->session_token.n; i++)
		if (profile->session_token.bytes[i] <= ' ' ||
		    profile->session_token.bytes[i] >= 0x7F)
			return firn_fail(cx, FIRN_E_BAD_REQUEST,
					 "storage setting session-token contains blanks or control "
					 "characters: give it in one line");
	return FIRN_OK;
}

static firn_rc copy_secret(struct firn_ctx *cx, const struct firn_secret *from,
			   struct firn_secret *to)
{
	return from->n == 0 ? FIRN_OK : firn_secret_set(cx, to, from->bytes, from->n);
}

static void s3_release(struct firn_store *store)
{
	struct firn_s3 *s3 = (struct firn_s3 *)store;

	firn_secret_release(&s3->secret_key);
	firn_secret_release(&s3->session_token);
}

static const struct firn_store_ops s3_ops = {
	.get = firn_s3_get,
	.head = firn_s3_head,
	.put = firn_s3_put,
	.remove = firn_s3_remove,
	.list = firn_s3_list,
	.release = s3_release,
};

firn_rc firn_s3_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			   const struct firn_location *root, struct firn_store **store)
{
	struct firn_s3 *s3 = firn_alloc(cx, sizeof(*s3));

	if (!s3)
		return cx->err.code;
	FIRN_TRY(check_settings(cx, profile));
	s3->store.ops = &s3_ops;
	*store = &s3->store;
	s3->bucket = root->authority;
	s3->region =
		profile->region.n > 0 ? firn_str_dup(cx, profile->region) : FIRN_STR("us-east-1");
	s3->access_key = firn_str_dup(cx, profile->access_key);
	if (!s3->region.p || !s3->access_key.p)
		return cx->err.code;
	FIRN_TRY(copy_secret(cx, &profile->secret_key, &s3->secret_key));
	FIRN_TRY(copy_secret(cx, &profile->session_token, &s3->session_token));
	return firn_s3_endpoint(cx, profile, s3);
}
