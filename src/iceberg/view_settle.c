/* What is settled once a change to a view is whole: no dialect is lost unawares, history is
 * trimmed. */
#include <ctype.h>
#include <stdlib.h>

#include "view.h"

static struct firn_str lower(struct firn_ctx *cx, struct firn_str text)
{
	char *copy = firn_alloc(cx, text.n + 1);
	if (!copy)
		return FIRN_STR_NONE;
	for (size_t i = 0; i < text.n; i++)
		copy[i] = (char)tolower((unsigned char)text.p[i]);
	return (struct firn_str){copy, text.n};
}

firn_rc firn_view_dialects(struct firn_ctx *cx, const struct firn_view_version *version,
			   struct firn_strs *ret_dialects)
{
	const struct firn_json *list = firn_json_get(version->source, "representations");
	struct firn_strs dialects = {
		firn_calloc(cx, firn_json_count(list) + 1, sizeof(struct firn_str)), 0};

	if (!dialects.items)
		return cx->err.code;
	for (size_t i = 0; i < firn_json_count(list); i++) {
		struct firn_str dialect =
			firn_json_str(firn_json_get(firn_json_at(list, i), "dialect"));
		if (!firn_str_is(firn_json_str(firn_json_get(firn_json_at(list, i), "type")),
				 "sql"))
			continue;
		dialects.items[dialects.n] = lower(cx, dialect);
		if (!dialects.items[dialects.n++].p)
			return cx->err.code;
	}
	*ret_dialects = dialects;
	return FIRN_OK;
}

static bool contains(const struct firn_strs *list, struct firn_str text)
{
	for (size_t i = 0; i < list->n; i++)
		if (firn_str_eq(list->items[i], text))
			return true;
	return false;
}

static struct firn_str joined(struct firn_ctx *cx, const struct firn_strs *list)
{
	struct firn_buf b;
	struct firn_str text;

	firn_buf_init(&b, cx, 4096);
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			firn_buf_cstr(&b, ", ");
		firn_buf_str(&b, firn_shown(list->items[i]));
	}
	return firn_buf_end(&b, &text) == FIRN_OK ? text : FIRN_STR("");
}

static firn_rc keep_dialects(struct firn_ctx *cx, const struct firn_view_metadata *m,
			     const struct firn_view_metadata *previous)
{
	struct firn_strs before, after;

	if (firn_str_ieq(firn_view_property(m, "replace.drop-dialect.allowed"), FIRN_STR("true")))
		return FIRN_OK;
	FIRN_TRY(firn_view_dialects(
		cx, firn_view_find_version(previous, previous->current_version_id), &before));
	FIRN_TRY(firn_view_dialects(cx, firn_view_find_version(m, m->current_version_id), &after));
	for (size_t i = 0; i < before.n; i++)
		if (!contains(&after, before.items[i]))
			return firn_fail(cx, FIRN_E_ILLEGAL_ARGUMENT,
					 "Cannot replace view due to loss of view dialects "
					 "(replace.drop-dialect.allowed=false):\n"
					 "Previous dialects: [%.*s]\nNew dialects: [%.*s]",
					 FIRN_FMT(joined(cx, &before)),
					 FIRN_FMT(joined(cx, &after)));
	return FIRN_OK;
}

/* ---- history -------------------------------------------------------------------------------- */

static firn_rc history_size(struct firn_ctx *cx, const struct firn_view_metadata *m,
			    int64_t *ret_size)
{
	struct firn_str text = firn_view_property(m, "version.history.num-entries");

	*ret_size = FIRN_VIEW_HISTORY_DEFAULT;
	if (!text.p)
		return FIRN_OK;
	if (!firn_str_i64(text, ret_size))
		return firn_fail(
			cx, FIRN_E_ILLEGAL_ARGUMENT,
			"version.history.num-entries must be a whole number but was '%.*s'",
			FIRN_FMT(firn_shown(text)));
	if (*ret_size < 1)
		return firn_fail(cx, FIRN_E_ILLEGAL_ARGUMENT,
				 "version.history.num-entries must be positive but was %lld",
				 (long long)*ret_size);
	return FIRN_OK;
}

static int newest_first(const void *a, const void *b)
{
	const struct firn_view_version *left = a, *right = b;
	return (left->id < right->id) - (left->id > right->id);
}

/* The current version and the newest others, `keep` in all. */
static firn_rc expire_versions(struct firn_ctx *cx, struct firn_view_metadata *m, size_t keep)
{
	size_t n = m->versions.n, kept = 0;
	struct firn_view_version *sorted = firn_calloc(cx, n, sizeof(*sorted));

	if (!sorted)
		return cx->err.code;
	memcpy(sorted, m->versions.items, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), newest_first);
	m->versions.items[kept++] = *firn_view_find_version(m, m->current_version_id);
	for (size_t i = 0; i < n && kept < keep; i++)
		if (sorted[i].id != m->current_version_id)
			m->versions.items[kept++] = sorted[i];
	m->versions.n = kept;
	return FIRN_OK;
}

/* Entries up to the last one of a version that is gone are gone too: the log stays without holes.
 */
static firn_rc trim_log(struct firn_ctx *cx, struct firn_view_metadata *m)
{
	struct firn_id_index known;
	size_t start = m->log.n;

	FIRN_TRY(firn_id_index_init(cx, &known, m->versions.n));
	for (size_t i = 0; i < m->versions.n; i++)
		firn_id_index_add(&known, m->versions.items[i].id, i);
	while (start > 0 && firn_id_index_has(&known, m->log.items[start - 1].version_id))
		start--;
	if (start == 0)
		return FIRN_OK;
	m->log.items += start;
	m->log.n -= start;
	m->log.capacity -= start;
	return FIRN_OK;
}

/* Versions that must stay whatever the property says: those just added and the current one. */
static size_t needed(const struct firn_view_metadata *m, size_t first_added)
{
	const struct firn_view_version *current = firn_view_find_version(m, m->current_version_id);

	return m->versions.n - first_added + (current < m->versions.items + first_added);
}

firn_rc firn_view_settle(struct firn_ctx *cx, struct firn_view_metadata *m,
			 const struct firn_view_metadata *previous, size_t first_added)
{
	int64_t size;
	size_t keep = needed(m, first_added);

	if (previous)
		FIRN_TRY(keep_dialects(cx, m, previous));
	FIRN_TRY(history_size(cx, m, &size));
	if ((uint64_t)size > keep)
		keep = (size_t)size;
	if (m->versions.n <= keep)
		return FIRN_OK;
	FIRN_TRY(expire_versions(cx, m, keep));
	return trim_log(cx, m);
}
