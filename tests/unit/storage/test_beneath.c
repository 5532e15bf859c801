/* Opening beneath a folder: openat2 and the walk must agree, on good paths and on traps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../src/storage/beneath.h"
#include "../base/fixture.h"
#include "folder.h"

typedef int opener(int root, const char *relative, int flags, mode_t mode);
static opener *const openers[] = {firn_beneath_open, firn_beneath_walk};

/* root/ with a/b/file, link → a, a/up → .., a/out → /etc, a/b/self → file; outside/ beside it */
static int make_tree(const char *folder)
{
	int root;

	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("root", 0777) | mkdir("root/a", 0777) | mkdir("root/a/b", 0777), 0);
	assert_int_equal(mkdir("outside", 0777), 0);
	write_file("root/a/b/file", "inside");
	write_file("outside/file", "outside");
	assert_int_equal(symlink("a", "root/link") | symlink("..", "root/a/up") |
				 symlink("/etc", "root/a/out") | symlink("file", "root/a/b/self") |
				 symlink("missing", "root/a/dangling") |
				 symlink("../outside", "root/outside"),
			 0);
	root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	return root;
}

static void test_open(void **state)
{
	static const struct {
		const char *path;
		int flags, error;
	} cases[] = {
		{"", O_DIRECTORY, 0},
		{"a", O_DIRECTORY, 0},
		{"a/b/file", 0, 0},
		{"a/b", O_DIRECTORY, 0},
		{"a/b/file", O_DIRECTORY, ENOTDIR},
		{"a/b/file/x", 0, ENOTDIR},
		{"a/none", 0, ENOENT},
		{"none/none", 0, ENOENT},
		{"link", O_DIRECTORY, ELOOP},
		{"link/b/file", 0, ELOOP},
		{"a/b/self", 0, ELOOP},
		{"a/up/a/b/file", 0, ELOOP},
		{"a/up", O_DIRECTORY, ELOOP},
		{"a/out/passwd", 0, ELOOP},
		{"a/dangling", 0, ELOOP},
		{"a/dangling/x", 0, ELOOP},
		{"outside/file", 0, ELOOP},
		{"a/dangling", O_CREAT | O_WRONLY, ELOOP},
	};
	char *folder = *state;
	int root = make_tree(folder);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t o = 0; o < 2; o++) {
			int fd;

			errno = 0;
			fd = openers[o](root, cases[i].path, cases[i].flags, 0666);
			if ((fd < 0) != (cases[i].error != 0) ||
			    (fd < 0 && errno != cases[i].error))
				fail_msg("%s, opener %zu: %d, %s", cases[i].path, o, fd,
					 strerror(errno));
			if (fd >= 0)
				close(fd);
		}
	}
	assert_int_equal(access("root/a/missing", F_OK), -1);
	close(root);
}

static void test_dots(void **state)
{
	static const char *const paths[] = {"..",	 "../outside/file", "a/../../outside/file",
					    "a/b/../..", "/etc/passwd",	    "a//b",
					    "a/./b"};
	int root = make_tree(*state);

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		/* The walk takes no such path at all; openat2 none that leaves. */
		assert_int_equal(firn_beneath_walk(root, paths[i], O_RDONLY, 0), -1);
		if (i < 3 || i == 4)
			assert_int_equal(firn_beneath_open(root, paths[i], O_RDONLY, 0), -1);
	}
	close(root);
}

static void test_make(void **state)
{
	static const char *const traps[] = {"link/new",	   "a/up/new",	 "a/out/new",
					    "outside/new", "a/dangling", "a/b/file/new",
					    "new/../x"};
	int root = make_tree(*state);
	struct stat st;
	mode_t mask = umask(0027);
	int fd = firn_beneath_make(root, "x/y/z");

	assert_true(fd >= 0);
	close(fd);
	umask(mask);
	assert_int_equal(stat("root/x/y/z", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	fd = firn_beneath_make(root, "");
	assert_true(fd >= 0);
	close(fd);
	fd = firn_beneath_make(root, "a/b");
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++)
		assert_int_equal(firn_beneath_make(root, traps[i]), -1);
	assert_int_equal(access("outside/new", F_OK) & access("/etc/new", F_OK) &
				 access("root/a/missing", F_OK) & access("root/new/x", F_OK),
			 -1);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_open),
		WITH_FOLDER(test_dots),
		WITH_FOLDER(test_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
