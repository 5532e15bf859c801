/*
 * Opened stores by warehouse and version of the storage profile, newest use first. A store outlives
 * its place in the list while a request still uses it. An older version of a warehouse's profile is
 * forgotten as soon as a newer one is opened.
 */
#include <pthread.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "storage_profile.h"
#include "stores.h"

#define STORES_MAX 1024

struct entry {
	struct entry *next;
	int64_t warehouse_id, profile_version;
	struct firn_store *store;
	_Atomic unsigned holders; /* the list is one */
};

struct firn_stores {
	pthread_mutex_t mutex;
	struct entry *first;
};

static const struct firn_sql profile_sql = {
	.name = "store_profile",
	.text = "select uuid, location, profile, secret_sealed, profile_version from warehouse "
		"where id = $1",
	.params = "bigint",
	.results = "uuid,text,jsonb,bytea,bigint",
};

struct firn_stores *firn_stores_new(void)
{
	struct firn_stores *stores = calloc(1, sizeof(*stores));

	if (stores && pthread_mutex_init(&stores->mutex, NULL) != 0) {
		free(stores);
		return NULL;
	}
	return stores;
}

static void let_go(void *ptr)
{
	struct entry *entry = ptr;

	if (atomic_fetch_sub(&entry->holders, 1) != 1)
		return;
	firn_store_free(entry->store);
	free(entry);
}

void firn_stores_free(struct firn_stores *stores)
{
	struct entry *next;

	if (!stores)
		return;
	for (struct entry *entry = stores->first; entry; entry = next) {
		next = entry->next;
		let_go(entry);
	}
	pthread_mutex_destroy(&stores->mutex);
	free(stores);
}

/* Takes the entry out of the list and puts it first. The mutex is held. */
static struct entry *find(struct firn_stores *stores, int64_t warehouse_id, int64_t profile_version)
{
	for (struct entry **link = &stores->first; *link; link = &(*link)->next) {
		struct entry *entry = *link;

		if (entry->warehouse_id != warehouse_id ||
		    entry->profile_version != profile_version)
			continue;
		*link = entry->next;
		entry->next = stores->first;
		stores->first = entry;
		return entry;
	}
	return NULL;
}

/* Forgets older versions of the first entry's warehouse, and what is beyond the ceiling. */
static void trim(struct firn_stores *stores)
{
	const struct entry *first = stores->first;
	struct entry **link = &stores->first;
	unsigned n = 0;

	while (*link) {
		struct entry *entry = *link;
		bool old = entry->warehouse_id == first->warehouse_id &&
			   entry->profile_version < first->profile_version;

		if (old || n >= STORES_MAX) {
			*link = entry->next;
			let_go(entry);
		} else {
			n++;
			link = &entry->next;
		}
	}
}

static struct entry *hold(struct firn_stores *stores, int64_t warehouse_id, int64_t profile_version)
{
	struct entry *entry;

	pthread_mutex_lock(&stores->mutex);
	entry = find(stores, warehouse_id, profile_version);
	if (entry)
		atomic_fetch_add(&entry->holders, 1);
	pthread_mutex_unlock(&stores->mutex);
	return entry;
}

/* Lists a store that was just opened, or frees it when another thread was first. Held for the
 * caller. */
static struct entry *keep(struct firn_stores *stores, struct entry *opened)
{
	struct entry *entry;

	pthread_mutex_lock(&stores->mutex);
	entry = find(stores, opened->warehouse_id, opened->profile_version);
	if (!entry) {
		entry = opened;
		entry->next = stores->first;
		stores->first = entry;
		atomic_fetch_add(&entry->holders, 1);
		trim(stores);
	}
	atomic_fetch_add(&entry->holders, 1);
	pthread_mutex_unlock(&stores->mutex);
	return entry;
}

static firn_rc open_entry(struct firn_ctx *cx, struct firn_catalog *catalog, int64_t warehouse_id,
			  struct entry **ret_entry)
{
	struct firn_params params = {0};
	struct firn_stored_profile stored;
	const struct firn_rows *rows;
	struct firn_store *store;
	struct entry *opened;

	FIRN_TRY(firn_param_i64(cx, &params, warehouse_id));
	FIRN_TRY(firn_db_query(cx, &profile_sql, &params, &rows));
	if (firn_rows_count(rows) == 0)
		return firn_fail(cx, FIRN_E_NO_SUCH_WAREHOUSE,
				 "The warehouse has just been dropped");
	stored = (struct firn_stored_profile){
		.uuid = firn_row_str(rows, 0, 0),
		.location = firn_row_str(rows, 0, 1),
		.profile = firn_row_str(rows, 0, 2),
		.secret_hex = firn_row_str(rows, 0, 3),
	};
	FIRN_TRY(firn_stored_profile_open(cx, catalog, &stored, &store));
	opened = calloc(1, sizeof(*opened));
	if (!opened) {
		firn_store_free(store);
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "no memory for an opened store: try again");
	}
	*opened = (struct entry){.warehouse_id = warehouse_id,
				 .profile_version = firn_row_i64(rows, 0, 4),
				 .store = store};
	*ret_entry = opened;
	return FIRN_OK;
}

firn_rc firn_store_of(struct firn_ctx *cx, struct firn_catalog *catalog, int64_t warehouse_id,
		      int64_t profile_version, struct firn_store **ret_store)
{
	struct entry *entry = hold(catalog->stores, warehouse_id, profile_version);

	if (!entry) {
		struct entry *opened = NULL;

		FIRN_TRY(open_entry(cx, catalog, warehouse_id, &opened));
		entry = keep(catalog->stores, opened);
		if (entry != opened) {
			firn_store_free(opened->store);
			free(opened);
		}
	}
	if (firn_arena_defer(cx, let_go, entry) != FIRN_OK) {
		let_go(entry);
		return cx->err.code;
	}
	*ret_store = entry->store;
	return FIRN_OK;
}
