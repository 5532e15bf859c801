/*
 * Idempotency keys. A claim is a session lock on (principal, key), held on the lane's connection
 * for the whole request, so that a second request with the key waits and then replays. What makes a
 * second effect impossible is not the lock but the key's row, which commits together with the
 * effect.
 *
 * Final refusals are recorded too: a late duplicate must not succeed after the client was told no.
 */
#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "internal.h"

#define RELEASE_MS 5000
#define CLAIM_ATTEMPTS 3

struct firn_idem {
	struct firn_params lock; /* made at the claim: letting go must not need memory */
	uint64_t session;	 /* of the connection that holds the lock */
	struct firn_str principal, operation, key;
	unsigned char request_sha256[FIRN_SHA256_BYTES];
	int64_t lifetime_seconds;
};

static const struct firn_sql lock_sql = {
	.name = "idem_lock",
	.text = "select pg_advisory_lock($1)",
	.params = "bigint",
	.results = "void",
};
static const struct firn_sql unlock_sql = {
	.name = "idem_unlock",
	.text = "select pg_advisory_unlock($1)",
	.params = "bigint",
	.results = "boolean",
};
static const struct firn_sql find_sql = {
	.name = "idem_find",
	.text = "select operation, request_sha256, outcome from idempotency"
		" where principal = $1 and key = $2 and expires_at > now()",
	.params = "text,text",
	.results = "text,bytea,jsonb",
};
/* A key past its time counts as new. */
static const struct firn_sql record_sql = {
	.name = "idem_record",
	.text = "insert into idempotency as i (principal, key, operation, request_sha256, outcome, "
		"expires_at)"
		" values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6::bigint))"
		" on conflict (principal, key) do update set operation = excluded.operation,"
		" request_sha256 = excluded.request_sha256, outcome = excluded.outcome,"
		" created_at = excluded.created_at, expires_at = excluded.expires_at"
		" where i.expires_at <= now()",
	.params = "text,text,text,bytea,jsonb,bigint",
	.results = "",
};

static firn_rc new_claim(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_pass *pass, struct firn_str key,
			 const unsigned char request_sha256[static 32], struct firn_idem **ret_idem)
{
	struct firn_idem *idem = firn_alloc(cx, sizeof(*idem));
	unsigned char digest[FIRN_SHA256_BYTES];
	char text[FIRN_UUID_TEXT + 1];
	struct firn_str both;
	struct firn_uuid uuid;
	int64_t lock;

	if (!idem)
		return cx->err.code;
	if (!firn_uuid_parse(key, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Idempotency-Key '%.*s' is not a UUID: send a UUID, version 7",
				 FIRN_FMT(firn_name_show(cx, key)));
	firn_uuid_text(&uuid, text);
	idem->key = firn_str_dup(cx, firn_str(text));
	idem->principal = firn_pass_principal(pass);
	idem->operation = firn_str(firn_pass_operation(pass));
	idem->lifetime_seconds = catalog->config.idempotency_seconds;
	memcpy(idem->request_sha256, request_sha256, sizeof(idem->request_sha256));
	both = firn_printf(cx, "%s %.*s", text, FIRN_FMT(idem->principal));
	if (!idem->key.p || !both.p)
		return cx->err.code;
	firn_sha256(both.p, both.n, digest);
	memcpy(&lock, digest, sizeof(lock));
	FIRN_TRY(firn_param_i64(cx, &idem->lock, lock));
	*ret_idem = idem;
	return FIRN_OK;
}

static firn_rc take_lock(struct firn_ctx *cx, struct firn_idem *idem)
{
	const struct firn_rows *rows;

	if (firn_db_query(cx, &lock_sql, &idem->lock, &rows) == FIRN_OK) {
		idem->session = firn_db_session(cx);
		return FIRN_OK;
	}
	if (cx->err.code == FIRN_E_DB_BROKEN && cx->deadline_ns != 0 && firn_deadline_ms(cx) == 0) {
		firn_err_clear(cx);
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "Another request with Idempotency-Key %.*s is still being worked "
				 "on: send it again later",
				 FIRN_FMT(idem->key));
	}
	return cx->err.code;
}

static void drop_lock(struct firn_ctx *cx, const struct firn_idem *idem)
{
	struct firn_ctx own = *cx;
	const struct firn_rows *rows;

	if (idem->session == 0 || firn_db_session(cx) != idem->session)
		return; /* gone with its connection */
	firn_err_clear(&own);
	own.deadline_ns = firn_monotonic_ns(cx) + RELEASE_MS * INT64_C(1000000);
	/* A loss or a time-out has closed the connection, and the lock went with it. */
	if (firn_db_query(&own, &unlock_sql, &idem->lock, &rows) != FIRN_OK)
		firn_note(cx, "idempotency lock: %s", own.err.notes);
	cx->timings = own.timings;
}

