/*
 * Reservation of places. Owns the rows of `location`: an overlap is found by equality over a
 * place's ancestors and by one range over its descendants, so that siblings cost nothing. The
 * advisory locks close the gap between looking and inserting: two places that overlap share at
 * least one of them.
 */
#include "locations.h"

#include "firn/arena.h"
#include "firn/clock.h"
#include "tabular.h"

#define ANCESTORS_MAX 128
/* With it an index entry stays below PostgreSQL's limit of 2704 bytes. */
#define PLACE_BYTES 2000
#define RELEASE_MS 5000
/* A hair's breadth after '/': what lies within "…/" sorts below "…0". */
#define AFTER_SLASH '0'

static const struct firn_sql lock_sql = {
	.name = "places_lock",
	.text = "select case when l.own then pg_advisory_xact_lock(l.key) else "
		"pg_advisory_xact_lock_shared(l.key) end"
		" from (select hashtextextended(p.path, 0) as key, bool_or(p.path = "
		"any($2::text[])) as own"
		" from unnest($1::text[]) p(path) group by 1 order by 1) l",
	.params = "text[],text[]",
	.results = "void",
};
#define OVERLAPS "(path = any($1::text[]) or (path > $2 and path < $3))"
static const struct firn_sql reserve_sql = {
	.name = "place_reserve",
	.text = "insert into location (path, warehouse_id, tabular_id, uuid, reserved_until)"
		" select $2, $4, coalesce($5, nextval('tabular_id')), $6,"
		" now() + make_interval(secs => $7::bigint)"
		" where not exists (select from location where path = any($1::text[]))"
		" and not exists (select from location where path > $2 and path < $3)"
		" returning tabular_id",
	.params = "text[],text,text,bigint,bigint,uuid,bigint",
	.results = "bigint",
};
static const struct firn_sql take_over_sql = {
	.name = "place_take_over",
	.text = "update location set reserved_until = greatest(reserved_until, now() + "
		"make_interval(secs => $3::bigint))"
		" where path = $1 and uuid = $2 and reserved_until is not null returning "
		"tabular_id",
	.params = "text,uuid,bigint",
	.results = "bigint",
};
static const struct firn_sql expire_sql = {
	.name = "place_expire",
	.text = "delete from location where " OVERLAPS " and reserved_until <= now()",
	.params = "text[],text,text",
	.results = "",
};
static const struct firn_sql release_sql = {
	.name = "place_release",
	.text = "delete from location where tabular_id = $1 and reserved_until is not null",
	.params = "bigint",
	.results = "",
};
static const struct firn_sql move_sql = {
	.name = "place_move",
	.text = "update location set path = $2, uuid = $5 where tabular_id = $4 and reserved_until "
		"is null"
		" and not exists (select from location where path = any($1::text[]) and tabular_id "
		"<> $4)"
		" and not exists (select from location where path > $2 and path < $3 and "
		"tabular_id <> $4)",
	.params = "text[],text,text,bigint,uuid",
	.results = "",
};
static const struct firn_sql settle_sql = {
	.name = "place_settle",
	.text = "insert into location (path, warehouse_id, tabular_id, uuid)"
		" select $2, $4, $5, $6"
		" where not exists (select from location where path = any($1::text[]))"
		" and not exists (select from location where path > $2 and path < $3)",
	.params = "text[],text,text,bigint,bigint,uuid",
	.results = "",
};
static const struct firn_sql above_sql = {
	.name = "places_above",
	.text = "select exists (select from location where path = any($1::text[]) and tabular_id "
		"<> $2)",
	.params = "text[],bigint",
	.results = "boolean",
};
static const struct firn_sql below_sql = {
	.name = "places_below",
	.text = "select exists (select from unnest($1::text[], $2::text[]) p(path, after), "
		"location l"
		" where l.path > p.path collate \"C\" and l.path < p.after collate \"C\" and "
		"l.tabular_id <> $3)",
	.params = "text[],text[],bigint",
	.results = "boolean",
};

