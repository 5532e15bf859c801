/*
 * Who owns which place. One row of `location` per live table or view, and one per reservation; no
 * place equals, covers or lies within another's. Paths are normal forms with a trailing slash.
 */
#ifndef FIRN_CATALOG_LOCATIONS_H
#define FIRN_CATALOG_LOCATIONS_H

#include "internal.h"

struct firn_place_claim {
	struct firn_location place;
	int64_t warehouse_id;
	int64_t tabular_id;   /* 0: a new id is taken */
	struct firn_str uuid; /* of the table or view that will live there */
	int64_t seconds;      /* how long the reservation holds */
};

/* The row's path: normal form and a slash. */
struct firn_str firn_place_key(struct firn_ctx *cx, const struct firn_location *place);
/* Parses `text` and checks that it lies beneath the warehouse's location: BAD_REQUEST names `what`.
 */
firn_rc firn_place_within(struct firn_ctx *cx, struct firn_str warehouse_location,
			  struct firn_str text, const char *what,
			  struct firn_location *ret_place) FIRN_MUST;

/* Inside a transaction: own places exclusively and their ancestors shared, in one order for all. */
firn_rc firn_places_lock(struct firn_ctx *cx, const struct firn_location *places,
			 size_t n) FIRN_MUST;
/*
 * Inside a transaction that holds the lock: reserves. A reservation that the same uuid has there
 * already is taken over (ret_taken_over) and prolonged. CONFLICT when the place overlaps another.
 */
firn_rc firn_place_reserve(struct firn_ctx *cx, const struct firn_place_claim *claim,
			   int64_t *ret_tabular_id, bool *ret_taken_over) FIRN_MUST;
/* Both, in a small transaction of its own. */
firn_rc firn_place_claim(struct firn_ctx *cx, const struct firn_place_claim *claim,
			 int64_t *ret_tabular_id, bool *ret_taken_over) FIRN_MUST;
/* Gives a reservation back that never became live; keeps cx->err. What fails expires by itself. */
void firn_place_release(struct firn_ctx *cx, int64_t tabular_id);
/* Inside a transaction that holds the lock and the table's row: the table's live row moves.
 * CONFLICT when the place overlaps another's. */
firn_rc firn_place_move(struct firn_ctx *cx, const struct firn_place_claim *claim) FIRN_MUST;
/* Inside a transaction that holds the lock: a live row at once, for undrop. */
firn_rc firn_place_settle(struct firn_ctx *cx, const struct firn_place_claim *claim) FIRN_MUST;
/* Whether any of these places equals, lies within or (covers = true) covers one of another than
 * tabular_id. */
firn_rc firn_places_foreign(struct firn_ctx *cx, const struct firn_location *places, size_t n,
			    int64_t tabular_id, bool covers, bool *ret_foreign) FIRN_MUST;

#endif
