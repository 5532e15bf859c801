/*
 * A database of its own for each test, copied from a migrated template in 20–30 ms. The cluster is
 * the one that tests/db/cluster.py names in FIRN_TEST_DATABASE_URL.
 */
#ifndef FIRN_TESTDB_H
#define FIRN_TESTDB_H

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/db.h"

struct testdb {
	char conninfo[512];
	struct firn_arena *arena;
	struct firn_ctx cx; /* cx.db is a connection to the database, cx.arena is the arena */
};

/* cmocka's per-test fixtures; *state is a struct testdb *. */
int testdb_setup(void **state);
int testdb_teardown(void **state);

/* Without a ctx. Both abort with a message when the cluster refuses. */
void testdb_create(char conninfo[static 512]); /* migrated */
void testdb_create_empty(char conninfo[static 512]);
void testdb_drop(const char *conninfo); /* ends what is still connected */
/* Runs statements on a connection of its own; returns the first field of the last row ("" without
 * one), which the caller frees. */
char *testdb_sql(const char *conninfo, const char *sql);

#endif
