/* The folder of `firn dev`: made once, one process's at a time, its key kept. */
#include "../../../server/data_dir.h"

#include "fixture.h"

static struct firn_config at(struct firn_ctx *cx, struct firn_str folder, const char *beneath)
{
	return (struct firn_config){.data_dir =
					    firn_printf(cx, "%.*s%s", FIRN_FMT(folder), beneath)};
}

static void test_one_at_a_time(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str folder = make_folder(cx);
	struct firn_config config = at(cx, folder, "/deep/er//");
	struct firn_data_dir dir, second;

	assert_fails(cx, firn_data_dir_find(cx, &config, &folder), FIRN_E_NOT_FOUND, "deep/er");
	assert_ok(cx, firn_data_dir_open(cx, &config, &dir));
	assert_ok(cx, firn_data_dir_sign(cx, &dir));
	assert_int_equal(dir.path.p[dir.path.n - 1], 'r');
	assert_fails(cx, firn_data_dir_open(cx, &config, &second), FIRN_E_CONFLICT,
		     firn_printf(cx, "(pid %ld)", (long)getpid()).p);
	firn_data_dir_close(&dir);
	assert_ok(cx, firn_data_dir_open(cx, &config, &dir));
	firn_data_dir_close(&dir);
	remove_folder(folder);
}

static void test_url(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str folder = make_folder(cx), path;
	struct firn_config config = at(cx, folder, "");
	struct firn_data_dir dir;

	assert_ok(cx, firn_data_dir_open(cx, &config, &dir));
	assert_ok(cx, firn_data_dir_find(cx, &config, &path));
	assert_null(firn_data_dir_url(cx, path).p);
	assert_ok(cx, firn_data_dir_tell_url(cx, &dir, FIRN_STR("http://127.0.0.1:1")));
	assert_text(firn_data_dir_url(cx, path), "http://127.0.0.1:1");
	firn_data_dir_close(&dir);
	assert_null(firn_data_dir_url(cx, path).p);
	remove_folder(folder);
}

/* 64 hex digits that only the owner reads, the same ever after. */
static void test_master_key(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str folder = make_folder(cx), file, again;
	struct firn_config config = at(cx, folder, "");
	unsigned char first[32], second[32];
	struct firn_data_dir dir;
	struct stat st;
	bool set;

	assert_ok(cx, firn_data_dir_open(cx, &config, &dir));
	assert_ok(cx, firn_data_dir_master_key(cx, &dir, &file));
	assert_int_equal(stat(file.p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	config.master_key_file = file;
	assert_ok(cx, firn_config_master_key(cx, &config, first, &set));
	assert_true(set);
	assert_ok(cx, firn_data_dir_master_key(cx, &dir, &again));
	config.master_key_file = again;
	assert_ok(cx, firn_config_master_key(cx, &config, second, &set));
	assert_memory_equal(first, second, sizeof(first));
	firn_data_dir_close(&dir);
	remove_folder(folder);
}

static void test_no_place(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str folder = make_folder(cx);
	struct firn_str file = put_file(cx, folder, "file", "");
	struct firn_config config = {.data_dir = firn_printf(cx, "%.*s/x", FIRN_FMT(file))};
	struct firn_data_dir dir;

	assert_fails(cx, firn_data_dir_open(cx, &config, &dir), FIRN_E_FORBIDDEN, "--data-dir");
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_one_at_a_time),
		WITH_CTX(test_url),
		WITH_CTX(test_master_key),
		WITH_CTX(test_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
