/* Namespaces: made, listed, changed, protected and dropped, also by several at once. */
#include <pthread.h>

#include "catalog_fixture.h"

static firn_rc list(struct catalog_fixture *f, const struct firn_target *parent,
		    const struct firn_page *page, struct firn_strs *ret_names,
		    struct firn_page_answer *ret_page)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;

	FIRN_TRY(firn_namespaces_ask(cx, f->catalog, parent, page, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	return firn_namespaces_read(cx, f->catalog, parent, page, rows, ret_names, ret_page);
}

static firn_rc load(struct catalog_fixture *f, const struct firn_target *target,
		    struct firn_namespace *ret_namespace)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_ask *ask;

	FIRN_TRY(firn_namespace_ask(cx, target, &ask));
	FIRN_TRY(firn_ask_now(cx, ask, &rows));
	return firn_namespace_read(cx, target, rows, ret_namespace);
}

static firn_rc make(struct catalog_fixture *f, const struct firn_target *target)
{
	return make_namespace(&f->actor.cx, f, &f->actor.mutation, target);
}

static firn_rc drop(struct catalog_fixture *f, const struct firn_target *target)
{
	struct firn_outcome outcome;

	return firn_namespace_drop(&f->actor.cx, f->catalog, &f->actor.mutation, target, &outcome);
}

