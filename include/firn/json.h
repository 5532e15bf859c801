/*
 * JSON. Reading: a parsed tree that lives in the arena, table-driven into structs. Writing:
 * streaming into a buffer. Integers are exact to 2^63-1; duplicate keys, ill-formed UTF-8, NUL in
 * strings and nesting over the limit are refused. jansson's types stay inside src/base/json*.c and
 * src/iceberg (which may cast: struct firn_json IS a json_t).
 */
#ifndef FIRN_JSON_H
#define FIRN_JSON_H

#include "firn/str.h"

struct firn_json;

enum firn_json_type {
	FIRN_JSON_NULL,
	FIRN_JSON_BOOL,
	FIRN_JSON_INT,
	FIRN_JSON_REAL,
	FIRN_JSON_STRING,
	FIRN_JSON_ARRAY,
	FIRN_JSON_OBJECT
};

#define FIRN_JSON_DEPTH 256
/* Of what clients send: it is stored some levels deeper, and must be read again. */
#define FIRN_JSON_BODY_DEPTH 240

/* Parses a whole text. BAD_REQUEST on ill-formed input ("what" leads the message with line and
 * column). The tree is released with the arena. */
firn_rc firn_json_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			const struct firn_json **ret_json) FIRN_MUST;
/* The same with nesting of at most depth levels. */
firn_rc firn_json_parse_within(struct firn_ctx *cx, struct firn_str text, const char *what,
			       size_t depth, const struct firn_json **ret_json) FIRN_MUST;
enum firn_json_type firn_json_type(const struct firn_json *json);
/* Member of an object, NULL when absent (or json is no object). JSON null is returned as such. */
const struct firn_json *firn_json_get(const struct firn_json *object, const char *key);
size_t firn_json_count(const struct firn_json *array_or_object);
const struct firn_json *firn_json_at(const struct firn_json *array, size_t i);
/* Members in document order; false at the end. *iter starts NULL. */
bool firn_json_next(const struct firn_json *object, void **iter, struct firn_str *ret_key,
		    const struct firn_json **ret_value);
struct firn_str firn_json_str(const struct firn_json *string); /* NONE unless a string */
bool firn_json_i64(const struct firn_json *number, int64_t *ret_value);
bool firn_json_bool(const struct firn_json *value); /* false unless JSON true */
/* Compact text, object keys sorted when canonical (for hashing). */
firn_rc firn_json_dump(struct firn_ctx *cx, const struct firn_json *json, bool canonical,
		       struct firn_str *ret_text) FIRN_MUST;

/* Table-driven reading: one row per member of the JSON object. */
enum firn_field_kind {
	FIRN_FIELD_STR,	   /* struct firn_str */
	FIRN_FIELD_I64,	   /* int64_t */
	FIRN_FIELD_BOOL,   /* bool */
	FIRN_FIELD_STRS,   /* struct firn_strs: array of strings */
	FIRN_FIELD_MAP,	   /* struct firn_map: object of strings */
	FIRN_FIELD_OBJECT, /* const struct firn_json * */
	FIRN_FIELD_ARRAY,  /* const struct firn_json * */
	FIRN_FIELD_ANY	   /* const struct firn_json * */
};
enum { FIRN_FIELD_REQUIRED = 1, FIRN_FIELD_NULL_OK = 2 /* null counts as absent */ };
struct firn_field {
	const char *name;
	enum firn_field_kind kind;
	size_t offset;
	unsigned flags;
};
struct firn_strs {
	struct firn_str *items;
	size_t n;
};
struct firn_pair {
	struct firn_str key, value;
};
struct firn_map {
	struct firn_pair *items; /* document order */
	size_t n;
};
/* Fills the fields of *ret_struct (absent ones stay as they are); unknown members are ignored.
 * BAD_REQUEST names the member, what was expected and what was found, led by `what`. */
firn_rc firn_json_read(struct firn_ctx *cx, const struct firn_json *object, const char *what,
		       const struct firn_field *fields, size_t n_fields,
		       void *ret_struct) FIRN_MUST;
/* Value of key or NONE. */
struct firn_str firn_map_get(const struct firn_map *map, const char *key);

/* Writing. Commas and escapes are the writer's; nesting is the caller's. Errors stick to the
 * buffer. */
struct firn_jw {
	struct firn_buf *out;
	bool comma;
};
void firn_jw_init(struct firn_jw *w, struct firn_buf *out);
void firn_jw_begin(struct firn_jw *w, char bracket); /* '{' or '[' */
void firn_jw_end(struct firn_jw *w, char bracket);   /* '}' or ']' */
void firn_jw_key(struct firn_jw *w, const char *key);
void firn_jw_key_str(struct firn_jw *w, struct firn_str key);
void firn_jw_str(struct firn_jw *w,
		 struct firn_str value); /* NONE writes null; ill-formed UTF-8 becomes U+FFFD */
void firn_jw_cstr(struct firn_jw *w, const char *value); /* NULL writes null */
void firn_jw_i64(struct firn_jw *w, int64_t value);
void firn_jw_i64_str(struct firn_jw *w, int64_t value); /* as a string: our own APIs' int64 */
void firn_jw_bool(struct firn_jw *w, bool value);
void firn_jw_null(struct firn_jw *w);
void firn_jw_raw(struct firn_jw *w, struct firn_str json_text);
void firn_jw_json(struct firn_jw *w, const struct firn_json *json);
void firn_jw_strs(struct firn_jw *w, const struct firn_strs *strs);
void firn_jw_map(struct firn_jw *w, const struct firn_map *map);

/*
 * A raw scan over JSON text, for what is carried and not checked: visits the members of the object
 * (or elements of the array) that text is, giving each value as the slice of its bytes. Validates
 * as it goes, so what the callback was given counts only once the scan is FIRN_OK; a key twice in
 * the outermost object is found at its end. The callback's non-OK code stops the scan. Keys are
 * given unescaped (NONE for elements of an array).
 */
typedef firn_rc firn_json_visit(struct firn_ctx *cx, void *arg, struct firn_str key,
				struct firn_str raw);
firn_rc firn_json_scan(struct firn_ctx *cx, struct firn_str text, const char *what,
		       firn_json_visit *visit, void *arg) FIRN_MUST;

/* The text of a raw JSON string that a scan gave (quotes and all); BAD_REQUEST when it is none. */
firn_rc firn_json_raw_str(struct firn_ctx *cx, struct firn_str raw, const char *what,
			  struct firn_str *ret_text) FIRN_MUST;

#endif
