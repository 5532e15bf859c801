/*
 * Locations: what parses has a normal form that is its own normal form, holds no piece that leads
 * elsewhere, lies within itself and each of its parents, and is not within a sibling that only
 * begins alike.
 */
#include <string.h>

#include "firn/arena.h"
#include "firn/location.h"
#include "fuzz.h"

static struct firn_location parse(struct firn_ctx *cx, struct firn_str text)
{
	struct firn_location location;

	FUZZ_CHECK(firn_location_parse(cx, text, "again", &location) == FIRN_OK);
	return location;
}

static void check_pieces(struct firn_str path)
{
	FUZZ_CHECK(path.n == 0 || (path.p[0] == '/' && path.p[path.n - 1] != '/'));
	for (size_t i = 0; i < path.n;) {
		struct firn_str rest = firn_str_sub(path, i + 1, SIZE_MAX);
		struct firn_str piece = firn_str_sub(rest, 0, firn_str_find(rest, '/'));

		FUZZ_CHECK(piece.n > 0 && !firn_str_is(piece, ".") && !firn_str_is(piece, ".."));
		FUZZ_CHECK(!firn_str_ieq(piece, FIRN_STR("%2e%2e")));
		i += piece.n + 1;
	}
}

/* Each parent holds the location; a sibling with one more character does not. */
static void check_parents(struct firn_ctx *cx, const struct firn_location *location)
{
	size_t head = location->normal.n - location->path.n;

	for (size_t i = 0; i <= location->path.n; i++) {
		struct firn_location parent;
		struct firn_location sibling;
		struct firn_str text = firn_str_sub(location->normal, 0, head + i);

		if (i == 0 || (i < location->path.n && location->path.p[i] != '/'))
			continue;
		parent = parse(cx, text);
		FUZZ_CHECK(firn_location_within(location, &parent));
		FUZZ_CHECK(i == location->path.n || !firn_location_within(&parent, location));
		text = firn_printf(cx, "%.*s0", FIRN_FMT(text));
		if (firn_location_parse(cx, text, "sibling", &sibling) != FIRN_OK) {
			firn_err_clear(cx);
			continue;
		}
		FUZZ_CHECK(!firn_location_within(location, &sibling));
		FUZZ_CHECK(!firn_location_within(&sibling, &parent));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)64 << 20);
	struct firn_str text = {(const char *)data, size};
	struct firn_location location;
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_location_parse(&cx, text, "input", &location) != FIRN_OK) {
		FUZZ_CHECK(cx.err.code == FIRN_E_BAD_REQUEST);
		FUZZ_CHECK(firn_utf8_valid(firn_str(cx.err.message)));
	} else {
		struct firn_location again = location;

		FUZZ_CHECK(firn_utf8_valid(location.normal));
		FUZZ_CHECK(!memchr(location.normal.p, 0, location.normal.n));
		check_pieces(location.path);
		/* A file's root alone has a normal form that is no location by itself. */
		if (location.path.n > 0 || location.authority.n > 0)
			again = parse(&cx, location.normal);
		FUZZ_CHECK(firn_str_eq(again.normal, location.normal));
		FUZZ_CHECK(firn_location_within(&again, &location));
		if (size < 300)
			check_parents(&cx, &location);
	}
	firn_arena_free(arena);
	return 0;
}
