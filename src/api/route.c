/* Routes: from the raw path to a row of routes.def and a decoded target. */
#include "internal.h"

#include "firn/arena.h"

#define PUBLIC ROUTE_PUBLIC
#define LOCAL ROUTE_LOCAL
#define SPEC ROUTE_SPEC
#define ORDERED ROUTE_ORDERED

#define FAST(method, path, operation, handler, flags)                                              \
	{ROUTE_FAST,                                                                               \
	 FIRN_##method,                                                                            \
	 #method,                                                                                  \
	 path,                                                                                     \
	 #operation,                                                                               \
	 BODY_NONE,                                                                                \
	 flags,                                                                                    \
	 ANSWER_OWN,                                                                               \
	 h_##handler##_ask,                                                                        \
	 h_##handler##_answer,                                                                     \
	 NULL,                                                                                     \
	 NULL},
#define INLINE(method, path, operation, handler, flags)                                            \
	{ROUTE_INLINE, FIRN_##method, #method, path, #operation,	BODY_NONE,                 \
	 flags,	       ANSWER_OWN,    NULL,    NULL, h_##handler##_run, NULL},
#define LANE(method, path, operation, handler, body, flags)                                        \
	{ROUTE_LANE, FIRN_##method, #method, path, #operation,	      BODY_##body,                 \
	 flags,	     ANSWER_OWN,    NULL,    NULL, h_##handler##_run, NULL},
#define MUTATION(method, path, operation, handler, body, flags, answer)                            \
	{ROUTE_MUTATION, FIRN_##method,	  #method, path, #operation, BODY_##body,                  \
	 flags,		 ANSWER_##answer, NULL,	   NULL, NULL,	     h_##handler##_mutate},
const struct firn_route firn_routes[] = {
#include "routes.def"
	{0},
};
#undef FAST
#undef INLINE
#undef LANE
#undef MUTATION

enum { N_ROUTES = sizeof(firn_routes) / sizeof(firn_routes[0]) - 1, MAX_PIECES = 10 };

#define FAST(method, path, operation, handler, flags) #operation,
#define INLINE(method, path, operation, handler, flags) #operation,
#define LANE(method, path, operation, handler, body, flags) #operation,
#define MUTATION(method, path, operation, handler, body, flags, answer) #operation,
static const char *const operations[] = {
#include "routes.def"
	"unknown",
	NULL,
};

const char *const *firn_api_operations(void)
{
	return operations;
}

unsigned firn_call_operation_index(const struct firn_call *call)
{
	return call->route ? (unsigned)(call->route - firn_routes) : N_ROUTES;
}

const char *firn_call_operation(const struct firn_call *call)
{
	return operations[firn_call_operation_index(call)];
}

bool firn_call_mutates(const struct firn_call *call)
{
	return call->route && call->route->kind == ROUTE_MUTATION;
}

/* ---- matching ------------------------------------------------------------------------------- */

struct pieces {
	struct firn_str items[MAX_PIECES];
	size_t n;
};

/* `.`, `..` and empty pieces are refused raw: clients and proxies fold them, each in its own way.
 */
static firn_rc split(struct firn_call *call, struct pieces *ret_pieces)
{
	struct firn_str rest = call->raw_path;

	ret_pieces->n = 0;
	if (rest.n == 0 || rest.p[0] != '/')
		return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
				 "The request's path must begin with '/'");
	while (rest.n > 0) {
		struct firn_str after = firn_str_sub(rest, 1, SIZE_MAX);
		size_t slash = firn_str_find(after, '/');
		struct firn_str piece = firn_str_sub(after, 0, slash);

		if (piece.n == 0 || firn_str_is(piece, ".") || firn_str_is(piece, ".."))
			return firn_fail(&call->cx, FIRN_E_BAD_REQUEST,
					 "The path holds an empty piece, '.' or '..': "
					 "percent-encode slashes within names as %%2F");
		if (ret_pieces->n == MAX_PIECES)
			return firn_fail(&call->cx, FIRN_E_NO_SUCH_ROUTE,
					 "No route has that many path pieces");
		ret_pieces->items[ret_pieces->n++] = piece;
		rest = firn_str_sub(after, piece.n, SIZE_MAX);
	}
	return FIRN_OK;
}

/* Compared byte by byte: this runs over most of the table for each request. */
static bool matches(const char *pattern, const struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->n; i++) {
		struct firn_str piece = pieces->items[i];
		size_t n = 0;

		if (*pattern++ != '/')
			return false;
		if (*pattern == '{') {
			pattern = strchr(pattern, '}') + 1;
			continue;
		}
		while (n < piece.n && pattern[n] != '\0' && pattern[n] == piece.p[n])
			n++;
		pattern += n;
		if (n < piece.n || (*pattern != '/' && *pattern != '\0'))
			return false;
	}
	return *pattern == '\0';
}

static firn_rc decode_piece(struct firn_call *call, const char *pattern, struct firn_str raw)
{
	struct firn_str value;

	FIRN_TRY(firn_percent_decode(&call->cx, raw, false, "path", &value));
	if (strncmp(pattern, "{prefix}", 8) == 0) {
		call->target.warehouse = value;
		return firn_name_check(&call->cx, "warehouse", value);
	}
	if (strncmp(pattern, "{namespace}", 11) == 0)
		return firn_levels_split(&call->cx, value, &call->target.levels);
	call->target.name = value;
	return firn_name_check(&call->cx,
			       strncmp(pattern, "{view}", 6) == 0	 ? "view"
			       : strncmp(pattern, "{function}", 10) == 0 ? "function"
									 : "table",
			       value);
}

static firn_rc decode_target(struct firn_call *call, const char *pattern,
			     const struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->n; i++) {
		pattern++;
		if (pattern[0] == '{')
			FIRN_TRY(decode_piece(call, pattern, pieces->items[i]));
		pattern += strcspn(pattern, "/");
	}
	return FIRN_OK;
}

