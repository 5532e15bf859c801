/* The difference between two versions. */
#include "table_fixture.h"

static const char *diff(struct firn_ctx *cx, const struct firn_table_metadata *from,
			const struct firn_table_metadata *to)
{
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text = FIRN_STR_NONE;

	firn_buf_init(&b, cx, 1 << 20);
	firn_jw_init(&w, &b);
	assert_ok(cx, firn_table_metadata_diff(cx, from, to, &w));
	assert_ok(cx, firn_buf_end(&b, &text));
	json_of(cx, firn_cstr(cx, text));
	return firn_cstr(cx, text);
}

static void test_cases(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"[{\"action\":\"set-properties\",\"updates\":{\"a\":\"1\",\"owner\":\"eve\"}}]",
		 "{\"properties\":{\"added\":{\"a\":\"1\"},\"removed\":{},\"changed\":{\"owner\":"
		 "{\"from\":\"ann\",\"to\":\"eve\"}}}}"},
		{"[{\"action\":\"remove-properties\",\"removals\":[\"owner\"]}]",
		 "{\"properties\":{\"added\":{},\"removed\":{\"owner\":\"ann\"},\"changed\":{}}}"},
		{"[{\"action\":\"set-location\",\"location\":\"s3://b/u\"}]",
		 "{\"location\":{\"from\":\"s3://b/t\",\"to\":\"s3://b/u\"}}"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":3}]",
		 "{\"format-version\":{\"from\":2,\"to\":3}}"},
		{"[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"v1\"}]",
		 "{\"refs\":{\"added\":{},\"removed\":{\"v1\":{\"type\":\"tag\",\"snapshot-id\":"
		 "\"1\"}},"
		 "\"changed\":{}}}"},
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"snapshot-id\":1,"
		 "\"type\":\"branch\",\"max-ref-age-ms\":5}]",
		 "{\"snapshots\":{\"added\":[],\"removed\":[],\"current\":{\"from\":\"2\",\"to\":"
		 "\"1\"}},"
		 "\"refs\":{\"added\":{},\"removed\":{},\"changed\":{\"main\":{\"from\":{\"type\":"
		 "\"branch\",\"snapshot-id\":\"2\"},\"to\":{\"type\":\"branch\",\"snapshot-id\":"
		 "\"1\","
		 "\"max-ref-age-ms\":\"5\"}}}}}"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":9223372036854775807,"
		 "\"parent-snapshot-id\":2,\"sequence-number\":3,\"timestamp-ms\":1600000003000,"
		 "\"summary\":{\"operation\":\"delete\"},\"manifest-list\":\"m\"}},"
		 "{\"action\":\"remove-snapshots\",\"snapshot-ids\":[1]}]",
		 "\"snapshots\":{\"added\":[{\"snapshot-id\":\"9223372036854775807\","
		 "\"parent-snapshot-id\":\"2\",\"timestamp-ms\":\"1600000003000\",\"operation\":"
		 "\"delete\"}],\"removed\":[\"1\"]}"},
		{"[{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"fields\":["
		 "{\"id\":2,\"name\":\"at\",\"required\":false,\"type\":\"timestamp\"},"
		 "{\"id\":3,\"name\":\"n\",\"required\":false,\"type\":\"decimal(9,2)\",\"doc\":"
		 "\"d\"}]}},"
		 "{\"action\":\"set-current-schema\",\"schema-id\":-1}]",
		 "{\"schema\":{\"from\":0,\"to\":1,\"added\":[{\"id\":3,\"name\":\"n\",\"type\":"
		 "\"decimal(9, "
		 "2)\",\"required\":false,\"doc\":\"d\"}],\"removed\":[{\"id\":1,\"name\":"
		 "\"id\",\"type\":\"long\",\"required\":true}],\"changed\":[{\"id\":2,\"from\":{"
		 "\"id\":2,"
		 "\"name\":\"ts\",\"type\":\"timestamp\",\"required\":false},\"to\":{\"id\":2,"
		 "\"name\":"
		 "\"at\",\"type\":\"timestamp\",\"required\":false}}]}}"},
		{"[{\"action\":\"add-spec\",\"spec\":{\"fields\":[]}},"
		 "{\"action\":\"set-default-spec\",\"spec-id\":-1}]",
		 "{\"partition-specs\":{\"added\":[{\"spec-id\":1,\"fields\":[]}],\"removed\":[],"
		 "\"default\":{\"from\":0,\"to\":1}}}"},
		{"[{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":1,\"fields\":["
		 "{\"transform\":\"identity\",\"source-id\":1,\"direction\":\"asc\",\"null-order\":"
		 "\"nulls-first\"}]}}]",
		 "{\"sort-orders\":{\"added\":[{\"order-id\":1,"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_table_metadata *from = table_of(cx, TABLE_V2);

		assert_has(diff(cx, from, applied(cx, from, cases[i][0]).metadata), cases[i][1]);
		assert_string_equal(diff(cx, from, from), "{}");
	}
}

static void test_creation(void **state)
{
	struct firn_ctx *cx = *state;

	check_parts(cx, diff(cx, NULL, table_of(cx, TABLE_V2)),
		    "\"format-version\":{\"from\":null,\"to\":2}|\"location\":{\"from\":null|"
		    "\"schema\":{\"from\":null,\"to\":0|\"default\":{\"from\":null,\"to\":0}|"
		    "\"current\":{\"from\":null,\"to\":\"2\"}|\"added\":{\"owner\":\"ann\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_cases), WITH_CTX(test_creation)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
