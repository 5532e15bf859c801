/* What http.c and http_reply.c share. */
#ifndef FIRN_SERVER_HTTP_FRONT_H
#define FIRN_SERVER_HTTP_FRONT_H

#include <microhttpd.h>

#include "firn/uuid.h"
#include "http.h"

/* What a socket is doing, for absolute deadlines. */
struct firn_connection {
	struct firn_connection *previous, *next;
	struct firn_http_front *front;
	int fd;
	bool loopback;
	int64_t idle_since_ns;		/* when it began to wait for a head */
	struct firn_exchange *exchange; /* the request on it, if any */
	struct firn_follower *follower;
	struct MHD_Connection *mhd;
	bool stream_waits; /* suspended for want of events */
	bool stream_lost;  /* its client has gone */
};

struct firn_http_front {
	struct firn_loop *loop;
	struct firn_server *server;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct firn_connection connections; /* head of the ring */
	struct firn_exchange *spare;
	unsigned n_spare, busy;
	struct firn_uuid_source request_ids;
	size_t body_bytes; /* allocated for bodies */
	bool draining;
	int64_t drain_deadline_ns;
};

/* Queues the call's reply on its connection. */
enum MHD_Result firn_http_queue_reply(struct firn_http_front *front,
				      struct firn_exchange *exchange);
bool firn_http_peer_is_gone(const struct firn_connection *connection);
/* Ends an event stream whose client has gone. */
void firn_http_end_lost_stream(struct firn_connection *connection);
/* The request's line in the log. */
void firn_http_log_access(struct firn_exchange *exchange, int status, int64_t duration_ns);

#endif
