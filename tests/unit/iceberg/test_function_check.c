/* Function metadata: what is taken as it came, and what is refused. */
#include "firn/view_metadata.h"
#include "table_fixture.h"

#define UUID "\"42fd3f91-bc10-41c1-8a52-92b57dd0a9b2\""
#define HEAD "\"function-uuid\":" UUID ",\"format-version\":1,"
#define SQL "{\"type\":\"sql\",\"dialect\":\"spark\",\"sql\":\"x + 1\"}"
#define VERSION(id) "{\"version-id\":" id ",\"timestamp-ms\":7,\"representations\":[" SQL "]}"
#define DEFINITION_OF(id, parameters, returned, rest)                                              \
	"{\"definition-id\":\"" id "\",\"parameters\":[" parameters "],\"return-type\":" returned  \
	"," rest "}"
#define REST "\"versions\":[" VERSION("1") "],\"current-version-id\":1,\"function-type\":\"udf\""
#define X_INT "{\"name\":\"x\",\"type\":\"int\"}"
#define DEFINITION DEFINITION_OF("int", X_INT, "\"int\"", REST)
#define LOG "\"definition-log\":[]"
#define FUNCTION(definitions) "{" HEAD "\"definitions\":[" definitions "]," LOG "}"
#define WITH_VERSIONS(versions, current)                                                           \
	FUNCTION(DEFINITION_OF("int", X_INT, "\"int\"",                                            \
			       "\"versions\":[" versions "],\"current-version-id\":" current       \
			       ",\"function-type\":\"udf\""))
#define WITH_PARAMETERS(id, parameters) FUNCTION(DEFINITION_OF(id, parameters, "\"int\"", REST))
#define RETURNING(type, returned)                                                                  \
	FUNCTION(DEFINITION_OF("int", X_INT, returned,                                             \
			       "\"versions\":[" VERSION(                                           \
				       "1") "],\"current-version-id\":1,\"function-type\":" type))
#define STRUCT "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"string\",\"id\":1}]}"

static const char *const accepted[] = {
	FUNCTION(DEFINITION),
	FUNCTION(DEFINITION "," DEFINITION_OF("", "", "\"int\"", REST)),
	"{" HEAD "\"definitions\":[" DEFINITION "],\"definition-log\":[{\"timestamp-ms\":1,"
	"\"definition-versions\":[{\"definition-id\":\"gone\",\"version-id\":4}]}],"
	"\"location\":\"s3://b/f\",\"properties\":{\"a\":\"b\"},\"secure\":true,\"doc\":\"d\","
	"\"x-more\":[1.50,null]}",
	WITH_VERSIONS(VERSION("1") "," VERSION("-2"), "-2"),
	WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"deterministic\":true,"
		      "\"on-null-input\":\"return-null\",\"representations\":[" SQL "," SQL "]}",
		      "1"),
	WITH_PARAMETERS("", ""),
	WITH_PARAMETERS("decimal(9,2),variant", "{\"name\":\"a\",\"type\":\"decimal(9,2)\"},"
						"{\"name\":\"b\",\"type\":\"variant\"}"),
	WITH_PARAMETERS("list<map<string,struct<id:int,name:string>>>",
			"{\"name\":\"a\",\"doc\":\"d\",\"type\":{\"type\":\"list\",\"element\":{"
			"\"type\":\"map\",\"key\":\"string\",\"value\":{\"type\":\"struct\","
			"\"fields\":[{\"name\":\"id\",\"type\":\"int\"},{\"name\":\"name\","
			"\"type\":\"string\"}]}}}}"),
	/* How such a name is told in the id isn't settled. */
	WITH_PARAMETERS("struct<a\\\\:b:int>",
			"{\"name\":\"a\",\"type\":{\"type\":\"struct\","
			"\"fields\":[{\"name\":\"a:b\",\"type\":\"int\"}]}}"),
	RETURNING("\"udtf\"", STRUCT),
	RETURNING("\"udf\"", STRUCT ",\"return-nullable\":false"),
};

static void test_accepted(void **state)
{
	struct firn_ctx *cx = *state;

	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		struct firn_str text, expected;
		const struct firn_json *function = json_of(cx, accepted[i]);
		assert_ok(cx, firn_function_metadata_check(cx, function, &text));
		assert_ok(cx, firn_json_dump(cx, function, false, &expected));
		assert_text(text, firn_cstr(cx, expected));
	}
}

