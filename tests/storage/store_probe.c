/*
 * Exercises a real object store through the storage room: every call, its errors, paging,
 * containment, conditional and multipart puts. Settings come from the environment:
 *
 *   FIRN_STORE_ROOT    location of a folder to work in, for instance s3://bucket/probe (required);
 *                      what this program writes beneath it, it deletes
 *   FIRN_S3_ENDPOINT FIRN_S3_REGION FIRN_S3_PATH_STYLE FIRN_S3_ACCESS_KEY FIRN_S3_SECRET_KEY
 *   FIRN_S3_SESSION_TOKEN
 *
 * Prints one line per check; the exit status is 0 when all held.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "firn/http.h"
#include "firn/storage.h"

#define LARGE_BYTES (((size_t)64 << 20) + 12345)
#define MANY 1234

struct run {
	struct firn_ctx *cx;
	struct firn_store *store;
	struct firn_store_profile profile;
	struct firn_str root;
	unsigned failed;
};

static void report(struct run *r, bool held, const char *what)
{
	struct firn_err *err = &r->cx->err;

	printf("%s %s%s%s%s%s\n", held ? "ok  " : "FAIL", what, err->code ? ": " : "", err->message,
	       err->notes[0] ? " · " : "", err->notes);
	fflush(stdout);
	r->failed += !held;
	firn_err_clear(r->cx);
}

static void expect(struct run *r, firn_rc rc, firn_rc want, const char *what)
{
	report(r, rc == want, what);
}

static struct firn_str at(struct run *r, const char *relative)
{
	return firn_location_join(r->cx, r->root, firn_str(relative));
}

static void check_probe(struct run *r)
{
	struct firn_store_check *checks;
	size_t n = 0;

	expect(r, firn_store_probe(r->cx, r->store, &checks, &n), FIRN_OK, "probe");
	for (size_t i = 0; i < n; i++) {
		char what[1200];

		snprintf(what, sizeof(what), "probe: %s %.*s", checks[i].name,
			 FIRN_FMT(checks[i].detail));
		report(r, checks[i].passed, what);
	}
	report(r, n == 5, "probe: five checks");
}

/* Puts, gets, looks at and deletes one object of this name. */
static void check_name(struct run *r, const char *name)
{
	struct firn_str uri = at(r, name);
	struct firn_str bytes = FIRN_STR_NONE;
	struct firn_object_info info = {0};
	int64_t age;

	printf("     name '%s'\n", name);
	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR("hello"), false), FIRN_OK, "put");
	expect(r, firn_store_get(r->cx, r->store, uri, 5, &bytes), FIRN_OK, "get");
	report(r, firn_str_is(bytes, "hello"), "the bytes put");
	expect(r, firn_store_get(r->cx, r->store, uri, 4, &bytes), FIRN_E_TOO_LARGE,
	       "get over ceiling");
	expect(r, firn_store_head(r->cx, r->store, uri, &info), FIRN_OK, "head");
	age = firn_wall_ms(r->cx) - info.modified_ms;
	report(r, info.size == 5 && age > -60000 && age < 600000, "size and time");
	report(r, firn_str_eq(info.uri, uri), "uri");
	expect(r, firn_store_delete(r->cx, r->store, &uri, 1), FIRN_OK, "delete");
	expect(r, firn_store_delete(r->cx, r->store, &uri, 1), FIRN_OK, "delete what is missing");
	expect(r, firn_store_get(r->cx, r->store, uri, 5, &bytes), FIRN_E_STORE_NOT_FOUND,
	       "get what is missing");
	expect(r, firn_store_head(r->cx, r->store, uri, &info), FIRN_E_STORE_NOT_FOUND,
	       "head of what is missing");
}

static void check_empty(struct run *r)
{
	struct firn_str uri = at(r, "empty");
	struct firn_str bytes = FIRN_STR_NONE;

	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR(""), true), FIRN_OK, "put nothing");
	expect(r, firn_store_get(r->cx, r->store, uri, 100, &bytes), FIRN_OK, "get nothing");
	report(r, bytes.p && bytes.n == 0, "no bytes");
	expect(r, firn_store_delete(r->cx, r->store, &uri, 1), FIRN_OK, "delete the empty object");
}

