/*
 * The readable difference between two versions of a table. Only what differs is written:
 *
 * format-version, location: {from, to}
 * schema: {from, to (ids), added, removed: [field], changed: [{id, from: field, to: field}]}
 * properties: {added, removed: {key: value}, changed: {key: {from, to}}}
 * snapshots: {added: [{snapshot-id, parent-snapshot-id, timestamp-ms, operation}], removed: [id],
 *   current: {from, to}}
 * refs: {added, removed: {name: ref}, changed: {name: {from: ref, to: ref}}}
 * partition-specs, sort-orders: {added: [as in the metadata], removed: [id], default: {from, to}}
 *
 * 64-bit integers are strings, as everywhere in our own APIs.
 */
#include "raw.h"
#include "table.h"

static const struct firn_table_metadata nothing = {.current_snapshot_id = -1};

static void put_from_to_i64(struct firn_jw *w, const char *key, int64_t from, int64_t to,
			    bool has_from)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '{');
	firn_jw_key(w, "from");
	if (has_from)
		firn_jw_i64(w, from);
	else
		firn_jw_null(w);
	firn_jw_key(w, "to");
	firn_jw_i64(w, to);
	firn_jw_end(w, '}');
}

static void put_from_to_str(struct firn_jw *w, struct firn_str from, struct firn_str to)
{
	firn_jw_begin(w, '{');
	firn_jw_key(w, "from");
	if (from.p)
		firn_jw_str(w, from);
	else
		firn_jw_null(w);
	firn_jw_key(w, "to");
	if (to.p)
		firn_jw_str(w, to);
	else
		firn_jw_null(w);
	firn_jw_end(w, '}');
}

static void put_field(struct firn_ctx *cx, struct firn_jw *w, const struct firn_schema_entry *entry)
{
	const struct firn_type_field *field = entry->field;

	firn_jw_begin(w, '{');
	firn_jw_key(w, "id");
	firn_jw_i64(w, entry->id);
	firn_jw_key(w, "name");
	firn_jw_str(w, entry->name);
	firn_jw_key(w, "type");
	firn_jw_str(w, firn_type_text(cx, field->type));
	firn_jw_key(w, "required");
	firn_jw_bool(w, field->required);
	if (field->doc.p) {
		firn_jw_key(w, "doc");
		firn_jw_str(w, field->doc);
	}
	if (field->write_default) {
		firn_jw_key(w, "write-default");
		firn_jw_json(w, field->write_default);
	}
	firn_jw_end(w, '}');
}

/* A nested field's children are entries of their own: only its kind is compared. */
static bool same_entry(const struct firn_schema_entry *a, const struct firn_schema_entry *b)
{
	const struct firn_type_field *x = a->field, *y = b->field;

	if (!firn_str_eq(a->name, b->name) || x->required != y->required ||
	    !firn_str_eq(x->doc, y->doc) || x->type->kind != y->type->kind)
		return false;
	if (!x->write_default != !y->write_default)
		return false;
	return x->type->n_fields ? true : firn_type_eq(x->type, y->type);
}

static void put_schema_fields(struct firn_ctx *cx, struct firn_jw *w, const char *key,
			      const struct firn_schema *in, const struct firn_schema *not_in)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '[');
	for (size_t i = 0; in && i < in->n_entries; i++)
		if (!not_in || !firn_schema_find(not_in, in->entries[i].id))
			put_field(cx, w, &in->entries[i]);
	firn_jw_end(w, ']');
}

