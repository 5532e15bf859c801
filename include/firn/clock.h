/* Time, injected so that tests own it. */
#ifndef FIRN_CLOCK_H
#define FIRN_CLOCK_H

#include "firn/str.h"

struct firn_clock {
	int64_t (*wall_ms)(const struct firn_clock *clock); /* ms since the Unix epoch */
	int64_t (*monotonic_ns)(const struct firn_clock *clock);
};
extern const struct firn_clock firn_system_clock;

static inline int64_t firn_wall_ms(const struct firn_ctx *cx)
{
	return cx->clock->wall_ms(cx->clock);
}
static inline int64_t firn_monotonic_ns(const struct firn_ctx *cx)
{
	return cx->clock->monotonic_ns(cx->clock);
}
/* Milliseconds left until cx->deadline_ns; INT32_MAX when there is none, 0 when passed. */
int firn_deadline_ms(const struct firn_ctx *cx);
/* "2026-11-23T22:49:32.123Z" into out. */
void firn_iso8601(int64_t wall_ms, char out[static 25]);

#endif
