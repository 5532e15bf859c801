/*
 * The context of one request or job, and how a function says that it failed.
 *
 * Every fallible function takes `struct firn_ctx *cx` first and returns a firn_rc. The first
 * firn_fail() wins: code and message are set once; notes appended on the way up go to the log only,
 * never to a client. A context belongs to one thread at a time.
 */
#ifndef FIRN_CTX_H
#define FIRN_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIRN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FIRN_MUST __attribute__((warn_unused_result))
#define FIRN_CLEANUP(fn) __attribute__((cleanup(fn)))

enum firn_code {
	FIRN_OK = 0,
#define X(name, status, iceberg, aws, level) FIRN_E_##name,
#include "firn/err_codes.def"
#undef X
	FIRN_E_COUNT
};
typedef enum firn_code firn_rc;

/* One row of err_codes.def. */
struct firn_code_info {
	const char *name; /* "NO_SUCH_TABLE" */
	int http_status;
	const char *iceberg_type;
	const char *aws_type;
	int log_level; /* enum firn_log_level */
};
const struct firn_code_info *firn_code_info(enum firn_code code);

struct firn_err {
	enum firn_code code;
	char message[1024]; /* for the client: names the offending value and the mend; cut at a
			       UTF-8 boundary */
	char notes[1024];   /* for the log only */
	char sqlstate[6];   /* set by db/, empty otherwise */
};

/* Time spent outside, for the access line. Nanoseconds. */
struct firn_timings {
	int64_t lane_wait_ns, db_ns, store_ns;
	unsigned db_calls, store_calls;
};

struct firn_arena;
struct firn_clock;
struct firn_db;	  /* db.h: this lane's connection; NULL on an event loop, where nothing may block */
struct firn_http; /* http.h: this lane's HTTP client; NULL on an event loop */

struct firn_ctx {
	struct firn_arena *arena; /* lives as long as the request */
	const struct firn_clock *clock;
	struct firn_db *db;
	struct firn_http *http;
	int64_t deadline_ns; /* on clock's monotonic scale; 0 = none */
	struct firn_err err;
	struct firn_timings timings;
	char request_id[37];  /* uuid text, sent as X-Request-Id */
	char traceparent[56]; /* W3C trace context passed on; empty = none */
	char principal[256];  /* who, for commit log and audit; "anonymous" until authentication
				 exists */
};

/* Sets code and message unless an error is set already; returns the code that is now set. */
firn_rc firn_fail(struct firn_ctx *cx, enum firn_code code, const char *fmt, ...) FIRN_PRINTF(3, 4);
/* Appends to the notes of the error that is set; returns its code. */
firn_rc firn_note(struct firn_ctx *cx, const char *fmt, ...) FIRN_PRINTF(2, 3);
/* Forgets the error, for a caller that has dealt with it. */
void firn_err_clear(struct firn_ctx *cx);

/* Runs expr, returns its code from the enclosing function when it isn't FIRN_OK. */
#define FIRN_TRY(expr)                                                                             \
	do {                                                                                       \
		firn_rc firn_try_rc_ = (expr);                                                     \
		if (firn_try_rc_ != FIRN_OK)                                                       \
			return firn_try_rc_;                                                       \
	} while (0)

#endif
