/*
 * A light scan over JSON that firn_json_scan or firn_json_parse has already accepted: members and
 * elements as slices, nothing checked again, nothing copied. For the long lists of a table that a
 * commit only carries.
 */
#ifndef FIRN_ICEBERG_RAW_H
#define FIRN_ICEBERG_RAW_H

#include "firn/json.h"

struct firn_raw_iter {
	const char *p, *end;
	bool object;
};

/* False when text is neither object nor array. */
bool firn_raw_begin(struct firn_raw_iter *it, struct firn_str text);
/* The next element or member; *ret_key is the quoted key, NONE in an array. False at the end. */
bool firn_raw_next(struct firn_raw_iter *it, struct firn_str *ret_key, struct firn_str *ret_value);
/* How many elements or members. */
size_t firn_raw_count(struct firn_str text);
/* The text of a quoted key; a slice of it unless it has escapes. */
firn_rc firn_raw_key(struct firn_ctx *cx, struct firn_str quoted,
		     struct firn_str *ret_key) FIRN_MUST;
static inline bool firn_raw_is_null(struct firn_str raw)
{
	return !raw.p || raw.p[0] == 'n';
}
/* A copy of the text without the blanks between its tokens. */
firn_rc firn_raw_compact(struct firn_ctx *cx, struct firn_str text,
			 struct firn_str *ret_text) FIRN_MUST;

/* A member that a light scan picks out of an object; null counts as absent. */
struct firn_raw_field {
	struct firn_str name;
	bool required;
	bool any; /* not only an integer: raw is all that is read */
	bool has;
	bool seen; /* it was there, if only as null */
	int64_t value;
	struct firn_str raw;
};
/* Fills the fields from an object. BAD_REQUEST, led by `what`, on a missing, doubled or ill-typed
 * one. */
firn_rc firn_raw_read(struct firn_ctx *cx, struct firn_str object, const char *what,
		      struct firn_raw_field *fields, size_t n) FIRN_MUST;
/* As firn_raw_read for the next element of a list, *ret_text its bytes; *ret_more false at the end.
 */
firn_rc firn_raw_read_next(struct firn_ctx *cx, struct firn_raw_iter *list, const char *what,
			   struct firn_raw_field *fields, size_t n, struct firn_str *ret_text,
			   bool *ret_more) FIRN_MUST;
/* The raw value of one member, NONE when absent. */
firn_rc firn_raw_get(struct firn_ctx *cx, struct firn_str object, const char *name,
		     struct firn_str *ret_raw) FIRN_MUST;

#endif
