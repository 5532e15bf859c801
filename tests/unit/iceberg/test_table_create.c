/* New tables: fresh ids, rebound spec and order, properties; and staged ones built from updates. */
#include "firn/uuid.h"
#include "table_fixture.h"

#define SCHEMA                                                                                     \
	"{\"type\":\"struct\",\"identifier-field-ids\":[0],\"fields\":["                           \
	"{\"id\":0,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"                          \
	"{\"id\":1,\"name\":\"at\",\"required\":false,\"type\":\"timestamptz\"},"                  \
	"{\"id\":2,\"name\":\"p\",\"required\":false,\"type\":{\"type\":\"struct\",\"fields\":["   \
	"{\"id\":3,\"name\":\"x\",\"required\":false,\"type\":\"int\"}]}}]}"

struct input {
	const char *schema, *spec, *order, *properties, *location;
};

static firn_rc create(struct firn_ctx *cx, const struct input *in,
		      const struct firn_table_metadata **ret_m)
{
	struct firn_table_create c = {
		.location = firn_str(in->location ? in->location : "s3://b/new/"),
		.uuid = FIRN_STR("9c12d441-03fe-4693-9a96-a0705ddf69c9"),
		.schema = in->schema ? json_of(cx, in->schema) : NULL,
		.partition_spec = in->spec ? json_of(cx, in->spec) : NULL,
		.write_order = in->order ? json_of(cx, in->order) : NULL,
		.now_ms = NOW,
	};
	const struct firn_json *properties = json_of(cx, in->properties ? in->properties : "{}"),
			       *value;
	struct firn_pair pairs[8];
	struct firn_str key;
	void *iter = NULL;
	size_t n = 0;

	while (firn_json_next(properties, &iter, &key, &value))
		pairs[n++] = (struct firn_pair){key, firn_json_str(value)};
	c.properties = (struct firn_map){pairs, n};
	return firn_table_metadata_create(cx, &c, ret_m);
}

