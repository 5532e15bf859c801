#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/log.h"
#include "follow.h"
#include "http_front.h"
#include "listen.h"
#include "metrics.h"

/* Ours answer first; libmicrohttpd's own limit on a head is the pool. */
enum {
	URI_CEILING = 8 * 1024,
	HEAD_CEILING = 12 * 1024,
	POOL_BYTES = 16 * 1024, /* cleared for each request: more drives all else from the cache */
	SPARE_EXCHANGES = 256,
	BODIES_AT_ONCE = 16, /* of full size, in a loop's memory, and */
	SMALL_BODIES_BYTES = 64 << 20
};

/* ---- exchanges ------------------------------------------------------------------------------ */

static struct firn_exchange *exchange_take(struct firn_http_front *front)
{
	struct firn_exchange *exchange = front->spare;
	struct firn_arena *arena;

	if (exchange) {
		front->spare = exchange->next;
		front->n_spare--;
		arena = exchange->call.cx.arena;
	} else {
		arena = firn_arena_new((size_t)front->server->config->request_memory);
		exchange = arena ? malloc(sizeof(*exchange)) : NULL;
		if (!exchange) {
			firn_arena_free(arena);
			return NULL;
		}
	}
	*exchange = (struct firn_exchange){.loop = front->loop};
	firn_ctx_init(&exchange->call.cx, arena);
	front->busy++;
	return exchange;
}

static void exchange_put(struct firn_http_front *front, struct firn_exchange *exchange)
{
	front->busy--;
	for (unsigned i = 0; i < exchange->call.reply.n_holds; i++)
		firn_blob_release(exchange->call.reply.holds[i]);
	front->body_bytes -= exchange->body_capacity;
	free(exchange->body);
	if (front->n_spare >= SPARE_EXCHANGES) {
		firn_arena_free(exchange->call.cx.arena);
		free(exchange);
		return;
	}
	firn_arena_reset(exchange->call.cx.arena);
	exchange->next = front->spare;
	front->spare = exchange;
	front->n_spare++;
}

static struct firn_str call_header(const struct firn_call *call, const char *name)
{
	const struct firn_exchange *exchange = call->transport;
	const char *value = MHD_lookup_connection_value(exchange->mhd, MHD_HEADER_KIND, name);
	return firn_str(value);
}

static void start_request_id(struct firn_http_front *front, struct firn_exchange *exchange)
{
	int64_t now_ms = firn_wall_ms(&exchange->call.cx);
	struct firn_uuid id = firn_uuid_next(&front->request_ids, now_ms);
	firn_uuid_text(&id, exchange->call.cx.request_id);
}

/* Called with the URI as it came, before libmicrohttpd decodes it in place. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct firn_http_front *front = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct firn_connection *connection = info ? info->socket_context : NULL;
	struct firn_exchange *exchange = connection ? exchange_take(front) : NULL;
	struct firn_str raw, copy;
	size_t question;

	if (!exchange)
		return NULL;
	exchange->mhd = mhd;
	exchange->connection = connection;
	connection->exchange = exchange;
	connection->mhd = mhd;
	exchange->call.api = front->server->api;
	exchange->call.header = call_header;
	exchange->call.transport = exchange;
	exchange->call.loopback_peer = connection->loopback;
	exchange->started_ns = firn_monotonic_ns(&exchange->call.cx);
	start_request_id(front, exchange);
	raw = firn_str(uri);
	if (raw.n > URI_CEILING) {
		(void)firn_fail(
			&exchange->call.cx, FIRN_E_URI_TOO_LONG,
			"The request's path and query take %zu bytes; at most %d are allowed",
			raw.n, URI_CEILING);
		return exchange;
	}
	copy = firn_str_dup(&exchange->call.cx, raw);
	question = firn_str_find(copy, '?');
	exchange->call.raw_path = firn_str_sub(copy, 0, question);
	exchange->call.raw_query =
		question < copy.n ? firn_str_sub(copy, question + 1, SIZE_MAX) : FIRN_STR_NONE;
	return exchange;
}

/* ---- requests ------------------------------------------------------------------------------- */