/* ret_replay NULL: nothing is recorded under the key. */
static firn_rc look_up(struct firn_ctx *cx, const struct firn_idem *idem,
		       const struct firn_outcome **ret_replay)
{
	struct firn_params params = {0};
	const struct firn_rows *rows;
	struct firn_outcome *outcome;
	unsigned char sha256[FIRN_SHA256_BYTES];

	FIRN_TRY(firn_param_str(cx, &params, idem->principal));
	FIRN_TRY(firn_param_str(cx, &params, idem->key));
	FIRN_TRY(firn_db_query(cx, &find_sql, &params, &rows));
	*ret_replay = NULL;
	if (firn_rows_count(rows) == 0)
		return FIRN_OK;
	FIRN_TRY(firn_row_bytes(cx, rows, 0, 1, sha256, sizeof(sha256)));
	if (!firn_str_eq(firn_row_str(rows, 0, 0), idem->operation) ||
	    memcmp(sha256, idem->request_sha256, sizeof(sha256)) != 0)
		return firn_fail(
			cx, FIRN_E_UNPROCESSABLE,
			"Idempotency-Key %.*s was used for another request (%.*s): make a new key",
			FIRN_FMT(idem->key), FIRN_FMT(firn_row_str(rows, 0, 0)));
	outcome = firn_alloc(cx, sizeof(*outcome));
	if (!outcome)
		return cx->err.code;
	FIRN_TRY(firn_outcome_parse(cx, firn_row_str(rows, 0, 2), outcome));
	*ret_replay = outcome;
	return FIRN_OK;
}

firn_rc firn_idem_claim(struct firn_ctx *cx, struct firn_catalog *catalog,
			const struct firn_pass *pass, struct firn_str key,
			const unsigned char request_sha256[static 32], struct firn_idem **ret_idem,
			const struct firn_outcome **ret_replay)
{
	const struct firn_outcome *replay = NULL;
	struct firn_idem *idem;

	FIRN_TRY(new_claim(cx, catalog, pass, key, request_sha256, &idem));
	for (int attempt = 1; attempt <= CLAIM_ATTEMPTS; attempt++) {
		FIRN_TRY(take_lock(cx, idem));
		if (look_up(cx, idem, &replay) != FIRN_OK || replay) {
			drop_lock(cx, idem);
			idem->session = 0;
			FIRN_TRY(cx->err.code);
			break;
		}
		/* The look-up may have moved to a new connection, which doesn't hold the lock. */
		if (firn_db_session(cx) == idem->session)
			break;
		if (attempt == CLAIM_ATTEMPTS)
			return firn_fail(
				cx, FIRN_E_UNAVAILABLE,
				"the catalog's database keeps dropping connections: try again");
	}
	*ret_idem = replay ? NULL : idem;
	*ret_replay = replay;
	return FIRN_OK;
}

firn_rc firn_idem_record(struct firn_ctx *cx, struct firn_idem *idem,
			 const struct firn_outcome *outcome)
{
	struct firn_params p = {0};
	struct firn_str json;
	int64_t affected = 0;

	if (!idem)
		return FIRN_OK;
	FIRN_TRY(firn_outcome_write(cx, outcome, &json));
	FIRN_TRY(firn_param_str(cx, &p, idem->principal));
	FIRN_TRY(firn_param_str(cx, &p, idem->key));
	FIRN_TRY(firn_param_str(cx, &p, idem->operation));
	FIRN_TRY(firn_param_bytes(cx, &p, idem->request_sha256, sizeof(idem->request_sha256)));
	FIRN_TRY(firn_param_str(cx, &p, json));
	FIRN_TRY(firn_param_i64(cx, &p, idem->lifetime_seconds));
	FIRN_TRY(firn_db_run(cx, &record_sql, &p, &affected));
	if (affected == 0)
		return firn_fail(
			cx, FIRN_E_UNAVAILABLE,
			"Another request with Idempotency-Key %.*s has just ended: send it again",
			FIRN_FMT(idem->key));
	return FIRN_OK;
}

/* Who may ask can change, and how busy we are; everything else that is a 4xx is the answer for
 * good. */
static bool is_final(enum firn_code code)
{
	int status = firn_code_info(code)->http_status;

	return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 &&
	       status != 429;
}

static void record_refusal(struct firn_ctx *cx, struct firn_idem *idem)
{
	struct firn_ctx own = *cx;
	struct firn_outcome outcome = {.error = cx->err.code, .message = firn_str(cx->err.message)};

	firn_err_clear(&own);
	own.deadline_ns = firn_monotonic_ns(cx) + RELEASE_MS * INT64_C(1000000);
	/* Not recorded: perhaps another request with the key has succeeded, and this refusal would
	 * deny it. Sent again, the request learns the outcome. */
	if (firn_idem_record(&own, idem, &outcome) != FIRN_OK)
		cx->err = own.err;
	if (cx->err.code == FIRN_E_DB_BROKEN)
		cx->err.code = FIRN_E_UNAVAILABLE;
	cx->timings = own.timings;
}

void firn_idem_release(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_idem *idem)
{
	(void)catalog;
	if (!idem)
		return;
	firn_db_rollback(cx);
	if (cx->err.code != FIRN_OK && is_final(cx->err.code))
		record_refusal(cx, idem);
	drop_lock(cx, idem);
}
