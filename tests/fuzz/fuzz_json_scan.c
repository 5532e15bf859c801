/*
 * The JSON scanner against the tree: what the scan takes apart, each slice of it must scan and
 * parse again, and the two must agree on what is JSON. A parsed tree must survive being written and
 * read.
 */
#include <string.h>

#include "firn/arena.h"
#include "firn/json.h"
#include "fuzz.h"

/* The tree alone looks for names twice at depth, for reals out of range, and at its memory. */
static bool may_differ(const struct firn_ctx *cx)
{
	return cx->err.code == FIRN_E_TOO_LARGE ||
	       strstr(cx->err.message, "duplicate object key") ||
	       strstr(cx->err.message, "real number out of range");
}

static firn_rc check_member(struct firn_ctx *cx, void *arg, struct firn_str key,
			    struct firn_str raw)
{
	const struct firn_json *json;
	size_t *members = arg;

	FUZZ_CHECK(firn_utf8_valid(key) && firn_utf8_valid(raw));
	FUZZ_CHECK(!key.n || !memchr(key.p, 0, key.n));
	FUZZ_CHECK(raw.n > 0);
	(*members)++;
	if (firn_json_parse(cx, raw, "member", &json) != FIRN_OK) {
		FUZZ_CHECK(may_differ(cx));
		firn_err_clear(cx);
	} else if (firn_json_type(json) == FIRN_JSON_STRING) {
		struct firn_str text;

		FUZZ_CHECK(firn_json_raw_str(cx, raw, "member", &text) == FIRN_OK);
		FUZZ_CHECK(firn_str_eq(text, firn_json_str(json)));
	}
	return FIRN_OK;
}

static void check_round_trip(struct firn_ctx *cx, const struct firn_json *json)
{
	const struct firn_json *again;
	struct firn_str first;
	struct firn_str second;

	for (int canonical = 0; canonical < 2; canonical++) {
		if (firn_json_dump(cx, json, canonical, &first) != FIRN_OK ||
		    firn_json_parse(cx, first, "again", &again) != FIRN_OK ||
		    firn_json_dump(cx, again, canonical, &second) != FIRN_OK) {
			FUZZ_CHECK(cx->err.code == FIRN_E_TOO_LARGE);
			firn_err_clear(cx);
			return;
		}
		FUZZ_CHECK(firn_str_eq(first, second));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)16 << 20);
	struct firn_str text = {(const char *)data, size};
	const struct firn_json *json;
	struct firn_ctx cx;
	size_t members = 0;
	bool scanned;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	scanned = firn_json_scan(&cx, text, "input", check_member, &members) == FIRN_OK;
	FUZZ_CHECK(scanned || firn_utf8_valid(firn_str(cx.err.message)));
	firn_err_clear(&cx);
	if (firn_json_parse(&cx, text, "input", &json) == FIRN_OK) {
		bool container = firn_json_type(json) == FIRN_JSON_OBJECT ||
				 firn_json_type(json) == FIRN_JSON_ARRAY;

		FUZZ_CHECK(scanned == container);
		FUZZ_CHECK(!scanned || members == firn_json_count(json));
		check_round_trip(&cx, json);
	} else {
		FUZZ_CHECK(!scanned || may_differ(&cx));
		FUZZ_CHECK(firn_utf8_valid(firn_str(cx.err.message)));
	}
	firn_arena_free(arena);
	return 0;
}
