/* The validating scanner, shared by the JSON files of this room. */
#ifndef FIRN_BASE_JSON_CHECK_H
#define FIRN_BASE_JSON_CHECK_H

#include "firn/json.h"

struct json_scanner {
	const char *start, *p, *end;
	const char *error;  /* NULL until something is wrong; p is where */
	size_t containers;  /* arrays and objects met */
	size_t scalars;     /* other values, and keys */
	size_t bytes;       /* in strings and keys */
};

void firn_json_scanner_init(struct json_scanner *s, struct firn_str text);
void firn_json_skip_blank(struct json_scanner *s);
/* Moves p past one value, nested at most FIRN_JSON_DEPTH - depth deep; false with s->error set. */
bool firn_json_skip_value(struct json_scanner *s, size_t depth);
/* Moves p past a string; its quotes included. */
bool firn_json_skip_string(struct json_scanner *s);
/* Fails with s->error at its line and column. */
firn_rc firn_json_scan_fail(struct firn_ctx *cx, const struct json_scanner *s, const char *what);
/* True when all of text is one valid value. */
bool firn_json_check(struct json_scanner *s, struct firn_str text);

#endif
