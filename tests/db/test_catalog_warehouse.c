/* Warehouses: found by name, UUID and location; made, changed and dropped; secrets sealed. */
#include <pthread.h>

#include "catalog/storage_profile.h"
#include "catalog_fixture.h"

static firn_rc create_at(struct actor *actor, struct catalog_fixture *f, const char *name,
			 const char *location, const char *storage,
			 struct firn_outcome *ret_outcome)
{
	struct firn_warehouse_spec spec = {.name = firn_str(name), .location = firn_str(location)};

	if (storage)
		OK(firn_json_parse(&actor->cx, firn_str(storage), "storage", &spec.storage));
	return firn_warehouse_create(&actor->cx, f->catalog, &actor->mutation, &spec, ret_outcome);
}

static firn_rc create(struct catalog_fixture *f, const char *name, const char *folder)
{
	struct firn_outcome outcome;
	char location[128];

	snprintf(location, sizeof(location), "file://%s/%s", f->root, folder);
	return create_at(&f->actor, f, name, location, NULL, &outcome);
}

static firn_rc load(struct catalog_fixture *f, struct firn_str name,
		    struct firn_warehouse *ret_warehouse)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;

	FIRN_TRY(firn_warehouse_ask(cx, name, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	return firn_warehouse_read(cx, name, rows, ret_warehouse);
}

static firn_rc config(struct catalog_fixture *f, struct firn_str hint,
		      struct firn_warehouse *ret_warehouse)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;

	FIRN_TRY(firn_config_ask(cx, hint, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	return firn_config_read(cx, hint, rows, ret_warehouse);
}

static void test_create(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_json *json;
	struct firn_warehouse found;
	struct firn_outcome outcome;
	char location[128];

	snprintf(location, sizeof(location), "file://%s/one/", f->root);
	OK(create_at(&f->actor, f, "one", location, "{\"type\":\"file\"}", &outcome));
	OK(firn_json_parse(cx, outcome.json, "outcome", &json));
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "name")), "one"));
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "location")), location));
	assert_true(firn_str_is(firn_json_str(firn_json_get(json, "undrop-seconds")), "604800"));
	OK(load(f, firn_json_str(firn_json_get(json, "id")), &found));
	assert_true(firn_str_is(found.name, "one"));
	assert_true(firn_str_is(found.profile, "{\"type\": \"file\"}"));
	assert_false(found.is_protected);
	assert_int_equal(found.created_at.n, 24);
	assert_int_equal(sql(f, "select count(*) from event where kind = 'warehouse.created'"), 1);

	REFUSED(cx, create(f, "one", "elsewhere"), FIRN_E_ALREADY_EXISTS,
		"Warehouse already exists: one");
	REFUSED(cx, create(f, "two", "one"), FIRN_E_CONFLICT, "overlaps that of warehouse one");
	REFUSED(cx, create(f, "two", "one/below"), FIRN_E_CONFLICT, "overlaps");
	REFUSED(cx, create(f, "two", ""), FIRN_E_CONFLICT, "overlaps");
	OK(create(f, "two", "one-beside"));
	REFUSED(cx, load(f, FIRN_STR("three"), &found), FIRN_E_NO_SUCH_WAREHOUSE,
		"Warehouse does not exist: three");
}

