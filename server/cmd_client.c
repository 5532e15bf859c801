/* Commands that ask a running server: warehouses, namespaces, tables, views, events. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "firn/arena.h"

static enum firn_exit done(struct firn_invocation *in, firn_rc rc)
{
	return rc == FIRN_OK ? FIRN_EXIT_OK : firn_command_fail(in->cx, NULL);
}

static struct firn_str argument(const struct firn_invocation *in, size_t i)
{
	return i < in->arguments.n ? in->arguments.items[i] : FIRN_STR_NONE;
}

/* ---- warehouses ----------------------------------------------------------------------------- */

static struct firn_str warehouse_path(struct firn_invocation *in, const char *rest)
{
	return firn_printf(in->cx, "/management/v1/warehouses/%.*s%s",
			   FIRN_FMT(firn_client_encode(in->cx, argument(in, 0))), rest);
}

enum firn_exit firn_cmd_warehouse_ls(struct firn_invocation *in)
{
	static const struct firn_column columns[] = {
		{"NAME", "name"}, {"LOCATION", "location"}, {"ID", "id"}};
	const struct firn_json *json;
	firn_rc rc = firn_client_call(in, "GET", FIRN_STR("/management/v1/warehouses"),
				      FIRN_STR_NONE, &json);
	if (rc == FIRN_OK)
		firn_client_list(in, json, firn_json_get(json, "warehouses"), columns, 3);
	return done(in, rc);
}

enum firn_exit firn_cmd_warehouse_show(struct firn_invocation *in)
{
	const struct firn_json *json;
	firn_rc rc = firn_client_call(in, "GET", warehouse_path(in, ""), FIRN_STR_NONE, &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

static void write_flag(struct firn_invocation *in, struct firn_jw *w, const char *flag,
		       const char *member)
{
	struct firn_str value = firn_flag_value(in, flag);
	if (!value.p)
		return;
	firn_jw_key(w, member);
	firn_jw_str(w, value);
}

static void write_storage(struct firn_invocation *in, struct firn_jw *w)
{
	const char *secret = getenv("FIRN_S3_SECRET_KEY");
	bool s3 = firn_str_starts(argument(in, 1), FIRN_STR("s3"));

	firn_jw_key(w, "storage");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "type");
	firn_jw_cstr(w, s3 ? "s3" : "file");
	if (s3) {
		write_flag(in, w, "endpoint", "endpoint");
		write_flag(in, w, "region", "region");
		write_flag(in, w, "access-key", "access-key-id");
		firn_jw_key(w, "path-style");
		firn_jw_bool(w, firn_flag(in, "path-style"));
		if (secret) {
			firn_jw_key(w, "secret-access-key");
			firn_jw_cstr(w, secret);
		}
	}
	firn_jw_end(w, '}');
}

enum firn_exit firn_cmd_warehouse_create(struct firn_invocation *in)
{
	const struct firn_json *json;
	struct firn_buf text;
	struct firn_jw w;
	struct firn_str body;
	struct firn_str undrop = firn_flag_value(in, "undrop");
	int64_t seconds;
	firn_rc rc;

