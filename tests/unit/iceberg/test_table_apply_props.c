/* Updates of identity, location, properties and keys; unknown actions. */
#include "table_fixture.h"

static void test_identity(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"assign-uuid\",\"uuid\":\"9C12D441-03FE-4693-9A96-A0705DDF69C1\"}]",
		 FIRN_OK, NULL},
		{"[{\"action\":\"assign-uuid\",\"uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c2\"}]",
		 FIRN_E_VALIDATION, "Cannot reassign uuid"},
		{"[{\"action\":\"assign-uuid\",\"uuid\":\"x\"}]", FIRN_E_BAD_REQUEST, "is no UUID"},
		{"[{\"action\":\"assign-uuid\"}]", FIRN_E_BAD_REQUEST, "'uuid' is missing"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":3}]", FIRN_OK,
		 "\"format-version\":3|\"next-row-id\":0|\"last-sequence-number\":2"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":2}]", FIRN_OK, NULL},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":1}]",
		 FIRN_E_VALIDATION, "Cannot downgrade v2 table to v1"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":4}]",
		 FIRN_E_VALIDATION,
		 "Cannot upgrade table to unsupported format version: v4 (supported: v3)"},
		{"[{\"action\":\"upgrade-format-version\"}]", FIRN_E_BAD_REQUEST,
		 "'format-version' is missing"},
		{"[{\"action\":\"set-location\",\"location\":\"s3://b/t2//\"}]", FIRN_OK,
		 "\"location\":\"s3://b/t2\""},
		{"[{\"action\":\"set-location\",\"location\":\"s3://b/t/\"}]", FIRN_OK, NULL},
		{"[{\"action\":\"set-location\",\"location\":\"\"}]", FIRN_E_BAD_REQUEST,
		 "is empty"},
		{"[{\"action\":\"set-location\"}]", FIRN_E_BAD_REQUEST, "'location' is missing"},
	};

	RUN(cx, TABLE_V2, cases);
}

static void test_upgrade_v1(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":2}]", FIRN_OK,
		 "\"format-version\":2|\"last-sequence-number\":0|!\"schema\":|!\"partition-"
		 "spec\":"},
		{"[{\"action\":\"upgrade-format-version\",\"format-version\":3}]", FIRN_OK,
		 "\"format-version\":3|\"next-row-id\":0|\"current-snapshot-id\":null"},
	};

	RUN(cx, TABLE_V1, cases);
}

static void test_properties(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"set-properties\",\"updates\":{\"a\":\"1\",\"owner\":\"eve\"}}]",
		 FIRN_OK, "\"properties\":{\"owner\":\"eve\",\"a\":\"1\"}"},
		{"[{\"action\":\"set-properties\",\"updated\":{\"a\":\"1\"}}]", FIRN_OK,
		 "\"a\":\"1\""},
		{"[{\"action\":\"set-properties\",\"updates\":{\"owner\":\"ann\"}}]", FIRN_OK,
		 NULL},
		{"[{\"action\":\"set-properties\",\"updates\":{}}]", FIRN_OK, NULL},
		{"[{\"action\":\"set-properties\",\"updates\":{\"a\":1}}]", FIRN_E_BAD_REQUEST,
		 "the value of 'a' must be a string, found 1"},
		{"[{\"action\":\"set-properties\"}]", FIRN_E_BAD_REQUEST, "'updates' is missing"},
		{"[{\"action\":\"set-properties\",\"updates\":{\"uuid\":\"x\"}}]",
		 FIRN_E_VALIDATION, "reserved table property 'uuid'"},
		{"[{\"action\":\"set-properties\",\"updates\":{\"current-snapshot-id\":\"1\"}}]",
		 FIRN_E_VALIDATION, "reserved"},
		{"[{\"action\":\"set-properties\",\"updates\":{\"snapshot-count\":\"1\"}}]",
		 FIRN_E_VALIDATION, "reserved"},
		{"[{\"action\":\"set-properties\",\"updates\":{\"format-version\":\"3\"}}]",
		 FIRN_E_VALIDATION, "upgrade-format-version update"},
		{"[{\"action\":\"remove-properties\",\"removals\":[\"owner\",\"none\"]}]", FIRN_OK,
		 "\"properties\":{}"},
		{"[{\"action\":\"remove-properties\",\"removed\":[\"owner\"]}]", FIRN_OK,
		 "\"properties\":{}"},
		{"[{\"action\":\"remove-properties\",\"removals\":[\"none\"]}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-properties\",\"removals\":[1]}]", FIRN_E_BAD_REQUEST,
		 "array of strings"},
		{"[{\"action\":\"remove-properties\"}]", FIRN_E_BAD_REQUEST,
		 "'removals' is missing"},
	};

	RUN(cx, TABLE_V2, cases);
}

