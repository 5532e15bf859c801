/* firn events: the outbox, from a cursor on, and as it grows. */
#include <poll.h>
#include <stdio.h>

#include "client.h"
#include "firn/arena.h"

enum { FOLLOW_MS = 1000, ARENA_CEILING = 256 << 20 };

static firn_rc read_events(struct firn_invocation *in, struct firn_str after,
			   const struct firn_json **ret_json)
{
	struct firn_str limit = firn_flag_value(in, "limit"),
			warehouse = firn_flag_value(in, "warehouse");
	struct firn_str path = firn_printf(
		in->cx, "/management/v1/events?after=%.*s%s%.*s%s%.*s", FIRN_FMT(after),
		limit.p ? "&limit=" : "", FIRN_FMT(limit), warehouse.p ? "&warehouse=" : "",
		FIRN_FMT(firn_client_encode(in->cx, warehouse.p ? warehouse : FIRN_STR(""))));
	return firn_client_call(in, "GET", path, FIRN_STR_NONE, ret_json);
}

static void print_events(struct firn_invocation *in, const struct firn_json *json)
{
	static const struct firn_column columns[] = {
		{"NUMBER", "number"},	    {"AT", "at"},     {"KIND", "kind"},
		{"NAMESPACE", "namespace"}, {"NAME", "name"}, {"VERSION", "version"},
		{"BY", "principal"}};
	firn_client_list(in, json, firn_json_get(json, "events"), columns, 7);
}

/* Reads on from the last number; ends with the process, by Ctrl-C, or when nobody reads. */
static firn_rc read_on(struct firn_invocation *in, struct firn_str after)
{
	char last[32];
	const struct firn_json *json;

	(void)snprintf(last, sizeof(last), "%.*s", FIRN_FMT(after));
	for (;;) {
		FIRN_TRY(read_events(in, firn_str(last), &json));
		if (firn_json_count(firn_json_get(json, "events")) > 0)
			print_events(in, json);
		else
			(void)poll(NULL, 0, FOLLOW_MS);
		(void)snprintf(last, sizeof(last), "%.*s",
			       FIRN_FMT(firn_json_str(firn_json_get(json, "last"))));
		if (fflush(stdout) != 0)
			return FIRN_OK;
		firn_arena_reset(in->cx->arena);
	}
}

/* The flags live in the command's arena: each turn's answer is in another. */
static enum firn_exit follow(const struct firn_invocation *in, struct firn_str after)
{
	struct firn_arena *arena = firn_arena_new(ARENA_CEILING);
	struct firn_invocation turns = *in;
	enum firn_exit code = FIRN_EXIT_OK;
	struct firn_ctx cx;

	if (!arena) {
		(void)fputs("firn: no memory\n", stderr);
		return FIRN_EXIT_FAILED;
	}
	firn_ctx_init(&cx, arena);
	turns.cx = &cx;
	if (read_on(&turns, after) != FIRN_OK)
		code = firn_command_fail(&cx, NULL);
	firn_arena_free(arena);
	return code;
}

enum firn_exit firn_cmd_events(struct firn_invocation *in)
{
	struct firn_str after = firn_flag_value(in, "after");
	const struct firn_json *json;
	firn_rc rc;

	if (!after.p)
		after = FIRN_STR("0");
	if (firn_flag(in, "follow"))
		return follow(in, after);
	rc = read_events(in, after, &json);
	if (rc == FIRN_OK)
		print_events(in, json);
	return rc == FIRN_OK ? FIRN_EXIT_OK : firn_command_fail(in->cx, NULL);
}
