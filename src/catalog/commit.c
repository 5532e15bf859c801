/*
 * The commit algorithm: attempts, their order of steps and their three endings. Each attempt has an
 * arena of its own, so that trying again costs no more memory than trying once.
 */
#include "commit.h"

#include <time.h>

#include "cache.h"
#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "firn/log.h"
#include "locations.h"

#define NS_PER_MS INT64_C(1000000)
/* Others may have been faster while we built for longer than this: look before a file is put. */
#define EARLY_CHECK_NS (3 * NS_PER_MS)
#define JITTER_FIRST_MS 8
#define JITTER_MOST_MS 400

struct attempt {
	struct firn_ctx cx; /* the request's, over an arena of its own */
	struct firn_catalog *catalog;
	const struct firn_mutation *mutation;
	struct firn_work *work;
	struct firn_outcome outcome;
	int64_t loaded_ns;
	bool wrote; /* there is a new version */
};

static firn_rc load(struct attempt *a)
{
	struct firn_ctx *cx = &a->cx;
	size_t n = a->work->n;
	const struct firn_target **targets = firn_calloc(cx, n, sizeof(*targets));
	struct firn_tabular *seen = firn_calloc(cx, n, sizeof(*seen));

	if (!targets || !seen)
		return cx->err.code;
	for (size_t i = 0; i < n; i++)
		targets[i] = a->work->items[i].target;
	FIRN_TRY(firn_tabulars_find(cx, targets, n, seen));
	a->loaded_ns = firn_monotonic_ns(cx);
	for (size_t i = 0; i < n; i++) {
		const struct firn_item *it = &a->work->items[i];

		a->work->items[i] = (struct firn_item){.target = it->target,
						       .kind = it->kind,
						       .build = it->build,
						       .arg = it->arg,
						       .seen = seen[i]};
	}
	return FIRN_OK;
}

static firn_rc build(struct attempt *a, bool *ret_changed)
{
	bool changed = false;

	for (size_t i = 0; i < a->work->n; i++) {
		struct firn_item *item = &a->work->items[i];

		FIRN_TRY(firn_item_load(&a->cx, a->catalog, item));
		FIRN_TRY(item->build(&a->cx, a->catalog, item));
		changed = changed || item->changed;
	}
	for (size_t i = 0; i < a->work->n; i++) {
		struct firn_item *item = &a->work->items[i];

		if (!item->changed)
			continue;
		FIRN_TRY(firn_item_finish(&a->cx, a->catalog, item));
		FIRN_TRY(firn_item_contain(&a->cx, item));
	}
	*ret_changed = changed;
	return FIRN_OK;
}

static firn_rc reserve(struct attempt *a)
{
	for (size_t i = 0; i < a->work->n; i++) {
		struct firn_item *item = &a->work->items[i];
		struct firn_place_claim claim = {
			.place = item->place,
			.warehouse_id = item->seen.place.warehouse_id,
			.uuid = item->uuid,
			.seconds = FIRN_CREATE_SECONDS,
		};
		bool taken_over = false;

		item->id = item->seen.id;
		if (!item->changed || item->seen.exists)
			continue;
		FIRN_TRY(firn_place_claim(&a->cx, &claim, &item->id, &taken_over));
		item->reserved = !taken_over;
	}
	return FIRN_OK;
}

static firn_rc fail_lost(struct firn_ctx *cx)
{
	return firn_fail(cx, FIRN_E_DB_CONFLICT, "another change came first");
}

static firn_rc early_check(struct attempt *a)
{
	bool still = true;

	if (firn_monotonic_ns(&a->cx) - a->loaded_ns < EARLY_CHECK_NS)
		return FIRN_OK;
	FIRN_TRY(firn_work_still(&a->cx, a->work, &still));
	return still ? FIRN_OK : fail_lost(&a->cx);
}

static firn_rc put(struct attempt *a)
{
	for (size_t i = 0; i < a->work->n; i++) {
		struct firn_item *item = &a->work->items[i];

		if (item->changed && !item->given)
			FIRN_TRY(firn_item_put(&a->cx, a->catalog, item));
	}
	return FIRN_OK;
}

