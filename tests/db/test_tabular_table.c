/* Tables: create, list, load, commit, rename, drop and undrop, good and bad. */
#include "tabular_fixture.h"

static void test_create_and_load(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome outcome;
	struct firn_pointer p;
	const struct firn_json *m;

	OK(create(f, a, T("t"), NULL, "{\"owner\":\"me\"}", &outcome));
	assert_true(outcome.has_pointer);
	assert_int_equal(outcome.pointer.version, 1);
	p = pointer_now(a, T("t"), FIRN_KIND_TABLE);
	assert_true(firn_str_eq(p.metadata_location, outcome.pointer.metadata_location));
	assert_true(firn_str_eq(p.uuid, outcome.pointer.uuid));
	assert_memory_equal(p.sha256, outcome.pointer.sha256, 32);
	assert_int_equal(p.length, outcome.pointer.length);
	assert_true(file_is_there(&a->cx, p.metadata_location));
	m = metadata(f, a, T("t"), FIRN_KIND_TABLE);
	assert_true(firn_str_eq(firn_json_str(firn_json_get(m, "table-uuid")), p.uuid));
	assert_true(firn_str_is(property(f, a, T("t"), "owner"), "me"));
	assert_int_equal(
		sql(f,
		    "select count(*) from commit_log where version = 1 and operation = 'create'"),
		1);
	assert_int_equal(sql(f, "select count(*) from location where reserved_until is null"), 1);
	assert_int_equal(
		sql(f, "select count(*) from event where kind = 'table.created' and name = 't'"),
		1);
}

