/* Page tokens: what somebody made up is refused; what was given out comes back, for its list only.
 */
#include <string.h>

#include "../../src/catalog/internal.h"
#include "firn/arena.h"
#include "fuzz.h"

static struct firn_catalog catalog = {.page_key = "a key of a catalog, 32 bytes..."};

static void check_made_up(struct firn_ctx *cx, struct firn_str token)
{
	struct firn_page page = {.paged = true, .token = token};
	struct firn_str after;
	int64_t limit;

	if (token.n == 0)
		return;
	FUZZ_CHECK(firn_page_start(cx, &catalog, FIRN_STR("scope"), &page, &after, &limit) ==
		   FIRN_E_BAD_REQUEST);
	firn_err_clear(cx);
}

static void check_own(struct firn_ctx *cx, struct firn_str key)
{
	struct firn_str keys[] = {key, FIRN_STR("next")}, after;
	struct firn_strs list = {keys, 2};
	struct firn_page_answer answer = {0};
	struct firn_page page = {.paged = true};
	size_t n = 2;
	int64_t limit;

	if (firn_page_finish(cx, &catalog, FIRN_STR("scope"), 1, &list, &n, &answer) != FIRN_OK) {
		firn_err_clear(cx);
		return; /* longer than any key is */
	}
	FUZZ_CHECK(n == 1 && answer.next.p != NULL);
	page.token = answer.next;
	FUZZ_CHECK(key.n == 0 || firn_page_start(cx, &catalog, FIRN_STR("scope"), &page, &after,
						 &limit) == FIRN_OK);
	FUZZ_CHECK(key.n == 0 || firn_str_eq(after, key));
	firn_err_clear(cx);
	FUZZ_CHECK(firn_page_start(cx, &catalog, FIRN_STR("other"), &page, &after, &limit) ==
		   FIRN_E_BAD_REQUEST);
	firn_err_clear(cx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new(64 * size + 65536);
	struct firn_str text = {(const char *)data, size};
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	check_made_up(&cx, text);
	check_own(&cx, text);
	firn_arena_free(arena);
	return 0;
}
