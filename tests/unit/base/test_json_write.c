/* The writer: commas, escapes, and text that always reads back. */
#include "firn/json.h"
#include "fixture.h"

static void test_all_kinds(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str items[] = {FIRN_STR("x"), FIRN_STR("y")};
	struct firn_pair pairs[] = {{FIRN_STR("k"), FIRN_STR("v")}, {FIRN_STR("l"), FIRN_STR("")}};
	const struct firn_strs strs = {items, 2};
	const struct firn_map map = {pairs, 2};
	const struct firn_json *json;
	struct firn_str out;
	struct firn_buf b;
	struct firn_jw w;

	assert_ok(cx, firn_json_parse(cx, FIRN_STR("{\"z\":[1,{}]}"), "b", &json));
	firn_buf_init(&b, cx, 10000);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "s");
	firn_jw_str(&w, FIRN_STR("a"));
	firn_jw_key_str(&w, FIRN_STR("n\""));
	firn_jw_cstr(&w, NULL);
	firn_jw_key(&w, "none");
	firn_jw_str(&w, FIRN_STR_NONE);
	firn_jw_key(&w, "i");
	firn_jw_begin(&w, '[');
	firn_jw_i64(&w, INT64_MIN);
	firn_jw_i64_str(&w, INT64_MAX);
	firn_jw_bool(&w, true);
	firn_jw_bool(&w, false);
	firn_jw_null(&w);
	firn_jw_raw(&w, FIRN_STR("{\"raw\":1}"));
	firn_jw_begin(&w, '{');
	firn_jw_end(&w, '}');
	firn_jw_begin(&w, '[');
	firn_jw_end(&w, ']');
	firn_jw_end(&w, ']');
	firn_jw_key(&w, "t");
	firn_jw_json(&w, json);
	firn_jw_key(&w, "l");
	firn_jw_strs(&w, &strs);
	firn_jw_key(&w, "m");
	firn_jw_map(&w, &map);
	firn_jw_end(&w, '}');
	assert_ok(cx, firn_buf_end(&b, &out));
	assert_text(out,
		    "{\"s\":\"a\",\"n\\\"\":null,\"none\":null,\"i\":[-9223372036854775808,"
		    "\"9223372036854775807\",true,false,null,{\"raw\":1},{},[]],"
		    "\"t\":{\"z\":[1,{}]},\"l\":[\"x\",\"y\"],\"m\":{\"k\":\"v\",\"l\":\"\"}}");
}

static struct firn_str write_one(struct firn_ctx *cx, struct firn_str text)
{
	struct firn_str out;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 10000);
	firn_jw_init(&w, &b);
	firn_jw_str(&w, text);
	assert_ok(cx, firn_buf_end(&b, &out));
	return out;
}

static void test_escapes(void **state)
{
	struct firn_ctx *cx = *state;

	assert_text(write_one(cx, FIRN_STR("\"\\/\b\f\n\r\t\x01\x1f\x7f")),
		    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	assert_text(write_one(cx, FIRN_STR("a\0b")), "\"a\\u0000b\"");
	assert_text(write_one(cx, FIRN_STR("\xC3\xA9\xF0\x9F\x98\x80")),
		    "\"\xC3\xA9\xF0\x9F\x98\x80\"");
	assert_text(write_one(cx, FIRN_STR("a\xFF\xC3")), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
	assert_text(write_one(cx, FIRN_STR("")), "\"\"");
}

/* Every byte at every offset of a word, alone and among others. */
static void test_every_byte_reads_back(void **state)
{
	struct firn_ctx *cx = *state;

	for (int c = 1; c < 256; c++) {
		for (size_t at = 0; at < 20; at++) {
			char text[20];
			const struct firn_json *json;
			struct firn_str got;

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			assert_ok(cx,
				  firn_json_parse(cx, write_one(cx, (struct firn_str){text, 20}),
						  "b", &json));
			got = firn_json_str(json);
			if (c < 0x80)
				assert_true(firn_str_eq(got, (struct firn_str){text, 20}));
			else
				assert_int_equal(got.n, 22);
		}
		firn_arena_reset(cx->arena);
	}
}

static void test_ceiling_sticks(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 10);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '[');
	for (int i = 0; i < 100; i++)
		firn_jw_i64(&w, i);
	firn_jw_end(&w, ']');
	assert_fails(cx, firn_buf_end(&b, &out), FIRN_E_TOO_LARGE, "10 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_all_kinds),
		WITH_CTX(test_escapes),
		WITH_CTX(test_every_byte_reads_back),
		WITH_CTX(test_ceiling_sticks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
