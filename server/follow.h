/*
 * Followers: clients that read the events as a stream (server-sent events). The steward fills each
 * follower's buffer, the follower's loop sends it. A slow reader is not fed past its ceiling; it
 * catches up from its cursor.
 */
#ifndef FIRN_SERVER_FOLLOW_H
#define FIRN_SERVER_FOLLOW_H

#include "firn/json.h"

struct firn_loop;
struct firn_follower;
struct firn_steward;

/* NULL when there are too many followers already. */
struct firn_follower *firn_follower_open(struct firn_steward *steward, struct firn_loop *loop,
					 int64_t after, struct firn_str warehouse);
/* The stream has ended: nothing refers to the follower any more. */
void firn_follower_close(struct firn_follower *follower);
/* Takes up to n bytes: 0 = nothing now, -1 = the stream ends (drain). */
ptrdiff_t firn_follower_read(struct firn_follower *follower, char *out, size_t n);

#endif
