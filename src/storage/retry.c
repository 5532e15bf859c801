/* Retry policy: full jitter, so that many servers that failed together do not come back together.
 */
#include "retry.h"

#include <errno.h>
#include <time.h>

#include "firn/clock.h"
#include "firn/crypto.h"

#define FIRST_MS 100
#define LONGEST_MS 5000

int firn_retry_ceiling_ms(int attempt)
{
	int ms = FIRST_MS;

	for (int i = 1; i < attempt && ms < LONGEST_MS; i++)
		ms *= 2;
	return ms < LONGEST_MS ? ms : LONGEST_MS;
}

bool firn_retry_wait(struct firn_ctx *cx, int attempt, int floor_ms)
{
	uint32_t random;
	int ms;
	struct timespec left;

	firn_random(&random, sizeof(random));
	ms = (int)(random % (unsigned)(firn_retry_ceiling_ms(attempt) + 1));
	if (ms < floor_ms)
		ms = floor_ms;
	if (ms >= firn_deadline_ms(cx))
		return false;
	left = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
	return true;
}

int64_t firn_deadline_narrow(struct firn_ctx *cx, int64_t ms)
{
	int64_t before = cx->deadline_ns;
	int64_t wanted = firn_monotonic_ns(cx) + ms * 1000000;

	if (before == 0 || wanted < before)
		cx->deadline_ns = wanted;
	return before;
}
