#include "steward.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/http.h"
#include "firn/log.h"
#include "follow.h"
#include "loop.h"

enum {
	POLL_MS = 200, /* how soon a commit's event is numbered */
	TIDY_MS = 60000,
	HEARTBEAT_MS = 15000,
	MOST_FOLLOWERS = 256,
	BATCH = 512, /* events read at once for one follower; fewer when they are large */
	BUFFER_CEILING = 1 << 20, /* of one batch's text, and more is fed only below it */
	ARENA_CEILING = 64 << 20,
	WORK_SECONDS = 30,
	PATIENCE_SECONDS = 5 /* without an answer, PostgreSQL counts as out of reach */
};

struct firn_follower {
	struct firn_follower *next;
	uint64_t serial; /* no other follower ever has it */
	struct firn_steward *steward;
	struct firn_loop *loop;
	int64_t cursor;
	char *warehouse; /* malloc'ed; NULL = all */
	char *bytes;	 /* malloc'ed, what the loop has yet to send */
	size_t n, capacity;
	int64_t fed_ns;
	bool ended; /* nothing more comes: what it asks for can't be read */
};

struct firn_steward {
	struct firn_server *server;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all followers and the flags */
	pthread_cond_t wake;
	struct firn_follower *followers;
	unsigned n_followers;
	uint64_t last_serial;
	bool stopping, streams_ended;
	int64_t head; /* newest numbered event seen */
	int64_t next_tidy_ms;
	struct firn_arena *feeding; /* the thread's own: of one follower's events */
	_Atomic int64_t reached_ns; /* when PostgreSQL last answered */
};

/* ---- followers ------------------------------------------------------------------------------ */

struct firn_follower *firn_follower_open(struct firn_steward *steward, struct firn_loop *loop,
					 int64_t after, struct firn_str warehouse)
{
	struct firn_follower *follower = calloc(1, sizeof(*follower));

	if (!follower)
		return NULL;
	follower->steward = steward;
	follower->loop = loop;
	follower->cursor = after;
	follower->warehouse = warehouse.p ? strndup(warehouse.p, warehouse.n) : NULL;
	pthread_mutex_lock(&steward->lock);
	if (steward->n_followers >= MOST_FOLLOWERS || steward->streams_ended ||
	    (warehouse.p && !follower->warehouse)) {
		pthread_mutex_unlock(&steward->lock);
		free(follower->warehouse);
		free(follower);
		return NULL;
	}
	follower->serial = ++steward->last_serial;
	follower->next = steward->followers;
	steward->followers = follower;
	steward->n_followers++;
	pthread_cond_signal(&steward->wake);
	pthread_mutex_unlock(&steward->lock);
	return follower;
}

void firn_follower_close(struct firn_follower *follower)
{
	struct firn_steward *steward = follower->steward;
	struct firn_follower **link = &steward->followers;

	pthread_mutex_lock(&steward->lock);
	while (*link != follower)
		link = &(*link)->next;
	*link = follower->next;
	steward->n_followers--;
	pthread_mutex_unlock(&steward->lock);
	free(follower->warehouse);
	free(follower->bytes);
	free(follower);
}

ptrdiff_t firn_follower_read(struct firn_follower *follower, char *out, size_t n)
{
	struct firn_steward *steward = follower->steward;
	ptrdiff_t taken;

	pthread_mutex_lock(&steward->lock);
	if (n > follower->n)
		n = follower->n;
	taken = (steward->streams_ended || follower->ended) && n == 0 ? -1 : (ptrdiff_t)n;
	if (n > 0) {
		memcpy(out, follower->bytes, n);
		memmove(follower->bytes, follower->bytes + n, follower->n - n);
		follower->n -= n;
	}
	if (follower->n == 0) {
		free(follower->bytes);
		follower->bytes = NULL;
		follower->capacity = 0;
	}
	pthread_mutex_unlock(&steward->lock);
	return taken;
}

/* With the lock held. False without memory: try again later. */
static bool feed(struct firn_follower *follower, struct firn_str text, int64_t now_ns)
{
	if (follower->n + text.n > follower->capacity) {
		size_t capacity = follower->n + text.n;
		char *grown = realloc(follower->bytes, capacity);
		if (!grown)
			return false;
		follower->bytes = grown;
		follower->capacity = capacity;
	}
	memcpy(follower->bytes + follower->n, text.p, text.n);
	follower->n += text.n;
	follower->fed_ns = now_ns;
	firn_loop_wake_followers(follower->loop);
	return true;
}

/* A follower as it was when it was found to be behind. */
struct due {
	uint64_t serial;
	int64_t cursor;
	char *warehouse; /* malloc'ed; NULL = all */
};

