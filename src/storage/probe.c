/*
 * The probe: what a store can do, found out with one object of its own that is deleted again.
 * Speaks only through the checks; what it fails with is no fault of the store.
 */
#include "firn/arena.h"
#include "firn/uuid.h"
#include "store.h"

#define CHECKS_MAX 5
#define CONTENT "a test object of an Iceberg catalog; it may be deleted\n"
#define PAGES_MAX 1000

struct probe {
	struct firn_store *store;
	struct firn_str uri;
	struct firn_store_check *checks;
	size_t n;
};

/* Whether it is the store's verdict that is set, and not that the probe cannot go on. */
static bool is_verdict(enum firn_code code)
{
	return code == FIRN_E_STORE_NOT_FOUND || code == FIRN_E_STORE_EXISTS ||
	       code == FIRN_E_STORE_DENIED || code == FIRN_E_STORE_BROKEN ||
	       code == FIRN_E_TOO_LARGE;
}

/* Takes the verdict of rc, with the error's message as its detail unless another says how to mend
 * it. */
static firn_rc judge(struct firn_ctx *cx, struct probe *p, const char *name, firn_rc rc,
		     const char *mend)
{
	struct firn_store_check *check = &p->checks[p->n];

	if (rc != FIRN_OK && !is_verdict(rc))
		return rc;
	check->name = name;
	check->passed = rc == FIRN_OK && !mend;
	check->detail = FIRN_STR("");
	if (!check->passed) {
		check->detail = firn_str_dup(cx, firn_str(mend ? mend : cx->err.message));
		firn_err_clear(cx);
		if (!check->detail.p)
			return firn_fail(cx, FIRN_E_TOO_LARGE, "no memory left to probe a store");
	}
	p->n++;
	return FIRN_OK;
}

static firn_rc check_read(struct firn_ctx *cx, struct probe *p)
{
	struct firn_str bytes = FIRN_STR_NONE;
	firn_rc rc = firn_store_get(cx, p->store, p->uri, sizeof(CONTENT), &bytes);
	bool differs = rc == FIRN_OK && !firn_str_is(bytes, CONTENT);

	return judge(cx, p, "read", rc,
		     differs ? "an object that was just written reads differently: use a store "
			       "without a cache between"
			     : NULL);
}

static firn_rc check_conditional(struct firn_ctx *cx, struct probe *p)
{
	firn_rc rc = firn_store_put(cx, p->store, p->uri, FIRN_STR("another"), true);
	const char *mend = NULL;

	if (rc == FIRN_E_STORE_EXISTS) {
		firn_err_clear(cx);
		rc = FIRN_OK;
	} else if (rc == FIRN_OK) {
		mend = "the store overwrites an object despite If-None-Match: use a version of it "
		       "that supports conditional writes";
	}
	return judge(cx, p, "conditional put", rc, mend);
}

/* Looks for the probe object through all pages. */
static firn_rc find(struct firn_ctx *cx, const struct probe *p, bool *ret_found)
{
	struct firn_str cursor = FIRN_STR_NONE;

	for (int page = 0; page < PAGES_MAX; page++) {
		struct firn_object_info *infos;
		size_t n;

		FIRN_TRY(firn_store_list(cx, p->store, p->store->spelling, 0, &cursor, &infos, &n));
		for (size_t i = 0; i < n; i++)
			*ret_found = *ret_found || firn_str_eq(infos[i].uri, p->uri);
		if (!cursor.p || *ret_found)
			break;
	}
	return FIRN_OK;
}

static firn_rc check_list(struct firn_ctx *cx, struct probe *p)
{
	bool found = false;
	firn_rc rc = find(cx, p, &found);

	return judge(cx, p, "list", rc,
		     rc == FIRN_OK && !found
			     ? "an object that was just written is not listed: use a "
			       "store that lists consistently"
			     : NULL);
}

static firn_rc check_delete(struct firn_ctx *cx, struct probe *p)
{
	firn_rc rc = firn_store_delete(cx, p->store, &p->uri, 1);
	struct firn_object_info info;
	const char *mend = NULL;

	if (rc == FIRN_OK) {
		rc = firn_store_head(cx, p->store, p->uri, &info);
		if (rc == FIRN_E_STORE_NOT_FOUND) {
			firn_err_clear(cx);
			rc = FIRN_OK;
		} else if (rc == FIRN_OK) {
			mend = "an object is still there after it was deleted";
		}
	}
	return judge(cx, p, "delete", rc, mend);
}

static firn_rc run(struct firn_ctx *cx, struct probe *p)
{
	firn_rc rc = firn_store_put(cx, p->store, p->uri, FIRN_STR(CONTENT), false);

	FIRN_TRY(judge(cx, p, "write", rc, NULL));
	if (!p->checks[0].passed)
		return FIRN_OK; /* nothing else can be told then */
	FIRN_TRY(check_read(cx, p));
	FIRN_TRY(check_conditional(cx, p));
	FIRN_TRY(check_list(cx, p));
	return check_delete(cx, p);
}

firn_rc firn_store_probe(struct firn_ctx *cx, struct firn_store *store,
			 struct firn_store_check **ret_checks, size_t *ret_n)
{
	struct probe p = {.store = store};
	struct firn_uuid uuid = firn_uuid_v4();
	char text[FIRN_UUID_TEXT + 1];

	firn_uuid_text(&uuid, text);
	/* Right in the root, where deleting it leaves no folder; the dot sorts it into the first
	 * page. */
	p.uri = firn_printf(cx, "%.*s/.firn-probe-%s", FIRN_FMT(store->spelling), text);
	p.checks = firn_calloc(cx, CHECKS_MAX, sizeof(*p.checks));
	if (!p.uri.p || !p.checks)
		return cx->err.code;
	FIRN_TRY(run(cx, &p));
	*ret_checks = p.checks;
	*ret_n = p.n;
	return FIRN_OK;
}
