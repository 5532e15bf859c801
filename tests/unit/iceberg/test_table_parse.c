/* Reading and writing tables: whole files as old and new writers make them, and what is refused. */
#include "table_fixture.h"

static struct firn_str read_file(struct firn_ctx *cx, const char *name)
{
	char path[1024];
	FILE *file;
	struct firn_buf b;
	struct firn_str text = FIRN_STR_NONE;
	char chunk[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s/tests/unit/iceberg/data/%s", FIRN_SOURCE_DIR, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	firn_buf_init(&b, cx, 1 << 20);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		firn_buf_put(&b, chunk, n);
	fclose(file);
	assert_ok(cx, firn_buf_end(&b, &text));
	return text;
}

static const struct firn_table_metadata *load(struct firn_ctx *cx, const char *name)
{
	const struct firn_table_metadata *m = NULL;

	assert_ok(cx, firn_table_metadata_parse(cx, read_file(cx, name), &m));
	return m;
}

static void test_v2(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = load(cx, "table_v2_full.json");
	const char *text = text_of(cx, m);
	int64_t id = 0;

	assert_int_equal(firn_table_format_version(m), 2);
	assert_text(firn_table_uuid(m), "5f3c1f0e-0b1d-4a39-8f0a-1c2d3e4f5a6b");
	assert_text(firn_table_location(m), "s3://lake/db/orders");
	assert_int_equal(firn_table_last_sequence_number(m), 7);
	assert_int_equal(firn_table_last_updated_ms(m), 1700000000500);
	assert_true(firn_table_current_snapshot_id(m, &id));
	assert_true(id == INT64_MAX);
	assert_text(firn_table_property(m, "owner"), "bob");
	assert_null(firn_table_property(m, "nobody").p);
	assert_null(strchr(text, '\n'));
	check_parts(cx, text,
		    "\"x-top\":{\"kept\":[\"as it\",\"is\"]}|"
		    "\"x-unknown\":{\"deep\":[1,2.50,null,true]}|\"x-why\":\"kept\"|"
		    "\"current-snapshot-id\":9223372036854775807|\"added-records\":"
		    "\"9007199254740993\"|"
		    "\"doc\":\"free text\\nwith \\\"quotes\\\" and ü\"|\"last-sequence-number\":7|"
		    "!\"partition-spec\":|!\"schema\":|!next-row-id");
	assert_string_equal(text_of(cx, table_of(cx, text)), text);
}

static void test_v1(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = load(cx, "table_v1_manifests.json");
	const char *text = text_of(cx, m);

	assert_null(firn_table_uuid(m).p);
	check_parts(
		cx, text,
		"\"schema\":{\"type\":\"struct\",\"schema-id\":0,|"
		"\"current-schema-id\":0,\"schemas\":[|"
		"\"partition-spec\":[{\"name\":\"b_month\",\"transform\":\"month\",\"source-id\":2,"
		"\"field-id\":1000},{\"name\":\"a\",\"transform\":\"identity\",\"source-id\":1,"
		"\"field-id\":1001}]|\"partition-specs\":[{\"spec-id\":0,|"
		"\"last-partition-id\":1001|\"sort-orders\":[{\"order-id\":0,\"fields\":[]}]|"
		"\"refs\":{\"main\":{\"snapshot-id\":5,\"type\":\"branch\"}}|"
		"\"manifests\":[\"file:///warehouse/old/m1.avro\",|"
		"!last-sequence-number|!table-uuid|!next-row-id");
	assert_string_equal(text_of(cx, table_of(cx, text)), text);
}

static void test_v1_minimal(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = table_of(cx, TABLE_V1);
	int64_t id;

	assert_false(firn_table_current_snapshot_id(m, &id));
	check_parts(cx, text_of(cx, m), "\"current-snapshot-id\":-1|\"refs\":{}|\"field-id\":1000");
}

static void test_v3(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = load(cx, "table_v3_lineage.json");
	const char *text = text_of(cx, m);

	check_parts(cx, text,
		    "\"next-row-id\":25|\"initial-default\":1|\"source-ids\":[1,3]|"
		    "\"encryption-keys\":[{\"key-id\":\"k1\"|\"added-rows\":25,\"key-id\":\"k1\"");
	assert_string_equal(text_of(cx, table_of(cx, text)), text);
	check_parts(cx, text_of(cx, table_of(cx, TABLE_V3)), "\"current-snapshot-id\":null");
}

static void replace(char *out, size_t n, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"\"format-version\":2", "\"format-version\":42",
		 "Cannot read unsupported version 42"},
		{"\"format-version\":2", "\"format-version\":0", "unsupported version 0"},
		{"\"format-version\":2", "\"format-version\":\"2\"", "must be an integer"},
		{"\"format-version\":2,", "", "'format-version' is missing"},
		{"\"table-uuid\":", "\"x\":", "'table-uuid' is missing"},
		{"\"location\":", "\"x\":", "'location' is missing"},
		{"\"s3://b/t\"", "5", "'location' must be a string"},
		{"\"s3://b/t\"", "\"\"", "'location' is missing or empty"},
		{"\"last-sequence-number\":", "\"x\":", "'last-sequence-number' is missing"},
		{"\"last-sequence-number\":2", "\"last-sequence-number\":1",
		 "sequence number 2 greater than last sequence number 1"},
		{"\"last-sequence-number\":2", "\"last-sequence-number\":-1", "is negative"},
		{"\"last-updated-ms\":", "\"x\":", "'last-updated-ms' is missing"},
		{"\"last-updated-ms\":1600000002000", "\"last-updated-ms\":1599999000000",
		 "before last snapshot log entry"},
		{"\"last-column-id\":", "\"x\":", "'last-column-id' is missing"},
		{"\"last-column-id\":2", "\"last-column-id\":4294967296", "32-bit integer"},
		{"\"schemas\":", "\"x\":", "schemas must exist in format v2"},
		{"\"schemas\":[",
		 "\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"fields\":[]},",
		 "schema 0 is listed twice"},
		{"\"current-schema-id\":0", "\"current-schema-id\":2",
		 "Cannot find schema with current-schema-id=2 from schemas"},
		{"\"current-schema-id\":0,", "", "'current-schema-id' is missing"},
		{"\"type\":\"struct\",", "", "'type' is missing"},
		{"\"partition-specs\":", "\"x\":", "partition-specs must exist in format v2"},
		{"\"default-spec-id\":0,", "", "'default-spec-id' is missing"},
		{"\"default-spec-id\":0", "\"default-spec-id\":1", "default-spec-id=1"},
		{"{\"spec-id\":0,\"fields\"", "{\"fields\"", "'spec-id' is missing"},
		{"\"last-partition-id\":1000,", "", "last-partition-id must exist in format v2"},
		{"\"sort-orders\":", "\"x\":", "sort-orders must exist in format v2"},
		{"\"default-sort-order-id\":0", "\"default-sort-order-id\":9",
		 "default-sort-order-id=9"},
		{"\"order-id\":0", "\"order-id\":3", "Unsorted order ID must be 0"},
		{"{\"owner\":\"ann\"}", "{\"owner\":5}", "property 'owner' must be a string"},
		{"{\"owner\":\"ann\"}", "[]", "'properties' must be an object"},
		{"{\"owner\":\"ann\"}", "{\"a\":\"1\",\"a\":\"2\"}", "duplicate"},
		{"\"current-snapshot-id\":2", "\"current-snapshot-id\":1",
		 "Current snapshot ID does not match main branch (1 != 2)"},
		{"\"current-snapshot-id\":2", "\"current-snapshot-id\":-1",
		 "Current snapshot is not set, but main branch exists"},
		{"\"main\":{\"snapshot-id\":2,\"type\":\"branch\"},", "", NULL},
		{"\"main\":{\"snapshot-id\":2", "\"main\":{\"snapshot-id\":3",
		 "Snapshot for reference 'main' does not exist"},
		{"\"type\":\"branch\"", "\"type\":\"tag\"", "main must be a branch"},
		{"\"type\":\"tag\"", "\"type\":\"label\"",
		 "ref 'v1': 'type' must be branch or tag"},
		{"\"type\":\"tag\"", "\"type\":\"tag\",\"min-snapshots-to-keep\":1",
		 "Tags do not support setting min-snapshots-to-keep"},
		{"\"type\":\"branch\"", "\"type\":\"branch\",\"max-ref-age-ms\":0",
		 "'max-ref-age-ms' must be greater than 0"},
		{"\"snapshot-id\":2,\"parent", "\"snapshot-id\":1,\"parent",
		 "snapshot 1 is listed twice"},
		{"\"snapshot-id\":1,\"timestamp-ms\"", "\"timestamp-ms\"",
		 "'snapshot-id' is missing"},
		{"\"snapshot-id\":1,\"timestamp-ms\"", "\"snapshot-id\":1.0,\"timestamp-ms\"",
		 "'snapshot-id' must be an integer"},
		{"\"snapshot-id\":1,\"timestamp-ms\"",
		 "\"snapshot-id\":1,\"snapshot-id\":1,\"timestamp-ms\"", "occurs twice"},
		{"\"manifest-list\":\"s3://b/t/1.avro\",", "", "'manifest-list' is missing"},
		{"\"manifest-list\":\"s3://b/t/1.avro\"", "\"manifest-list\":1",
		 "must be a string"},
		{"\"statistics\":[]", "\"statistics\":[{}]",
		 "statistics: 'snapshot-id' is missing"},
		{"\"statistics\":[]", "\"statistics\":{}", "'statistics' must be an array"},
		{"\"metadata-log\":[]", "\"metadata-log\":[{\"timestamp-ms\":1}]",
		 "'metadata-file' is missing"},
		{"\"metadata-log\":[]",
		 "\"metadata-log\":[{\"timestamp-ms\":1700000000000,\"metadata-file\":\"f\"}]",
		 "before the latest metadata log entry"},
		{"1600000001000,\"snapshot-id\":1},", "1600009001000,\"snapshot-id\":1},",
		 "Expected sorted snapshot log entries"},
		{"\"format-version\":2", "\"format-version\":2,\"format-version\":2",
		 "occurs twice"},
		{"\"format-version\":2", "\"format-version\":3", "'next-row-id' is missing"},
		{"\"format-version\":2", "\"format-version\":2,\"encryption-keys\":[{}]",
		 "'key-id' is missing"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[8192];
		const struct firn_table_metadata *m = NULL;

		replace(text, sizeof(text), TABLE_V2, cases[i].from, cases[i].to);
		if (cases[i].message)
			assert_fails(cx, firn_table_metadata_parse(cx, firn_str(text), &m),
				     FIRN_E_BAD_REQUEST, cases[i].message);
		else
			table_of(cx, text);
	}
}

