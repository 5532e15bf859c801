/* The validating scanner, shared by the JSON files of this room. */
#ifndef FIRN_BASE_JSON_CHECK_H
#define FIRN_BASE_JSON_CHECK_H

#include "firn/json.h"

struct json_scanner;

/* Told what a scan meets; false stops it, with s->error or the sink's own error set. */
struct json_sink {
	bool (*open)(struct json_scanner *s, char bracket);
	bool (*key)(struct json_scanner *s, struct firn_str quoted);
	bool (*scalar)(struct json_scanner *s, struct firn_str raw);
	void (*close)(struct json_scanner *s);
};

struct json_scanner {
	const char *start, *p, *end;
	const char *error;	      /* NULL until something is wrong; p is where */
	const struct json_sink *sink; /* NULL: only check */
	void *sink_arg;
};

void firn_json_scanner_init(struct json_scanner *s, struct firn_str text);
void firn_json_skip_blank(struct json_scanner *s);
/* Moves p past one value, nested at most FIRN_JSON_DEPTH - depth deep; false with s->error set. */
bool firn_json_skip_value(struct json_scanner *s, size_t depth);
/* Moves p past a string; its quotes included. */
bool firn_json_skip_string(struct json_scanner *s);
/* Fails with s->error at its line and column. */
firn_rc firn_json_scan_fail(struct firn_ctx *cx, const struct json_scanner *s, const char *what);
/* Moves p past all of the text, which must be one value nested at most depth deep; false with
 * s->error set. */
bool firn_json_skip_text(struct json_scanner *s, size_t depth);
/* The text of a checked string, given with its quotes; a slice of it when nothing is escaped. */
firn_rc firn_json_unescape(struct firn_ctx *cx, struct firn_str quoted,
			   struct firn_str *ret_text) FIRN_MUST;

#endif