static const struct {
	const char *function, *message;
} refused[] = {
	{"[]", "a JSON object is expected"},
	{"{}", "'format-version' is missing"},
	{"{\"format-version\":1}", "'function-uuid' is missing"},
	{"{\"format-version\":2}", "format-version must be 1, not 2"},
	{"{\"format-version\":1,\"function-uuid\":\"nope\"}", "'nope' is not a UUID"},
	{"{" HEAD "\"doc\":1}", "'doc' must be a string"},
	{"{" HEAD "\"location\":{}}", "'location' must be a string"},
	{"{" HEAD "\"secure\":\"yes\"}", "'secure' must be true or false"},
	{"{" HEAD "\"properties\":{\"a\":1}}", "the value of 'a' must be a string"},
	{"{" HEAD LOG "}", "'definitions' is missing"},
	{"{" HEAD "\"definitions\":[" DEFINITION "]}", "'definition-log' is missing"},
	{"{" HEAD "\"definitions\":[" DEFINITION "],\"definition-log\":[1]}", "array of objects"},
	{"{" HEAD "\"definitions\":[" DEFINITION "],\"definition-log\":[{}]}",
	 "'timestamp-ms' is missing"},
	{"{" HEAD "\"definitions\":[" DEFINITION "],\"definition-log\":[{\"timestamp-ms\":1,"
	 "\"definition-versions\":[{\"definition-id\":\"int\"}]}]}",
	 "'version-id' is missing"},
	{FUNCTION(""), "'definitions' is empty"},
	{FUNCTION("7"), "array of objects, found 7"},
	{FUNCTION("{}"), "'definition-id' is missing"},
	{FUNCTION(DEFINITION "," DEFINITION), "two definitions have the definition-id 'int'"},
	{FUNCTION(DEFINITION_OF(
		 "int", X_INT, "\"int\"",
		 "\"specific-name\":\"s\"," REST) "," DEFINITION_OF("", "", "\"int\"",
								    "\"specific-name\":"
								    "\"s\"," REST)),
	 "two definitions have the specific-name 's'"},
	{FUNCTION(DEFINITION_OF("int", X_INT, "\"int\"", "\"specific-name\":7," REST)),
	 "function definition 'int': 'specific-name' must be a string"},
	{FUNCTION(DEFINITION_OF("int", X_INT, "\"int\"", "\"return-nullable\":1," REST)),
	 "'return-nullable' must be true or false"},
	{WITH_PARAMETERS("long", X_INT), "definition-id must be its parameters' types, 'int'"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\"}"), "a type is missing"},
	{WITH_PARAMETERS("int", "{\"type\":\"int\"}"), "'name' is missing"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":\"int\",\"doc\":1}"), "'doc' must be"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":\"integer\"}"), "integer"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":\"decimal(9, 2)\"}"),
	 "'decimal(9, 2)' must hold no spaces"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":7}"), "found 7"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":{\"type\":\"set\"}}"), "found set"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":{\"type\":\"list\"}}"),
	 "a type is missing"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":{\"type\":\"map\",\"key\":\"int\"}}"),
	 "a type is missing"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":{\"type\":\"struct\"}}"),
	 "'fields' is missing"},
	{WITH_PARAMETERS("int", "{\"name\":\"x\",\"type\":{\"type\":\"struct\",\"fields\":["
				"{\"type\":\"int\"}]}}"),
	 "'name' is missing"},
	{RETURNING("\"udf\"", "null"), "found null"},
	{RETURNING("\"proc\"", "\"int\""), "function-type must be udf or udtf, not 'proc'"},
	{RETURNING("\"udtf\"", "\"int\""), "must be a struct"},
	{WITH_VERSIONS("", "1"), "current-version-id 1 is none of its versions"},
	{WITH_VERSIONS(VERSION("1") "," VERSION("1"), "1"), "version 1 is there twice"},
	{WITH_VERSIONS("{\"version-id\":1}", "1"), "'timestamp-ms' is missing"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7}", "1"),
	 "'representations' is missing"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"representations\":[]}", "1"),
	 "'representations' is empty"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"representations\":[{}]}", "1"),
	 "'type' is missing"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"representations\":[{\"type\":"
		       "\"py\"}]}",
		       "1"),
	 "type must be sql, not 'py'"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"representations\":[{\"type\":"
		       "\"sql\",\"dialect\":\"d\"}]}",
		       "1"),
	 "'sql' is missing"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"deterministic\":0,"
		       "\"representations\":[" SQL "]}",
		       "1"),
	 "'deterministic' must be true or false"},
	{WITH_VERSIONS("{\"version-id\":1,\"timestamp-ms\":7,\"on-null-input\":\"x\","
		       "\"representations\":[" SQL "]}",
		       "1"),
	 "on-null-input must be return-null or call, not 'x'"},
};

static void test_refused(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str text;

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_fails(
			cx,
			firn_function_metadata_check(cx, json_of(cx, refused[i].function), &text),
			FIRN_E_BAD_REQUEST, refused[i].message);
	assert_fails(cx, firn_function_metadata_check(cx, NULL, &text), FIRN_E_BAD_REQUEST,
		     "a JSON object is expected");
}

/* Lists of `depth` levels. */
static const char *nested(struct firn_ctx *cx, int depth)
{
	struct firn_str text;
	struct firn_buf b;

	firn_buf_init(&b, cx, 1 << 16);
	firn_buf_cstr(&b, "{" HEAD LOG ",\"definitions\":[{\"definition-id\":\"\",\"parameters\":"
			  "[]," REST ",\"return-type\":");
	for (int i = 0; i < depth; i++)
		firn_buf_cstr(&b, "{\"type\":\"list\",\"element\":");
	firn_buf_cstr(&b, "\"int\"");
	for (int i = 0; i < depth; i++)
		firn_buf_char(&b, '}');
	firn_buf_cstr(&b, "}]}");
	assert_ok(cx, firn_buf_end(&b, &text));
	return firn_cstr(cx, text);
}

static void test_depth(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str text;

	assert_ok(cx, firn_function_metadata_check(cx, json_of(cx, nested(cx, 59)), &text));
	assert_fails(cx, firn_function_metadata_check(cx, json_of(cx, nested(cx, 60)), &text),
		     FIRN_E_BAD_REQUEST, "nested deeper than 60");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_accepted),
		WITH_CTX(test_refused),
		WITH_CTX(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
