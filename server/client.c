#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "firn/arena.h"
#include "firn/http.h"

enum { ANSWER_CEILING = 256 << 20, TIMEOUT_MS = 60000 };

/* ---- requests ------------------------------------------------------------------------------- */

static struct firn_str server_url(const struct firn_invocation *in)
{
	struct firn_str url = firn_flag_value(in, "server");
	const char *environment = getenv("FIRN_SERVER");

	if (!url.p)
		url = environment ? firn_str(environment) : FIRN_STR("http://127.0.0.1:8181");
	while (url.n > 0 && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

static enum firn_code code_of(int status)
{
	switch (status) {
	case 401:
		return FIRN_E_UNAUTHORIZED;
	case 403:
		return FIRN_E_FORBIDDEN;
	case 404:
		return FIRN_E_NOT_FOUND;
	case 409:
		return FIRN_E_CONFLICT;
	case 429:
	case 503:
		return FIRN_E_UNAVAILABLE;
	default:
		return status < 500 ? FIRN_E_BAD_REQUEST : FIRN_E_INTERNAL;
	}
}

static firn_rc fail_as_server(struct firn_ctx *cx, const struct firn_http_answer *answer)
{
	const struct firn_json *json = NULL;
	struct firn_str message = FIRN_STR("the server gave no reason");
	struct firn_str id = firn_http_header(answer, "x-request-id");

	if (firn_json_parse(cx, answer->body, "answer", &json) == FIRN_OK) {
		struct firn_str text =
			firn_json_str(firn_json_get(firn_json_get(json, "error"), "message"));
		if (text.n > 0)
			message = text;
	}
	firn_err_clear(cx);
	return firn_fail(cx, code_of(answer->status), "%.*s (request %.*s)", FIRN_FMT(message),
			 FIRN_FMT(id));
}

static firn_rc do_call(struct firn_invocation *in, const struct firn_http_request *request,
		       const struct firn_json **ret_json)
{
	struct firn_ctx *cx = in->cx;
	struct firn_http_answer answer;

	if (firn_http_do(cx, request, &answer) != FIRN_OK) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "No answer from %.*s: start a server there (`firn dev`), or name "
				 "another with --server or FIRN_SERVER",
				 FIRN_FMT(server_url(in)));
	}
	if (answer.status >= 300)
		return fail_as_server(cx, &answer);
	if (answer.body.n == 0)
		return firn_json_parse(cx, FIRN_STR("{}"), "answer", ret_json);
	return firn_json_parse(cx, answer.body, "The server's answer", ret_json);
}

firn_rc firn_client_call(struct firn_invocation *in, const char *method, struct firn_str path,
			 struct firn_str body, const struct firn_json **ret_json)
{
	const struct firn_pair headers[] = {
		{FIRN_STR("Content-Type"), FIRN_STR("application/json")},
		{FIRN_STR("Accept"), FIRN_STR("application/json")}};
	struct firn_str url =
		firn_printf(in->cx, "%.*s%.*s", FIRN_FMT(server_url(in)), FIRN_FMT(path));
	struct firn_http_request request = {.method = method,
					    .url = url,
					    .headers = headers,
					    .n_headers = 2,
					    .body = body,
					    .answer_ceiling = ANSWER_CEILING,
					    .timeout_ms = TIMEOUT_MS};
	firn_rc rc;

	if (!url.p)
		return in->cx->err.code;
	in->cx->http = firn_http_new();
	if (!in->cx->http)
		return firn_fail(in->cx, FIRN_E_INTERNAL, "No memory for an HTTP client");
	rc = do_call(in, &request, ret_json);
	firn_http_free(in->cx->http);
	in->cx->http = NULL;
	return rc;
}

/* ---- names ---------------------------------------------------------------------------------- */

struct firn_str firn_client_encode(struct firn_ctx *cx, struct firn_str text)
{
	struct firn_buf b;
	struct firn_str encoded;
	firn_buf_init(&b, cx, 64 * 1024);
	firn_percent_encode(&b, text, false);
	return firn_buf_end(&b, &encoded) == FIRN_OK ? encoded : FIRN_STR_NONE;
}

firn_rc firn_client_warehouse(struct firn_invocation *in, struct firn_str *ret_encoded)
{
	struct firn_str name = firn_flag_value(in, "warehouse");
	const struct firn_json *config;

	if (!name.p) {
		FIRN_TRY(firn_client_call(in, "GET", FIRN_STR("/v1/config"), FIRN_STR_NONE,
					  &config));
		name = firn_json_str(firn_json_get(firn_json_get(config, "overrides"), "prefix"));
	}
	*ret_encoded = firn_client_encode(in->cx, name);
	return in->cx->err.code;
}

