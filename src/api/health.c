/* Health, metrics and server info: answered by the loop itself, also when every lane is busy. */
#include "firn/clock.h"
#include "internal.h"

enum { METRICS_CEILING = 8 << 20 };

static firn_rc reply_text(struct firn_call *call, int status, const char *type,
			  struct firn_str text)
{
	firn_reply_header(call, "Content-Type", firn_str(type));
	firn_reply_part(call, text);
	call->reply.status = status;
	return FIRN_OK;
}

firn_rc h_health_live_run(struct firn_call *call)
{
	return reply_text(call, 200, "application/json", FIRN_STR("{\"status\":\"live\"}"));
}

firn_rc h_health_ready_run(struct firn_call *call)
{
	const char *reason = NULL;
	if (call->api->hooks.ready(call->api->hooks.server, &reason))
		return reply_text(call, 200, "application/json",
				  FIRN_STR("{\"status\":\"ready\"}"));
	return firn_fail(&call->cx, FIRN_E_UNAVAILABLE, "Not ready: %s", reason);
}

firn_rc h_metrics_run(struct firn_call *call)
{
	struct firn_buf out;
	struct firn_str text;

	firn_buf_init(&out, &call->cx, METRICS_CEILING);
	call->api->hooks.metrics(call->api->hooks.server, &out);
	FIRN_TRY(firn_buf_end(&out, &text));
	return reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8", text);
}

firn_rc h_info_run(struct firn_call *call)
{
	struct firn_reply_json json;
	char started[25];

	firn_iso8601(call->api->started_ms, started);
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "version");
	firn_jw_cstr(&json.w, FIRN_VERSION);
	firn_jw_key(&json.w, "started-at");
	firn_jw_cstr(&json.w, started);
	firn_jw_key(&json.w, "endpoints");
	firn_jw_raw(&json.w, firn_str(call->api->endpoints));
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}
