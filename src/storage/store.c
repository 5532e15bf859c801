/*
 * Object stores: opening by scheme, and the containment of every URI before a store sees it.
 * Refuses what is outside the root in normal form, and, where spelling matters (s3), what only its
 * normal form puts beneath the root.
 */
#include "store.h"

#include "firn/arena.h"
#include "firn/clock.h"
#include "location.h"

#define STORE_ARENA ((size_t)64 * 1024)
#define PAGE_DEFAULT ((size_t)1000)
#define PAGE_MAX ((size_t)10000)

/* The key as spelled: what follows the bucket and one slash. */
static struct firn_str spelled_key(struct firn_str uri, const struct firn_location *location)
{
	size_t from = firn_str_find(uri, ':') + 3 + location->authority.n;

	return firn_str_sub(uri, from + 1, SIZE_MAX);
}

static bool is_s3(const struct firn_location *location)
{
	return firn_str_is(location->scheme, "s3");
}

/* A copy in cx's arena, which is the store's. */
static firn_rc keep(struct firn_ctx *cx, struct firn_str *text)
{
	*text = firn_str_dup(cx, *text);
	return text->p ? FIRN_OK : cx->err.code;
}

static firn_rc open_parts(struct firn_ctx *cx, const struct firn_store_profile *profile,
			  struct firn_store **store)
{
	struct firn_str spelling = firn_location_trim(profile->root);
	struct firn_location root;

	FIRN_TRY(firn_location_parse(cx, profile->root, "the warehouse's location", &root));
	FIRN_TRY(keep(cx, &spelling));
	FIRN_TRY(is_s3(&root) ? firn_s3_store_open(cx, profile, &root, store)
			      : firn_file_store_open(cx, profile, &root, store));
	(*store)->root = root;
	(*store)->spelling = spelling;
	(*store)->root_key = is_s3(&root) ? spelled_key(spelling, &root) : FIRN_STR("");
	return FIRN_OK;
}

firn_rc firn_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			struct firn_store **ret_store)
{
	struct firn_arena *callers = cx->arena;
	struct firn_arena *arena = firn_arena_new(STORE_ARENA);
	struct firn_store *store = NULL;
	firn_rc rc;

	if (!arena)
		return firn_fail(cx, FIRN_E_UNAVAILABLE, "no memory to open a store: try again");
	cx->arena = arena;
	rc = open_parts(cx, profile, &store);
	cx->arena = callers;
	if (store)
		store->arena = arena;
	if (rc != FIRN_OK) {
		if (store)
			firn_store_free(store);
		else
			firn_arena_free(arena);
		return rc;
	}
	*ret_store = store;
	return FIRN_OK;
}

void firn_store_free(struct firn_store *store)
{
	if (!store)
		return;
	if (store->ops->release)
		store->ops->release(store);
	firn_arena_free(store->arena);
}

const struct firn_location *firn_store_root(const struct firn_store *store)
{
	return &store->root;
}

struct firn_str firn_store_uri(struct firn_ctx *cx, const struct firn_store *store,
			       struct firn_str key)
{
	if (store->root_key.n > 0)
		key = firn_str_sub(key, store->root_key.n + 1, SIZE_MAX);
	return firn_location_join(cx, store->spelling, key);
}

static firn_rc outside(struct firn_ctx *cx, const struct firn_store *store, struct firn_str uri)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "'%.*s' is outside the warehouse's location '%.*s'", FIRN_FMT(uri),
			 FIRN_FMT(store->spelling));
}

/* The key of a place at or beneath the root. */
static firn_rc contain(struct firn_ctx *cx, const struct firn_store *store, struct firn_str uri,
		       struct firn_object *ret_object)
{
	struct firn_location location;
	struct firn_str key;

	FIRN_TRY(firn_location_parse_object(cx, uri, "the object's location", &location));
	if (!firn_location_within(&location, &store->root))
		return outside(cx, store, uri);
	if (is_s3(&location)) {
		struct firn_str root = store->root_key;

		key = spelled_key(uri, &location);
		if (!firn_str_starts(key, root) ||
		    (root.n > 0 && key.n > root.n && key.p[root.n] != '/'))
			return outside(cx, store, uri);
	} else {
		key = firn_str_sub(location.path, store->root.path.n + 1, SIZE_MAX);
	}
	*ret_object = (struct firn_object){.uri = uri, .key = key};
	return FIRN_OK;
}

/* As contain, for an object: the root itself is none. */
static firn_rc contain_object(struct firn_ctx *cx, const struct firn_store *store,
			      struct firn_str uri, struct firn_object *ret_object)
{
	struct firn_object object;

