/* Tables and views for the catalog's tests: warehouse "w" with namespace "ns", and short ways to
 * act. */
#ifndef FIRN_TEST_TABULAR_FIXTURE_H
#define FIRN_TEST_TABULAR_FIXTURE_H

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/tabular.h"
#include "catalog_fixture.h"
#include "firn/json.h"

#define SCHEMA                                                                                     \
	"{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":"   \
	"\"long\"},"                                                                               \
	"{\"id\":2,\"name\":\"data\",\"required\":false,\"type\":\"string\"}]}"

static inline int tabular_setup(void **state)
{
	int rc = catalog_setup(state);
	struct catalog_fixture *f = *state;

	if (rc != 0)
		return rc;
	add_warehouse(f, "w");
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/ns")));
	OK(make_namespace(&f->actor.cx, f, &f->actor.mutation, AT("w/other")));
	return 0;
}
#define TABULAR_TEST(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, tabular_setup, catalog_teardown)
#define T(name) AT_NAME("w/ns", name)

static inline const struct firn_json *json(struct firn_ctx *cx, const char *text)
{
	const struct firn_json *tree = NULL;

	if (!text)
		return NULL;
	OK(firn_json_parse(cx, firn_str_dup(cx, firn_str(text)), "test", &tree));
	return tree;
}

static inline struct firn_map map(struct firn_ctx *cx, const char *text)
{
	struct firn_map read = {NULL, 0};
	const struct firn_field field[] = {{"m", FIRN_FIELD_MAP, 0, 0}};
	struct firn_str whole;

	if (!text)
		return read;
	whole = firn_printf(cx, "{\"m\":%s}", text);
	OK(firn_json_read(cx, json(cx, whole.p), "test", field, 1, &read));
	return read;
}

/* What an actor makes a table of. */
static inline firn_rc create(struct catalog_fixture *f, struct actor *a,
			     const struct firn_target *target, const char *location,
			     const char *properties, struct firn_outcome *outcome)
{
	struct firn_table_spec spec = {
		.location = location ? firn_str_dup(&a->cx, firn_str(location)) : FIRN_STR_NONE,
		.schema = json(&a->cx, SCHEMA),
		.properties = map(&a->cx, properties),
	};
	struct firn_outcome own;

	return firn_table_create(&a->cx, f->catalog, &a->mutation, target, &spec,
				 outcome ? outcome : &own);
}

static inline firn_rc stage(struct catalog_fixture *f, struct actor *a,
			    const struct firn_target *target, const char *location,
			    struct firn_outcome *outcome)
{
	struct firn_table_spec spec = {
		.location = location ? firn_str_dup(&a->cx, firn_str(location)) : FIRN_STR_NONE,
		.schema = json(&a->cx, SCHEMA),
		.stage = true,
	};

	return firn_table_create(&a->cx, f->catalog, &a->mutation, target, &spec, outcome);
}

static inline firn_rc commit(struct catalog_fixture *f, struct actor *a,
			     const struct firn_target *target, const char *requirements,
			     const char *updates, struct firn_outcome *outcome)
{
	struct firn_change change = {
		.target = *target,
		.requirements = json(&a->cx, requirements),
		.updates = json(&a->cx, updates),
	};
	struct firn_outcome own;

	return firn_commit(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, &change, 1, true,
			   outcome ? outcome : &own);
}

static inline firn_rc set_property(struct catalog_fixture *f, struct actor *a,
				   const struct firn_target *target, const char *key,
				   const char *value, struct firn_outcome *outcome)
{
	struct firn_str text =
		firn_printf(&a->cx, "[{\"action\":\"set-properties\",\"updates\":{\"%s\":\"%s\"}}]",
			    key, value);

	return commit(f, a, target, NULL, text.p, outcome);
}

/* A snapshot on main whose manifest list is somewhere; nothing reads it here. */
static inline struct firn_str snapshot_updates(struct firn_ctx *cx, int64_t id, int64_t parent,
					       int64_t sequence, const char *manifest_list)
{
	struct firn_str lineage =
		parent ? firn_printf(cx, "\"parent-snapshot-id\":%lld,", (long long)parent)
		       : FIRN_STR("");

	return firn_printf(cx,
			   "[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":%lld,%.*"
			   "s\"sequence-number\":%lld,"
			   "\"timestamp-ms\":%lld,\"manifest-list\":\"%s\",\"summary\":{"
			   "\"operation\":\"append\"},"
			   "\"schema-id\":0}},{\"action\":\"set-snapshot-ref\",\"ref-name\":"
			   "\"main\",\"type\":\"branch\","
			   "\"snapshot-id\":%lld}]",
			   (long long)id, FIRN_FMT(lineage), (long long)sequence,
			   (long long)firn_wall_ms(cx), manifest_list, (long long)id);
}

static inline firn_rc pointer(struct actor *a, const struct firn_target *target,
			      enum firn_kind kind, struct firn_pointer *ret)
{
	return firn_tabular_now(&a->cx, a->catalog, target, kind, ret);
}

static inline struct firn_pointer pointer_now(struct actor *a, const struct firn_target *target,
					      enum firn_kind kind)
{
	struct firn_pointer p = {0};

	OK(pointer(a, target, kind, &p));
	return p;
}

/* The metadata as clients get it, parsed. */
static inline const struct firn_json *metadata(struct catalog_fixture *f, struct actor *a,
					       const struct firn_target *target,
					       enum firn_kind kind)
{
	struct firn_pointer p = pointer_now(a, target, kind);
	const struct firn_json *tree = NULL;
	struct firn_blob *blob = NULL;

	OK(firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob));
	OK(firn_json_parse(&a->cx, firn_str_dup(&a->cx, firn_blob_bytes(blob)), "metadata", &tree));
	firn_blob_release(blob);
	return tree;
}

static inline struct firn_str property(struct catalog_fixture *f, struct actor *a,
				       const struct firn_target *target, const char *key)
{
	return firn_json_str(firn_json_get(
		firn_json_get(metadata(f, a, target, FIRN_KIND_TABLE), "properties"), key));
}

/* "file:///x" → "/x" */
static inline const char *host_path(struct firn_str uri)
{
	const char *path = strstr(uri.p, ":/") + 1;

	while (path[1] == '/')
		path++;
	return path;
}

static inline bool file_is_there(struct firn_ctx *cx, struct firn_str uri)
{
	return access(host_path(firn_str_dup(cx, uri)), F_OK) == 0;
}

/* Metadata files beneath a folder. */
static inline int count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		char path[4096];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
			    sizeof(path));
		if (entry->d_type == DT_DIR)
			n += count_files(path);
		else if (strstr(entry->d_name, ".metadata.json"))
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static inline struct firn_str in_warehouse(struct catalog_fixture *f, struct firn_ctx *cx,
					   const char *rest)
{
	return firn_printf(cx, "file://%s/w/%s", f->root, rest);
}

#endif
