/* Percent-decoding: what decodes is clean text, and encodes to something that decodes to the same.
 */
#include <string.h>

#include "firn/arena.h"
#include "firn/str.h"
#include "fuzz.h"

static void check_again(struct firn_ctx *cx, struct firn_str value, bool keep_slash)
{
	struct firn_str encoded;
	struct firn_str again;
	struct firn_buf b;

	firn_buf_init(&b, cx, 3 * value.n);
	firn_percent_encode(&b, value, keep_slash);
	FUZZ_CHECK(firn_buf_end(&b, &encoded) == FIRN_OK);
	FUZZ_CHECK(firn_percent_decode(cx, encoded, true, "again", &again) == FIRN_OK);
	FUZZ_CHECK(firn_str_eq(value, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new(16 * size + 4096);
	struct firn_str raw = {(const char *)data, size};
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	for (int plus = 0; plus < 2; plus++) {
		struct firn_str value;

		if (firn_percent_decode(&cx, raw, plus, "input", &value) != FIRN_OK) {
			FUZZ_CHECK(cx.err.code == FIRN_E_BAD_REQUEST);
			FUZZ_CHECK(firn_utf8_valid(firn_str(cx.err.message)));
			firn_err_clear(&cx);
			continue;
		}
		FUZZ_CHECK(value.n <= size && firn_utf8_valid(value));
		FUZZ_CHECK(!memchr(value.p, 0, value.n));
		check_again(&cx, value, plus);
	}
	firn_arena_free(arena);
	return 0;
}
