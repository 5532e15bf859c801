/* Versions of a table or view, by the commit log. */
#ifndef FIRN_CATALOG_VERSIONS_H
#define FIRN_CATALOG_VERSIONS_H

#include "tabular.h"

/* The metadata text of one version, kept with the request. NOT_FOUND: no such version, or its file
 * is gone. */
firn_rc firn_version_text(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_target *target, const struct firn_tabular *tabular,
			  int64_t version, struct firn_str *ret_text) FIRN_MUST;

#endif
