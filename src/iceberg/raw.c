/* The light scan; see raw.h. Trusts its input to be well-formed, stays inside it in any case. */
#include "raw.h"

#include "firn/arena.h"
#include "member.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_blank(struct firn_raw_iter *it)
{
	while (it->p < it->end && is_blank(*it->p))
		it->p++;
}

/* p is at an opening quote; behind the closing one, or end. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : end;
}

static const char *skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		switch (*p) {
		case '"':
			p = skip_string(p, end);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
		p++;
	}
	return end;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p == end)
		return end;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_nested(p, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']' && !is_blank(*p))
		p++;
	return p;
}

bool firn_raw_begin(struct firn_raw_iter *it, struct firn_str text)
{
	text = firn_str_trim(text);
	*it = (struct firn_raw_iter){NULL, NULL, false};
	if (text.n < 2 || (text.p[0] != '{' && text.p[0] != '['))
		return false;
	it->object = text.p[0] == '{';
	it->p = text.p + 1;
	it->end = text.p + text.n - 1;
	return true;
}

bool firn_raw_next(struct firn_raw_iter *it, struct firn_str *ret_key, struct firn_str *ret_value)
{
	const char *start;

	while (it->p < it->end && (is_blank(*it->p) || *it->p == ','))
		it->p++;
	if (it->p >= it->end)
		return false;
	*ret_key = FIRN_STR_NONE;
	if (it->object) {
		start = it->p;
		it->p = skip_string(it->p, it->end);
		*ret_key = (struct firn_str){start, (size_t)(it->p - start)};
		skip_blank(it);
		if (it->p < it->end)
			it->p++; /* the colon */
		skip_blank(it);
	}
	start = it->p;
	it->p = skip_value(it->p, it->end);
	*ret_value = (struct firn_str){start, (size_t)(it->p - start)};
	return true;
}

size_t firn_raw_count(struct firn_str text)
{
	struct firn_raw_iter it;
	struct firn_str key, value;
	size_t n = 0;

	if (!firn_raw_begin(&it, text))
		return 0;
	while (firn_raw_next(&it, &key, &value))
		n++;
	return n;
}

firn_rc firn_raw_key(struct firn_ctx *cx, struct firn_str quoted, struct firn_str *ret_key)
{
	if (quoted.n >= 2 && !memchr(quoted.p, '\\', quoted.n)) {
		*ret_key = firn_str_sub(quoted, 1, quoted.n - 2);
		return FIRN_OK;
	}
	return firn_json_raw_str(cx, quoted, "member name", ret_key);
}

firn_rc firn_raw_compact(struct firn_ctx *cx, struct firn_str text, struct firn_str *ret_text)
{
	const char *p = text.p, *end = text.p + text.n;
	char *out;
	size_t n = 0;

	out = firn_alloc(cx, text.n + 1);
	if (!out)
		return cx->err.code;
	while (p < end) {
		const char *start = p;

		if (*p == '"')
			p = skip_string(p, end);
		else
			while (p < end && *p != '"' && !is_blank(*p))
				p++;
		memcpy(out + n, start, (size_t)(p - start));
		n += (size_t)(p - start);
		while (p < end && is_blank(*p))
			p++;
	}
	*ret_text = (struct firn_str){out, n};
	return FIRN_OK;
}

static firn_rc take_integer(struct firn_ctx *cx, const char *what, struct firn_raw_field *field,
			    struct firn_str raw)
{
	if (field->has)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' occurs twice", what,
				 field->name);
	if (firn_raw_is_null(raw))
		return FIRN_OK;
	if (!firn_str_i64(raw, &field->value))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' must be an integer, found %.*s",
				 what, field->name, FIRN_FMT(firn_shown(raw)));
	field->has = true;
	return FIRN_OK;
}

firn_rc firn_raw_integers(struct firn_ctx *cx, struct firn_str object, const char *what,
			  struct firn_raw_field *fields, size_t n)
{
	struct firn_raw_iter it;
	struct firn_str quoted, key, raw;

	if (!firn_raw_begin(&it, object) || !it.object)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be an object, found %.*s", what,
				 FIRN_FMT(firn_shown(object)));
	while (firn_raw_next(&it, &quoted, &raw)) {
		FIRN_TRY(firn_raw_key(cx, quoted, &key));
		for (size_t i = 0; i < n; i++)
			if (firn_str_is(key, fields[i].name)) {
				FIRN_TRY(take_integer(cx, what, &fields[i], raw));
				break;
			}
	}
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && !fields[i].has)
			return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' is missing", what,
					 fields[i].name);
	return FIRN_OK;
}

firn_rc firn_raw_get(struct firn_ctx *cx, struct firn_str object, const char *name,
		     struct firn_str *ret_raw)
{
	struct firn_raw_iter it;
	struct firn_str quoted, key, raw;

	*ret_raw = FIRN_STR_NONE;
	if (!firn_raw_begin(&it, object) || !it.object)
		return FIRN_OK;
	while (firn_raw_next(&it, &quoted, &raw)) {
		FIRN_TRY(firn_raw_key(cx, quoted, &key));
		if (firn_str_is(key, name)) {
			*ret_raw = raw;
			return FIRN_OK;
		}
	}
	return FIRN_OK;
}
