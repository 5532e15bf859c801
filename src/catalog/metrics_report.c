/*
 * Reports that clients send about scans and commits (ReportMetricsRequest), kept for a while beside
 * the table. Refuses what lacks a required member; the rest is carried as it came.
 */
#include "firn/arena.h"
#include "internal.h"

#define REPORT_BYTES (1024 * 1024)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct firn_sql insert_sql = {
	.name = "metrics_report_insert",
	.text = "insert into metrics_report (warehouse_id, tabular_id, principal, report)"
		" select w.id, t.id, $5, $6 from warehouse w"
		" join namespace n on n.warehouse_id = w.id and n.path = $3"
		" join tabular t on t.namespace_id = n.id and t.name = $4 and t.kind = 'table'"
		" where w.name = $1 or w.uuid = $2",
	.params = "text,uuid,text,text,text,json",
	.results = "",
};

struct report {
	struct firn_str type, table_name, operation;
	int64_t snapshot_id, schema_id, sequence_number;
	const struct firn_json *filter, *field_ids, *metrics;
	struct firn_strs field_names;
};

#define IN_REPORT(member) offsetof(struct report, member)
static const struct firn_field type_fields[] = {
	{"report-type", FIRN_FIELD_STR, IN_REPORT(type), FIRN_FIELD_REQUIRED},
};
static const struct firn_field scan_fields[] = {
	{"table-name", FIRN_FIELD_STR, IN_REPORT(table_name), FIRN_FIELD_REQUIRED},
	{"snapshot-id", FIRN_FIELD_I64, IN_REPORT(snapshot_id), FIRN_FIELD_REQUIRED},
	{"filter", FIRN_FIELD_ANY, IN_REPORT(filter), FIRN_FIELD_REQUIRED},
	{"schema-id", FIRN_FIELD_I64, IN_REPORT(schema_id), FIRN_FIELD_REQUIRED},
	{"projected-field-ids", FIRN_FIELD_ARRAY, IN_REPORT(field_ids), FIRN_FIELD_REQUIRED},
	{"projected-field-names", FIRN_FIELD_STRS, IN_REPORT(field_names), FIRN_FIELD_REQUIRED},
	{"metrics", FIRN_FIELD_OBJECT, IN_REPORT(metrics), FIRN_FIELD_REQUIRED},
};
static const struct firn_field commit_fields[] = {
	{"table-name", FIRN_FIELD_STR, IN_REPORT(table_name), FIRN_FIELD_REQUIRED},
	{"snapshot-id", FIRN_FIELD_I64, IN_REPORT(snapshot_id), FIRN_FIELD_REQUIRED},
	{"sequence-number", FIRN_FIELD_I64, IN_REPORT(sequence_number), FIRN_FIELD_REQUIRED},
	{"operation", FIRN_FIELD_STR, IN_REPORT(operation), FIRN_FIELD_REQUIRED},
	{"metrics", FIRN_FIELD_OBJECT, IN_REPORT(metrics), FIRN_FIELD_REQUIRED},
};

static firn_rc check(struct firn_ctx *cx, const struct firn_json *json)
{
	struct report report = {0};

	FIRN_TRY(firn_json_read(cx, json, "metrics report", type_fields, COUNT(type_fields),
				&report));
	if (firn_str_is(report.type, "scan-report"))
		return firn_json_read(cx, json, "scan report", scan_fields, COUNT(scan_fields),
				      &report);
	if (firn_str_is(report.type, "commit-report"))
		return firn_json_read(cx, json, "commit report", commit_fields,
				      COUNT(commit_fields), &report);
	return firn_fail(
		cx, FIRN_E_BAD_REQUEST,
		"metrics report: report-type '%.*s' is not known: use scan-report or commit-report",
		FIRN_FMT(firn_name_show(cx, report.type)));
}

static firn_rc text_of(struct firn_ctx *cx, const struct firn_json *json, struct firn_str *ret_text)
{
	FIRN_TRY(firn_json_dump(cx, json, false, ret_text));
	if (ret_text->n > REPORT_BYTES)
		return firn_fail(cx, FIRN_E_TOO_LARGE,
				 "the metrics report has %zu bytes: send at most %d", ret_text->n,
				 REPORT_BYTES);
	return FIRN_OK;
}

/* Why nothing was inserted. */
static firn_rc explain(struct firn_ctx *cx, struct firn_catalog *catalog,
		       const struct firn_target *target)
{
	struct firn_pointer pointer;

	FIRN_TRY(firn_tabular_now(cx, catalog, target, FIRN_KIND_TABLE, &pointer));
	return firn_fail(cx, FIRN_E_UNAVAILABLE,
			 "Table '%.*s' has just been made: send the report again",
			 FIRN_FMT(firn_target_text(cx, target)));
}

firn_rc firn_metrics_store(struct firn_ctx *cx, struct firn_catalog *catalog,
			   const struct firn_mutation *mutation, const struct firn_target *target,
			   const struct firn_json *report)
{
	struct firn_str text, path = firn_levels_path(cx, &target->levels);
	struct firn_params p = {0};
	int64_t inserted;

	(void)catalog;
	if (!path.p)
		return cx->err.code;
	FIRN_TRY(check(cx, report));
	FIRN_TRY(text_of(cx, report, &text));
	FIRN_TRY(firn_param_prefix(cx, &p, target->warehouse));
	FIRN_TRY(firn_param_str(cx, &p, path));
	FIRN_TRY(firn_param_str(cx, &p, target->name));
	FIRN_TRY(firn_param_str(cx, &p, firn_pass_principal(mutation->pass)));
	FIRN_TRY(firn_param_str(cx, &p, text));
	FIRN_TRY(firn_db_run(cx, &insert_sql, &p, &inserted));
	return inserted > 0 ? FIRN_OK : explain(cx, catalog, target);
}
