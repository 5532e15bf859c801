/* Updates of snapshots, refs and statistics, and what follows for the logs. */
#include "table_fixture.h"

#define SNAP(id, seq, ts, more)                                                                    \
	"{\"snapshot-id\":" #id ",\"sequence-number\":" #seq ",\"timestamp-ms\":" #ts "," more     \
	"\"summary\":{\"operation\":\"append\"},\"manifest-list\":\"s3://b/t/m.avro\"}"
#define ADD(id, seq, ts, more)                                                                     \
	"{\"action\":\"add-snapshot\",\"snapshot\":" SNAP(id, seq, ts, more) "}"
#define SET(name, id, type)                                                                        \
	"{\"action\":\"set-snapshot-ref\",\"ref-name\":\"" name "\",\"snapshot-id\":" #id          \
	",\"type\":\"" type "\"}"
#define PARENT_2 "\"parent-snapshot-id\":2,"

static void test_add(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD(3, 3, 1600000003000, PARENT_2) "]", FIRN_OK,
		 "\"last-sequence-number\":3|\"last-updated-ms\":1700000000000|\"current-snapshot-"
		 "id\":2|"
		 "\"snapshot-id\":3,\"sequence-number\":3|"
		 "\"metadata-log\":[{\"timestamp-ms\":1600000002000,"
		 "\"metadata-file\":\"s3://b/t/metadata/00001-a.metadata.json\"}]"},
		{"[" ADD(3, 3, 1600000003000, PARENT_2) "," SET("main", 3, "branch") "]", FIRN_OK,
		 "\"current-snapshot-id\":3|\"main\":{\"snapshot-id\":3,\"type\":\"branch\"}|"
		 "{\"timestamp-ms\":1600000003000,\"snapshot-id\":3}]"},
		/* Without a parent an old sequence number is taken, and the table's mark stays. */
		{"[" ADD(3, 1, 1600000003000, "") "]", FIRN_OK, "\"last-sequence-number\":2"},
		/* A client's clock is its own: only main's log must be in order. */
		{"[" ADD(3, 3, 1599999000000, PARENT_2) "]", FIRN_OK,
		 "\"last-updated-ms\":1700000000000|\"timestamp-ms\":1599999000000"},
		{"[" ADD(3, 3, 1800000000000, PARENT_2) "," SET("dev", 3, "branch") "]", FIRN_OK,
		 "\"last-updated-ms\":1700000000000"},
		{"[" ADD(3, 3, 1800000000000, PARENT_2) "," SET("main", 3, "branch") "]",
		 FIRN_E_VALIDATION, "before last snapshot log entry at 1800000000000"},
		{"[" ADD(2, 3, 1600000003000, PARENT_2) "]", FIRN_E_VALIDATION,
		 "Snapshot already exists for id: 2"},
		{"[" ADD(3, 3, 1600000003000, PARENT_2) "," ADD(3, 4, 1600000003000, PARENT_2) "]",
		 FIRN_E_VALIDATION, "Snapshot already exists for id: 3"},
		{"[" ADD(3, 2, 1600000003000, PARENT_2) "]", FIRN_E_COMMIT_FAILED,
		 "Cannot add snapshot with sequence number 2 older than last sequence number 2"},
		{"[" ADD(3, -3, 1600000003000, "") "]", FIRN_E_VALIDATION, "is negative"},
		{"[" ADD(3, 3, 1599999000000, PARENT_2) "," SET("main", 3, "branch") "]",
		 FIRN_E_VALIDATION, "Expected sorted snapshot log entries: snapshot 3"},
		{"[{\"action\":\"add-snapshot\"}]", FIRN_E_BAD_REQUEST, "'snapshot' is missing"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":[]}]", FIRN_E_BAD_REQUEST,
		 "must be an object"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3}}]",
		 FIRN_E_BAD_REQUEST, "'timestamp-ms' is missing"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,\"timestamp-ms\":5}"
		 "}]",
		 FIRN_E_BAD_REQUEST, "'manifest-list' is missing"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,\"timestamp-ms\":5,"
		 "\"manifests\":[\"a\"]}}]",
		 FIRN_E_BAD_REQUEST, "v2 has no inline manifests"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,\"timestamp-ms\":5,"
		 "\"manifest-list\":\"a\",\"summary\":{\"operation\":1}}}]",
		 FIRN_E_BAD_REQUEST, "'operation' must be a string"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,\"timestamp-ms\":5,"
		 "\"manifest-list\":\"a\",\"schema-id\":4294967296}}]",
		 FIRN_E_BAD_REQUEST, "'schema-id' must be a 32-bit integer"},
	};
	struct firn_table_change change =
		applied(cx, table_of(cx, TABLE_V2),
			"[" ADD(3, 3, 1600000003000, PARENT_2) "," SET("main", 3, "branch") "]");

	RUN(cx, TABLE_V2, cases);
	assert_true(change.has_snapshot);
	assert_int_equal(change.snapshot_id, 3);
	assert_int_equal(change.kinds.n, 2);
	assert_text(change.kinds.items[0], "add-snapshot");
	assert_text(change.kinds.items[1], "set-snapshot-ref");
}

