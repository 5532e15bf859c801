/*
 * Requirements of a commit, checked against the table as it is. Messages begin as the reference's
 * do, for clients' tests read them. Refuses kinds that a table doesn't have.
 */
#include "member.h"
#include "table.h"

typedef firn_rc check_fn(struct firn_ctx *cx, const struct firn_json *requirement,
			 const struct firn_table_metadata *base);

static firn_rc check_create(struct firn_ctx *cx, const struct firn_json *requirement,
			    const struct firn_table_metadata *base)
{
	(void)requirement;
	if (base)
		return firn_fail(cx, FIRN_E_COMMIT_FAILED,
				 "Requirement failed: table already exists");
	return FIRN_OK;
}

static firn_rc check_uuid(struct firn_ctx *cx, const struct firn_json *requirement,
			  const struct firn_table_metadata *base)
{
	struct firn_str uuid;

	FIRN_TRY(firn_member_str(cx, requirement, "assert-table-uuid", "uuid", &uuid));
	if (firn_str_ieq(uuid, base->uuid))
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_COMMIT_FAILED,
			 "Requirement failed: UUID does not match: expected %.*s != %.*s",
			 FIRN_FMT(base->uuid.p ? base->uuid : FIRN_STR("null")),
			 FIRN_FMT(firn_shown(uuid)));
}

static firn_rc check_ref(struct firn_ctx *cx, const struct firn_json *requirement,
			 const struct firn_table_metadata *base)
{
	const struct firn_snapshot_ref *ref;
	struct firn_str name, shown;
	int64_t id = 0;
	bool has;

	FIRN_TRY(firn_member_str(cx, requirement, "assert-ref-snapshot-id", "ref", &name));
	FIRN_TRY(firn_member_opt_i64(cx, requirement, "assert-ref-snapshot-id", "snapshot-id", &has,
				     &id));
	ref = firn_table_ref(base, name);
	shown = firn_shown(name);
	if (ref && !has)
		return firn_fail(cx, FIRN_E_COMMIT_FAILED,
				 "Requirement failed: %s %.*s was created concurrently",
				 ref->tag ? "tag" : "branch", FIRN_FMT(shown));
	if (ref && ref->snapshot_id != id)
		return firn_fail(
			cx, FIRN_E_COMMIT_FAILED,
			"Requirement failed: %s %.*s has changed: expected id %lld != %lld",
			ref->tag ? "tag" : "branch", FIRN_FMT(shown), (long long)id,
			(long long)ref->snapshot_id);
	if (!ref && has)
		return firn_fail(cx, FIRN_E_COMMIT_FAILED,
				 "Requirement failed: branch or tag %.*s is missing, expected %lld",
				 FIRN_FMT(shown), (long long)id);
	return FIRN_OK;
}

static firn_rc check_id(struct firn_ctx *cx, const struct firn_json *requirement, const char *type,
			const char *name, const char *noun, int32_t found)
{
	int32_t expected;

	FIRN_TRY(firn_member_i32(cx, requirement, type, name, &expected));
	if (expected == found)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_COMMIT_FAILED,
			 "Requirement failed: %s changed: expected id %d != %d", noun, expected,
			 found);
}

static firn_rc check_last_field(struct firn_ctx *cx, const struct firn_json *requirement,
				const struct firn_table_metadata *base)
{
	return check_id(cx, requirement, "assert-last-assigned-field-id", "last-assigned-field-id",
			"last assigned field id", base->last_column_id);
}

static firn_rc check_schema(struct firn_ctx *cx, const struct firn_json *requirement,
			    const struct firn_table_metadata *base)
{
	return check_id(cx, requirement, "assert-current-schema-id", "current-schema-id",
			"current schema", base->current_schema_id);
}

static firn_rc check_last_partition(struct firn_ctx *cx, const struct firn_json *requirement,
				    const struct firn_table_metadata *base)
{
	return check_id(cx, requirement, "assert-last-assigned-partition-id",
			"last-assigned-partition-id", "last assigned partition id",
			base->last_partition_id);
}

static firn_rc check_spec(struct firn_ctx *cx, const struct firn_json *requirement,
			  const struct firn_table_metadata *base)
{
	return check_id(cx, requirement, "assert-default-spec-id", "default-spec-id",
			"default partition spec", base->default_spec_id);
}

static firn_rc check_order(struct firn_ctx *cx, const struct firn_json *requirement,
			   const struct firn_table_metadata *base)
{
	return check_id(cx, requirement, "assert-default-sort-order-id", "default-sort-order-id",
			"default sort order", base->default_order_id);
}

static const struct kind {
	const char *name;
	check_fn *check;
} kinds[] = {
	{"assert-create", check_create},
	{"assert-table-uuid", check_uuid},
	{"assert-ref-snapshot-id", check_ref},
	{"assert-last-assigned-field-id", check_last_field},
	{"assert-current-schema-id", check_schema},
	{"assert-last-assigned-partition-id", check_last_partition},
	{"assert-default-spec-id", check_spec},
	{"assert-default-sort-order-id", check_order},
};

static firn_rc check_one(struct firn_ctx *cx, const struct firn_json *requirement,
			 const struct firn_table_metadata *base)
{
	struct firn_str type;

	if (firn_json_type(requirement) != FIRN_JSON_OBJECT)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "a requirement must be an object, found %s",
				 firn_json_excerpt(cx, requirement));
	FIRN_TRY(firn_member_str(cx, requirement, "requirement", "type", &type));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!firn_str_ieq(type, firn_str(kinds[i].name)))
			continue;
		if (!base && kinds[i].check != check_create)
			return firn_fail(
				cx, FIRN_E_BAD_REQUEST,
				"Invalid create requirements: %s needs a table that exists",
				kinds[i].name);
		return kinds[i].check(cx, requirement, base);
	}
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "Cannot parse update requirement: '%.*s' is no requirement of a table",
			 FIRN_FMT(firn_shown(type)));
}

firn_rc firn_table_requirements_check(struct firn_ctx *cx, const struct firn_json *requirements,
				      const struct firn_table_metadata *base)
{
	size_t n = firn_json_count(requirements);

	if (!requirements || firn_json_type(requirements) == FIRN_JSON_NULL)
		return FIRN_OK;
	if (firn_json_type(requirements) != FIRN_JSON_ARRAY)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "'requirements' must be an array, found %s",
				 firn_json_excerpt(cx, requirements));
	if (n > FIRN_COMMIT_REQUIREMENTS)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "%zu requirements in one commit, more than %zu", n,
				 FIRN_COMMIT_REQUIREMENTS);
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(check_one(cx, firn_json_at(requirements, i), base));
	return FIRN_OK;
}

bool firn_table_requirements_create(const struct firn_json *requirements)
{
	if (!requirements || firn_json_type(requirements) != FIRN_JSON_ARRAY)
		return false;
	for (size_t i = 0; i < firn_json_count(requirements); i++) {
		const struct firn_json *requirement = firn_json_at(requirements, i);

		if (firn_str_ieq(firn_json_str(firn_json_get(requirement, "type")),
				 FIRN_STR("assert-create")))
			return true;
	}
	return false;
}
