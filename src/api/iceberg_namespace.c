/* Namespaces of the Iceberg REST protocol, and lists of what they hold. */
#include <stddef.h>

#include "internal.h"

/* ---- lists ---------------------------------------------------------------------------------- */

/* ?parent= holds levels joined by U+001F, decoded. */
static firn_rc parent_target(struct firn_call *call)
{
	struct firn_str parent = firn_map_get(&call->query, "parent");
	call->target.levels = (struct firn_strs){0};
	if (parent.n == 0)
		return FIRN_OK;
	return firn_levels_split(&call->cx, parent, &call->target.levels);
}

firn_rc h_namespaces_list_ask(struct firn_call *call)
{
	struct firn_page page;
	FIRN_TRY(firn_call_page(call, &page));
	FIRN_TRY(parent_target(call));
	return firn_namespaces_ask(&call->cx, call->api->catalog, &call->target, &page, &call->ask);
}

static void write_next(struct firn_jw *w, const struct firn_page_answer *page)
{
	if (!page->next.p)
		return;
	firn_jw_key(w, "next-page-token");
	firn_jw_str(w, page->next);
}

/* [level, …, name]: how a catalog object, here a child namespace or a function, is named. */
static void write_object(struct firn_jw *w, const struct firn_strs *levels, struct firn_str name)
{
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < levels->n; i++)
		firn_jw_str(w, levels->items[i]);
	firn_jw_str(w, name);
	firn_jw_end(w, ']');
}

/* {"namespace":[…],"name":…}: how a table or view is named. */
static void write_identifier(struct firn_jw *w, const struct firn_strs *levels,
			     struct firn_str name)
{
	firn_jw_begin(w, '{');
	firn_jw_key(w, "namespace");
	firn_jw_strs(w, levels);
	firn_jw_key(w, "name");
	firn_jw_str(w, name);
	firn_jw_end(w, '}');
}

static firn_rc reply_list(struct firn_call *call, const char *member, const struct firn_strs *names,
			  void (*write)(struct firn_jw *, const struct firn_strs *,
					struct firn_str),
			  const struct firn_page_answer *next)
{
	struct firn_reply_json json;

	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, member);
	firn_jw_begin(&json.w, '[');
	for (size_t i = 0; i < names->n; i++)
		write(&json.w, &call->target.levels, names->items[i]);
	firn_jw_end(&json.w, ']');
	write_next(&json.w, next);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_namespaces_list_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_page page;
	struct firn_page_answer next = {0};
	struct firn_strs names;

	FIRN_TRY(firn_call_page(call, &page));
	FIRN_TRY(firn_namespaces_read(&call->cx, call->api->catalog, &call->target, &page, rows,
				      &names, &next));
	return reply_list(call, "namespaces", &names, write_object, &next);
}

static firn_rc ask_tabulars(struct firn_call *call, enum firn_kind kind)
{
	struct firn_whole_list *list = NULL;
	struct firn_page page;

	FIRN_TRY(firn_call_page(call, &page));
	if (page.paged)
		return firn_tabulars_ask(&call->cx, call->api->catalog, &call->target, kind, &page,
					 &call->ask);
	FIRN_TRY(firn_whole_list_ask(&call->cx, call->api->catalog, &call->target, kind, &list,
				     &call->ask));
	call->state = list;
	return FIRN_OK;
}

static firn_rc answer_whole(struct firn_call *call, struct firn_whole_list *list,
			    const struct firn_rows *rows)
{
	const struct firn_page_answer no_next = {0};
	struct firn_strs names;
	struct firn_str body;

	FIRN_TRY(firn_whole_list_read(&call->cx, list, &call->target, rows, &body, &names));
	call->reply.content = firn_whole_list_content(&call->cx, list);
	if (body.p)
		return firn_reply_json_text(call, body, 200);
	FIRN_TRY(reply_list(call, "identifiers", &names, write_identifier, &no_next));
	firn_whole_list_keep(call->api->catalog, list, call->reply.body[0]);
	return FIRN_OK;
}

static firn_rc answer_tabulars(struct firn_call *call, enum firn_kind kind,
			       const struct firn_rows *rows)
{
	struct firn_page page;
	struct firn_page_answer next = {0};
	struct firn_strs names;

	if (call->state)
		return answer_whole(call, call->state, rows);
	FIRN_TRY(firn_call_page(call, &page));
	FIRN_TRY(firn_tabulars_read(&call->cx, call->api->catalog, &call->target, kind, &page, rows,
				    &names, &next));
	return reply_list(call, "identifiers", &names, write_identifier, &next);
}

