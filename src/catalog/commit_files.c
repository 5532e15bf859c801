/* Metadata files of a commit: their text, their name, putting them and taking them back. */
#include "commit.h"

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/compress.h"
#include "firn/crypto.h"
#include "firn/log.h"

#define UNPUT_MS 5000

static struct firn_str property(const struct firn_item *item, const char *key)
{
	return item->table ? firn_table_property(item->table, key)
			   : firn_view_property(item->view, key);
}

static firn_rc write_text(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	if (item->table)
		FIRN_TRY(firn_table_metadata_write(cx, item->table, &item->text));
	else
		FIRN_TRY(firn_view_metadata_write(cx, item->view, &item->text));
	if (item->text.n > catalog->config.metadata_ceiling)
		return firn_fail(cx, FIRN_E_TOO_LARGE,
				 "the metadata of '%.*s' would be %zu bytes long, more than the "
				 "limit of %zu: expire snapshots",
				 FIRN_FMT(firn_target_text(cx, item->target)), item->text.n,
				 catalog->config.metadata_ceiling);
	return FIRN_OK;
}

static firn_rc name_file(struct firn_ctx *cx, struct firn_item *item)
{
	struct firn_str previous = item->seen.exists ? item->seen.metadata_location : FIRN_STR_NONE;
	bool gzip = false;

	FIRN_TRY(
		firn_metadata_codec(cx, property(item, "write.metadata.compression-codec"), &gzip));
	FIRN_TRY(firn_metadata_file_location(cx, item->location,
					     property(item, "write.metadata.path"), gzip, previous,
					     &item->file));
	item->bytes = item->text;
	if (gzip)
		FIRN_TRY(firn_gzip(cx, item->text, &item->bytes));
	item->length = (int64_t)item->bytes.n;
	firn_sha256(item->bytes.p, item->bytes.n, item->sha256);
	return FIRN_OK;
}

/* Old v1 tables have no uuid; the catalog knows every table by one. */
static firn_rc choose_uuid(struct firn_ctx *cx, struct firn_item *item)
{
	struct firn_uuid uuid;
	char text[FIRN_UUID_TEXT + 1];

	item->uuid = item->table ? firn_table_uuid(item->table) : firn_view_uuid(item->view);
	if (!item->uuid.p && item->seen.exists) {
		item->uuid = item->seen.uuid;
		return FIRN_OK;
	}
	if (!item->uuid.p)
		uuid = firn_uuid_v4();
	else if (!firn_uuid_parse(item->uuid, &uuid))
		return firn_fail(cx, FIRN_E_BAD_REQUEST, "'%.*s' is no UUID: give the %s one",
				 FIRN_FMT(item->uuid), firn_kind_word(item->kind));
	firn_uuid_text(&uuid, text);
	item->uuid = firn_str_dup(cx, firn_str(text));
	return item->uuid.p ? FIRN_OK : cx->err.code;
}

firn_rc firn_item_finish(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	item->location =
		item->table ? firn_table_location(item->table) : firn_view_location(item->view);
	FIRN_TRY(choose_uuid(cx, item));
	if (item->given)
		return FIRN_OK;
	FIRN_TRY(write_text(cx, catalog, item));
	return name_file(cx, item);
}

firn_rc firn_item_put(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	struct firn_store *store;

	FIRN_TRY(firn_store_of(cx, catalog, item->seen.place.warehouse_id,
			       item->seen.place.profile_version, &store));
	item->put = true; /* a put that failed may still take effect */
	if (firn_store_put(cx, store, item->file, item->bytes, true) == FIRN_E_STORE_EXISTS)
		item->put = false;
	return cx->err.code;
}

void firn_item_unput(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	struct firn_ctx own = *cx;
	struct firn_store *store;
	firn_rc rc;

	firn_err_clear(&own);
	own.deadline_ns = firn_monotonic_ns(cx) + UNPUT_MS * INT64_C(1000000);
	rc = firn_store_of(&own, catalog, item->seen.place.warehouse_id,
			   item->seen.place.profile_version, &store);
	if (rc == FIRN_OK)
		rc = firn_store_delete(&own, store, &item->file, 1);
	if (rc != FIRN_OK) {
		const struct firn_log_field fields[] = {FIRN_F_STR("file", item->file),
							FIRN_F_CSTR("error", own.err.message)};

		firn_log(FIRN_LOG_WARN, "a file of a commit that failed was left behind", fields,
			 2);
	}
	cx->timings = own.timings;
}
