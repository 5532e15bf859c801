/* Levels from the text form that URLs use: joined by U+001F, already percent-decoded. */
#include "firn/arena.h"
#include "internal.h"

firn_rc firn_levels_split(struct firn_ctx *cx, struct firn_str text, struct firn_strs *ret_levels)
{
	struct firn_strs levels = {.n = 1};
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++)
		levels.n += text.p[i] == FIRN_LEVEL_SEPARATOR;
	levels.items = firn_calloc(cx, levels.n, sizeof(*levels.items));
	if (!levels.items)
		return cx->err.code;
	for (size_t i = 0; i < levels.n; i++) {
		struct firn_str rest = firn_str_sub(text, at, SIZE_MAX);
		levels.items[i] = firn_str_sub(rest, 0, firn_str_find(rest, FIRN_LEVEL_SEPARATOR));
		at += levels.items[i].n + 1;
	}
	FIRN_TRY(firn_levels_check(cx, &levels));
	*ret_levels = levels;
	return FIRN_OK;
}
