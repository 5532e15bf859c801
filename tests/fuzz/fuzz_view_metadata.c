/* View metadata from anywhere: what is read must be written and read again as the same bytes; what
 * is refused must be refused as the client's fault. */
#include "firn/arena.h"
#include "firn/view_metadata.h"
#include "fuzz.h"

static void check_view(struct firn_ctx *cx, const struct firn_view_metadata *m)
{
	const struct firn_view_metadata *again;
	struct firn_str first, second;

	FUZZ_CHECK(firn_view_metadata_write(cx, m, &first) == FIRN_OK);
	FUZZ_CHECK(firn_view_metadata_parse(cx, first, &again) == FIRN_OK);
	FUZZ_CHECK(firn_view_metadata_write(cx, again, &second) == FIRN_OK);
	FUZZ_CHECK(firn_str_eq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)256 << 20);
	struct firn_str text = {(const char *)data, size};
	const struct firn_view_metadata *m;
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_view_metadata_parse(&cx, text, &m) == FIRN_OK)
		check_view(&cx, m);
	else
		FUZZ_CHECK(firn_code_info(cx.err.code)->http_status < 500);
	firn_arena_free(arena);
	return 0;
}
