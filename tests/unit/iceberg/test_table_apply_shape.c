/* Updates of schemas, partition specs and sort orders. */
#include "table_fixture.h"

#define ADD_SCHEMA(fields)                                                                         \
	"{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"fields\":[" fields "]}}"
#define ID "{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"}"
#define TS "{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"}"
#define NEW "{\"id\":3,\"name\":\"new\",\"required\":false,\"type\":\"string\"}"
#define CURRENT(id) "{\"action\":\"set-current-schema\",\"schema-id\":" #id "}"
#define ADD_SPEC(fields) "{\"action\":\"add-spec\",\"spec\":{\"fields\":[" fields "]}}"
#define PART(name, transform, source) /* without field-id */                                       \
	"{\"name\":\"" name "\",\"transform\":\"" transform "\",\"source-id\":" #source "}"
#define PART_ID(name, transform, source, id)                                                       \
	"{\"name\":\"" name "\",\"transform\":\"" transform "\",\"source-id\":" #source            \
	",\"field-id\":" #id "}"
#define DEFAULT_SPEC(id) "{\"action\":\"set-default-spec\",\"spec-id\":" #id "}"
#define ADD_ORDER(id, fields)                                                                      \
	"{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":" #id ",\"fields\":[" fields  \
	"]}}"
#define SORT(transform, source)                                                                    \
	"{\"transform\":\"" transform "\",\"source-id\":" #source                                  \
	",\"direction\":\"desc\",\"null-order\":\"nulls-last\"}"
#define DEFAULT_ORDER(id) "{\"action\":\"set-default-sort-order\",\"sort-order-id\":" #id "}"

#define TABLE_LAST_IDS                                                                             \
	"{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","           \
	"\"location\":\"s3://b/t\",\"last-sequence-number\":0,\"last-updated-ms\":1600000000000,"  \
	"\"last-column-id\":2,\"current-schema-id\":2147483647,\"schemas\":[{\"type\":"            \
	"\"struct\",\"schema-id\":2147483647,\"fields\":[" ID "," TS "]}],"                        \
	"\"default-spec-id\":2147483647,\"partition-specs\":[{\"spec-id\":2147483647,"             \
	"\"fields\":[]}],\"last-partition-id\":999,\"default-sort-order-id\":2147483647,"          \
	"\"sort-orders\":[{\"order-id\":2147483647,\"fields\":[" SORT("hour", 2) "]}]}"