static void check_conditional(struct run *r)
{
	struct firn_str uri = at(r, "conditional");
	struct firn_str bytes = FIRN_STR_NONE;

	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR("one"), true), FIRN_OK,
	       "conditional put of a new object");
	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR("two"), true), FIRN_E_STORE_EXISTS,
	       "conditional put over another");
	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR("one"), true), FIRN_E_STORE_EXISTS,
	       "conditional put over the same");
	expect(r, firn_store_get(r->cx, r->store, uri, 100, &bytes), FIRN_OK, "get after it");
	report(r, firn_str_is(bytes, "one"), "the first bytes stay");
	expect(r, firn_store_put(r->cx, r->store, uri, FIRN_STR("three"), false), FIRN_OK,
	       "unconditional put");
	expect(r, firn_store_get(r->cx, r->store, uri, 100, &bytes), FIRN_OK, "get after it");
	report(r, firn_str_is(bytes, "three"), "the last bytes stay");
	expect(r, firn_store_delete(r->cx, r->store, &uri, 1), FIRN_OK, "delete");
}

static void check_large(struct run *r)
{
	struct firn_str uri = at(r, "large");
	struct firn_str bytes = FIRN_STR_NONE;
	char *large = malloc(LARGE_BYTES);
	struct firn_object_info info = {0};

	if (!large)
		abort();
	for (size_t i = 0; i < LARGE_BYTES; i++)
		large[i] = (char)(i * 2654435761U >> 13);
	expect(r, firn_store_put(r->cx, r->store, uri, (struct firn_str){large, LARGE_BYTES}, true),
	       FIRN_OK, "multipart put");
	expect(r, firn_store_head(r->cx, r->store, uri, &info), FIRN_OK, "head of a large object");
	report(r, info.size == (int64_t)LARGE_BYTES, "its size");
	expect(r, firn_store_get(r->cx, r->store, uri, LARGE_BYTES, &bytes), FIRN_OK,
	       "get of a large object");
	report(r, bytes.n == LARGE_BYTES && memcmp(bytes.p, large, LARGE_BYTES) == 0, "its bytes");
	expect(r, firn_store_put(r->cx, r->store, uri, (struct firn_str){large, LARGE_BYTES}, true),
	       FIRN_E_STORE_EXISTS, "conditional multipart put over another");
	expect(r, firn_store_delete(r->cx, r->store, &uri, 1), FIRN_OK, "delete the large object");
	free(large);
}

static int compare_uris(const void *a, const void *b)
{
	return firn_str_cmp(*(const struct firn_str *)a, *(const struct firn_str *)b);
}

/* All URIs beneath the prefix, sorted, since not every server lists in the order of keys; at most
 * max. */
static size_t list_all(struct run *r, struct firn_str prefix, size_t page, struct firn_str *uris,
		       size_t max)
{
	struct firn_str cursor = FIRN_STR_NONE;
	size_t n = 0;

	do {
		struct firn_object_info *infos;
		size_t got = 0;

		if (firn_store_list(r->cx, r->store, prefix, page, &cursor, &infos, &got) !=
		    FIRN_OK) {
			report(r, false, "list");
			return n;
		}
		if (got > page)
			report(r, false, "a page is larger than asked for");
		for (size_t i = 0; i < got && n < max; i++)
			uris[n++] = infos[i].uri;
	} while (cursor.p && n < max);
	qsort(uris, n, sizeof(*uris), compare_uris);
	return n;
}

static void check_list(struct run *r)
{
	static const char *const names[] = {"list/t1/a", "list/t1/b/c", "list/t1/b.d", "list/t10/x",
					    "list/t1x"};
	struct firn_str uris[16];
	struct firn_str given[5];
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		given[i] = at(r, names[i]);
		expect(r, firn_store_put(r->cx, r->store, given[i], FIRN_STR("x"), false), FIRN_OK,
		       names[i]);
	}
	for (size_t page = 1; page <= 4; page++) {
		n = list_all(r, at(r, "list/t1"), page, uris, 16);
		report(r,
		       n == 3 && firn_str_eq(uris[0], given[0]) && firn_str_eq(uris[1], given[2]) &&
			       firn_str_eq(uris[2], given[1]),
		       "list: t1 without t10 and t1x");
	}
	report(r, list_all(r, at(r, "list"), 2, uris, 16) == 5, "list: all of the parent");
	report(r, list_all(r, at(r, "list/t1/"), 9, uris, 16) == 3,
	       "list: with a slash at its end");
	report(r, list_all(r, at(r, "list/none"), 9, uris, 16) == 0, "list: nothing there");
	expect(r, firn_store_delete(r->cx, r->store, given, 5), FIRN_OK, "delete a batch");
	expect(r, firn_store_delete(r->cx, r->store, given, 5), FIRN_OK, "delete it again");
	report(r, list_all(r, at(r, "list"), 9, uris, 16) == 0, "list: empty again");
}

