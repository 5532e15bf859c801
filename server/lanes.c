#include "lanes.h"

#include <pthread.h>
#include <stdlib.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/http.h"
#include "http.h"
#include "loop.h"

/* Queue keys share this many slots: two tables on one slot merely wait for each other. */
enum { KEY_SLOTS = 1021 };

struct fifo {
	struct firn_exchange *first, *last;
};

struct key_slot {
	bool busy;
	struct fifo waiting;
};

struct firn_lanes {
	struct firn_server *server;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct fifo ready;
	struct key_slot slots[KEY_SLOTS];
	unsigned queued, ceiling; /* queued: ready and waiting for a slot */
	bool stopping;
	unsigned n_threads;
	pthread_t threads[];
};

static void fifo_put(struct fifo *fifo, struct firn_exchange *exchange)
{
	exchange->next = NULL;
	if (fifo->last)
		fifo->last->next = exchange;
	else
		fifo->first = exchange;
	fifo->last = exchange;
}

static struct firn_exchange *fifo_take(struct fifo *fifo)
{
	struct firn_exchange *exchange = fifo->first;
	if (exchange)
		fifo->first = exchange->next;
	if (!fifo->first)
		fifo->last = NULL;
	return exchange;
}

/* The slot that orders this task; NULL when nothing does. */
static struct key_slot *slot_of(struct firn_lanes *lanes, const struct firn_exchange *exchange)
{
	if (exchange->encode_only || exchange->call.queue_key == 0)
		return NULL;
	return &lanes->slots[exchange->call.queue_key % KEY_SLOTS];
}

bool firn_lanes_push(struct firn_lanes *lanes, struct firn_exchange *exchange)
{
	struct key_slot *slot = slot_of(lanes, exchange);
	bool taken = false;

	pthread_mutex_lock(&lanes->lock);
	if (lanes->queued < lanes->ceiling && !lanes->stopping) {
		taken = true;
		lanes->queued++;
		if (slot && slot->busy) {
			fifo_put(&slot->waiting, exchange);
		} else {
			if (slot)
				slot->busy = true;
			fifo_put(&lanes->ready, exchange);
			pthread_cond_signal(&lanes->work);
		}
	}
	pthread_mutex_unlock(&lanes->lock);
	return taken;
}

/* The task of a slot is done: the next in its line becomes ready. */
static void slot_done(struct firn_lanes *lanes, struct key_slot *slot)
{
	struct firn_exchange *next;

	pthread_mutex_lock(&lanes->lock);
	next = fifo_take(&slot->waiting);
	if (next) {
		fifo_put(&lanes->ready, next);
		pthread_cond_signal(&lanes->work);
	} else {
		slot->busy = false;
	}
	pthread_mutex_unlock(&lanes->lock);
}

/* NULL: stopping, and nothing is left. */
static struct firn_exchange *take(struct firn_lanes *lanes)
{
	struct firn_exchange *exchange;

	pthread_mutex_lock(&lanes->lock);
	while (!(exchange = fifo_take(&lanes->ready)) && !(lanes->stopping && lanes->queued == 0))
		pthread_cond_wait(&lanes->work, &lanes->lock);
	if (exchange)
		lanes->queued--;
	if (lanes->stopping && lanes->queued == 0)
		pthread_cond_broadcast(&lanes->work);
	pthread_mutex_unlock(&lanes->lock);
	return exchange;
}

static void work_on(struct firn_lanes *lanes, struct firn_exchange *exchange, struct firn_db *db,
		    struct firn_http *http)
{
	struct firn_ctx *cx = &exchange->call.cx;
	struct key_slot *slot = slot_of(lanes, exchange);

	cx->timings.lane_wait_ns += firn_monotonic_ns(cx) - exchange->queued_ns;
	cx->db = db;
	cx->http = http;
	if (!exchange->encode_only)
		firn_api_run(&exchange->call);
	cx->db = NULL;
	cx->http = NULL;
	if (slot)
		slot_done(lanes, slot);
	(void)firn_http_encode(exchange, SIZE_MAX);
	firn_loop_give_back(exchange->loop, exchange);
}

static void *run(void *arg)
{
	struct firn_lanes *lanes = arg;
	struct firn_db *db = firn_db_new(lanes->server->conninfo);
	struct firn_http *http = firn_http_new();
	struct firn_exchange *exchange;

	if (!db || !http)
		abort(); /* at start-up, without memory for a few hundred bytes */
	while ((exchange = take(lanes)))
		work_on(lanes, exchange, db, http);
	firn_http_free(http);
	firn_db_free(db);
	return NULL;
}

firn_rc firn_lanes_start(struct firn_ctx *cx, struct firn_server *server,
			 struct firn_lanes **ret_lanes)
{
	unsigned n = (unsigned)server->config->lanes;
	struct firn_lanes *lanes = calloc(1, sizeof(*lanes) + n * sizeof(pthread_t));

	if (!lanes)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for lanes");
	lanes->server = server;
	lanes->ceiling = (unsigned)server->config->queue;
	pthread_mutex_init(&lanes->lock, NULL);
	pthread_cond_init(&lanes->work, NULL);
	for (; lanes->n_threads < n; lanes->n_threads++)
		if (pthread_create(&lanes->threads[lanes->n_threads], NULL, run, lanes) != 0) {
			firn_lanes_stop(lanes);
			return firn_fail(cx, FIRN_E_INTERNAL,
					 "The system starts no more threads; lower `lanes`");
		}
	*ret_lanes = lanes;
	return FIRN_OK;
}

void firn_lanes_stop(struct firn_lanes *lanes)
{
	pthread_mutex_lock(&lanes->lock);
	lanes->stopping = true;
	pthread_cond_broadcast(&lanes->work);
	pthread_mutex_unlock(&lanes->lock);
	for (unsigned i = 0; i < lanes->n_threads; i++)
		pthread_join(lanes->threads[i], NULL);
	pthread_cond_destroy(&lanes->work);
	pthread_mutex_destroy(&lanes->lock);
	free(lanes);
}

unsigned firn_lanes_depth(struct firn_lanes *lanes)
{
	unsigned queued;
	pthread_mutex_lock(&lanes->lock);
	queued = lanes->queued;
	pthread_mutex_unlock(&lanes->lock);
	return queued;
}