static void diff_schema(struct firn_ctx *cx, const struct firn_table_metadata *from,
			const struct firn_table_metadata *to, struct firn_jw *w)
{
	const struct firn_schema *a = firn_table_schema(from, from->current_schema_id);
	const struct firn_schema *b = firn_table_schema(to, to->current_schema_id);

	if (!b || (a && a->id == b->id && firn_schema_same(a, b)))
		return;
	firn_jw_key(w, "schema");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "from");
	if (a)
		firn_jw_i64(w, a->id);
	else
		firn_jw_null(w);
	firn_jw_key(w, "to");
	firn_jw_i64(w, b->id);
	put_schema_fields(cx, w, "added", b, a);
	put_schema_fields(cx, w, "removed", a, b);
	firn_jw_key(w, "changed");
	firn_jw_begin(w, '[');
	for (size_t i = 0; a && i < a->n_entries; i++) {
		const struct firn_schema_entry *other = firn_schema_find(b, a->entries[i].id);

		if (!other || same_entry(&a->entries[i], other))
			continue;
		firn_jw_begin(w, '{');
		firn_jw_key(w, "id");
		firn_jw_i64(w, other->id);
		firn_jw_key(w, "from");
		put_field(cx, w, &a->entries[i]);
		firn_jw_key(w, "to");
		put_field(cx, w, other);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, ']');
	firn_jw_end(w, '}');
}

static struct firn_str value_of(const struct firn_table_metadata *m, struct firn_str key)
{
	for (size_t i = 0; i < m->properties.n; i++)
		if (firn_str_eq(m->properties.items[i].key, key))
			return m->properties.items[i].value;
	return FIRN_STR_NONE;
}

static void put_only(struct firn_jw *w, const char *key, const struct firn_table_metadata *in,
		     const struct firn_table_metadata *not_in)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < in->properties.n; i++) {
		struct firn_pair pair = in->properties.items[i];

		if (value_of(not_in, pair.key).p)
			continue;
		firn_jw_key_str(w, pair.key);
		firn_jw_str(w, pair.value);
	}
	firn_jw_end(w, '}');
}

static bool same_properties(const struct firn_table_metadata *a,
			    const struct firn_table_metadata *b)
{
	if (a->properties.n != b->properties.n)
		return false;
	for (size_t i = 0; i < a->properties.n; i++) {
		struct firn_str value = value_of(b, a->properties.items[i].key);

		if (!value.p || !firn_str_eq(value, a->properties.items[i].value))
			return false;
	}
	return true;
}

static void diff_properties(const struct firn_table_metadata *from,
			    const struct firn_table_metadata *to, struct firn_jw *w)
{
	if (same_properties(from, to))
		return;
	firn_jw_key(w, "properties");
	firn_jw_begin(w, '{');
	put_only(w, "added", to, from);
	put_only(w, "removed", from, to);
	firn_jw_key(w, "changed");
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < from->properties.n; i++) {
		struct firn_pair pair = from->properties.items[i];
		struct firn_str value = value_of(to, pair.key);

		if (!value.p || firn_str_eq(value, pair.value))
			continue;
		firn_jw_key_str(w, pair.key);
		put_from_to_str(w, pair.value, value);
	}
	firn_jw_end(w, '}');
	firn_jw_end(w, '}');
}

static firn_rc put_snapshot(struct firn_ctx *cx, struct firn_jw *w, const struct firn_snapshot *s)
{
	struct firn_str summary, operation;

	FIRN_TRY(firn_raw_get(cx, s->text, "summary", &summary));
	FIRN_TRY(firn_raw_get(cx, summary, "operation", &operation));
	firn_jw_begin(w, '{');
	firn_jw_key(w, "snapshot-id");
	firn_jw_i64_str(w, s->id);
	if (s->has_parent) {
		firn_jw_key(w, "parent-snapshot-id");
		firn_jw_i64_str(w, s->parent_id);
	}
	firn_jw_key(w, "timestamp-ms");
	firn_jw_i64_str(w, s->timestamp_ms);
	if (operation.p) {
		firn_jw_key(w, "operation");
		firn_jw_raw(w, operation);
	}
	firn_jw_end(w, '}');
	return FIRN_OK;
}

static void put_id_or_null(struct firn_jw *w, int64_t id)
{
	if (id == -1)
		firn_jw_null(w);
	else
		firn_jw_i64_str(w, id);
}

