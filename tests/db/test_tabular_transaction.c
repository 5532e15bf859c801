/* Transactions over several tables, staged creation, registration, undo, views, log and diff. */
#include "tabular_fixture.h"

static const char set_k[] = "[{\"action\":\"set-properties\",\"updates\":{\"k\":\"v\"}}]";
static const char never[] =
	"[{\"type\":\"assert-table-uuid\",\"uuid\":\"2cc52516-5e73-41f2-b139-545d41a4e151\"}]";

static struct firn_change change(struct firn_ctx *cx, const struct firn_target *target,
				 const char *requirements, const char *updates)
{
	return (struct firn_change){*target, json(cx, requirements), json(cx, updates)};
}

static firn_rc transact(struct catalog_fixture *f, struct actor *a,
			const struct firn_change *changes, size_t n)
{
	struct firn_outcome o;

	return firn_commit(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, changes, n, false,
			   &o);
}

static int64_t version(struct actor *a, const struct firn_target *target)
{
	return pointer_now(a, target, FIRN_KIND_TABLE).version;
}

static void test_all_or_nothing(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_change two[2];

	OK(create(f, a, T("a"), NULL, NULL, NULL));
	OK(create(f, a, T("b"), NULL, NULL, NULL));
	two[0] = change(cx, T("b"), NULL, set_k);
	two[1] = change(cx, T("a"), NULL, set_k);
	OK(transact(f, a, two, 2));
	assert_int_equal(version(a, T("a")), 2);
	assert_int_equal(version(a, T("b")), 2);
	assert_int_equal(
		sql(f, "select count(distinct commit_id) from commit_log where version = 2"), 1);
	two[0] = change(cx, T("a"), NULL,
			"[{\"action\":\"set-properties\",\"updates\":{\"k\":\"w\"}}]");
	two[1] = change(cx, T("b"), never, set_k);
	REFUSED(cx, transact(f, a, two, 2), FIRN_E_COMMIT_FAILED, "UUID does not match");
	two[1] = change(cx, T("no"), NULL, set_k);
	REFUSED(cx, transact(f, a, two, 2), FIRN_E_NO_SUCH_TABLE, "Table does not exist: ns.no");
	two[1] = two[0];
	REFUSED(cx, transact(f, a, two, 2), FIRN_E_BAD_REQUEST, "named twice");
	REFUSED(cx, transact(f, a, NULL, 0), FIRN_E_BAD_REQUEST, "no table");
	assert_int_equal(version(a, T("a")), 2);
	assert_int_equal(count_files(f->root), 4);
}

/* Creations and changes together; and assert-create on what exists. */
static void test_transaction_creates(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_change two[2];
	struct firn_outcome staged;
	struct firn_str init;
	const struct firn_json *m;

	OK(create(f, a, T("a"), NULL, NULL, NULL));
	OK(stage(f, a, T("new"), NULL, &staged));
	assert_false(staged.has_pointer);
	OK(firn_json_parse(cx, staged.metadata, "staged", &m));
	init = firn_printf(
		cx,
		"[{\"action\":\"assign-uuid\",\"uuid\":\"%.*s\"},{\"action\":\"upgrade-format-"
		"version\",\"format-version\":2},"
		"{\"action\":\"add-schema\",\"schema\":" SCHEMA
		"},{\"action\":\"set-current-schema\",\"schema-id\":-1},"
		"{\"action\":\"add-spec\",\"spec\":{\"fields\":[]}},{\"action\":\"set-default-"
		"spec\",\"spec-id\":-1},"
		"{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}},"
		"{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1},"
		"{\"action\":\"set-location\",\"location\":\"%.*s\"}]",
		FIRN_FMT(firn_json_str(firn_json_get(m, "table-uuid"))),
		FIRN_FMT(firn_json_str(firn_json_get(m, "location"))));
	two[0] = change(cx, T("a"), NULL, set_k);
	two[1] = change(cx, T("new"), NULL, set_k);
	REFUSED(cx, transact(f, a, two, 2), FIRN_E_NO_SUCH_TABLE, "ns.new");
	two[1] = change(cx, T("new"), "[{\"type\":\"assert-create\"}]", init.p);
	OK(transact(f, a, two, 2));
	REFUSED(cx, transact(f, a, two + 1, 1), FIRN_E_COMMIT_FAILED,
		"Requirement failed: table already exists");
	assert_int_equal(version(a, T("new")), 1);
	assert_int_equal(version(a, T("a")), 2);
	assert_true(firn_str_eq(pointer_now(a, T("new"), FIRN_KIND_TABLE).uuid,
				firn_json_str(firn_json_get(m, "table-uuid"))));
	assert_int_equal(sql(f, "select count(*) from location where reserved_until is null"), 2);
}

