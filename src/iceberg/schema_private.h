/* Between the files of the schema itself. */
#ifndef FIRN_ICEBERG_SCHEMA_PRIVATE_H
#define FIRN_ICEBERG_SCHEMA_PRIVATE_H

#include "schema.h"

/* Builds entries and highest_id from root. */
firn_rc firn_schema_reindex(struct firn_ctx *cx, struct firn_schema *schema) FIRN_MUST;

#endif