static bool same_snapshots(const struct firn_table_metadata *a, const struct firn_table_metadata *b)
{
	if (a->snapshots.n != b->snapshots.n || a->current_snapshot_id != b->current_snapshot_id)
		return false;
	for (size_t i = 0; i < a->snapshots.n; i++)
		if (a->snapshots.items[i].id != b->snapshots.items[i].id)
			return false;
	return true;
}

static firn_rc diff_snapshots(struct firn_ctx *cx, const struct firn_table_metadata *from,
			      const struct firn_table_metadata *to, struct firn_jw *w)
{
	struct firn_id_index before, after;

	if (same_snapshots(from, to))
		return FIRN_OK;
	FIRN_TRY(firn_table_index_snapshots(cx, from, &before));
	FIRN_TRY(firn_table_index_snapshots(cx, to, &after));
	firn_jw_key(w, "snapshots");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "added");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < to->snapshots.n; i++)
		if (!firn_id_index_has(&before, to->snapshots.items[i].id))
			FIRN_TRY(put_snapshot(cx, w, &to->snapshots.items[i]));
	firn_jw_end(w, ']');
	firn_jw_key(w, "removed");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < from->snapshots.n; i++)
		if (!firn_id_index_has(&after, from->snapshots.items[i].id))
			firn_jw_i64_str(w, from->snapshots.items[i].id);
	firn_jw_end(w, ']');
	if (from->current_snapshot_id != to->current_snapshot_id) {
		firn_jw_key(w, "current");
		firn_jw_begin(w, '{');
		firn_jw_key(w, "from");
		put_id_or_null(w, from->current_snapshot_id);
		firn_jw_key(w, "to");
		put_id_or_null(w, to->current_snapshot_id);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, '}');
	return FIRN_OK;
}

static void put_age(struct firn_jw *w, const char *key, int64_t value)
{
	if (!value)
		return;
	firn_jw_key(w, key);
	firn_jw_i64_str(w, value);
}

static void put_ref(struct firn_jw *w, const struct firn_snapshot_ref *ref)
{
	firn_jw_begin(w, '{');
	firn_jw_key(w, "type");
	firn_jw_cstr(w, ref->tag ? "tag" : "branch");
	firn_jw_key(w, "snapshot-id");
	firn_jw_i64_str(w, ref->snapshot_id);
	put_age(w, "min-snapshots-to-keep", ref->min_snapshots_to_keep);
	put_age(w, "max-snapshot-age-ms", ref->max_snapshot_age_ms);
	put_age(w, "max-ref-age-ms", ref->max_ref_age_ms);
	firn_jw_end(w, '}');
}

static void put_refs_only(struct firn_jw *w, const char *key, const struct firn_table_metadata *in,
			  const struct firn_table_metadata *not_in)
{
	firn_jw_key(w, key);
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < in->refs.n; i++) {
		if (firn_table_ref(not_in, in->refs.items[i].name))
			continue;
		firn_jw_key_str(w, in->refs.items[i].name);
		put_ref(w, &in->refs.items[i]);
	}
	firn_jw_end(w, '}');
}

static bool same_refs(const struct firn_table_metadata *a, const struct firn_table_metadata *b)
{
	if (a->refs.n != b->refs.n)
		return false;
	for (size_t i = 0; i < a->refs.n; i++) {
		const struct firn_snapshot_ref *other = firn_table_ref(b, a->refs.items[i].name);

		if (!other || !firn_ref_same(other, &a->refs.items[i]))
			return false;
	}
	return true;
}