static void test_create_refused(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	REFUSED(cx, create(f, a, T("t"), NULL, NULL, NULL), FIRN_E_ALREADY_EXISTS,
		"Table already exists: ns.t");
	REFUSED(cx, create(f, a, AT_NAME("w/none", "t"), NULL, NULL, NULL),
		FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: none");
	REFUSED(cx, create(f, a, AT_NAME("v/ns", "t"), NULL, NULL, NULL), FIRN_E_NO_SUCH_WAREHOUSE,
		"Warehouse does not exist: v");
	REFUSED(cx, create(f, a, T(".."), NULL, NULL, NULL), FIRN_E_BAD_REQUEST, "can't be a name");
	REFUSED(cx, create(f, a, T("u"), "file:///elsewhere/u", NULL, NULL), FIRN_E_BAD_REQUEST,
		"must lie beneath");
	REFUSED(cx, create(f, a, T("u"), in_warehouse(f, cx, "../x").p, NULL, NULL),
		FIRN_E_BAD_REQUEST, "..");
	REFUSED(cx, create(f, a, T("u"), in_warehouse(f, cx, "").p, NULL, NULL), FIRN_E_BAD_REQUEST,
		"must lie beneath");
	REFUSED(cx, create(f, a, T("u"), NULL, "{\"write.metadata.path\":\"file:///etc\"}", NULL),
		FIRN_E_BAD_REQUEST, "write.metadata.path");
	assert_int_equal(sql(f, "select count(*) from location"), 1);
	assert_int_equal(count_files(f->root), 1);
}

static void test_locations_do_not_overlap(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;

	OK(create(f, a, T("t"), in_warehouse(f, cx, "a/b").p, NULL, NULL));
	REFUSED(cx, create(f, a, T("same"), in_warehouse(f, cx, "a//b/").p, NULL, NULL),
		FIRN_E_CONFLICT, "overlaps");
	REFUSED(cx, create(f, a, T("above"), in_warehouse(f, cx, "a").p, NULL, NULL),
		FIRN_E_CONFLICT, "overlaps");
	REFUSED(cx, create(f, a, T("below"), in_warehouse(f, cx, "a/b/c/d").p, NULL, NULL),
		FIRN_E_CONFLICT, "overlaps");
	OK(create(f, a, T("beside"), in_warehouse(f, cx, "a/bc").p, NULL, NULL));
	OK(create(f, a, T("before"), in_warehouse(f, cx, "a/b-").p, NULL, NULL));
	REFUSED(cx,
		create(f, a, T("inside"), NULL,
		       firn_printf(cx, "{\"write.data.path\":\"%s\"}",
				   in_warehouse(f, cx, "a/b/x").p)
			       .p,
		       NULL),
		FIRN_E_VALIDATION, "another table");
	assert_int_equal(sql(f, "select count(*) from location"), 3);
	assert_int_equal(sql(f, "select count(*) from tabular"), 3);
}

static void test_namespace_location(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_map updates = map(
		&a->cx,
		firn_printf(&a->cx, "{\"location\":\"%s\"}", in_warehouse(f, &a->cx, "mine").p).p);
	struct firn_strs none = {NULL, 0};
	struct firn_outcome outcome;

	OK(firn_namespace_update(&a->cx, f->catalog, &a->mutation, AT("w/ns"), &none, &updates,
				 &outcome));
	OK(create(f, a, T("a b/c.d\xc3\xa9"), NULL, NULL, &outcome));
	assert_non_null(strstr(outcome.pointer.metadata_location.p, "/w/mine/a_b_c_d_-"));
}

static void test_list(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_page page = {.paged = true, .size = 2};
	char all[64] = "";

	for (char c = 'a'; c <= 'e'; c++) {
		const char name[2] = {c, 0};

		OK(create(f, a, T(name), NULL, NULL, NULL));
	}
	for (int pages = 1;; pages++) {
		const struct firn_rows *rows;
		struct firn_page_answer answer;
		struct firn_strs names;
		struct firn_ask *ask;

		OK(firn_tabulars_ask(&a->cx, f->catalog, AT("w/ns"), FIRN_KIND_TABLE, &page, &ask));
		OK(firn_db_query(&a->cx, ask->sql, &ask->params, &rows));
		OK(firn_tabulars_read(&a->cx, f->catalog, AT("w/ns"), FIRN_KIND_TABLE, &page, rows,
				      &names, &answer));
		for (size_t i = 0; i < names.n; i++)
			strncat(all, names.items[i].p, names.items[i].n);
		page.token = answer.next;
		if (!answer.next.p) {
			assert_int_equal(pages, 3);
			break;
		}
	}
	assert_string_equal(all, "abcde");
}

static void test_list_missing(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_page page = {0};
	const struct firn_rows *rows;
	struct firn_page_answer answer;
	struct firn_strs names;
	struct firn_ask *ask;

	OK(firn_tabulars_ask(&a->cx, f->catalog, AT("w/none"), FIRN_KIND_VIEW, &page, &ask));
	OK(firn_db_query(&a->cx, ask->sql, &ask->params, &rows));
	REFUSED(&a->cx,
		firn_tabulars_read(&a->cx, f->catalog, AT("w/none"), FIRN_KIND_VIEW, &page, rows,
				   &names, &answer),
		FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: none");
	OK(firn_tabulars_ask(&a->cx, f->catalog, AT("w/ns"), FIRN_KIND_VIEW, &page, &ask));
	OK(firn_db_query(&a->cx, ask->sql, &ask->params, &rows));
	OK(firn_tabulars_read(&a->cx, f->catalog, AT("w/ns"), FIRN_KIND_VIEW, &page, rows, &names,
			      &answer));
	assert_int_equal(names.n, 0);
}

static void test_pointer_missing(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_pointer p;

	REFUSED(&a->cx, pointer(a, T("t"), FIRN_KIND_TABLE, &p), FIRN_E_NO_SUCH_TABLE,
		"Table does not exist: ns.t");
	REFUSED(&a->cx, pointer(a, AT_NAME("w/none", "t"), FIRN_KIND_VIEW, &p), FIRN_E_NO_SUCH_VIEW,
		"View does not exist: none.t");
	OK(create(f, a, T("t"), NULL, NULL, NULL));
	REFUSED(&a->cx, pointer(a, T("t"), FIRN_KIND_VIEW, &p), FIRN_E_NO_SUCH_VIEW,
		"View does not exist: ns.t");
}

/* On an event loop only what is cached is answered. */
static void test_loop_needs_cache(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx loop;
	struct firn_blob *blob;
	struct firn_pointer p;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	p = pointer_now(a, T("t"), FIRN_KIND_TABLE);
	loop = a->cx;
	loop.db = NULL;
	OK(firn_metadata_get(&loop, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob));
	firn_blob_release(blob);
	assert_int_equal(firn_metadata_get(&loop, f->catalog, &p, FIRN_SNAPSHOTS_REFS, &blob),
			 FIRN_E_NEEDS_LANE);
	firn_err_clear(&loop);
	OK(firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_REFS, &blob));
	firn_blob_release(blob);
	OK(firn_metadata_get(&loop, f->catalog, &p, FIRN_SNAPSHOTS_REFS, &blob));
	firn_blob_release(blob);
}

static void test_metadata_gone_or_changed(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_blob *blob;
	struct firn_pointer p;
	FILE *file;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	p = pointer_now(a, T("t"), FIRN_KIND_TABLE);
	p.profile_version = 99; /* nothing cached under it */
	file = fopen(host_path(firn_str_dup(&a->cx, p.metadata_location)), "a");
	assert_non_null(file);
	fputc(' ', file);
	fclose(file);
	REFUSED(&a->cx, firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob),
		FIRN_E_INTERNAL, "not the one that was committed");
	unlink(host_path(firn_str_dup(&a->cx, p.metadata_location)));
	REFUSED(&a->cx, firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob),
		FIRN_E_NOT_FOUND, "'t' is gone");
}