	FIRN_TRY(contain(cx, store, uri, &object));
	if (firn_location_trim(object.key).n <= store->root_key.n)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "'%.*s' is the warehouse's location itself, not an object in it",
				 FIRN_FMT(uri));
	*ret_object = object;
	return FIRN_OK;
}

static int64_t begin(const struct firn_ctx *cx, const struct firn_store *store)
{
	return store->ops->on_disk ? firn_monotonic_ns(cx) : 0;
}

static firn_rc end(struct firn_ctx *cx, const struct firn_store *store, int64_t start, firn_rc rc)
{
	if (store->ops->on_disk) {
		cx->timings.store_ns += firn_monotonic_ns(cx) - start;
		cx->timings.store_calls++;
	}
	return rc;
}

firn_rc firn_store_get(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
		       size_t ceiling, struct firn_str *ret_bytes)
{
	int64_t start = begin(cx, store);
	struct firn_object object;

	FIRN_TRY(contain_object(cx, store, uri, &object));
	return end(cx, store, start, store->ops->get(cx, store, &object, ceiling, ret_bytes));
}

firn_rc firn_store_head(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
			struct firn_object_info *ret_info)
{
	int64_t start = begin(cx, store);
	struct firn_object_info info = {0};
	struct firn_object object;

	FIRN_TRY(contain_object(cx, store, uri, &object));
	FIRN_TRY(end(cx, store, start, store->ops->head(cx, store, &object, &info)));
	info.uri = firn_store_uri(cx, store, object.key);
	if (!info.uri.p)
		return cx->err.code;
	*ret_info = info;
	return FIRN_OK;
}

firn_rc firn_store_put(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri,
		       struct firn_str bytes, bool if_absent)
{
	int64_t start = begin(cx, store);
	struct firn_object object;

	FIRN_TRY(contain_object(cx, store, uri, &object));
	return end(cx, store, start, store->ops->put(cx, store, &object, bytes, if_absent));
}

firn_rc firn_store_prepare(struct firn_ctx *cx, struct firn_store *store, struct firn_str uri)
{
	int64_t start = begin(cx, store);
	struct firn_object object;

	FIRN_TRY(contain_object(cx, store, uri, &object));
	if (!store->ops->prepare)
		return FIRN_OK;
	return end(cx, store, start, store->ops->prepare(cx, store, &object));
}

firn_rc firn_store_delete(struct firn_ctx *cx, struct firn_store *store,
			  const struct firn_str *uris, size_t n)
{
	int64_t start = begin(cx, store);
	struct firn_object *objects = firn_calloc(cx, n, sizeof(*objects));

	if (!objects)
		return cx->err.code;
	/* All are contained before the first goes. */
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(contain_object(cx, store, uris[i], &objects[i]));
	if (n == 0)
		return FIRN_OK;
	return end(cx, store, start, store->ops->remove(cx, store, objects, n));
}

/* Drops what no location can name, and so no other call could be given. */
static firn_rc keep_nameable(struct firn_ctx *cx, const struct firn_store *store,
			     struct firn_store_page *page)
{
	size_t n = 0;

	for (size_t i = 0; i < page->n; i++) {
		struct firn_object object;
		firn_rc rc = contain_object(cx, store, page->infos[i].uri, &object);

		if (rc == FIRN_OK)
			page->infos[n++] = page->infos[i];
		else if (rc == FIRN_E_BAD_REQUEST)
			firn_err_clear(cx);
		else
			return rc;
	}
	page->n = n;
	return FIRN_OK;
}

firn_rc firn_store_list(struct firn_ctx *cx, struct firn_store *store, struct firn_str prefix,
			size_t page, struct firn_str *cursor, struct firn_object_info **ret_infos,
			size_t *ret_n)
{
	int64_t start = begin(cx, store);
	struct firn_store_page answer = {
		.cursor = *cursor,
		.size = page == 0	  ? PAGE_DEFAULT
			: page < PAGE_MAX ? page
					  : PAGE_MAX,
	};
	struct firn_object folder;

	FIRN_TRY(contain(cx, store, prefix, &folder));
	folder.key = firn_location_trim(folder.key);
	/* A bucket's own prefix may not begin with a slash that its root is not spelled with. */
	if (folder.key.n < store->root_key.n)
		return outside(cx, store, prefix);
	FIRN_TRY(end(cx, store, start, store->ops->list(cx, store, &folder, &answer)));
	FIRN_TRY(keep_nameable(cx, store, &answer));
	*cursor = answer.cursor;
	*ret_infos = answer.infos;
	*ret_n = answer.n;
	return FIRN_OK;
}
