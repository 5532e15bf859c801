/*
 * Errors of a context: the table of codes, and the one error that a context carries. Refuses to
 * replace an error that is set, and to hold text that is not well-formed UTF-8.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firn/ctx.h"
#include "firn/log.h"
#include "utf8_step.h"

static const struct firn_code_info code_table[] = {
	[FIRN_OK] = {"OK", 200, "", "", FIRN_LOG_INFO},
#define X(name, status, iceberg, aws, level)                                                       \
	[FIRN_E_##name] = {#name, status, iceberg, aws, FIRN_LOG_##level},
#include "firn/err_codes.def"
#undef X
};

const struct firn_code_info *firn_code_info(enum firn_code code)
{
	if ((unsigned)code >= (unsigned)FIRN_E_COUNT)
		code = FIRN_E_INTERNAL;
	return &code_table[code];
}

/* Drops a character cut in the middle at the end of text, and replaces other ill-formed bytes. */
static void make_utf8(char *text, bool cut)
{
	size_t n = strlen(text);
	size_t i = 0;

	while (i < n) {
		size_t step = firn_utf8_step(text + i, n - i);

		if (step == 0) {
			if (cut && n - i < 4 && firn_utf8_is_prefix(text + i, n - i)) {
				text[i] = '\0';
				return;
			}
			text[i] = '?';
			step = 1;
		}
		i += step;
	}
}

FIRN_PRINTF(3, 0)
static void put_text(char *out, size_t capacity, const char *fmt, va_list args)
{
	int n = vsnprintf(out, capacity, fmt, args);

	if (n < 0) {
		out[0] = '\0';
		return;
	}
	make_utf8(out, (size_t)n >= capacity);
}

firn_rc firn_fail(struct firn_ctx *cx, enum firn_code code, const char *fmt, ...)
{
	va_list args;

	if (cx->err.code != FIRN_OK)
		return cx->err.code;
	cx->err.code = code == FIRN_OK ? FIRN_E_INTERNAL : code;
	va_start(args, fmt);
	put_text(cx->err.message, sizeof(cx->err.message), fmt, args);
	va_end(args);
	return cx->err.code;
}

firn_rc firn_note(struct firn_ctx *cx, const char *fmt, ...)
{
	char *notes = cx->err.notes;
	size_t used = strlen(notes);
	va_list args;

	if (cx->err.code == FIRN_OK)
		return FIRN_OK;
	if (used > 0 && used + 3 < sizeof(cx->err.notes)) {
		memcpy(notes + used, "; ", 3);
		used += 2;
	}
	va_start(args, fmt);
	put_text(notes + used, sizeof(cx->err.notes) - used, fmt, args);
	va_end(args);
	return cx->err.code;
}

void firn_err_clear(struct firn_ctx *cx)
{
	memset(&cx->err, 0, sizeof(cx->err));
}
