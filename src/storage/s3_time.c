/* The two forms of time in S3 answers: ISO 8601 in listings, IMF-fixdate (RFC 9110) in headers. */
#include <time.h>

#include "s3.h"

/* n digits at text; -1 when they are none. */
static int digits(struct firn_str text, size_t at, size_t n)
{
	int value = 0;

	if (at + n > text.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		value = value * 10 + (text.p[i] - '0');
	}
	return value;
}

static bool is_sane(const struct tm *tm)
{
	return tm->tm_year >= 0 && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= 31 && tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 &&
	       tm->tm_min < 60 && tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

/* "2009-10-12T17:50:30" and a fraction or none, then 'Z'. */
static bool parse_iso(struct firn_str text, struct tm *tm, int *ret_ms)
{
	int scale = 100;

	if (text.n < 20 || text.p[4] != '-' || text.p[10] != 'T' || text.p[text.n - 1] != 'Z')
		return false;
	tm->tm_year = digits(text, 0, 4) - 1900;
	tm->tm_mon = digits(text, 5, 2) - 1;
	tm->tm_mday = digits(text, 8, 2);
	tm->tm_hour = digits(text, 11, 2);
	tm->tm_min = digits(text, 14, 2);
	tm->tm_sec = digits(text, 17, 2);
	*ret_ms = 0;
	if (text.n == 20)
		return true;
	if (text.p[19] != '.')
		return false;
	for (size_t i = 20; i < text.n - 1; i++) {
		int digit = digits(text, i, 1);

		if (digit < 0)
			return false;
		*ret_ms += digit * scale;
		scale /= 10;
	}
	return true;
}

/* "Mon, 12 Oct 2009 17:50:30 GMT" */
static bool parse_http(struct firn_str text, struct tm *tm)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (text.n != 29 || text.p[3] != ',' || !firn_str_ends(text, FIRN_STR(" GMT")))
		return false;
	tm->tm_mon = -1;
	for (int i = 0; i < 12; i++)
		if (memcmp(text.p + 8, months + (ptrdiff_t)3 * i, 3) == 0)
			tm->tm_mon = i;
	tm->tm_mday = digits(text, 5, 2);
	tm->tm_year = digits(text, 12, 4) - 1900;
	tm->tm_hour = digits(text, 17, 2);
	tm->tm_min = digits(text, 20, 2);
	tm->tm_sec = digits(text, 23, 2);
	return true;
}

bool firn_s3_time_parse(struct firn_str text, int64_t *ret_ms)
{
	struct tm tm = {0};
	int ms = 0;

	if ((!parse_iso(text, &tm, &ms) && !parse_http(text, &tm)) || !is_sane(&tm))
		return false;
	*ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return true;
}