static void check_many(struct run *r)
{
	struct firn_str *given = calloc(MANY, sizeof(*given));
	struct firn_str *found = calloc(MANY + 10, sizeof(*found));
	bool all = true;
	size_t n;

	for (int i = 0; i < MANY && all; i++) {
		char name[64];

		snprintf(name, sizeof(name), "many/o & <%04d>+é", i);
		given[i] = at(r, name);
		all = firn_store_put(r->cx, r->store, given[i], FIRN_STR("x"), false) == FIRN_OK;
	}
	report(r, all, "put many");
	n = list_all(r, at(r, "many"), 1000, found, MANY + 10);
	for (size_t i = 0; i < n && i < MANY && all; i++)
		all = firn_str_eq(found[i], given[i]);
	report(r, n == MANY && all, "list: over several pages of a thousand");
	expect(r, firn_store_delete(r->cx, r->store, given, MANY), FIRN_OK,
	       "delete over a thousand");
	report(r, list_all(r, at(r, "many"), 1000, found, MANY) == 0, "list: none of them left");
	free(given);
	free(found);
}

static void check_outside(struct run *r)
{
	const struct firn_location *root = firn_store_root(r->store);
	struct firn_str parent = firn_str_sub(root->normal, 0, root->normal.n - root->path.n);
	struct firn_str uris[] = {
		firn_printf(r->cx, "%.*s0/x", FIRN_FMT(root->normal)),
		firn_printf(r->cx, "%.*s/x", FIRN_FMT(parent)),
		firn_printf(r->cx, "%.*s/../x", FIRN_FMT(root->normal)),
		firn_printf(r->cx, "%.*s/%%2e%%2e/x", FIRN_FMT(root->normal)),
		firn_printf(r->cx, "%.*s", FIRN_FMT(root->normal)),
		firn_printf(r->cx, "%.*s/", FIRN_FMT(root->normal)),
		firn_printf(r->cx, "%.*s/%.*s/x", FIRN_FMT(parent), FIRN_FMT(root->path)),
		FIRN_STR("s3://another-bucket/x"),
		FIRN_STR("/etc/passwd"),
		FIRN_STR("http://127.0.0.1/x"),
		FIRN_STR(""),
	};

	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		struct firn_str bytes;
		struct firn_object_info info;
		struct firn_object_info *infos;
		struct firn_str cursor = FIRN_STR_NONE;
		size_t n;

		/* A file's path has no spelling but the system's; a bucket has nothing outside. */
		if ((i == 6 && firn_str_is(root->scheme, "file")) ||
		    ((i == 1 || i == 6) && root->path.n == 0))
			continue;
		printf("     outside: '%.*s'\n", FIRN_FMT(uris[i]));
		expect(r, firn_store_get(r->cx, r->store, uris[i], 10, &bytes), FIRN_E_BAD_REQUEST,
		       "get");
		expect(r, firn_store_head(r->cx, r->store, uris[i], &info), FIRN_E_BAD_REQUEST,
		       "head");
		expect(r, firn_store_put(r->cx, r->store, uris[i], FIRN_STR("x"), false),
		       FIRN_E_BAD_REQUEST, "put");
		expect(r, firn_store_delete(r->cx, r->store, &uris[i], 1), FIRN_E_BAD_REQUEST,
		       "delete");
		if (i != 4 && i != 5)
			expect(r,
			       firn_store_list(r->cx, r->store, uris[i], 10, &cursor, &infos, &n),
			       FIRN_E_BAD_REQUEST, "list");
	}
}