static void test_gzip(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome outcome;
	struct firn_blob *blob;
	struct firn_pointer p;

	OK(create(f, a, T("t"), NULL, "{\"write.metadata.compression-codec\":\"gzip\"}", &outcome));
	assert_non_null(strstr(outcome.pointer.metadata_location.p, ".gz.metadata.json"));
	p = pointer_now(a, T("t"), FIRN_KIND_TABLE);
	p.profile_version = 99;
	OK(firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob));
	assert_int_equal(firn_blob_bytes(blob).p[0], '{');
	firn_blob_release(blob);
	OK(set_property(f, a, T("t"), "a", "b", &outcome));
	assert_true(firn_str_is(property(f, a, T("t"), "a"), "b"));
}

static void test_commit(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome first, second;
	struct firn_str updates;

	OK(create(f, a, T("t"), NULL, NULL, &first));
	OK(set_property(f, a, T("t"), "k", "v", &second));
	assert_int_equal(second.pointer.version, 2);
	assert_true(firn_str_is(property(f, a, T("t"), "k"), "v"));
	assert_true(file_is_there(&a->cx, first.pointer.metadata_location));
	assert_non_null(strstr(second.pointer.metadata_location.p, "/00001-"));
	updates = snapshot_updates(&a->cx, 77, 0, 1, in_warehouse(f, &a->cx, "x/snap.avro").p);
	OK(commit(f, a, T("t"),
		  "[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":null}]",
		  updates.p, &second));
	assert_int_equal(second.pointer.version, 3);
	assert_int_equal(sql(f, "select snapshot_id from commit_log where version = 3"), 77);
	assert_int_equal(sql(f, "select count(*) from commit_log where version = 3 and"
				" update_kinds = '{add-snapshot,set-snapshot-ref}' and "
				"old_metadata_location is not null"
				" and principal = 'tester'"),
			 1);
	assert_int_equal(sql(f, "select count(*) from event where kind = 'table.committed'"), 2);
	assert_int_equal(sql(f, "select count(*) from event e join commit_log c using (commit_id) "
				"where e.version = c.version"),
			 3);
}