static void test_create(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_pair pairs[] = {{FIRN_STR("b"), FIRN_STR("1")},
				    {FIRN_STR("a"), FIRN_STR("\"\n")}};
	struct firn_map properties = {pairs, 2};
	struct firn_outcome outcome;
	struct firn_namespace ns;

	add_warehouse(f, "w");
	REFUSED(cx, make(f, AT("x/a")), FIRN_E_NO_SUCH_WAREHOUSE, "Warehouse does not exist: x");
	REFUSED(cx, make(f, AT("w/a/b")), FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: a");
	REFUSED(cx, make(f, AT("w")), FIRN_E_BAD_REQUEST, "name one");
	REFUSED(cx, make(f, AT("w/..")), FIRN_E_BAD_REQUEST, "'..'");
	OK(firn_namespace_create(cx, f->catalog, &f->actor.mutation, AT("w/a.b c"), &properties,
				 &outcome));
	assert_true(firn_str_is(
		outcome.json,
		"{\"namespace\":[\"a.b c\"],\"properties\":{\"b\":\"1\",\"a\":\"\\\"\\n\"}}"));
	REFUSED(cx, make(f, AT("w/a.b c")), FIRN_E_ALREADY_EXISTS,
		"Namespace already exists: a.b c");
	OK(make(f, AT("w/a.b c/d")));
	REFUSED(cx, make(f, AT("w/a.b c/d")), FIRN_E_ALREADY_EXISTS,
		"Namespace already exists: a.b c.d");
	OK(load(f, AT("w/a.b c"), &ns));
	assert_true(firn_str_starts(
		ns.properties,
		FIRN_STR("{\"a\": \"\\\"\\n\", \"b\": \"1\", \"location\": \"file://")));
	assert_true(firn_str_ends(ns.properties, FIRN_STR("/a_b_c\"}")));
	assert_false(ns.is_protected);
	REFUSED(cx, load(f, AT("w/a"), &ns), FIRN_E_NO_SUCH_NAMESPACE,
		"Namespace does not exist: a");
	REFUSED(cx, load(f, AT("x/a"), &ns), FIRN_E_NO_SUCH_WAREHOUSE, "x");
	REFUSED(cx, load(f, AT("w"), &ns), FIRN_E_BAD_REQUEST, "name one");
	assert_int_equal(sql(f, "select count(*) from event where kind = 'namespace.created'"), 2);
}

static void test_location(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	char inside[128];
	struct firn_pair pair = {FIRN_STR("location"), FIRN_STR("file:///etc")};
	struct firn_map properties = {&pair, 1};
	struct firn_strs none = {NULL, 0};
	struct firn_outcome outcome;
	struct firn_place place;

	add_warehouse(f, "w");
	REFUSED(cx,
		firn_namespace_create(cx, f->catalog, &f->actor.mutation, AT("w/a"), &properties,
				      &outcome),
		FIRN_E_BAD_REQUEST, "'file:///etc' is outside the warehouse");
	snprintf(inside, sizeof(inside), "file:%s/w/places/a", f->root);
	pair.value = firn_str(inside);
	OK(firn_namespace_create(cx, f->catalog, &f->actor.mutation, AT("w/a"), &properties,
				 &outcome));
	OK(firn_place_find(cx, AT("w/a"), FIRN_LOCK_NONE, &place));
	assert_true(firn_str_is(place.namespace_location, inside));
	pair.value = FIRN_STR("nonsense");
	REFUSED(cx,
		firn_namespace_update(cx, f->catalog, &f->actor.mutation, AT("w/a"), &none,
				      &properties, &outcome),
		FIRN_E_BAD_REQUEST, "nonsense");
	REFUSED(cx, firn_place_find(cx, AT("w/b"), FIRN_LOCK_NONE, &place),
		FIRN_E_NO_SUCH_NAMESPACE, "b");
	REFUSED(cx, firn_place_find(cx, AT("v/b"), FIRN_LOCK_SHARE, &place),
		FIRN_E_NO_SUCH_WAREHOUSE, "v");
	OK(firn_place_find(cx, AT("w"), FIRN_LOCK_EXCLUSIVE, &place));
	assert_int_equal(place.namespace_id, 0);
}

static void expect_names(const struct firn_strs *names, const char *expected)
{
	char text[256] = "";

	for (size_t i = 0; i < names->n; i++) {
		strncat(text, names->items[i].p, names->items[i].n);
		strcat(text, ",");
	}
	assert_string_equal(text, expected);
}

static void test_list(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_page all = {.paged = false}, page = {.paged = true, .size = 2};
	struct firn_page_answer next;
	struct firn_strs names;

	add_warehouse(f, "w");
	OK(list(f, AT("w"), &all, &names, &next));
	assert_int_equal(names.n, 0);
	REFUSED(cx, list(f, AT("x"), &all, &names, &next), FIRN_E_NO_SUCH_WAREHOUSE, "x");
	REFUSED(cx, list(f, AT("w/a"), &all, &names, &next), FIRN_E_NO_SUCH_NAMESPACE,
		"Namespace does not exist: a");
	OK(make(f, AT("w/d")));
	OK(make(f, AT("w/b")));
	OK(make(f, AT("w/b/sub")));
	OK(make(f, AT("w/f")));
	OK(make(f, AT("w/h")));
	OK(list(f, AT("w"), &all, &names, &next));
	expect_names(&names, "b,d,f,h,");
	assert_null(next.next.p);
	OK(list(f, AT("w/b"), &all, &names, &next));
	expect_names(&names, "sub,");
	OK(list(f, AT("w/b/sub"), &all, &names, &next));
	assert_int_equal(names.n, 0);

	OK(list(f, AT("w"), &page, &names, &next));
	expect_names(&names, "b,d,");
	assert_non_null(next.next.p);
	OK(make(f, AT("w/a"))); /* before the cursor: not seen; after it: seen */
	OK(make(f, AT("w/e")));
	OK(drop(f, AT("w/d")));
	page.token = next.next;
	REFUSED(cx, list(f, AT("w/b"), &page, &names, &next), FIRN_E_BAD_REQUEST, "pageToken");
	OK(list(f, AT("w"), &page, &names, &next));
	expect_names(&names, "e,f,");
	page.token = next.next;
	OK(list(f, AT("w"), &page, &names, &next));
	expect_names(&names, "h,");
	assert_null(next.next.p);
}

static void test_update(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	struct firn_pair first[] = {{FIRN_STR("a"), FIRN_STR("1")}, {FIRN_STR("b"), FIRN_STR("2")}};
	struct firn_pair second[] = {{FIRN_STR("b"), FIRN_STR("3")}, {FIRN_STR("c"), FIRN_STR("")}};
	struct firn_str removed[] = {FIRN_STR("zz"), FIRN_STR("a"), FIRN_STR("a"),
				     FIRN_STR("it's")};
	struct firn_strs removals = {removed, 4}, none = {NULL, 0};
	struct firn_map updates = {second, 2};
	struct firn_outcome outcome;
	struct firn_namespace ns;

	add_warehouse(f, "w");
	OK(make(f, AT("w/n")));
	OK(firn_namespace_update(cx, f->catalog, &f->actor.mutation, AT("w/n"), &none,
				 &(struct firn_map){first, 2}, &outcome));
	OK(firn_namespace_update(cx, f->catalog, &f->actor.mutation, AT("w/n"), &removals, &updates,
				 &outcome));
	assert_true(firn_str_is(
		outcome.json,
		"{\"updated\":[\"b\",\"c\"],\"removed\":[\"a\"],\"missing\":[\"zz\",\"it's\"]}"));
	OK(load(f, AT("w/n"), &ns));
	assert_true(firn_str_starts(ns.properties,
				    FIRN_STR("{\"b\": \"3\", \"c\": \"\", \"location\": ")));
	removed[0] = FIRN_STR("c");
	REFUSED(cx,
		firn_namespace_update(cx, f->catalog, &f->actor.mutation, AT("w/n"), &removals,
				      &updates, &outcome),
		FIRN_E_UNPROCESSABLE, "'c' is in both removals and updates");
	REFUSED(cx,
		firn_namespace_update(cx, f->catalog, &f->actor.mutation, AT("w/m"), &none,
				      &updates, &outcome),
		FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: m");
}

static void test_drop(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;

	add_warehouse(f, "w");
	OK(make(f, AT("w/a")));
	OK(make(f, AT("w/a/b")));
	REFUSED(cx, drop(f, AT("w/a")), FIRN_E_NAMESPACE_NOT_EMPTY,
		"Namespace is not empty: a (1 namespace)");
	add_tabular(f, "w", "a/b", "t1", "table");
	add_tabular(f, "w", "a/b", "t2", "table");
	add_tabular(f, "w", "a/b", "v", "view");
	sql(f, "insert into function (namespace_id, name, uuid, metadata) select id, 'f', "
	       "gen_random_uuid(), '{}'"
	       " from namespace where name = 'b'");
	REFUSED(cx, drop(f, AT("w/a/b")), FIRN_E_NAMESPACE_NOT_EMPTY,
		"Namespace is not empty: a.b (2 tables, 1 view, 1 function)");
	sql(f, "delete from tabular; delete from function");
	OK(drop(f, AT("w/a/b")));
	REFUSED(cx, drop(f, AT("w/a/b")), FIRN_E_NO_SUCH_NAMESPACE,
		"Namespace does not exist: a.b");
	OK(drop(f, AT("w/a")));
	OK(make(f, AT("w/a")));
}

static void test_protect(void **state)
{
	struct catalog_fixture *f = *state;
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_mutation *mutation = &f->actor.mutation;
	struct firn_outcome outcome;
	struct firn_namespace ns;

	add_warehouse(f, "w");
	OK(make(f, AT("w/a")));
	OK(firn_protect(cx, f->catalog, mutation, AT("w/a"), true, &outcome));
	assert_true(firn_str_is(outcome.json, "{\"protected\":true}"));
	OK(load(f, AT("w/a"), &ns));
	assert_true(ns.is_protected);
	REFUSED(cx, drop(f, AT("w/a")), FIRN_E_CONFLICT, "take the protection off");
	add_tabular(f, "w", "a", "v", "view");
	OK(firn_protect(cx, f->catalog, mutation, AT_NAME("w/a", "v"), true, &outcome));
	assert_int_equal(sql(f, "select count(*) from tabular where protected"), 1);
	assert_int_equal(
		sql(f, "select count(*) from event where kind = 'view.protected' and name = 'v'"
		       " and detail = '{\"protected\":true}'"),
		1);
	OK(firn_protect(cx, f->catalog, mutation, AT("w/a"), false, &outcome));
	REFUSED(cx, firn_protect(cx, f->catalog, mutation, AT_NAME("w/a", "t"), true, &outcome),
		FIRN_E_NO_SUCH_TABLE, "does not exist: a.t");
	REFUSED(cx, firn_protect(cx, f->catalog, mutation, AT("w/b"), true, &outcome),
		FIRN_E_NO_SUCH_NAMESPACE, "b");
}

struct racer {
	struct catalog_fixture *f;
	struct actor actor;
	pthread_t thread;
	bool dropper;
	unsigned odd;
};

#define ROUNDS 60

/* One makes children of "p", the other drops it: a child never stays without its parent. */
static void *race(void *arg)
{
	struct racer *r = arg;
	struct firn_outcome outcome;

	for (unsigned i = 0; i < ROUNDS; i++) {
		firn_rc rc;

		if (r->dropper) {
			rc = firn_namespace_drop(&r->actor.cx, r->f->catalog, &r->actor.mutation,
						 AT("w/p"), &outcome);
			r->odd += rc != FIRN_OK && rc != FIRN_E_NAMESPACE_NOT_EMPTY &&
				  rc != FIRN_E_NO_SUCH_NAMESPACE;
			firn_err_clear(&r->actor.cx);
			(void)!make_namespace(&r->actor.cx, r->f, &r->actor.mutation, AT("w/p"));
		} else {
			rc = make_namespace(&r->actor.cx, r->f, &r->actor.mutation, AT("w/p/c"));
			r->odd += rc != FIRN_OK && rc != FIRN_E_NO_SUCH_NAMESPACE;
			firn_err_clear(&r->actor.cx);
			(void)!firn_namespace_drop(&r->actor.cx, r->f->catalog, &r->actor.mutation,
						   AT("w/p/c"), &outcome);
		}
		firn_err_clear(&r->actor.cx);
	}
	return NULL;
}

static void test_race(void **state)
{
	struct catalog_fixture *f = *state;
	struct racer racers[2] = {{.f = f, .dropper = true}, {.f = f}};

	add_warehouse(f, "w");
	OK(make(f, AT("w/p")));
	for (size_t i = 0; i < 2; i++) {
		actor_init(&racers[i].actor, f->db->conninfo, "test");
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].odd, 0);
		actor_release(&racers[i].actor);
	}
	assert_int_equal(sql(f, "select count(*) from namespace c where parent <> '' and not exists"
				" (select from namespace p where p.path = c.parent)"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATALOG_TEST(test_create), CATALOG_TEST(test_location), CATALOG_TEST(test_list),
		CATALOG_TEST(test_update), CATALOG_TEST(test_drop),	CATALOG_TEST(test_protect),
		CATALOG_TEST(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
