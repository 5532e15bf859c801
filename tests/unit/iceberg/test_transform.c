/* Transforms: parsing, equality, and which types each of them takes. */
#include "../../../src/iceberg/transform.h"
#include "table_fixture.h"

static struct firn_transform transform_of(struct firn_ctx *cx, const char *text)
{
	struct firn_transform t = {.kind = FIRN_TRANSFORM_UNKNOWN};

	assert_ok(cx, firn_transform_parse(cx, firn_str(text), "t", &t));
	return t;
}

static void test_takes(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *transform, *takes, *not ;
	} cases[] = {
		{"identity", "boolean int long float string uuid decimal(9,2) fixed[4] unknown",
		 "variant geometry geography"},
		{"bucket[16]",
		 "int long date time timestamp timestamptz timestamp_ns timestamptz_ns string uuid "
		 "fixed[4] binary decimal(9,2)",
		 "boolean float double variant unknown geometry"},
		{"truncate[4]", "int long string binary decimal(9,2)",
		 "date uuid fixed[4] boolean"},
		{"year", "date timestamp timestamptz timestamp_ns", "time int string"},
		{"MONTH", "date timestamptz_ns", "time long"},
		{"day", "date timestamp", "time"},
		{"hour", "timestamp timestamptz timestamp_ns timestamptz_ns", "date time"},
		{"void", "boolean variant geometry", ""},
		{"sparkle[2]", "boolean variant", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_transform t = transform_of(cx, cases[i].transform);

		for (int good = 0; good < 2; good++) {
			char list[256], *save = NULL;

			snprintf(list, sizeof(list), "%s", good ? cases[i].takes : cases[i].not );
			for (char *name = strtok_r(list, " ", &save); name;
			     name = strtok_r(NULL, " ", &save)) {
				char json[64];
				const struct firn_type *type = NULL;

				snprintf(json, sizeof(json), "\"%s\"", name);
				assert_ok(cx, firn_type_parse(cx, json_of(cx, json), "t", &type));
				if (firn_transform_takes(&t, type) != good)
					fail_msg("%s of %s", cases[i].transform, name);
			}
		}
	}
}

static void test_equality(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"identity", "IDENTITY", true},
		{"bucket[4]", "bucket[4]", true},
		{"bucket[4]", "bucket[5]", false},
		{"bucket[4]", "truncate[4]", false},
		{"day", "hour", false},
		{"sparkle", "sparkle", true},
		{"sparkle", "glitter", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_transform a = transform_of(cx, cases[i].a);
		struct firn_transform b = transform_of(cx, cases[i].b);

		assert_int_equal(firn_transform_eq(&a, &b), cases[i].same);
	}
}

static void test_refuses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const bad[] = {"bucket[0]", "bucket[-1]",	       "bucket[]",
					  "bucket[x]", "truncate[2147483648]", "truncate[ 1]",
					  ""};
	struct firn_transform t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(cx, firn_transform_parse(cx, firn_str(bad[i]), "t", &t),
			     FIRN_E_BAD_REQUEST, "t: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_takes), WITH_CTX(test_equality),
					   WITH_CTX(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