static void test_carried_bytes(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_table_change change = applied(cx, table_of(cx, TABLE_V2),
						  "[" ADD(9223372036854775807, 3, 1600000003000,
							  PARENT_2 "\"x-new\":{\"y\":[1.5]},") "]");

	check_parts(cx, text_of(cx, change.metadata),
		    SNAP_1 "|" SNAP_2
			   "|\"x-new\":{\"y\":[1.5]}|\"snapshot-id\":9223372036854775807");
}

static void test_v1(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,"
		 "\"timestamp-ms\":1600000000001,\"manifests\":[\"s3://b/v1/m.avro\"]}}," SET(
			 "main", 3, "branch") "]",
		 FIRN_OK, "\"current-snapshot-id\":3|!last-sequence-number|\"manifests\":[\"s3:"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":3,"
		 "\"timestamp-ms\":1600000000001,\"manifests\":[5]}}]",
		 FIRN_E_BAD_REQUEST, "array of strings"},
		{"[" ADD(3, 1, 1600000003000, "") "]", FIRN_E_VALIDATION,
		 "Sequence number must be 0 in v1: 1"},
	};

	RUN(cx, TABLE_V1, cases);
}

static void test_lineage(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":100,\"added-rows\":25,") "]",
		 FIRN_OK, "\"next-row-id\":125"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":110,\"added-rows\":0,") "]",
		 FIRN_OK, "\"next-row-id\":110"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":100,\"added-rows\":25,") "," ADD(
			 4, 7, 1600000003000, "\"first-row-id\":125,\"added-rows\":5,") "]",
		 FIRN_OK, "\"next-row-id\":130"},
		{"[" ADD(3, 6, 1600000003000, "") "]", FIRN_E_VALIDATION,
		 "Cannot add a snapshot: first-row-id is null"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":99,\"added-rows\":25,") "]",
		 FIRN_E_COMMIT_FAILED,
		 "Cannot add a snapshot, first-row-id is behind table next-row-id: 99 < 100"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":100,") "]", FIRN_E_BAD_REQUEST,
		 "Invalid added-rows (required when first-row-id is set): null"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":-1,\"added-rows\":1,") "]",
		 FIRN_E_BAD_REQUEST, "Invalid first-row-id (cannot be negative): -1"},
		{"[" ADD(3, 6, 1600000003000, "\"first-row-id\":100,\"added-rows\":-1,") "]",
		 FIRN_E_BAD_REQUEST, "Invalid added-rows (cannot be negative): -1"},
		{"[" ADD(3, 6, 1600000003000,
			 "\"first-row-id\":100,\"added-rows\":9223372036854775807,") "]",
		 FIRN_E_VALIDATION, "exceed the largest row id"},
	};

	RUN(cx, TABLE_V3, cases);
}