static firn_rc create_staged(struct catalog_fixture *f, struct actor *a,
			     const struct firn_target *target, struct firn_str metadata)
{
	struct firn_ctx *cx = &a->cx;
	const struct firn_json *m = NULL;
	struct firn_str init;

	OK(firn_json_parse(cx, metadata, "staged", &m));
	init = firn_printf(
		cx,
		"[{\"action\":\"assign-uuid\",\"uuid\":\"%.*s\"},"
		"{\"action\":\"add-schema\",\"schema\":" SCHEMA
		"},{\"action\":\"set-current-schema\",\"schema-id\":-1},"
		"{\"action\":\"add-spec\",\"spec\":{\"fields\":[]}},{\"action\":\"set-default-"
		"spec\",\"spec-id\":-1},"
		"{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}},"
		"{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1},"
		"{\"action\":\"set-location\",\"location\":\"%.*s\"}]",
		FIRN_FMT(firn_json_str(firn_json_get(m, "table-uuid"))),
		FIRN_FMT(firn_json_str(firn_json_get(m, "location"))));
	return commit(f, a, target, "[{\"type\":\"assert-create\"}]", init.p, NULL);
}

static void test_staged_holds_its_place(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome staged, other;
	struct firn_str where = in_warehouse(f, cx, "staged");

	OK(stage(f, a, T("t"), where.p, &staged));
	assert_int_equal(sql(f, "select count(*) from tabular"), 0);
	REFUSED(cx, create(f, a, T("u"), in_warehouse(f, cx, "staged/deeper").p, NULL, NULL),
		FIRN_E_CONFLICT, "overlaps");
	REFUSED(cx, stage(f, a, T("u"), where.p, &other), FIRN_E_CONFLICT, "overlaps");
	OK(create(f, a, T("t"), NULL, NULL, NULL)); /* the name isn't held */
	REFUSED(cx, create_staged(f, a, T("t"), staged.metadata), FIRN_E_COMMIT_FAILED,
		"table already exists");
	assert_int_equal(sql(f, "select count(*) from location where reserved_until is not null"),
			 1);
	OK(create_staged(f, a, T("t2"), staged.metadata)); /* and may change */
	REFUSED(cx, stage(f, a, T("t2"), NULL, &other), FIRN_E_ALREADY_EXISTS,
		"Table already exists: ns.t2");
}

static void test_staged_expires(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome first, second;
	struct firn_str where = in_warehouse(f, cx, "staged");

	OK(stage(f, a, T("t"), where.p, &first));
	sql(f, "update location set reserved_until = now() - interval '1 s'");
	OK(stage(f, a, T("u"), in_warehouse(f, cx, "staged/in").p, &second));
	REFUSED(cx, create_staged(f, a, T("t"), first.metadata), FIRN_E_CONFLICT, "overlaps");
	assert_int_equal(count_files(f->root), 0);
	/* Expired, but nobody took the place: still good. */
	sql(f, "update location set reserved_until = now() - interval '1 s'");
	OK(create_staged(f, a, T("u"), second.metadata));
}

static firn_rc reg(struct catalog_fixture *f, struct actor *a, const struct firn_target *target,
		   enum firn_kind kind, struct firn_str file, bool overwrite,
		   struct firn_outcome *o)
{
	return firn_tabular_register(&a->cx, f->catalog, &a->mutation, target, kind, file,
				     overwrite, o);
}