static void pointer_of(const struct firn_item *item, struct firn_pointer *ret_pointer)
{
	*ret_pointer = firn_tabular_pointer(&item->seen);
	if (!item->changed)
		return;
	ret_pointer->kind = item->kind;
	ret_pointer->tabular_id = item->id;
	ret_pointer->version = item->version;
	ret_pointer->uuid = item->uuid;
	ret_pointer->name = item->target->name;
	ret_pointer->metadata_location = item->file;
	ret_pointer->length = item->length;
	memcpy(ret_pointer->sha256, item->sha256, sizeof(ret_pointer->sha256));
}

static void outcome_of(struct attempt *a)
{
	a->outcome = (struct firn_outcome){.has_pointer = a->work->single};
	if (a->work->single)
		pointer_of(&a->work->items[0], &a->outcome.pointer);
}

static firn_rc swap(struct attempt *a)
{
	struct firn_tx tx;

	FIRN_TRY(firn_tx_begin(&a->cx, a->mutation, &tx));
	if (firn_work_swap(&a->cx, a->catalog, &tx, a->work) != FIRN_OK) {
		firn_tx_cancel(&a->cx, &tx);
		return a->cx.err.code;
	}
	outcome_of(a);
	return firn_tx_commit(&a->cx, a->catalog, &tx, &a->outcome);
}

/* Nothing to write: but what was kept must have been current together. */
static firn_rc keep(struct attempt *a)
{
	bool still = true;

	if (a->work->n > 1)
		FIRN_TRY(firn_work_still(&a->cx, a->work, &still));
	if (!still)
		return fail_lost(&a->cx);
	outcome_of(a);
	return firn_idem_record(&a->cx, a->mutation->idem, &a->outcome);
}

static firn_rc go(struct attempt *a)
{
	bool changed = false;

	FIRN_TRY(load(a));
	FIRN_TRY(build(a, &changed));
	if (!changed)
		return keep(a);
	FIRN_TRY(reserve(a));
	FIRN_TRY(early_check(a));
	FIRN_TRY(put(a));
	FIRN_TRY(swap(a));
	a->wrote = true;
	return FIRN_OK;
}

/* ---- endings -------------------------------------------------------------------------------- */

static void trim(struct attempt *a, const struct firn_item *item)
{
	struct firn_ctx own = a->cx;
	struct firn_pointer owner;
	size_t deleted;

	pointer_of(item, &owner);
	firn_err_clear(&own);
	if (firn_guarded_delete(&own, a->catalog, &owner, &item->trimmed, &deleted) != FIRN_OK) {
		const struct firn_log_field fields[] = {FIRN_F_STR("file", item->file),
							FIRN_F_CSTR("error", own.err.message)};

		firn_log(FIRN_LOG_WARN, "old metadata files were not deleted", fields, 2);
	}
	a->cx.timings = own.timings;
}

static void committed(struct attempt *a)
{
	for (size_t i = 0; i < a->work->n; i++) {
		const struct firn_item *item = &a->work->items[i];
		struct firn_cache_key key = {
			.warehouse_id = item->seen.place.warehouse_id,
			.profile_version = item->seen.place.profile_version,
			.snapshots = FIRN_SNAPSHOTS_ALL,
		};

		if (!item->changed)
			continue;
		memcpy(key.sha256, item->sha256, sizeof(key.sha256));
		firn_cache_put(a->catalog->cache, &key, item->text);
		if (item->trimmed.n > 0)
			trim(a, item);
	}
	atomic_fetch_add(&a->catalog->committed, 1);
}

static void surely_not(struct attempt *a)
{
	for (size_t i = 0; i < a->work->n; i++) {
		struct firn_item *item = &a->work->items[i];

		if (item->put)
			firn_item_unput(&a->cx, a->catalog, item);
		if (item->reserved)
			firn_place_release(&a->cx, item->id);
	}
}

/* What outlives the attempt's arena. */
static firn_rc copy_outcome(struct firn_ctx *cx, const struct firn_outcome *from,
			    struct firn_outcome *ret_outcome)
{
	struct firn_outcome copy = *from;

	if (copy.has_pointer) {
		copy.pointer.uuid = firn_str_dup(cx, from->pointer.uuid);
		copy.pointer.name = firn_str_dup(cx, from->pointer.name);
		copy.pointer.metadata_location = firn_str_dup(cx, from->pointer.metadata_location);
		if (!copy.pointer.uuid.p || !copy.pointer.name.p ||
		    !copy.pointer.metadata_location.p)
			return cx->err.code;
	}
	*ret_outcome = copy;
	return FIRN_OK;
}

