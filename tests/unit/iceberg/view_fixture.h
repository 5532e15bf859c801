/* What the view tests share: a small view, and updates applied to it. */
#ifndef FIRN_TESTS_VIEW_FIXTURE_H
#define FIRN_TESTS_VIEW_FIXTURE_H

#include "firn/view_metadata.h"
#include "table_fixture.h"
#include "views.h"

static inline const struct firn_view_metadata *view_of(struct firn_ctx *cx, const char *text)
{
	const struct firn_view_metadata *m = NULL;

	assert_ok(cx, firn_view_metadata_parse(cx, firn_str(text), &m));
	return m;
}

static inline const char *view_text(struct firn_ctx *cx, const struct firn_view_metadata *m)
{
	struct firn_str text = FIRN_STR_NONE;

	assert_ok(cx, firn_view_metadata_write(cx, m, &text));
	return firn_cstr(cx, text);
}

static inline struct firn_view_change
view_applied(struct firn_ctx *cx, const struct firn_view_metadata *m, const char *updates)
{
	struct firn_view_change change = {.changed = false};

	assert_ok(cx, firn_view_updates_apply(cx, m, json_of(cx, updates), NOW, &change));
	return change;
}

static inline void run_view_cases(struct firn_ctx *cx, const char *view,
				  const struct apply_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct firn_view_metadata *m = view_of(cx, view);
		const struct firn_json *updates = json_of(cx, cases[i].updates);
		struct firn_view_change change = {.changed = false};
		const char *text;

		if (cases[i].code != FIRN_OK) {
			assert_fails(cx, firn_view_updates_apply(cx, m, updates, NOW, &change),
				     cases[i].code, cases[i].expected);
			continue;
		}
		change = view_applied(cx, m, cases[i].updates);
		if (change.changed != (cases[i].expected != NULL))
			fail_msg("changed is %d after %s", change.changed, cases[i].updates);
		if (!change.changed) {
			assert_ptr_equal(change.metadata, m);
			continue;
		}
		text = view_text(cx, change.metadata);
		check_parts(cx, text, cases[i].expected);
		/* What was written must be readable and stay as it is; the base must too. */
		assert_string_equal(view_text(cx, view_of(cx, text)), text);
		assert_string_equal(view_text(cx, m), view_text(cx, view_of(cx, view)));
	}
}
#define RUN_VIEW(cx, view, cases)                                                                  \
	run_view_cases((cx), (view), (cases), sizeof(cases) / sizeof(*(cases)))

#endif
