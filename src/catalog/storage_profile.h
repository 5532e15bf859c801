/*
 * Storage profiles: what an administrator gives ({"type":"s3", "endpoint", "region", "path-style",
 * "access-key-id", "secret-access-key", "session-token"} or {"type":"file"}), what the warehouse
 * row keeps (the same without secrets; those sealed by the master key, bound to the warehouse's
 * UUID), and the opened store.
 */
#ifndef FIRN_CATALOG_STORAGE_PROFILE_H
#define FIRN_CATALOG_STORAGE_PROFILE_H

#include "internal.h"

/* As the row has it. */
struct firn_stored_profile {
	struct firn_str uuid, location;
	struct firn_str profile;    /* JSON text */
	struct firn_str secret_hex; /* "\x…" as PostgreSQL prints bytea; NONE = no secret */
};
/*
 * Reads and checks what was given (NULL: a file store) for a warehouse at location, ret_stored
 * being ready for the row and for opening. current: the row as it is, whose secret stays when none
 * is given and the access key is the same; NULL for a new warehouse. VALIDATION names what is
 * wrong, among it the option that is missing.
 */
firn_rc firn_stored_profile_make(struct firn_ctx *cx, struct firn_catalog *catalog,
				 const struct firn_json *given, struct firn_str uuid,
				 struct firn_str location,
				 const struct firn_stored_profile *current,
				 struct firn_stored_profile *ret_stored) FIRN_MUST;
firn_rc firn_stored_profile_open(struct firn_ctx *cx, struct firn_catalog *catalog,
				 const struct firn_stored_profile *stored,
				 struct firn_store **ret_store) FIRN_MUST;

#endif