static void test_refs(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" SET("main", 2, "branch") "]", FIRN_OK, NULL},
		{"[" SET("v1", 1, "tag") "]", FIRN_OK, NULL},
		{"[" SET("main", 1, "branch") "]", FIRN_OK,
		 "\"current-snapshot-id\":1|\"last-updated-ms\":1700000000000|"
		 "{\"timestamp-ms\":1600000002000,\"snapshot-id\":2},"
		 "{\"timestamp-ms\":1700000000000,\"snapshot-id\":1}]"},
		{"[" SET("dev", 1, "branch") "]", FIRN_OK,
		 "\"dev\":{\"snapshot-id\":1,\"type\":\"branch\"}|\"current-snapshot-id\":2|"
		 "{\"timestamp-ms\":1600000002000,\"snapshot-id\":2}]"},
		{"[" SET("v1", 2, "tag") "]", FIRN_OK,
		 "\"v1\":{\"snapshot-id\":2,\"type\":\"tag\"}"},
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"b\",\"snapshot-id\":1,\"type\":"
		 "\"branch\",\"min-snapshots-to-keep\":3,\"max-snapshot-age-ms\":4,"
		 "\"max-ref-age-ms\":5}]",
		 FIRN_OK,
		 "\"b\":{\"snapshot-id\":1,\"type\":\"branch\",\"min-snapshots-to-keep\":3,"
		 "\"max-snapshot-age-ms\":4,\"max-ref-age-ms\":5}"},
		/* Retention of main alone: the snapshot stays, the ref changes. */
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"snapshot-id\":2,"
		 "\"type\":"
		 "\"branch\",\"min-snapshots-to-keep\":3}]",
		 FIRN_OK, "\"current-snapshot-id\":2|\"min-snapshots-to-keep\":3"},
		{"[" SET("main", 9, "branch") "]", FIRN_E_VALIDATION,
		 "Cannot set main to unknown snapshot: 9"},
		{"[" SET("main", 2, "tag") "]", FIRN_E_VALIDATION, "main is a branch"},
		{"[" SET("v1", 1, "branch") "]", FIRN_OK,
		 "\"v1\":{\"snapshot-id\":1,\"type\":\"branch\"}"},
		{"[" SET("x", 1, "bookmark") "]", FIRN_E_BAD_REQUEST,
		 "must be branch or tag, found 'bookmark'"},
		{"[" SET("", 1, "branch") "]", FIRN_E_BAD_REQUEST, "'ref-name' is empty"},
		{"[{\"action\":\"set-snapshot-ref\",\"snapshot-id\":1,\"type\":\"tag\"}]",
		 FIRN_E_BAD_REQUEST, "'ref-name' is missing"},
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"a\",\"type\":\"tag\"}]",
		 FIRN_E_BAD_REQUEST, "'snapshot-id' is missing"},
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"a\",\"snapshot-id\":1,\"type\":"
		 "\"tag\",\"max-snapshot-age-ms\":5}]",
		 FIRN_E_VALIDATION, "Tags do not support setting max-snapshot-age-ms"},
		{"[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"a\",\"snapshot-id\":1,\"type\":"
		 "\"branch\",\"min-snapshots-to-keep\":-5}]",
		 FIRN_E_VALIDATION, "'min-snapshots-to-keep' must be greater than 0, found -5"},
		{"[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"v1\"}]", FIRN_OK,
		 "!\"v1\"|\"main\""},
		{"[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"main\"}]", FIRN_OK,
		 "\"current-snapshot-id\":-1|!\"main\"|\"snapshot-log\":[{\"timestamp-ms\":"
		 "1600000001000"},
		{"[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"none\"}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-snapshot-ref\"}]", FIRN_E_BAD_REQUEST,
		 "'ref-name' is missing"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_remove_snapshots(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		/* The log before a removed snapshot goes; the tag that named it too. */
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[1]}]", FIRN_OK,
		 "\"snapshot-log\":[{\"timestamp-ms\":1600000002000,\"snapshot-id\":2}]|!\"v1\"|"
		 "\"current-snapshot-id\":2|!s3://b/t/1.avro"},
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[2]}]", FIRN_OK,
		 "\"snapshot-log\":[]|!\"main\"|\"v1\"|\"current-snapshot-id\":-1|"
		 "\"last-sequence-number\":2"},
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[1,2,2,9]}]", FIRN_OK,
		 "\"snapshots\":[]|\"refs\":{}|\"snapshot-log\":[]|\"last-sequence-number\":2"},
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[9]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-snapshots\"}]", FIRN_E_BAD_REQUEST,
		 "'snapshot-ids' is missing"},
		{"[{\"action\":\"remove-snapshots\",\"snapshot-ids\":[\"1\"]}]", FIRN_E_BAD_REQUEST,
		 "array of integers"},
		/* Rolled back to 1 and 2 removed: what is left of the log ends with 1. */
		{"[" SET("main", 1,
			 "branch") ",{\"action\":\"remove-snapshots\",\"snapshot-ids\":[2]}]",
		 FIRN_OK,
		 "\"snapshot-log\":[{\"timestamp-ms\":1700000000000,\"snapshot-id\":1}]|"
		 "\"current-snapshot-id\":1"},
	};

	RUN(cx, TABLE_V2, cases);
}