static void diff_refs(const struct firn_table_metadata *from, const struct firn_table_metadata *to,
		      struct firn_jw *w)
{
	if (same_refs(from, to))
		return;
	firn_jw_key(w, "refs");
	firn_jw_begin(w, '{');
	put_refs_only(w, "added", to, from);
	put_refs_only(w, "removed", from, to);
	firn_jw_key(w, "changed");
	firn_jw_begin(w, '{');
	for (size_t i = 0; i < from->refs.n; i++) {
		const struct firn_snapshot_ref *other =
			firn_table_ref(to, from->refs.items[i].name);

		if (!other || firn_ref_same(other, &from->refs.items[i]))
			continue;
		firn_jw_key_str(w, other->name);
		firn_jw_begin(w, '{');
		firn_jw_key(w, "from");
		put_ref(w, &from->refs.items[i]);
		firn_jw_key(w, "to");
		put_ref(w, other);
		firn_jw_end(w, '}');
	}
	firn_jw_end(w, '}');
	firn_jw_end(w, '}');
}

static size_t count_new_specs(const struct firn_table_metadata *in,
			      const struct firn_table_metadata *not_in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->specs.n; i++)
		n += !firn_table_spec(not_in, in->specs.items[i]->id);
	return n;
}

static void diff_specs(const struct firn_table_metadata *from, const struct firn_table_metadata *to,
		       struct firn_jw *w)
{
	bool same_default = from->specs.n && from->default_spec_id == to->default_spec_id;

	if (same_default && !count_new_specs(to, from) && !count_new_specs(from, to))
		return;
	firn_jw_key(w, "partition-specs");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "added");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < to->specs.n; i++)
		if (!firn_table_spec(from, to->specs.items[i]->id))
			firn_partition_write(w, to->specs.items[i]);
	firn_jw_end(w, ']');
	firn_jw_key(w, "removed");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < from->specs.n; i++)
		if (!firn_table_spec(to, from->specs.items[i]->id))
			firn_jw_i64(w, from->specs.items[i]->id);
	firn_jw_end(w, ']');
	if (!same_default)
		put_from_to_i64(w, "default", from->default_spec_id, to->default_spec_id,
				from->specs.n > 0);
	firn_jw_end(w, '}');
}

static size_t count_new_orders(const struct firn_table_metadata *in,
			       const struct firn_table_metadata *not_in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->orders.n; i++)
		n += !firn_table_order(not_in, in->orders.items[i]->id);
	return n;
}

static void diff_orders(const struct firn_table_metadata *from,
			const struct firn_table_metadata *to, struct firn_jw *w)
{
	bool same_default = from->orders.n && from->default_order_id == to->default_order_id;

	if (same_default && !count_new_orders(to, from) && !count_new_orders(from, to))
		return;
	firn_jw_key(w, "sort-orders");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "added");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < to->orders.n; i++)
		if (!firn_table_order(from, to->orders.items[i]->id))
			firn_sort_write(w, to->orders.items[i]);
	firn_jw_end(w, ']');
	firn_jw_key(w, "removed");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < from->orders.n; i++)
		if (!firn_table_order(to, from->orders.items[i]->id))
			firn_jw_i64(w, from->orders.items[i]->id);
	firn_jw_end(w, ']');
	if (!same_default)
		put_from_to_i64(w, "default", from->default_order_id, to->default_order_id,
				from->orders.n > 0);
	firn_jw_end(w, '}');
}

firn_rc firn_table_metadata_diff(struct firn_ctx *cx, const struct firn_table_metadata *from,
				 const struct firn_table_metadata *to, struct firn_jw *out)
{
	if (!from)
		from = &nothing;
	firn_jw_begin(out, '{');
	if (from->format_version != to->format_version)
		put_from_to_i64(out, "format-version", from->format_version, to->format_version,
				from->format_version > 0);
	if (!firn_str_eq(from->location, to->location)) {
		firn_jw_key(out, "location");
		put_from_to_str(out, from->location, to->location);
	}
	diff_schema(cx, from, to, out);
	diff_properties(from, to, out);
	FIRN_TRY(diff_snapshots(cx, from, to, out));
	diff_refs(from, to, out);
	diff_specs(from, to, out);
	diff_orders(from, to, out);
	firn_jw_end(out, '}');
	return FIRN_OK;
}