/* The pieces between unescaped dots. */
static struct firn_strs split_dots(struct firn_ctx *cx, struct firn_str text)
{
	struct firn_strs pieces = {firn_calloc(cx, text.n + 1, sizeof(struct firn_str)), 0};
	char *out = firn_alloc(cx, text.n + 1);
	size_t n = 0, start = 0;

	if (!pieces.items || !out)
		return (struct firn_strs){0};
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n) {
			out[n++] = text.p[++i];
		} else if (text.p[i] == '.') {
			pieces.items[pieces.n++] = (struct firn_str){out + start, n - start};
			start = n;
		} else {
			out[n++] = text.p[i];
		}
	}
	pieces.items[pieces.n++] = (struct firn_str){out + start, n - start};
	return pieces;
}

firn_rc firn_client_split(struct firn_invocation *in, struct firn_str text, bool has_name,
			  struct firn_str *ret_namespace, struct firn_str *ret_name)
{
	struct firn_strs pieces = split_dots(in->cx, text);
	size_t levels = has_name && pieces.n > 0 ? pieces.n - 1 : pieces.n;
	struct firn_buf b;

	if (levels == 0)
		return firn_fail(in->cx, FIRN_E_BAD_REQUEST,
				 "'%.*s' names no namespace: write NAMESPACE%s", FIRN_FMT(text),
				 has_name ? ".NAME" : "");
	firn_buf_init(&b, in->cx, 64 * 1024);
	for (size_t i = 0; i < levels; i++) {
		if (i > 0)
			firn_buf_cstr(&b, "%1F");
		firn_percent_encode(&b, pieces.items[i], false);
	}
	FIRN_TRY(firn_buf_end(&b, ret_namespace));
	if (has_name)
		*ret_name = firn_client_encode(in->cx, pieces.items[levels]);
	return in->cx->err.code;
}

/* ---- output --------------------------------------------------------------------------------- */

static void print_json(struct firn_ctx *cx, const struct firn_json *json)
{
	struct firn_str text;
	if (firn_json_dump(cx, json, false, &text) == FIRN_OK)
		(void)printf("%.*s\n", FIRN_FMT(text));
}

/* U+0000–001F, 007F and 0080–009F would break lines or command the terminal: written as \u00XX. */
static struct firn_str visible(struct firn_ctx *cx, struct firn_str text)
{
	struct firn_buf b;
	struct firn_str escaped;
	size_t start = 0;

	firn_buf_init(&b, cx, ANSWER_CEILING);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		unsigned char next = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0xff;
		bool c1 = c == 0xc2 && next < 0xa0;
		if (c >= 0x20 && c != 0x7f && !c1)
			continue;
		firn_buf_str(&b, firn_str_sub(text, start, i - start));
		firn_buf_printf(&b, "\\u%04x", c1 ? next : c);
		i += c1;
		start = i + 1;
	}
	if (start == 0)
		return text;
	firn_buf_str(&b, firn_str_sub(text, start, SIZE_MAX));
	return firn_buf_end(&b, &escaped) == FIRN_OK ? escaped : FIRN_STR("");
}

/* A value as a person reads it: strings bare, arrays of strings joined by dots, the rest as JSON.
 */
static struct firn_str bare(struct firn_ctx *cx, const struct firn_json *value, char separator)
{
	struct firn_buf b;
	struct firn_str text = FIRN_STR("");

	if (!value || firn_json_type(value) == FIRN_JSON_NULL)
		return text;
	if (firn_json_type(value) == FIRN_JSON_STRING)
		return firn_json_str(value);
	if (firn_json_type(value) != FIRN_JSON_ARRAY ||
	    (firn_json_count(value) > 0 && !firn_json_str(firn_json_at(value, 0)).p)) {
		return firn_json_dump(cx, value, false, &text) == FIRN_OK ? text : FIRN_STR("");
	}
	firn_buf_init(&b, cx, 1 << 20);
	for (size_t i = 0; i < firn_json_count(value); i++) {
		if (i > 0)
			firn_buf_char(&b, separator);
		firn_buf_str(&b, firn_json_str(firn_json_at(value, i)));
	}
	return firn_buf_end(&b, &text) == FIRN_OK ? text : FIRN_STR("");
}

