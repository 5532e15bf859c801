#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "http.h"
#include "lanes.h"

enum { SWEEP_NS = 1000000000, DRAIN_TICK_MS = 50 };
/* Larger answers are compressed on a lane. */
enum { ENCODE_INLINE_BYTES = 64 * 1024 };

struct firn_loop {
	struct firn_server *server;
	unsigned index;
	pthread_t thread;
	int epoll_fd, wake_fd;
	struct firn_http_front *front;
	struct firn_pipe *pipe;
	pthread_mutex_t lock; /* guards given */
	struct firn_exchange *given;
	_Atomic bool followers_due;
	_Atomic int64_t stop_deadline_ns; /* 0: run */
	int64_t next_sweep_ns;
};

struct firn_server *firn_loop_server(struct firn_loop *loop)
{
	return loop->server;
}

unsigned firn_loop_index(const struct firn_loop *loop)
{
	return loop->index;
}

static void wake(struct firn_loop *loop)
{
	const uint64_t one = 1;
	ssize_t n = write(loop->wake_fd, &one, sizeof(one));
	(void)n; /* a full counter is a wake-up already */
}

void firn_loop_give_back(struct firn_loop *loop, struct firn_exchange *exchange)
{
	pthread_mutex_lock(&loop->lock);
	exchange->next = loop->given;
	loop->given = exchange;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

void firn_loop_wake_followers(struct firn_loop *loop)
{
	atomic_store(&loop->followers_due, true);
	wake(loop);
}

/* ---- where a call goes next ----------------------------------------------------------------- */

static void refuse_overload(struct firn_loop *loop, struct firn_exchange *exchange)
{
	struct firn_ctx *cx = &exchange->call.cx;
	firn_err_clear(cx);
	if (firn_call_mutates(&exchange->call))
		(void)firn_fail(cx, FIRN_E_TOO_MANY_REQUESTS,
				"The server is busy; nothing was changed, try again");
	else
		(void)firn_fail(cx, FIRN_E_UNAVAILABLE, "The server is busy; try again");
	firn_api_fail(&exchange->call);
	firn_http_front_reply(loop->front, exchange);
}

/* False: the queue is full. */
static bool queue(struct firn_loop *loop, struct firn_exchange *exchange)
{
	exchange->queued_ns = firn_monotonic_ns(&exchange->call.cx);
	if (exchange->state != FIRN_EXCHANGE_WAITING)
		firn_http_front_suspend(exchange);
	return firn_lanes_push(loop->server->lanes, exchange);
}

static void to_lane(struct firn_loop *loop, struct firn_exchange *exchange)
{
	if (!queue(loop, exchange))
		refuse_overload(loop, exchange);
}

static void reply(struct firn_loop *loop, struct firn_exchange *exchange)
{
	if (!firn_http_encode(exchange, ENCODE_INLINE_BYTES)) {
		exchange->encode_only = true;
		if (queue(loop, exchange))
			return; /* else it goes out as it is: encoding is a courtesy */
	}
	firn_http_front_reply(loop->front, exchange);
}

static void on_rows(struct firn_pipe_job *job, firn_rc rc, const struct firn_rows *rows)
{
	struct firn_exchange *exchange =
		(struct firn_exchange *)(void *)((char *)job - offsetof(struct firn_exchange, job));
	firn_loop_dispatch(exchange->loop, exchange, firn_api_answer(&exchange->call, rc, rows));
}

static void to_pipe(struct firn_loop *loop, struct firn_exchange *exchange)
{
	exchange->job = (struct firn_pipe_job){
		.cx = &exchange->call.cx, .ask = exchange->call.ask, .done = on_rows};
	if (exchange->state != FIRN_EXCHANGE_WAITING)
		firn_http_front_suspend(exchange);
	firn_pipe_ask(loop->pipe, &exchange->job);
}

void firn_loop_dispatch(struct firn_loop *loop, struct firn_exchange *exchange, enum firn_next next)
{
	switch (next) {
	case FIRN_NEXT_REPLY:
		reply(loop, exchange);
		break;
	case FIRN_NEXT_ASK:
		to_pipe(loop, exchange);
		break;
	case FIRN_NEXT_LANE:
		to_lane(loop, exchange);
		break;
	}
}

/* ---- one turn ------------------------------------------------------------------------------- */

static void take_back(struct firn_loop *loop)
{
	struct firn_exchange *list, *ordered = NULL;

	pthread_mutex_lock(&loop->lock);
	list = loop->given;
	loop->given = NULL;
	pthread_mutex_unlock(&loop->lock);
	while (list) { /* given last comes first: turn it round */
		struct firn_exchange *exchange = list;
		list = exchange->next;
		exchange->next = ordered;
		ordered = exchange;
	}
	while (ordered) {
		struct firn_exchange *exchange = ordered;
		ordered = exchange->next;
		firn_http_front_reply(loop->front, exchange);
	}
	if (atomic_exchange(&loop->followers_due, false))
		firn_http_front_wake_followers(loop->front);
}

static int smaller(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* True: the pipe is ready. */
static bool wait_for_events(struct firn_loop *loop, int pipe_ms)
{
	bool pipe_ready = false;
	struct epoll_event events[8];
	bool stopping = atomic_load(&loop->stop_deadline_ns) != 0;
	int timeout = smaller(smaller(firn_http_front_timeout_ms(loop->front), pipe_ms),
			      stopping ? DRAIN_TICK_MS : 1000);
	int n = epoll_wait(loop->epoll_fd, events, 8, timeout);

	for (int i = 0; i < n; i++) {
		pipe_ready |= events[i].data.ptr == loop->pipe;
		if (events[i].data.ptr == loop) {
			uint64_t count;
			ssize_t got = read(loop->wake_fd, &count, sizeof(count));
			(void)got;
		}
	}
	return pipe_ready;
}

static void turn(struct firn_loop *loop)
{
	int64_t now;
	int pipe_ms = firn_pipe_turn(loop->pipe, false);

	if (wait_for_events(loop, pipe_ms))
		(void)firn_pipe_turn(loop->pipe, true);
	take_back(loop);
	firn_http_front_run(loop->front);
	now = firn_system_clock.monotonic_ns(&firn_system_clock);
	if (now >= loop->next_sweep_ns) {
		firn_http_front_sweep(loop->front, now);
		loop->next_sweep_ns =
			now + (atomic_load(&loop->stop_deadline_ns) ? SWEEP_NS / 20 : SWEEP_NS);
	}
}

static void *run(void *arg)
{
	struct firn_loop *loop = arg;
	bool draining = false;

	for (;;) {
		int64_t deadline = atomic_load(&loop->stop_deadline_ns);
		if (deadline && !draining) {
			firn_http_front_drain(loop->front, deadline);
			loop->next_sweep_ns = 0;
			draining = true;
		}
		if (deadline && firn_http_front_busy(loop->front) == 0)
			break;
		turn(loop);
	}
	return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static firn_rc watch(struct firn_ctx *cx, struct firn_loop *loop, int fd, void *who)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = who}};
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_INTERNAL, "The event loop can't watch a descriptor: %s",
			 strerrordesc_np(errno));
}

