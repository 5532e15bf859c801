/*
 * The JSON scanner: checks a text against RFC 8259 without building anything, in one pass, without
 * recursion. Refuses nesting past FIRN_JSON_DEPTH, NUL and lone surrogates in strings, ill-formed
 * UTF-8, and integers that don't fit 64 bits.
 */
#include "json_check.h"

#include "utf8_step.h"

void firn_json_scanner_init(struct json_scanner *s, struct firn_str text)
{
	*s = (struct json_scanner){.start = text.p, .p = text.p, .end = text.p};
	if (text.n > 0)
		s->end = text.p + text.n;
}

static bool wrong(struct json_scanner *s, const char *error)
{
	s->error = error;
	return false;
}

static size_t left(const struct json_scanner *s)
{
	return (size_t)(s->end - s->p);
}

static bool next_is(const struct json_scanner *s, char c)
{
	return s->p != s->end && *s->p == c;
}

void firn_json_skip_blank(struct json_scanner *s)
{
	while (s->p != s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool is_digit(const struct json_scanner *s)
{
	return s->p != s->end && *s->p >= '0' && *s->p <= '9';
}

/* The four hex digits at p, -1 when they aren't. */
static int hex4(const char *p, size_t n)
{
	int value = 0;

	if (n < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* p is behind "\u". */
static bool skip_unicode_escape(struct json_scanner *s)
{
	int unit = hex4(s->p, left(s));

	if (unit < 0)
		return wrong(s, "\\u without four hex digits");
	if (unit == 0)
		return wrong(s, "a NUL character (\\u0000) in a string");
	if (unit < 0xD800 || unit > 0xDFFF) {
		s->p += 4;
		return true;
	}
	if (unit >= 0xDC00 || left(s) < 10 || s->p[4] != '\\' || s->p[5] != 'u')
		return wrong(s, "half of a surrogate pair");
	unit = hex4(s->p + 6, left(s) - 6);
	if (unit < 0xDC00 || unit > 0xDFFF)
		return wrong(s, "half of a surrogate pair");
	s->p += 10;
	return true;
}

/* p is at a backslash. */
static bool skip_escape(struct json_scanner *s)
{
	s->p++;
	if (s->p == s->end)
		return wrong(s, "a string without end");
	switch (*s->p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->p++;
		return true;
	case 'u':
		s->p++;
		return skip_unicode_escape(s);
	default:
		return wrong(s, "an unknown escape in a string");
	}
}

bool firn_json_skip_string(struct json_scanner *s)
{
	if (!next_is(s, '"'))
		return wrong(s, "expected a string");
	s->p++;
	for (;;) {
		s->p += firn_json_plain(s->p, left(s));
		if (s->p == s->end)
			return wrong(s, "a string without end");
		if (*s->p == '"')
			break;
		if (*s->p == '\\') {
			if (!skip_escape(s))
				return false;
		} else if ((unsigned char)*s->p < 0x20) {
			return wrong(s, "a raw control character in a string: escape it");
		} else {
			size_t step = firn_utf8_step(s->p, left(s));

			if (step == 0)
				return wrong(s, "ill-formed UTF-8 in a string");
			s->p += step;
		}
	}
	s->p++;
	return true;
}

static bool skip_digits(struct json_scanner *s, const char *error)
{
	if (!is_digit(s))
		return wrong(s, error);
	while (is_digit(s))
		s->p++;
	return true;
}

static bool skip_number(struct json_scanner *s)
{
	const char *start = s->p;
	bool integer = true;
	int64_t value;

	if (next_is(s, '-'))
		s->p++;
	if (next_is(s, '0'))
		s->p++;
	else if (!skip_digits(s, "a '-' without digits"))
		return false;
	if (is_digit(s))
		return wrong(s, "a number with a leading zero");
	if (next_is(s, '.')) {
		s->p++;
		integer = false;
		if (!skip_digits(s, "a number that ends with '.'"))
			return false;
	}
	if (s->p != s->end && (*s->p | 0x20) == 'e') {
		s->p++;
		integer = false;
		if (next_is(s, '+') || next_is(s, '-'))
			s->p++;
		if (!skip_digits(s, "an exponent without digits"))
			return false;
	}
	if (integer && s->p - start > 18 &&
	    !firn_str_i64((struct firn_str){start, (size_t)(s->p - start)}, &value)) {
		s->p = start;
		return wrong(s, "an integer out of range (-2^63 to 2^63-1)");
	}
	return true;
}

static bool skip_word(struct json_scanner *s, struct firn_str word)
{
	if (left(s) < word.n || memcmp(s->p, word.p, word.n) != 0)
		return wrong(s, "expected a JSON value");
	s->p += word.n;
	return true;
}

static bool skip_word_or_number(struct json_scanner *s)
{
	if (s->p == s->end)
		return wrong(s, "expected a JSON value, found the end of the text");
	switch (*s->p) {
	case '"':
		return firn_json_skip_string(s);
	case 't':
		return skip_word(s, FIRN_STR("true"));
	case 'f':
		return skip_word(s, FIRN_STR("false"));
	case 'n':
		return skip_word(s, FIRN_STR("null"));
	default:
		if (*s->p == '-' || is_digit(s))
			return skip_number(s);
		return wrong(s, "expected a JSON value");
	}
}

static struct firn_str since(const struct json_scanner *s, const char *start)
{
	return (struct firn_str){start, (size_t)(s->p - start)};
}

static bool skip_scalar(struct json_scanner *s)
{
	const char *start = s->p;

	return skip_word_or_number(s) && (!s->sink || s->sink->scalar(s, since(s, start)));
}

static bool skip_key(struct json_scanner *s)
{
	const char *start;

	firn_json_skip_blank(s);
	start = s->p;
	if (!next_is(s, '"'))
		return wrong(s, "expected a member name in double quotes");
	if (!firn_json_skip_string(s) || (s->sink && !s->sink->key(s, since(s, start))))
		return false;
	firn_json_skip_blank(s);
	if (!next_is(s, ':'))
		return wrong(s, "expected ':' after a member name");
	s->p++;
	return true;
}

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

struct nesting {
	char closers[FIRN_JSON_DEPTH];
	size_t depth, base;
};

/* p is at '{' or '['. *ret_empty: the container is closed already. */
static bool enter(struct json_scanner *s, struct nesting *nest, bool *ret_empty)
{
	char closer = *s->p == '{' ? '}' : ']';

	if (nest->depth + nest->base >= FIRN_JSON_DEPTH)
		return wrong(s,
			     nest->base < FIRN_JSON_DEPTH - FIRN_JSON_BODY_DEPTH
				     ? "nested deeper than " TEXT(FIRN_JSON_DEPTH) " levels"
				     : "nested deeper than " TEXT(FIRN_JSON_BODY_DEPTH) " levels");
	if (s->sink && !s->sink->open(s, *s->p))
		return false;
	s->p++;
	firn_json_skip_blank(s);
	*ret_empty = next_is(s, closer);
	if (*ret_empty) {
		s->p++;
		if (s->sink)
			s->sink->close(s);
		return true;
	}
	nest->closers[nest->depth++] = closer;
	return closer == ']' || skip_key(s);
}

/* After a value: closes what ends here. *ret_more: another value follows. */
static bool leave(struct json_scanner *s, struct nesting *nest, bool *ret_more)
{
	*ret_more = false;
	while (nest->depth > 0) {
		char closer = nest->closers[nest->depth - 1];

		firn_json_skip_blank(s);
		if (next_is(s, ',')) {
			s->p++;
			*ret_more = true;
			return closer == ']' || skip_key(s);
		}
		if (!next_is(s, closer))
			return wrong(s,
				     closer == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		s->p++;
		nest->depth--;
		if (s->sink)
			s->sink->close(s);
	}
	return true;
}

bool firn_json_skip_value(struct json_scanner *s, size_t depth)
{
	struct nesting nest;
	bool more = true;

	nest.depth = 0;
	nest.base = depth;
	while (more) {
		bool closed = true;

		firn_json_skip_blank(s);
		if (next_is(s, '{') || next_is(s, '[')) {
			if (!enter(s, &nest, &closed))
				return false;
		} else if (!skip_scalar(s)) {
			return false;
		}
		if (closed && !leave(s, &nest, &more))
			return false;
	}
	return true;
}

firn_rc firn_json_scan_fail(struct firn_ctx *cx, const struct json_scanner *s, const char *what)
{
	size_t line = 1;
	size_t column = 1;
	size_t near = left(s) < 24 ? left(s) : 24;

	for (const char *p = s->start; p != s->p; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xC0) != 0x80) {
			column++;
		}
	}
	if (near == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: line %zu column %zu: %s", what, line,
				 column, s->error);
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: line %zu column %zu: %s, near '%.*s'", what,
			 line, column, s->error, (int)near, s->p);
}

bool firn_json_skip_text(struct json_scanner *s, size_t depth)
{
	if (!firn_json_skip_value(s, FIRN_JSON_DEPTH - depth))
		return false;
	firn_json_skip_blank(s);
	return s->p == s->end || wrong(s, "expected the end of the text");
}
