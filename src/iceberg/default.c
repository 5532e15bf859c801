/*
 * Default values: which JSON value a field of a type may have as its initial or write default, by
 * the single-value serialization of the Iceberg spec. Nested types, unknown, variant and the
 * geospatial types take none but null.
 */
#include "firn/uuid.h"
#include "member.h"
#include "type.h"

static bool is_digits(struct firn_str s, size_t from, size_t n)
{
	if (from + n > s.n)
		return false;
	for (size_t i = from; i < from + n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static int two_digits(struct firn_str s, size_t from)
{
	return (s.p[from] - '0') * 10 + (s.p[from + 1] - '0');
}

/* YYYY-MM-DD. */
static bool is_date(struct firn_str s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, leap;

	if (s.n != 10 || !is_digits(s, 0, 4) || s.p[4] != '-' || !is_digits(s, 5, 2) ||
	    s.p[7] != '-' || !is_digits(s, 8, 2))
		return false;
	year = two_digits(s, 0) * 100 + two_digits(s, 2);
	month = two_digits(s, 5);
	day = two_digits(s, 8);
	leap = month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + leap;
}

/* At `from`: two digits, no more than max. */
static bool is_part(struct firn_str s, size_t from, int max)
{
	return is_digits(s, from, 2) && two_digits(s, from) <= max;
}

/* HH:MM[:SS[.fraction of up to `digits`]]. */
static bool is_time(struct firn_str s, size_t digits)
{
	if (s.n < 5 || !is_part(s, 0, 23) || s.p[2] != ':' || !is_part(s, 3, 59))
		return false;
	if (s.n == 5)
		return true;
	if (s.n < 8 || s.p[5] != ':' || !is_part(s, 6, 59))
		return false;
	if (s.n == 8)
		return true;
	return s.p[8] == '.' && s.n > 9 && s.n - 9 <= digits && is_digits(s, 9, s.n - 9);
}

static bool is_timestamp(struct firn_str s, bool zone, size_t digits)
{
	if (zone) {
		if (firn_str_ends(s, FIRN_STR("+00:00")))
			s.n -= 6;
		else if (firn_str_ends(s, FIRN_STR("Z")))
			s.n -= 1;
		else
			return false;
	}
	return s.n > 11 && s.p[10] == 'T' && is_date(firn_str_sub(s, 0, 10)) &&
	       is_time(firn_str_sub(s, 11, s.n - 11), digits);
}

static bool is_hex(struct firn_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i])
			return false;
	return s.n % 2 == 0;
}

/* Digits with exactly the type's scale behind the point; an exponent is allowed at scale 0 only. */
static bool is_decimal(struct firn_str s, const struct firn_type *type)
{
	size_t from = s.n && s.p[0] == '-' ? 1 : 0;
	size_t point = firn_str_find(s, '.');
	size_t whole = (point == SIZE_MAX ? s.n : point) - from;
	size_t fraction = point == SIZE_MAX ? 0 : s.n - point - 1;
	size_t leading = 0;

	if (!whole || fraction != (size_t)type->scale || !is_digits(s, from, whole) ||
	    (point != SIZE_MAX && (!fraction || !is_digits(s, point + 1, fraction))))
		return false;
	while (leading < whole && s.p[from + leading] == '0')
		leading++;
	return whole - leading + fraction <= (size_t)type->precision;
}

static bool fits_string(const struct firn_type *type, struct firn_str s)
{
	struct firn_uuid uuid;

	if (!s.p)
		return false;
	switch (type->kind) {
	case FIRN_TYPE_DATE:
		return is_date(s);
	case FIRN_TYPE_TIME:
		return is_time(s, 6);
	case FIRN_TYPE_TIMESTAMP:
	case FIRN_TYPE_TIMESTAMPTZ:
		return is_timestamp(s, type->kind == FIRN_TYPE_TIMESTAMPTZ, 6);
	case FIRN_TYPE_TIMESTAMP_NS:
	case FIRN_TYPE_TIMESTAMPTZ_NS:
		return is_timestamp(s, type->kind == FIRN_TYPE_TIMESTAMPTZ_NS, 9);
	case FIRN_TYPE_STRING:
		return true;
	case FIRN_TYPE_UUID:
		return firn_uuid_parse(s, &uuid);
	case FIRN_TYPE_FIXED:
		return is_hex(s) && s.n == 2 * (size_t)type->length;
	case FIRN_TYPE_BINARY:
		return is_hex(s);
	case FIRN_TYPE_DECIMAL:
		return is_decimal(s, type);
	case FIRN_TYPE_BOOLEAN:
	case FIRN_TYPE_INT:
	case FIRN_TYPE_LONG:
	case FIRN_TYPE_FLOAT:
	case FIRN_TYPE_DOUBLE:
	case FIRN_TYPE_UNKNOWN:
	case FIRN_TYPE_VARIANT:
	case FIRN_TYPE_GEOMETRY:
	case FIRN_TYPE_GEOGRAPHY:
	case FIRN_TYPE_STRUCT:
	case FIRN_TYPE_LIST:
	case FIRN_TYPE_MAP:
		break;
	}
	return false;
}

static bool fits(const struct firn_type *type, const struct firn_json *value)
{
	int64_t number;

	if (type->kind == FIRN_TYPE_BOOLEAN)
		return firn_json_type(value) == FIRN_JSON_BOOL;
	if (type->kind == FIRN_TYPE_INT)
		return firn_json_i64(value, &number) && number >= INT32_MIN && number <= INT32_MAX;
	if (type->kind == FIRN_TYPE_LONG)
		return firn_json_i64(value, &number);
	if (type->kind == FIRN_TYPE_FLOAT || type->kind == FIRN_TYPE_DOUBLE)
		return firn_json_type(value) == FIRN_JSON_INT ||
		       firn_json_type(value) == FIRN_JSON_REAL;
	return fits_string(type, firn_json_str(value));
}

firn_rc firn_type_check_default(struct firn_ctx *cx, const struct firn_type *type,
				const struct firn_json *value, const char *what)
{
	struct firn_str text;

	if (fits(type, value))
		return FIRN_OK;
	text = firn_type_text(cx, type);
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: %s is no value of type %.*s", what,
			 firn_json_excerpt(cx, value), FIRN_FMT(firn_shown(text)));
}