static void test_register(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome o, gone, back;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	OK(set_property(f, a, T("t"), "k", "v", &o));
	REFUSED(cx, reg(f, a, T("t"), FIRN_KIND_TABLE, o.pointer.metadata_location, false, &back),
		FIRN_E_ALREADY_EXISTS, "Table already exists: ns.t");
	REFUSED(cx,
		reg(f, a, T("twin"), FIRN_KIND_TABLE, o.pointer.metadata_location, false, &back),
		FIRN_E_CONFLICT, "overlaps");
	OK(firn_table_unregister(cx, f->catalog, &a->mutation, T("t"), &gone));
	assert_true(firn_str_eq(gone.pointer.metadata_location, o.pointer.metadata_location));
	assert_int_equal(gone.pointer.version, 2);
	assert_int_equal(
		sql(f, "select (select count(*) from location) + (select count(*) from dropped) +"
		       " (select count(*) from commit_log)"),
		0);
	REFUSED(cx, firn_table_unregister(cx, f->catalog, &a->mutation, T("t"), &gone),
		FIRN_E_NO_SUCH_TABLE, "ns.t");
	REFUSED(cx,
		reg(f, a, T("t"), FIRN_KIND_TABLE, FIRN_STR("file:///etc/passwd"), false, &back),
		FIRN_E_BAD_REQUEST, "must lie beneath");
	REFUSED(cx,
		reg(f, a, T("t"), FIRN_KIND_TABLE, in_warehouse(f, cx, "no.json"), false, &back),
		FIRN_E_BAD_REQUEST, "no metadata file");
	REFUSED(cx,
		reg(f, a, AT_NAME("w/none", "t"), FIRN_KIND_TABLE, o.pointer.metadata_location,
		    false, &back),
		FIRN_E_NO_SUCH_NAMESPACE, "none");
	OK(reg(f, a, T("again"), FIRN_KIND_TABLE, o.pointer.metadata_location, false, &back));
	assert_true(firn_str_eq(back.pointer.metadata_location, o.pointer.metadata_location));
	assert_memory_equal(back.pointer.sha256, o.pointer.sha256, 32);
	assert_int_equal(back.pointer.version, 1);
	assert_true(firn_str_is(property(f, a, T("again"), "k"), "v"));
	OK(set_property(f, a, T("again"), "k", "w", NULL));
}

