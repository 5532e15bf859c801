/* What is kept between requests, lists and places, is never used one change too long. */
#include <libpq-fe.h>

#include "tabular_fixture.h"

/* What a reader is answered: the kept body, or names that are then kept in the place of a body. */
static struct firn_str list(struct catalog_fixture *f, const char *ns, enum firn_kind kind,
			    bool *ret_kept)
{
	struct firn_ctx *cx = &f->actor.cx;
	const struct firn_rows *rows;
	struct firn_whole_list *list;
	struct firn_strs names;
	struct firn_ask *ask;
	struct firn_str body;

	OK(firn_whole_list_ask(cx, f->catalog, AT(ns), kind, &list, &ask));
	OK(firn_ask_now(cx, ask, &rows));
	OK(firn_whole_list_read(cx, list, AT(ns), rows, &body, &names));
	*ret_kept = body.p != NULL;
	if (*ret_kept)
		return body;
	body = FIRN_STR("");
	for (size_t i = 0; i < names.n; i++)
		body = firn_printf(cx, "%.*s%.*s ", FIRN_FMT(body), FIRN_FMT(names.items[i]));
	firn_whole_list_keep(f->catalog, list, body);
	return body;
}

static void shows(struct catalog_fixture *f, const char *ns, const char *names, bool kept)
{
	bool was_kept;
	struct firn_str body = list(f, ns, FIRN_KIND_TABLE, &was_kept);

	if (!firn_str_is(body, names) || was_kept != kept)
		fail_msg("%s shows '%.*s' (%s), not '%s'", ns, FIRN_FMT(body),
			 was_kept ? "kept" : "read", names);
}

static void test_changes_are_seen(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome outcome;

	shows(f, "w/ns", "", false);
	shows(f, "w/ns", "", true);
	OK(create(f, a, T("t"), NULL, NULL, NULL));
	shows(f, "w/ns", "t ", false);
	shows(f, "w/ns", "t ", true);
	OK(set_property(f, a, T("t"), "k", "v", NULL));
	shows(f, "w/ns", "t ", true);
	OK(firn_tabular_rename(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("t"), T("u"),
			       &outcome));
	shows(f, "w/ns", "u ", false);
	shows(f, "w/other", "", false);
	OK(firn_tabular_rename(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, T("u"),
			       AT_NAME("w/other", "u"), &outcome));
	shows(f, "w/ns", "", false);
	shows(f, "w/other", "u ", false);
	OK(firn_tabular_drop(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE,
			     AT_NAME("w/other", "u"), false, &outcome));
	shows(f, "w/other", "", false);
}

static PGconn *other_writer(struct catalog_fixture *f)
{
	PGconn *conn = PQconnectdb(f->db->conninfo);

	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	return conn;
}

static void run(PGconn *conn, const char *text)
{
	PGresult *result = PQexec(conn, text);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s", PQerrorMessage(conn));
	PQclear(result);
}

/* It took its number before the list was read, and is committed after. */
static void test_late_commit(void **state)
{
	struct catalog_fixture *f = *state;
	PGconn *conn = other_writer(f);

	OK(create(f, &f->actor, T("a"), NULL, NULL, NULL));
	run(conn, "begin");
	run(conn, "update tabular set name = 'b'");
	OK(create(f, &f->actor, AT_NAME("w/other", "x"), NULL, NULL, NULL));
	shows(f, "w/ns", "a ", false);
	shows(f, "w/ns", "a ", true);
	run(conn, "commit");
	shows(f, "w/ns", "b ", false);
	shows(f, "w/ns", "b ", true);
	run(conn, "begin");
	run(conn, "delete from tabular");
	run(conn, "rollback");
	shows(f, "w/ns", "b ", true);
	PQfinish(conn);
}

static void test_another_namespace_of_that_name(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	struct firn_outcome outcome;

	OK(make_namespace(&a->cx, f, &a->mutation, AT("w/n")));
	shows(f, "w/n", "", false);
	OK(firn_namespace_drop(&a->cx, f->catalog, &a->mutation, AT("w/n"), &outcome));
	OK(make_namespace(&a->cx, f, &a->mutation, AT("w/n")));
	shows(f, "w/n", "", false);
	shows(f, "w/n", "", true);
}

/* Loads remember the namespace's id: one that is gone, made again or without the table is seen. */
static void test_remembered_namespaces(void **state)
{
	struct catalog_fixture *f = *state;
	struct actor *a = &f->actor;
	const struct firn_target *n = AT("w/n"), *t = AT_NAME("w/n", "t");
	struct firn_pointer p, again;
	struct firn_outcome outcome;

	OK(make_namespace(&a->cx, f, &a->mutation, n));
	OK(create(f, a, t, NULL, NULL, NULL));
	OK(pointer(a, t, FIRN_KIND_TABLE, &p));
	OK(pointer(a, t, FIRN_KIND_TABLE, &again));
	assert_int_equal(again.tabular_id, p.tabular_id);
	OK(firn_tabular_drop(&a->cx, f->catalog, &a->mutation, FIRN_KIND_TABLE, t, false,
			     &outcome));
	REFUSED(&a->cx, pointer(a, t, FIRN_KIND_TABLE, &again), FIRN_E_NO_SUCH_TABLE, "n.t");
	REFUSED(&a->cx, pointer(a, t, FIRN_KIND_TABLE, &again), FIRN_E_NO_SUCH_TABLE, "n.t");
	OK(firn_namespace_drop(&a->cx, f->catalog, &a->mutation, n, &outcome));
	REFUSED(&a->cx, pointer(a, t, FIRN_KIND_TABLE, &again), FIRN_E_NO_SUCH_TABLE, "n.t");
	OK(make_namespace(&a->cx, f, &a->mutation, n));
	OK(create(f, a, t, NULL, NULL, NULL));
	OK(pointer(a, t, FIRN_KIND_TABLE, &again));
	assert_int_not_equal(again.tabular_id, p.tabular_id);
}

static void test_tables_and_views_apart(void **state)
{
	struct catalog_fixture *f = *state;
	bool kept;

	OK(create(f, &f->actor, T("t"), NULL, NULL, NULL));
	shows(f, "w/ns", "t ", false);
	assert_int_equal(list(f, "w/ns", FIRN_KIND_VIEW, &kept).n, 0);
	assert_false(kept);
	assert_int_equal(list(f, "w/ns", FIRN_KIND_VIEW, &kept).n, 0);
	assert_true(kept);
	shows(f, "w/ns", "t ", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABULAR_TEST(test_changes_are_seen),
		TABULAR_TEST(test_late_commit),
		TABULAR_TEST(test_another_namespace_of_that_name),
		TABULAR_TEST(test_remembered_namespaces),
		TABULAR_TEST(test_tables_and_views_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