struct firn_str firn_place_key(struct firn_ctx *cx, const struct firn_location *place)
{
	return firn_printf(cx, "%.*s/", FIRN_FMT(place->normal));
}

static struct firn_str after_of(struct firn_ctx *cx, const struct firn_location *place)
{
	return firn_printf(cx, "%.*s%c", FIRN_FMT(place->normal), AFTER_SLASH);
}

firn_rc firn_place_within(struct firn_ctx *cx, struct firn_str warehouse_location,
			  struct firn_str text, const char *what, struct firn_location *ret_place)
{
	struct firn_location root, place;

	FIRN_TRY(firn_location_parse(cx, warehouse_location, "warehouse location", &root));
	FIRN_TRY(firn_location_parse(cx, text, what, &place));
	if (!firn_location_within(&place, &root) || firn_location_within(&root, &place))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%s '%.*s' must lie beneath the warehouse's location '%.*s'", what,
				 FIRN_FMT(text), FIRN_FMT(warehouse_location));
	*ret_place = place;
	return FIRN_OK;
}

/* Keys of the place itself (first) and of all that could cover it: "s3://b/x/y/" "s3://b/x/"
 * "s3://b/". */
static firn_rc keys_of(struct firn_ctx *cx, const struct firn_location *place,
		       struct firn_strs *keys)
{
	struct firn_str own = firn_place_key(cx, place);
	size_t bare = place->normal.n - place->path.n;

	if (!own.p)
		return cx->err.code;
	keys->items[keys->n++] = own;
	for (size_t i = own.n - 1; i-- > bare;) {
		if (own.p[i] == '/')
			keys->items[keys->n++] = firn_str_sub(own, 0, i + 1);
	}
	return FIRN_OK;
}

static firn_rc keys_count(struct firn_ctx *cx, const struct firn_location *place, size_t *n)
{
	size_t pieces = 2;

	for (size_t i = 0; i < place->path.n; i++)
		pieces += place->path.p[i] == '/';
	if (pieces > ANCESTORS_MAX)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "location '%.*s' has more than %d levels: choose a flatter one",
				 FIRN_FMT(place->normal), ANCESTORS_MAX);
	*n += pieces;
	return FIRN_OK;
}

static firn_rc all_keys(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			struct firn_strs *ret_keys)
{
	struct firn_strs keys = {NULL, 0};
	size_t room = 0;

	for (size_t i = 0; i < n; i++)
		FIRN_TRY(keys_count(cx, &places[i], &room));
	keys.items = firn_calloc(cx, room + 1, sizeof(*keys.items));
	if (!keys.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(keys_of(cx, &places[i], &keys));
	*ret_keys = keys;
	return FIRN_OK;
}

static firn_rc own_keys(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			struct firn_strs *ret_keys)
{
	struct firn_strs keys = {firn_calloc(cx, n + 1, sizeof(*keys.items)), n};

	if (!keys.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		keys.items[i] = firn_place_key(cx, &places[i]);
		if (!keys.items[i].p)
			return cx->err.code;
	}
	*ret_keys = keys;
	return FIRN_OK;
}

firn_rc firn_places_lock(struct firn_ctx *cx, const struct firn_location *places, size_t n)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_strs keys, own;

	FIRN_TRY(all_keys(cx, places, n, &keys));
	FIRN_TRY(own_keys(cx, places, n, &own));
	FIRN_TRY(firn_param_strs(cx, &params, &keys));
	FIRN_TRY(firn_param_strs(cx, &params, &own));
	return firn_db_query(cx, &lock_sql, &params, &rows);
}

/* $1 the place and its ancestors, $2 the place, $3 the end of the range within it. */
static firn_rc param_overlap(struct firn_ctx *cx, struct firn_params *p,
			     const struct firn_location *place)
{
	struct firn_strs keys;
	struct firn_str after = after_of(cx, place);

	if (place->normal.n > PLACE_BYTES)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "location '%.*s…' is %zu bytes long: shorten it to at most %d",
				 FIRN_FMT(firn_str_sub(place->normal, 0, 64)), place->normal.n,
				 PLACE_BYTES);
	FIRN_TRY(all_keys(cx, place, 1, &keys));
	if (!after.p)
		return cx->err.code;
	FIRN_TRY(firn_param_strs(cx, p, &keys));
	FIRN_TRY(firn_param_str(cx, p, keys.items[0]));
	return firn_param_str(cx, p, after);
}

