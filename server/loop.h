/* An event loop: one thread, one epoll set: the HTTP front, the pipelined database connection, and
 * a wake-up for what lanes and the steward hand back. */
#ifndef FIRN_SERVER_LOOP_H
#define FIRN_SERVER_LOOP_H

#include "exchange.h"
#include "server.h"

struct firn_http_front;
struct firn_follower;

firn_rc firn_loop_start(struct firn_ctx *cx, struct firn_server *server, unsigned index,
			struct firn_loop **ret_loop) FIRN_MUST;
/* From any thread: gives a finished exchange back / wakes a follower's stream. */
void firn_loop_give_back(struct firn_loop *loop, struct firn_exchange *exchange);
void firn_loop_wake_followers(struct firn_loop *loop);
/* Stop accepting, and end when the last exchange is answered; slow readers are cut at the deadline.
 */
void firn_loop_drain(struct firn_loop *loop, int64_t deadline_ns);
/* After _drain: waits for the end. Lanes may still be about to wake the loop. */
void firn_loop_join(struct firn_loop *loop);
/* When no lane and no steward is left. */
void firn_loop_free(struct firn_loop *loop);

/* On the loop's own thread, for http.c. */
struct firn_server *firn_loop_server(struct firn_loop *loop);
unsigned firn_loop_index(const struct firn_loop *loop);
void firn_loop_dispatch(struct firn_loop *loop, struct firn_exchange *exchange,
			enum firn_next next);

#endif
