/* Small tables of each format version, as text. */
#ifndef FIRN_TESTS_TABLES_H
#define FIRN_TESTS_TABLES_H

/* A v2 table: columns id (long) and ts (timestamp), partitioned by day(ts), snapshots 1 and 2. */
#define TABLE_V2                                                                                   \
	"{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","           \
	"\"location\":\"s3://b/t\",\"last-sequence-number\":2,\"last-updated-ms\":1600000002000,"  \
	"\"last-column-id\":2,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","          \
	"\"schema-id\":0,\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":"        \
	"\"long\"},"                                                                               \
	"{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"}]}],"                 \
	"\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[{\"name\":\"ts_"    \
	"day\","                                                                                   \
	"\"transform\":\"day\",\"source-id\":2,\"field-id\":1000}]}],\"last-partition-id\":1000,"  \
	"\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],"            \
	"\"properties\":{\"owner\":\"ann\"},\"current-snapshot-id\":2,\"refs\":{\"main\":{"        \
	"\"snapshot-id\":2,\"type\":\"branch\"},\"v1\":{\"snapshot-id\":1,\"type\":\"tag\"}},"     \
	"\"snapshots\":[" SNAP_1 "," SNAP_2 "],\"statistics\":[],\"partition-statistics\":[],"     \
	"\"snapshot-log\":[{\"timestamp-ms\":1600000001000,\"snapshot-id\":1},"                    \
	"{\"timestamp-ms\":1600000002000,\"snapshot-id\":2}],\"metadata-log\":[]}"
#define SNAP_1                                                                                     \
	"{\"snapshot-id\":1,\"timestamp-ms\":1600000001000,\"sequence-number\":1,\"summary\":{"    \
	"\"operation\":\"append\"},\"manifest-list\":\"s3://b/t/1.avro\",\"schema-id\":0}"
#define SNAP_2                                                                                     \
	"{\"snapshot-id\":2,\"parent-snapshot-id\":1,\"timestamp-ms\":1600000002000,"              \
	"\"sequence-number\":2,\"summary\":{\"operation\":\"append\"},"                            \
	"\"manifest-list\":\"s3://b/t/2.avro\",\"schema-id\":0,\"x-extra\":{\"a\":[1]}}"

/* A v1 table without snapshots, as old writers wrote it. */
#define TABLE_V1                                                                                   \
	"{\"format-version\":1,\"table-uuid\":\"d20125c8-7284-442c-9aea-15fee620737c\","           \
	"\"location\":\"s3://b/v1\",\"last-updated-ms\":1600000000000,\"last-column-id\":2,"       \
	"\"schema\":{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"x\",\"required\":true,"  \
	"\"type\":\"long\"},{\"id\":2,\"name\":\"y\",\"required\":false,\"type\":\"string\"}]},"   \
	"\"partition-spec\":[{\"name\":\"x\",\"transform\":\"identity\",\"source-id\":1}],"        \
	"\"properties\":{},\"current-snapshot-id\":-1,\"snapshots\":[]}"

/* A v3 table without snapshots; next-row-id 100. */
#define TABLE_V3                                                                                   \
	"{\"format-version\":3,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c3\","           \
	"\"location\":\"s3://b/v3\",\"last-sequence-number\":5,\"last-updated-ms\":1600000000000," \
	"\"last-column-id\":1,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","          \
	"\"schema-id\":0,\"fields\":[{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":"         \
	"\"long\"}]}],"                                                                            \
	"\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"               \
	"\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,"  \
	"\"fields\":[]}],\"properties\":{},\"current-snapshot-id\":null,\"next-row-id\":100,"      \
	"\"refs\":{},\"snapshots\":[],\"statistics\":[],\"partition-statistics\":[],"              \
	"\"snapshot-log\":[],\"metadata-log\":[]}"

#endif
