/* A strict reader of small XML documents, over the whole text in memory; nothing is fetched. */
#include "s3_xml.h"

#include "firn/arena.h"

#define NAME_MAX_BYTES ((size_t)64)
#define REFERENCE_MAX ((size_t)10)

struct reader {
	struct firn_ctx *cx;
	struct firn_str text;
	size_t at;
	struct firn_xml_element element;
	size_t text_from[FIRN_XML_DEPTH]; /* where the content of each open element begins */
	bool has_child[FIRN_XML_DEPTH];
};

static firn_rc refuse(const struct reader *r, const char *why)
{
	return firn_fail(r->cx, FIRN_E_STORE_BROKEN,
			 "the store's answer is not the XML that S3 specifies: byte %zu: %s", r->at,
			 why);
}

static bool looking_at(const struct reader *r, const char *what)
{
	return firn_str_starts(firn_str_sub(r->text, r->at, SIZE_MAX), firn_str(what));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r)
{
	while (r->at < r->text.n && is_space(r->text.p[r->at]))
		r->at++;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':';
}

static firn_rc take_name(struct reader *r, struct firn_str *ret_name)
{
	size_t from = r->at;

	while (r->at < r->text.n && is_name(r->text.p[r->at]))
		r->at++;
	if (r->at == from || r->at - from > NAME_MAX_BYTES)
		return refuse(r, "a name was expected");
	*ret_name = firn_str_sub(r->text, from, r->at - from);
	return FIRN_OK;
}

/* Appends a character as UTF-8; false when XML may not hold it. */
static bool put_character(struct firn_buf *b, uint32_t c)
{
	char out[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return false;
	if (n == 1) {
		out[0] = (char)c;
	} else {
		for (size_t i = n; i-- > 1; c >>= 6)
			out[i] = (char)(0x80 | (c & 0x3F));
		out[0] = (char)((0xF00 >> n & 0xFF) | c);
	}
	firn_buf_put(b, out, n);
	return true;
}

static bool put_numeric(struct firn_buf *b, struct firn_str digits)
{
	bool hex = digits.n > 0 && digits.p[0] == 'x';
	uint32_t value = 0;

	if (hex)
		digits = firn_str_sub(digits, 1, SIZE_MAX);
	if (digits.n == 0 || digits.n > 7)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		char c = digits.p[i];
		uint32_t d = 99;

		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (uint32_t)((c | 0x20) - 'a') + 10;
		if (d == 99)
			return false;
		value = value * (hex ? 16 : 10) + d;
	}
	return put_character(b, value);
}

/* The five named references and numeric ones; name: between '&' and ';'. */
static bool put_reference(struct firn_buf *b, struct firn_str name)
{
	static const struct {
		const char *name;
		char c;
	} named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

	if (name.n > 1 && name.p[0] == '#')
		return put_numeric(b, firn_str_sub(name, 1, SIZE_MAX));
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		if (firn_str_is(name, named[i].name)) {
			firn_buf_char(b, named[i].c);
			return true;
		}
	}
	return false;
}

static firn_rc decode(struct reader *r, struct firn_str raw, struct firn_str *ret_text)
{
	struct firn_buf b;

	if (firn_str_find(raw, '&') == SIZE_MAX) {
		*ret_text = raw;
		return FIRN_OK;
	}
	firn_buf_init(&b, r->cx, raw.n + 1);
	for (size_t i = 0; i < raw.n; i++) {
		struct firn_str rest = firn_str_sub(raw, i, REFERENCE_MAX);
		size_t end = firn_str_find(rest, ';');

		if (raw.p[i] != '&') {
			firn_buf_char(&b, raw.p[i]);
			continue;
		}
		if (end == SIZE_MAX || !put_reference(&b, firn_str_sub(rest, 1, end - 1)))
			return refuse(r, "an unknown reference before it");
		i += end;
	}
	return firn_buf_end(&b, ret_text);
}

static firn_rc close_element(struct reader *r, struct firn_str raw, firn_xml_visit *visit,
			     void *arg)
{
	unsigned top = r->element.depth - 1;

	r->element.text = FIRN_STR("");
	if (!r->has_child[top])
		FIRN_TRY(decode(r, raw, &r->element.text));
	FIRN_TRY(visit(r->cx, arg, &r->element));
	r->element.depth--;
	return FIRN_OK;
}

