/*
 * Storage profiles between the administrator's JSON, the warehouse row and an opened store. Secrets
 * are sealed before they go anywhere; without a master key a profile that has one is refused.
 */
#include "storage_profile.h"
#include "firn/arena.h"
#include "firn/crypto.h"

#define PROFILE_BYTES 16384
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct given {
	struct firn_str type, endpoint, region, access_key, secret_key, session_token;
	bool path_style;
};

#define IN_GIVEN(member) offsetof(struct given, member)
static const struct firn_field profile_fields[] = {
	{"type", FIRN_FIELD_STR, IN_GIVEN(type), FIRN_FIELD_NULL_OK},
	{"endpoint", FIRN_FIELD_STR, IN_GIVEN(endpoint), FIRN_FIELD_NULL_OK},
	{"region", FIRN_FIELD_STR, IN_GIVEN(region), FIRN_FIELD_NULL_OK},
	{"path-style", FIRN_FIELD_BOOL, IN_GIVEN(path_style), FIRN_FIELD_NULL_OK},
	{"access-key-id", FIRN_FIELD_STR, IN_GIVEN(access_key), FIRN_FIELD_NULL_OK},
	{"secret-access-key", FIRN_FIELD_STR, IN_GIVEN(secret_key), FIRN_FIELD_NULL_OK},
	{"session-token", FIRN_FIELD_STR, IN_GIVEN(session_token), FIRN_FIELD_NULL_OK},
};
static const struct firn_field secret_fields[] = {
	{"secret-access-key", FIRN_FIELD_STR, IN_GIVEN(secret_key), 0},
	{"session-token", FIRN_FIELD_STR, IN_GIVEN(session_token), 0},
};

/* A setting with a typing error would otherwise just not work. */
static firn_rc refuse_unknown(struct firn_ctx *cx, const struct firn_json *json)
{
	const struct firn_json *value;
	struct firn_str key;
	void *iter = NULL;

	while (firn_json_next(json, &iter, &key, &value)) {
		size_t i = 0;

		while (i < COUNT(profile_fields) && !firn_str_is(key, profile_fields[i].name))
			i++;
		if (i == COUNT(profile_fields))
			return firn_fail(cx, FIRN_E_VALIDATION,
					 "storage: '%.*s' is not a setting; there are type, "
					 "endpoint, region, path-style,"
					 " access-key-id, secret-access-key and session-token",
					 FIRN_FMT(firn_name_show(cx, key)));
	}
	return FIRN_OK;
}

static firn_rc check_type(struct firn_ctx *cx, const struct firn_catalog *catalog,
			  struct firn_str location, struct given *given)
{
	struct firn_location parsed;

	FIRN_TRY(firn_location_parse(cx, location, "location", &parsed));
	if (!given->type.p)
		given->type = parsed.scheme;
	if (!firn_str_is(given->type, "s3") && !firn_str_is(given->type, "file"))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "storage: type '%.*s' is not known: use s3 or file",
				 FIRN_FMT(firn_name_show(cx, given->type)));
	if (!firn_str_eq(given->type, parsed.scheme))
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "storage: type %.*s does not fit location '%.*s': use a location "
				 "that begins with %.*s://",
				 FIRN_FMT(given->type), FIRN_FMT(firn_name_show(cx, location)),
				 FIRN_FMT(given->type));
	if (firn_str_is(given->type, "file") && !catalog->config.allow_local_files)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "location '%.*s' is on the server's own disk: use an object "
				 "store, or start the server"
				 " with the option local_files",
				 FIRN_FMT(firn_name_show(cx, location)));
	if (firn_str_is(given->type, "file") && parsed.path.n <= 1)
		return firn_fail(
			cx, FIRN_E_VALIDATION,
			"location '%.*s' is the whole disk: choose a folder for the warehouse",
			FIRN_FMT(firn_name_show(cx, location)));
	return FIRN_OK;
}

static firn_rc write_profile(struct firn_ctx *cx, const struct given *given,
			     struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	firn_buf_init(&b, cx, PROFILE_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "type");
	firn_jw_str(&w, given->type);
	if (firn_str_is(given->type, "s3")) {
		firn_jw_key(&w, "region");
		firn_jw_str(&w, given->region.n > 0 ? given->region : FIRN_STR("us-east-1"));
		if (given->endpoint.n > 0) {
			firn_jw_key(&w, "endpoint");
			firn_jw_str(&w, given->endpoint);
		}
		firn_jw_key(&w, "path-style");
		firn_jw_bool(&w, given->path_style);
		if (given->access_key.n > 0) {
			firn_jw_key(&w, "access-key-id");
			firn_jw_str(&w, given->access_key);
		}
	}
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_json);
}

static firn_rc seal(struct firn_ctx *cx, const struct firn_catalog *catalog,
		    const struct given *given, struct firn_str uuid, struct firn_str *ret_hex)
{
	struct firn_str plain, sealed, hex;
	struct firn_buf b;
	struct firn_jw w;

	if (!catalog->config.has_master_key)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "storage: secret-access-key can't be kept without a master key: "
				 "set the option master_key"
				 " (or master_key_file)");
	firn_buf_init(&b, cx, PROFILE_BYTES);
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "secret-access-key");
	firn_jw_str(&w, given->secret_key);
	if (given->session_token.n > 0) {
		firn_jw_key(&w, "session-token");
		firn_jw_str(&w, given->session_token);
	}
	firn_jw_end(&w, '}');
	FIRN_TRY(firn_buf_end(&b, &plain));
	FIRN_TRY(firn_seal(cx, catalog->config.master_key, uuid, plain, &sealed));
	firn_wipe(b.p, b.n);
	hex = firn_hex(cx, sealed.p, sealed.n);
	if (!hex.p)
		return cx->err.code;
	*ret_hex = firn_printf(cx, "\\x%.*s", FIRN_FMT(hex));
	return ret_hex->p ? FIRN_OK : cx->err.code;
}

