/* The XML of S3's answers: what is read of it, and what is refused. */
#include "../../../src/storage/s3_xml.h"
#include "../base/fixture.h"

/* "path=text;" of each element that ends. */
static firn_rc note(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	struct firn_buf *b = arg;

	(void)cx;
	for (unsigned i = 0; i < element->depth; i++)
		firn_buf_printf(b, "/%.*s", FIRN_FMT(element->names[i]));
	firn_buf_printf(b, "=%.*s;", FIRN_FMT(element->text));
	return FIRN_OK;
}

static void check(struct firn_ctx *cx, const char *text, const char *want)
{
	struct firn_buf b;
	struct firn_str got;

	firn_buf_init(&b, cx, 4096);
	if (firn_xml_walk(cx, firn_str(text), note, &b) != FIRN_OK)
		fail_msg("%s: %s", text, cx->err.message);
	assert_ok(cx, firn_buf_end(&b, &got));
	assert_text(got, want);
}

static void test_read(void **state)
{
	struct firn_ctx *cx = *state;

	check(cx, "<a/>", "/a=;");
	check(cx, "<a></a>\n", "/a=;");
	check(cx, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a> x </a >", "/a= x ;");
	check(cx, "\xEF\xBB\xBF<a xmlns=\"http://s3/doc>\" b='\"'><b>1</b>\n<b/></a>",
	      "/a/b=1;/a/b=;/a=;");
	check(cx, "<a>&lt;&amp;amp;&#x1F9CA;&#228;&quot;&apos;&gt;</a>",
	      "/a=<&amp;\xF0\x9F\xA7\x8A\xC3\xA4\"'>;");
	check(cx, "<a>a > b ] \"'</a>", "/a=a > b ] \"';");
	check(cx, "<a><b><c><d><e><f><g><h>x</h></g></f></e></d></c></b></a>",
	      "/a/b/c/d/e/f/g/h=x;/a/b/c/d/e/f/g=;/a/b/c/d/e/f=;/a/b/c/d/e=;/a/b/c/d=;/a/b/c=;/a/"
	      "b=;"
	      "/a=;");
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"x",
		" ",
		"{}",
		"<",
		"<a",
		"<a>",
		"<a><b></a></b>",
		"</a>",
		"<a></a><b/>",
		"<a/>x",
		"<a></b>",
		"<a></a",
		"<a",
		"<a b>",
		"<a b=c>",
		"<a b=\"<\">",
		"<a b=\"",
		"<a b='c\"></a>",
		"< a/>",
		"<a>&unknown;</a>",
		"<a>&amp</a>",
		"<a>&</a>",
		"<a>&#0;</a>",
		"<a>&#xD800;</a>",
		"<a>&#x110000;</a>",
		"<a>&#99999999;</a>",
		"<a>&#;</a>",
		"<a>&#x;</a>",
		"<a>&#xg;</a>",
		"<a>&#a;</a>",
		"<a><![CDATA[x]]></a>",
		"<a><!-- x --></a>",
		"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<a><?php ?></a>",
		"<?xml version=\"1.0\"",
		"<a>\xFF</a>",
		"<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>",
		"<html><body><p>Bad gateway<br></body></html>",
		"<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>",
	};
	struct firn_ctx *cx = *state;
	struct firn_buf b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		firn_buf_init(&b, cx, 4096);
		if (firn_xml_walk(cx, firn_str(cases[i]), note, &b) == FIRN_OK)
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(cx->err.code, FIRN_E_STORE_BROKEN);
		firn_err_clear(cx);
	}
	assert_fails(cx, firn_xml_walk(cx, FIRN_STR("<a>x"), note, &b), FIRN_E_STORE_BROKEN,
		     "cut off");
}

static firn_rc stop(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	(void)arg;
	return firn_xml_at(element, "a/b") ? firn_fail(cx, FIRN_E_TIMEOUT, "stopped") : FIRN_OK;
}

static void test_stop(void **state)
{
	assert_fails((struct firn_ctx *)*state,
		     firn_xml_walk(*state, FIRN_STR("<a><c/><b/></a>"), stop, NULL), FIRN_E_TIMEOUT,
		     "stopped");
}

static void test_at(void **state)
{
	struct firn_xml_element e = {.names = {FIRN_STR("a"), FIRN_STR("b")}, .depth = 2};

	(void)state;
	assert_true(firn_xml_at(&e, "a/b"));
	assert_true(firn_xml_at(&e, "*/b"));
	assert_false(firn_xml_at(&e, "a"));
	assert_false(firn_xml_at(&e, "a/b/c"));
	assert_false(firn_xml_at(&e, "a/bc"));
	assert_false(firn_xml_at(&e, "b"));
}

static void test_escape(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_buf b;
	struct firn_str got;

	firn_buf_init(&b, cx, 100);
	firn_xml_escape(&b, FIRN_STR("a<&>\"'\r\xC3\xA4"));
	assert_ok(cx, firn_buf_end(&b, &got));
	assert_text(got, "a&lt;&amp;&gt;&quot;'&#13;\xC3\xA4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_read), WITH_CTX(test_refused), WITH_CTX(test_stop),
		WITH_CTX(test_at),   WITH_CTX(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
