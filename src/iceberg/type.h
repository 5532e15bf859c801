/* Shared by type.c and schema.c: one parse counts its fields and its depth. */
#ifndef FIRN_ICEBERG_TYPE_H
#define FIRN_ICEBERG_TYPE_H

#include "schema.h"

struct type_parser {
	struct firn_ctx *cx;
	size_t n_fields;
	unsigned depth;
};

firn_rc firn_type_parse_in(struct type_parser *tp, const struct firn_json *json, const char *what,
			   const struct firn_type **ret_type) FIRN_MUST;
/* The fields of a JSON object with a `fields` array, as a struct type. */
firn_rc firn_type_parse_struct(struct type_parser *tp, const struct firn_json *json,
			       const char *what, const struct firn_type **ret_type) FIRN_MUST;
/* BAD_REQUEST when value can't be a default of type; see default.c. */
firn_rc firn_type_check_default(struct firn_ctx *cx, const struct firn_type *type,
				const struct firn_json *value, const char *what) FIRN_MUST;
void firn_type_write(struct firn_jw *w, const struct firn_type *type);

#endif
