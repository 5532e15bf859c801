/*
 * What a mutation gave back, as the JSON text that an idempotency row keeps: enough to build the
 * reply again, never a reply itself, and nothing secret. Texts are kept as strings, so that they
 * come back byte for byte from a jsonb column.
 */
#include "firn/arena.h"
#include "firn/crypto.h"
#include "internal.h"

#define SLACK_BYTES 65536

static void write_pointer(struct firn_ctx *cx, struct firn_jw *w,
			  const struct firn_pointer *pointer)
{
	firn_jw_key(w, "pointer");
	firn_jw_begin(w, '{');
	firn_jw_key(w, "kind");
	firn_jw_cstr(w, pointer->kind == FIRN_KIND_VIEW ? "view" : "table");
	firn_jw_key(w, "warehouse-id");
	firn_jw_i64(w, pointer->warehouse_id);
	firn_jw_key(w, "profile-version");
	firn_jw_i64(w, pointer->profile_version);
	firn_jw_key(w, "tabular-id");
	firn_jw_i64(w, pointer->tabular_id);
	firn_jw_key(w, "version");
	firn_jw_i64(w, pointer->version);
	firn_jw_key(w, "uuid");
	firn_jw_str(w, pointer->uuid);
	firn_jw_key(w, "name");
	firn_jw_str(w, pointer->name);
	firn_jw_key(w, "metadata-location");
	firn_jw_str(w, pointer->metadata_location);
	firn_jw_key(w, "sha256");
	firn_jw_str(w, firn_hex(cx, pointer->sha256, sizeof(pointer->sha256)));
	firn_jw_key(w, "length");
	firn_jw_i64(w, pointer->length);
	firn_jw_end(w, '}');
}

firn_rc firn_outcome_write(struct firn_ctx *cx, const struct firn_outcome *outcome,
			   struct firn_str *ret_json)
{
	struct firn_buf b;
	struct firn_jw w;

	/* An escaped byte takes six at most. */
	firn_buf_init(&b, cx, SLACK_BYTES + 6 * (outcome->metadata.n + outcome->json.n));
	firn_jw_init(&w, &b);
	firn_jw_begin(&w, '{');
	if (outcome->error != FIRN_OK) {
		firn_jw_key(&w, "error");
		firn_jw_cstr(&w, firn_code_info(outcome->error)->name);
		firn_jw_key(&w, "message");
		firn_jw_str(&w, outcome->message);
	}
	if (outcome->has_pointer)
		write_pointer(cx, &w, &outcome->pointer);
	if (outcome->metadata.p) {
		firn_jw_key(&w, "metadata");
		firn_jw_str(&w, outcome->metadata);
	}
	if (outcome->json.p) {
		firn_jw_key(&w, "json");
		firn_jw_str(&w, outcome->json);
	}
	firn_jw_end(&w, '}');
	return firn_buf_end(&b, ret_json);
}

struct stored_pointer {
	struct firn_str kind, sha256;
	struct firn_pointer pointer;
};

#define IN_POINTER(member) offsetof(struct stored_pointer, pointer.member)
static const struct firn_field pointer_fields[] = {
	{"kind", FIRN_FIELD_STR, offsetof(struct stored_pointer, kind), FIRN_FIELD_REQUIRED},
	{"warehouse-id", FIRN_FIELD_I64, IN_POINTER(warehouse_id), FIRN_FIELD_REQUIRED},
	{"profile-version", FIRN_FIELD_I64, IN_POINTER(profile_version), FIRN_FIELD_REQUIRED},
	{"tabular-id", FIRN_FIELD_I64, IN_POINTER(tabular_id), FIRN_FIELD_REQUIRED},
	{"version", FIRN_FIELD_I64, IN_POINTER(version), FIRN_FIELD_REQUIRED},
	{"uuid", FIRN_FIELD_STR, IN_POINTER(uuid), FIRN_FIELD_REQUIRED},
	{"name", FIRN_FIELD_STR, IN_POINTER(name), FIRN_FIELD_REQUIRED},
	{"metadata-location", FIRN_FIELD_STR, IN_POINTER(metadata_location), FIRN_FIELD_REQUIRED},
	{"sha256", FIRN_FIELD_STR, offsetof(struct stored_pointer, sha256), FIRN_FIELD_REQUIRED},
	{"length", FIRN_FIELD_I64, IN_POINTER(length), FIRN_FIELD_REQUIRED},
};

struct stored_outcome {
	struct firn_str error, message, metadata, json;
	const struct firn_json *pointer;
};

static const struct firn_field outcome_fields[] = {
	{"error", FIRN_FIELD_STR, offsetof(struct stored_outcome, error), 0},
	{"message", FIRN_FIELD_STR, offsetof(struct stored_outcome, message), 0},
	{"metadata", FIRN_FIELD_STR, offsetof(struct stored_outcome, metadata), 0},
	{"json", FIRN_FIELD_STR, offsetof(struct stored_outcome, json), 0},
	{"pointer", FIRN_FIELD_OBJECT, offsetof(struct stored_outcome, pointer), 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum firn_code code_named(struct firn_str name)
{
	for (int code = FIRN_OK + 1; code < FIRN_E_COUNT; code++) {
		if (firn_str_is(name, firn_code_info((enum firn_code)code)->name))
			return (enum firn_code)code;
	}
	return FIRN_E_INTERNAL;
}

static firn_rc parse_pointer(struct firn_ctx *cx, const struct firn_json *json,
			     struct firn_pointer *ret_pointer)
{
	struct stored_pointer stored = {0};

	FIRN_TRY(firn_json_read(cx, json, "stored pointer", pointer_fields, COUNT(pointer_fields),
				&stored));
	stored.pointer.kind = firn_str_is(stored.kind, "view") ? FIRN_KIND_VIEW : FIRN_KIND_TABLE;
	FIRN_TRY(firn_unhex(cx, stored.sha256, stored.pointer.sha256,
			    sizeof(stored.pointer.sha256)));
	*ret_pointer = stored.pointer;
	return FIRN_OK;
}

firn_rc firn_outcome_parse(struct firn_ctx *cx, struct firn_str json,
			   struct firn_outcome *ret_outcome)
{
	struct stored_outcome stored = {0};
	struct firn_outcome outcome = {0};
	const struct firn_json *tree;

	FIRN_TRY(firn_json_parse(cx, json, "stored outcome", &tree));
	FIRN_TRY(firn_json_read(cx, tree, "stored outcome", outcome_fields, COUNT(outcome_fields),
				&stored));
	if (stored.error.p)
		outcome.error = code_named(stored.error);
	outcome.message = stored.message;
	outcome.metadata = stored.metadata;
	outcome.json = stored.json;
	outcome.has_pointer = stored.pointer != NULL;
	if (stored.pointer)
		FIRN_TRY(parse_pointer(cx, stored.pointer, &outcome.pointer));
	*ret_outcome = outcome;
	return FIRN_OK;
}