static void test_not_json(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[] = {
		"", "[]", "[1]", "5", "{", "{\"a\":1} x", "null", "{\"format-version\":2\n3}"};
	const struct firn_table_metadata *m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_fails(cx, firn_table_metadata_parse(cx, firn_str(cases[i]), &m),
			     FIRN_E_BAD_REQUEST, "table metadata");
}

/* Names with escapes mean what they say. */
static void test_escaped_names(void **state)
{
	struct firn_ctx *cx = *state;
	char text[8192], again[8192];

	replace(text, sizeof(text), TABLE_V2, "\"snapshot-id\":1,\"timestamp-ms\"",
		"\"snapshot\\u002did\":1,\"timestamp-ms\"");
	replace(again, sizeof(again), text, "\"location\"", "\"loc\\u0061tion\"");
	check_parts(cx, text_of(cx, table_of(cx, again)),
		    "\"location\":\"s3://b/t\"|\"snapshot\\u002did\":1");
}

static void test_property_types(void **state)
{
	struct firn_ctx *cx = *state;
	char text[8192];
	const struct firn_table_metadata *m;

	replace(text, sizeof(text), TABLE_V2, "{\"owner\":\"ann\"}",
		"{\"n\":\"12\",\"bad\":\"x\",\"t\":\"TRUE\",\"f\":\"false\",\"big\":"
		"\"9223372036854775807\"}");
	m = table_of(cx, text);
	assert_int_equal(firn_table_property_i64(m, "n", 5), 12);
	assert_int_equal(firn_table_property_i64(m, "bad", 5), 5);
	assert_int_equal(firn_table_property_i64(m, "none", 5), 5);
	assert_true(firn_table_property_i64(m, "big", 5) == INT64_MAX);
	assert_true(firn_table_property_bool(m, "t", false));
	assert_false(firn_table_property_bool(m, "f", true));
	assert_true(firn_table_property_bool(m, "bad", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_v2),
		WITH_CTX(test_v1),
		WITH_CTX(test_v1_minimal),
		WITH_CTX(test_v3),
		WITH_CTX(test_refuses),
		WITH_CTX(test_not_json),
		WITH_CTX(test_escaped_names),
		WITH_CTX(test_property_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
