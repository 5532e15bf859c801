/*
 * Members of JSON objects that Iceberg types as 32-bit ids, optional ids or id lists, which
 * firn_json_read has no kinds for. Messages are led by `what` and name the member.
 */
#ifndef FIRN_ICEBERG_MEMBER_H
#define FIRN_ICEBERG_MEMBER_H

#include "firn/arena.h"
#include "firn/json.h"

/* The member must be there and an integer in range. */
firn_rc firn_member_i32(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, int32_t *ret_value) FIRN_MUST;
firn_rc firn_member_i64(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, int64_t *ret_value) FIRN_MUST;
/* Absent or null: *ret_has false and the value untouched. */
firn_rc firn_member_opt_i32(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, bool *ret_has, int32_t *ret_value) FIRN_MUST;
firn_rc firn_member_opt_i64(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, bool *ret_has, int64_t *ret_value) FIRN_MUST;
firn_rc firn_member_str(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, struct firn_str *ret_value) FIRN_MUST;
/* NONE when absent or null. */
firn_rc firn_member_opt_str(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			    const char *name, struct firn_str *ret_value) FIRN_MUST;
firn_rc firn_member_bool(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool *ret_value) FIRN_MUST;
/* type: FIRN_JSON_OBJECT or FIRN_JSON_ARRAY. */
firn_rc firn_member_nested(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			   const char *name, enum firn_json_type type,
			   const struct firn_json **ret_value) FIRN_MUST;
/* An array of integers; 32-bit ones. *ret_n 0 and NULL when absent and not required. */
firn_rc firn_member_i64s(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool required, int64_t **ret_items,
			 size_t *ret_n) FIRN_MUST;
firn_rc firn_member_i32s(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			 const char *name, bool required, int32_t **ret_items,
			 size_t *ret_n) FIRN_MUST;
/* An object of strings; null or absent is empty unless required. */
firn_rc firn_member_map(struct firn_ctx *cx, const struct firn_json *object, const char *what,
			const char *name, bool required, struct firn_map *ret_map) FIRN_MUST;
/* The members of source (NULL: none) that aren't in known, which ends with NULL. */
void firn_members_write_unknown(struct firn_jw *w, const struct firn_json *source,
				const char *const *known);
/* At most 120 bytes of s, cut between characters: for a message. */
struct firn_str firn_shown(struct firn_str s);
/* The JSON value as short text for a message. */
const char *firn_json_excerpt(struct firn_ctx *cx, const struct firn_json *value);

#endif