/* One event of the JSON array as a server-sent event. */
static void put_event(struct firn_buf *out, struct firn_ctx *cx, const struct firn_json *event)
{
	struct firn_str text;
	struct firn_str number = firn_json_str(firn_json_get(event, "number"));
	struct firn_str kind = firn_json_str(firn_json_get(event, "kind"));

	if (firn_json_dump(cx, event, false, &text) != FIRN_OK)
		return;
	firn_buf_printf(out, "id: %.*s\nevent: %.*s\ndata: ", FIRN_FMT(number), FIRN_FMT(kind));
	firn_buf_str(out, text);
	firn_buf_cstr(out, "\n\n");
}

/* The next events after a cursor as stream text, at most `batch`; *ret_cursor moves on. */
static firn_rc stream_text(struct firn_ctx *cx, struct firn_server *server, const struct due *due,
			   int64_t batch, struct firn_str *ret_text, int64_t *ret_cursor)
{
	struct firn_buf json, out;
	struct firn_jw writer;
	struct firn_str text;
	const struct firn_json *events;

	firn_buf_init(&json, cx, ARENA_CEILING / 2);
	firn_jw_init(&writer, &json);
	FIRN_TRY(firn_events_read(cx, server->catalog, firn_str(due->warehouse), due->cursor, batch,
				  &writer, ret_cursor));
	FIRN_TRY(firn_buf_end(&json, &text));
	FIRN_TRY(firn_json_parse(cx, text, "events", &events));
	firn_buf_init(&out, cx, BUFFER_CEILING);
	for (size_t i = 0; i < firn_json_count(events); i++)
		put_event(&out, cx, firn_json_at(events, i));
	return firn_buf_end(&out, ret_text);
}

/* A follower may close while its events are read. text NULL: its stream ends. */
static void deliver(struct firn_steward *steward, const struct due *due,
		    const struct firn_str *text, int64_t cursor, int64_t now_ns)
{
	pthread_mutex_lock(&steward->lock);
	for (struct firn_follower *f = steward->followers; f; f = f->next) {
		if (f->serial != due->serial)
			continue;
		f->ended = !text;
		if (!text)
			firn_loop_wake_followers(f->loop);
		else if (text->n == 0 || feed(f, *text, now_ns))
			f->cursor = cursor;
	}
	pthread_mutex_unlock(&steward->lock);
}

/* Followers behind the head with room in their buffers; heartbeats go to the quiet ones. */
static size_t collect_due(struct firn_steward *steward, int64_t now_ns,
			  struct due out[static MOST_FOLLOWERS])
{
	size_t n = 0;
	pthread_mutex_lock(&steward->lock);
	for (struct firn_follower *f = steward->followers; f; f = f->next) {
		if (f->cursor < steward->head && f->n < BUFFER_CEILING && !f->ended) {
			out[n] = (struct due){f->serial, f->cursor,
					      f->warehouse ? strdup(f->warehouse) : NULL};
			n += !f->warehouse || out[n].warehouse; /* without memory: later */
		} else if (now_ns - f->fed_ns > HEARTBEAT_MS * 1000000LL && f->n == 0) {
			(void)feed(f, FIRN_STR(": keep-alive\n\n"), now_ns);
		}
	}
	pthread_mutex_unlock(&steward->lock);
	return n;
}

static bool is_outage(enum firn_code code)
{
	return code == FIRN_E_DB_BROKEN || code == FIRN_E_DB_CONFLICT ||
	       code == FIRN_E_UNAVAILABLE || code == FIRN_E_INTERNAL;
}

/* In an arena of its own: what one follower asks for is no other's trouble. */
static firn_rc feed_one(struct firn_ctx *cx, struct firn_steward *steward, const struct due *due)
{
	struct firn_ctx own = *cx;
	struct firn_str text;
	int64_t cursor;
	firn_rc rc = FIRN_E_TOO_LARGE;

	for (int64_t batch = BATCH; rc == FIRN_E_TOO_LARGE && batch > 0; batch /= 8) {
		firn_arena_reset(steward->feeding);
		own.arena = steward->feeding;
		own.err = cx->err;
		rc = stream_text(&own, steward->server, due, batch, &text, &cursor);
	}
	if (rc == FIRN_OK)
		deliver(steward, due, &text, cursor, firn_monotonic_ns(cx));
	else if (!is_outage(rc))
		deliver(steward, due, NULL, due->cursor, 0);
	else
		cx->err = own.err;
	return cx->err.code;
}

