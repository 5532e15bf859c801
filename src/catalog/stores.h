/* Opened stores, shared by all threads: one per warehouse and version of its storage profile. */
#ifndef FIRN_CATALOG_STORES_H
#define FIRN_CATALOG_STORES_H

#include "internal.h"

struct firn_stores *firn_stores_new(void); /* NULL without memory */
void firn_stores_free(struct firn_stores *stores);

#endif