static void test_commit_refused(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_str outside = snapshot_updates(cx, 5, 0, 1, "file:///etc/passwd");

	REFUSED(cx, set_property(f, a, T("t"), "k", "v", NULL), FIRN_E_NO_SUCH_TABLE,
		"Table does not exist: ns.t");
	REFUSED(cx, set_property(f, a, AT_NAME("w/none", "t"), "k", "v", NULL),
		FIRN_E_NO_SUCH_TABLE, "Table does not exist: none.t");
	OK(create(f, a, T("t"), NULL, NULL, NULL));
	REFUSED(cx, commit(f, a, T("t"), "[{\"type\":\"assert-create\"}]", "[]", NULL),
		FIRN_E_COMMIT_FAILED, "Requirement failed: table already exists");
	REFUSED(cx,
		commit(f, a, T("t"),
		       "[{\"type\":\"assert-table-uuid\",\"uuid\":\"2cc52516-5e73-41f2-b139-"
		       "545d41a4e151\"}]",
		       "[]", NULL),
		FIRN_E_COMMIT_FAILED, "Requirement failed: UUID does not match");
	REFUSED(cx, commit(f, a, T("t"), "[{\"type\":\"assert-moon\"}]", "[]", NULL),
		FIRN_E_BAD_REQUEST, "assert-moon");
	REFUSED(cx, commit(f, a, T("t"), NULL, "[{\"action\":\"fly\"}]", NULL), FIRN_E_BAD_REQUEST,
		"fly");
	REFUSED(cx, commit(f, a, T("t"), NULL, outside.p, NULL), FIRN_E_BAD_REQUEST,
		"must lie beneath");
	REFUSED(cx,
		commit(f, a, T("t"), NULL,
		       "[{\"action\":\"set-location\",\"location\":\"s3://moon/t\"}]", NULL),
		FIRN_E_BAD_REQUEST, "must lie beneath");
	assert_int_equal(pointer_now(a, T("t"), FIRN_KIND_TABLE).version, 1);
	assert_int_equal(count_files(f->root), 1);
}

static void test_commit_of_nothing(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome outcome;

	OK(create(f, a, T("t"), NULL, "{\"k\":\"v\"}", NULL));
	OK(set_property(f, a, T("t"), "k", "v", &outcome));
	assert_int_equal(outcome.pointer.version, 1);
	OK(commit(f, a, T("t"), NULL, NULL, &outcome));
	assert_int_equal(outcome.pointer.version, 1);
	assert_int_equal(count_files(f->root), 1);
	assert_int_equal(sql(f, "select count(*) from commit_log"), 1);
}

static struct firn_str move(struct catalog_fixture *f, struct firn_ctx *cx, const char *to)
{
	return firn_printf(cx, "[{\"action\":\"set-location\",\"location\":\"%s\"}]",
			   in_warehouse(f, cx, to).p);
}

static void test_set_location(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;

	OK(create(f, a, T("t"), in_warehouse(f, cx, "one").p, NULL, NULL));
	OK(create(f, a, T("u"), in_warehouse(f, cx, "two").p, NULL, NULL));
	REFUSED(cx, commit(f, a, T("t"), NULL, move(f, cx, "two/x").p, NULL), FIRN_E_VALIDATION,
		"overlaps");
	OK(commit(f, a, T("t"), NULL, move(f, cx, "one/deeper").p, NULL));
	OK(commit(f, a, T("t"), NULL, move(f, cx, "three").p, NULL));
	OK(create(f, a, T("v"), in_warehouse(f, cx, "one").p, NULL,
		  NULL)); /* left, so it is free */
	REFUSED(cx, create(f, a, T("x"), in_warehouse(f, cx, "three/y").p, NULL, NULL),
		FIRN_E_CONFLICT, "overlaps");
	assert_int_equal(sql(f, "select count(*) from location where reserved_until is null"), 3);
}

