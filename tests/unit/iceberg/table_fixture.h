/* What the table tests share: small tables written here, and updates applied to them. */
#ifndef FIRN_TESTS_TABLE_FIXTURE_H
#define FIRN_TESTS_TABLE_FIXTURE_H

#include <stdio.h>

#include "../base/fixture.h"
#include "firn/json.h"
#include "firn/table_metadata.h"
#include "tables.h"

#define NOW INT64_C(1700000000000)

static inline const struct firn_json *json_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_json *json = NULL;

	assert_ok(cx, firn_json_parse(cx, firn_str(text), "test", &json));
	return json;
}

static inline const struct firn_table_metadata *table_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_table_metadata *m = NULL;

	assert_ok(cx, firn_table_metadata_parse(cx, firn_str(text), &m));
	return m;
}

static inline const char *text_of(struct firn_ctx *cx, const struct firn_table_metadata *m)
{
	struct firn_str text = FIRN_STR_NONE;

	assert_ok(cx, firn_table_metadata_write(cx, m, &text));
	return firn_cstr(cx, text);
}

static inline firn_rc apply_to(struct firn_ctx *cx, const struct firn_table_metadata *m,
			       const char *updates, struct firn_table_change *change)
{
	struct firn_table_base base = {m, FIRN_STR("s3://b/t/metadata/00001-a.metadata.json"), NOW};

	return firn_table_updates_apply(cx, &base, json_of(cx, updates), change);
}

static inline struct firn_table_change
applied(struct firn_ctx *cx, const struct firn_table_metadata *m, const char *updates)
{
	struct firn_table_change change = {.changed = false};

	assert_ok(cx, apply_to(cx, m, updates, &change));
	return change;
}

#define assert_has(text, part)                                                                     \
	do {                                                                                       \
		if (!strstr((text), (part)))                                                       \
			fail_msg("'%s' not in %s", (part), (text));                                \
	} while (0)
#define assert_lacks(text, part)                                                                   \
	do {                                                                                       \
		if (strstr((text), (part)))                                                        \
			fail_msg("'%s' is in %s", (part), (text));                                 \
	} while (0)

/* One update (or list of them) on a table: parts that the result must have or not, or the error. */
struct apply_case {
	const char *updates;
	enum firn_code code;  /* FIRN_OK: the parts below, separated by '|' ('!' = must lack) */
	const char *expected; /* or a part of the message; NULL: nothing changed */
};

static inline void check_parts(struct firn_ctx *cx, const char *text, const char *parts)
{
	char copy[2048], *save = NULL;

	(void)cx;
	snprintf(copy, sizeof(copy), "%s", parts);
	for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
		if (part[0] == '!')
			assert_lacks(text, part + 1);
		else
			assert_has(text, part);
	}
}

static inline void run_cases(struct firn_ctx *cx, const char *table, const struct apply_case *cases,
			     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct firn_table_metadata *m = table_of(cx, table);
		struct firn_table_change change = {.changed = false};

		if (cases[i].code != FIRN_OK) {
			assert_fails(cx, apply_to(cx, m, cases[i].updates, &change), cases[i].code,
				     cases[i].expected);
			continue;
		}
		change = applied(cx, m, cases[i].updates);
		if (change.changed != (cases[i].expected != NULL))
			fail_msg("changed is %d after %s", change.changed, cases[i].updates);
		if (!change.changed) {
			assert_ptr_equal(change.metadata, m);
			continue;
		}
		check_parts(cx, text_of(cx, change.metadata), cases[i].expected);
		/* What was written must be readable and stay as it is. */
		assert_string_equal(text_of(cx, table_of(cx, text_of(cx, change.metadata))),
				    text_of(cx, change.metadata));
	}
}
#define RUN(cx, table, cases) run_cases((cx), (table), (cases), sizeof(cases) / sizeof(*(cases)))

#endif
