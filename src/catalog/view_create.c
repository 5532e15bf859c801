/* Creating views: as tables, without staging. */
#include "commit.h"
#include "firn/clock.h"

struct creation {
	const struct firn_view_spec *spec;
	struct firn_str uuid;
};

static firn_rc build(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_item *item)
{
	const struct creation *creation = item->arg;
	struct firn_view_create create = {
		.location = creation->spec->location,
		.uuid = creation->uuid,
		.schema = creation->spec->schema,
		.view_version = creation->spec->view_version,
		.properties = creation->spec->properties,
		.now_ms = firn_wall_ms(cx),
	};

	(void)catalog;
	if (item->seen.place.namespace_id == 0)
		return firn_fail_namespace(cx, &item->target->levels);
	if (item->seen.exists)
		return firn_fail_taken(cx, FIRN_KIND_VIEW, item->seen.kind, item->target);
	if (!create.location.n)
		FIRN_TRY(firn_location_choose(cx, &item->seen.place, item->target, creation->uuid,
					      &create.location));
	FIRN_TRY(firn_view_metadata_create(cx, &create, &item->view));
	item->changed = true;
	return FIRN_OK;
}

firn_rc firn_view_create(struct firn_ctx *cx, struct firn_catalog *catalog,
			 const struct firn_mutation *mutation, const struct firn_target *target,
			 const struct firn_view_spec *spec, struct firn_outcome *ret_outcome)
{
	struct firn_uuid uuid = firn_uuid_v4();
	char text[FIRN_UUID_TEXT + 1];
	struct creation creation = {spec, {text, FIRN_UUID_TEXT}};
	struct firn_item item = {
		.target = target, .kind = FIRN_KIND_VIEW, .build = build, .arg = &creation};
	struct firn_work work = {.items = &item, .n = 1, .operation = "create", .single = true};

	firn_uuid_text(&uuid, text);
	FIRN_TRY(firn_name_check(cx, "view", target->name));
	return firn_work_run(cx, catalog, mutation, &work, ret_outcome);
}
