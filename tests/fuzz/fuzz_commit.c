/*
 * Commits from anywhere on a table of each format version, and on none. What is accepted must be
 * readable, must not change the version it was applied to, and must not lower a high-water mark;
 * undoing it must bring the content back.
 */
#include "../unit/iceberg/tables.h"
#include "firn/arena.h"
#include "firn/table_metadata.h"
#include "fuzz.h"

static const char *const bases[] = {NULL, TABLE_V1, TABLE_V2, TABLE_V3};

static struct firn_str written(struct firn_ctx *cx, const struct firn_table_metadata *m)
{
	struct firn_str text;

	FUZZ_CHECK(firn_table_metadata_write(cx, m, &text) == FIRN_OK);
	return text;
}

static int64_t member(struct firn_ctx *cx, const struct firn_table_metadata *m, const char *name)
{
	const struct firn_json *json;
	int64_t value = 0;

	FUZZ_CHECK(firn_json_parse(cx, written(cx, m), "table", &json) == FIRN_OK);
	return firn_json_i64(firn_json_get(json, name), &value) ? value : 0;
}

static void check_marks(struct firn_ctx *cx, const struct firn_table_metadata *before,
			const struct firn_table_metadata *after)
{
	static const char *const marks[] = {"format-version",  "last-sequence-number",
					    "last-updated-ms", "last-column-id",
					    "next-row-id",     "last-partition-id"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		FUZZ_CHECK(member(cx, after, marks[i]) >= member(cx, before, marks[i]));
}

static void check_undo(struct firn_ctx *cx, const struct firn_table_metadata *current,
		       const struct firn_table_metadata *target)
{
	struct firn_table_base base = {current, FIRN_STR("f2"), 1};
	struct firn_table_change change;
	const struct firn_table_metadata *again;

	if (firn_table_metadata_undo(cx, &base, target, &change) != FIRN_OK) {
		FUZZ_CHECK(cx->err.code == FIRN_E_VALIDATION);
		firn_err_clear(cx);
		return;
	}
	check_marks(cx, current, change.metadata);
	FUZZ_CHECK(firn_table_metadata_parse(cx, written(cx, change.metadata), &again) == FIRN_OK);
}

static void check_commit(struct firn_ctx *cx, const struct firn_table_metadata *m,
			 const struct firn_json *updates)
{
	struct firn_table_base base = {m, m ? FIRN_STR("f1") : FIRN_STR_NONE,
				       INT64_C(1700000000000)};
	struct firn_str before = m ? written(cx, m) : FIRN_STR_NONE, after;
	const struct firn_table_metadata *again;
	struct firn_table_change change;

	if (firn_table_updates_apply(cx, &base, updates, &change) != FIRN_OK) {
		FUZZ_CHECK(firn_code_info(cx->err.code)->http_status < 500);
		FUZZ_CHECK(firn_utf8_valid(firn_str(cx->err.message)));
		firn_err_clear(cx);
		return;
	}
	FUZZ_CHECK(change.metadata != NULL);
	after = written(cx, change.metadata);
	FUZZ_CHECK(firn_table_metadata_parse(cx, after, &again) == FIRN_OK);
	FUZZ_CHECK(firn_str_eq(written(cx, again), after));
	if (!m)
		return;
	FUZZ_CHECK(firn_str_eq(written(cx, m), before));
	FUZZ_CHECK(change.changed || change.metadata == m);
	check_marks(cx, m, change.metadata);
	check_undo(cx, change.metadata, m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new((size_t)256 << 20);
	struct firn_str text = {(const char *)data, size};
	const struct firn_table_metadata *m = NULL;
	const struct firn_json *request;
	struct firn_strs paths;
	struct firn_ctx cx;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&cx, arena);
	if (firn_json_parse(&cx, text, "request", &request) == FIRN_OK) {
		const struct firn_json *updates = firn_json_get(request, "updates");
		const struct firn_json *requirements = firn_json_get(request, "requirements");

		FUZZ_CHECK(firn_table_update_paths(&cx, updates, &paths) == FIRN_OK);
		for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
			m = NULL;
			FUZZ_CHECK(!bases[i] || firn_table_metadata_parse(&cx, firn_str(bases[i]),
									  &m) == FIRN_OK);
			if (firn_table_requirements_check(&cx, requirements, m) != FIRN_OK)
				firn_err_clear(&cx);
			check_commit(&cx, m, updates);
		}
	}
	firn_arena_free(arena);
	return 0;
}
