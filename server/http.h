/*
 * The HTTP front of one loop, over libmicrohttpd. It keeps the raw URI, bounds heads and bodies and
 * holds absolute deadlines. 400, 414 and 431 for requests that libmicrohttpd itself can't parse
 * carry no request id; its limits stand above ours, so that ours answer first.
 */
#ifndef FIRN_SERVER_HTTP_H
#define FIRN_SERVER_HTTP_H

#include "exchange.h"
#include "loop.h"

firn_rc firn_http_front_open(struct firn_ctx *cx, struct firn_loop *loop,
			     struct firn_http_front **ret_front) FIRN_MUST;
void firn_http_front_free(struct firn_http_front *front);    /* no exchange may be waiting */
int firn_http_front_fd(const struct firn_http_front *front); /* epoll descriptor to watch */
int firn_http_front_timeout_ms(const struct firn_http_front *front); /* -1: none */
void firn_http_front_run(struct firn_http_front *front);
/* Sends the call's reply; wakes the connection if it was suspended. */
void firn_http_front_reply(struct firn_http_front *front, struct firn_exchange *exchange);
/* Holds the connection until reply. */
void firn_http_front_suspend(struct firn_exchange *exchange);
/* Closes connections past a deadline; call about once a second. */
void firn_http_front_sweep(struct firn_http_front *front, int64_t now_ns);
/* No new connections; idle ones are closed, busy ones after their answer or at the deadline (those
 * that wait for a lane or the database: at their own). */
void firn_http_front_drain(struct firn_http_front *front, int64_t deadline_ns);
unsigned firn_http_front_busy(const struct firn_http_front *front); /* exchanges not finished */
void firn_http_front_wake_followers(struct firn_http_front *front);
/* Gives the body the content coding that the client asked for, if it pays. False: it has more than
 * most_bytes and isn't kept in that coding, so a lane should do it. */
bool firn_http_encode(struct firn_exchange *exchange, size_t most_bytes);

#endif
