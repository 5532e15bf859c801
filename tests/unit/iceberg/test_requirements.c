/* Requirements: each kind holding, failing, ill-formed; and on a table that doesn't exist. */
#include "table_fixture.h"

static firn_rc check(struct firn_ctx *cx, const char *text, const struct firn_table_metadata *base)
{
	return firn_table_requirements_check(cx, json_of(cx, text), base);
}

static void test_on_a_table(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *text;
		enum firn_code code;
		const char *message;
	} cases[] = {
		{"[]", FIRN_OK, NULL},
		{"null", FIRN_OK, NULL},
		{"[{\"type\":\"assert-create\"}]", FIRN_E_COMMIT_FAILED,
		 "Requirement failed: table already exists"},
		{"[{\"type\":\"assert-table-uuid\",\"uuid\":\"9C12D441-03fe-4693-9a96-"
		 "a0705ddf69c1\"}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-table-uuid\",\"uuid\":\"x\"}]", FIRN_E_COMMIT_FAILED,
		 "Requirement failed: UUID does not match: expected "
		 "9c12d441-03fe-4693-9a96-a0705ddf69c1 != x"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":2}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":1}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: branch main has changed: expected id 1 != 2"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"v1\",\"snapshot-id\":2}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: tag v1 has changed: expected id 2 != 1"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":null}]",
		 FIRN_E_COMMIT_FAILED, "Requirement failed: branch main was created concurrently"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"dev\",\"snapshot-id\":null}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"dev\",\"snapshot-id\":5}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: branch or tag dev is missing, expected 5"},
		{"[{\"type\":\"assert-last-assigned-field-id\",\"last-assigned-field-id\":2}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-last-assigned-field-id\",\"last-assigned-field-id\":1}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: last assigned field id changed: expected id 1 != 2"},
		{"[{\"type\":\"assert-current-schema-id\",\"current-schema-id\":0}]", FIRN_OK,
		 NULL},
		{"[{\"type\":\"assert-current-schema-id\",\"current-schema-id\":1}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: current schema changed: expected id 1 != 0"},
		{"[{\"type\":\"assert-last-assigned-partition-id\",\"last-assigned-partition-id\":"
		 "1000}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-last-assigned-partition-id\",\"last-assigned-partition-id\":"
		 "999}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: last assigned partition id changed: expected id 999 != 1000"},
		{"[{\"type\":\"assert-default-spec-id\",\"default-spec-id\":0}]", FIRN_OK, NULL},
		{"[{\"type\":\"assert-default-spec-id\",\"default-spec-id\":3}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: default partition spec changed: expected id 3 != 0"},
		{"[{\"type\":\"assert-default-sort-order-id\",\"default-sort-order-id\":0}]",
		 FIRN_OK, NULL},
		{"[{\"type\":\"assert-default-sort-order-id\",\"default-sort-order-id\":1}]",
		 FIRN_E_COMMIT_FAILED,
		 "Requirement failed: default sort order changed: expected id 1 != 0"},
		/* The first that fails is named. */
		{"[{\"type\":\"assert-default-spec-id\",\"default-spec-id\":0},"
		 "{\"type\":\"assert-current-schema-id\",\"current-schema-id\":4}]",
		 FIRN_E_COMMIT_FAILED, "current schema changed"},
		{"{}", FIRN_E_BAD_REQUEST, "'requirements' must be an array"},
		{"[1]", FIRN_E_BAD_REQUEST, "must be an object, found 1"},
		{"[{}]", FIRN_E_BAD_REQUEST, "'type' is missing"},
		{"[{\"type\":\"assert-luck\"}]", FIRN_E_BAD_REQUEST,
		 "'assert-luck' is no requirement"},
		{"[{\"type\":\"assert-view-uuid\",\"uuid\":\"x\"}]", FIRN_E_BAD_REQUEST,
		 "is no requirement of a table"},
		{"[{\"type\":\"assert-table-uuid\"}]", FIRN_E_BAD_REQUEST, "'uuid' is missing"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"snapshot-id\":1}]", FIRN_E_BAD_REQUEST,
		 "'ref' is missing"},
		{"[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":\"1\"}]",
		 FIRN_E_BAD_REQUEST, "must be an integer"},
		{"[{\"type\":\"assert-current-schema-id\"}]", FIRN_E_BAD_REQUEST,
		 "'current-schema-id' is missing"},
	};
	const struct firn_table_metadata *m = table_of(cx, TABLE_V2);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cases[i].code == FIRN_OK)
			assert_ok(cx, check(cx, cases[i].text, m));
		else
			assert_fails(cx, check(cx, cases[i].text, m), cases[i].code,
				     cases[i].message);
	}
	assert_ok(cx, firn_table_requirements_check(cx, NULL, m));
}

static void test_on_nothing(void **state)
{
	struct firn_ctx *cx = *state;

	assert_ok(cx, check(cx, "[{\"type\":\"assert-create\"}]", NULL));
	assert_fails(cx, check(cx, "[{\"type\":\"assert-table-uuid\",\"uuid\":\"x\"}]", NULL),
		     FIRN_E_BAD_REQUEST, "Invalid create requirements: assert-table-uuid");
}

static void test_create_is_found(void **state)
{
	struct firn_ctx *cx = *state;

	assert_true(firn_table_requirements_create(
		json_of(cx, "[{\"type\":\"assert-x\"},{\"type\":\"assert-create\"}]")));
	assert_false(firn_table_requirements_create(json_of(cx, "[{\"type\":\"assert-x\"}]")));
	assert_false(firn_table_requirements_create(json_of(cx, "{}")));
	assert_false(firn_table_requirements_create(json_of(cx, "[5,{}]")));
	assert_false(firn_table_requirements_create(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_on_a_table),
		WITH_CTX(test_on_nothing),
		WITH_CTX(test_create_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
