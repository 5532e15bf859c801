/*
 * Branches and tags. Refuses kinds other than these, retention that isn't positive, and branch
 * retention on a tag.
 */
#include "member.h"
#include "raw.h"
#include "table.h"

static firn_rc read_retention(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			      const char *name, enum firn_code code, int64_t *ret_value)
{
	bool has;

	FIRN_TRY(firn_member_opt_i64(cx, json, what, name, &has, ret_value));
	if (has && *ret_value <= 0)
		return firn_fail(cx, code, "%s: '%s' must be greater than 0, found %lld", what,
				 name, (long long)*ret_value);
	return FIRN_OK;
}

static firn_rc check_tag(struct firn_ctx *cx, const struct firn_snapshot_ref *ref, const char *what,
			 enum firn_code code)
{
	if (ref->tag && (ref->min_snapshots_to_keep || ref->max_snapshot_age_ms))
		return firn_fail(cx, code, "%s: Tags do not support setting %s", what,
				 ref->min_snapshots_to_keep ? "min-snapshots-to-keep"
							    : "max-snapshot-age-ms");
	return FIRN_OK;
}

firn_rc firn_ref_parse(struct firn_ctx *cx, struct firn_str name, const struct firn_json *json,
		       enum firn_code code, struct firn_snapshot_ref *ret_ref)
{
	struct firn_str label = firn_printf(cx, "ref '%.*s'", FIRN_FMT(firn_shown(name)));
	struct firn_snapshot_ref ref = {.name = name};
	struct firn_str type;

	if (!label.p)
		return cx->err.code;
	FIRN_TRY(firn_member_str(cx, json, label.p, "type", &type));
	ref.tag = firn_str_ieq(type, FIRN_STR("tag"));
	if (!ref.tag && !firn_str_ieq(type, FIRN_STR("branch")))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: 'type' must be branch or tag, found '%.*s'", label.p,
				 FIRN_FMT(firn_shown(type)));
	FIRN_TRY(firn_member_i64(cx, json, label.p, "snapshot-id", &ref.snapshot_id));
	FIRN_TRY(read_retention(cx, json, label.p, "min-snapshots-to-keep", code,
				&ref.min_snapshots_to_keep));
	if (ref.min_snapshots_to_keep > INT32_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s: 'min-snapshots-to-keep' must be a 32-bit integer", label.p);
	FIRN_TRY(read_retention(cx, json, label.p, "max-snapshot-age-ms", code,
				&ref.max_snapshot_age_ms));
	FIRN_TRY(read_retention(cx, json, label.p, "max-ref-age-ms", code, &ref.max_ref_age_ms));
	FIRN_TRY(check_tag(cx, &ref, label.p, code));
	*ret_ref = ref;
	return FIRN_OK;
}

static void put_age(struct firn_jw *w, const char *name, int64_t value)
{
	if (!value)
		return;
	firn_jw_key(w, name);
	firn_jw_i64(w, value);
}

firn_rc firn_ref_text(struct firn_ctx *cx, struct firn_snapshot_ref *ref)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, 4096);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "snapshot-id");
	firn_jw_i64(&w, ref->snapshot_id);
	firn_jw_key(&w, "type");
	firn_jw_cstr(&w, ref->tag ? "tag" : "branch");
	put_age(&w, "min-snapshots-to-keep", ref->min_snapshots_to_keep);
	put_age(&w, "max-snapshot-age-ms", ref->max_snapshot_age_ms);
	put_age(&w, "max-ref-age-ms", ref->max_ref_age_ms);
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, &ref->text);
}

bool firn_ref_same(const struct firn_snapshot_ref *a, const struct firn_snapshot_ref *b)
{
	return a->tag == b->tag && a->snapshot_id == b->snapshot_id &&
	       a->min_snapshots_to_keep == b->min_snapshots_to_keep &&
	       a->max_snapshot_age_ms == b->max_snapshot_age_ms &&
	       a->max_ref_age_ms == b->max_ref_age_ms;
}

/* Tables from before refs existed: the current snapshot is main. */
static firn_rc imply_main(struct firn_ctx *cx, struct firn_table_metadata *m)
{
	struct firn_snapshot_ref main_ref = {.name = FIRN_STR("main"),
					     .snapshot_id = m->current_snapshot_id};

	if (m->current_snapshot_id == -1)
		return FIRN_OK;
	FIRN_TRY(firn_ref_text(cx, &main_ref));
	FIRN_VEC_PUSH(cx, &m->refs, main_ref);
	return FIRN_OK;
}

struct refs_parse {
	struct firn_table_metadata *m;
};

static firn_rc visit_ref(struct firn_ctx *cx, void *arg, struct firn_str key, struct firn_str raw)
{
	struct refs_parse *parse = arg;
	const struct firn_json *json;
	struct firn_snapshot_ref ref;

	if (parse->m->refs.n == FIRN_TABLE_REFS)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "table metadata: more than %zu refs",
				 FIRN_TABLE_REFS);
	FIRN_TRY(firn_json_parse(cx, raw, "ref", &json));
	FIRN_TRY(firn_ref_parse(cx, key, json, FIRN_E_BAD_REQUEST, &ref));
	ref.text = raw;
	FIRN_VEC_PUSH(cx, &parse->m->refs, ref);
	return FIRN_OK;
}

firn_rc firn_table_parse_refs(struct firn_ctx *cx, struct firn_str raw,
			      struct firn_table_metadata *m)
{
	struct refs_parse parse = {m};

	if (firn_raw_is_null(raw))
		return imply_main(cx, m);
	if (raw.p[0] != '{')
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "table metadata: 'refs' must be an object");
	return firn_json_scan(cx, raw, "table metadata: refs", visit_ref, &parse);
}
