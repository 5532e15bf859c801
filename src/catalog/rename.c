/* Renaming, also across namespaces of one warehouse. Files and version stay as they are. */
#include "firn/arena.h"
#include "tabular.h"
#include "tx.h"

static const struct firn_sql rename_sql = {
	.name = "tabular_rename",
	.text = "update tabular set namespace_id = $4, name = $5, updated_at = now()"
		" where id = $1 and namespace_id = $2 and name = $3",
	.params = "bigint,bigint,text,bigint,text",
	.results = "",
};

struct renaming {
	enum firn_kind kind;
	const struct firn_target *from, *to;
};

static firn_rc fail_taken(struct firn_ctx *cx, const struct renaming *r, enum firn_kind found)
{
	struct firn_str from = firn_target_text(cx, r->from), to = firn_target_text(cx, r->to);

	return firn_fail(cx, FIRN_E_ALREADY_EXISTS, "Cannot rename %.*s to %.*s. %s already exists",
			 FIRN_FMT(from), FIRN_FMT(to), found == FIRN_KIND_VIEW ? "View" : "Table");
}

/* In the reference's order: the namespace to go to, what is renamed, what is in the way. */
static firn_rc check(struct firn_ctx *cx, const struct renaming *r,
		     struct firn_tabular both[static 2])
{
	const struct firn_target *targets[2] = {r->from, r->to};

	FIRN_TRY(firn_tabulars_find(cx, targets, 2, both));
	if (both[1].place.namespace_id == 0)
		return firn_fail_namespace(cx, &r->to->levels);
	if (!both[0].exists || both[0].kind != r->kind)
		return firn_fail_no_tabular(cx, r->kind, r->from);
	if (both[1].exists && both[1].id != both[0].id)
		return fail_taken(cx, r, both[1].kind);
	return FIRN_OK;
}

static firn_rc tell(struct firn_ctx *cx, struct firn_tx *tx, const struct renaming *r,
		    const struct firn_tabular both[static 2])
{
	struct firn_str detail;
	struct firn_buf b;
	struct firn_jw w;
	struct firn_event event = {
		.kind = r->kind == FIRN_KIND_VIEW ? "view.renamed" : "table.renamed",
		.warehouse_id = both[0].place.warehouse_id,
		.warehouse_name = both[0].place.warehouse_name,
		.namespace_path = both[1].place.namespace_path,
		.name = r->to->name,
		.tabular_id = both[0].id,
		.version = both[0].version,
	};

	firn_buf_init(&b, cx, 65536);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "from-namespace");
	firn_jw_strs(&w, &r->from->levels);
	firn_jw_key(&w, "from-name");
	firn_jw_str(&w, r->from->name);
	firn_jw_end(&w, '}');
	FIRN_TRY(firn_buf_end(&b, &detail));
	event.detail = detail;
	return firn_event_add(cx, tx, &event);
}

static firn_rc body(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
		    struct firn_outcome *ret_outcome)
{
	const struct renaming *r = arg;
	struct firn_tabular both[2];
	struct firn_params p = {0};
	struct firn_place place;
	int64_t n = 0;

	(void)ret_outcome;
	FIRN_TRY(check(cx, r, both));
	FIRN_TRY(firn_place_find(cx, r->to, FIRN_LOCK_SHARE, &place));
	FIRN_TRY(firn_param_i64(cx, &p, both[0].id));
	FIRN_TRY(firn_param_i64(cx, &p, both[0].place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, r->from->name));
	FIRN_TRY(firn_param_i64(cx, &p, place.namespace_id));
	FIRN_TRY(firn_param_str(cx, &p, r->to->name));
	/* A name that appears meanwhile is a conflict, which looks again and says so. */
	FIRN_TRY(firn_db_run(cx, &rename_sql, &p, &n));
	if (n == 0)
		return firn_fail(cx, FIRN_E_DB_CONFLICT, "it was renamed or dropped meanwhile");
	return tell(cx, tx, r, both);
}

firn_rc firn_tabular_rename(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_mutation *mutation, enum firn_kind kind,
			    const struct firn_target *from, const struct firn_target *to,
			    struct firn_outcome *ret_outcome)
{
	struct renaming r = {kind, from, to};

	FIRN_TRY(firn_name_check(cx, firn_kind_word(kind), to->name));
	if (firn_tx_run(cx, catalog, mutation, body, &r, ret_outcome) != FIRN_OK)
		return firn_fault(cx, "rename it");
	return FIRN_OK;
}
