/* Configuration: which source wins, what each kind of value may be, and what is refused by line. */
#include "../../../server/config.h"

#include "fixture.h"

static firn_rc load_text(struct firn_ctx *cx, const char *text, struct firn_config_load *ret_load)
{
	struct firn_str folder = make_folder(cx);
	struct firn_str file = put_file(cx, folder, "firn.conf", text);
	firn_rc rc = firn_config_load(cx, file, NULL, ret_load);

	remove_folder(folder);
	return rc;
}

static enum firn_origin origin_of(const struct firn_config_load *load, const char *name)
{
	return load->origins[firn_option_find(firn_str(name)) - firn_options];
}

static void test_defaults(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_config_load load;

	assert_ok(cx, firn_config_load(cx, FIRN_STR_NONE, NULL, &load));
	assert_text(load.config.listen, "127.0.0.1:8181");
	assert_int_equal(load.config.cache, 128 << 20);
	assert_int_equal(load.config.idempotency_lifetime, 1800);
	assert_false(load.config.local_files);
	assert_int_equal(origin_of(&load, "cache"), FIRN_ORIGIN_DEFAULT);
	assert_null(firn_option_find(FIRN_STR("colour")));
}

/* Defaults < file < environment < flags. */
static void test_sources(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_pair flag = {FIRN_STR("queue"), FIRN_STR("3")};
	struct firn_map flags = {&flag, 1};
	struct firn_str folder = make_folder(cx);
	struct firn_str file = put_file(cx, folder, "firn.conf",
					"; a comment\nlanes = 1\nloops = 1 ; why\n\nqueue = 1\n");
	struct firn_config_load load;

	setenv("FIRN_LOOPS", "2", 1);
	setenv("FIRN_QUEUE", "2", 1);
	assert_ok(cx, firn_config_load(cx, file, &flags, &load));
	unsetenv("FIRN_LOOPS");
	unsetenv("FIRN_QUEUE");
	remove_folder(folder);
	assert_int_equal(load.config.lanes, 1);
	assert_int_equal(load.config.loops, 2);
	assert_int_equal(load.config.queue, 3);
	assert_int_equal(origin_of(&load, "lanes"), FIRN_ORIGIN_FILE);
	assert_int_equal(origin_of(&load, "loops"), FIRN_ORIGIN_ENVIRONMENT);
	assert_int_equal(origin_of(&load, "queue"), FIRN_ORIGIN_FLAG);
}

static void test_values(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_config_load load;

	assert_ok(cx,
		  load_text(cx,
			    "cache = 2G\nbody_limit = 512k\nidle_timeout = 2H\nlocal_files = ON\n",
			    &load));
	assert_true(load.config.cache == (int64_t)2 << 30);
	assert_int_equal(load.config.body_limit, 512 << 10);
	assert_int_equal(load.config.idle_timeout, 7200);
	assert_true(load.config.local_files);
	assert_text(firn_config_show(cx, &load.config, firn_option_find(FIRN_STR("idle_timeout"))),
		    "7200s");
	assert_text(firn_config_show(cx, &load.config, firn_option_find(FIRN_STR("local_files"))),
		    "true");
}

static void test_secrets(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_option *option = firn_option_find(FIRN_STR("database_url"));
	struct firn_pair flag = {FIRN_STR("master_key"), FIRN_STR("ab")};
	struct firn_map flags = {&flag, 1};
	struct firn_config_load load;

	assert_ok(cx, load_text(cx, "database_url = postgresql://u:hidden@h/d\n", &load));
	assert_text(firn_config_show(cx, &load.config, option), "(set)");
	load.config.database_url = FIRN_STR("");
	assert_text(firn_config_show(cx, &load.config, option), "");
	assert_fails(cx, firn_config_load(cx, FIRN_STR_NONE, &flags, &load), FIRN_E_BAD_REQUEST,
		     "master_key is secret and everybody sees a command line");
}

static void test_ranges(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"lanes = 513\n", "lanes must be from 1 to 512, not 513"},
		{"loops = 257\n", "loops must be at most 256, not 257"},
		{"queue = 0\n", "queue, connections and commit_attempts must be at least 1"},
		{"body_timeout = 0\n", "must be at least 1s"},
		{"head_timeout = 0s\n", "must be at least 1s"},
		{"request_memory = 0\n", "request_memory must be at least 1m"},
		{"body_limit = 1k\n", "at least 64k"},
		{"metadata_limit = 0\n", "at least 64k"},
		{"idle_timeout = 367d\n", "at most 366d"},
		{"cache = 9223372036854775807g\n", "a size like 64m"},
		{"cache = -1\n", "a size like 64m"},
	};
	struct firn_config_load load;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(cx, load_text(cx, cases[i].text, &load), FIRN_E_BAD_REQUEST,
			     cases[i].says);
}

/* What the parser would cut or join to another line is refused, and none of its words repeated. */
static void test_lines(void **state)
{
	struct firn_ctx *cx = *state;
	char line[256] = "database_url = postgresql://u:";
	struct firn_config_load load;
	size_t n = strlen(line);

	memset(line + n, 'x', 198 - n);
	strcpy(line + 198, "\nlanes = 7\n");
	assert_ok(cx, load_text(cx, line, &load));
	assert_int_equal(load.config.database_url.n, 198 - strlen("database_url = "));
	assert_int_equal(load.config.lanes, 7);
	strcpy(line + 198, "SECRET\n");
	assert_int_equal(load_text(cx, line, &load), FIRN_E_BAD_REQUEST);
	assert_null(strstr(cx->err.message, "SECRET"));
	assert_non_null(strstr(cx->err.message, "line 1 has 204 bytes, and at most 198 are read"));
	firn_err_clear(cx);
	assert_fails(cx, load_text(cx, "listen = 127.0.0.1:1\n  lanes = 3\n", &load),
		     FIRN_E_BAD_REQUEST, "line 2 begins with a blank");
	assert_ok(cx, load_text(cx, "lanes = 3\r\n   \r\n\t\nloops = 1", &load));
	assert_int_equal(load.config.loops, 1);
}

static void test_master_key(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_config config = {.master_key = FIRN_STR("")};
	struct firn_str folder = make_folder(cx);
	unsigned char key[32];
	bool set = true;

	assert_ok(cx, firn_config_master_key(cx, &config, key, &set));
	assert_false(set);
	config.master_key_file =
		put_file(cx, folder, "key",
			 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
	assert_ok(cx, firn_config_master_key(cx, &config, key, &set));
	assert_true(set);
	assert_int_equal(key[31], 31);
	config.master_key_file = put_file(cx, folder, "short", "0001\n");
	assert_fails(cx, firn_config_master_key(cx, &config, key, &set), FIRN_E_BAD_REQUEST,
		     "must be 64 hex digits");
	config.master_key_file = FIRN_STR("/nowhere/key");
	assert_fails(cx, firn_config_master_key(cx, &config, key, &set), FIRN_E_NOT_FOUND,
		     "/nowhere/key can't be read");
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_defaults),   WITH_CTX(test_sources), WITH_CTX(test_values),
		WITH_CTX(test_secrets),	   WITH_CTX(test_ranges),  WITH_CTX(test_lines),
		WITH_CTX(test_master_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
