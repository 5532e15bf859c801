/* GET /v1/config: what a client is told before anything else. */
#include "internal.h"

firn_rc h_config_ask(struct firn_call *call)
{
	return firn_config_ask(&call->cx, firn_map_get(&call->query, "warehouse"), &call->ask);
}

/* Where the store is, without any secret: clients need it to reach an S3-compatible endpoint. Given
 * as defaults, so that a client's own settings win. */
static firn_rc write_store_defaults(struct firn_call *call, struct firn_jw *w,
				    struct firn_str profile)
{
	const struct firn_json *json;
	struct firn_str endpoint, region;

	FIRN_TRY(firn_json_parse(&call->cx, profile, "storage profile", &json));
	if (!firn_str_is(firn_json_str(firn_json_get(json, "type")), "s3"))
		return FIRN_OK;
	endpoint = firn_json_str(firn_json_get(json, "endpoint"));
	region = firn_json_str(firn_json_get(json, "region"));
	if (endpoint.n > 0) {
		firn_jw_key(w, "s3.endpoint");
		firn_jw_str(w, endpoint);
		firn_jw_key(w, "s3.path-style-access");
		firn_jw_cstr(w,
			     firn_json_bool(firn_json_get(json, "path-style")) ? "true" : "false");
	}
	if (region.n > 0) {
		firn_jw_key(w, "s3.region");
		firn_jw_str(w, region);
		firn_jw_key(w, "client.region");
		firn_jw_str(w, region);
	}
	return FIRN_OK;
}

static void write_overrides(struct firn_call *call, struct firn_jw *w,
			    const struct firn_warehouse *warehouse)
{
	firn_jw_key(w, "prefix");
	firn_jw_str(w, warehouse->name);
	firn_jw_key(w, "warehouse");
	firn_jw_str(w, warehouse->name);
	/* Some clients send %1F whatever is advertised, so nothing else may be. */
	firn_jw_key(w, "namespace-separator");
	firn_jw_cstr(w, "%1F");
	if (call->api->config.base_url.n > 0) {
		firn_jw_key(w, "uri");
		firn_jw_str(w, call->api->config.base_url);
	}
}

firn_rc h_config_answer(struct firn_call *call, const struct firn_rows *rows)
{
	struct firn_warehouse warehouse;
	struct firn_reply_json json;
	int64_t lifetime = firn_catalog_idempotency_seconds(call->api->catalog);

	FIRN_TRY(firn_config_read(&call->cx, firn_map_get(&call->query, "warehouse"), rows,
				  &warehouse));
	firn_reply_json_begin(call, &json);
	firn_jw_begin(&json.w, '{');
	firn_jw_key(&json.w, "defaults");
	firn_jw_begin(&json.w, '{');
	FIRN_TRY(write_store_defaults(call, &json.w, warehouse.profile));
	firn_jw_end(&json.w, '}');
	firn_jw_key(&json.w, "overrides");
	firn_jw_begin(&json.w, '{');
	write_overrides(call, &json.w, &warehouse);
	firn_jw_end(&json.w, '}');
	firn_jw_key(&json.w, "endpoints");
	firn_jw_raw(&json.w, firn_str(call->api->endpoints));
	firn_jw_key(&json.w, "idempotency-key-lifetime");
	firn_jw_str(&json.w, firn_printf(&call->cx, "PT%lldS", (long long)lifetime));
	firn_jw_end(&json.w, '}');
	return firn_reply_json_end(call, &json, 200);
}
