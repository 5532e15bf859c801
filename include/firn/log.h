/*
 * Log lines: JSON or human, one write(2) a line, to stderr. Fields are typed; a secret has no field
 * kind and so cannot be logged.
 */
#ifndef FIRN_LOG_H
#define FIRN_LOG_H

#include "firn/str.h"

enum firn_log_level { FIRN_LOG_DEBUG, FIRN_LOG_INFO, FIRN_LOG_WARN, FIRN_LOG_ERROR };
enum firn_log_format { FIRN_LOG_HUMAN, FIRN_LOG_JSON };

struct firn_log_field {
	const char *name;
	enum {
		FIRN_LOGF_STR,
		FIRN_LOGF_I64,
		FIRN_LOGF_MS
	} kind; /* MS: nanoseconds, printed as milliseconds */
	struct firn_str str;
	int64_t i64;
};
#define FIRN_F_STR(name, value)                                                                    \
	{                                                                                          \
		(name), FIRN_LOGF_STR, (value), 0                                                  \
	}
#define FIRN_F_CSTR(name, value)                                                                   \
	{                                                                                          \
		(name), FIRN_LOGF_STR, firn_str(value), 0                                          \
	}
#define FIRN_F_I64(name, value)                                                                    \
	{                                                                                          \
		(name), FIRN_LOGF_I64, {NULL, 0}, (value)                                          \
	}
#define FIRN_F_MS(name, value_ns)                                                                  \
	{                                                                                          \
		(name), FIRN_LOGF_MS, {NULL, 0}, (value_ns)                                        \
	}

/* Once at start; default is human at INFO. */
void firn_log_setup(enum firn_log_format format, enum firn_log_level least);
bool firn_log_enabled(enum firn_log_level level);
/* event: short text; fields may be NULL when n is 0. Control characters are escaped. */
void firn_log(enum firn_log_level level, const char *event, const struct firn_log_field *fields,
	      size_t n);

#endif