static void write_file(struct firn_ctx *cx, struct firn_str uri, struct firn_str text)
{
	FILE *file = fopen(host_path(firn_str_dup(cx, uri)), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
	fclose(file);
}

/* Text with one part replaced. */
static struct firn_str replaced(struct firn_ctx *cx, struct firn_str text, const char *old,
				const char *new)
{
	const char *at = strstr(firn_str_dup(cx, text).p, old);
	struct firn_str copy = firn_str_dup(cx, text);

	at = strstr(copy.p, old);
	assert_non_null(at);
	return firn_printf(cx, "%.*s%s%s", (int)(at - copy.p), copy.p, new, at + strlen(old));
}

static struct firn_str text_of(struct catalog_fixture *f, struct actor *a,
			       const struct firn_target *target)
{
	struct firn_pointer p = pointer_now(a, target, FIRN_KIND_TABLE);
	struct firn_blob *blob = NULL;
	struct firn_str text;

	OK(firn_metadata_get(&a->cx, f->catalog, &p, FIRN_SNAPSHOTS_ALL, &blob));
	text = firn_str_dup(&a->cx, firn_blob_bytes(blob));
	firn_blob_release(blob);
	return text;
}

static void test_register_contains(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_str file = in_warehouse(f, cx, "m.metadata.json"), text;
	struct firn_str manifest = in_warehouse(f, cx, "t/snap.avro");
	struct firn_outcome o;

	OK(create(f, a, T("t"), in_warehouse(f, cx, "t").p, NULL, NULL));
	OK(commit(f, a, T("t"), NULL, snapshot_updates(cx, 1, 0, 1, manifest.p).p, NULL));
	text = text_of(f, a, T("t"));
	OK(firn_tabular_drop(cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"), false, &o));
	write_file(cx, file, replaced(cx, text, manifest.p, "file:///etc/shadow"));
	REFUSED(cx, reg(f, a, T("r"), FIRN_KIND_TABLE, file, false, &o), FIRN_E_BAD_REQUEST,
		"must lie beneath");
	write_file(cx, file, FIRN_STR("{\"format-version\":2"));
	REFUSED(cx, reg(f, a, T("r"), FIRN_KIND_TABLE, file, false, &o), FIRN_E_BAD_REQUEST,
		"line");
	write_file(cx, file, replaced(cx, text, in_warehouse(f, cx, "t").p, "file:///elsewhere"));
	REFUSED(cx, reg(f, a, T("r"), FIRN_KIND_TABLE, file, false, &o), FIRN_E_BAD_REQUEST,
		"must lie beneath");
	/* A metadata file in another table's place. */
	OK(create(f, a, T("u"), in_warehouse(f, cx, "u").p, NULL, NULL));
	file = in_warehouse(f, cx, "u/metadata/m.metadata.json");
	write_file(cx, file, text);
	REFUSED(cx, reg(f, a, T("r"), FIRN_KIND_TABLE, file, false, &o), FIRN_E_VALIDATION,
		"another table");
	file = in_warehouse(f, cx, "t/metadata/m.metadata.json");
	write_file(cx, file, text);
	OK(reg(f, a, T("r"), FIRN_KIND_TABLE, file, false, &o));
}

static void test_register_overwrites(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome other, first, third, o;

	OK(create(f, a, T("other"), in_warehouse(f, cx, "o").p, NULL, &other));
	OK(firn_table_unregister(cx, f->catalog, &a->mutation, T("other"), &other));
	OK(create(f, a, T("t"), in_warehouse(f, cx, "t").p, NULL, &first));
	OK(commit(f, a, T("t"), NULL,
		  snapshot_updates(cx, 1, 0, 1, in_warehouse(f, cx, "t/1.avro").p).p, NULL));
	OK(commit(f, a, T("t"), NULL,
		  snapshot_updates(cx, 2, 1, 2, in_warehouse(f, cx, "t/2.avro").p).p, &third));
	OK(reg(f, a, T("t"), FIRN_KIND_TABLE, third.pointer.metadata_location, true, &o));
	assert_int_equal(o.pointer.version, 3); /* nothing new */
	/* Back to the empty table: its counters stay. */
	OK(reg(f, a, T("t"), FIRN_KIND_TABLE, first.pointer.metadata_location, true, &o));
	assert_int_equal(o.pointer.version, 4);
	{
		const struct firn_json *m = metadata(f, a, T("t"), FIRN_KIND_TABLE);
		int64_t sequence = 0;

		assert_true(firn_json_i64(firn_json_get(m, "last-sequence-number"), &sequence));
		assert_int_equal(sequence, 2);
		assert_int_equal(firn_json_count(firn_json_get(m, "snapshots")), 0);
	}
	/* Another table altogether. */
	OK(reg(f, a, T("t"), FIRN_KIND_TABLE, other.pointer.metadata_location, true, &o));
	assert_int_equal(o.pointer.version, 5);
	assert_true(firn_str_eq(o.pointer.uuid, other.pointer.uuid));
	assert_true(firn_str_eq(pointer_now(a, T("t"), FIRN_KIND_TABLE).uuid, other.pointer.uuid));
	OK(create(f, a, T("u"), in_warehouse(f, cx, "t").p, NULL, NULL)); /* left */
	REFUSED(cx, create(f, a, T("v"), in_warehouse(f, cx, "o").p, NULL, NULL), FIRN_E_CONFLICT,
		"overlaps");
	REFUSED(cx, reg(f, a, T("u"), FIRN_KIND_TABLE, other.pointer.metadata_location, true, &o),
		FIRN_E_CONFLICT, "UUID");
}

static void test_undo(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome o, second;
	const struct firn_json *m;
	int64_t number = 0;

	REFUSED(cx, firn_tabular_undo(cx, f->catalog, &a->mutation, T("t"), 1, &o),
		FIRN_E_NO_SUCH_TABLE, "ns.t");
	OK(create(f, a, T("t"), in_warehouse(f, cx, "t").p, NULL, NULL));
	OK(set_property(f, a, T("t"), "k", "v", &second));
	OK(commit(f, a, T("t"), NULL,
		  snapshot_updates(cx, 1, 0, 1, in_warehouse(f, cx, "t/1.avro").p).p, NULL));
	OK(set_property(f, a, T("t"), "k", "w", NULL));
	OK(firn_tabular_undo(cx, f->catalog, &a->mutation, T("t"), 2, &o));
	assert_int_equal(o.pointer.version, 5);
	m = metadata(f, a, T("t"), FIRN_KIND_TABLE);
	assert_true(firn_str_is(property(f, a, T("t"), "k"), "v"));
	assert_int_equal(firn_json_count(firn_json_get(m, "snapshots")), 0);
	assert_true(firn_json_i64(firn_json_get(m, "last-sequence-number"), &number));
	assert_int_equal(number, 1);
	assert_int_equal(
		sql(f, "select count(*) from commit_log where version = 5 and operation = 'undo'"),
		1);
	OK(commit(f, a, T("t"), NULL,
		  snapshot_updates(cx, 2, 0, 2, in_warehouse(f, cx, "t/2.avro").p).p, NULL));
	OK(firn_tabular_undo(cx, f->catalog, &a->mutation, T("t"), 6,
			     &o)); /* where it is already */
	assert_int_equal(o.pointer.version, 6);
	REFUSED(cx, firn_tabular_undo(cx, f->catalog, &a->mutation, T("t"), 99, &o),
		FIRN_E_NOT_FOUND, "no version 99");
	sql(f, "update commit_log set metadata_location = metadata_location || 'x', "
	       "metadata_sha256 = sha256('x')"
	       " where version = 2");
	REFUSED(cx, firn_tabular_undo(cx, f->catalog, &a->mutation, T("t"), 2, &o),
		FIRN_E_NOT_FOUND, "is gone");
}

static struct firn_view_spec view_spec(struct firn_ctx *cx, const char *location)
{
	return (struct firn_view_spec){
		.location = location ? firn_str_dup(cx, firn_str(location)) : FIRN_STR_NONE,
		.schema = json(cx, SCHEMA),
		.view_version = json(
			cx, "{\"version-id\":1,\"timestamp-ms\":1573518431292,\"schema-id\":0,"
			    "\"default-namespace\":[\"ns\"],\"summary\":{},\"representations\":"
			    "[{\"type\":\"sql\",\"sql\":\"select 1\",\"dialect\":\"spark\"}]}"),
	};
}

static firn_rc make_view(struct catalog_fixture *f, struct actor *a,
			 const struct firn_target *target, struct firn_outcome *o)
{
	struct firn_view_spec spec = view_spec(&a->cx, NULL);

	return firn_view_create(&a->cx, f->catalog, &a->mutation, target, &spec, o);
}

static firn_rc commit_view(struct catalog_fixture *f, struct actor *a,
			   const struct firn_target *target, const char *requirements,
			   const char *updates, struct firn_outcome *o)
{
	struct firn_change c = change(&a->cx, target, requirements, updates);

	return firn_commit(&a->cx, f->catalog, &a->mutation, FIRN_KIND_VIEW, &c, 1, true, o);
}

static void test_views(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_outcome o, v;
	struct firn_target views[2];

	OK(make_view(f, a, T("v"), &v));
	assert_int_equal(v.pointer.kind, FIRN_KIND_VIEW);
	REFUSED(cx, make_view(f, a, T("v"), &o), FIRN_E_ALREADY_EXISTS,
		"View already exists: ns.v");
	REFUSED(cx, create(f, a, T("v"), NULL, NULL, NULL), FIRN_E_ALREADY_EXISTS,
		"View with same name already exists: ns.v");
	OK(create(f, a, T("t"), NULL, NULL, NULL));
	REFUSED(cx, make_view(f, a, T("t"), &o), FIRN_E_ALREADY_EXISTS,
		"Table with same name already exists: ns.t");
	REFUSED(cx, make_view(f, a, AT_NAME("w/none", "v"), &o), FIRN_E_NO_SUCH_NAMESPACE,
		"Namespace does not exist: none");
	REFUSED(cx, commit(f, a, T("v"), "[{\"type\":\"assert-create\"}]", set_k, NULL),
		FIRN_E_ALREADY_EXISTS, "View with same name already exists: ns.v");
	REFUSED(cx, set_property(f, a, T("v"), "k", "v", NULL), FIRN_E_NO_SUCH_TABLE, "ns.v");
	REFUSED(cx, commit_view(f, a, T("t"), NULL, set_k, &o), FIRN_E_NO_SUCH_VIEW,
		"View does not exist: ns.t");
	REFUSED(cx,
		commit_view(f, a, T("v"),
			    "[{\"type\":\"assert-view-uuid\",\"uuid\":\"2cc52516-5e73-41f2-b139-"
			    "545d41a4e151\"}]",
			    set_k, &o),
		FIRN_E_COMMIT_FAILED, "UUID");
	OK(commit_view(f, a, T("v"), NULL, set_k, &o));
	assert_int_equal(o.pointer.version, 2);
	OK(commit_view(f, a, T("v"), NULL, set_k, &o));
	assert_int_equal(o.pointer.version, 2);
	OK(firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_VIEW, T("v"),
			       AT_NAME("w/other", "v"), &o));
	REFUSED(cx,
		firn_tabular_rename(cx, f->catalog, &a->mutation, FIRN_KIND_VIEW,
				    AT_NAME("w/other", "v"), T("t"), &o),
		FIRN_E_ALREADY_EXISTS, "Cannot rename other.v to ns.t. Table already exists");
	OK(firn_tabular_undo(cx, f->catalog, &a->mutation, AT_NAME("w/other", "v"), 1, &o));
	assert_int_equal(o.pointer.version, 3);
	OK(firn_tabular_drop(cx, f->catalog, &a->mutation, FIRN_KIND_VIEW, AT_NAME("w/other", "v"),
			     true, &o));
	assert_int_equal(sql(f, "select count(*) from purge"), 0);
	OK(reg(f, a, T("v"), FIRN_KIND_VIEW, v.pointer.metadata_location, false, &o));
	assert_int_equal(o.pointer.kind, FIRN_KIND_VIEW);
	REFUSED(cx, reg(f, a, T("v"), FIRN_KIND_VIEW, v.pointer.metadata_location, true, &o),
		FIRN_E_ALREADY_EXISTS, "View already exists: ns.v");
	views[0] = *T("v");
	views[1] = *T("t");
	OK(firn_views_check(cx, f->catalog, FIRN_STR("w"), views, 1));
	REFUSED(cx, firn_views_check(cx, f->catalog, FIRN_STR("w"), views, 2), FIRN_E_NO_SUCH_VIEW,
		"View does not exist: ns.t");
}

static const struct firn_json *log_page(struct catalog_fixture *f, struct actor *a,
					const struct firn_page *page)
{
	const struct firn_json *tree = NULL;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text;

	firn_buf_init(&b, &a->cx, 1 << 20);
	firn_jw_init(&w, &b);
	OK(firn_tabular_log(&a->cx, f->catalog, T("t"), page, &w));
	OK(firn_buf_end(&b, &text));
	OK(firn_json_parse(&a->cx, text, "log", &tree));
	return tree;
}

static void test_log_and_diff(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_ctx *cx = &a->cx;
	struct firn_page page = {.paged = true, .size = 2};
	const struct firn_json *answer, *first;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_str text;

	OK(create(f, a, T("t"), NULL, NULL, NULL));
	OK(set_property(f, a, T("t"), "colour", "red", NULL));
	OK(set_property(f, a, T("t"), "colour", "blue", NULL));
	answer = log_page(f, a, &page);
	assert_int_equal(firn_json_count(firn_json_get(answer, "commits")), 2);
	first = firn_json_at(firn_json_get(answer, "commits"), 0);
	assert_true(firn_str_is(firn_json_str(firn_json_get(first, "version")), "3"));
	assert_true(firn_str_is(firn_json_str(firn_json_get(first, "operation")), "commit"));
	assert_int_equal(firn_json_count(firn_json_get(first, "update-kinds")), 1);
	page.token = firn_json_str(firn_json_get(answer, "next-page-token"));
	assert_non_null(page.token.p);
	answer = log_page(f, a, &page);
	assert_int_equal(firn_json_count(firn_json_get(answer, "commits")), 1);
	assert_null(firn_json_get(answer, "next-page-token"));
	page = (struct firn_page){0};
	assert_int_equal(firn_json_count(firn_json_get(log_page(f, a, &page), "commits")), 3);
	for (int64_t from = 0; from <= 1; from++) {
		firn_buf_init(&b, cx, 1 << 20);
		firn_jw_init(&w, &b);
		OK(firn_tabular_diff(cx, f->catalog, T("t"), from, 0, &w));
		OK(firn_buf_end(&b, &text));
		OK(firn_json_parse(cx, text, "diff", &answer));
		assert_non_null(strstr(text.p, "blue"));
		assert_int_equal(strstr(text.p, "red") != NULL, from == 0);
	}
	REFUSED(cx, firn_tabular_diff(cx, f->catalog, T("t"), 1, 9, &w), FIRN_E_NOT_FOUND,
		"no version 9");
	REFUSED(cx, firn_tabular_diff(cx, f->catalog, T("no"), 1, 2, &w), FIRN_E_NO_SUCH_TABLE,
		"ns.no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABULAR_TEST(test_all_or_nothing),
		TABULAR_TEST(test_transaction_creates),
		TABULAR_TEST(test_staged_holds_its_place),
		TABULAR_TEST(test_staged_expires),
		TABULAR_TEST(test_register),
		TABULAR_TEST(test_register_contains),
		TABULAR_TEST(test_register_overwrites),
		TABULAR_TEST(test_undo),
		TABULAR_TEST(test_views),
		TABULAR_TEST(test_log_and_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