static enum firn_method method_of(const char *method)
{
	static const struct {
		const char *text;
		enum firn_method method;
	} known[] = {{"GET", FIRN_GET},	       {"HEAD", FIRN_HEAD},	{"POST", FIRN_POST},
		     {"PUT", FIRN_PUT},	       {"DELETE", FIRN_DELETE}, {"PATCH", FIRN_PATCH},
		     {"OPTIONS", FIRN_OPTIONS}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(method, known[i].text) == 0)
			return known[i].method;
	return FIRN_METHOD_OTHER;
}

static bool head_too_large(struct firn_exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	if (!info || info->header_size <= HEAD_CEILING)
		return false;
	(void)firn_fail(&exchange->call.cx, FIRN_E_HEADERS_TOO_LARGE,
			"The request's head takes %zu bytes; at most %d are allowed",
			info->header_size, HEAD_CEILING);
	return true;
}

struct head_counts {
	unsigned hosts, lengths, codings;
	bool foreign_coding;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct head_counts *counts = cls;

	(void)kind;
	counts->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	counts->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		counts->codings++;
		counts->foreign_coding |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

/* RFC 9112: one Host; and one opinion about the body's length, or a proxy's may differ from ours.
 */
static bool head_is_ambiguous(struct firn_exchange *exchange, const char *version)
{
	struct head_counts counts = {0};

	(void)MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, count_header, &counts);
	if (counts.lengths + counts.codings > 1)
		(void)firn_fail(&exchange->call.cx, FIRN_E_BAD_REQUEST,
				"The request tells its body's length more than once");
	else if (counts.foreign_coding)
		(void)firn_fail(&exchange->call.cx, FIRN_E_BAD_REQUEST,
				"Transfer-Encoding must be chunked, or absent");
	else if (counts.hosts > 1 ||
		 (counts.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0))
		(void)firn_fail(&exchange->call.cx, FIRN_E_BAD_REQUEST,
				"The request must have one Host header, not %u", counts.hosts);
	return exchange->call.cx.err.code != FIRN_OK;
}

static bool only_zeros(struct firn_str digits)
{
	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] != '0')
			return false;
	return true;
}

/* W3C trace context: taken over when well-formed, else left out. */
static void take_traceparent(struct firn_exchange *exchange)
{
	struct firn_str value = call_header(&exchange->call, "traceparent");
	if (value.n != 55)
		return;
	for (size_t i = 0; i < value.n; i++) {
		bool dash = i == 2 || i == 35 || i == 52;
		if (dash ? value.p[i] != '-' : !strchr("0123456789abcdef", value.p[i]))
			return;
	}
	if (firn_str_starts(value, FIRN_STR("ff")) || only_zeros(firn_str_sub(value, 3, 32)) ||
	    only_zeros(firn_str_sub(value, 36, 16)))
		return;
	memcpy(exchange->call.cx.traceparent, value.p, value.n);
}

static enum MHD_Result refuse(struct firn_http_front *front, struct firn_exchange *exchange)
{
	if (exchange->call.reply.status == 0)
		firn_api_fail(&exchange->call);
	return firn_http_queue_reply(front, exchange);
}

static bool announces_too_much(struct firn_exchange *exchange)
{
	struct firn_str length = call_header(&exchange->call, "Content-Length");
	int64_t n;
	if (!length.p || !firn_str_i64(length, &n) || (uint64_t)n <= exchange->call.body_ceiling)
		return false;
	(void)firn_fail(&exchange->call.cx, FIRN_E_TOO_LARGE,
			"The request's body takes %lld bytes; at most %zu are allowed",
			(long long)n, exchange->call.body_ceiling);
	return true;
}

