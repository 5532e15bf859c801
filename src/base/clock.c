/* The system's clocks, deadlines, and the text form of a moment. */
#include "firn/clock.h"

#include <time.h>

static int64_t system_wall_ms(const struct firn_clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_monotonic_ns(const struct firn_clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct firn_clock firn_system_clock = {system_wall_ms, system_monotonic_ns};

int firn_deadline_ms(const struct firn_ctx *cx)
{
	int64_t left_ns;
	int64_t left_ms;

	if (cx->deadline_ns == 0)
		return INT32_MAX;
	left_ns = cx->deadline_ns - firn_monotonic_ns(cx);
	if (left_ns <= 0)
		return 0;
	/* Rounded up, so that a wait of this length does not end just before the deadline. */
	left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
	return left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
}

static char *put_digits(char *out, int value, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + width;
}

void firn_iso8601(int64_t wall_ms, char out[static 25])
{
	static const int64_t first = -62167219200000; /* 0000-01-01T00:00:00.000Z */
	static const int64_t last = 253402300799999;  /* 9999-12-31T23:59:59.999Z */
	struct tm tm = {0};
	int64_t ms;
	time_t seconds;
	char *p = out;

	wall_ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;
	ms = wall_ms % 1000;
	if (ms < 0)
		ms += 1000;
	seconds = (time_t)((wall_ms - ms) / 1000);
	gmtime_r(&seconds, &tm);
	p = put_digits(p, tm.tm_year + 1900, 4);
	*p++ = '-';
	p = put_digits(p, tm.tm_mon + 1, 2);
	*p++ = '-';
	p = put_digits(p, tm.tm_mday, 2);
	*p++ = 'T';
	p = put_digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_sec, 2);
	*p++ = '.';
	p = put_digits(p, (int)ms, 3);
	*p++ = 'Z';
	*p = '\0';
}