static void test_create(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		struct input in;
		const char *expected;
	} cases[] = {
		{{.schema = SCHEMA},
		 "\"format-version\":2|\"location\":\"s3://b/new\"|\"last-sequence-number\":0|"
		 "\"last-updated-ms\":1700000000000|\"last-column-id\":4|\"current-schema-id\":0|"
		 "\"identifier-field-ids\":[1]|{\"id\":1,\"name\":\"id\"|{\"id\":3,\"name\":\"p\"|"
		 "{\"id\":4,\"name\":\"x\"|\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}]|"
		 "\"last-partition-id\":999|\"sort-orders\":[{\"order-id\":0,\"fields\":[]}]|"
		 "\"properties\":{\"write.parquet.compression-codec\":\"zstd\"}|"
		 "\"current-snapshot-id\":-1|\"refs\":{}|\"metadata-log\":[]|"
		 "\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c9\""},
		{{.schema = SCHEMA,
		  .spec = "{\"spec-id\":7,\"fields\":[{\"name\":\"d\",\"transform\":\"day\","
			  "\"source-id\":1,\"field-id\":1005},{\"name\":\"px\",\"transform\":"
			  "\"identity\",\"source-id\":3}]}"},
		 "missing field IDs"},
		{{.schema = SCHEMA,
		  .spec = "{\"spec-id\":7,\"fields\":[{\"name\":\"d\",\"transform\":\"day\","
			  "\"source-id\":1,\"field-id\":1005},{\"name\":\"px\",\"transform\":"
			  "\"identity\",\"source-id\":3,\"field-id\":1009}]}"},
		 "{\"spec-id\":0,\"fields\":[{\"name\":\"d\",\"transform\":\"day\",\"source-id\":2,"
		 "\"field-id\":1000},{\"name\":\"px\",\"transform\":\"identity\",\"source-id\":4,"
		 "\"field-id\":1001}]}|\"last-partition-id\":1001"},
		{{.schema = SCHEMA,
		  .order = "{\"order-id\":3,\"fields\":[{\"transform\":\"bucket[2]\",\"source-id\":"
			   "0,"
			   "\"direction\":\"asc\",\"null-order\":\"nulls-first\"}]}"},
		 "\"default-sort-order-id\":1|{\"order-id\":1,\"fields\":[{\"transform\":\"bucket["
		 "2]\","
		 "\"source-id\":1,"},
		{{.schema = SCHEMA, .spec = "null", .order = "null"}, "\"fields\":[]"},
		{{.schema = SCHEMA,
		  .properties = "{\"format-version\":\"1\",\"a\":\"b\",\"uuid\":\"x\"}"},
		 "\"format-version\":1|\"a\":\"b\"|!\"uuid\"|\"schema\":{|!last-sequence-number"},
		{{.schema = SCHEMA, .properties = "{\"format-version\":\"3\"}"},
		 "\"format-version\":3|\"next-row-id\":0|\"current-snapshot-id\":null"},
		{{.schema = SCHEMA,
		  .properties = "{\"write.parquet.compression-codec\":\"snappy\"}"},
		 "\"properties\":{\"write.parquet.compression-codec\":\"snappy\"}"},
		{{.schema = SCHEMA,
		  .properties = "{\"write.metadata.metrics.column.p.x\":\"full\"}"},
		 "metrics.column.p.x"},
		{{.schema = "{\"type\":\"struct\",\"fields\":[]}"}, "\"last-column-id\":0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_table_metadata *m = NULL;
		const char *text;

		if (i == 1) {
			assert_fails(cx, create(cx, &cases[i].in, &m), FIRN_E_BAD_REQUEST,
				     cases[i].expected);
			continue;
		}
		assert_ok(cx, create(cx, &cases[i].in, &m));
		text = text_of(cx, m);
		check_parts(cx, text, cases[i].expected);
		assert_string_equal(text_of(cx, table_of(cx, text)), text);
	}
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		struct input in;
		enum firn_code code;
		const char *message;
	} cases[] = {
		{{.schema = NULL}, FIRN_E_BAD_REQUEST, "'schema' is missing"},
		{{.schema = "null"}, FIRN_E_BAD_REQUEST, "'schema' is missing"},
		{{.schema = "{}"}, FIRN_E_BAD_REQUEST, "schema: 'type' is missing"},
		{{.schema = SCHEMA, .properties = "{\"format-version\":\"4\"}"},
		 FIRN_E_VALIDATION,
		 "Unsupported format version: v4 (supported: v3)"},
		{{.schema = SCHEMA, .properties = "{\"format-version\":\"0\"}"},
		 FIRN_E_VALIDATION,
		 "Unsupported format version: v0"},
		{{.schema = SCHEMA, .properties = "{\"format-version\":\"two\"}"},
		 FIRN_E_VALIDATION,
		 "must be a number, found 'two'"},
		{{.schema = SCHEMA, .properties = "{\"commit.retry.num-retries\":\"x\"}"},
		 FIRN_E_VALIDATION,
		 "must have integer value"},
		{{.schema = SCHEMA, .properties = "{\"commit.retry.num-retries\":\"-1\"}"},
		 FIRN_E_VALIDATION,
		 "must have non negative integer value"},
		{{.schema = SCHEMA,
		  .properties = "{\"write.metadata.metrics.column.nope\":\"full\"}"},
		 FIRN_E_VALIDATION,
		 "could not find column nope"},
		{{.schema = SCHEMA,
		  .spec = "{\"fields\":[{\"name\":\"a\",\"transform\":\"day\",\"source-id\":9}]}"},
		 FIRN_E_BAD_REQUEST,
		 "source field 9 is not in the schema"},
		{{.schema = SCHEMA,
		  .spec = "{\"fields\":[{\"name\":\"a\",\"transform\":\"hour\",\"source-id\":0}]}"},
		 FIRN_E_VALIDATION,
		 "Invalid source type long for transform: hour"},
		{{.schema = SCHEMA,
		  .spec = "{\"fields\":[{\"name\":\"a\",\"transform\":\"identity\",\"source-id\":2}"
			  "]}"},
		 FIRN_E_VALIDATION,
		 "Cannot partition by non-primitive source field"},
		{{.schema = SCHEMA, .spec = "5"}, FIRN_E_BAD_REQUEST, "must be an object"},
		{{.schema = SCHEMA, .order = "5"}, FIRN_E_BAD_REQUEST, "must be an object"},
		{{.schema = SCHEMA, .location = "/"}, FIRN_E_VALIDATION, "missing or empty"},
		{{.schema =
			  "{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":"
			  "false,\"type\":\"geography\"}]}"},
		 FIRN_E_VALIDATION,
		 "Invalid type for a: geography is not supported until v3"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct firn_table_metadata *m = NULL;

		assert_fails(cx, create(cx, &cases[i].in, &m), cases[i].code, cases[i].message);
	}
}