	if (undrop.p && (!firn_str_i64(undrop, &seconds) || seconds < 0)) {
		(void)fprintf(stderr,
			      "firn: --undrop can't be '%.*s': give seconds, like 604800 for a "
			      "week\n",
			      FIRN_FMT(undrop));
		return FIRN_EXIT_USAGE;
	}
	firn_buf_init(&text, in->cx, 64 * 1024);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "name");
	firn_jw_str(&w, argument(in, 0));
	firn_jw_key(&w, "location");
	firn_jw_str(&w, argument(in, 1));
	write_storage(in, &w);
	firn_jw_key(&w, "protected");
	firn_jw_bool(&w, firn_flag(in, "protected"));
	write_flag(in, &w, "undrop", "undrop-seconds");
	firn_jw_end(&w, '}');
	rc = firn_buf_end(&text, &body);
	if (rc == FIRN_OK)
		rc = firn_client_call(in, "POST", FIRN_STR("/management/v1/warehouses"), body,
				      &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

enum firn_exit firn_cmd_warehouse_protect(struct firn_invocation *in)
{
	const struct firn_json *json;
	struct firn_str body = firn_flag(in, "off") ? FIRN_STR("{\"protected\":false}")
						    : FIRN_STR("{\"protected\":true}");
	firn_rc rc = firn_client_call(in, "PATCH", warehouse_path(in, ""), body, &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

enum firn_exit firn_cmd_warehouse_drop(struct firn_invocation *in)
{
	const struct firn_json *json;
	enum firn_exit stop;
	firn_rc rc = firn_client_call(in, "GET", warehouse_path(in, ""), FIRN_STR_NONE, &json);

	if (rc != FIRN_OK)
		return done(in, rc);
	if (!firn_client_confirm(
		    in,
		    firn_printf(in->cx, "drop warehouse %.*s at %.*s", FIRN_FMT(argument(in, 0)),
				FIRN_FMT(firn_json_str(firn_json_get(json, "location")))),
		    &stop))
		return stop;
	return done(in,
		    firn_client_call(in, "DELETE", warehouse_path(in, ""), FIRN_STR_NONE, &json));
}

enum firn_exit firn_cmd_warehouse_check(struct firn_invocation *in)
{
	static const struct firn_column columns[] = {
		{"CHECK", "name"}, {"PASSED", "passed"}, {"DETAIL", "detail"}};
	const struct firn_json *json, *checks;
	bool all = true;
	firn_rc rc =
		firn_client_call(in, "POST", warehouse_path(in, "/check"), FIRN_STR("{}"), &json);

	if (rc != FIRN_OK)
		return done(in, rc);
	checks = firn_json_get(json, "checks");
	firn_client_list(in, json, checks, columns, 3);
	for (size_t i = 0; i < firn_json_count(checks); i++)
		all = all && firn_json_bool(firn_json_get(firn_json_at(checks, i), "passed"));
	return all ? FIRN_EXIT_OK : FIRN_EXIT_FAILED;
}

/* ---- namespaces ----------------------------------------------------------------------------- */

static firn_rc list_namespaces(struct firn_invocation *in, const struct firn_json **ret_json)
{
	struct firn_str warehouse, ns = FIRN_STR(""), none;

	FIRN_TRY(firn_client_warehouse(in, &warehouse));
	if (in->arguments.n > 0)
		FIRN_TRY(firn_client_split(in, argument(in, 0), false, &ns, &none));
	return firn_client_call(in, "GET",
				firn_printf(in->cx, "/v1/%.*s/namespaces%s%.*s",
					    FIRN_FMT(warehouse), ns.n ? "?parent=" : "",
					    FIRN_FMT(ns)),
				FIRN_STR_NONE, ret_json);
}

enum firn_exit firn_cmd_namespace_ls(struct firn_invocation *in)
{
	static const struct firn_column columns[] = {{"NAMESPACE", ""}};
	const struct firn_json *json;
	firn_rc rc = list_namespaces(in, &json);
	if (rc == FIRN_OK)
		firn_client_list(in, json, firn_json_get(json, "namespaces"), columns, 1);
	return done(in, rc);
}

/* GET on a namespace's path, or what lies beneath it. */
static firn_rc get_namespace(struct firn_invocation *in, const char *rest,
			     const struct firn_json **ret_json)
{
	struct firn_str warehouse, ns, none;
	FIRN_TRY(firn_client_warehouse(in, &warehouse));
	FIRN_TRY(firn_client_split(in, argument(in, 0), false, &ns, &none));
	return firn_client_call(in, "GET",
				firn_printf(in->cx, "/v1/%.*s/namespaces/%.*s%s",
					    FIRN_FMT(warehouse), FIRN_FMT(ns), rest),
				FIRN_STR_NONE, ret_json);
}

enum firn_exit firn_cmd_namespace_show(struct firn_invocation *in)
{
	const struct firn_json *json;
	firn_rc rc = get_namespace(in, "", &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

static enum firn_exit list_tabulars(struct firn_invocation *in, const char *rest)
{
	static const struct firn_column columns[] = {{"NAME", "name"}, {"NAMESPACE", "namespace"}};
	const struct firn_json *json;
	firn_rc rc = get_namespace(in, rest, &json);
	if (rc == FIRN_OK)
		firn_client_list(in, json, firn_json_get(json, "identifiers"), columns, 2);
	return done(in, rc);
}

enum firn_exit firn_cmd_table_ls(struct firn_invocation *in)
{
	return list_tabulars(in, "/tables");
}

enum firn_exit firn_cmd_view_ls(struct firn_invocation *in)
{
	return list_tabulars(in, "/views");
}

/* ---- one table or view ---------------------------------------------------------------------- */

static firn_rc call_table(struct firn_invocation *in, const char *method, struct firn_str rest,
			  struct firn_str body, const struct firn_json **ret_json)
{
	struct firn_str warehouse, ns, name;
	FIRN_TRY(firn_client_warehouse(in, &warehouse));
	FIRN_TRY(firn_client_split(in, argument(in, 0), true, &ns, &name));
	return firn_client_call(
		in, method,
		firn_printf(in->cx,
			    "/management/v1/warehouses/%.*s/namespaces/%.*s/tables/%.*s%.*s",
			    FIRN_FMT(warehouse), FIRN_FMT(ns), FIRN_FMT(name), FIRN_FMT(rest)),
		body, ret_json);
}

static enum firn_exit show_tabular(struct firn_invocation *in)
{
	const struct firn_json *json;
	firn_rc rc = call_table(in, "GET", FIRN_STR(""), FIRN_STR_NONE, &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

static enum firn_exit log_tabular(struct firn_invocation *in)
{
	static const struct firn_column columns[] = {
		{"VERSION", "version"},	     {"AT", "at"},
		{"BY", "principal"},	     {"OPERATION", "operation"},
		{"UPDATES", "update-kinds"}, {"SNAPSHOT", "snapshot-id"}};
	const struct firn_json *json;
	firn_rc rc = call_table(in, "GET", FIRN_STR("/log"), FIRN_STR_NONE, &json);
	if (rc == FIRN_OK)
		firn_client_list(in, json, firn_json_get(json, "commits"), columns, 6);
	return done(in, rc);
}

enum firn_exit firn_cmd_table_show(struct firn_invocation *in)
{
	return show_tabular(in);
}

enum firn_exit firn_cmd_view_show(struct firn_invocation *in)
{
	return show_tabular(in);
}

enum firn_exit firn_cmd_table_log(struct firn_invocation *in)
{
	return log_tabular(in);
}

enum firn_exit firn_cmd_view_log(struct firn_invocation *in)
{
	return log_tabular(in);
}

static struct firn_str query_flag(struct firn_invocation *in, const char *name)
{
	struct firn_str value = firn_flag_value(in, name);
	if (!value.p)
		return FIRN_STR("");
	return firn_printf(in->cx, "&%s=%.*s", name, FIRN_FMT(firn_client_encode(in->cx, value)));
}

enum firn_exit firn_cmd_table_diff(struct firn_invocation *in)
{
	const struct firn_json *json;
	struct firn_str rest =
		firn_printf(in->cx, "/diff?%.*s%.*s", FIRN_FMT(query_flag(in, "from")),
			    FIRN_FMT(query_flag(in, "to")));
	firn_rc rc = call_table(in, "GET", rest, FIRN_STR_NONE, &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

enum firn_exit firn_cmd_table_undo(struct firn_invocation *in)
{
	const struct firn_json *json;
	struct firn_str to = firn_flag_value(in, "to");
	enum firn_exit stop;
	int64_t version;
	firn_rc rc;

	if (!to.p || !firn_str_i64(to, &version)) {
		(void)fputs("firn: give the version to go back to: --to N; `firn table log` lists "
			    "them\n",
			    stderr);
		return FIRN_EXIT_USAGE;
	}
	rc = call_table(in, "GET", FIRN_STR(""), FIRN_STR_NONE, &json);
	if (rc != FIRN_OK)
		return done(in, rc);
	if (!firn_client_confirm(
		    in,
		    firn_printf(in->cx, "set %.*s back from version %.*s to version %lld",
				FIRN_FMT(argument(in, 0)),
				FIRN_FMT(firn_json_str(firn_json_get(json, "version"))),
				(long long)version),
		    &stop))
		return stop;
	rc = call_table(in, "POST", FIRN_STR("/undo"),
			firn_printf(in->cx, "{\"to-version\":\"%lld\"}", (long long)version),
			&json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}

/* {"id":…,"to":{"namespace":[…],"name":…}} of the flags that are there. */
static firn_rc undrop_body(struct firn_invocation *in, struct firn_str *ret_body)
{
	struct firn_str to = firn_flag_value(in, "to"), ns = {0}, name = {0};
	struct firn_buf text;
	struct firn_jw w;

	firn_buf_init(&text, in->cx, 64 * 1024);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '{');
	write_flag(in, &w, "id", "id");
	if (to.p) {
		struct firn_str levels;
		FIRN_TRY(firn_client_split(in, to, true, &ns, &name));
		FIRN_TRY(firn_percent_decode(in->cx, ns, false, "--to", &levels));
		FIRN_TRY(firn_percent_decode(in->cx, name, false, "--to", &name));
		firn_jw_key(&w, "to");
		firn_jw_begin(&w, '{');
		firn_jw_key(&w, "namespace");
		firn_jw_begin(&w, '[');
		while (levels.n > 0) {
			struct firn_str level =
				firn_str_sub(levels, 0, firn_str_find(levels, '\x1f'));
			firn_jw_str(&w, level);
			levels = firn_str_sub(levels, level.n + 1, SIZE_MAX);
		}
		firn_jw_end(&w, ']');
		firn_jw_key(&w, "name");
		firn_jw_str(&w, name);
		firn_jw_end(&w, '}');
	}
	firn_jw_end(&w, '}');
	return firn_buf_end(&text, ret_body);
}

/* A dropped table as firn_client_split writes it: "a%1Fb" and "t". */
static bool is_dropped_as(struct firn_ctx *cx, const struct firn_json *item, struct firn_str ns,
			  struct firn_str name)
{
	const struct firn_json *levels = firn_json_get(item, "namespace");
	struct firn_str own = FIRN_STR("");

	for (size_t i = 0; i < firn_json_count(levels); i++)
		own = firn_printf(
			cx, "%.*s%s%.*s", FIRN_FMT(own), i > 0 ? "%1F" : "",
			FIRN_FMT(firn_client_encode(cx, firn_json_str(firn_json_at(levels, i)))));
	return firn_str_eq(own, ns) &&
	       firn_str_eq(firn_client_encode(cx, firn_json_str(firn_json_get(item, "name"))),
			   name);
}

/* A page of what was dropped; *ret_next: where the next begins, NONE after the last. */
static firn_rc look_on_page(struct firn_invocation *in, struct firn_str path, struct firn_str ns,
			    struct firn_str name, bool *ret_found, struct firn_str *ret_next)
{
	struct firn_str id = firn_flag_value(in, "id");
	const struct firn_json *json, *items;

	FIRN_TRY(firn_client_call(in, "GET", path, FIRN_STR_NONE, &json));
	items = firn_json_get(json, "dropped");
	for (size_t i = 0; i < firn_json_count(items) && !*ret_found; i++) {
		const struct firn_json *item = firn_json_at(items, i);
		*ret_found = is_dropped_as(in->cx, item, ns, name) &&
			     (!id.p || firn_str_eq(id, firn_json_str(firn_json_get(item, "id"))));
	}
	*ret_next = firn_json_str(firn_json_get(json, "next-page-token"));
	return FIRN_OK;
}

static firn_rc find_dropped(struct firn_invocation *in)
{
	struct firn_str warehouse, ns, name, path, id = firn_flag_value(in, "id");
	struct firn_str token = FIRN_STR("");
	bool found = false;

	FIRN_TRY(firn_client_warehouse(in, &warehouse));
	FIRN_TRY(firn_client_split(in, argument(in, 0), true, &ns, &name));
	while (token.p && !found) {
		path = firn_printf(in->cx, "/management/v1/warehouses/%.*s/dropped?pageToken=%.*s",
				   FIRN_FMT(warehouse), FIRN_FMT(token));
		FIRN_TRY(look_on_page(in, path, ns, name, &found, &token));
	}
	if (found)
		return FIRN_OK;
	return firn_fail(in->cx, FIRN_E_NO_SUCH_TABLE,
			 "No dropped table or view can come back as %.*s%s%.*s",
			 FIRN_FMT(argument(in, 0)), id.p ? " with the id " : "", FIRN_FMT(id));
}

enum firn_exit firn_cmd_table_undrop(struct firn_invocation *in)
{
	const struct firn_json *json;
	struct firn_str body,
		what = firn_printf(in->cx, "bring %.*s back", FIRN_FMT(argument(in, 0)));
	firn_rc rc = undrop_body(in, &body);

	if (rc != FIRN_OK)
		return done(in, rc);
	if (firn_flag(in, "dry-run")) {
		rc = find_dropped(in);
		if (rc == FIRN_OK)
			(void)printf("would %.*s\n", FIRN_FMT(what));
		return done(in, rc);
	}
	rc = call_table(in, "POST", FIRN_STR("/undrop"), body, &json);
	if (rc == FIRN_OK)
		firn_client_show(in, json);
	return done(in, rc);
}
