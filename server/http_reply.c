/* From a call's reply to libmicrohttpd's response: bodies without a copy, event streams, the access
 * line. */
#include <sys/socket.h>

#include "firn/arena.h"
#include "firn/log.h"
#include "follow.h"
#include "http_front.h"

enum { STREAM_BLOCK = 16 * 1024 };
/* Smaller bodies are copied into one piece, which libmicrohttpd sends together with the head. */
enum { JOINED_BYTES = 16 * 1024 };

void firn_http_log_access(struct firn_exchange *exchange, int status, int64_t duration_ns)
{
	const struct firn_ctx *cx = &exchange->call.cx;
	enum firn_log_level level = FIRN_LOG_INFO;
	struct firn_log_field fields[12];
	size_t n = 0;

	if (cx->err.code != FIRN_OK)
		level = (enum firn_log_level)firn_code_info(cx->err.code)->log_level;
	if (!firn_log_enabled(level))
		return;
	fields[n++] = (struct firn_log_field)FIRN_F_CSTR("operation",
							 firn_call_operation(&exchange->call));
	fields[n++] = (struct firn_log_field)FIRN_F_I64("status", status);
	fields[n++] = (struct firn_log_field)FIRN_F_MS("ms", duration_ns);
	fields[n++] = (struct firn_log_field)FIRN_F_MS("lane_ms", cx->timings.lane_wait_ns);
	fields[n++] = (struct firn_log_field)FIRN_F_MS("db_ms", cx->timings.db_ns);
	fields[n++] = (struct firn_log_field)FIRN_F_MS("store_ms", cx->timings.store_ns);
	fields[n++] = (struct firn_log_field)FIRN_F_STR("path", exchange->call.raw_path);
	fields[n++] = (struct firn_log_field)FIRN_F_CSTR("request_id", cx->request_id);
	if (cx->traceparent[0])
		fields[n++] = (struct firn_log_field)FIRN_F_CSTR("traceparent", cx->traceparent);
	if (cx->err.code != FIRN_OK) {
		fields[n++] = (struct firn_log_field)FIRN_F_CSTR("error", cx->err.message);
		if (cx->err.notes[0])
			fields[n++] = (struct firn_log_field)FIRN_F_CSTR("notes", cx->err.notes);
	}
	firn_log(level, "request", fields, n);
}

static ssize_t stream_read(void *cls, uint64_t position, char *out, size_t max)
{
	struct firn_connection *connection = cls;
	ptrdiff_t n = firn_follower_read(connection->follower, out, max);

	(void)position;
	if (n < 0 || connection->stream_lost)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0 && !connection->stream_waits) {
		connection->stream_waits = true;
		MHD_suspend_connection(connection->mhd);
	}
	return n;
}

bool firn_http_peer_is_gone(const struct firn_connection *connection)
{
	char byte;
	return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A suspended connection is not looked at: without this, clients that vanish keep their place among
 * the followers until the next heartbeat. */
void firn_http_end_lost_stream(struct firn_connection *connection)
{
	if (!connection->follower || !connection->stream_waits ||
	    !firn_http_peer_is_gone(connection))
		return;
	connection->stream_lost = true;
	connection->stream_waits = false;
	MHD_resume_connection(connection->mhd);
}

static struct MHD_Response *stream_response(struct firn_http_front *front,
					    struct firn_exchange *exchange)
{
	struct firn_reply *reply = &exchange->call.reply;
	struct firn_connection *connection = exchange->connection;

	connection->follower = firn_follower_open(front->server->steward, front->loop,
						  reply->follow_after, reply->follow_warehouse);
	if (!connection->follower) {
		(void)firn_fail(&exchange->call.cx, FIRN_E_UNAVAILABLE,
				"Too many clients follow the events");
		firn_api_fail(&exchange->call);
		return NULL;
	}
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						 connection, NULL);
}

/* The body in one piece when it is small and memory is left, else NULL. */
static char *join_small(struct firn_exchange *exchange)
{
	const struct firn_reply *reply = &exchange->call.reply;
	char *body = NULL;
	size_t n = 0;

	if (exchange->sent_bytes > 0 && exchange->sent_bytes <= JOINED_BYTES)
		body = firn_regrow(&exchange->call.cx, NULL, 0, exchange->sent_bytes);
	for (unsigned i = 0; body && i < reply->n_body; i++) {
		if (reply->body[i].n > 0)
			memcpy(body + n, reply->body[i].p, reply->body[i].n);
		n += reply->body[i].n;
	}
	return body;
}

static struct MHD_Response *body_response(struct firn_exchange *exchange)
{
	const struct firn_reply *reply = &exchange->call.reply;
	struct MHD_IoVec parts[8];
	unsigned n = 0;
	char *joined;

	for (unsigned i = 0; i < reply->n_body; i++) {
		if (reply->body[i].n == 0)
			continue;
		parts[n++] = (struct MHD_IoVec){reply->body[i].p, reply->body[i].n};
		exchange->sent_bytes += reply->body[i].n;
	}
	joined = join_small(exchange);
	if (joined)
		return MHD_create_response_from_buffer(exchange->sent_bytes, joined,
						       MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_iovec(parts, n, NULL, NULL);
}

static void add_headers(struct firn_http_front *front, struct firn_exchange *exchange,
			struct MHD_Response *response)
{
	const struct firn_reply *reply = &exchange->call.reply;

	for (unsigned i = 0; i < reply->n_headers; i++) {
		const char *name = firn_cstr(&exchange->call.cx, reply->headers[i].key);
		const char *value = firn_cstr(&exchange->call.cx, reply->headers[i].value);
		if (name && value)
			(void)MHD_add_response_header(response, name, value);
	}
	(void)MHD_add_response_header(response, "X-Request-Id", exchange->call.cx.request_id);
	if (front->draining)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static struct MHD_Response *make_response(struct firn_http_front *front,
					  struct firn_exchange *exchange)
{
	struct MHD_Response *response = NULL;
	if (exchange->call.reply.follow_events && exchange->call.method != FIRN_HEAD)
		response = stream_response(front, exchange);
	if (!response)
		response = body_response(exchange);
	if (response)
		add_headers(front, exchange, response);
	return response;
}

enum MHD_Result firn_http_queue_reply(struct firn_http_front *front, struct firn_exchange *exchange)
{
	struct MHD_Response *response = make_response(front, exchange);
	enum MHD_Result queued;

	exchange->state = FIRN_EXCHANGE_REPLYING;
	if (!response)
		return MHD_NO;
	queued = MHD_queue_response(exchange->mhd, (unsigned)exchange->call.reply.status, response);
	MHD_destroy_response(response);
	return queued;
}

void firn_http_front_reply(struct firn_http_front *front, struct firn_exchange *exchange)
{
	bool suspended = exchange->state == FIRN_EXCHANGE_WAITING;

	if (firn_http_queue_reply(front, exchange) != MHD_YES)
		(void)shutdown(exchange->connection->fd, SHUT_RDWR);
	if (suspended)
		MHD_resume_connection(exchange->mhd);
}

void firn_http_front_suspend(struct firn_exchange *exchange)
{
	exchange->state = FIRN_EXCHANGE_WAITING;
	MHD_suspend_connection(exchange->mhd);
}
