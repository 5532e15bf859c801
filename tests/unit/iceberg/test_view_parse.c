/* Reading and writing views: what is carried, and what is refused. */
#include "view_fixture.h"

static const char *file_text(struct firn_ctx *cx, const char *folder, const char *name)
{
	struct firn_str path = firn_printf(cx, "%s/%s/%s", FIRN_SOURCE_DIR, folder, name);
	FILE *file = fopen(path.p, "rb");
	char *text = firn_alloc(cx, (size_t)1 << 20);
	size_t n;

	if (!file)
		fail_msg("%s cannot be opened", path.p);
	n = fread(text, 1, ((size_t)1 << 20) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void test_everything_is_carried(void **state)
{
	struct firn_ctx *cx = *state;
	const char *source = file_text(cx, "tests/unit/iceberg/data/views", "full.json");
	const struct firn_view_metadata *m = view_of(cx, source);
	struct firn_str before, after;

	assert_text(firn_view_uuid(m), "6f2f7c33-4c1f-4a54-a1c9-7c2a9e6d8f10");
	assert_text(firn_view_location(m), "s3://lake/views/orders");
	assert_text(firn_view_property(m, "comment"), "orders by day");
	assert_null(firn_view_property(m, "absent").p);
	assert_int_equal(firn_view_current_version_id(m), 7);
	assert_ok(cx, firn_json_dump(cx, json_of(cx, source), true, &before));
	assert_ok(cx, firn_json_dump(cx, json_of(cx, view_text(cx, m)), true, &after));
	assert_text(after, firn_cstr(cx, before));
}

static void test_small(void **state)
{
	struct firn_ctx *cx = *state;

	assert_string_equal(view_text(cx, view_of(cx, VIEW)), VIEW);
}

struct refusal {
	const char *member; /* of VIEW, replaced by value, or left out when that is NULL */
	const char *value;
	const char *message;
};

static const struct refusal refusals[] = {
	{"view-uuid", NULL, "'view-uuid' is missing"},
	{"view-uuid", "7", "'view-uuid' must be a string, found 7"},
	{"location", NULL, "'location' is missing"},
	{"location", "null", "'location' is missing"},
	{"format-version", NULL, "'format-version' is missing"},
	{"format-version", "2", "Unsupported format version: 2"},
	{"format-version", "0", "Unsupported format version: 0"},
	{"properties", "{\"a\":1}", "the value of 'a' must be a string"},
	{"current-version-id", NULL, "'current-version-id' is missing"},
	{"current-version-id", "1.5", "must be an integer"},
	{"current-version-id", "4294967297", "32-bit"},
	{"current-version-id", "9", "Cannot find current version 9"},
	{"schemas", NULL, "'schemas' is missing"},
	{"schemas", "[]", "Cannot find current schema with id 1"},
	{"schemas", "[{\"type\":\"struct\"}]", "view metadata: schema"},
	{"schemas",
	 "[" VIEW_SCHEMA("1", VIEW_FIELD("1", "x")) "," VIEW_SCHEMA("1", VIEW_FIELD("1", "y")) "]",
	 "schema 1 is there twice"},
	{"versions", NULL, "'versions' is missing"},
	{"versions", "[]", "there are no versions"},
	{"versions", "[7]", "must be an object"},
	{"versions", "[{}]", "'version-id' is missing"},
	{"versions", "[" VIEW_VERSION("2", "1", "1", "") "," VIEW_VERSION("2", "2", "1", "") "]",
	 "version 2 is there twice"},
	{"versions", "[" VIEW_VERSION("2", "\"1\"", "1", "") "]", "'timestamp-ms' must be"},
	{"versions", "[" VIEW_VERSION("2", "1", "null", "") "]", "'schema-id' is missing"},
	{"versions", "[" VIEW_VERSION("2", "1", "1", "{}") "]", "'type' is missing"},
	{"versions", "[" VIEW_VERSION("2", "1", "1", "{\"type\":\"sql\"}") "]", "'sql' is missing"},
	{"versions", "[" VIEW_VERSION("2", "1", "1", "{\"type\":\"sql\",\"sql\":\"s\"}") "]",
	 "'dialect' is missing"},
	{"versions", "[{\"version-id\":2,\"timestamp-ms\":1,\"schema-id\":1,\"summary\":{}}]",
	 "'default-namespace' is missing"},
	{"versions",
	 "[{\"version-id\":2,\"timestamp-ms\":1,\"schema-id\":1,\"summary\":{\"a\":[]},"
	 "\"default-namespace\":[],\"representations\":[]}]",
	 "'summary'"},
	{"versions",
	 "[{\"version-id\":2,\"timestamp-ms\":1,\"schema-id\":1,\"summary\":{},"
	 "\"default-namespace\":[1],\"representations\":[]}]",
	 "default-namespace must be an array of strings"},
	{"versions",
	 "[{\"version-id\":2,\"timestamp-ms\":1,\"schema-id\":1,\"summary\":{},"
	 "\"default-namespace\":[],\"default-catalog\":[],\"representations\":[]}]",
	 "'default-catalog' must be a string"},
	{"version-log", NULL, "'version-log' is missing"},
	{"version-log", "[{\"version-id\":2}]", "'timestamp-ms' is missing"},
	{"version-log", "[3]", "'timestamp-ms' is missing"},
};

/* VIEW with one member replaced or left out. */
static struct firn_str variant(struct firn_ctx *cx, const struct refusal *change)
{
	const struct firn_json *view = json_of(cx, VIEW), *value;
	struct firn_str key, text = FIRN_STR_NONE;
	void *iter = NULL;
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 1 << 20);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	while (firn_json_next(view, &iter, &key, &value)) {
		bool hit = firn_str_is(key, change->member);
		if (hit && !change->value)
			continue;
		firn_jw_key_str(&w, key);
		if (hit)
			firn_jw_raw(&w, firn_str(change->value));
		else
			firn_jw_json(&w, value);
	}
	firn_jw_end(&w, '}');
	assert_ok(cx, firn_buf_end(&b, &text));
	return text;
}

static void test_refusals(void **state)
{
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		assert_fails(cx, firn_view_metadata_parse(cx, variant(cx, &refusals[i]), &m),
			     FIRN_E_BAD_REQUEST, refusals[i].message);
	assert_fails(cx, firn_view_metadata_parse(cx, FIRN_STR("[]"), &m), FIRN_E_BAD_REQUEST,
		     "a JSON object is expected");
	assert_fails(cx, firn_view_metadata_parse(cx, FIRN_STR("{"), &m), FIRN_E_BAD_REQUEST,
		     "view metadata");
}

/* A list of n empty objects is over its ceiling. */
static void test_ceilings(void **state)
{
	static const struct {
		const char *member;
		int n;
	} lists[] = {
		{"schemas", 10001},
		{"versions", 10001},
		{"version-log", 100001},
	};
	struct firn_ctx *cx = *state;
	const struct firn_view_metadata *m;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct refusal change = {.member = lists[i].member};
		struct firn_str list;
		struct firn_buf b;

		firn_buf_init(&b, cx, 1 << 20);
		firn_buf_char(&b, '[');
		for (int j = 0; j < lists[i].n; j++)
			firn_buf_cstr(&b, j ? ",{}" : "{}");
		firn_buf_char(&b, ']');
		assert_ok(cx, firn_buf_end(&b, &list));
		change.value = firn_cstr(cx, list);
		assert_fails(cx, firn_view_metadata_parse(cx, variant(cx, &change), &m),
			     FIRN_E_BAD_REQUEST, "are allowed");
	}
}

/* Dialects twice in a stored version are as they are: only adding such a version is refused. */
static void test_two_texts_of_a_dialect(void **state)
{
	struct firn_ctx *cx = *state;
	const struct refusal change = {
		"versions",
		"[" VIEW_VERSION("2", "1", "1",
				 VIEW_SQL("spark", "a") "," VIEW_SQL("Spark", "b")) "]",
		NULL};
	struct firn_view_change changed;

	changed = view_applied(cx, view_of(cx, firn_cstr(cx, variant(cx, &change))),
			       "[{\"action\":\"set-properties\",\"updates\":{\"a\":\"b\"}}]");
	assert_true(changed.changed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_everything_is_carried),
		WITH_CTX(test_small),
		WITH_CTX(test_refusals),
		WITH_CTX(test_ceilings),
		WITH_CTX(test_two_texts_of_a_dialect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
