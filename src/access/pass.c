/*
 * The one maker of passes. Owns what a pass holds; until grants exist it refuses nobody, but
 * nothing in catalog/ can change anything without having asked here.
 */
#include "firn/access.h"
#include "firn/arena.h"

struct firn_pass {
	const char *operation;
	struct firn_str principal;
};

firn_rc firn_access_check(struct firn_ctx *cx, const char *operation,
			  const struct firn_pass **ret_pass)
{
	struct firn_pass *pass = firn_alloc(cx, sizeof(*pass));

	if (!pass)
		return cx->err.code;
	pass->operation = operation;
	pass->principal = firn_str_dup(cx, firn_str(cx->principal));
	if (!pass->principal.p)
		return cx->err.code;
	*ret_pass = pass;
	return FIRN_OK;
}

const char *firn_pass_operation(const struct firn_pass *pass)
{
	return pass->operation;
}

struct firn_str firn_pass_principal(const struct firn_pass *pass)
{
	return pass->principal;
}
