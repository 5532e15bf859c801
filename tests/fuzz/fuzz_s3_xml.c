/*
 * The XML of S3's answers: an element's path and text must lie within bounds and be clean text, and
 * text that is escaped must be read back as it was.
 */
#include <string.h>

#include "../../src/storage/s3_xml.h"
#include "firn/arena.h"
#include "fuzz.h"

struct echo {
	struct firn_str text;
	size_t elements;
};

static firn_rc visit(struct firn_ctx *cx, void *arg, const struct firn_xml_element *element)
{
	struct echo *echo = arg;

	(void)cx;
	FUZZ_CHECK(element->depth > 0 && element->depth <= FIRN_XML_DEPTH);
	for (unsigned i = 0; i < element->depth; i++)
		FUZZ_CHECK(element->names[i].n > 0 && element->names[i].n <= 64);
	FUZZ_CHECK(firn_utf8_valid(element->text));
	echo->text = element->text;
	echo->elements++;
	return FIRN_OK;
}

static void check_escape(struct firn_ctx *cx, struct firn_str text)
{
	struct echo echo = {0};
	struct firn_str document;
	struct firn_buf b;

	firn_buf_init(&b, cx, 6 * text.n + 16);
	firn_buf_cstr(&b, "<a>");
	firn_xml_escape(&b, text);
	firn_buf_cstr(&b, "</a>");
	FUZZ_CHECK(firn_buf_end(&b, &document) == FIRN_OK);
	FUZZ_CHECK(firn_xml_walk(cx, document, visit, &echo) == FIRN_OK);
	FUZZ_CHECK(echo.elements == 1 && firn_str_eq(echo.text, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)16 << 20);
	struct firn_str text = {(const char *)data, size};
	struct echo echo = {0};
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_xml_walk(&cx, text, visit, &echo) == FIRN_OK)
		FUZZ_CHECK(echo.elements > 0);
	else
		FUZZ_CHECK(cx.err.code == FIRN_E_STORE_BROKEN || cx.err.code == FIRN_E_TOO_LARGE);
	firn_err_clear(&cx);
	if (size < 65536 && firn_utf8_valid(text))
		check_escape(&cx, text);
	firn_arena_free(arena);
	return 0;
}
