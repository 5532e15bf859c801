/* What the table tests share: small tables written here, and updates applied to them. */
#ifndef FIRN_TESTS_TABLE_FIXTURE_H
#define FIRN_TESTS_TABLE_FIXTURE_H

#include <stdio.h>

#include "../base/fixture.h"
#include "firn/json.h"
#include "firn/table_metadata.h"

#define NOW INT64_C(1700000000000)

/* A v2 table: columns id (long) and ts (timestamp), partitioned by day(ts), snapshots 1 and 2. */
#define TABLE_V2                                                                                   \
	"{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","            \
	"\"location\":\"s3://b/t\",\"last-sequence-number\":2,\"last-updated-ms\":1600000002000,"   \
	"\"last-column-id\":2,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","           \
	"\"schema-id\":0,\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"  \
	"{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"}]}],"                   \
	"\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[{\"name\":\"ts_day\"," \
	"\"transform\":\"day\",\"source-id\":2,\"field-id\":1000}]}],\"last-partition-id\":1000,"    \
	"\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],"             \
	"\"properties\":{\"owner\":\"ann\"},\"current-snapshot-id\":2,\"refs\":{\"main\":{"         \
	"\"snapshot-id\":2,\"type\":\"branch\"},\"v1\":{\"snapshot-id\":1,\"type\":\"tag\"}},"      \
	"\"snapshots\":[" SNAP_1 "," SNAP_2 "],\"statistics\":[],\"partition-statistics\":[],"      \
	"\"snapshot-log\":[{\"timestamp-ms\":1600000001000,\"snapshot-id\":1},"                     \
	"{\"timestamp-ms\":1600000002000,\"snapshot-id\":2}],\"metadata-log\":[]}"
#define SNAP_1                                                                                     \
	"{\"snapshot-id\":1,\"timestamp-ms\":1600000001000,\"sequence-number\":1,\"summary\":{"     \
	"\"operation\":\"append\"},\"manifest-list\":\"s3://b/t/1.avro\",\"schema-id\":0}"
#define SNAP_2                                                                                     \
	"{\"snapshot-id\":2,\"parent-snapshot-id\":1,\"timestamp-ms\":1600000002000,"               \
	"\"sequence-number\":2,\"summary\":{\"operation\":\"append\"},"                            \
	"\"manifest-list\":\"s3://b/t/2.avro\",\"schema-id\":0,\"x-extra\":{\"a\":[1]}}"

/* A v1 table without snapshots, as old writers wrote it. */
#define TABLE_V1                                                                                   \
	"{\"format-version\":1,\"table-uuid\":\"d20125c8-7284-442c-9aea-15fee620737c\","            \
	"\"location\":\"s3://b/v1\",\"last-updated-ms\":1600000000000,\"last-column-id\":2,"        \
	"\"schema\":{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"x\",\"required\":true,"    \
	"\"type\":\"long\"},{\"id\":2,\"name\":\"y\",\"required\":false,\"type\":\"string\"}]},"     \
	"\"partition-spec\":[{\"name\":\"x\",\"transform\":\"identity\",\"source-id\":1}],"        \
	"\"properties\":{},\"current-snapshot-id\":-1,\"snapshots\":[]}"

/* A v3 table without snapshots; next-row-id 100. */
#define TABLE_V3                                                                                   \
	"{\"format-version\":3,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c3\","            \
	"\"location\":\"s3://b/v3\",\"last-sequence-number\":5,\"last-updated-ms\":1600000000000,"  \
	"\"last-column-id\":1,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","           \
	"\"schema-id\":0,\"fields\":[{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":\"long\"}]}]," \
	"\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"                \
	"\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,"   \
	"\"fields\":[]}],\"properties\":{},\"current-snapshot-id\":null,\"next-row-id\":100,"       \
	"\"refs\":{},\"snapshots\":[],\"statistics\":[],\"partition-statistics\":[],"              \
	"\"snapshot-log\":[],\"metadata-log\":[]}"

static inline const struct firn_json *json_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_json *json = NULL;

	assert_ok(cx, firn_json_parse(cx, firn_str(text), "test", &json));
	return json;
}

static inline const struct firn_table_metadata *table_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_table_metadata *m = NULL;

	assert_ok(cx, firn_table_metadata_parse(cx, firn_str(text), &m));
	return m;
}

static inline const char *text_of(struct firn_ctx *cx, const struct firn_table_metadata *m)
{
	struct firn_str text = FIRN_STR_NONE;

	assert_ok(cx, firn_table_metadata_write(cx, m, &text));
	return firn_cstr(cx, text);
}

static inline firn_rc apply_to(struct firn_ctx *cx, const struct firn_table_metadata *m,
			       const char *updates, struct firn_table_change *change)
{
	struct firn_table_base base = {m, FIRN_STR("s3://b/t/metadata/00001-a.metadata.json"), NOW};

	return firn_table_updates_apply(cx, &base, json_of(cx, updates), change);
}

static inline struct firn_table_change applied(struct firn_ctx *cx,
					       const struct firn_table_metadata *m,
					       const char *updates)
{
	struct firn_table_change change = {.changed = false};

	assert_ok(cx, apply_to(cx, m, updates, &change));
	return change;
}

#define assert_has(text, part)                                                                     \
	do {                                                                                       \
		if (!strstr((text), (part)))                                                       \
			fail_msg("'%s' not in %s", (part), (text));                                \
	} while (0)
#define assert_lacks(text, part)                                                                   \
	do {                                                                                       \
		if (strstr((text), (part)))                                                        \
			fail_msg("'%s' is in %s", (part), (text));                                 \
	} while (0)

/* One update (or list of them) on a table: parts that the result must have or not, or the error. */
struct apply_case {
	const char *updates;
	enum firn_code code;  /* FIRN_OK: the parts below, separated by '|' ('!' = must lack) */
	const char *expected; /* or a part of the message; NULL: nothing changed */
};

static inline void check_parts(struct firn_ctx *cx, const char *text, const char *parts)
{
	char copy[2048], *save = NULL;

	(void)cx;
	snprintf(copy, sizeof(copy), "%s", parts);
	for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
		if (part[0] == '!')
			assert_lacks(text, part + 1);
		else
			assert_has(text, part);
	}
}

static inline void run_cases(struct firn_ctx *cx, const char *table, const struct apply_case *cases,
			     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct firn_table_metadata *m = table_of(cx, table);
		struct firn_table_change change = {.changed = false};

		if (cases[i].code != FIRN_OK) {
			assert_fails(cx, apply_to(cx, m, cases[i].updates, &change), cases[i].code,
				     cases[i].expected);
			continue;
		}
		change = applied(cx, m, cases[i].updates);
		if (change.changed != (cases[i].expected != NULL))
			fail_msg("changed is %d after %s", change.changed, cases[i].updates);
		if (!change.changed) {
			assert_ptr_equal(change.metadata, m);
			continue;
		}
		check_parts(cx, text_of(cx, change.metadata), cases[i].expected);
		/* What was written must be readable and stay as it is. */
		assert_string_equal(
			text_of(cx, table_of(cx, text_of(cx, change.metadata))),
			text_of(cx, change.metadata));
	}
}
#define RUN(cx, table, cases) run_cases((cx), (table), (cases), sizeof(cases) / sizeof(*(cases)))

#endif