static firn_rc feed_followers(struct firn_ctx *cx, struct firn_steward *steward)
{
	struct due due[MOST_FOLLOWERS];
	size_t n = collect_due(steward, firn_monotonic_ns(cx), due);

	for (size_t i = 0; i < n; i++) {
		if (cx->err.code == FIRN_OK)
			(void)feed_one(cx, steward, &due[i]);
		free(due[i].warehouse);
	}
	return cx->err.code;
}

/* ---- the thread ----------------------------------------------------------------------------- */

static firn_rc work(struct firn_ctx *cx, struct firn_steward *steward)
{
	int64_t numbered, head;

	FIRN_TRY(firn_events_number(cx, &numbered));
	FIRN_TRY(firn_events_head(cx, &head));
	atomic_store(&steward->reached_ns, firn_monotonic_ns(cx));
	pthread_mutex_lock(&steward->lock);
	steward->head = head;
	pthread_mutex_unlock(&steward->lock);
	FIRN_TRY(feed_followers(cx, steward));
	if (firn_wall_ms(cx) >= steward->next_tidy_ms) {
		steward->next_tidy_ms = firn_wall_ms(cx) + TIDY_MS;
		FIRN_TRY(firn_catalog_tidy(cx, steward->server->catalog));
	}
	return FIRN_OK;
}

static void log_failure(const struct firn_ctx *cx)
{
	struct firn_log_field fields[] = {FIRN_F_CSTR("error", cx->err.message),
					  FIRN_F_CSTR("notes", cx->err.notes)};
	firn_log(FIRN_LOG_WARN, "background work failed; it is tried again", fields, 2);
}

/* False when stopping. */
static bool pause_between(struct firn_steward *steward)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POLL_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&steward->lock);
	if (!steward->stopping)
		(void)pthread_cond_timedwait(&steward->wake, &steward->lock, &until);
	go_on = !steward->stopping;
	pthread_mutex_unlock(&steward->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct firn_steward *steward = arg;
	struct firn_arena *arena = firn_arena_new(ARENA_CEILING);
	struct firn_db *db = firn_db_new(steward->server->conninfo);
	struct firn_http *http = firn_http_new();
	bool failing = false;

	steward->feeding = firn_arena_new(ARENA_CEILING);
	if (!arena || !steward->feeding || !db || !http)
		abort(); /* at start-up, without memory for a few hundred bytes */
	do {
		struct firn_ctx cx;
		firn_ctx_init(&cx, arena);
		cx.db = db;
		cx.http = http;
		cx.deadline_ns = firn_monotonic_ns(&cx) + WORK_SECONDS * 1000000000LL;
		if (work(&cx, steward) == FIRN_OK)
			failing = false;
		else if (!failing) {
			log_failure(&cx);
			failing = true; /* once per outage, not five times a second */
		}
		firn_arena_reset(arena);
	} while (pause_between(steward));
	firn_http_free(http);
	firn_db_free(db);
	firn_arena_free(steward->feeding);
	firn_arena_free(arena);
	return NULL;
}

firn_rc firn_steward_start(struct firn_ctx *cx, struct firn_server *server,
			   struct firn_steward **ret_steward)
{
	struct firn_steward *steward = calloc(1, sizeof(*steward));
	pthread_condattr_t monotonic;

	if (!steward)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for the steward");
	steward->server = server;
	atomic_store(&steward->reached_ns, firn_monotonic_ns(cx)); /* the start needed it */
	pthread_mutex_init(&steward->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&steward->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&steward->thread, NULL, run, steward) != 0) {
		pthread_cond_destroy(&steward->wake);
		pthread_mutex_destroy(&steward->lock);
		free(steward);
		return firn_fail(cx, FIRN_E_INTERNAL, "The system starts no more threads");
	}
	*ret_steward = steward;
	return FIRN_OK;
}

bool firn_steward_reaches_database(struct firn_steward *steward)
{
	int64_t now = firn_system_clock.monotonic_ns(&firn_system_clock);
	return now - atomic_load(&steward->reached_ns) < PATIENCE_SECONDS * 1000000000LL;
}

void firn_steward_end_streams(struct firn_steward *steward)
{
	pthread_mutex_lock(&steward->lock);
	steward->streams_ended = true;
	for (struct firn_follower *f = steward->followers; f; f = f->next)
		firn_loop_wake_followers(f->loop);
	pthread_mutex_unlock(&steward->lock);
}

void firn_steward_stop(struct firn_steward *steward)
{
	pthread_mutex_lock(&steward->lock);
	steward->stopping = true;
	pthread_cond_signal(&steward->wake);
	pthread_mutex_unlock(&steward->lock);
	pthread_join(steward->thread, NULL);
	pthread_cond_destroy(&steward->wake);
	pthread_mutex_destroy(&steward->lock);
	free(steward);
}
