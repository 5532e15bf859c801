/*
 * The pipelined connection of an event loop. Owns the order of what is in flight; refuses to block,
 * host names aside. The loop watches one epoll descriptor of ours, so that it needn't follow the
 * sockets that come and go beneath it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "firn/crypto.h"
#include "firn/log.h"
#include "internal.h"

/* A query whose asker gave up, or whose connection we left, must not burn the server for ever. */
#define PIPE_SETTINGS "-c statement_timeout=30000"
#define CONNECT_MS 10000
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 2000
#define OUTAGE_MS 5000 /* without a connection for longer: nobody is kept waiting for one */
/* How often one query may lose its connection before it is held to be the cause. */
#define TRIES_MAX 4
#define RING 4096 /* entries in flight; a job takes up to three */

enum state {
	DOWN, /* until retry_ns */
	CONNECTING,
	UP
};

enum kind { PREPARE, QUERY, SYNC };

struct entry {
	enum kind kind;
	bool confirmed; /* sent after the server had said that sql is prepared */
	const struct firn_sql *sql;
	struct firn_pipe_job *job; /* NULL: nobody waits any more */
};

struct queue {
	struct firn_pipe_job *head, **tail;
};

struct firn_pipe {
	char *conninfo;
	const struct firn_clock *clock;
	int epoll;
	enum state state;
	PGconn *conn;
	PostgresPollingStatusType want; /* while CONNECTING */
	uint32_t watched;		/* events, 0 = not watched */
	bool unflushed;
	bool stale; /* needs a fresh connection: statements changed, or the server is closing it */
	unsigned failures;			/* since the last result */
	int64_t retry_ns;			/* while DOWN */
	int64_t outage_ns;			/* when the first of the failures was */
	int64_t give_up_ns;			/* while CONNECTING */
	int64_t earliest_ns;			/* no deadline is before; 0 = none */
	struct firn_statements sent, confirmed; /* prepared: asked for, and known to be */
	struct queue waiting, again;		/* again goes first, each with a sync of its own */
	struct entry ring[RING];
	unsigned first, n;
	size_t jobs;
	char lost[256];
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_add(struct queue *q, struct firn_pipe_job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static struct firn_pipe_job *queue_take(struct queue *q)
{
	struct firn_pipe_job *job = q->head;

	if (job) {
		q->head = job->next;
		if (!q->head)
			q->tail = &q->head;
	}
	return job;
}

static int64_t now_ns(const struct firn_pipe *pipe)
{
	return pipe->clock->monotonic_ns(pipe->clock);
}

struct firn_pipe *firn_pipe_new(const char *conninfo, const struct firn_clock *clock)
{
	struct firn_pipe *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return NULL;
	pipe->clock = clock;
	queue_init(&pipe->waiting);
	queue_init(&pipe->again);
	pipe->epoll = epoll_create1(EPOLL_CLOEXEC);
	pipe->conninfo = strdup(conninfo);
	if (pipe->epoll < 0 || !pipe->conninfo) {
		firn_pipe_free(pipe);
		return NULL;
	}
	return pipe;
}

void firn_pipe_free(struct firn_pipe *pipe)
{
	if (!pipe)
		return;
	PQfinish(pipe->conn);
	if (pipe->epoll >= 0)
		close(pipe->epoll);
	free(pipe->conninfo);
	free(pipe);
}

int firn_pipe_fd(const struct firn_pipe *pipe)
{
	return pipe->epoll;
}

uint32_t firn_pipe_events(const struct firn_pipe *pipe)
{
	(void)pipe;
	return EPOLLIN;
}

size_t firn_pipe_in_flight(const struct firn_pipe *pipe)
{
	return pipe->jobs;
}

static void note_deadline(struct firn_pipe *pipe, const struct firn_pipe_job *job)
{
	int64_t deadline = job->cx->deadline_ns;

	if (deadline && (!pipe->earliest_ns || deadline < pipe->earliest_ns))
		pipe->earliest_ns = deadline;
}

void firn_pipe_ask(struct firn_pipe *pipe, struct firn_pipe_job *job)
{
	job->sent_ns = now_ns(pipe);
	job->tries = 0;
	queue_add(&pipe->waiting, job);
	pipe->jobs++;
	note_deadline(pipe, job);
}

static void finish(struct firn_pipe *pipe, struct firn_pipe_job *job, firn_rc rc,
		   const struct firn_rows *rows)
{
	pipe->jobs--;
	job->cx->timings.db_ns += now_ns(pipe) - job->sent_ns;
	job->cx->timings.db_calls++;
	job->done(job, rc, rc == FIRN_OK ? rows : NULL);
}

static struct entry *entry_at(struct firn_pipe *pipe, unsigned i)
{
	return &pipe->ring[(pipe->first + i) % RING];
}

static void push(struct firn_pipe *pipe, enum kind kind, const struct firn_sql *sql,
		 struct firn_pipe_job *job)
{
	bool confirmed = sql && firn_statements_has(&pipe->confirmed, sql);

	*entry_at(pipe, pipe->n++) = (struct entry){kind, confirmed, sql, job};
}

static void pop(struct firn_pipe *pipe)
{
	pipe->first = (pipe->first + 1) % RING;
	pipe->n--;
}

/* Half the span is certain, half is chance, so that loops and replicas don't come back in step. */
static int64_t backoff_ns(unsigned failures)
{
	int64_t span = BACKOFF_MAX_MS * FIRN_NS_PER_MS;
	uint64_t chance;

	if (failures == 0)
		return 0;
	if (failures < 8 && (BACKOFF_FIRST_MS << (failures - 1)) < BACKOFF_MAX_MS)
		span = (BACKOFF_FIRST_MS << (failures - 1)) * FIRN_NS_PER_MS;
	firn_random(&chance, sizeof(chance));
	return span / 2 + (int64_t)(chance % (uint64_t)(span / 2));
}

/* One that was being worked on when a connection went: asked again, unless it keeps breaking them.
 */
static void charge(struct firn_pipe *pipe, struct firn_pipe_job *job)
{
	if (++job->tries < TRIES_MAX)
		queue_add(&pipe->again, job);
	else
		finish(pipe, job, firn_pg_fail_lost(job->cx, job->ask->sql->name, pipe->lost),
		       NULL);
}

/* What was in flight on a connection that is gone; the server works on the first. */
static void reclaim(struct firn_pipe *pipe, bool charge_first)
{
	while (pipe->n > 0) {
		struct entry e = *entry_at(pipe, 0);

		pop(pipe);
		if (e.kind != QUERY)
			continue;
		if (e.job && charge_first)
			charge(pipe, e.job);
		else if (e.job)
			queue_add(&pipe->again, e.job);
		charge_first = false;
	}
}

static void drop(struct firn_pipe *pipe, const char *why, bool charge_first)
{
	const struct firn_log_field fields[] = {FIRN_F_CSTR("reason", why)};

	if (pipe->state == UP || pipe->failures == 0)
		pipe->outage_ns = now_ns(pipe);
	if (pipe->failures <= 1)
		firn_log(FIRN_LOG_WARN, "database connection of an event loop lost", fields, 1);
	snprintf(pipe->lost, sizeof(pipe->lost), "%s", why ? why : "");
	PQfinish(pipe->conn);
	pipe->conn = NULL;
	pipe->state = DOWN;
	pipe->watched = 0;
	pipe->stale = pipe->unflushed = false;
	pipe->retry_ns = now_ns(pipe) + backoff_ns(pipe->failures);
	pipe->failures++;
	firn_statements_clear(&pipe->sent);
	firn_statements_clear(&pipe->confirmed);
	reclaim(pipe, charge_first);
}

/* It broke, perhaps because of what was worked on. */
static void broken(struct firn_pipe *pipe)
{
	drop(pipe, pipe->conn ? PQerrorMessage(pipe->conn) : "no memory", true);
}

/* We leave the connection. */
static void leave(struct firn_pipe *pipe, const char *why)
{
	drop(pipe, why, false);
}

/* The socket may be another one after each step of connecting, under the same number even. */
static void watch_connecting(struct firn_pipe *pipe)
{
	struct epoll_event event = {.events = pipe->want == PGRES_POLLING_READING ? EPOLLIN
										  : EPOLLOUT};
	int fd = PQsocket(pipe->conn);

	epoll_ctl(pipe->epoll, EPOLL_CTL_DEL, fd, NULL);
	if (epoll_ctl(pipe->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		leave(pipe, "epoll refuses the socket");
	else
		pipe->watched = event.events;
}

static void watch(struct firn_pipe *pipe)
{
	struct epoll_event event = {.events = EPOLLIN | (pipe->unflushed ? (uint32_t)EPOLLOUT : 0)};

	if (pipe->state != UP || event.events == pipe->watched)
		return;
	if (epoll_ctl(pipe->epoll, EPOLL_CTL_MOD, PQsocket(pipe->conn), &event) != 0)
		leave(pipe, "epoll refuses the socket");
	else
		pipe->watched = event.events;
}

static void start(struct firn_pipe *pipe, int64_t now)
{
	pipe->conn = firn_pg_start(pipe->conninfo, PIPE_SETTINGS);
	if (!pipe->conn || PQstatus(pipe->conn) == CONNECTION_BAD) {
		broken(pipe);
		return;
	}
	pipe->state = CONNECTING;
	pipe->want = PGRES_POLLING_WRITING;
	pipe->give_up_ns = now + CONNECT_MS * FIRN_NS_PER_MS;
	watch_connecting(pipe);
}

static void step(struct firn_pipe *pipe, int64_t now)
{
	struct pollfd fd = {.fd = PQsocket(pipe->conn),
			    .events = pipe->want == PGRES_POLLING_READING ? POLLIN : POLLOUT};

	if (poll(&fd, 1, 0) <= 0) {
		if (now >= pipe->give_up_ns)
			leave(pipe, "no answer while connecting");
		return;
	}
	pipe->want = PQconnectPoll(pipe->conn);
	if (pipe->want == PGRES_POLLING_READING || pipe->want == PGRES_POLLING_WRITING) {
		watch_connecting(pipe);
		return;
	}
	if (pipe->want != PGRES_POLLING_OK || !firn_pg_settle(pipe->conn, &pipe->stale) ||
	    !PQenterPipelineMode(pipe->conn)) {
		broken(pipe);
		return;
	}
	if (pipe->failures > 0)
		firn_log(FIRN_LOG_INFO, "database connection of an event loop is back", NULL, 0);
	pipe->state = UP;
	watch_connecting(pipe);
}

/* A statement that could not be prepared fails the query behind it, which was sent along. */
static struct firn_pipe_job *take_preparer(struct firn_pipe *pipe)
{
	struct entry *query = entry_at(pipe, 0);
	struct firn_pipe_job *job = query->job;

	query->job = NULL;
	return job;
}

static void fail_job(struct firn_pipe *pipe, struct firn_pipe_job *job, const PGresult *result)
{
	if (job)
		finish(pipe, job, firn_pg_fail(job->cx, result, job->ask->sql->name), NULL);
}

/*
 * The server's refusal of one entry. A query may miss its statement because preparing that failed
 * in an earlier stretch of the pipeline: it is asked again, and prepares for itself.
 */
static void take_error(struct firn_pipe *pipe, const struct entry *e, const PGresult *result)
{
	enum firn_pg_end end = firn_pg_judge(result);
	struct firn_pipe_job *job = e->kind == PREPARE ? take_preparer(pipe) : e->job;

	if (e->kind == PREPARE)
		firn_statements_remove(&pipe->sent, e->sql);
	if (end == FIRN_PG_ERROR) {
		fail_job(pipe, job, result);
		return;
	}
	if (end == FIRN_PG_STALE && e->kind == QUERY && !e->confirmed) {
		if (job)
			queue_add(&pipe->again, job);
		return;
	}
	pipe->stale = true;
	if (job)
		charge(pipe, job);
}

static void take_rows(struct firn_pipe *pipe, const struct entry *e, PGresult *result)
{
	const struct firn_rows *rows = NULL;
	firn_rc rc;

	if (e->kind == PREPARE)
		firn_statements_add(&pipe->confirmed, e->sql);
	if (e->kind != QUERY || !e->job) {
		PQclear(result);
		return;
	}
	rc = firn_rows_wrap(e->job->cx, result, &rows);
	finish(pipe, e->job, rc, rows);
}

/* An error further up took this one down: not its fault, so it is asked again. */
static void take_abort(struct firn_pipe *pipe, const struct entry *e)
{
	if (e->kind == PREPARE)
		firn_statements_remove(&pipe->sent, e->sql);
	else if (e->kind == QUERY && e->job)
		queue_add(&pipe->again, e->job);
}

/* The first result of the entry at the head of the ring; the NULL that ends it follows. */
static void take(struct firn_pipe *pipe, PGresult *result)
{
	struct entry e = *entry_at(pipe, 0);
	ExecStatusType status = PQresultStatus(result);

	pop(pipe);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		take_rows(pipe, &e, result);
		return;
	}
	if (status == PGRES_PIPELINE_ABORTED)
		take_abort(pipe, &e);
	else if (status != PGRES_PIPELINE_SYNC)
		take_error(pipe, &e, result);
	PQclear(result);
}

/* Without ready only what libpq has already: it reads on its own when a send would block. */
static void read_results(struct firn_pipe *pipe, bool ready)
{
	bool readable =
		(!ready || PQconsumeInput(pipe->conn)) && PQstatus(pipe->conn) == CONNECTION_OK;

	while (readable && pipe->n > 0 && !pipe->stale && !PQisBusy(pipe->conn)) {
		PGresult *result = PQgetResult(pipe->conn);

		if (!result)
			continue; /* the end of one entry's results */
		pipe->failures = 0;
		take(pipe, result);
		readable = PQstatus(pipe->conn) == CONNECTION_OK;
	}
	if (readable && pipe->n == 0) /* to have it look at what came unasked */
		readable = !PQisBusy(pipe->conn);
	if (!readable)
		broken(pipe);
	else if (pipe->stale)
		leave(pipe, "closed by the server, or stale");
}

static bool expired(const struct firn_pipe_job *job, int64_t now)
{
	return job->cx->deadline_ns && job->cx->deadline_ns <= now;
}

static void give_up(struct firn_pipe *pipe, struct firn_pipe_job *job)
{
	firn_rc rc = firn_pg_fail_late(job->cx, job->ask->sql->name);

	if (pipe->state != UP)
		firn_note(job->cx, "no connection: %s", pipe->lost);
	finish(pipe, job, rc, NULL);
}

static bool is_out(const struct firn_pipe *pipe, int64_t now)
{
	return pipe->state != UP && pipe->failures > 0 &&
	       now - pipe->outage_ns > OUTAGE_MS * FIRN_NS_PER_MS;
}

static void expire_queue(struct firn_pipe *pipe, struct queue *q, int64_t now)
{
	struct queue old = *q;
	struct firn_pipe_job *job;

	if (!old.head)
		return;
	queue_init(q);
	while ((job = old.head) != NULL) {
		old.head = job->next;
		if (expired(job, now) || is_out(pipe, now)) {
			give_up(pipe, job);
		} else {
			note_deadline(pipe, job);
			queue_add(q, job);
		}
	}
}

/*
 * Scans everything, but only once the earliest deadline known has passed. When the query that the
 * server works on is out of time, all behind it wait for nothing: they get another connection.
 */
static void expire(struct firn_pipe *pipe, int64_t now)
{
	bool at_work = true, stuck = false;

	if ((!pipe->earliest_ns || now < pipe->earliest_ns) && !is_out(pipe, now))
		return;
	pipe->earliest_ns = 0;
	for (unsigned i = 0; i < pipe->n; i++) {
		struct entry *e = entry_at(pipe, i);
		struct firn_pipe_job *job = e->job;

		if (!job || e->kind != QUERY)
			continue;
		if (!expired(job, now)) {
			at_work = false;
			note_deadline(pipe, job);
			continue;
		}
		e->job = NULL;
		stuck |= at_work;
		give_up(pipe, job);
	}
	expire_queue(pipe, &pipe->again, now);
	expire_queue(pipe, &pipe->waiting, now);
	if (stuck)
		leave(pipe, "no answer within a query's deadline");
}

static bool send_job(struct firn_pipe *pipe, struct firn_pipe_job *job)
{
	const struct firn_sql *sql = job->ask->sql;
	const struct firn_params *params = &job->ask->params;

	if (!firn_statements_has(&pipe->sent, sql)) {
		if (!PQsendPrepare(pipe->conn, sql->name, sql->text, 0, NULL))
			return false;
		firn_statements_add(&pipe->sent, sql);
		push(pipe, PREPARE, sql, NULL);
	}
	if (!PQsendQueryPrepared(pipe->conn, sql->name, (int)params->n, params->values, NULL, NULL,
				 0))
		return false;
	push(pipe, QUERY, sql, job);
	return true;
}

static bool send_sync(struct firn_pipe *pipe)
{
	if (!PQpipelineSync(pipe->conn))
		return false;
	push(pipe, SYNC, NULL, NULL);
	return true;
}

/* False when the connection failed on the way; what was sent is in the ring, the rest still queued.
 */
static bool send_queue(struct firn_pipe *pipe, struct queue *q, bool sync_each)
{
	bool open = false;
	struct firn_pipe_job *job;

	while (pipe->n + 4 <= RING && (job = queue_take(q)) != NULL) {
		if (!send_job(pipe, job)) {
			queue_add(&pipe->again, job);
			return false;
		}
		open = !sync_each;
		if (sync_each && !send_sync(pipe))
			return false;
	}
	return !open || send_sync(pipe);
}

static void send_all(struct firn_pipe *pipe)
{
	int pending = pipe->unflushed;

	if (pipe->again.head || pipe->waiting.head) {
		if (!send_queue(pipe, &pipe->again, true) ||
		    !send_queue(pipe, &pipe->waiting, false)) {
			broken(pipe);
			return;
		}
		pending = 1;
	}
	if (pending)
		pending = PQflush(pipe->conn);
	pipe->unflushed = pending == 1;
	if (pending < 0)
		broken(pipe);
}

static int next_wait_ms(const struct firn_pipe *pipe, int64_t now)
{
	int64_t next = pipe->jobs ? pipe->earliest_ns : 0;
	int64_t ms;

	if (pipe->state == DOWN && (!next || pipe->retry_ns < next))
		next = pipe->retry_ns;
	if (pipe->state == CONNECTING && (!next || pipe->give_up_ns < next))
		next = pipe->give_up_ns;
	if (!next)
		return -1;
	ms = (next - now + FIRN_NS_PER_MS - 1) / FIRN_NS_PER_MS;
	return ms < 0 ? 0 : (int)ms;
}

int firn_pipe_turn(struct firn_pipe *pipe, bool ready)
{
	int64_t now = now_ns(pipe);

	if (pipe->state == CONNECTING)
		step(pipe, now);
	if (pipe->state == UP)
		read_results(pipe, ready);
	expire(pipe, now);
	if (pipe->state == DOWN && now >= pipe->retry_ns)
		start(pipe, now);
	if (pipe->state == UP)
		send_all(pipe);
	watch(pipe);
	return next_wait_ms(pipe, now_ns(pipe));
}