static void test_schemas(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "," CURRENT(-1) "]", FIRN_OK,
		 "\"current-schema-id\":1|\"last-column-id\":3|\"schema-id\":1"},
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "]", FIRN_OK,
		 "\"current-schema-id\":0|\"last-column-id\":3"},
		/* The deprecated last-column-id is not believed. */
		{"[{\"action\":\"add-schema\",\"last-column-id\":1,\"schema\":{\"type\":"
		 "\"struct\","
		 "\"schema-id\":5,\"fields\":[" ID "," TS "," NEW "]}}]",
		 FIRN_OK, "\"last-column-id\":3|\"schema-id\":1|!\"schema-id\":5"},
		/* An equal one is used again, and is the last added. */
		{"[" ADD_SCHEMA(ID "," TS) "]", FIRN_OK, NULL},
		{"[" ADD_SCHEMA(ID "," TS) "," CURRENT(-1) "]", FIRN_OK, NULL},
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "," ADD_SCHEMA(ID "," TS) "," CURRENT(-1) "]",
		 FIRN_OK, "\"current-schema-id\":0"},
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "," ADD_SCHEMA(ID "," TS
								     "," NEW) "," CURRENT(-1) "]",
		 FIRN_OK, "\"current-schema-id\":1|!\"schema-id\":2"},
		{"[" CURRENT(-1) "]", FIRN_E_VALIDATION,
		 "Cannot set last added schema: no schema has been added"},
		{"[" CURRENT(9) "]", FIRN_E_VALIDATION,
		 "Cannot set current schema to unknown schema: 9"},
		{"[" CURRENT(0) "]", FIRN_OK, NULL},
		{"[{\"action\":\"set-current-schema\"}]", FIRN_E_BAD_REQUEST,
		 "'schema-id' is missing"},
		{"[{\"action\":\"add-schema\"}]", FIRN_E_BAD_REQUEST, "'schema' is missing"},
		{"[" ADD_SCHEMA(ID "," ID) "]", FIRN_E_BAD_REQUEST, "add-schema: schema: multiple"},
		{"[" ADD_SCHEMA("{\"id\":1,\"name\":\"v\",\"required\":false,\"type\":"
				"\"variant\"}") "]",
		 FIRN_E_VALIDATION,
		 "Invalid schema for v2: Invalid type for v: variant is not supported "
		 "until v3"},
		/* A column that the default spec needs can't go. */
		{"[" ADD_SCHEMA(ID) "," CURRENT(-1) "]", FIRN_E_VALIDATION,
		 "Cannot find source column for partition field"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":3}"
		 "," ADD_SCHEMA("{\"id\":3,\"name\":\"v\",\"required\":false,\"type\":"
				"\"variant\"}," TS) "]",
		 FIRN_OK, "variant|\"next-row-id\":0"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_remove_schemas(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SCHEMA(ID "," TS
				   "," NEW) ",{\"action\":\"remove-schemas\",\"schema-ids\":[1]}]",
		 FIRN_OK, "!\"schema-id\":1|\"last-column-id\":3"},
		{"[{\"action\":\"remove-schemas\",\"schema-ids\":[0]}]", FIRN_E_VALIDATION,
		 "Cannot remove the current schema"},
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "," CURRENT(
			 -1) ",{\"action\":\"remove-schemas\",\"schema-ids\":[0]}]",
		 FIRN_E_VALIDATION, "Cannot remove schema 0: snapshot 1 was written with it"},
		{"[{\"action\":\"remove-schemas\",\"schema-ids\":[7]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-schemas\",\"schema-ids\":[]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-schemas\"}]", FIRN_E_BAD_REQUEST,
		 "'schema-ids' is missing"},
		{"[{\"action\":\"remove-schemas\",\"schema-ids\":[4294967296]}]",
		 FIRN_E_BAD_REQUEST, "32-bit"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_specs(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SPEC(PART_ID("b", "bucket[4]", 1, 1001)) "," DEFAULT_SPEC(-1) "]", FIRN_OK,
		 "\"default-spec-id\":1|\"last-partition-id\":1001|\"field-id\":1001"},
		/* Without ids: an equal field of an earlier spec lends its id, others get new ones.
		 */
		{"[" ADD_SPEC(PART("b", "bucket[4]", 1) "," PART("d", "day", 2)) "]", FIRN_OK,
		 "\"name\":\"b\",\"transform\":\"bucket[4]\",\"source-id\":1,\"field-id\":1001|"
		 "\"name\":\"d\",\"transform\":\"day\",\"source-id\":2,\"field-id\":1000|"
		 "\"last-partition-id\":1001|\"default-spec-id\":0"},
		/* Of two equal fields only one takes the id that is in use. */
		{"[" ADD_SPEC(PART("a", "day", 2) "," PART("b", "day", 2)) "]", FIRN_OK,
		 "\"name\":\"a\",\"transform\":\"day\",\"source-id\":2,\"field-id\":1000|"
		 "\"name\":\"b\",\"transform\":\"day\",\"source-id\":2,\"field-id\":1001|"
		 "\"last-partition-id\":1001"},
		{"[" ADD_SPEC("") "," DEFAULT_SPEC(-1) "]", FIRN_OK,
		 "{\"spec-id\":1,\"fields\":[]}|\"default-spec-id\":1|\"last-partition-id\":1000"},
		/* An equal one is used again whatever its ids. */
		{"[" ADD_SPEC(PART_ID("ts_day", "day", 2, 1005)) "," DEFAULT_SPEC(-1) "]", FIRN_OK,
		 NULL},
		{"[" DEFAULT_SPEC(-1) "]", FIRN_E_VALIDATION,
		 "Cannot set last added spec: no spec has been added"},
		{"[" DEFAULT_SPEC(5) "]", FIRN_E_VALIDATION, "unknown spec: 5"},
		{"[" ADD_SPEC(PART("a", "day", 1)) "]", FIRN_E_VALIDATION,
		 "Invalid source type long for transform: day"},
		{"[" ADD_SPEC(PART("a", "identity", 7)) "]", FIRN_E_VALIDATION,
		 "Cannot find source column for partition field: identity(7)"},
		{"[" ADD_SPEC(PART("id", "day", 2)) "]", FIRN_E_VALIDATION,
		 "Cannot create partition from name that exists in schema: id"},
		{"[" ADD_SPEC(PART("a", "day", 2) "," PART("a", "hour", 2)) "]", FIRN_E_VALIDATION,
		 "Cannot use partition name more than once: a"},
		{"[" ADD_SPEC(PART("", "day", 2)) "]", FIRN_E_VALIDATION, "empty partition name"},
		{"[" ADD_SPEC(PART("a", "day", 2) "," PART_ID("b", "hour", 2, 1001)) "]",
		 FIRN_E_BAD_REQUEST, "missing field IDs: 1 missing of 2 fields"},
		{"[" ADD_SPEC(PART_ID("a", "day", 2, 1001) "," PART_ID("b", "hour", 2, 1001)) "]",
		 FIRN_E_BAD_REQUEST, "partition field id 1001 is used twice"},
		{"[" ADD_SPEC(PART("a", "bucket[0]", 1)) "]", FIRN_E_BAD_REQUEST,
		 "width from 1 to 2147483647"},
		{"[" ADD_SPEC(PART("a", "truncate[x]", 1)) "]", FIRN_E_BAD_REQUEST, "width from 1"},
		{"[" ADD_SPEC(PART("a", "sparkle", 1)) "]", FIRN_OK, "sparkle"},
		{"[{\"action\":\"add-spec\"}]", FIRN_E_BAD_REQUEST, "'spec' is missing"},
		{"[{\"action\":\"add-spec\",\"spec\":{}}]", FIRN_E_BAD_REQUEST,
		 "'fields' is missing"},
		{"[" ADD_SPEC("{\"name\":\"a\",\"transform\":\"day\"}") "]", FIRN_E_BAD_REQUEST,
		 "'source-id' is missing"},
		{"[" ADD_SPEC("") ",{\"action\":\"remove-partition-specs\",\"spec-ids\":[1]}]",
		 FIRN_OK, "!\"spec-id\":1"},
		{"[{\"action\":\"remove-partition-specs\",\"spec-ids\":[0]}]", FIRN_E_VALIDATION,
		 "Cannot remove the default partition spec"},
		{"[{\"action\":\"remove-partition-specs\",\"spec-ids\":[9]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-partition-specs\"}]", FIRN_E_BAD_REQUEST,
		 "'spec-ids' is missing"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_specs_v1(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SPEC(PART_ID("y", "identity", 2, 1000)) "," DEFAULT_SPEC(-1) "]", FIRN_OK,
		 "\"default-spec-id\":1|\"partition-spec\":[{\"name\":\"y\""},
		{"[" ADD_SPEC(PART("y", "identity", 2)) "]", FIRN_OK, "\"field-id\":1000"},
		{"[" ADD_SPEC(PART_ID("y", "identity", 2, 1001)) "]", FIRN_E_VALIDATION,
		 "sequential IDs that are required in v1"},
		{"[" ADD_SPEC(
			 PART_ID("x", "void", 1, 1000) "," PART_ID("y", "identity", 2, 1001)) "]",
		 FIRN_OK, "\"transform\":\"void\""},
		/* Its source may be gone: the void transform stands for it. */
		{"[" ADD_SPEC(PART_ID("gone", "void", 9, 1000)) "]", FIRN_OK, "\"source-id\":9"},
	};

	RUN(cx, TABLE_V1, cases);
}