/* Several snapshots set as main in one commit leave one entry in the log. */
static void test_intermediate(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD(3, 3, 1600000003000, PARENT_2) "," SET("main", 3, "branch") "," ADD(
			 4, 4, 1600000004000, "\"parent-snapshot-id\":3,") "," SET("main", 4,
										   "branch") "]",
		 FIRN_OK,
		 "\"snapshot-log\":[{\"timestamp-ms\":1600000001000,\"snapshot-id\":1},"
		 "{\"timestamp-ms\":1600000002000,\"snapshot-id\":2},"
		 "{\"timestamp-ms\":1600000004000,\"snapshot-id\":4}]|\"current-snapshot-id\":4"},
		{"[" ADD(3, 3, 1600000003000,
			 PARENT_2) "," SET("main", 3, "branch") "," SET("main", 1, "branch") "]",
		 FIRN_OK,
		 "{\"timestamp-ms\":1600000002000,\"snapshot-id\":2},"
		 "{\"timestamp-ms\":1700000000000,\"snapshot-id\":1}]|\"current-snapshot-id\":1"},
	};

	RUN(cx, TABLE_V2, cases);
}

#define STATS(id, path)                                                                            \
	"{\"snapshot-id\":" #id ",\"statistics-path\":\"" path                                     \
	"\",\"file-size-in-bytes\":4,\"file-footer-size-in-bytes\":2,\"blob-metadata\":[{"         \
	"\"type\":"                                                                                \
	"\"ndv\",\"snapshot-id\":1,\"sequence-number\":1,\"fields\":[1]}]}"
#define PART_STATS(id, path)                                                                       \
	"{\"snapshot-id\":" #id ",\"statistics-path\":\"" path "\",\"file-size-in-bytes\":4}"

