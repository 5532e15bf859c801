/*
 * Migrations: files compiled into the binary, each applied once, in order, in a transaction of its
 * own. Refuses a schema that is newer than the binary and files that changed after they were
 * applied.
 */
#include <stdlib.h>

#include "firn/crypto.h"
#include "firn/embedded.h"
#include "internal.h"

/* One lock for everything that changes the schema: "firn" in ASCII. */
static const struct firn_sql lock = {"migrate_lock", "select pg_advisory_xact_lock(1718186606)", "",
				     "void"};
static const struct firn_sql has_table = {
	"migrate_has_table", "select to_regclass('schema_migration') is not null", "", "boolean"};
static const struct firn_sql applied = {
	"migrate_applied", "select version, name, sha256 from schema_migration order by version",
	"", "bigint,text,bytea"};
static const struct firn_sql record = {
	"migrate_record",
	"insert into schema_migration (version, name, sha256) values ($1, $2, $3)",
	"bigint,text,bytea", ""};
static const char create_table[] = "create table if not exists schema_migration ("
				   " version bigint primary key,"
				   " name text not null,"
				   " sha256 bytea not null,"
				   " applied_at timestamptz not null default now())";

/* The number that leads a migration's file name; 0 for other files. */
static int64_t version_of(const struct firn_embedded_file *file)
{
	struct firn_str name = firn_str(file->name);
	size_t digits = strspn(file->name, "0123456789");
	int64_t version = 0;

	if (!firn_str_ends(name, FIRN_STR(".sql")) ||
	    !firn_str_i64(firn_str_sub(name, 0, digits), &version))
		return 0;
	return version;
}

static const struct firn_embedded_file *file_of(int64_t version)
{
	for (const struct firn_embedded_file *f = firn_embedded_files; f->name; f++) {
		if (version_of(f) == version)
			return f;
	}
	return NULL;
}

int64_t firn_schema_known(void)
{
	int64_t newest = 0;

	for (const struct firn_embedded_file *f = firn_embedded_files; f->name; f++) {
		int64_t version = version_of(f);

		if (version > newest)
			newest = version;
	}
	return newest;
}

/* Rows of schema_migration; NULL when there is no such table yet. */
static firn_rc read_applied(struct firn_ctx *cx, const struct firn_rows **ret_rows)
{
	const struct firn_rows *rows;

	FIRN_TRY(firn_db_query(cx, &has_table, NULL, &rows));
	if (!firn_row_bool(rows, 0, 0)) {
		*ret_rows = NULL;
		return FIRN_OK;
	}
	return firn_db_query(cx, &applied, NULL, ret_rows);
}

static int64_t newest_applied(const struct firn_rows *rows)
{
	size_t n = rows ? firn_rows_count(rows) : 0;

	return n ? firn_row_i64(rows, n - 1, 0) : 0;
}

firn_rc firn_schema_state(struct firn_ctx *cx, struct firn_schema_state *ret_state)
{
	const struct firn_rows *rows;

	FIRN_TRY(read_applied(cx, &rows));
	*ret_state = (struct firn_schema_state){newest_applied(rows), firn_schema_known()};
	return FIRN_OK;
}

static firn_rc check_applied(struct firn_ctx *cx, const struct firn_rows *rows)
{
	unsigned char ours[FIRN_SHA256_BYTES], theirs[FIRN_SHA256_BYTES];

	for (size_t i = 0; i < firn_rows_count(rows); i++) {
		int64_t version = firn_row_i64(rows, i, 0);
		const struct firn_embedded_file *file = file_of(version);

		if (!file)
			return firn_fail(cx, FIRN_E_CONFLICT,
					 "the database schema has migration %lld (%.*s), this "
					 "binary knows none after %lld: "
					 "use the release that made the schema, or a newer one",
					 (long long)version, FIRN_FMT(firn_row_str(rows, i, 1)),
					 (long long)firn_schema_known());
		firn_sha256(file->bytes, file->size, ours);
		FIRN_TRY(firn_row_bytes(cx, rows, i, 2, theirs, sizeof(theirs)));
		if (memcmp(ours, theirs, sizeof(ours)) != 0)
			return firn_fail(cx, FIRN_E_CONFLICT,
					 "migration %s differs from the one that was applied to "
					 "this database: "
					 "use a release whose migrations were not edited",
					 file->name);
	}
	return FIRN_OK;
}

static const struct firn_embedded_file *next_after(int64_t version)
{
	const struct firn_embedded_file *next = NULL;

	for (const struct firn_embedded_file *f = firn_embedded_files; f->name; f++) {
		if (version_of(f) > version && (!next || version_of(f) < version_of(next)))
			next = f;
	}
	return next;
}

static firn_rc apply(struct firn_ctx *cx, const struct firn_embedded_file *file)
{
	unsigned char hash[FIRN_SHA256_BYTES];
	struct firn_params params = {0};

	if (firn_db_script(cx, (const char *)file->bytes) != FIRN_OK)
		return firn_note(cx, "migration %s", file->name);
	firn_sha256(file->bytes, file->size, hash);
	FIRN_TRY(firn_param_i64(cx, &params, version_of(file)));
	FIRN_TRY(firn_param_str(cx, &params, firn_str(file->name)));
	FIRN_TRY(firn_param_bytes(cx, &params, hash, sizeof(hash)));
	return firn_db_run(cx, &record, &params, NULL);
}

/* Inside a transaction, under the lock: what another replica did meanwhile is seen. */
static firn_rc apply_next(struct firn_ctx *cx, bool *ret_applied)
{
	const struct firn_rows *rows;
	const struct firn_embedded_file *file;

	FIRN_TRY(firn_db_run(cx, &lock, NULL, NULL));
	FIRN_TRY(firn_db_script(cx, create_table));
	FIRN_TRY(firn_db_query(cx, &applied, NULL, &rows));
	FIRN_TRY(check_applied(cx, rows));
	file = next_after(newest_applied(rows));
	*ret_applied = file != NULL;
	return file ? apply(cx, file) : FIRN_OK;
}

firn_rc firn_schema_migrate(struct firn_ctx *cx, int *ret_applied)
{
	int n = 0;
	bool more = true;

	while (more) {
		FIRN_TRY(firn_db_begin(cx));
		if (apply_next(cx, &more) != FIRN_OK) {
			firn_db_rollback(cx);
			return cx->err.code;
		}
		if (firn_db_commit(cx) != FIRN_COMMITTED)
			return cx->err.code;
		n += more;
	}
	if (ret_applied)
		*ret_applied = n;
	return FIRN_OK;
}
