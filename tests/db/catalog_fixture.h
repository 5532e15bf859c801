/*
 * A catalog on a database of its own, and actors: each a lane with its own arena, connection and
 * context, so that tests can act from several threads.
 */
#ifndef FIRN_TEST_CATALOG_FIXTURE_H
#define FIRN_TEST_CATALOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog/internal.h"
#include "catalog/tx.h"
#include "testdb.h"

#define OK(expr) assert_int_equal((expr), FIRN_OK)
/* The expected refusal, and a part of its message. */
#define REFUSED(cx, expr, code, part)                                                              \
	do {                                                                                       \
		assert_int_equal((expr), (code));                                                  \
		if (!strstr((cx)->err.message, (part)))                                            \
			fail_msg("'%s' does not say '%s'", (cx)->err.message, (part));             \
		firn_err_clear(cx);                                                                \
	} while (0)

struct actor {
	struct firn_arena *arena;
	struct firn_db *db;
	struct firn_ctx cx;
	struct firn_mutation mutation;
	struct firn_catalog *catalog; /* the fixture's; NULL for other actors */
};

static inline void actor_init(struct actor *actor, const char *conninfo, const char *operation)
{
	memset(actor, 0, sizeof(*actor));
	actor->arena = firn_arena_new((size_t)64 << 20);
	assert_non_null(actor->arena);
	firn_ctx_init(&actor->cx, actor->arena);
	actor->db = firn_db_new(conninfo);
	assert_non_null(actor->db);
	actor->cx.db = actor->db;
	snprintf(actor->cx.principal, sizeof(actor->cx.principal), "tester");
	snprintf(actor->cx.request_id, sizeof(actor->cx.request_id), "request");
	OK(firn_access_check(&actor->cx, operation, &actor->mutation.pass));
}

static inline void actor_release(struct actor *actor)
{
	firn_db_free(actor->db);
	firn_arena_free(actor->arena);
}

struct catalog_fixture {
	struct testdb *db;
	struct firn_catalog *catalog;
	struct actor actor;
	char root[64]; /* a folder of its own for file:// warehouses */
};

static inline struct firn_catalog_config catalog_config(void)
{
	struct firn_catalog_config config = {
		.cache_bytes = 1 << 20,
		.metadata_ceiling = 16 << 20,
		.idempotency_seconds = 600,
		.staged_seconds = 600,
		.commit_attempts = 4,
		.has_master_key = true,
		.allow_local_files = true,
	};

	memset(config.master_key, 7, sizeof(config.master_key));
	return config;
}

static inline int catalog_setup(void **state)
{
	struct catalog_fixture *f = calloc(1, sizeof(*f));
	struct firn_catalog_config config = catalog_config();
	void *db = NULL;

	if (!f || testdb_setup(&db) != 0)
		return -1;
	f->db = db;
	snprintf(f->root, sizeof(f->root), "/tmp/firn-catalog-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	actor_init(&f->actor, f->db->conninfo, "test");
	OK(firn_catalog_open(&f->actor.cx, &config, &f->catalog));
	f->actor.catalog = f->catalog;
	*state = f;
	return 0;
}

static inline int catalog_teardown(void **state)
{
	struct catalog_fixture *f = *state;
	char command[96];
	void *db = f->db;

	actor_release(&f->actor); /* stores go back before their catalog ends */
	firn_catalog_free(f->catalog);
	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	if (system(command) != 0)
		return -1;
	free(f);
	return testdb_teardown(&db);
}

#define CATALOG_TEST(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, catalog_setup, catalog_teardown)

/* Runs SQL beside the catalog; the number of its one field. */
static inline long sql(struct catalog_fixture *f, const char *text)
{
	char *value = testdb_sql(f->db->conninfo, text);
	long n = strtol(value, NULL, 10);

	free(value);
	return n;
}

/* A warehouse row as an administrator would get it, without asking a store. */
static inline void add_warehouse(struct catalog_fixture *f, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "insert into warehouse (uuid, name, location, location_key, profile) values "
		 "(gen_random_uuid(),"
		 " '%s', 'file://%s/%s', 'file://%s/%s/', '{\"type\":\"file\"}') returning id",
		 name, f->root, name, f->root, name);
	sql(f, text);
}

/* "w/a/b": warehouse and levels, all in static storage of the caller's array. */
struct place {
	struct firn_target target;
	struct firn_str levels[16];
};
static inline const struct firn_target *at(struct place *place, const char *path, const char *name)
{
	struct firn_str rest = firn_str(path);
	size_t end = firn_str_find(rest, '/');

	memset(place, 0, sizeof(*place));
	place->target.warehouse = firn_str_sub(rest, 0, end);
	place->target.levels.items = place->levels;
	place->target.name = firn_str(name);
	while (end != SIZE_MAX) {
		rest = firn_str_sub(rest, end + 1, SIZE_MAX);
		end = firn_str_find(rest, '/');
		place->levels[place->target.levels.n++] = firn_str_sub(rest, 0, end);
	}
	return &place->target;
}
#define AT(path) at(&(struct place){0}, path, NULL)
#define AT_NAME(path, name) at(&(struct place){0}, path, name)

static inline firn_rc make_namespace(struct firn_ctx *cx, struct catalog_fixture *f,
				     const struct firn_mutation *mutation,
				     const struct firn_target *target)
{
	struct firn_map none = {NULL, 0};
	struct firn_outcome outcome;

	return firn_namespace_create(cx, f->catalog, mutation, target, &none, &outcome);
}

/* A table or view row in namespace path (levels joined by '/'). */
static inline void add_tabular(struct catalog_fixture *f, const char *warehouse, const char *path,
			       const char *name, const char *kind)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "insert into tabular (id, warehouse_id, namespace_id, name, kind, uuid, version, "
		 "location,"
		 " metadata_location, metadata_sha256, metadata_length) select "
		 "nextval('tabular_id'), w.id, n.id, '%s',"
		 " '%s', gen_random_uuid(), 1, 'file:///x', 'file:///x/m.json', "
		 "decode(repeat('00', 32), 'hex'), 10"
		 " from warehouse w join namespace n on n.warehouse_id = w.id"
		 " where w.name = '%s' and n.path = replace('%s', '/', chr(31)) returning id",
		 name, kind, warehouse, path);
	assert_true(sql(f, text) > 0);
}

#endif
