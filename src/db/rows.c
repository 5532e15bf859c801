/* Result rows in text form. Owns the PGresult for as long as the asker's arena lives. */
#include "internal.h"

static void clear(void *result)
{
	PQclear(result);
}

firn_rc firn_rows_wrap(struct firn_ctx *cx, PGresult *result, const struct firn_rows **ret_rows)
{
	struct firn_rows *rows = firn_alloc(cx, sizeof(*rows));

	if (!rows) {
		PQclear(result);
		return cx->err.code;
	}
	rows->result = result;
	if (firn_arena_defer(cx, clear, result) != FIRN_OK) {
		PQclear(result);
		return cx->err.code;
	}
	*ret_rows = rows;
	return FIRN_OK;
}

size_t firn_rows_count(const struct firn_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

bool firn_row_null(const struct firn_rows *rows, size_t row, unsigned column)
{
	return PQgetisnull(rows->result, (int)row, (int)column) == 1;
}

struct firn_str firn_row_str(const struct firn_rows *rows, size_t row, unsigned column)
{
	const char *value;

	if (firn_row_null(rows, row, column))
		return FIRN_STR_NONE;
	value = PQgetvalue(rows->result, (int)row, (int)column);
	return value ? (struct firn_str){value,
					 (size_t)PQgetlength(rows->result, (int)row, (int)column)}
		     : FIRN_STR_NONE;
}

int64_t firn_row_i64(const struct firn_rows *rows, size_t row, unsigned column)
{
	int64_t value = 0;

	return firn_str_i64(firn_row_str(rows, row, column), &value) ? value : 0;
}

bool firn_row_bool(const struct firn_rows *rows, size_t row, unsigned column)
{
	return firn_str_is(firn_row_str(rows, row, column), "t");
}

struct firn_uuid firn_row_uuid(const struct firn_rows *rows, size_t row, unsigned column)
{
	struct firn_uuid uuid = {{0}};

	if (!firn_uuid_parse(firn_row_str(rows, row, column), &uuid))
		return (struct firn_uuid){{0}};
	return uuid;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

firn_rc firn_row_bytes(struct firn_ctx *cx, const struct firn_rows *rows, size_t row,
		       unsigned column, void *out, size_t n)
{
	struct firn_str text = firn_row_str(rows, row, column);
	unsigned char *to = out;

	if (!text.p || text.n != 2 + 2 * n || text.p[0] != '\\' || text.p[1] != 'x')
		return firn_fail(cx, FIRN_E_INTERNAL, "column %u of row %zu should hold %zu bytes",
				 column, row, n);
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text.p[2 + 2 * i]), low = hex_digit(text.p[3 + 2 * i]);

		if (high < 0 || low < 0)
			return firn_fail(cx, FIRN_E_INTERNAL, "column %u of row %zu is no bytea",
					 column, row);
		to[i] = (unsigned char)(high << 4 | low);
	}
	return FIRN_OK;
}

/* A reader over the text form of a one-dimensional array: {a,"b \"c\"",NULL}. */
struct array {
	const char *at, *end;
};

static size_t count_elements(struct firn_str text)
{
	size_t n = text.n > 2;
	bool quoted = false;

	for (size_t i = 1; i + 1 < text.n; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '"')
			quoted = !quoted;
		else if (text.p[i] == ',' && !quoted)
			n++;
	}
	return n;
}

static bool next_quoted(struct array *a, char *out, size_t *ret_n)
{
	size_t n = 0;

	for (a->at++; a->at < a->end && *a->at != '"'; a->at++) {
		if (*a->at == '\\' && ++a->at == a->end)
			return false;
		out[n++] = *a->at;
	}
	if (a->at == a->end)
		return false;
	a->at++;
	*ret_n = n;
	return true;
}

static bool next_plain(struct array *a, char *out, size_t *ret_n)
{
	size_t n = 0;

	for (; a->at < a->end && *a->at != ','; a->at++) {
		if (*a->at == '{' || *a->at == '}' || *a->at == '"')
			return false;
		if (*a->at == '\\' && ++a->at == a->end)
			return false;
		out[n++] = *a->at;
	}
	*ret_n = n;
	return n > 0;
}

/* Elements are unescaped into out one after the other, each with a NUL; out is as long as the text.
 */
static bool read_elements(struct array *a, char *out, struct firn_str *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool quoted = a->at < a->end && *a->at == '"';
		size_t length;

		if (!(quoted ? next_quoted(a, out, &length) : next_plain(a, out, &length)))
			return false;
		items[i] = (struct firn_str){out, length};
		if (!quoted && firn_str_is(items[i], "NULL"))
			items[i] = FIRN_STR_NONE;
		out[length] = '\0';
		out += length + 1;
		if (i + 1 < n && (a->at == a->end || *a->at++ != ','))
			return false;
	}
	return a->at == a->end;
}

firn_rc firn_row_strs(struct firn_ctx *cx, const struct firn_rows *rows, size_t row,
		      unsigned column, struct firn_strs *ret_values)
{
	struct firn_str text = firn_row_str(rows, row, column);
	struct firn_strs values = {NULL, 0};
	struct array a;
	char *out;

	if (!text.p) {
		*ret_values = values;
		return FIRN_OK;
	}
	if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
		return firn_fail(cx, FIRN_E_INTERNAL, "column %u of row %zu is no text[]", column,
				 row);
	values.n = count_elements(text);
	if (values.n) {
		values.items = firn_calloc(cx, values.n, sizeof(*values.items));
		out = firn_alloc(cx, text.n + 1);
		if (!values.items || !out)
			return cx->err.code;
		a = (struct array){text.p + 1, text.p + text.n - 1};
		if (!read_elements(&a, out, values.items, values.n))
			return firn_fail(cx, FIRN_E_INTERNAL, "column %u of row %zu is no text[]",
					 column, row);
	}
	*ret_values = values;
	return FIRN_OK;
}