static firn_rc skip_attributes(struct reader *r)
{
	for (;;) {
		struct firn_str name;
		char quote;

		skip_space(r);
		if (r->at < r->text.n && (r->text.p[r->at] == '>' || r->text.p[r->at] == '/'))
			return FIRN_OK;
		FIRN_TRY(take_name(r, &name));
		if (!looking_at(r, "=\"") && !looking_at(r, "='"))
			return refuse(r, "an attribute's quoted value was expected");
		quote = r->text.p[r->at + 1];
		r->at += 2;
		while (r->at < r->text.n && r->text.p[r->at] != quote && r->text.p[r->at] != '<')
			r->at++;
		if (r->at == r->text.n || r->text.p[r->at] != quote)
			return refuse(r, "an attribute's value does not end");
		r->at++;
	}
}

static firn_rc take_start(struct reader *r, firn_xml_visit *visit, void *arg)
{
	unsigned depth = r->element.depth;

	r->at++;
	if (depth == FIRN_XML_DEPTH)
		return refuse(r, "elements are nested too deep");
	FIRN_TRY(take_name(r, &r->element.names[depth]));
	FIRN_TRY(skip_attributes(r));
	if (depth > 0)
		r->has_child[depth - 1] = true;
	r->has_child[depth] = false;
	r->element.depth++;
	if (looking_at(r, "/>")) {
		r->at += 2;
		return close_element(r, FIRN_STR(""), visit, arg);
	}
	if (!looking_at(r, ">"))
		return refuse(r, "'>' was expected");
	r->text_from[depth] = ++r->at;
	return FIRN_OK;
}

static firn_rc take_end(struct reader *r, firn_xml_visit *visit, void *arg)
{
	unsigned top = r->element.depth - 1;
	struct firn_str raw = firn_str_sub(r->text, r->text_from[top], r->at - r->text_from[top]);
	struct firn_str name;

	r->at += 2;
	FIRN_TRY(take_name(r, &name));
	skip_space(r);
	if (!looking_at(r, ">") || !firn_str_eq(name, r->element.names[top]))
		return refuse(r, "another element's end was expected");
	r->at++;
	return close_element(r, raw, visit, arg);
}

static firn_rc take_prolog(struct reader *r)
{
	if (looking_at(r, "\xEF\xBB\xBF"))
		r->at += 3;
	skip_space(r); /* S3 sends some to keep a slow answer's connection alive */
	if (looking_at(r, "<?xml")) {
		while (r->at < r->text.n && !looking_at(r, "?>"))
			r->at++;
		if (r->at == r->text.n)
			return refuse(r, "the XML declaration does not end");
		r->at += 2;
	}
	skip_space(r);
	return looking_at(r, "<") ? FIRN_OK : refuse(r, "an element was expected");
}

firn_rc firn_xml_walk(struct firn_ctx *cx, struct firn_str text, firn_xml_visit *visit, void *arg)
{
	struct reader r = {.cx = cx, .text = text};

	if (!firn_utf8_valid(text))
		return refuse(&r, "not well-formed UTF-8");
	FIRN_TRY(take_prolog(&r));
	do {
		if (looking_at(&r, "<!") || looking_at(&r, "<?"))
			return refuse(&r, "declarations, comments and instructions are not read");
		if (looking_at(&r, "</") && r.element.depth > 0)
			FIRN_TRY(take_end(&r, visit, arg));
		else if (looking_at(&r, "<"))
			FIRN_TRY(take_start(&r, visit, arg));
		else if (r.at < r.text.n)
			r.at++;
		else
			return refuse(&r, "the answer is cut off");
	} while (r.element.depth > 0);
	skip_space(&r);
	return r.at == r.text.n ? FIRN_OK : refuse(&r, "text after the document");
}

bool firn_xml_at(const struct firn_xml_element *element, const char *path)
{
	struct firn_str rest = firn_str(path);

	for (unsigned i = 0; i < element->depth; i++) {
		struct firn_str name = firn_str_sub(rest, 0, firn_str_find(rest, '/'));

		if (rest.n == 0 ||
		    (!firn_str_is(name, "*") && !firn_str_eq(name, element->names[i])))
			return false;
		rest = firn_str_sub(rest, name.n + 1, SIZE_MAX);
	}
	return rest.n == 0;
}

void firn_xml_escape(struct firn_buf *b, struct firn_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '&':
			firn_buf_cstr(b, "&amp;");
			break;
		case '<':
			firn_buf_cstr(b, "&lt;");
			break;
		case '>':
			firn_buf_cstr(b, "&gt;");
			break;
		case '"':
			firn_buf_cstr(b, "&quot;");
			break;
		case '\r':
			firn_buf_cstr(b, "&#13;");
			break;
		default:
			firn_buf_char(b, text.p[i]);
		}
	}
}
