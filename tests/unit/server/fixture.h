/* What the tests of the server's rooms share: a private folder, and files in it. */
#ifndef FIRN_TESTS_SERVER_FIXTURE_H
#define FIRN_TESTS_SERVER_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/fixture.h"

static inline struct firn_str make_folder(struct firn_ctx *cx)
{
	char path[] = "/tmp/firn-unit-XXXXXX";

	assert_non_null(mkdtemp(path));
	return firn_str_dup(cx, firn_str(path));
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void remove_folder(struct firn_str folder)
{
	assert_int_equal(nftw(folder.p, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct firn_str put_file(struct firn_ctx *cx, struct firn_str folder,
				       const char *name, const char *text)
{
	struct firn_str path = firn_printf(cx, "%.*s/%s", FIRN_FMT(folder), name);
	FILE *file = fopen(path.p, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	return path;
}

#endif