static bool announces_body(struct firn_exchange *exchange)
{
	struct firn_str length = call_header(&exchange->call, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return call_header(&exchange->call, MHD_HTTP_HEADER_TRANSFER_ENCODING).p ||
	       (length.p && !firn_str_is(length, "0"));
}

/* True: the call has failed, and may have its reply already. */
static bool head_is_refused(struct firn_exchange *exchange, const char *version)
{
	return exchange->call.cx.err.code != FIRN_OK || head_too_large(exchange) ||
	       head_is_ambiguous(exchange, version) ||
	       firn_api_route(&exchange->call) == FIRN_NEXT_REPLY || announces_too_much(exchange);
}

static enum MHD_Result on_head(struct firn_http_front *front, struct firn_exchange *exchange,
			       const char *method, const char *version)
{
	exchange->call.method_text = firn_str_dup(&exchange->call.cx, firn_str(method));
	exchange->call.method = method_of(method);
	exchange->state = FIRN_EXCHANGE_BODY;
	take_traceparent(exchange);
	/* An answer before the body costs the connection; without a body, on_complete gives it. */
	if (head_is_refused(exchange, version) && announces_body(exchange))
		return refuse(front, exchange);
	return MHD_YES;
}

/* Makes room for n more bytes, within what the bodies of all the loop's requests may take. */
static bool grow_body(struct firn_http_front *front, struct firn_exchange *exchange, size_t n)
{
	size_t capacity = exchange->body_capacity ? exchange->body_capacity : 4096;
	char *grown;

	while (capacity < exchange->body_n + n)
		capacity *= 2;
	if (capacity - exchange->body_capacity >
	    BODIES_AT_ONCE * exchange->call.body_ceiling + SMALL_BODIES_BYTES - front->body_bytes)
		return false;
	grown = realloc(exchange->body, capacity);
	if (!grown)
		return false;
	front->body_bytes += capacity - exchange->body_capacity;
	exchange->body = grown;
	exchange->body_capacity = capacity;
	return true;
}

static enum MHD_Result on_body(struct firn_http_front *front, struct firn_exchange *exchange,
			       const char *bytes, size_t n)
{
	if (exchange->call.cx.err.code != FIRN_OK)
		return MHD_YES; /* too large already: read on and drop, then answer */
	if (n > exchange->call.body_ceiling - exchange->body_n) {
		(void)firn_fail(&exchange->call.cx, FIRN_E_TOO_LARGE,
				"The request's body takes more than the %zu bytes allowed",
				exchange->call.body_ceiling);
		return MHD_YES;
	}
	if (exchange->body_n + n > exchange->body_capacity && !grow_body(front, exchange, n)) {
		(void)firn_fail(&exchange->call.cx, FIRN_E_TOO_MANY_REQUESTS,
				"The server is busy; nothing was changed, try again");
		return MHD_YES;
	}
	memcpy(exchange->body + exchange->body_n, bytes, n);
	exchange->body_n += n;
	return MHD_YES;
}

static enum MHD_Result on_complete(struct firn_http_front *front, struct firn_exchange *exchange)
{
	struct firn_ctx *cx = &exchange->call.cx;

	if (cx->err.code != FIRN_OK)
		return refuse(front, exchange);
	exchange->started_ns = firn_monotonic_ns(cx);
	cx->deadline_ns =
		exchange->started_ns + front->server->config->request_timeout * 1000000000;
	exchange->call.body = (struct firn_str){exchange->body, exchange->body_n};
	firn_loop_dispatch(front->loop, exchange, firn_api_begin(&exchange->call));
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **request)
{
	struct firn_http_front *front = cls;
	struct firn_exchange *exchange = *request;

	(void)mhd, (void)url;
	if (!exchange)
		return MHD_NO; /* no memory for an exchange: close */
	switch (exchange->state) {
	case FIRN_EXCHANGE_HEAD:
		return on_head(front, exchange, method, version);
	case FIRN_EXCHANGE_BODY:
		if (*upload_n > 0) {
			size_t n = *upload_n;
			*upload_n = 0;
			return on_body(front, exchange, upload, n);
		}
		return on_complete(front, exchange);
	case FIRN_EXCHANGE_WAITING:
	case FIRN_EXCHANGE_REPLYING:
		return MHD_YES;
	}
	return MHD_NO;
}

static void on_done(void *cls, struct MHD_Connection *mhd, void **request,
		    enum MHD_RequestTerminationCode code)
{
	struct firn_http_front *front = cls;
	struct firn_exchange *exchange = *request;
	int64_t now;

	(void)mhd, (void)code;
	if (!exchange)
		return;
	*request = NULL;
	now = firn_monotonic_ns(&exchange->call.cx);
	if (exchange->call.reply.status) {
		int64_t duration = now - exchange->started_ns;
		firn_http_log_access(exchange, exchange->call.reply.status, duration);
		firn_metrics_count(front->server->metrics, firn_loop_index(front->loop),
				   &exchange->call, exchange->call.reply.status, duration,
				   exchange->sent_bytes);
	}
	if (exchange->connection->follower) {
		firn_follower_close(exchange->connection->follower);
		exchange->connection->follower = NULL;
	}
	exchange->connection->exchange = NULL;
	exchange->connection->idle_since_ns = now;
	exchange_put(front, exchange);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void connection_open(struct firn_http_front *front, struct MHD_Connection *mhd,
			    void **socket_context)
{
	struct firn_connection *connection = calloc(1, sizeof(*connection));
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *peer =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	*socket_context = connection;
	if (!connection)
		return;
	connection->front = front;
	connection->mhd = mhd;
	connection->fd = fd ? fd->connect_fd : -1;
	connection->loopback = peer && firn_address_is_loopback(peer->client_addr);
	connection->idle_since_ns = firn_system_clock.monotonic_ns(&firn_system_clock);
	connection->next = front->connections.next;
	connection->previous = &front->connections;
	connection->next->previous = connection;
	front->connections.next = connection;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct firn_connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_open(cls, mhd, socket_context);
		return;
	}
	if (!connection)
		return;
	connection->previous->next = connection->next;
	connection->next->previous = connection->previous;
	/* A head that libmicrohttpd refused itself never came to on_request, nor to on_done. */
	if (connection->exchange)
		exchange_put(cls, connection->exchange);
	free(connection);
	*socket_context = NULL;
}

/* Nanoseconds after which the connection's present state has lasted too long. */
static int64_t patience_ns(const struct firn_connection *connection,
			   const struct firn_config *config, int64_t *ret_since_ns)
{
	const struct firn_exchange *exchange = connection->exchange;
	if (!exchange) {
		*ret_since_ns = connection->idle_since_ns;
		return (config->idle_timeout + config->head_timeout) * 1000000000;
	}
	*ret_since_ns = exchange->started_ns;
	switch (exchange->state) {
	case FIRN_EXCHANGE_HEAD:
	case FIRN_EXCHANGE_BODY:
		return config->body_timeout * 1000000000;
	case FIRN_EXCHANGE_WAITING: /* bounded by the call's own deadline */
		return INT64_MAX;
	case FIRN_EXCHANGE_REPLYING:
		if (connection->follower)
			return INT64_MAX;
		/* A large answer may take long; a client that reads no faster than this is not
		 * served. */
		return (config->request_timeout + config->body_timeout) * 1000000000 +
		       (int64_t)(exchange->sent_bytes / 10000) * 1000000;
	}
	return INT64_MAX;
}

/* The peer has gone in the middle of its request. libmicrohttpd misses an end that comes together
 * with bytes before it: its epoll is edge-triggered, and it reads only until it got less than it
 * asked for. */
static bool gave_up(const struct firn_connection *connection)
{
	const struct firn_exchange *exchange = connection->exchange;

	return exchange &&
	       (exchange->state == FIRN_EXCHANGE_HEAD || exchange->state == FIRN_EXCHANGE_BODY) &&
	       firn_http_peer_is_gone(connection);
}

void firn_http_front_sweep(struct firn_http_front *front, int64_t now_ns)
{
	struct firn_connection *connection = front->connections.next;
	for (; connection != &front->connections; connection = connection->next) {
		int64_t since;
		int64_t patience = patience_ns(connection, front->server->config, &since);
		if (front->draining && (!connection->exchange ||
					(now_ns > front->drain_deadline_ns &&
					 connection->exchange->state != FIRN_EXCHANGE_WAITING)))
			patience = 0;
		if (gave_up(connection))
			patience = 0;
		if (patience != INT64_MAX && now_ns - since > patience)
			(void)shutdown(connection->fd, SHUT_RDWR);
		firn_http_end_lost_stream(connection);
	}
}

void firn_http_front_wake_followers(struct firn_http_front *front)
{
	struct firn_connection *connection = front->connections.next;
	for (; connection != &front->connections; connection = connection->next)
		if (connection->follower && connection->stream_waits) {
			connection->stream_waits = false;
			MHD_resume_connection(connection->mhd);
		}
}

/* ---- the daemon ----------------------------------------------------------------------------- */

/* We decode ourselves, from the raw URI. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls, (void)mhd;
	return strlen(text);
}

static void log_daemon(void *cls, const char *fmt, va_list args) FIRN_PRINTF(2, 0);
static void log_daemon(void *cls, const char *fmt, va_list args)
{
	char text[256];
	struct firn_log_field field;

	(void)cls;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	field = (struct firn_log_field)FIRN_F_CSTR("message", text);
	firn_log(FIRN_LOG_DEBUG, "libmicrohttpd", &field, 1);
}

static struct MHD_Daemon *start_daemon(struct firn_http_front *front, int listen_fd)
{
	const struct firn_config *config = front->server->config;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, front, MHD_OPTION_EXTERNAL_LOGGER, log_daemon,
		NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)(config->connections / front->server->n_loops + 1),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
		on_uri, front, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_done, front, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, front, MHD_OPTION_END);
}

firn_rc firn_http_front_open(struct firn_ctx *cx, struct firn_loop *loop,
			     struct firn_http_front **ret_front)
{
	struct firn_http_front *front = calloc(1, sizeof(*front));
	const union MHD_DaemonInfo *info;
	int listen_fd;
	firn_rc rc;

	if (!front)
		return firn_fail(cx, FIRN_E_INTERNAL, "No memory for the HTTP front");
	front->loop = loop;
	front->server = firn_loop_server(loop);
	front->connections.next = front->connections.previous = &front->connections;
	rc = firn_listen(cx, front->server->config->listen, &listen_fd);
	if (rc != FIRN_OK) {
		free(front);
		return rc;
	}
	front->daemon = start_daemon(front, listen_fd);
	info = front->daemon ? MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		(void)close(listen_fd);
		free(front);
		return firn_fail(cx, FIRN_E_INTERNAL, "The HTTP server can't be started on %.*s",
				 FIRN_FMT(firn_loop_server(loop)->config->listen));
	}
	front->epoll_fd = info->epoll_fd;
	*ret_front = front;
	return FIRN_OK;
}

void firn_http_front_free(struct firn_http_front *front)
{
	MHD_stop_daemon(front->daemon);
	while (front->spare) {
		struct firn_exchange *exchange = front->spare;
		front->spare = exchange->next;
		firn_arena_free(exchange->call.cx.arena);
		free(exchange);
	}
	free(front);
}

int firn_http_front_fd(const struct firn_http_front *front)
{
	return front->epoll_fd;
}

int firn_http_front_timeout_ms(const struct firn_http_front *front)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	if (MHD_get_timeout(front->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout > 1000 ? 1000 : (int)timeout;
}

void firn_http_front_run(struct firn_http_front *front)
{
	(void)MHD_run(front->daemon);
}

void firn_http_front_drain(struct firn_http_front *front, int64_t deadline_ns)
{
	if (!front->draining) {
		int fd = MHD_quiesce_daemon(front->daemon);
		if (fd >= 0)
			(void)close(fd);
	}
	front->draining = true;
	front->drain_deadline_ns = deadline_ns;
	firn_http_front_wake_followers(front);
}

unsigned firn_http_front_busy(const struct firn_http_front *front)
{
	return front->busy;
}