static firn_rc fail_overlap(struct firn_ctx *cx, const struct firn_location *place)
{
	return firn_fail(
		cx, FIRN_E_CONFLICT,
		"Location '%.*s' overlaps the location of another table or view: choose another",
		FIRN_FMT(place->normal));
}

static firn_rc insert(struct firn_ctx *cx, const struct firn_place_claim *claim, int64_t *ret_id)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(param_overlap(cx, &p, &claim->place));
	FIRN_TRY(firn_param_i64(cx, &p, claim->warehouse_id));
	if (claim->tabular_id)
		FIRN_TRY(firn_param_i64(cx, &p, claim->tabular_id));
	else
		FIRN_TRY(firn_param_null(cx, &p));
	FIRN_TRY(firn_param_str(cx, &p, claim->uuid));
	FIRN_TRY(firn_param_i64(cx, &p, claim->seconds));
	FIRN_TRY(firn_db_query(cx, &reserve_sql, &p, &rows));
	*ret_id = firn_rows_count(rows) ? firn_row_i64(rows, 0, 0) : 0;
	return FIRN_OK;
}

static firn_rc take_over(struct firn_ctx *cx, const struct firn_place_claim *claim, int64_t *ret_id)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(firn_param_str(cx, &p, firn_place_key(cx, &claim->place)));
	FIRN_TRY(firn_param_str(cx, &p, claim->uuid));
	FIRN_TRY(firn_param_i64(cx, &p, claim->seconds));
	FIRN_TRY(firn_db_query(cx, &take_over_sql, &p, &rows));
	*ret_id = firn_rows_count(rows) ? firn_row_i64(rows, 0, 0) : 0;
	return FIRN_OK;
}

static firn_rc expire(struct firn_ctx *cx, const struct firn_location *place, bool *ret_any)
{
	struct firn_params p = {0};
	int64_t n = 0;

	FIRN_TRY(param_overlap(cx, &p, place));
	FIRN_TRY(firn_db_run(cx, &expire_sql, &p, &n));
	*ret_any = n > 0;
	return FIRN_OK;
}

firn_rc firn_place_reserve(struct firn_ctx *cx, const struct firn_place_claim *claim,
			   int64_t *ret_tabular_id, bool *ret_taken_over)
{
	bool expired = false;
	int64_t id;

	FIRN_TRY(insert(cx, claim, &id));
	if (id == 0) {
		FIRN_TRY(take_over(cx, claim, &id));
		*ret_taken_over = id != 0;
	}
	if (id == 0) {
		FIRN_TRY(expire(cx, &claim->place, &expired));
		if (expired)
			FIRN_TRY(insert(cx, claim, &id));
	}
	if (id == 0)
		return fail_overlap(cx, &claim->place);
	*ret_tabular_id = id;
	return FIRN_OK;
}

firn_rc firn_place_claim(struct firn_ctx *cx, const struct firn_place_claim *claim,
			 int64_t *ret_tabular_id, bool *ret_taken_over)
{
	bool taken_over = false;
	int64_t id = 0;

	FIRN_TRY(firn_db_begin(cx));
	if (firn_places_lock(cx, &claim->place, 1) != FIRN_OK ||
	    firn_place_reserve(cx, claim, &id, &taken_over) != FIRN_OK) {
		firn_db_rollback(cx);
		return cx->err.code;
	}
	if (firn_db_commit(cx) != FIRN_COMMITTED) {
		/* If it was committed all the same, nobody uses it. */
		if (!taken_over)
			firn_place_release(cx, id);
		return cx->err.code;
	}
	*ret_tabular_id = id;
	*ret_taken_over = taken_over;
	return FIRN_OK;
}