static struct firn_str plain(struct firn_ctx *cx, const struct firn_json *value, char separator)
{
	return visible(cx, bare(cx, value, separator));
}

/* Namespaces are written with dots, other lists with commas. */
static char separator_of(struct firn_str name)
{
	return firn_str_is(name, "namespace") ? '.' : ',';
}

static struct firn_str member(struct firn_ctx *cx, const struct firn_json *item,
			      struct firn_str name)
{
	return plain(cx, firn_json_get(item, firn_cstr(cx, name)), separator_of(name));
}

/* Columns of a terminal that a text takes: one per UTF-8 character. */
static int width_of(struct firn_str text)
{
	int width = 0;
	for (size_t i = 0; i < text.n; i++)
		width += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return width;
}

static struct firn_str cell(struct firn_ctx *cx, const struct firn_json *item,
			    const struct firn_column *column)
{
	return column->member[0] ? member(cx, item, firn_str(column->member))
				 : plain(cx, item, '.');
}

static void print_table(struct firn_ctx *cx, const struct firn_json *items,
			const struct firn_column *columns, size_t n)
{
	int widths[8] = {0};

	for (size_t c = 0; c < n; c++)
		widths[c] = (int)strlen(columns[c].title);
	for (size_t i = 0; i < firn_json_count(items); i++)
		for (size_t c = 0; c < n; c++) {
			int width = width_of(cell(cx, firn_json_at(items, i), &columns[c]));
			widths[c] = width > widths[c] ? width : widths[c];
		}
	for (size_t c = 0; c < n; c++)
		(void)printf("%-*s%s", c + 1 < n ? widths[c] : 0, columns[c].title,
			     c + 1 < n ? "  " : "\n");
	for (size_t i = 0; i < firn_json_count(items); i++)
		for (size_t c = 0; c < n; c++) {
			struct firn_str text = cell(cx, firn_json_at(items, i), &columns[c]);
			int pad = c + 1 < n ? widths[c] - width_of(text) + 2 : 0;
			(void)printf("%.*s%*s%s", FIRN_FMT(text), pad, "", c + 1 < n ? "" : "\n");
		}
}

static void print_tabs(struct firn_ctx *cx, const struct firn_json *items,
		       const struct firn_column *columns, size_t n)
{
	for (size_t i = 0; i < firn_json_count(items); i++)
		for (size_t c = 0; c < n; c++) {
			struct firn_str text = cell(cx, firn_json_at(items, i), &columns[c]);
			(void)printf("%.*s%c", FIRN_FMT(text), c + 1 < n ? '\t' : '\n');
		}
}

void firn_client_list(struct firn_invocation *in, const struct firn_json *whole,
		      const struct firn_json *items, const struct firn_column *columns, size_t n)
{
	if (firn_flag(in, "json")) {
		print_json(in->cx, whole);
	} else if (firn_flag(in, "jsonl")) {
		for (size_t i = 0; i < firn_json_count(items); i++)
			print_json(in->cx, firn_json_at(items, i));
	} else if (firn_flag(in, "quiet")) {
		print_tabs(in->cx, items, columns, 1);
	} else if (isatty(STDOUT_FILENO)) {
		print_table(in->cx, items, columns, n);
	} else {
		print_tabs(in->cx, items, columns, n);
	}
}

void firn_client_show(struct firn_invocation *in, const struct firn_json *object)
{
	void *iter = NULL;
	struct firn_str key;
	const struct firn_json *value;

	if (firn_flag(in, "json") || firn_flag(in, "jsonl")) {
		print_json(in->cx, object);
		return;
	}
	while (firn_json_next(object, &iter, &key, &value)) {
		struct firn_str text = plain(in->cx, value, separator_of(key));
		(void)printf("%-20.*s %.*s\n", FIRN_FMT(key), FIRN_FMT(text));
	}
}

bool firn_client_confirm(struct firn_invocation *in, struct firn_str what, enum firn_exit *ret_exit)
{
	char answer[16];

	if (firn_flag(in, "dry-run")) {
		(void)printf("would %.*s\n", FIRN_FMT(what));
		*ret_exit = FIRN_EXIT_OK;
		return false;
	}
	if (firn_flag(in, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "firn: about to %.*s: say --yes\n", FIRN_FMT(what));
		*ret_exit = FIRN_EXIT_USAGE;
		return false;
	}
	(void)fprintf(stderr, "%.*s? [y/N] ", FIRN_FMT(what));
	*ret_exit = FIRN_EXIT_FAILED;
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}
