/* The store on local disk: durable puts, one winner, listing in key order, and no way out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "../base/fixture.h"
#include "firn/clock.h"
#include "firn/storage.h"
#include "folder.h"

struct world {
	struct firn_ctx cx;
	char *folder;	      /* holds wh, the root, and what is beside it */
	struct firn_str root; /* "file://…/wh" */
	struct firn_store *store;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct firn_store_profile profile = {0};
	void *folder = NULL;

	if (!w || folder_setup(&folder) != 0)
		return -1;
	w->folder = folder;
	firn_ctx_init(&w->cx, firn_arena_new((size_t)256 << 20));
	w->root = firn_printf(&w->cx, "file://%s/wh", w->folder);
	profile.root = w->root;
	*state = w;
	return firn_store_open(&w->cx, &profile, &w->store) == FIRN_OK && chdir(w->folder) == 0
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;
	void *folder = w->folder;

	firn_store_free(w->store);
	firn_arena_free(w->cx.arena);
	free(w);
	return folder_teardown(&folder);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static struct firn_str at(struct world *w, const char *relative)
{
	return firn_location_join(&w->cx, w->root, firn_str(relative));
}

static void put(struct world *w, const char *relative, const char *text)
{
	assert_ok(&w->cx, firn_store_put(&w->cx, w->store, at(w, relative), firn_str(text), false));
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void test_prepare(void **state)
{
	struct world *w = *state;
	struct stat found;

	assert_ok(&w->cx, firn_store_prepare(&w->cx, w->store, at(w, "ns/t/metadata/a.json")));
	assert_int_equal(stat("wh/ns/t/metadata", &found), 0);
	assert_true(S_ISDIR(found.st_mode));
	assert_int_equal(stat("wh/ns/t/metadata/a.json", &found), -1);
	assert_ok(&w->cx, firn_store_prepare(&w->cx, w->store, at(w, "ns/t/metadata/b.json")));
	put(w, "file", "not a folder");
	assert_int_equal(firn_store_prepare(&w->cx, w->store, at(w, "file/metadata/a.json")),
			 FIRN_E_STORE_DENIED);
}

static void test_put(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_object_info info;
	struct firn_str bytes;
	struct stat st;
	mode_t mask = umask(0002);

	put(w, "db/t/metadata/00000.json", "one");
	umask(mask);
	assert_int_equal(stat("wh/db/t/metadata", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0775);
	assert_int_equal(stat("wh/db/t/metadata/00000.json", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0664);
	assert_int_equal(count_entries("wh/db/t/metadata"), 1);
	assert_ok(cx, firn_store_get(cx, w->store, at(w, "db/t/metadata/00000.json"), 3, &bytes));
	assert_text(bytes, "one");
	assert_ok(cx, firn_store_head(cx, w->store, at(w, "/db//t/metadata/00000.json"), &info));
	assert_int_equal(info.size, 3);
	assert_true(llabs(info.modified_ms - firn_wall_ms(cx)) < 60000);
	assert_text(info.uri, firn_cstr(cx, at(w, "db/t/metadata/00000.json")));
	put(w, "db/t/metadata/00000.json", "");
	assert_ok(cx, firn_store_get(cx, w->store, at(w, "db/t/metadata/00000.json"), 0, &bytes));
	assert_int_equal(bytes.n, 0);
	assert_true(cx->timings.store_calls >= 5 && cx->timings.store_ns > 0);
}

static void test_if_absent(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_str bytes;

	assert_ok(cx, firn_store_put(cx, w->store, at(w, "a/x"), FIRN_STR("one"), true));
	assert_fails(cx, firn_store_put(cx, w->store, at(w, "a/x"), FIRN_STR("two"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	assert_fails(cx, firn_store_put(cx, w->store, at(w, "a"), FIRN_STR("two"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	assert_ok(cx, firn_store_get(cx, w->store, at(w, "a/x"), 9, &bytes));
	assert_text(bytes, "one");
	assert_int_equal(count_entries("wh/a"), 1);
}

#define RACERS 8
struct racer {
	struct world *w;
	firn_rc rc;
	char text[32];
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct firn_arena *arena = firn_arena_new(1 << 20);
	struct firn_ctx cx;

	firn_ctx_init(&cx, arena);
	r->rc = firn_store_put(&cx, r->w->store,
			       firn_location_join(&cx, r->w->root, FIRN_STR("new/folder/x")),
			       firn_str(r->text), true);
	firn_arena_free(arena);
	return NULL;
}

static void test_race(void **state)
{
	struct world *w = *state;
	struct racer racers[RACERS];
	pthread_t threads[RACERS];
	struct firn_str bytes;
	int winner = -1;

	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){.w = w};
		snprintf(racers[i].text, sizeof(racers[i].text), "racer %d", i);
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		if (racers[i].rc == FIRN_OK) {
			assert_int_equal(winner, -1);
			winner = i;
		} else {
			assert_int_equal(racers[i].rc, FIRN_E_STORE_EXISTS);
		}
	}
	assert_true(winner >= 0);
	assert_ok(&w->cx, firn_store_get(&w->cx, w->store, at(w, "new/folder/x"), 99, &bytes));
	assert_text(bytes, racers[winner].text);
	assert_int_equal(count_entries("wh/new/folder"), 1);
}

static void test_missing(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_object_info info;
	struct firn_str bytes;
	struct firn_str uris[] = {at(w, "none"), at(w, "a/none/x"), at(w, "a/x/y"), at(w, "a"),
				  at(w, "a/x")};

	put(w, "a/x", "text");
	put(w, "a/z", "text");
	assert_fails(cx, firn_store_get(cx, w->store, uris[0], 9, &bytes), FIRN_E_STORE_NOT_FOUND,
		     "none");
	assert_fails(cx, firn_store_get(cx, w->store, uris[2], 9, &bytes), FIRN_E_STORE_NOT_FOUND,
		     "x/y");
	assert_fails(cx, firn_store_get(cx, w->store, uris[3], 9, &bytes), FIRN_E_STORE_NOT_FOUND,
		     "not a file");
	assert_fails(cx, firn_store_head(cx, w->store, uris[1], &info), FIRN_E_STORE_NOT_FOUND,
		     "none");
	assert_fails(cx, firn_store_get(cx, w->store, uris[4], 3, &bytes), FIRN_E_TOO_LARGE,
		     "4 bytes");
	assert_fails(cx, firn_store_put(cx, w->store, uris[2], FIRN_STR("x"), false),
		     FIRN_E_STORE_DENIED, "is a file, not a folder");
	assert_fails(cx, firn_store_put(cx, w->store, uris[3], FIRN_STR("x"), false),
		     FIRN_E_STORE_DENIED, "directory");
	assert_ok(cx, firn_store_delete(cx, w->store, uris, 5));
	assert_ok(cx, firn_store_delete(cx, w->store, NULL, 0));
	assert_int_equal(count_entries("wh/a"), 1);
}

static void check_outside(struct world *w, struct firn_str uri, firn_rc want)
{
	struct firn_ctx *cx = &w->cx;
	struct firn_object_info info;
	struct firn_str bytes;

	assert_int_equal(firn_store_get(cx, w->store, uri, 99, &bytes), want);
	firn_err_clear(cx);
	assert_int_equal(firn_store_head(cx, w->store, uri, &info), want);
	firn_err_clear(cx);
	assert_int_equal(firn_store_put(cx, w->store, uri, FIRN_STR("x"), false), want);
	firn_err_clear(cx);
	assert_int_equal(firn_store_delete(cx, w->store, &uri, 1), want);
	firn_err_clear(cx);
}

static void test_outside(void **state)
{
	static const char *const relatives[] = {"../beside/x",
						"a/../../beside/x",
						"%2e%2e/beside/x",
						"..%2fbeside/x",
						"a/%252e%252e/x",
						".",
						"",
						"/"};
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;

	assert_int_equal(mkdir("beside", 0777) | mkdir("wh10", 0777), 0);
	write_file("beside/x", "outside");
	write_file("wh10/x", "outside");
	for (size_t i = 0; i < sizeof(relatives) / sizeof(*relatives); i++)
		check_outside(w, at(w, relatives[i]), FIRN_E_BAD_REQUEST);
	check_outside(w, firn_printf(cx, "file://%s/beside/x", w->folder), FIRN_E_BAD_REQUEST);
	check_outside(w, firn_printf(cx, "file://%s/wh10/x", w->folder), FIRN_E_BAD_REQUEST);
	check_outside(w, firn_printf(cx, "file://%s", w->folder), FIRN_E_BAD_REQUEST);
	check_outside(w, FIRN_STR("/etc/passwd"), FIRN_E_BAD_REQUEST);
	check_outside(w, firn_printf(cx, "s3://%s/wh/x", "bucket"), FIRN_E_BAD_REQUEST);
	assert_int_equal(access("beside/x", F_OK) | access("wh10/x", F_OK), 0);
}

/* One file outside among several: none goes. */
static void test_delete_contained(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_str uris[] = {at(w, "x"), FIRN_STR("/etc/hostname-of-another")};

	put(w, "x", "text");
	assert_fails(cx, firn_store_delete(cx, w->store, uris, 2), FIRN_E_BAD_REQUEST, "outside");
	assert_int_equal(access("wh/x", F_OK), 0);
}

static void test_links(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_str link = at(w, "link");
	struct firn_object_info *infos;
	struct firn_str cursor = FIRN_STR_NONE;
	struct firn_str bytes;
	size_t n;

	assert_int_equal(mkdir("beside", 0777), 0);
	write_file("beside/x", "outside");
	put(w, "a/x", "inside");
	assert_int_equal(symlink("../beside", "wh/out") | symlink("../beside/x", "wh/link") |
				 symlink("a", "wh/in") | symlink("../beside/new", "wh/dangling"),
			 0);
	check_outside(w, at(w, "out/x"), FIRN_E_STORE_DENIED);
	check_outside(w, at(w, "in/x"), FIRN_E_STORE_DENIED);
	assert_fails(cx, firn_store_get(cx, w->store, link, 99, &bytes), FIRN_E_STORE_DENIED,
		     "symbolic link");
	assert_fails(cx, firn_store_put(cx, w->store, at(w, "dangling"), FIRN_STR("x"), true),
		     FIRN_E_STORE_EXISTS, "exists already");
	assert_int_equal(access("beside/new", F_OK), -1);
	/* Only the link itself is replaced or deleted. */
	assert_ok(cx, firn_store_put(cx, w->store, at(w, "dangling"), FIRN_STR("x"), false));
	assert_int_equal(access("beside/new", F_OK), -1);
	assert_ok(cx, firn_store_delete(cx, w->store, &link, 1));
	assert_int_equal(access("beside/x", F_OK), 0);
	assert_ok(cx, firn_store_list(cx, w->store, w->root, 99, &cursor, &infos, &n));
	assert_int_equal(n, 2);
	cursor = FIRN_STR_NONE;
	assert_fails(cx, firn_store_list(cx, w->store, at(w, "out"), 99, &cursor, &infos, &n),
		     FIRN_E_STORE_DENIED, "symbolic link");
}

/* Opening a pipe for reading would wait for a writer. */
static void test_pipe(void **state)
{
	struct world *w = *state;
	struct firn_str bytes;

	assert_int_equal(mkfifo("wh/pipe", 0666), 0);
	assert_fails(&w->cx, firn_store_get(&w->cx, w->store, at(w, "pipe"), 99, &bytes),
		     FIRN_E_STORE_NOT_FOUND, "not a file");
}

static void check_list(struct world *w, const char *prefix, size_t page, const char *const *want,
		       size_t n_want)
{
	struct firn_ctx *cx = &w->cx;
	struct firn_str cursor = FIRN_STR_NONE;
	size_t seen = 0;

	do {
		struct firn_object_info *infos;
		size_t n;

		assert_ok(cx,
			  firn_store_list(cx, w->store, at(w, prefix), page, &cursor, &infos, &n));
		assert_true(n <= page);
		for (size_t i = 0; i < n; i++) {
			assert_true(seen < n_want);
			assert_text(infos[i].uri, firn_cstr(cx, at(w, want[seen])));
			assert_int_equal(infos[i].size, 1);
			seen++;
		}
	} while (cursor.p);
	assert_int_equal(seen, n_want);
}

static void test_list(void **state)
{
	static const char *const all[] = {
		"a b", "a!/x", "a.txt",	       "a/!",  "a/b.c", "a/b/c/d",    "a/b/e",
		"a/z", "a0",   "day=1%2F2/#?", "t1/x", "t10/x", "\xC3\xA4/x",
	};
	static const char *const a[] = {"a/!", "a/b.c", "a/b/c/d", "a/b/e", "a/z"};
	static const char *const t1[] = {"t1/x"};
	struct world *w = *state;
	size_t n = sizeof(all) / sizeof(*all);

	for (size_t i = n; i-- > 0;)
		put(w, all[i], "x");
	assert_int_equal(mkdir("wh/empty", 0777) | mkdir("wh/a/b/empty", 0777), 0);
	/* Names that no location can hold. */
	write_file("wh/a/new\nline", "x");
	write_file("wh/a/\xFF", "x");
	write_file("wh/a/%2e%2e", "x");
	for (size_t page = 1; page <= n + 1; page++) {
		check_list(w, "", page, all, n);
		check_list(w, "a", page, a, 5);
		check_list(w, "t1//", page, t1, 1);
		check_list(w, "empty", page, NULL, 0);
		check_list(w, "none/none", page, NULL, 0);
		check_list(w, "a0", page, NULL, 0);
	}
}

static void test_list_many(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_str cursor = FIRN_STR_NONE;
	struct firn_str before = FIRN_STR("");
	size_t seen = 0;
	char path[64];

	assert_int_equal(mkdir("wh/many", 0777), 0);
	for (int i = 0; i < 1500; i++) {
		/* Folders without files keep a page from filling up in one look at the folder. */
		snprintf(path, sizeof(path), "wh/many/%d", i * 7919 % 1500);
		if (i % 3 == 0)
			assert_int_equal(mkdir(path, 0777), 0);
		else
			write_file(path, "x");
	}
	do {
		struct firn_object_info *infos;
		size_t n;

		assert_ok(cx, firn_store_list(cx, w->store, w->root, 64, &cursor, &infos, &n));
		for (size_t i = 0; i < n; i++) {
			assert_true(firn_str_cmp(before, infos[i].uri) < 0);
			before = infos[i].uri;
		}
		seen += n;
	} while (cursor.p);
	assert_int_equal(seen, 1000);
}

static void test_root(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_store_profile profile = {0};
	struct firn_store *store;
	struct firn_str bytes;
	struct stat st;

	profile.root = firn_printf(cx, "%s/deep/er//wh/", w->folder);
	assert_ok(cx, firn_store_open(cx, &profile, &store));
	assert_int_equal(stat("deep/er/wh", &st), 0);
	assert_text(firn_store_root(store)->normal,
		    firn_printf(cx, "file://%s/deep/er/wh", w->folder).p);
	assert_ok(cx, firn_store_put(cx, store, firn_printf(cx, "file:%s/deep/er/wh/x", w->folder),
				     FIRN_STR("x"), true));
	firn_store_free(store);
	/* A root that has gone is not made again, nor taken for an empty one. */
	assert_int_equal(rmdir("wh"), 0);
	assert_fails(cx, firn_store_put(cx, w->store, at(w, "x"), FIRN_STR("x"), false),
		     FIRN_E_STORE_BROKEN, "is it mounted?");
	assert_fails(cx, firn_store_get(cx, w->store, at(w, "x"), 9, &bytes), FIRN_E_STORE_BROKEN,
		     "is it mounted?");
	profile.root = FIRN_STR("/");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST, "whole disk");
	profile.root = FIRN_STR("wh");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST, "no scheme");
	profile.root = FIRN_STR("gs://bucket/x");
	assert_fails(cx, firn_store_open(cx, &profile, &store), FIRN_E_BAD_REQUEST,
		     "not supported");
}

static void test_root_impossible(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	struct firn_store_profile profile = {0};
	struct firn_store_check *checks;
	struct firn_store *store;
	size_t n;

	profile.root = FIRN_STR("/proc/firn-cannot-be/wh");
	assert_ok(cx, firn_store_open(cx, &profile, &store));
	assert_ok(cx, firn_store_probe(cx, store, &checks, &n));
	assert_int_equal(n, 1);
	assert_false(checks[0].passed);
	assert_non_null(strstr(checks[0].detail.p, "could not be made"));
	firn_store_free(store);
}

static void test_probe(void **state)
{
	struct world *w = *state;
	struct firn_ctx *cx = &w->cx;
	static const char *const names[] = {"write", "read", "conditional put", "list", "delete"};
	struct firn_store_check *checks;
	size_t n;

	put(w, "!first", "x");
	assert_ok(cx, firn_store_probe(cx, w->store, &checks, &n));
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(checks[i].name, names[i]);
		assert_true(checks[i].passed);
	}
	assert_int_equal(count_entries("wh"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_prepare),
		WITH_STORE(test_put),
		WITH_STORE(test_if_absent),
		WITH_STORE(test_race),
		WITH_STORE(test_missing),
		WITH_STORE(test_outside),
		WITH_STORE(test_delete_contained),
		WITH_STORE(test_links),
		WITH_STORE(test_pipe),
		WITH_STORE(test_list),
		WITH_STORE(test_list_many),
		WITH_STORE(test_root),
		WITH_STORE(test_root_impossible),
		WITH_STORE(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