static firn_rc open_parts(struct firn_ctx *cx, struct firn_loop *loop)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "No descriptors for an event loop: %s",
				 strerrordesc_np(errno));
	loop->pipe = firn_pipe_new(loop->server->conninfo, &firn_system_clock);
	if (!loop->pipe)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for an event loop");
	FIRN_TRY(firn_http_front_open(cx, loop, &loop->front));
	FIRN_TRY(watch(cx, loop, loop->wake_fd, loop));
	FIRN_TRY(watch(cx, loop, firn_pipe_fd(loop->pipe), loop->pipe));
	return watch(cx, loop, firn_http_front_fd(loop->front), loop->front);
}

void firn_loop_free(struct firn_loop *loop)
{
	if (loop->front)
		firn_http_front_free(loop->front);
	if (loop->pipe)
		firn_pipe_free(loop->pipe);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		(void)close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

firn_rc firn_loop_start(struct firn_ctx *cx, struct firn_server *server, unsigned index,
			struct firn_loop **ret_loop)
{
	struct firn_loop *loop = calloc(1, sizeof(*loop));
	firn_rc rc;

	if (!loop)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for an event loop");
	loop->server = server;
	loop->index = index;
	loop->epoll_fd = loop->wake_fd = -1;
	pthread_mutex_init(&loop->lock, NULL);
	rc = open_parts(cx, loop);
	if (rc == FIRN_OK && pthread_create(&loop->thread, NULL, run, loop) != 0)
		rc = firn_fail(cx, FIRN_E_INTERNAL, "The system starts no more threads");
	if (rc != FIRN_OK) {
		firn_loop_free(loop);
		return rc;
	}
	*ret_loop = loop;
	return FIRN_OK;
}

void firn_loop_drain(struct firn_loop *loop, int64_t deadline_ns)
{
	atomic_store(&loop->stop_deadline_ns, deadline_ns);
	wake(loop);
}

void firn_loop_join(struct firn_loop *loop)
{
	pthread_join(loop->thread, NULL);
}
