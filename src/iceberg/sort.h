/* Sort orders: parsed, checked against a schema, compared, written. */
#ifndef FIRN_ICEBERG_SORT_H
#define FIRN_ICEBERG_SORT_H

#include "transform.h"

#define FIRN_SORT_FIELDS 1000

struct firn_sort_field {
	struct firn_sources sources;
	struct firn_transform transform;
	bool descending, nulls_last;
	const struct firn_json *source; /* for unknown members */
};

struct firn_sort_order {
	int32_t id; /* 0 is the unsorted order and no other */
	const struct firn_sort_field *fields;
	size_t n_fields;
	const struct firn_json *source;
	struct firn_str text; /* its bytes when it needn't be written anew, else NONE */
};

/* BAD_REQUEST led by `what`. */
firn_rc firn_sort_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			const struct firn_sort_order **ret_order) FIRN_MUST;
bool firn_sort_same(const struct firn_sort_order *a, const struct firn_sort_order *b);
/* VALIDATION unless all sources exist and suit their transforms. */
firn_rc firn_sort_check_sources(struct firn_ctx *cx, const struct firn_sort_order *order,
				const struct firn_schema *schema) FIRN_MUST;
/* A copy with another id and these fields (NULL: its own). */
firn_rc firn_sort_with(struct firn_ctx *cx, const struct firn_sort_order *order, int32_t id,
		       const struct firn_sort_field *fields,
		       const struct firn_sort_order **ret_order) FIRN_MUST;
void firn_sort_write(struct firn_jw *w, const struct firn_sort_order *order);

#endif