#define KEY(id) "{\"key-id\":\"" id "\",\"encrypted-key-metadata\":\"AAEC\",\"x\":1}"

static void test_keys(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[{\"action\":\"add-encryption-key\",\"encryption-key\":" KEY("k") "}]", FIRN_OK,
		 "\"encryption-keys\":[" KEY("k") "]"},
		{"[{\"action\":\"add-encryption-key\",\"encryption-key\":" KEY(
			 "k") "},{\"action\":\"remove-encryption-key\",\"key-id\":\"k\"}]",
		 FIRN_OK, "!encryption-keys"},
		{"[{\"action\":\"add-encryption-key\",\"encryption-key\":" KEY(
			 "k") "},{\"action\":\"add-encryption-key\",\"encryption-key\":{\"key-id\":"
			      "\"k\","
			      "\"encrypted-key-metadata\":\"AAAA\"}}]",
		 FIRN_OK, "\"encryption-keys\":[" KEY("k") "]"},
		{"[{\"action\":\"remove-encryption-key\",\"key-id\":\"k\"}]", FIRN_OK, NULL},
		{"[{\"action\":\"remove-encryption-key\"}]", FIRN_E_BAD_REQUEST,
		 "'key-id' is missing"},
		{"[{\"action\":\"add-encryption-key\"}]", FIRN_E_BAD_REQUEST,
		 "'encryption-key' is missing"},
		{"[{\"action\":\"add-encryption-key\",\"encryption-key\":{\"key-id\":\"k\"}}]",
		 FIRN_E_BAD_REQUEST, "'encrypted-key-metadata' is missing"},
		{"[{\"action\":\"add-encryption-key\",\"encryption-key\":{\"key-id\":\"k\","
		 "\"encrypted-key-metadata\":\"A!\"}}]",
		 FIRN_E_BAD_REQUEST, "must be base64"},
	};

	RUN(cx, TABLE_V3, cases);
}

static void test_actions(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct apply_case cases[] = {
		{"[]", FIRN_OK, NULL},
		{"{}", FIRN_E_BAD_REQUEST, "'updates' must be an array"},
		{"[5]", FIRN_E_BAD_REQUEST, "an update must be an object, found 5"},
		{"[{}]", FIRN_E_BAD_REQUEST, "'action' is missing"},
		{"[{\"action\":7}]", FIRN_E_BAD_REQUEST, "'action' must be a string"},
		{"[{\"action\":\"explode\"}]", FIRN_E_BAD_REQUEST, "'explode' is no action"},
		{"[{\"action\":\"add-view-version\"}]", FIRN_E_BAD_REQUEST,
		 "is no action of a table"},
		/* One bad update spoils the whole. */
		{"[{\"action\":\"set-properties\",\"updates\":{\"a\":\"1\"}},{\"action\":\"x\"}]",
		 FIRN_E_BAD_REQUEST, "'x' is no action"},
	};

	RUN(cx, TABLE_V2, cases);
}

/* Applying never changes the version that was applied to. */
static void test_immutable(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_table_metadata *m = table_of(cx, TABLE_V2);
	const char *before = text_of(cx, m);
	struct firn_table_change first = applied(
		cx, m,
		"[{\"action\":\"set-properties\",\"updates\":{\"a\":\"1\",\"owner\":\"x\"}}]");
	const char *second = text_of(cx, first.metadata);
	struct firn_table_change third =
		applied(cx, first.metadata,
			"[{\"action\":\"set-properties\",\"updates\":{\"a\":\"2\"}},"
			"{\"action\":\"remove-properties\",\"removals\":[\"owner\"]},"
			"{\"action\":\"remove-snapshots\",\"snapshot-ids\":[1]}]");

	assert_string_equal(text_of(cx, m), before);
	assert_string_equal(text_of(cx, first.metadata), second);
	check_parts(cx, text_of(cx, third.metadata), "\"properties\":{\"a\":\"2\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_identity), WITH_CTX(test_upgrade_v1), WITH_CTX(test_properties),
		WITH_CTX(test_keys),	 WITH_CTX(test_actions),    WITH_CTX(test_immutable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