static firn_rc read_profile(struct firn_ctx *cx, struct firn_str text, struct given *ret_given)
{
	const struct firn_json *json;

	FIRN_TRY(firn_json_parse(cx, text, "stored storage profile", &json));
	return firn_json_read(cx, json, "stored storage profile", profile_fields,
			      COUNT(profile_fields), ret_given);
}

/* The sealed secret of the profile that is to be stored. */
static firn_rc choose_secret(struct firn_ctx *cx, struct firn_catalog *catalog,
			     const struct given *given, struct firn_str uuid,
			     const struct firn_stored_profile *current, struct firn_str *ret_hex)
{
	struct given before = {0};

	*ret_hex = FIRN_STR_NONE;
	if (given->access_key.n == 0 && given->secret_key.n == 0 && given->session_token.n == 0)
		return FIRN_OK;
	if (given->access_key.n == 0)
		return firn_fail(cx, FIRN_E_VALIDATION,
				 "storage: secret-access-key without access-key-id: give both");
	if (given->secret_key.n > 0)
		return seal(cx, catalog, given, uuid, ret_hex);
	if (current && current->secret_hex.p && given->session_token.n == 0) {
		FIRN_TRY(read_profile(cx, current->profile, &before));
		if (firn_str_eq(before.access_key, given->access_key)) {
			*ret_hex = current->secret_hex;
			return FIRN_OK;
		}
	}
	return firn_fail(cx, FIRN_E_VALIDATION,
			 "storage: access-key-id without secret-access-key: give both");
}

firn_rc firn_stored_profile_make(struct firn_ctx *cx, struct firn_catalog *catalog,
				 const struct firn_json *json, struct firn_str uuid,
				 struct firn_str location,
				 const struct firn_stored_profile *current,
				 struct firn_stored_profile *ret_stored)
{
	struct firn_stored_profile stored = {.uuid = uuid, .location = location};
	struct given given = {0};

	if (json && firn_json_type(json) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_VALIDATION, "storage must be an object");
	if (json) {
		FIRN_TRY(refuse_unknown(cx, json));
		FIRN_TRY(firn_json_read(cx, json, "storage", profile_fields, COUNT(profile_fields),
					&given));
	} else {
		given.type = FIRN_STR("file");
	}
	/* Servers other than AWS rarely have a host name per bucket. */
	if (json && !firn_json_get(json, "path-style"))
		given.path_style = given.endpoint.n > 0;
	FIRN_TRY(check_type(cx, catalog, location, &given));
	if (firn_str_is(given.type, "s3"))
		FIRN_TRY(choose_secret(cx, catalog, &given, uuid, current, &stored.secret_hex));
	FIRN_TRY(write_profile(cx, &given, &stored.profile));
	*ret_stored = stored;
	return FIRN_OK;
}

static firn_rc unseal(struct firn_ctx *cx, const struct firn_catalog *catalog,
		      const struct firn_stored_profile *stored, struct firn_secret *ret_plain)
{
	struct firn_str hex = firn_str_sub(stored->secret_hex, 2, SIZE_MAX);
	unsigned char *sealed = firn_alloc(cx, hex.n / 2);

	if (!sealed)
		return cx->err.code;
	if (!catalog->config.has_master_key)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "the warehouse's storage secret can't be read without the master "
				 "key: set the option"
				 " master_key (or master_key_file)");
	FIRN_TRY(firn_unhex(cx, hex, sealed, hex.n / 2));
	return firn_unseal(cx, catalog->config.master_key, stored->uuid,
			   (struct firn_str){(const char *)sealed, hex.n / 2}, ret_plain);
}

static firn_rc set_secrets(struct firn_ctx *cx, struct firn_str plain,
			   struct firn_store_profile *profile)
{
	const struct firn_json *json;
	struct given given = {0};

	FIRN_TRY(firn_json_parse(cx, plain, "sealed storage secret", &json));
	FIRN_TRY(firn_json_read(cx, json, "sealed storage secret", secret_fields,
				COUNT(secret_fields), &given));
	FIRN_TRY(firn_secret_set(cx, &profile->secret_key, given.secret_key.p, given.secret_key.n));
	if (given.session_token.n > 0)
		FIRN_TRY(firn_secret_set(cx, &profile->session_token, given.session_token.p,
					 given.session_token.n));
	return FIRN_OK;
}

static void release_profile(struct firn_store_profile *profile)
{
	firn_secret_release(&profile->secret_key);
	firn_secret_release(&profile->session_token);
}

firn_rc firn_stored_profile_open(struct firn_ctx *cx, struct firn_catalog *catalog,
				 const struct firn_stored_profile *stored,
				 struct firn_store **ret_store)
{
	FIRN_CLEANUP(release_profile)
	struct firn_store_profile profile = {.root = stored->location};
	FIRN_CLEANUP(firn_secret_release) struct firn_secret plain = {0};
	struct given given = {0};

	FIRN_TRY(read_profile(cx, stored->profile, &given));
	profile.endpoint = given.endpoint;
	profile.region = given.region;
	profile.path_style = given.path_style;
	profile.access_key = given.access_key;
	if (stored->secret_hex.p) {
		FIRN_TRY(unseal(cx, catalog, stored, &plain));
		FIRN_TRY(set_secrets(cx, (struct firn_str){(const char *)plain.bytes, plain.n},
				     &profile));
	}
	return firn_store_open(cx, &profile, ret_store);
}