static void test_statistics(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"set-statistics\",\"statistics\":" STATS(1, "p") "}]", FIRN_OK,
		 "\"statistics\":[" STATS(1, "p") "]"},
		{"[{\"action\":\"set-statistics\",\"snapshot-id\":1,\"statistics\":" STATS(
			 1, "p") "},{\"action\":\"set-statistics\",\"statistics\":" STATS(1,
											  "q") "}]",
		 FIRN_OK, "\"statistics\":[" STATS(1, "q") "]"},
		{"[{\"action\":\"set-statistics\",\"snapshot-id\":2,\"statistics\":" STATS(
			 1, "p") "}]",
		 FIRN_E_BAD_REQUEST, "does not match"},
		{"[{\"action\":\"set-statistics\",\"statistics\":{\"snapshot-id\":1}}]",
		 FIRN_E_BAD_REQUEST, "'statistics-path' is missing"},
		{"[{\"action\":\"set-statistics\",\"statistics\":" PART_STATS(1, "p") "}]",
		 FIRN_E_BAD_REQUEST, "'file-footer-size-in-bytes' is missing"},
		{"[{\"action\":\"set-statistics\",\"statistics\":{\"snapshot-id\":1,"
		 "\"statistics-path\":\"p\",\"file-size-in-bytes\":1,\"file-footer-size-in-bytes\":"
		 "1,"
		 "\"blob-metadata\":[{}]}}]",
		 FIRN_E_BAD_REQUEST, "blob-metadata: 'type' is missing"},
		{"[{\"action\":\"set-statistics\",\"statistics\":" STATS(
			 1, "p") "},{\"action\":\"remove-statistics\",\"snapshot-id\":1}]",
		 FIRN_OK, "\"statistics\":[]"},
		{"[{\"action\":\"remove-statistics\",\"snapshot-id\":1}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-statistics\"}]", FIRN_E_BAD_REQUEST,
		 "'snapshot-id' is missing"},
		{"[{\"action\":\"set-partition-statistics\",\"partition-statistics\":" PART_STATS(
			 2, "p") "}]",
		 FIRN_OK, "\"partition-statistics\":[" PART_STATS(2, "p") "]|\"statistics\":[]"},
		{"[{\"action\":\"set-partition-statistics\",\"partition-statistics\":" PART_STATS(
			 2,
			 "p") "},{\"action\":\"remove-partition-statistics\",\"snapshot-id\":2}]",
		 FIRN_OK, "\"partition-statistics\":[]"},
		{"[{\"action\":\"remove-partition-statistics\",\"snapshot-id\":2}]", FIRN_OK, NULL},
		{"[{\"action\":\"set-partition-statistics\"}]", FIRN_E_BAD_REQUEST,
		 "'partition-statistics' is missing"},
		/* They go with their snapshot. */
		{"[{\"action\":\"set-statistics\",\"statistics\":" STATS(
			 1, "p") "},{\"action\":\"set-partition-statistics\",\"partition-"
				 "statistics\":" PART_STATS(
					 1, "p") "},{\"action\":\"remove-snapshots\","
						 "\"snapshot-ids\":[1]}]",
		 FIRN_OK, "\"statistics\":[]|\"partition-statistics\":[]"},
	};

	RUN(cx, TABLE_V2, cases);
}

/* A table whose clock is ahead of the server's never goes back. */
static void test_clock(void **state)
{
	struct firn_ctx *cx = *state;
	char text[8192];
	const char *at = strstr(TABLE_V2, "\"last-updated-ms\":1600000002000");
	struct firn_table_change change;

	snprintf(text, sizeof(text), "%.*s\"last-updated-ms\":1800000000000%s",
		 (int)(at - TABLE_V2), TABLE_V2, at + strlen("\"last-updated-ms\":1600000002000"));
	change = applied(cx, table_of(cx, text),
			 "[{\"action\":\"set-properties\",\"updates\":{\"a\":\"b\"}}," SET(
				 "main", 1, "branch") "]");
	check_parts(cx, text_of(cx, change.metadata),
		    "\"last-updated-ms\":1800000000000|"
		    "{\"timestamp-ms\":1800000000000,\"snapshot-id\":1}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_add),	     WITH_CTX(test_carried_bytes),
		WITH_CTX(test_v1),	     WITH_CTX(test_lineage),
		WITH_CTX(test_refs),	     WITH_CTX(test_remove_snapshots),
		WITH_CTX(test_intermediate), WITH_CTX(test_statistics),
		WITH_CTX(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
