/* Databases for tests; owns the template, which the first program of a run makes. */
#include "testdb.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "firn/crypto.h"
#include "firn/embedded.h"

static void die(const char *what, const char *why)
{
	fprintf(stderr, "testdb: %s: %s\n", what, why);
	abort();
}

static const char *cluster(void)
{
	const char *url = getenv("FIRN_TEST_DATABASE_URL");

	if (!url)
		die("FIRN_TEST_DATABASE_URL is not set",
		    "run me as tests/db/cluster.py run -- PROGRAM");
	return url;
}

static void quiet(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static PGconn *connected(const char *conninfo)
{
	PGconn *conn = PQconnectdb(conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
		die(conninfo, PQerrorMessage(conn));
	PQsetNoticeProcessor(conn, quiet, NULL);
	return conn;
}

static char *run(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	char *value;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		die(sql, PQerrorMessage(conn));
	value = strdup(PQntuples(result) && PQnfields(result) ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return value;
}

char *testdb_sql(const char *conninfo, const char *sql)
{
	PGconn *conn = connected(conninfo);
	char *value = run(conn, sql);

	PQfinish(conn);
	return value;
}

static void conninfo_of(const char *name, char conninfo[static 512])
{
	snprintf(conninfo, 512, "%s dbname=%s", cluster(), name);
}

/* Named after the migrations, so that a cluster that outlives an edit gets another one. */
static void template_name(char name[static 64])
{
	unsigned char sum[FIRN_SHA256_BYTES], all[FIRN_SHA256_BYTES] = {0};

	for (const struct firn_embedded_file *f = firn_embedded_files; f->name; f++) {
		firn_sha256(f->bytes, f->size, sum);
		for (size_t i = 0; i < sizeof(all); i++)
			all[i] ^= sum[i];
	}
	snprintf(name, 64, "firn_template_%02x%02x%02x%02x", all[0], all[1], all[2], all[3]);
}

static void migrate(const char *conninfo)
{
	struct firn_arena *arena = firn_arena_new(64 << 20);
	struct firn_ctx cx;

	firn_ctx_init(&cx, arena);
	cx.db = firn_db_new(conninfo);
	if (firn_schema_migrate(&cx, NULL) != FIRN_OK) {
		fprintf(stderr, "testdb: %s\n", cx.err.notes);
		die("migrations", cx.err.message);
	}
	firn_db_free(cx.db);
	firn_arena_free(arena);
}

/* Made under another name and renamed, so that half a template is never used. */
static void make_template(PGconn *conn, const char *name)
{
	char sql[256], conninfo[512];

	snprintf(sql, sizeof(sql), "drop database if exists %s_new with (force)", name);
	free(run(conn, sql));
	snprintf(sql, sizeof(sql), "create database %s_new template template0", name);
	free(run(conn, sql));
	snprintf(sql, sizeof(sql), "%s_new", name);
	conninfo_of(sql, conninfo);
	migrate(conninfo);
	snprintf(sql, sizeof(sql), "alter database %s_new rename to %s", name, name);
	free(run(conn, sql));
}

static void ensure_template(PGconn *conn, const char *name)
{
	char sql[256], *found;

	free(run(conn, "select pg_advisory_lock(7001)"));
	snprintf(sql, sizeof(sql), "select 1 from pg_database where datname = '%s'", name);
	found = run(conn, sql);
	if (!*found)
		make_template(conn, name);
	free(found);
	free(run(conn, "select pg_advisory_unlock(7001)"));
}

static void create(PGconn *conn, const char *template, char conninfo[static 512])
{
	struct firn_uuid uuid = firn_uuid_v4();
	char name[64] = "firn_test_", sql[256];

	for (size_t i = 0; i < sizeof(uuid.b); i++)
		snprintf(name + 10 + 2 * i, 3, "%02x", uuid.b[i]);
	snprintf(sql, sizeof(sql), "create database %s template %s", name, template);
	free(run(conn, sql));
	conninfo_of(name, conninfo);
}

void testdb_create(char conninfo[static 512])
{
	PGconn *conn = connected(cluster());
	char name[64];

	template_name(name);
	ensure_template(conn, name);
	create(conn, name, conninfo);
	PQfinish(conn);
}

void testdb_create_empty(char conninfo[static 512])
{
	PGconn *conn = connected(cluster());

	create(conn, "template0", conninfo);
	PQfinish(conn);
}

void testdb_drop(const char *conninfo)
{
	const char *name = strstr(conninfo, "dbname=firn_test_");
	char sql[256];

	if (!name)
		die(conninfo, "not a test's database");
	snprintf(sql, sizeof(sql), "drop database %s with (force)", name + strlen("dbname="));
	free(testdb_sql(cluster(), sql));
}

int testdb_setup(void **state)
{
	struct testdb *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	testdb_create(t->conninfo);
	t->arena = firn_arena_new(256 << 20);
	firn_ctx_init(&t->cx, t->arena);
	t->cx.db = firn_db_new(t->conninfo);
	*state = t;
	return 0;
}

int testdb_teardown(void **state)
{
	struct testdb *t = *state;

	firn_db_free(t->cx.db);
	firn_arena_free(t->arena);
	testdb_drop(t->conninfo);
	free(t);
	return 0;
}