static void test_rename(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome o;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	OK(create(f, a, T("u"), NULL, NULL, NULL));
	REFUSED(cx,
		firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"), T("u"),
				    &o),
		FIRN_E_ALREADY_EXISTS, "Cannot rename ns.t to ns.u. Table already exists");
	REFUSED(cx,
		firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("x"), T("y"),
				    &o),
		FIRN_E_NO_SUCH_TABLE, "Table does not exist: ns.x");
	REFUSED(cx,
		firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_VIEW, T("t"), T("y"),
				    &o),
		FIRN_E_NO_SUCH_VIEW, "View does not exist: ns.t");
	REFUSED(cx,
		firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"),
				    AT_NAME("w/none", "y"), &o),
		FIRN_E_NO_SUCH_NAMESPACE, "Namespace does not exist: none");
	OK(firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"), T("t"), &o));
	OK(firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"),
			       AT_NAME("w/other", "t2"), &o));
	OK(set_property(f, a, AT_NAME("w/other", "t2"), "k", "v", NULL));
	REFUSED(cx, set_property(f, a, T("t"), "k", "v", NULL), FIRN_E_NO_SUCH_TABLE, "ns.t");
	OK(create(f, a, T("t"), NULL, NULL, NULL));
}

static firn_rc drop(struct catalog_fixture *f, struct actor *a, const struct firn_target *target,
		    bool purge)
{
	struct firn_outcome o;

	return firn_tabular_drop(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, target, purge,
				 &o);
}

static firn_rc undrop(struct catalog_fixture *f, struct actor *a, const struct firn_target *target,
		      const char *uuid, const struct firn_target *to, struct firn_outcome *o)
{
	static const struct firn_target same = {0};

	return firn_tabular_undrop(&a->cx, f->catalog, &a->mutation, target, firn_str(uuid),
				   to ? to : &same, o);
}

static void test_drop_and_undrop(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome o;
	struct firn_str where = in_warehouse(f, cx, "place"), file;

	OK(create(f, a, T("t"), where.p, NULL, NULL));
	OK(set_property(f, a, T("t"), "k", "v", &o));
	file = o.pointer.metadata_location;
	OK(drop(f, a, T("t"), false));
	REFUSED(cx, drop(f, a, T("t"), false), FIRN_E_NO_SUCH_TABLE, "Table does not exist: ns.t");
	assert_true(file_is_there(cx, file));
	assert_int_equal(sql(f, "select count(*) from purge"), 0);
	OK(undrop(f, a, T("t"), NULL, NULL, &o));
	assert_int_equal(pointer_now(a, T("t"), FIRN_KIND_TABLE).version, 2);
	assert_true(firn_str_is(property(f, a, T("t"), "k"), "v"));
	OK(set_property(f, a, T("t"), "k", "w", &o));
	assert_int_equal(o.pointer.version, 3);

	OK(drop(f, a, T("t"), true));
	assert_int_equal(sql(f, "select count(*) from purge where not_before > now()"), 1);
	OK(create(f, a, T("t"), where.p, NULL, NULL)); /* name and place are free at once */
	REFUSED(cx, undrop(f, a, T("t"), NULL, NULL, &o), FIRN_E_CONFLICT, "The name ns.t");
	REFUSED(cx, undrop(f, a, T("t"), NULL, T("back"), &o), FIRN_E_CONFLICT, "overlaps");
	assert_int_equal(sql(f, "select count(*) from dropped"), 1);
	OK(drop(f, a, T("t"), false));
	unlink(host_path(firn_str_dup(cx, o.pointer.metadata_location)));
	assert_int_equal(sql(f, "select count(*) from purge"), 1);
}

static void test_undrop_chooses(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome first, second, o;
	struct firn_pointer now;

	REFUSED(cx, undrop(f, a, T("t"), NULL, NULL, &o), FIRN_E_NO_SUCH_TABLE, "ns.t");
	OK(create(f, a, T("t"), NULL, NULL, &first));
	OK(drop(f, a, T("t"), true));
	OK(create(f, a, T("t"), NULL, NULL, &second));
	OK(drop(f, a, T("t"), false));
	REFUSED(cx, undrop(f, a, T("t"), "nonsense", NULL, &o), FIRN_E_BAD_REQUEST, "no UUID");
	OK(undrop(f, a, T("t"), first.pointer.uuid.p, AT_NAME("w/other", "old"), &o));
	now = pointer_now(a, AT_NAME("w/other", "old"), FIRN_KIND_TABLE);
	assert_true(firn_str_eq(now.uuid, first.pointer.uuid));
	assert_int_equal(sql(f, "select count(*) from purge"), 0);
	OK(undrop(f, a, T("t"), NULL, NULL, &o));
	now = pointer_now(a, T("t"), FIRN_KIND_TABLE);
	assert_true(firn_str_eq(now.uuid, second.pointer.uuid));
	OK(drop(f, a, T("t"), false));
	unlink(host_path(firn_str_dup(cx, now.metadata_location)));
	REFUSED(cx, undrop(f, a, T("t"), NULL, NULL, &o), FIRN_E_CONFLICT, "is gone");
	sql(f, "update dropped set restorable_until = now() - interval '1 s'");
	REFUSED(cx, undrop(f, a, T("t"), NULL, NULL, &o), FIRN_E_NO_SUCH_TABLE, "ns.t");
	assert_int_equal(sql(f, "select count(*) from location"), 1);
}

