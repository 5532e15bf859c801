/* Log lines: one line each, well-formed JSON whatever is logged, nothing that drives a terminal. */
#include <limits.h>
#include <unistd.h>

#include "firn/json.h"
#include "firn/log.h"
#include "fixture.h"

struct capture {
	int saved, reader;
};

static struct capture capture_begin(void)
{
	struct capture c;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	c.saved = dup(STDERR_FILENO);
	c.reader = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return c;
}

/* The bytes written since; the pipe holds more than any test here writes. */
static struct firn_str capture_end(struct firn_ctx *cx, struct capture *c)
{
	char *bytes = firn_alloc(cx, 60000);
	size_t n = 0;
	ssize_t got;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	while ((got = read(c->reader, bytes + n, 60000 - n)) > 0)
		n += (size_t)got;
	close(c->reader);
	return (struct firn_str){bytes, n};
}

static struct firn_str logged(struct firn_ctx *cx, enum firn_log_level level, const char *event,
			      const struct firn_log_field *fields, size_t n)
{
	struct capture c = capture_begin();

	firn_log(level, event, fields, n);
	return capture_end(cx, &c);
}

static void test_human(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_log_field fields[] = {
		FIRN_F_CSTR("path", "/v1/config"), FIRN_F_STR("user", FIRN_STR("a b")),
		FIRN_F_I64("status", -200),	   FIRN_F_MS("took", 12345678),
		FIRN_F_CSTR("empty", ""),	   FIRN_F_MS("back", -1500000)};
	struct firn_str line;

	firn_log_setup(FIRN_LOG_HUMAN, FIRN_LOG_INFO);
	line = logged(cx, FIRN_LOG_WARN, "request", fields, 6);
	assert_true(line.n > 25);
	assert_int_equal(line.p[23], 'Z');
	assert_text(firn_str_sub(line, 24, line.n),
		    " WARN  request path=/v1/config user=\"a b\" status=-200 took=12.345 empty=\"\""
		    " back=-1.500\n");
}

static void test_levels(void **state)
{
	struct firn_ctx *cx = *state;

	firn_log_setup(FIRN_LOG_HUMAN, FIRN_LOG_WARN);
	assert_false(firn_log_enabled(FIRN_LOG_INFO));
	assert_true(firn_log_enabled(FIRN_LOG_ERROR));
	assert_int_equal(logged(cx, FIRN_LOG_INFO, "quiet", NULL, 0).n, 0);
	assert_true(logged(cx, FIRN_LOG_ERROR, "loud", NULL, 0).n > 0);
}

static void test_json(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_log_field fields[] = {
		FIRN_F_CSTR("a\"b", "line\nbreak\t\x1b[31m\x7f \xC2\x9B \xFF\xC3\xA9"),
		FIRN_F_I64("n", INT64_MIN), FIRN_F_MS("ms", INT64_MIN),
		FIRN_F_STR("z", FIRN_STR("\0x"))};
	const struct firn_json *json;
	struct firn_str line;
	int64_t n;

	firn_log_setup(FIRN_LOG_JSON, FIRN_LOG_DEBUG);
	line = logged(cx, FIRN_LOG_DEBUG, "ev\"ent", fields, 3);
	assert_int_equal(firn_str_find(line, '\n'), line.n - 1);
	assert_true(firn_str_find(line, '\x1b') == SIZE_MAX);
	assert_true(firn_str_find(line, '\x7f') == SIZE_MAX);
	assert_ok(cx, firn_json_parse(cx, line, "line", &json));
	assert_text(firn_json_str(firn_json_get(json, "level")), "debug");
	assert_text(firn_json_str(firn_json_get(json, "event")), "ev\"ent");
	assert_text(firn_json_str(firn_json_get(json, "a\"b")),
		    "line\nbreak\t\x1b[31m\x7f \xC2\x9B \xEF\xBF\xBD\xC3\xA9");
	assert_true(firn_json_i64(firn_json_get(json, "n"), &n) && n == INT64_MIN);
	assert_int_equal(firn_json_type(firn_json_get(json, "ms")), FIRN_JSON_REAL);
	line = logged(cx, FIRN_LOG_DEBUG, "e", fields + 3, 1);
	assert_true(firn_str_ends(line, FIRN_STR("\"z\":\"\\u0000x\"}\n")));
}

/* Whatever the lengths, the line is whole, valid and at most PIPE_BUF long. */
static void test_long_lines(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const fill[] = {"x", "\"", "\xE2\x82\xAC", "\x01", "\xFF"};
	char *text = firn_alloc(cx, 20001);

	firn_log_setup(FIRN_LOG_JSON, FIRN_LOG_DEBUG);
	for (size_t f = 0; f < 5; f++) {
		for (size_t n = 600; n < 20000; n += n < 4200 ? 13 : 4999) {
			struct firn_str value;
			struct firn_str line;
			const struct firn_json *json;
			size_t step = strlen(fill[f]);
			size_t len = 0;

			for (len = 0; len + step <= n; len += step)
				memcpy(text + len, fill[f], step);
			value = (struct firn_str){text, len};
			const struct firn_log_field fields[] = {FIRN_F_I64("before", 1),
								FIRN_F_STR("long", value),
								FIRN_F_CSTR("after", "x")};
			line = logged(cx, FIRN_LOG_INFO, "e", fields, 3);
			assert_true(line.n <= PIPE_BUF);
			assert_ok(cx, firn_json_parse(cx, line, "line", &json));
			assert_true(firn_json_bool(firn_json_get(json, "cut")) ||
				    firn_json_get(json, "after"));
			firn_arena_reset(cx->arena);
			text = firn_alloc(cx, 20001);
		}
	}
}

static void test_human_injection(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_log_field fields[] = {FIRN_F_CSTR("v", "a\nb=c"), FIRN_F_CSTR("w", "x=y"),
						FIRN_F_CSTR("u", "\xC2\x9B"
								 "31m")};
	struct firn_str line;

	firn_log_setup(FIRN_LOG_HUMAN, FIRN_LOG_INFO);
	line = logged(cx, FIRN_LOG_INFO, "two\nlines", fields, 3);
	assert_text(firn_str_sub(line, 24, line.n),
		    " INFO  two\\nlines v=\"a\\nb=c\" w=\"x=y\" u=\"\\u009b31m\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_human),	   WITH_CTX(test_levels),	   WITH_CTX(test_json),
		WITH_CTX(test_long_lines), WITH_CTX(test_human_injection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
