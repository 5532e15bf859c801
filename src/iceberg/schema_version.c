/* Which types and defaults a format version has: newer ones are refused, all of them by name. */
#include "firn/arena.h"
#include "member.h"
#include "schema.h"

static int min_version(enum firn_type_kind kind)
{
	switch (kind) {
	case FIRN_TYPE_TIMESTAMP_NS:
	case FIRN_TYPE_TIMESTAMPTZ_NS:
	case FIRN_TYPE_UNKNOWN:
	case FIRN_TYPE_VARIANT:
	case FIRN_TYPE_GEOMETRY:
	case FIRN_TYPE_GEOGRAPHY:
		return 3;
	case FIRN_TYPE_BOOLEAN:
	case FIRN_TYPE_INT:
	case FIRN_TYPE_LONG:
	case FIRN_TYPE_FLOAT:
	case FIRN_TYPE_DOUBLE:
	case FIRN_TYPE_DATE:
	case FIRN_TYPE_TIME:
	case FIRN_TYPE_TIMESTAMP:
	case FIRN_TYPE_TIMESTAMPTZ:
	case FIRN_TYPE_STRING:
	case FIRN_TYPE_UUID:
	case FIRN_TYPE_FIXED:
	case FIRN_TYPE_BINARY:
	case FIRN_TYPE_DECIMAL:
	case FIRN_TYPE_STRUCT:
	case FIRN_TYPE_LIST:
	case FIRN_TYPE_MAP:
		break;
	}
	return 1;
}

firn_rc firn_schema_check_version(struct firn_ctx *cx, const struct firn_schema *schema,
				  int format_version)
{
	struct firn_buf b;
	struct firn_str problems;

	firn_buf_init(&b, cx, (size_t)1 << 20);
	for (size_t i = 0; i < schema->n_entries && b.n < 900; i++) {
		const struct firn_schema_entry *entry = &schema->entries[i];
		struct firn_str name = firn_shown(entry->name);
		int version = min_version(entry->field->type->kind);

		if (version > format_version)
			firn_buf_printf(&b,
					"; Invalid type for %.*s: %.*s is not supported until v%d",
					FIRN_FMT(name),
					FIRN_FMT(firn_type_text(cx, entry->field->type)), version);
		if (format_version < 3 && entry->field->initial_default)
			firn_buf_printf(
				&b,
				"; Invalid initial default for %.*s: non-null default (%s) is "
				"not supported until v3",
				FIRN_FMT(name),
				firn_json_excerpt(cx, entry->field->initial_default));
	}
	FIRN_TRY(firn_buf_end(&b, &problems));
	if (!problems.n)
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_VALIDATION, "Invalid schema for v%d: %.*s", format_version,
			 FIRN_FMT(firn_str_sub(problems, 2, problems.n)));
}
