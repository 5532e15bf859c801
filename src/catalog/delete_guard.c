/*
 * The only way by which files of tables are deleted. It trusts no list that it is given: a path
 * must lie beneath the owner's own location and in or around no other's, must not be a metadata
 * file that the catalog points at or could bring back, and all that is checked again while the
 * locks keep every place as it is. What is refused is logged and kept.
 */
#include "commit.h"
#include "firn/arena.h"
#include "firn/log.h"
#include "locations.h"

#define BATCH 500

static const struct firn_sql owner_sql = {
	.name = "guard_owner",
	.text = "select t.location, w.profile_version from tabular t join warehouse w on w.id = "
		"t.warehouse_id"
		" where t.id = $1",
	.params = "bigint",
	.results = "text,bigint",
};
static const struct firn_sql hold_sql = {
	.name = "guard_hold",
	.text = "select location, metadata_location from tabular where id = $1 for share",
	.params = "bigint",
	.results = "text,text",
};
static const struct firn_sql pointed_sql = {
	.name = "guard_pointed",
	.text = "select p.path from unnest($2::text[]) p(path) where exists (select from tabular t"
		" where t.id = $1 and t.metadata_location = p.path)"
		" or exists (select from dropped d where d.warehouse_id = $3 and "
		"d.metadata_location = p.path)",
	.params = "bigint,text[],bigint",
	.results = "text",
};

struct guard {
	struct firn_catalog *catalog;
	const struct firn_pointer *owner;
	int64_t profile_version;
	struct firn_str location;
	struct firn_location place, current; /* the table's, and its metadata file's */
	struct firn_location *at;	     /* of the paths that are left */
	struct firn_strs left;
};

static void refuse(struct firn_str path, const char *why)
{
	const struct firn_log_field fields[] = {FIRN_F_STR("path", path), FIRN_F_CSTR("why", why)};

	firn_log(FIRN_LOG_WARN, "a file was not deleted", fields, 2);
}

/* Without a live row there is nothing whose files could be deleted this way. */
static firn_rc find_owner(struct firn_ctx *cx, struct guard *g, bool *ret_alive)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_i64(cx, &p, g->owner->tabular_id));
	FIRN_TRY(firn_db_query(cx, &owner_sql, &p, &rows));
	*ret_alive = firn_rows_count(rows) == 1;
	if (!*ret_alive)
		return FIRN_OK;
	g->location = firn_row_str(rows, 0, 0);
	g->profile_version = firn_row_i64(rows, 0, 1);
	return firn_location_parse(cx, g->location, "location", &g->place);
}

/* Places first, rows then, as in a commit; a table that moved in between is left for another time.
 */
static firn_rc lock_owner(struct firn_ctx *cx, struct guard *g, bool *ret_held)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_places_lock(cx, &g->place, 1));
	FIRN_TRY(firn_param_i64(cx, &p, g->owner->tabular_id));
	FIRN_TRY(firn_db_query(cx, &hold_sql, &p, &rows));
	*ret_held =
		firn_rows_count(rows) == 1 && firn_str_eq(firn_row_str(rows, 0, 0), g->location);
	return *ret_held ? firn_location_parse(cx, firn_row_str(rows, 0, 1), "metadata-location",
					       &g->current)
			 : FIRN_OK;
}

/* Keeps the paths that read as places strictly within the owner's. */
static firn_rc sift_own(struct firn_ctx *cx, struct guard *g, const struct firn_strs *paths)
{
	g->at = firn_calloc(cx, paths->n + 1, sizeof(*g->at));
	g->left.items = firn_calloc(cx, paths->n + 1, sizeof(*g->left.items));
	if (!g->at || !g->left.items)
		return cx->err.code;
	for (size_t i = 0; i < paths->n; i++) {
		struct firn_location at;

		if (firn_location_parse(cx, paths->items[i], "path", &at) != FIRN_OK) {
			if (cx->err.code != FIRN_E_BAD_REQUEST)
				return cx->err.code;
			refuse(paths->items[i], cx->err.message);
			firn_err_clear(cx);
		} else if (!firn_location_within(&at, &g->place) ||
			   firn_location_within(&g->place, &at)) {
			refuse(paths->items[i], "it lies outside the table's own location");
		} else {
			g->at[g->left.n] = at;
			g->left.items[g->left.n++] = paths->items[i];
		}
	}
	return FIRN_OK;
}

