/* When to try again, and for how long to wait before. */
#ifndef FIRN_STORAGE_RETRY_H
#define FIRN_STORAGE_RETRY_H

#include "firn/ctx.h"

#define FIRN_RETRY_ATTEMPTS 4

/* Longest wait before try number `attempt` (1 is the first repetition), in ms: grows by doubling.
 */
int firn_retry_ceiling_ms(int attempt);
/* Waits a random part of that ceiling (full jitter), at least floor_ms as the server asked; false,
 * at once, when the ctx deadline would pass meanwhile. */
bool firn_retry_wait(struct firn_ctx *cx, int attempt, int floor_ms);
/* Narrows the deadline to `ms` from now; gives the one before, to be put back. */
int64_t firn_deadline_narrow(struct firn_ctx *cx, int64_t ms);

#endif