firn_rc h_tables_list_ask(struct firn_call *call)
{
	return ask_tabulars(call, FIRN_KIND_TABLE);
}

firn_rc h_tables_list_answer(struct firn_call *call, const struct firn_rows *rows)
{
	return answer_tabulars(call, FIRN_KIND_TABLE, rows);
}

firn_rc h_views_list_ask(struct firn_call *call)
{
	return ask_tabulars(call, FIRN_KIND_VIEW);
}

firn_rc h_views_list_answer(struct firn_call *call, const struct firn_rows *rows)
{
	return answer_tabulars(call, FIRN_KIND_VIEW, rows);
}

firn_rc h_functions_list_ask(struct firn_call *call)
{
	struct firn_page page;
	FIRN_TRY(firn_call_page(call, &page));
	return firn_functions_ask(&call->cx, call->api->catalog, &call->target, &page, &call->ask);
}

firn_rc h_functions_list_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_page page;
	struct firn_page_answer next = {0};
	struct firn_strs names;
	FIRN_TRY(firn_call_page(call, &page));
	FIRN_TRY(firn_functions_read(&call->cx, call->api->catalog, &call->target, &page, rows,
				     &names, &next));
	return reply_list(call, "identifiers", &names, write_object, &next);
}

/* ---- one namespace -------------------------------------------------------------------------- */

firn_rc h_namespace_load_ask(struct firn_call *call)
{
	return firn_namespace_ask(&call->cx, &call->target, &call->ask);
}

firn_rc h_namespace_load_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_namespace ns;
	struct firn_reply_json json;

	FIRN_TRY(firn_namespace_read(&call->cx, &call->target, rows, &ns));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "namespace");
	firn_jw_strs(&json.w, &call->target.levels);
	firn_jw_key(&json.w, "properties");
	firn_jw_raw(&json.w, ns.properties);
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}

firn_rc h_namespace_head_ask(struct firn_call *call)
{
	return firn_namespace_ask(&call->cx, &call->target, &call->ask);
}

firn_rc h_namespace_head_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_namespace ns;
	FIRN_TRY(firn_namespace_read(&call->cx, &call->target, rows, &ns));
	return firn_reply_empty(call, 204);
}

firn_rc h_namespace_create_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				  struct firn_outcome *ret_outcome)
{
	struct {
		struct firn_strs levels;
		struct firn_map properties;
	} body = {0};
	static const struct firn_field fields[] = {
		{"namespace", FIRN_FIELD_STRS, 0, FIRN_FIELD_REQUIRED},
		/* Some clients send null for none. */
		{"properties", FIRN_FIELD_MAP, sizeof(struct firn_strs), FIRN_FIELD_NULL_OK},
	};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, "createNamespace", fields, 2, &body));
	if (body.levels.n == 0)
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "createNamespace: the namespace must have at least one level");
	FIRN_TRY(firn_levels_check(&call->cx, &body.levels));
	call->target.levels = body.levels;
	return firn_namespace_create(&call->cx, call->api->catalog, mutation, &call->target,
				     &body.properties, ret_outcome);
}

firn_rc h_namespace_drop_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				struct firn_outcome *ret_outcome)
{
	return firn_namespace_drop(&call->cx, call->api->catalog, mutation, &call->target,
				   ret_outcome);
}

firn_rc h_namespace_update_mutate(struct firn_call *call, const struct firn_mutation *mutation,
				  struct firn_outcome *ret_outcome)
{
	struct {
		struct firn_strs removals;
		struct firn_map updates;
	} body = {0};
	static const struct firn_field fields[] = {
		{"removals", FIRN_FIELD_STRS, 0, FIRN_FIELD_NULL_OK},
		{"updates", FIRN_FIELD_MAP, sizeof(struct firn_strs), FIRN_FIELD_NULL_OK},
	};
	const struct firn_json *json;

	FIRN_TRY(firn_call_body(call, &json));
	FIRN_TRY(firn_json_read(&call->cx, json, "updateProperties", fields, 2, &body));
	return firn_namespace_update(&call->cx, call->api->catalog, mutation, &call->target,
				     &body.removals, &body.updates, ret_outcome);
}