static firn_rc try_once(struct firn_ctx *cx, struct firn_catalog *catalog,
			const struct firn_mutation *mutation, struct firn_work *work,
			struct firn_outcome *ret_outcome)
{
	struct attempt a = {.cx = *cx, .catalog = catalog, .mutation = mutation, .work = work};
	firn_rc rc;

	a.cx.arena = firn_arena_new(firn_arena_left(cx->arena));
	if (!a.cx.arena)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "the server is out of memory: try again later");
	rc = go(&a);
	if (a.wrote)
		committed(&a);
	else if (rc != FIRN_OK && rc != FIRN_E_COMMIT_UNKNOWN)
		surely_not(&a);
	cx->err = a.cx.err;
	cx->timings = a.cx.timings;
	if (rc == FIRN_OK && copy_outcome(cx, &a.outcome, ret_outcome) != FIRN_OK) {
		if (a.wrote) /* what is done must not be told as refused */
			cx->err.code = FIRN_E_COMMIT_UNKNOWN;
		rc = cx->err.code;
	}
	for (size_t i = 0; i < work->n; i++)
		work->items[i] = (struct firn_item){.target = work->items[i].target,
						    .kind = work->items[i].kind,
						    .build = work->items[i].build,
						    .arg = work->items[i].arg};
	firn_arena_free(a.cx.arena);
	return rc;
}

/* Full jitter: anything between nothing and a doubling ceiling, so that losers don't meet again. */
static void pause_before(struct firn_ctx *cx, int64_t attempt)
{
	int64_t most = JITTER_FIRST_MS << (attempt < 6 ? attempt : 6);
	struct timespec left = {0};
	uint32_t random;
	int deadline = firn_deadline_ms(cx);

	if (most > JITTER_MOST_MS)
		most = JITTER_MOST_MS;
	if (most > deadline)
		most = deadline;
	firn_random(&random, sizeof(random));
	left.tv_nsec = (long)((uint64_t)random * (uint64_t)most * NS_PER_MS >> 32);
	while (nanosleep(&left, &left) != 0)
		;
}

/* Clients take a 500 for a commit whose state is unknown; this one surely didn't happen. */
static firn_rc give_reason(struct firn_ctx *cx)
{
	if (cx->err.code == FIRN_E_INTERNAL) {
		cx->err.code = FIRN_E_UNAVAILABLE;
		return firn_note(cx, "an internal error before the commit");
	}
	return firn_fault(cx, "write the new metadata");
}

/* All tries are used up. */
static firn_rc give_up(struct firn_ctx *cx, struct firn_catalog *catalog,
		       const struct firn_work *work)
{
	struct firn_err why = cx->err;

	if (why.code != FIRN_E_DB_CONFLICT)
		return firn_fault(cx, "record the commit");
	atomic_fetch_add(&catalog->conflicts, 1);
	firn_err_clear(cx);
	firn_fail(cx, FIRN_E_COMMIT_FAILED,
		  "Cannot commit to %.*s%s: it changed concurrently, load it and try again",
		  FIRN_FMT(firn_target_text(cx, work->items[0].target)),
		  work->n > 1 ? " and others" : "");
	return firn_note(cx, "%s %s", why.sqlstate, why.notes);
}

firn_rc firn_work_run(struct firn_ctx *cx, struct firn_catalog *catalog,
		      const struct firn_mutation *mutation, struct firn_work *work,
		      struct firn_outcome *ret_outcome)
{
	for (int64_t attempt = 1;; attempt++) {
		firn_rc rc = try_once(cx, catalog, mutation, work, ret_outcome);

		if (rc == FIRN_E_COMMIT_FAILED)
			atomic_fetch_add(&catalog->conflicts, 1);
		if (rc != FIRN_E_DB_CONFLICT && rc != FIRN_E_DB_BROKEN)
			return rc == FIRN_OK ? rc : give_reason(cx);
		if (attempt >= catalog->config.commit_attempts || firn_deadline_ms(cx) == 0)
			return give_up(cx, catalog, work);
		atomic_fetch_add(&catalog->retries, 1);
		firn_err_clear(cx);
		pause_before(cx, attempt);
	}
}
