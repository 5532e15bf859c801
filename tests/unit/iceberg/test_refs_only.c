/* The refs-only form: which snapshots stay, and every other byte. */
#include "table_fixture.h"

static const char *refs_only(struct firn_ctx *cx, const char *text)
{
	struct firn_str out = FIRN_STR_NONE;

	assert_ok(cx, firn_table_metadata_refs_only(cx, firn_str(text), &out));
	return firn_cstr(cx, out);
}

static void test_cases(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const cases[][2] = {
		{"{\"a\":1}", "{\"a\":1}"},
		{"{\"snapshots\":null}", "{\"snapshots\":null}"},
		{"{\"snapshots\":[]}", "{\"snapshots\":[]}"},
		{"{ \"refs\" : {\"m\":{\"snapshot-id\":2}}, \"snapshots\" : [ "
		 "{\"snapshot-id\":1,\"x\":"
		 "\"]}\"}, {\"snapshot-id\" : 2 }] , \"z\" : [1, 2]}",
		 "{ \"refs\" : {\"m\":{\"snapshot-id\":2}}, \"snapshots\" : [{\"snapshot-id\" : 2 "
		 "}] , "
		 "\"z\" : [1, 2]}"},
		{"{\"snapshots\":[{\"snapshot-id\":1},{\"snapshot-id\":2},{\"snapshot-id\":3}],"
		 "\"refs\":{\"a\":{\"snapshot-id\":3},\"b\":{\"snapshot-id\":1}}}",
		 "{\"snapshots\":[{\"snapshot-id\":1},{\"snapshot-id\":3}],"
		 "\"refs\":{\"a\":{\"snapshot-id\":3},\"b\":{\"snapshot-id\":1}}}"},
		/* Before refs: the current one. */
		{"{\"snapshots\":[{\"snapshot-id\":1},{\"snapshot-id\":2}],\"current-snapshot-id\":"
		 "2}",
		 "{\"snapshots\":[{\"snapshot-id\":2}],\"current-snapshot-id\":2}"},
		{"{\"snapshots\":[{\"snapshot-id\":1}],\"current-snapshot-id\":-1}",
		 "{\"snapshots\":[],\"current-snapshot-id\":-1}"},
		{"{\"snapshots\":[{\"snapshot-id\":1}],\"current-snapshot-id\":null,\"refs\":null}",
		 "{\"snapshots\":[],\"current-snapshot-id\":null,\"refs\":null}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(refs_only(cx, cases[i][0]), cases[i][1]);
	assert_string_equal(refs_only(cx, TABLE_V2), TABLE_V2);
}

static void test_readable(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_table_change change =
		applied(cx, table_of(cx, TABLE_V2),
			"[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"v1\"}]");
	const char *text = refs_only(cx, text_of(cx, change.metadata));

	check_parts(cx, text, SNAP_2 "|!s3://b/t/1.avro");
	table_of(cx, text);
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str out;

	assert_fails(cx, firn_table_metadata_refs_only(cx, FIRN_STR("{\"snapshots\":[1]}"), &out),
		     FIRN_E_BAD_REQUEST, "snapshot must be an object");
	assert_fails(cx, firn_table_metadata_refs_only(cx, FIRN_STR("{\"snapshots\":["), &out),
		     FIRN_E_BAD_REQUEST, "table metadata");
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_cases), WITH_CTX(test_readable),
					   WITH_CTX(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
