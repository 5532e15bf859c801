/* Undo: earlier content, every high-water mark kept. */
#include "table_fixture.h"

#define LATER                                                                                      \
	"[{\"action\":\"upgrade-format-version\",\"format-version\":3},"                           \
	"{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"fields\":["                  \
	"{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"                          \
	"{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"},"                    \
	"{\"id\":9,\"name\":\"new\",\"required\":false,\"type\":\"string\"}]}},"                   \
	"{\"action\":\"set-current-schema\",\"schema-id\":-1},"                                    \
	"{\"action\":\"add-spec\",\"spec\":{\"fields\":[{\"name\":\"n\",\"transform\":"            \
	"\"identity\","                                                                            \
	"\"source-id\":9,\"field-id\":1007}]}},{\"action\":\"set-default-spec\",\"spec-id\":-1},"  \
	"{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":1,\"fields\":[{"              \
	"\"transform\":"                                                                           \
	"\"identity\",\"source-id\":9,\"direction\":\"asc\",\"null-order\":\"nulls-first\"}]}},"   \
	"{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1},"                            \
	"{\"action\":\"set-properties\",\"updates\":{\"owner\":\"eve\",\"more\":\"x\"}},"          \
	"{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,\"parent-snapshot-id\":2,"   \
	"\"sequence-number\":8,\"timestamp-ms\":1600000003000,\"manifest-list\":\"m\","            \
	"\"first-row-id\":0,\"added-rows\":44,\"schema-id\":1}},{\"action\":\"set-snapshot-ref\"," \
	"\"ref-name\":\"main\",\"snapshot-id\":3,\"type\":\"branch\"},"                            \
	"{\"action\":\"remove-snapshots\",\"snapshot-ids\":[1]}]"

static struct firn_table_change undone(struct firn_ctx *cx,
				       const struct firn_table_metadata *current,
				       const struct firn_table_metadata *target)
{
	struct firn_table_base base = {current, FIRN_STR("s3://b/t/metadata/00002-b.metadata.json"),
				       NOW};
	struct firn_table_change change = {.changed = false};

	assert_ok(cx, firn_table_metadata_undo(cx, &base, target, &change));
	return change;
}

static void test_undo(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *target = table_of(cx, TABLE_V2);
	struct firn_table_change later = applied(cx, target, LATER), change;
	const char *text;

	change = undone(cx, later.metadata, target);
	assert_true(change.changed);
	assert_int_equal(change.kinds.n, 1);
	assert_text(change.kinds.items[0], "undo");
	assert_false(change.has_snapshot);
	text = text_of(cx, change.metadata);
	check_parts(
		cx, text,
		"\"format-version\":3|\"last-sequence-number\":8|\"next-row-id\":44|"
		"\"last-column-id\":9|\"last-partition-id\":1007|\"current-schema-id\":0|"
		"\"default-spec-id\":0|\"default-sort-order-id\":0|\"schema-id\":1|\"spec-id\":1|"
		"\"order-id\":1|\"properties\":{\"owner\":\"ann\"}|\"current-snapshot-id\":2|"
		"\"v1\":{\"snapshot-id\":1,\"type\":\"tag\"}|" SNAP_1 "|!\"snapshot-id\":3|"
		"\"last-updated-ms\":1700000000000|00001-a.metadata.json|00002-b.metadata.json");
	assert_string_equal(text_of(cx, table_of(cx, text)), text);
	/* What comes next takes ids that were never used. */
	later = applied(cx, change.metadata,
			"[{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"fields\":["
			"{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"},"
			"{\"id\":10,\"name\":\"n\",\"required\":false,\"type\":\"int\"}]}}]");
	check_parts(cx, text_of(cx, later.metadata), "\"schema-id\":2|\"last-column-id\":10");
}

/* One mark is enough: a column id taken without a snapshot counts as a sequence number does. */
static void test_falls_back(void **state)
{
	static const char *const steps[] = {
		"[{\"action\":\"upgrade-format-version\",\"format-version\":3}]",
		"[{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"fields\":["
		"{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"
		"{\"id\":9,\"name\":\"new\",\"required\":false,\"type\":\"string\"}]}}]",
		"[{\"action\":\"add-spec\",\"spec\":{\"fields\":[{\"name\":\"n\",\"transform\":"
		"\"identity\",\"source-id\":1,\"field-id\":1007}]}}]",
		LATER,
	};
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *older = table_of(cx, TABLE_V2);

	assert_false(firn_table_metadata_falls_back(older, older));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct firn_table_change newer = applied(cx, older, steps[i]);

		assert_true(firn_table_metadata_falls_back(older, newer.metadata));
		assert_false(firn_table_metadata_falls_back(newer.metadata, older));
	}
}

static void test_nothing_to_undo(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = table_of(cx, TABLE_V2);
	struct firn_table_change change = undone(cx, m, table_of(cx, TABLE_V2));

	assert_false(change.changed);
	assert_ptr_equal(change.metadata, m);
}

static void test_other_table(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_table_base base = {table_of(cx, TABLE_V2), FIRN_STR_NONE, NOW};
	struct firn_table_change change;

	assert_fails(cx, firn_table_metadata_undo(cx, &base, table_of(cx, TABLE_V3), &change),
		     FIRN_E_VALIDATION, "a version of another table");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_undo),
		WITH_CTX(test_falls_back),
		WITH_CTX(test_nothing_to_undo),
		WITH_CTX(test_other_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