static firn_rc refuse_route(struct firn_call *call, const struct pieces *pieces)
{
	struct firn_buf allow;
	struct firn_str text;

	firn_buf_init(&allow, &call->cx, 256);
	for (const struct firn_route *route = firn_routes; route->path; route++)
		if (matches(route->path, pieces))
			firn_buf_printf(&allow, "%s%s", allow.n ? ", " : "", route->method_text);
	FIRN_TRY(firn_buf_end(&allow, &text));
	if (text.n == 0)
		return firn_fail(&call->cx, FIRN_E_NO_SUCH_ROUTE, "No such route: %.*s %.*s",
				 FIRN_FMT(call->method_text), FIRN_FMT(call->raw_path));
	firn_reply_header(call, "Allow", text);
	return firn_fail(&call->cx, FIRN_E_METHOD_NOT_ALLOWED,
			 "%.*s is not a method of %.*s: use %.*s", FIRN_FMT(call->method_text),
			 FIRN_FMT(call->raw_path), FIRN_FMT(text));
}

static const struct firn_route *route_of(enum firn_method method, const struct pieces *pieces)
{
	for (const struct firn_route *route = firn_routes; route->path; route++)
		if (route->method == method && matches(route->path, pieces))
			return route;
	return NULL;
}

firn_rc firn_route_find(struct firn_call *call)
{
	const struct firn_route *found;
	struct pieces pieces;

	FIRN_TRY(split(call, &pieces));
	found = route_of(call->method, &pieces);
	/* HEAD is GET without the body, where it has no row of its own. */
	if (!found && call->method == FIRN_HEAD)
		found = route_of(FIRN_GET, &pieces);
	if (!found)
		return refuse_route(call, &pieces);
	call->route = found;
	return decode_target(call, found->path, &pieces);
}

/* ---- query ---------------------------------------------------------------------------------- */

static firn_rc parse_pair(struct firn_call *call, struct firn_str raw, struct firn_pair *ret_pair)
{
	size_t equals = firn_str_find(raw, '=');
	struct firn_str value =
		equals < raw.n ? firn_str_sub(raw, equals + 1, SIZE_MAX) : FIRN_STR("");

	FIRN_TRY(firn_percent_decode(&call->cx, firn_str_sub(raw, 0, equals), true, "query",
				     &ret_pair->key));
	return firn_percent_decode(&call->cx, value, true, "query", &ret_pair->value);
}

firn_rc firn_query_parse(struct firn_call *call)
{
	struct firn_str rest = call->raw_query;
	size_t n = 1;

	if (rest.n == 0)
		return FIRN_OK;
	for (size_t i = 0; i < rest.n; i++)
		n += rest.p[i] == '&';
	call->query.items = firn_calloc(&call->cx, n, sizeof(*call->query.items));
	if (!call->query.items)
		return call->cx.err.code;
	while (rest.n > 0) {
		size_t end = firn_str_find(rest, '&');
		if (end > 0)
			FIRN_TRY(parse_pair(call, firn_str_sub(rest, 0, end),
					    &call->query.items[call->query.n++]));
		rest = end < rest.n ? firn_str_sub(rest, end + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return FIRN_OK;
}

struct firn_str firn_query_raw(const struct firn_call *call, const char *name)
{
	struct firn_str rest = call->raw_query;

	while (rest.n > 0) {
		size_t end = firn_str_find(rest, '&');
		struct firn_str pair = firn_str_sub(rest, 0, end);
		size_t equals = firn_str_find(pair, '=');
		if (equals < pair.n && firn_str_is(firn_str_sub(pair, 0, equals), name))
			return firn_str_sub(pair, equals + 1, SIZE_MAX);
		rest = end < rest.n ? firn_str_sub(rest, end + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return FIRN_STR_NONE;
}