/* What wrong settings look like. */
static void check_settings(struct run *r)
{
	struct firn_store_profile profile = r->profile;
	struct firn_store *store;
	struct firn_str bytes;
	struct firn_str uri = at(r, "x");

	if (!firn_str_is(firn_store_root(r->store)->scheme, "s3"))
		return;
	profile.secret_key = (struct firn_secret){(unsigned char *)(uintptr_t) "wrong-secret", 12};
	if (firn_store_open(r->cx, &profile, &store) == FIRN_OK) {
		expect(r, firn_store_put(r->cx, store, uri, FIRN_STR("x"), false),
		       FIRN_E_STORE_DENIED, "a wrong secret");
		expect(r, firn_store_get(r->cx, store, uri, 10, &bytes), FIRN_E_STORE_DENIED,
		       "a wrong secret, reading");
		firn_store_free(store);
	}
	profile = r->profile;
	profile.root = FIRN_STR("s3://there-is-no-such-bucket/x");
	if (firn_store_open(r->cx, &profile, &store) == FIRN_OK) {
		uri = FIRN_STR("s3://there-is-no-such-bucket/x/y");
		expect(r, firn_store_get(r->cx, store, uri, 10, &bytes), FIRN_E_STORE_DENIED,
		       "a missing bucket");
		uri = at(r, "x");
		firn_store_free(store);
	}
	profile = r->profile;
	profile.endpoint = FIRN_STR("http://127.0.0.1:1");
	if (firn_store_open(r->cx, &profile, &store) == FIRN_OK) {
		expect(r, firn_store_get(r->cx, store, uri, 10, &bytes), FIRN_E_STORE_BROKEN,
		       "an endpoint where nobody listens");
		firn_store_free(store);
	}
}

static struct firn_str from_environment(const char *name)
{
	const char *value = getenv(name);

	return firn_str(value ? value : "");
}

static bool open_store(struct run *r)
{
	struct firn_str secret = from_environment("FIRN_S3_SECRET_KEY");
	struct firn_str token = from_environment("FIRN_S3_SESSION_TOKEN");
	struct firn_store_profile *profile = &r->profile;

	profile->root = r->root = from_environment("FIRN_STORE_ROOT");
	profile->endpoint = from_environment("FIRN_S3_ENDPOINT");
	profile->region = from_environment("FIRN_S3_REGION");
	profile->path_style = firn_str_is(from_environment("FIRN_S3_PATH_STYLE"), "true");
	profile->access_key = from_environment("FIRN_S3_ACCESS_KEY");
	if (firn_secret_set(r->cx, &profile->secret_key, secret.p, secret.n) != FIRN_OK ||
	    firn_secret_set(r->cx, &profile->session_token, token.p, token.n) != FIRN_OK)
		return false;
	return firn_store_open(r->cx, profile, &r->store) == FIRN_OK;
}

int main(void)
{
	static const char *const names[] = {
		"plain",
		"deep/er/and deeper/x.json",
		"a+b=c&d;e,f@g:h!i$j'k(l)m*n",
		"é/🧊/漢字",
		"day=1%2F2/100%",
		"quotes\"<>&amp;'",
		"tilde~-_.",
	};
	struct firn_arena *arena = firn_arena_new((size_t)1 << 30);
	struct run r = {0};
	struct firn_ctx cx;

	if (!arena)
		return 2;
	firn_ctx_init(&cx, arena);
	cx.http = firn_http_new();
	r.cx = &cx;
	if (!cx.http || !open_store(&r)) {
		fprintf(stderr, "%s\n", cx.err.message);
		return 2;
	}
	check_probe(&r);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		check_name(&r, names[i]);
	check_empty(&r);
	check_conditional(&r);
	check_list(&r);
	check_outside(&r);
	check_settings(&r);
	check_many(&r);
	check_large(&r);
	firn_store_free(r.store);
	firn_secret_release(&r.profile.secret_key);
	firn_secret_release(&r.profile.session_token);
	firn_http_free(cx.http);
	firn_arena_free(arena);
	printf(r.failed ? "%u checks failed\n" : "all checks held\n", r.failed);
	return r.failed ? 1 : 0;
}