static void test_multi_argument(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SPEC(
			 "{\"name\":\"z\",\"transform\":\"zorder[2]\",\"source-ids\":[1,2]}") "]",
		 FIRN_OK, "\"source-ids\":[1,2],\"field-id\":1001"},
		{"[" ADD_SPEC(
			 "{\"name\":\"z\",\"transform\":\"bucket[2]\",\"source-ids\":[1]}") "]",
		 FIRN_OK, "\"transform\":\"bucket[2]\""},
		{"[" ADD_SPEC("{\"name\":\"z\",\"transform\":\"zorder[2]\",\"source-ids\":[]}") "]",
		 FIRN_E_BAD_REQUEST, "'source-ids' of at least one"},
		{"[" ADD_SPEC(
			 "{\"name\":\"z\",\"transform\":\"zorder[2]\",\"source-ids\":[1,9]}") "]",
		 FIRN_E_VALIDATION, "Cannot find source column"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_orders(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_ORDER(5, SORT("identity", 1)) "," DEFAULT_ORDER(-1) "]", FIRN_OK,
		 "\"default-sort-order-id\":1|{\"order-id\":1,\"fields\":["},
		{"[" ADD_ORDER(1, SORT("identity", 1)) "," ADD_ORDER(1, SORT("day", 2)) "]",
		 FIRN_OK, "\"order-id\":1|\"order-id\":2|\"default-sort-order-id\":0"},
		{"[" ADD_ORDER(1, SORT("identity", 1)) "," ADD_ORDER(9, SORT("identity", 1)) "]",
		 FIRN_OK, "\"order-id\":1|!\"order-id\":2"},
		{"[" ADD_ORDER(0, "") "," DEFAULT_ORDER(-1) "]", FIRN_OK, NULL},
		{"[" ADD_ORDER(1, "") "]", FIRN_E_BAD_REQUEST, "Unsorted order ID must be 0"},
		{"[" ADD_ORDER(0, SORT("identity", 1)) "]", FIRN_E_BAD_REQUEST,
		 "Sort order ID 0 is reserved"},
		{"[" ADD_ORDER(1, SORT("identity", 9)) "]", FIRN_E_VALIDATION,
		 "Cannot find source column for sort field"},
		{"[" ADD_ORDER(1, SORT("hour", 1)) "]", FIRN_E_VALIDATION,
		 "Invalid source type long for transform: hour"},
		{"[" ADD_ORDER(1,
			       "{\"transform\":\"identity\",\"source-id\":1,\"direction\":\"up\","
			       "\"null-order\":\"nulls-last\"}") "]",
		 FIRN_E_BAD_REQUEST, "'direction' must be asc or desc, found 'up'"},
		{"[" ADD_ORDER(
			 1,
			 "{\"transform\":\"identity\",\"source-id\":1,\"direction\":\"ASC\"}") "]",
		 FIRN_E_BAD_REQUEST, "'null-order' is missing"},
		{"[" DEFAULT_ORDER(-1) "]", FIRN_E_VALIDATION,
		 "Cannot set last added sort order: no sort order has been added"},
		{"[" DEFAULT_ORDER(4) "]", FIRN_E_VALIDATION, "unknown sort order: 4"},
		{"[" DEFAULT_ORDER(0) "]", FIRN_OK, NULL},
		{"[{\"action\":\"add-sort-order\"}]", FIRN_E_BAD_REQUEST,
		 "'sort-order' is missing"},
		/* A column that the default order needs can't go. */
		{"[" ADD_ORDER(1, SORT("identity", 1)) "," DEFAULT_ORDER(-1) "," ADD_SCHEMA(
			 TS) "," CURRENT(-1) "]",
		 FIRN_E_VALIDATION, "Cannot find source column for sort field"},
	};

	RUN(cx, TABLE_V2, cases);
}

/* A registered table may hold the last id there is. */
static void test_last_ids(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[" ADD_SCHEMA(ID "," TS "," NEW) "]", FIRN_E_VALIDATION,
		 "Cannot add a schema: the table's schema ids are used up"},
		{"[" ADD_SPEC(PART("b", "bucket[4]", 1)) "]", FIRN_E_VALIDATION,
		 "Cannot add a partition spec: the table's partition spec ids are used up"},
		{"[" ADD_ORDER(1, SORT("identity", 1)) "]", FIRN_E_VALIDATION,
		 "Cannot add a sort order: the table's sort order ids are used up"},
		{"[" ADD_SCHEMA(ID "," TS) "," CURRENT(-1) "]", FIRN_OK, NULL},
	};

	RUN(cx, TABLE_LAST_IDS, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_schemas),	 WITH_CTX(test_remove_schemas), WITH_CTX(test_specs),
		WITH_CTX(test_specs_v1), WITH_CTX(test_multi_argument), WITH_CTX(test_orders),
		WITH_CTX(test_last_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
