/*
 * View metadata from anywhere, or updates of a view. What is read must be written and read again as
 * the same bytes; what is accepted of updates must be readable and leave the base as it was, and
 * undoing it must bring properties and text back. What is refused must be refused as the client's
 * fault.
 */
#include "../unit/iceberg/views.h"
#include "firn/arena.h"
#include "firn/view_metadata.h"
#include "fuzz.h"

static struct firn_str written(struct firn_ctx *cx, const struct firn_view_metadata *m)
{
	struct firn_str text;

	FUZZ_CHECK(firn_view_metadata_write(cx, m, &text) == FIRN_OK);
	return text;
}

static const struct firn_view_metadata *reread(struct firn_ctx *cx,
					       const struct firn_view_metadata *m)
{
	const struct firn_view_metadata *again;
	struct firn_str first = written(cx, m);

	FUZZ_CHECK(firn_view_metadata_parse(cx, first, &again) == FIRN_OK);
	FUZZ_CHECK(firn_str_eq(written(cx, again), first));
	return again;
}

static void check_diff(struct firn_ctx *cx, const struct firn_view_metadata *from,
		       const struct firn_view_metadata *to)
{
	const struct firn_json *json;
	struct firn_str text;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, (size_t)16 << 20);
	firn_jw_init(&w, &b);
	FUZZ_CHECK(firn_view_metadata_diff(cx, from, to, &w) == FIRN_OK);
	FUZZ_CHECK(firn_buf_end(&b, &text) == FIRN_OK);
	FUZZ_CHECK(firn_json_parse(cx, text, "diff", &json) == FIRN_OK);
}

static void check_refusal(struct firn_ctx *cx)
{
	FUZZ_CHECK(firn_code_info(cx->err.code)->http_status < 500);
	FUZZ_CHECK(firn_utf8_valid(firn_str(cx->err.message)));
	firn_err_clear(cx);
}

static void check_undo(struct firn_ctx *cx, const struct firn_view_metadata *current,
		       const struct firn_view_metadata *target)
{
	struct firn_view_change change;

	if (firn_view_metadata_undo(cx, current, target, 1, &change) != FIRN_OK) {
		check_refusal(cx);
		return;
	}
	reread(cx, change.metadata);
	/* Undone once is undone. */
	FUZZ_CHECK(firn_view_metadata_undo(cx, change.metadata, target, 2, &change) == FIRN_OK);
	FUZZ_CHECK(!change.changed);
}

static void check_updates(struct firn_ctx *cx, const struct firn_view_metadata *m,
			  const struct firn_json *updates)
{
	struct firn_str before = written(cx, m);
	struct firn_view_change change;

	if (firn_view_updates_apply(cx, m, updates, 1, &change) == FIRN_OK) {
		reread(cx, change.metadata);
		check_diff(cx, m, change.metadata);
		check_undo(cx, change.metadata, m);
	} else {
		check_refusal(cx);
	}
	FUZZ_CHECK(firn_str_eq(written(cx, m), before));
}

static void check_function(struct firn_ctx *cx, const struct firn_json *json)
{
	struct firn_str text;

	if (firn_function_metadata_check(cx, json, &text) == FIRN_OK)
		FUZZ_CHECK(firn_json_parse(cx, text, "function", &json) == FIRN_OK);
	else
		check_refusal(cx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)256 << 20);
	struct firn_str text = {(const char *)data, size};
	const struct firn_view_metadata *m, *base;
	const struct firn_json *json;
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_view_metadata_parse(&cx, text, &m) == FIRN_OK) {
		check_diff(&cx, NULL, reread(&cx, m));
	} else {
		check_refusal(&cx);
	}
	FUZZ_CHECK(firn_view_metadata_parse(&cx, FIRN_STR(VIEW), &base) == FIRN_OK);
	if (firn_json_parse(&cx, text, "input", &json) == FIRN_OK) {
		check_updates(&cx, base, json);
		check_function(&cx, json);
	} else {
		check_refusal(&cx);
	}
	firn_arena_free(arena);
	return 0;
}
