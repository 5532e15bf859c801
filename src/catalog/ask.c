/* A question asked at once, on a lane's own connection. */
#include "internal.h"

firn_rc firn_ask_now(struct firn_ctx *cx, const struct firn_ask *ask,
		     const struct firn_rows **ret_rows)
{
	return firn_db_query(cx, ask->sql, &ask->params, ret_rows);
}
