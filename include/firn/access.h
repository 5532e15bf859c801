/*
 * May: the decision about one operation, made before any effect. Every mutation of catalog/ takes a
 * pass, and only access/ can make one, so that forgetting authorization doesn't compile.
 */
#ifndef FIRN_ACCESS_H
#define FIRN_ACCESS_H

#include "firn/str.h"

struct firn_pass; /* opaque; lives in the arena of the request it was made for */

/* operation: a static operation name of the routes table ("updateTable"). FORBIDDEN when cx's
 * principal may not. Until grants exist every operation is allowed to whoever reaches the server.
 */
firn_rc firn_access_check(struct firn_ctx *cx, const char *operation,
			  const struct firn_pass **ret_pass) FIRN_MUST;
const char *firn_pass_operation(const struct firn_pass *pass);
struct firn_str firn_pass_principal(const struct firn_pass *pass);

#endif