void firn_place_release(struct firn_ctx *cx, int64_t tabular_id)
{
	struct firn_ctx own = *cx;
	struct firn_params p = {0};

	firn_err_clear(&own);
	own.deadline_ns = firn_monotonic_ns(cx) + RELEASE_MS * INT64_C(1000000);
	if (firn_param_i64(&own, &p, tabular_id) != FIRN_OK ||
	    firn_db_run(&own, &release_sql, &p, NULL) != FIRN_OK)
		firn_note(cx, "the reserved location was not given back: %s", own.err.notes);
	cx->timings = own.timings;
}

firn_rc firn_place_move(struct firn_ctx *cx, const struct firn_place_claim *claim)
{
	bool expired = false;
	int64_t n = 0;

	for (int attempt = 0; n == 0 && (attempt == 0 || expired); attempt++) {
		struct firn_params p = {0};

		FIRN_TRY(param_overlap(cx, &p, &claim->place));
		FIRN_TRY(firn_param_i64(cx, &p, claim->tabular_id));
		FIRN_TRY(firn_param_str(cx, &p, claim->uuid));
		FIRN_TRY(firn_db_run(cx, &move_sql, &p, &n));
		if (n == 0)
			FIRN_TRY(expire(cx, &claim->place, &expired));
	}
	return n == 1 ? FIRN_OK : fail_overlap(cx, &claim->place);
}

firn_rc firn_place_settle(struct firn_ctx *cx, const struct firn_place_claim *claim)
{
	bool expired = false;
	int64_t n = 0;

	for (int attempt = 0; n == 0 && (attempt == 0 || expired); attempt++) {
		struct firn_params p = {0};

		FIRN_TRY(param_overlap(cx, &p, &claim->place));
		FIRN_TRY(firn_param_i64(cx, &p, claim->warehouse_id));
		FIRN_TRY(firn_param_i64(cx, &p, claim->tabular_id));
		FIRN_TRY(firn_param_str(cx, &p, claim->uuid));
		FIRN_TRY(firn_db_run(cx, &settle_sql, &p, &n));
		if (n == 0)
			FIRN_TRY(expire(cx, &claim->place, &expired));
	}
	return n == 1 ? FIRN_OK : fail_overlap(cx, &claim->place);
}

static firn_rc any_above(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			 int64_t tabular_id, bool *ret_any)
{
	struct firn_params p = {0};
	const struct firn_rows *rows;
	struct firn_strs keys;

	FIRN_TRY(all_keys(cx, places, n, &keys));
	FIRN_TRY(firn_param_strs(cx, &p, &keys));
	FIRN_TRY(firn_param_i64(cx, &p, tabular_id));
	FIRN_TRY(firn_db_query(cx, &above_sql, &p, &rows));
	*ret_any = firn_row_bool(rows, 0, 0);
	return FIRN_OK;
}

static firn_rc any_below(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			 int64_t tabular_id, bool *ret_any)
{
	struct firn_strs keys, after = {firn_calloc(cx, n + 1, sizeof(*after.items)), n};
	struct firn_params p = {0};
	const struct firn_rows *rows;

	FIRN_TRY(own_keys(cx, places, n, &keys));
	if (!after.items)
		return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		after.items[i] = after_of(cx, &places[i]);
		if (!after.items[i].p)
			return cx->err.code;
	}
	FIRN_TRY(firn_param_strs(cx, &p, &keys));
	FIRN_TRY(firn_param_strs(cx, &p, &after));
	FIRN_TRY(firn_param_i64(cx, &p, tabular_id));
	FIRN_TRY(firn_db_query(cx, &below_sql, &p, &rows));
	*ret_any = firn_row_bool(rows, 0, 0);
	return FIRN_OK;
}

firn_rc firn_places_foreign(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			    int64_t tabular_id, bool covers, bool *ret_foreign)
{
	bool foreign = false;

	if (n > 0)
		FIRN_TRY(any_above(cx, places, n, tabular_id, &foreign));
	if (n > 0 && covers && !foreign)
		FIRN_TRY(any_below(cx, places, n, tabular_id, &foreign));
	*ret_foreign = foreign;
	return FIRN_OK;
}