#define STAGED                                                                                     \
	"{\"action\":\"assign-uuid\",\"uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c9\"},"          \
	"{\"action\":\"upgrade-format-version\",\"format-version\":3},"                            \
	"{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"schema-id\":0,\"fields\":["  \
	"{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":\"long\"}]},\"last-column-id\":1},"   \
	"{\"action\":\"set-current-schema\",\"schema-id\":-1},"                                    \
	"{\"action\":\"add-spec\",\"spec\":{\"spec-id\":0,\"fields\":[]}},"                        \
	"{\"action\":\"set-default-spec\",\"spec-id\":-1}"
#define ORDER                                                                                      \
	",{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}},"          \
	"{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1}"
#define LOCATION ",{\"action\":\"set-location\",\"location\":\"s3://b/staged\"}"
#define APPEND                                                                                     \
	",{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":9,\"sequence-number\":1,"     \
	"\"timestamp-ms\":1700000000001,\"manifest-list\":\"m\",\"first-row-id\":0,"               \
	"\"added-rows\":3}},{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\","               \
	"\"snapshot-id\":9,\"type\":\"branch\"}"

static void test_staged(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_table_base base = {NULL, FIRN_STR_NONE, NOW};
	struct firn_table_change change;
	struct firn_uuid uuid;
	static const char *const bad[][2] = {
		{"[]", "location"},
		{"[" STAGED LOCATION "]", "Sort orders cannot be null or empty"},
		{"[" STAGED ORDER "]", "'location' is missing"},
		{"[{\"action\":\"add-spec\",\"spec\":{\"fields\":[]}}]",
		 "Cannot add a partition spec before a schema"},
		{"[{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}}]",
		 "Cannot add a sort order before a schema"},
		{"[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":9,\"timestamp-ms\":1,"
		 "\"manifest-list\":\"m\"}}]",
		 "before a schema is added"},
	};

	assert_ok(cx, firn_table_updates_apply(cx, &base,
					       json_of(cx, "[" STAGED ORDER LOCATION APPEND "]"),
					       &change));
	assert_true(change.changed);
	check_parts(cx, text_of(cx, change.metadata),
		    "\"format-version\":3|\"location\":\"s3://b/staged\"|\"next-row-id\":3|"
		    "\"current-snapshot-id\":9|\"last-updated-ms\":1700000000000|"
		    "\"last-sequence-number\":1|\"metadata-log\":[]|\"last-column-id\":1|"
		    "\"snapshot-log\":[{\"timestamp-ms\":1700000000001,\"snapshot-id\":9}]|"
		    "9c12d441-03fe-4693-9a96-a0705ddf69c9");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(cx,
			     firn_table_updates_apply(cx, &base, json_of(cx, bad[i][0]), &change),
			     FIRN_E_VALIDATION, bad[i][1]);
	/* Without assign-uuid the table gets one. */
	assert_ok(
		cx,
		firn_table_updates_apply(
			cx, &base,
			json_of(cx, "["
				    "{\"action\":\"add-schema\",\"schema\":{\"type\":"
				    "\"struct\",\"fields\":[]}},{\"action\":\"add-spec\",\"spec\":"
				    "{\"fields\":[]}}" ORDER LOCATION "]"),
			&change));
	assert_int_equal(firn_table_format_version(change.metadata), 2);
	assert_true(firn_uuid_parse(firn_table_uuid(change.metadata), &uuid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_create),
		WITH_CTX(test_refuses),
		WITH_CTX(test_staged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