static firn_rc sift_foreign(struct firn_ctx *cx, struct guard *g)
{
	size_t n = 0;
	bool foreign = false;

	FIRN_TRY(firn_places_foreign(cx, g->at, g->left.n, g->owner->tabular_id, true, &foreign));
	for (size_t i = 0; foreign && i < g->left.n; i++) {
		bool this_one = true;

		FIRN_TRY(firn_places_foreign(cx, &g->at[i], 1, g->owner->tabular_id, true,
					     &this_one));
		if (this_one) {
			refuse(g->left.items[i], "another table's location covers or reaches it");
			continue;
		}
		g->at[n] = g->at[i];
		g->left.items[n++] = g->left.items[i];
	}
	if (foreign)
		g->left.n = n;
	return FIRN_OK;
}

static firn_rc sift_pointed(struct firn_ctx *cx, struct guard *g)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;
	size_t n = 0;

	FIRN_TRY(firn_param_i64(cx, &p, g->owner->tabular_id));
	FIRN_TRY(firn_param_strs(cx, &p, &g->left));
	FIRN_TRY(firn_param_i64(cx, &p, g->owner->warehouse_id));
	FIRN_TRY(firn_db_query(cx, &pointed_sql, &p, &rows));
	for (size_t i = 0; i < g->left.n; i++) {
		bool pointed = false;

		for (size_t r = 0; r < firn_rows_count(rows); r++)
			pointed =
				pointed || firn_str_eq(firn_row_str(rows, r, 0), g->left.items[i]);
		/* However it is spelled: the list may be a client's words. */
		pointed = pointed || firn_str_eq(g->at[i].normal, g->current.normal);
		if (pointed)
			refuse(g->left.items[i], "the catalog points at it");
		else
			g->left.items[n++] = g->left.items[i];
	}
	g->left.n = n;
	return FIRN_OK;
}

static firn_rc delete_locked(struct firn_ctx *cx, struct guard *g, const struct firn_strs *paths,
			     size_t *ret_deleted)
{
	struct firn_store *store;
	bool alive = false;

	FIRN_TRY(find_owner(cx, g, &alive));
	if (alive)
		FIRN_TRY(lock_owner(cx, g, &alive));
	if (!alive)
		return FIRN_OK;
	FIRN_TRY(sift_own(cx, g, paths));
	FIRN_TRY(sift_foreign(cx, g));
	FIRN_TRY(sift_pointed(cx, g));
	if (g->left.n == 0)
		return FIRN_OK;
	FIRN_TRY(firn_store_of(cx, g->catalog, g->owner->warehouse_id, g->profile_version, &store));
	FIRN_TRY(firn_store_delete(cx, store, g->left.items, g->left.n));
	*ret_deleted += g->left.n;
	return FIRN_OK;
}

firn_rc firn_guarded_delete(struct firn_ctx *cx, struct firn_catalog *catalog,
			    const struct firn_pointer *owner, const struct firn_strs *paths,
			    size_t *ret_deleted)
{
	*ret_deleted = 0;
	for (size_t from = 0; from < paths->n; from += BATCH) {
		const struct firn_strs batch = {paths->items + from,
						paths->n - from < BATCH ? paths->n - from : BATCH};
		struct guard g = {.catalog = catalog, .owner = owner};
		firn_rc rc;

		FIRN_TRY(firn_db_begin(cx));
		rc = delete_locked(cx, &g, &batch, ret_deleted);
		firn_db_rollback(cx); /* it only ever held locks */
		FIRN_TRY(rc);
	}
	return FIRN_OK;
}
