/*
 * Table metadata from anywhere: what is read must be written and read again as the same bytes, its
 * refs-only form must be readable, its difference from nothing must be JSON. What is refused must
 * be refused as the client's fault.
 */
#include "firn/arena.h"
#include "firn/table_metadata.h"
#include "fuzz.h"

static void check_diff(struct firn_ctx *cx, const struct firn_table_metadata *from,
		       const struct firn_table_metadata *to)
{
	const struct firn_json *json;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text;

	firn_buf_init(&b, cx, (size_t)16 << 20);
	firn_jw_init(&w, &b);
	FUZZ_CHECK(firn_table_metadata_diff(cx, from, to, &w) == FIRN_OK);
	FUZZ_CHECK(firn_buf_end(&b, &text) == FIRN_OK);
	FUZZ_CHECK(firn_json_parse(cx, text, "diff", &json) == FIRN_OK);
	FUZZ_CHECK((firn_json_count(json) == 0) == (from == to));
}

static void check_table(struct firn_ctx *cx, const struct firn_table_metadata *m)
{
	const struct firn_table_metadata *again, *fewer;
	struct firn_str first, second, refs_only;

	FUZZ_CHECK(firn_table_metadata_write(cx, m, &first) == FIRN_OK);
	FUZZ_CHECK(firn_table_metadata_parse(cx, first, &again) == FIRN_OK);
	FUZZ_CHECK(firn_table_metadata_write(cx, again, &second) == FIRN_OK);
	FUZZ_CHECK(firn_str_eq(first, second));
	FUZZ_CHECK(!memchr(first.p, '\n', first.n));
	FUZZ_CHECK(firn_table_metadata_refs_only(cx, first, &refs_only) == FIRN_OK);
	FUZZ_CHECK(firn_table_metadata_parse(cx, refs_only, &fewer) == FIRN_OK);
	check_diff(cx, NULL, m);
	check_diff(cx, m, m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)256 << 20);
	struct firn_str text = {(const char *)data, size};
	const struct firn_table_metadata *m;
	struct firn_str refs_only;
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_table_metadata_parse(&cx, text, &m) == FIRN_OK) {
		check_table(&cx, m);
	} else {
		FUZZ_CHECK(firn_code_info(cx.err.code)->http_status < 500);
		FUZZ_CHECK(firn_utf8_valid(firn_str(cx.err.message)));
		firn_err_clear(&cx);
		if (firn_table_metadata_refs_only(&cx, text, &refs_only) != FIRN_OK)
			FUZZ_CHECK(firn_code_info(cx.err.code)->http_status < 500);
	}
	firn_arena_free(arena);
	return 0;
}
