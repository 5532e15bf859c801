/*
 * Creating tables: at once, or staged. A staged creation only reserves its location under its uuid;
 * the table comes to be by the commit with assert-create that follows.
 */
#include "commit.h"
#include "firn/arena.h"
#include "firn/clock.h"
#include "locations.h"

/* Folder names are for people; the uuid makes them unique. */
#define PIECE_BYTES 64

struct creation {
	const struct firn_table_spec *spec;
	struct firn_str uuid;
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* What every store and engine spells alike: anything else becomes '_'. */
static void put_piece(struct firn_buf *b, struct firn_str name)
{
	size_t end = b->n + PIECE_BYTES;

	for (size_t i = 0; i < name.n && b->n < end; i++) {
		if (((unsigned char)name.p[i] & 0xc0) != 0x80)
			firn_buf_char(b, is_plain(name.p[i]) ? name.p[i] : '_');
	}
}

static void put_folders(struct firn_buf *b, const struct firn_strs *levels)
{
	for (size_t i = 0; i < levels->n; i++) {
		put_piece(b, levels->items[i]);
		firn_buf_char(b, '/');
	}
}

firn_rc firn_namespace_folder(struct firn_ctx *cx, const struct firn_strs *levels,
			      struct firn_str *ret_relative)
{
	struct firn_buf b;

	firn_buf_init(&b, cx, 4096);
	put_folders(&b, levels);
	if (b.n)
		b.n--; /* the last slash */
	return firn_buf_end(&b, ret_relative);
}

firn_rc firn_location_choose(struct firn_ctx *cx, const struct firn_place *place,
			     const struct firn_target *target, struct firn_str uuid,
			     struct firn_str *ret_location)
{
	struct firn_str relative, base = place->namespace_location;
	struct firn_buf b;

	firn_buf_init(&b, cx, 4096);
	if (!base.n) {
		base = place->warehouse_location;
		put_folders(&b, &target->levels);
	}
	put_piece(&b, target->name);
	firn_buf_char(&b, '-');
	firn_buf_str(&b, uuid);
	FIRN_TRY(firn_buf_end(&b, &relative));
	*ret_location = firn_location_join(cx, base, relative);
	return ret_location->p ? FIRN_OK : cx->err.code;
}

static firn_rc build(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	const struct creation *creation = item->arg;
	const struct firn_table_spec *spec = creation->spec;
	struct firn_table_create create = {
		.location = spec->location,
		.uuid = creation->uuid,
		.schema = spec->schema,
		.partition_spec = spec->partition_spec,
		.write_order = spec->write_order,
		.properties = spec->properties,
		.now_ms = firn_wall_ms(cx),
	};

	(void)catalog;
	if (item->seen.place.namespace_id == 0)
		return firn_fail_namespace(cx, &item->target->levels);
	if (item->seen.exists)
		return firn_fail_taken(cx, FIRN_KIND_TABLE, item->seen.kind, item->target);
	if (!create.location.n)
		FIRN_TRY(firn_location_choose(cx, &item->seen.place, item->target, creation->uuid,
					      &create.location));
	FIRN_TRY(firn_table_metadata_create(cx, &create, &item->table));
	item->changed = true;
	return FIRN_OK;
}

struct staging {
	const struct firn_item *item;
	int64_t seconds;
};

static firn_rc reserve(struct firn_ctx *cx, struct firn_tx *tx, void *arg,
		       struct firn_outcome *ret_outcome)
{
	const struct staging *staging = arg;
	const struct firn_item *item = staging->item;
	const struct firn_place_claim claim = {
		.place = item->place,
		.warehouse_id = item->seen.place.warehouse_id,
		.uuid = item->uuid,
		.seconds = staging->seconds,
	};
	struct firn_event event = {
		.kind = "table.staged",
		.warehouse_id = item->seen.place.warehouse_id,
		.warehouse_name = item->seen.place.warehouse_name,
		.namespace_path = item->seen.place.namespace_path,
		.name = item->target->name,
	};
	bool taken_over;

	FIRN_TRY(firn_places_lock(cx, &claim.place, 1));
	FIRN_TRY(firn_place_reserve(cx, &claim, &event.tabular_id, &taken_over));
	FIRN_TRY(firn_event_add(cx, tx, &event));
	ret_outcome->metadata = item->text;
	return FIRN_OK;
}

/* DuckDB writes manifests beside the metadata file to come, and makes no folder for them. */
static firn_rc prepare(struct firn_ctx *cx, struct firn_catalog *catalog,
		       const struct firn_item *item)
{
	struct firn_store *store;

	FIRN_TRY(firn_store_of(cx, catalog, item->seen.place.warehouse_id,
			       item->seen.place.profile_version, &store));
	if (firn_store_prepare(cx, store, item->file) != FIRN_OK)
		return firn_fault(cx, "make the table's folder");
	return FIRN_OK;
}

static firn_rc stage(struct firn_ctx *cx, struct firn_catalog *catalog,
		     const struct firn_mutation *mutation, struct firn_item *item,
		     struct firn_outcome *ret_outcome)
{
	struct staging staging = {item, catalog->config.staged_seconds};

	FIRN_TRY(firn_tabulars_find(cx, &item->target, 1, &item->seen));
	FIRN_TRY(item->build(cx, catalog, item));
	FIRN_TRY(firn_item_finish(cx, catalog, item));
	FIRN_TRY(firn_item_contain(cx, item));
	if (firn_tx_run(cx, catalog, mutation, reserve, &staging, ret_outcome) != FIRN_OK)
		return firn_fault(cx, "reserve the table's location");
	return prepare(cx, catalog, item);
}

firn_rc firn_table_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			  const struct firn_mutation *mutation, const struct firn_target *target,
			  const struct firn_table_spec *spec, struct firn_outcome *ret_outcome)
{
	struct firn_uuid uuid = firn_uuid_v4();
	char text[FIRN_UUID_TEXT + 1];
	struct creation creation = {spec, {text, FIRN_UUID_TEXT}};
	struct firn_item item = {
		.target = target, .kind = FIRN_KIND_TABLE, .build = build, .arg = &creation};
	struct firn_work work = {.items = &item, .n = 1, .operation = "create", .single = true};

	firn_uuid_text(&uuid, text);
	FIRN_TRY(firn_name_check(cx, "table", target->name));
	if (spec->stage)
		return stage(cx, catalog, mutation, &item, ret_outcome);
	return firn_work_run(cx, catalog, mutation, &work, ret_outcome);
}