static void test_protected(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome o;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	OK(firn_protect(&a->cx, f->catalog, &a->mutation, T("t"), true, &o));
	REFUSED(&a->cx, drop(f, a, T("t"), true), FIRN_E_CONFLICT, "protected");
	REFUSED(&a->cx, firn_table_unregister(&a->cx, f->catalog, &a->mutation, T("t"), &o),
		FIRN_E_CONFLICT, "protected");
	OK(set_property(f, a, T("t"), "k", "v", NULL));
	OK(firn_protect(&a->cx, f->catalog, &a->mutation, T("t"), false, &o));
	OK(drop(f, a, T("t"), false));
}

static void test_idempotent(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	static const struct firn_str keys[] = {{"017f22e2-79b0-7cc3-98c4-dc0c0c073981", 36},
					       {"017f22e2-79b0-7cc3-98c4-dc0c0c073982", 36}};
	static const unsigned char body[32] = {9};
	const struct firn_outcome *replay;
	struct firn_outcome o;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	OK(firn_idem_claim(&a->cx, f->catalog, a->mutation.pass, keys[0], body, &a->mutation.idem,
			   &replay));
	assert_null(replay);
	OK(set_property(f, a, T("t"), "k", "v", &o));
	firn_idem_release(&a->cx, f->catalog, a->mutation.idem);
	OK(firn_idem_claim(&a->cx, f->catalog, a->mutation.pass, keys[0], body, &a->mutation.idem,
			   &replay));
	assert_non_null(replay);
	assert_true(firn_str_eq(replay->pointer.metadata_location, o.pointer.metadata_location));
	assert_int_equal(replay->pointer.version, 2);
	/* Nothing to change is an outcome too. */
	OK(firn_idem_claim(&a->cx, f->catalog, a->mutation.pass, keys[1], body, &a->mutation.idem,
			   &replay));
	OK(set_property(f, a, T("t"), "k", "v", &o));
	firn_idem_release(&a->cx, f->catalog, a->mutation.idem);
	a->mutation.idem = NULL;
	assert_int_equal(sql(f, "select count(*) from idempotency"), 2);
	assert_int_equal(pointer_now(a, T("t"), FIRN_KIND_TABLE).version, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABULAR_TEST(test_create_and_load),
		TABULAR_TEST(test_create_refused),
		TABULAR_TEST(test_locations_do_not_overlap),
		TABULAR_TEST(test_namespace_location),
		TABULAR_TEST(test_list),
		TABULAR_TEST(test_list_missing),
		TABULAR_TEST(test_pointer_missing),
		TABULAR_TEST(test_loop_needs_cache),
		TABULAR_TEST(test_metadata_gone_or_changed),
		TABULAR_TEST(test_gzip),
		TABULAR_TEST(test_commit),
		TABULAR_TEST(test_commit_refused),
		TABULAR_TEST(test_commit_of_nothing),
		TABULAR_TEST(test_set_location),
		TABULAR_TEST(test_rename),
		TABULAR_TEST(test_drop_and_undrop),
		TABULAR_TEST(test_undrop_chooses),
		TABULAR_TEST(test_protected),
		TABULAR_TEST(test_idempotent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