static void test_bad_specs(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	static const char *const names[] = {
		"",
		".a",
		"a/b",
		"-a",
		"a b",
		"ä",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	struct firn_outcome outcome;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		REFUSED(cx, create(f, names[i], "x"), FIRN_E_BAD_REQUEST, "is not allowed");
	REFUSED(cx, create(f, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "x"), FIRN_E_BAD_REQUEST,
		"reads as a UUID");
	REFUSED(cx, create_at(&f->actor, f, "a", "", NULL, &outcome), FIRN_E_BAD_REQUEST,
		"location is missing");
	REFUSED(cx, create_at(&f->actor, f, "a", "ftp://x/y", NULL, &outcome), FIRN_E_BAD_REQUEST,
		"ftp");
	REFUSED(cx, create_at(&f->actor, f, "a", "s3://bucket/x", NULL, &outcome),
		FIRN_E_VALIDATION, "does not fit location");
	REFUSED(cx, create_at(&f->actor, f, "a", "file:///", NULL, &outcome), FIRN_E_VALIDATION,
		"whole disk");
	REFUSED(cx, create_at(&f->actor, f, "a", "s3://bucket/x", "{\"type\":\"gcs\"}", &outcome),
		FIRN_E_VALIDATION, "'gcs'");
	REFUSED(cx,
		create_at(&f->actor, f, "a", "s3://bucket/x",
			  "{\"type\":\"s3\",\"acces-key\":\"k\"}", &outcome),
		FIRN_E_VALIDATION, "'acces-key' is not a setting");
	REFUSED(cx,
		create_at(&f->actor, f, "a", "s3://bucket/x", "{\"access-key-id\":\"k\"}",
			  &outcome),
		FIRN_E_VALIDATION, "without secret-access-key");
	REFUSED(cx,
		create_at(&f->actor, f, "a", "s3://bucket/x", "{\"secret-access-key\":\"k\"}",
			  &outcome),
		FIRN_E_VALIDATION, "without access-key-id");
	f->catalog->config.has_master_key = false;
	REFUSED(cx,
		create_at(&f->actor, f, "a", "s3://bucket/x",
			  "{\"access-key-id\":\"k\",\"secret-access-key\":\"s\"}", &outcome),
		FIRN_E_VALIDATION, "master_key");
	f->catalog->config.allow_local_files = false;
	REFUSED(cx, create(f, "a", "x"), FIRN_E_VALIDATION, "local_files");
	assert_int_equal(sql(f, "select count(*) from warehouse"), 0);
	assert_int_equal(sql(f, "select count(*) from event"), 0);
}

/* Nothing answers at that endpoint: the refusal says so and nothing is recorded. */
static void test_probe_fails(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	char location[128], file[128];
	struct firn_outcome outcome;

	snprintf(file, sizeof(file), "%s/plain", f->root);
	fclose(fopen(file, "w"));
	snprintf(location, sizeof(location), "file://%s/plain/below", f->root);
	assert_int_not_equal(create_at(&f->actor, f, "a", location, NULL, &outcome), FIRN_OK);
	assert_true(firn_code_info(cx->err.code)->http_status < 500);
	firn_err_clear(cx);
	assert_int_equal(sql(f, "select count(*) from warehouse"), 0);
}

static void test_config(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_warehouse found;
	struct firn_str uuid;
	char hint[128];

	REFUSED(cx, config(f, FIRN_STR_NONE, &found), FIRN_E_NO_SUCH_WAREHOUSE, "no warehouse yet");
	OK(create(f, "a", "a"));
	OK(config(f, FIRN_STR_NONE, &found));
	assert_true(firn_str_is(found.name, "a"));
	uuid = found.uuid;
	OK(create(f, "b", "b"));
	REFUSED(cx, config(f, FIRN_STR_NONE, &found), FIRN_E_BAD_REQUEST, "(a, b)");
	OK(config(f, FIRN_STR("b"), &found));
	assert_true(firn_str_is(found.name, "b"));
	OK(config(f, uuid, &found));
	assert_true(firn_str_is(found.name, "a"));
	snprintf(hint, sizeof(hint), "file:%s//b/", f->root);
	OK(config(f, firn_str(hint), &found));
	assert_true(firn_str_is(found.name, "b"));
	REFUSED(cx, config(f, FIRN_STR("c"), &found), FIRN_E_NO_SUCH_WAREHOUSE,
		"Warehouse does not exist: c");
	REFUSED(cx, config(f, FIRN_STR("s3://no/where"), &found), FIRN_E_NO_SUCH_WAREHOUSE,
		"s3://no/where");
	REFUSED(cx, config(f, FIRN_STR("a\0b"), &found), FIRN_E_NO_SUCH_WAREHOUSE, "a\\u0000b");
}

static void test_list(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_page page = {.paged = true, .size = 2};
	struct firn_page_answer next;
	struct firn_warehouse *items;
	const struct firn_rows *rows;
	struct firn_ask *ask;
	char seen[8] = "";
	size_t n;

	for (const char *name = "edcba"; *name; name++)
		add_warehouse(f, (char[]){*name, 0});
	do {
		OK(firn_warehouses_ask(cx, f->catalog, &page, &ask));
		OK(firn_ask_now(cx, ask, &rows));
		OK(firn_warehouses_read(cx, f->catalog, &page, rows, &items, &n, &next));
		for (size_t i = 0; i < n; i++)
			strncat(seen, items[i].name.p, 1);
		page.token = next.next;
	} while (next.next.p);
	assert_string_equal(seen, "abcde");
}

static firn_rc update(struct catalog_fixture *f, const char *name,
		      const struct firn_warehouse_spec *spec)
{
	struct firn_outcome outcome;

	return firn_warehouse_update(&f->actor.cx, f->catalog, &f->actor.mutation, firn_str(name),
				     spec, &outcome);
}

static void test_update(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_pair pair = {FIRN_STR("owner"), FIRN_STR("me")};
	struct firn_warehouse_spec spec = {.has_properties = true, .properties = {&pair, 1}};
	struct firn_warehouse found;

	OK(create(f, "a", "a"));
	OK(update(f, "a", &spec));
	OK(load(f, FIRN_STR("a"), &found));
	assert_true(firn_str_is(found.properties, "{\"owner\": \"me\"}"));
	assert_int_equal(found.profile_version, 1);
	spec = (struct firn_warehouse_spec){
		.has_protected = true, .is_protected = true, .has_undrop = true};
	OK(firn_json_parse(cx, FIRN_STR("{\"type\":\"file\"}"), "storage", &spec.storage));
	OK(update(f, "a", &spec));
	OK(load(f, FIRN_STR("a"), &found));
	assert_true(firn_str_is(found.properties, "{\"owner\": \"me\"}"));
	assert_true(found.is_protected);
	assert_int_equal(found.undrop_seconds, 0);
	assert_int_equal(found.profile_version, 2);
	spec = (struct firn_warehouse_spec){.has_undrop = true, .undrop_seconds = -1};
	REFUSED(cx, update(f, "a", &spec), FIRN_E_VALIDATION, "undrop-seconds -1 is out of range");
	spec = (struct firn_warehouse_spec){.location = FIRN_STR("file:///elsewhere")};
	REFUSED(cx, update(f, "a", &spec), FIRN_E_BAD_REQUEST, "location can't be changed");
	spec = (struct firn_warehouse_spec){0};
	REFUSED(cx, update(f, "b", &spec), FIRN_E_NO_SUCH_WAREHOUSE, "b");
}

static void test_drop(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_mutation *mutation = &f->actor.mutation;
	struct firn_outcome outcome;

	OK(create(f, "a", "a"));
	OK(make_namespace(cx, f, mutation, AT("a/n")));
	REFUSED(cx, firn_warehouse_drop(cx, f->catalog, mutation, FIRN_STR("a"), &outcome),
		FIRN_E_CONFLICT, "holds 1 namespaces");
	OK(firn_namespace_drop(cx, f->catalog, mutation, AT("a/n"), &outcome));
	sql(f, "insert into purge select 1, id, 'x', 'x', now(), 'me', now() from warehouse");
	REFUSED(cx, firn_warehouse_drop(cx, f->catalog, mutation, FIRN_STR("a"), &outcome),
		FIRN_E_CONFLICT, "1 purges");
	sql(f, "delete from purge; update warehouse set protected = true");
	REFUSED(cx, firn_warehouse_drop(cx, f->catalog, mutation, FIRN_STR("a"), &outcome),
		FIRN_E_CONFLICT, "take the protection off");
	sql(f, "update warehouse set protected = false;"
	       "insert into location select 'file:///x/', id, 7, gen_random_uuid(), now() from "
	       "warehouse");
	OK(firn_warehouse_drop(cx, f->catalog, mutation, FIRN_STR("a"), &outcome));
	assert_int_equal(sql(f, "select count(*) from warehouse"), 0);
	REFUSED(cx, firn_warehouse_drop(cx, f->catalog, mutation, FIRN_STR("a"), &outcome),
		FIRN_E_NO_SUCH_WAREHOUSE, "a");
	OK(create(f, "a", "a"));
}

static void test_probe_and_store(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_store *store, *again, *newer;
	const struct firn_json *json;
	struct firn_warehouse found;
	struct firn_str checks;

	OK(create(f, "a", "a"));
	OK(firn_warehouse_probe(cx, f->catalog, FIRN_STR("a"), &checks));
	OK(firn_json_parse(cx, checks, "checks", &json));
	assert_true(firn_json_count(json) > 0);
	for (size_t i = 0; i < firn_json_count(json); i++)
		assert_true(firn_json_bool(firn_json_get(firn_json_at(json, i), "passed")));
	OK(load(f, FIRN_STR("a"), &found));
	OK(firn_store_of(cx, f->catalog, found.id, found.profile_version, &store));
	OK(firn_store_of(cx, f->catalog, found.id, found.profile_version, &again));
	assert_ptr_equal(store, again);
	sql(f, "update warehouse set profile_version = 2");
	OK(firn_store_of(cx, f->catalog, found.id, 2, &newer));
	assert_ptr_not_equal(store, newer);
	REFUSED(cx, firn_store_of(cx, f->catalog, 999, 1, &store), FIRN_E_NO_SUCH_WAREHOUSE,
		"dropped");
	REFUSED(cx, firn_warehouse_probe(cx, f->catalog, FIRN_STR("b"), &checks),
		FIRN_E_NO_SUCH_WAREHOUSE, "b");
}

static firn_rc make_profile(struct catalog_fixture *f, const char *given,
			    const struct firn_stored_profile *current,
			    struct firn_stored_profile *ret_stored)
{
	const struct firn_json *json;

	OK(firn_json_parse(&f->actor.cx, firn_str(given), "storage", &json));
	return firn_stored_profile_make(&f->actor.cx, f->catalog, json, FIRN_STR("uuid-1"),
					FIRN_STR("s3://bucket/x"), current, ret_stored);
}

#define S3 "{\"endpoint\":\"http://127.0.0.1:9\",\"access-key-id\":\"AKIA\""

/* A secret is in no row, and opens only with the key and for the warehouse it was sealed for. */
static void test_secrets(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_stored_profile stored, kept, moved;
	struct firn_store *store;

	OK(make_profile(f, S3 ",\"secret-access-key\":\"s3cr3t\"}", NULL, &stored));
	assert_true(firn_str_is(stored.profile,
				"{\"type\":\"s3\",\"region\":\"us-east-1\","
				"\"endpoint\":\"http://127.0.0.1:9\",\"path-style\":true,"
				"\"access-key-id\":\"AKIA\"}"));
	assert_null(strstr(stored.secret_hex.p, "733363723374"));
	OK(firn_stored_profile_open(cx, f->catalog, &stored, &store));
	firn_store_free(store);

	OK(make_profile(f, S3 ",\"region\":\"eu-1\"}", &stored, &kept));
	assert_true(firn_str_eq(kept.secret_hex, stored.secret_hex));
	REFUSED(cx, make_profile(f, "{\"access-key-id\":\"OTHER\"}", &stored, &kept),
		FIRN_E_VALIDATION, "without secret-access-key");
	OK(make_profile(f, "{}", &stored, &kept));
	assert_null(kept.secret_hex.p);

	moved = stored;
	moved.uuid = FIRN_STR("uuid-2");
	assert_int_equal(firn_stored_profile_open(cx, f->catalog, &moved, &store), FIRN_E_INTERNAL);
	firn_err_clear(cx);
	f->catalog->config.master_key[0] ^= 1;
	assert_int_equal(firn_stored_profile_open(cx, f->catalog, &stored, &store),
			 FIRN_E_INTERNAL);
	firn_err_clear(cx);
	f->catalog->config.has_master_key = false;
	REFUSED(cx, firn_stored_profile_open(cx, f->catalog, &stored, &store), FIRN_E_INTERNAL,
		"master_key");
}

struct racer {
	struct catalog_fixture *f;
	struct actor actor;
	pthread_t thread;
	char name[8];
	firn_rc rc;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct firn_outcome outcome;
	char location[128];

	snprintf(location, sizeof(location), "file://%s/shared%s", r->f->root,
		 r->name[0] == 'a' ? "" : "/below");
	r->rc = create_at(&r->actor, r->f, r->name, location, NULL, &outcome);
	return NULL;
}

static void test_race(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[4] = {0};
	unsigned won = 0;

	for (unsigned i = 0; i < 4; i++) {
		racers[i].f = f;
		snprintf(racers[i].name, sizeof(racers[i].name), "%c%u", i % 2 ? 'a' : 'b', i);
		actor_init(&racers[i].actor, f->db->conninfo, "test");
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(racers[i].thread, NULL);
		won += racers[i].rc == FIRN_OK;
		assert_true(racers[i].rc == FIRN_OK || racers[i].rc == FIRN_E_CONFLICT);
		actor_release(&racers[i].actor);
	}
	assert_int_equal(won, 1);
	assert_int_equal(sql(f, "select count(*) from warehouse"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_create),	CATALOG_TEST(test_bad_specs),
		CATALOG_TEST(test_probe_fails), CATALOG_TEST(test_config),
		CATALOG_TEST(test_list),	CATALOG_TEST(test_update),
		CATALOG_TEST(test_drop),	CATALOG_TEST(test_probe_and_store),
		CATALOG_TEST(test_race),	CATALOG_TEST(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
