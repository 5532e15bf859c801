/* Paths that properties and updates bring in, and the names of metadata files. */
#include "table_fixture.h"

static void test_names(void **state)
{
	struct firn_ctx *cx = *state;
	static const struct {
		const char *location, *path, *previous;
		bool gzip;
		const char *prefix, *suffix;
	} cases[] = {
		{"s3://b/t", NULL, NULL, false, "s3://b/t/metadata/00000-", ".metadata.json"},
		{"s3://b/t/", NULL, NULL, true, "s3://b/t/metadata/00000-", ".gz.metadata.json"},
		{"s3://b/t", "s3://b/meta/", "s3://b/meta/00041-x.metadata.json", false,
		 "s3://b/meta/00042-", ".metadata.json"},
		{"s3://b/t", NULL, "s3://b/t/metadata/99999-x.gz.metadata.json", false,
		 "s3://b/t/metadata/100000-", ".metadata.json"},
		{"s3://b/t", NULL, "v7.metadata.json", false, "s3://b/t/metadata/00000-",
		 ".metadata.json"},
		{"s3://b/t", NULL, "s3://b/1-2/x-3.metadata.json", false,
		 "s3://b/t/metadata/00000-", ".metadata.json"},
		{"s3://b/t", NULL, "-5-x.metadata.json", false, "s3://b/t/metadata/00000-",
		 ".metadata.json"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct firn_str out = FIRN_STR_NONE;

		assert_ok(cx, firn_metadata_file_location(cx, firn_str(cases[i].location),
							  firn_str(cases[i].path), cases[i].gzip,
							  firn_str(cases[i].previous), &out));
		assert_true(firn_str_starts(out, firn_str(cases[i].prefix)));
		assert_true(firn_str_ends(out, firn_str(cases[i].suffix)));
		assert_int_equal(out.n, strlen(cases[i].prefix) + 36 + strlen(cases[i].suffix));
	}
}

static void test_codec(void **state)
{
	struct firn_ctx *cx = *state;
	bool gzip = true;

	assert_ok(cx, firn_metadata_codec(cx, FIRN_STR_NONE, &gzip));
	assert_false(gzip);
	assert_ok(cx, firn_metadata_codec(cx, FIRN_STR("GZIP"), &gzip));
	assert_true(gzip);
	assert_ok(cx, firn_metadata_codec(cx, FIRN_STR("none"), &gzip));
	assert_false(gzip);
	assert_fails(cx, firn_metadata_codec(cx, FIRN_STR("zstd"), &gzip), FIRN_E_BAD_REQUEST,
		     "Invalid codec name: 'zstd'");
}

static void test_write_paths(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_map paths = {NULL, 0};
	struct firn_table_change change = applied(
		cx, table_of(cx, TABLE_V2),
		"[{\"action\":\"set-properties\",\"updates\":{\"write.data.path\":\"s3://b/d\","
		"\"write.folder-storage.path\":\"s3://b/f\",\"x\":\"y\"}}]");

	assert_ok(cx, firn_table_write_paths(cx, change.metadata, &paths));
	assert_int_equal(paths.n, 2);
	assert_text(firn_map_get(&paths, "write.data.path"), "s3://b/d");
	assert_text(firn_map_get(&paths, "write.folder-storage.path"), "s3://b/f");
}

static void test_update_paths(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_strs paths = {NULL, 0};

	assert_ok(
		cx,
		firn_table_update_paths(
			cx,
			json_of(cx, "[5,{},{\"snapshot\":{\"manifest-list\":\"a\"}},{\"snapshot\":"
				    "{\"manifests\":[\"b\",7,\"c\"]}},{\"statistics\":{"
				    "\"statistics-path\":\"d\"}},{\"partition-statistics\":{"
				    "\"statistics-path\":\"e\"}},{\"snapshot\":[]}]"),
			&paths));
	assert_int_equal(paths.n, 5);
	for (size_t i = 0; i < paths.n; i++)
		assert_int_equal(paths.items[i].p[0], 'a' + (int)i);
	assert_ok(cx, firn_table_update_paths(cx, NULL, &paths));
	assert_int_equal(paths.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_CTX(test_names), WITH_CTX(test_codec),
					   WITH_CTX(test_write_paths), WITH_CTX(test_update_paths)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
