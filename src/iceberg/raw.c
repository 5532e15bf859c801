/* The light scan; see raw.h. Trusts its input to be well-formed, stays inside it in any case. */
#include "raw.h"

#include "firn/arena.h"
#include "member.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *skip_blank(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* p is at an opening quote; behind the closing one, or end. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : end;
}

/* What the scan of a nested value must look at. */
static const char structural[256] = {
	['"'] = 1, ['{'] = 2, ['['] = 2, ['}'] = 3, [']'] = 3,
};

static const char *skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		char kind = structural[(unsigned char)*p];

		if (kind == 1) {
			p = skip_string(p, end);
			continue;
		}
		p++;
		if (kind == 2)
			depth++;
		else if (kind == 3 && --depth == 0)
			return p;
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

/* p is at an opening bracket or brace. */
static struct firn_raw_iter enter(const char *p, const char *end)
{
	return (struct firn_raw_iter){p + 1, end, *p == '{'};
}

bool firn_raw_begin(struct firn_raw_iter *it, struct firn_str text)
{
	text = firn_str_trim(text);
	*it = (struct firn_raw_iter){NULL, NULL, false};
	if (text.n < 2 || (text.p[0] != '{' && text.p[0] != '['))
		return false;
	*it = enter(text.p, text.p + text.n);
	return true;
}

/* To the next element or member; false behind the closing bracket. */
static bool advance(struct firn_raw_iter *it)
{
	const char *p = it->p, *end = it->end;

	while (p < end && (is_blank(*p) || *p == ','))
		p++;
	if (p < end && *p != '}' && *p != ']') {
		it->p = p;
		return true;
	}
	it->p = p < end ? p + 1 : p;
	it->end = it->p;
	return false;
}

static struct firn_str take_key(struct firn_raw_iter *it)
{
	const char *start = it->p;
	struct firn_str key;

	it->p = skip_string(start, it->end);
	key = (struct firn_str){start, (size_t)(it->p - start)};
	it->p = skip_blank(it->p, it->end);
	if (it->p < it->end)
		it->p++; /* the colon */
	it->p = skip_blank(it->p, it->end);
	return key;
}

bool firn_raw_next(struct firn_raw_iter *it, struct firn_str *ret_key, struct firn_str *ret_value)
{
	const char *start;

	if (!advance(it))
		return false;
	*ret_key = it->object ? take_key(it) : FIRN_STR_NONE;
	start = it->p;
	it->p = skip_value(start, it->end);
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
		*ret_key = (struct firn_str){quoted.p + 1, quoted.n - 2};
		return FIRN_OK;
	}
	return firn_json_raw_str(cx, quoted, "member name", ret_key);
}

firn_rc firn_raw_compact(struct firn_ctx *cx, struct firn_str text, struct firn_str *ret_text)
{
	const char *p = text.p, *end = text.p + text.n;
	char *out = firn_alloc(cx, text.n + 1);
	size_t n = 0;

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
		p = skip_blank(p, end);
	}
	*ret_text = (struct firn_str){out, n};
	return FIRN_OK;
}

static firn_rc take_field(struct firn_ctx *cx, const char *what, struct firn_raw_field *field,
			  struct firn_str raw)
{
	if (field->seen)
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' occurs twice", what,
				 field->name.p);
	field->seen = true;
	field->raw = raw;
	if (firn_raw_is_null(raw))
		return FIRN_OK;
	if (!field->any && !firn_str_i64(raw, &field->value))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' must be an integer, found %.*s",
				 what, field->name.p, FIRN_FMT(firn_shown(raw)));
	field->has = true;
	return FIRN_OK;
}

static firn_rc take_member(struct firn_ctx *cx, struct firn_str quoted, struct firn_str raw,
			   const char *what, struct firn_raw_field *fields, size_t n)
{
	struct firn_str key;

	FIRN_TRY(firn_raw_key(cx, quoted, &key));
	for (size_t i = 0; i < n; i++)
		if (key.n == fields[i].name.n && memcmp(key.p, fields[i].name.p, key.n) == 0)
			return take_field(cx, what, &fields[i], raw);
	return FIRN_OK;
}

static firn_rc read_members(struct firn_ctx *cx, struct firn_raw_iter *it, const char *what,
			    struct firn_raw_field *fields, size_t n)
{
	struct firn_str quoted, raw;

	while (firn_raw_next(it, &quoted, &raw))
		FIRN_TRY(take_member(cx, quoted, raw, what, fields, n));
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && !fields[i].has)
			return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s: '%s' is missing", what,
					 fields[i].name.p);
	return FIRN_OK;
}

static firn_rc no_object(struct firn_ctx *cx, const char *what, struct firn_str found)
{
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "%s must be an object, found %.*s", what,
			 FIRN_FMT(firn_shown(found)));
}

firn_rc firn_raw_read(struct firn_ctx *cx, struct firn_str object, const char *what,
		      struct firn_raw_field *fields, size_t n)
{
	struct firn_raw_iter it;

	if (!firn_raw_begin(&it, object) || !it.object)
		return no_object(cx, what, object);
	return read_members(cx, &it, what, fields, n);
}

firn_rc firn_raw_read_next(struct firn_ctx *cx, struct firn_raw_iter *list, const char *what,
			   struct firn_raw_field *fields, size_t n, struct firn_str *ret_text,
			   bool *ret_more)
{
	struct firn_raw_iter it;
	const char *start;

	*ret_more = advance(list);
	if (!*ret_more)
		return FIRN_OK;
	start = list->p;
	if (*start != '{')
		return no_object(
			cx, what,
			(struct firn_str){start, (size_t)(skip_value(start, list->end) - start)});
	it = enter(start, list->end);
	FIRN_TRY(read_members(cx, &it, what, fields, n));
	list->p = it.p;
	*ret_text = (struct firn_str){start, (size_t)(it.p - start)};
	return FIRN_OK;
}

firn_rc firn_raw_get(struct firn_ctx *cx, struct firn_str object, const char *name,
		     struct firn_str *ret_raw)
{
	struct firn_raw_field field = {.name = firn_str(name), .any = true};

	*ret_raw = FIRN_STR_NONE;
	if (object.n && object.p[0] == '{')
		FIRN_TRY(firn_raw_read(cx, object, name, &field, 1));
	*ret_raw = field.raw;
	return FIRN_OK;
}
