/* Raw paths and queries: a route that is found has a target of clean names, and a refusal says why.
 */
#include <string.h>

#include "../../src/api/internal.h"
#include "firn/arena.h"
#include "fuzz.h"

static void check_name(struct firn_str name)
{
	FUZZ_CHECK(name.n > 0 && name.n <= 255 && firn_utf8_valid(name));
	FUZZ_CHECK(!firn_str_is(name, ".") && !firn_str_is(name, ".."));
	for (size_t i = 0; i < name.n; i++)
		FUZZ_CHECK((unsigned char)name.p[i] >= 0x20);
}

static void check_found(const struct firn_call *call)
{
	FUZZ_CHECK(call->route != NULL);
	if (call->target.warehouse.p)
		check_name(call->target.warehouse);
	for (size_t i = 0; i < call->target.levels.n; i++)
		check_name(call->target.levels.items[i]);
	if (call->target.name.p)
		check_name(call->target.name);
}

/* The first byte chooses the method; the rest is split at the first question mark. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firn_arena *arena = firn_arena_new(64 * size + 65536);
	struct firn_call call = {0};
	struct firn_str text;
	size_t question;

	FUZZ_CHECK(arena != NULL);
	firn_ctx_init(&call.cx, arena);
	call.method = (enum firn_method)(size ? data[0] % (FIRN_METHOD_OTHER + 1) : 0);
	call.method_text = FIRN_STR("METHOD");
	text = (struct firn_str){(const char *)data + (size > 0), size ? size - 1 : 0};
	question = firn_str_find(text, '?');
	call.raw_path = firn_str_sub(text, 0, question);
	call.raw_query =
		question < text.n ? firn_str_sub(text, question + 1, SIZE_MAX) : FIRN_STR_NONE;
	if (firn_route_find(&call) == FIRN_OK)
		check_found(&call);
	else
		FUZZ_CHECK(call.cx.err.message[0] &&
			   firn_utf8_valid(firn_str(call.cx.err.message)));
	firn_err_clear(&call.cx);
	if (firn_query_parse(&call) == FIRN_OK)
		for (size_t i = 0; i < call.query.n; i++)
			FUZZ_CHECK(firn_utf8_valid(call.query.items[i].value));
	firn_arena_free(arena);
	return 0;
}
