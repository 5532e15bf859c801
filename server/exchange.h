/* One request and its answer on the way through the process. Belongs to its loop, except while a
 * lane runs it. */
#ifndef FIRN_SERVER_EXCHANGE_H
#define FIRN_SERVER_EXCHANGE_H

#include "firn/api.h"
#include "firn/db.h"

struct firn_loop;
struct firn_connection; /* http.c */

enum firn_exchange_state {
	FIRN_EXCHANGE_HEAD,    /* request line seen */
	FIRN_EXCHANGE_BODY,    /* routed, body arriving */
	FIRN_EXCHANGE_WAITING, /* suspended: on the pipe or a lane */
	FIRN_EXCHANGE_REPLYING
};

struct firn_exchange {
	struct firn_call call;
	struct firn_pipe_job job;
	struct firn_loop *loop;
	struct firn_connection *connection;
	void *mhd; /* struct MHD_Connection * */
	enum firn_exchange_state state;
	char *body; /* malloc'ed while it grows */
	size_t body_n, body_capacity;
	int64_t started_ns, queued_ns; /* monotonic */
	uint64_t sent_bytes;
	bool encode_only;	    /* queued to a lane just to compress a large answer */
	struct firn_exchange *next; /* of whichever list it is on */
};

#endif
