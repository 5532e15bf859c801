/* The end of a commit: the metadata log and what falls off it; ten thousand snapshots carried. */
#include "table_fixture.h"

static const struct firn_table_metadata *with_log(struct firn_ctx *cx, int entries,
						  const char *properties)
{
	struct firn_buf b;
	struct firn_str text = FIRN_STR_NONE;
	const char *log = strstr(TABLE_V2, "\"metadata-log\":[");
	const char *map = strstr(TABLE_V2, "{\"owner\":\"ann\"}");

	firn_buf_init(&b, cx, 1 << 20);
	firn_buf_put(&b, TABLE_V2, (size_t)(map - TABLE_V2));
	firn_buf_cstr(&b, properties);
	map += strlen("{\"owner\":\"ann\"}");
	firn_buf_put(&b, map, (size_t)(log - map));
	firn_buf_cstr(&b, "\"metadata-log\":[");
	for (int i = 0; i < entries; i++)
		firn_buf_printf(&b, "%s{\"timestamp-ms\":%lld,\"metadata-file\":\"f%d\"}",
				i ? "," : "", 1600000000000LL + i, i);
	firn_buf_cstr(&b, "]}");
	assert_ok(cx, firn_buf_end(&b, &text));
	return table_of(cx, firn_cstr(cx, text));
}

#define TOUCH "[{\"action\":\"set-properties\",\"updates\":{\"touched\":\"1\"}}]"

static void test_log(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		int entries;
		const char *properties;
		int kept, trimmed;
	} cases[] = {
		{0, "{}", 1, 0},
		{99, "{}", 100, 0},
		{100, "{}", 100, 0},
		{100, "{\"write.metadata.delete-after-commit.enabled\":\"true\"}", 100, 1},
		{5, "{\"write.metadata.previous-versions-max\":\"3\"}", 3, 0},
		{5,
		 "{\"write.metadata.previous-versions-max\":\"3\","
		 "\"write.metadata.delete-after-commit.enabled\":\"true\"}",
		 3, 3},
		{2,
		 "{\"write.metadata.previous-versions-max\":\"0\","
		 "\"write.metadata.delete-after-commit.enabled\":\"TRUE\"}",
		 1, 2},
		{2, "{\"write.metadata.previous-versions-max\":\"x\"}", 3, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_table_change change =
			applied(cx, with_log(cx, cases[i].entries, cases[i].properties), TOUCH);
		const char *text = text_of(cx, change.metadata);
		int n = 0;

		for (const char *p = strstr(text, "\"metadata-file\""); p;
		     p = strstr(p + 1, "\"metadata-file\""))
			n++;
		assert_int_equal(n, cases[i].kept);
		assert_int_equal(change.trimmed.n, cases[i].trimmed);
		if (change.trimmed.n)
			assert_text(change.trimmed.items[0], "f0");
		check_parts(cx, text,
			    "{\"timestamp-ms\":1600000002000,"
			    "\"metadata-file\":\"s3://b/t/metadata/00001-a.metadata.json\"}]");
	}
}

static void test_no_location(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_table_base base = {table_of(cx, TABLE_V2), FIRN_STR_NONE, NOW};
	struct firn_table_change change;

	assert_ok(cx, firn_table_updates_apply(cx, &base, json_of(cx, TOUCH), &change));
	check_parts(cx, text_of(cx, change.metadata), "\"metadata-log\":[]");
}

static struct firn_str big_table(struct firn_ctx *cx, int n)
{
	struct firn_buf b;
	struct firn_str text = FIRN_STR_NONE;

	firn_buf_init(&b, cx, (size_t)64 << 20);
	firn_buf_cstr(
		&b, "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
		    "\"location\":\"s3://b/t\",\"last-column-id\":0,\"current-schema-id\":0,"
		    "\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"fields\":[]}],"
		    "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"
		    "\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":["
		    "{\"order-id\":0,\"fields\":[]}]");
	firn_buf_printf(&b,
			",\"last-sequence-number\":%d,\"last-updated-ms\":%d,"
			"\"current-snapshot-id\":%d,\"snapshots\":[",
			n, n, n);
	for (int i = 1; i <= n; i++)
		firn_buf_printf(
			&b,
			"%s{\"snapshot-id\":%d,\"sequence-number\":%d,\"timestamp-ms\":%d,"
			"\"manifest-list\":\"s3://b/t/metadata/snap-%d.avro\",\"schema-id\":0,"
			"\"summary\":{\"operation\":\"append\",\"added-data-files\":\"1\","
			"\"total-records\":\"%d\",\"engine\":\"test\\n\",\"total-files\":\"1\"}}",
			i > 1 ? "," : "", i, i, i, i, i);
	firn_buf_cstr(&b, "],\"snapshot-log\":[");
	for (int i = 1; i <= n; i++)
		firn_buf_printf(&b, "%s{\"timestamp-ms\":%d,\"snapshot-id\":%d}", i > 1 ? "," : "",
				i, i);
	firn_buf_cstr(&b, "]}");
	assert_ok(cx, firn_buf_end(&b, &text));
	return text;
}

static void test_big(void **state)
{
	struct firn_ctx *cx = *state;
	const int n = 10000;
	struct firn_str text = big_table(cx, n);
	const struct firn_table_metadata *m = NULL;
	struct firn_table_change change;
	size_t before = firn_arena_used(cx->arena);
	const char *out;

	assert_ok(cx, firn_table_metadata_parse(cx, text, &m));
	change = applied(
		cx, m,
		"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":20000,"
		"\"parent-snapshot-id\":10000,\"sequence-number\":10001,\"timestamp-ms\":10001,"
		"\"manifest-list\":\"m\"}},{\"action\":\"set-snapshot-ref\",\"ref-name\":"
		"\"main\",\"snapshot-id\":20000,\"type\":\"branch\"},{\"action\":"
		"\"remove-snapshots\",\"snapshot-ids\":[1,2,3]}]");
	out = text_of(cx, change.metadata);
	check_parts(cx, out,
		    "\"snapshot-log\":[{\"timestamp-ms\":4,\"snapshot-id\":4}|"
		    "\"snapshots\":[{\"snapshot-id\":4,|\"current-snapshot-id\":20000|"
		    "snap-9999.avro\",\"schema-id\":0,\"summary\":{\"operation\":\"append\"");
	/* Carried, not rebuilt: a small multiple of the text. */
	assert_true(firn_arena_used(cx->arena) - before < 8 * text.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_log),
		WITH_CTX(test_no_location),
		WITH_CTX(test_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
