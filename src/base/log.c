/*
 * Log lines to stderr, each by one write(2) of at most PIPE_BUF bytes, so that lines of many
 * threads and processes never mix. Refuses to let text from outside break a line or drive a
 * terminal.
 */
#include "firn/log.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "firn/clock.h"
#include "utf8_step.h"

#define LINE_BYTES PIPE_BUF
#define TAIL_BYTES 64 /* kept free for the mark of a cut and the closing of the line */

/* Process-wide by nature, as stderr is; set once at start. */
static atomic_int log_format = FIRN_LOG_HUMAN;
static atomic_int log_least = FIRN_LOG_INFO;

struct line {
	char bytes[LINE_BYTES];
	size_t n;
	bool json, cut;
};

void firn_log_setup(enum firn_log_format format, enum firn_log_level least)
{
	atomic_store(&log_format, (int)format);
	atomic_store(&log_least, (int)least);
}

bool firn_log_enabled(enum firn_log_level level)
{
	return (int)level >= atomic_load_explicit(&log_least, memory_order_relaxed);
}

static bool room(struct line *line, size_t n)
{
	if (!line->cut && line->n + n <= LINE_BYTES - TAIL_BYTES)
		return true;
	line->cut = true;
	return false;
}

/* For the closing parts, which TAIL_BYTES keeps room for. */
static void put(struct line *line, const char *bytes, size_t n)
{
	if (n > LINE_BYTES - line->n)
		n = LINE_BYTES - line->n;
	memcpy(line->bytes + line->n, bytes, n);
	line->n += n;
}

static void put_cstr(struct line *line, const char *cstr)
{
	put(line, cstr, strlen(cstr));
}

/* C1 control characters, two bytes in UTF-8, drive terminals as escape sequences do. */
static bool is_c1(const char *p, size_t step)
{
	return step == 2 && (unsigned char)p[0] == 0xC2 && (unsigned char)p[1] < 0xA0;
}

/* One character or ill-formed byte of text; returns its length there. */
static size_t put_char(struct line *line, const char *p, size_t n)
{
	size_t step = firn_utf8_step(p, n);
	unsigned char c = (unsigned char)(is_c1(p, step) ? p[1] : p[0]);
	char escape[8];
	int len;

	if (step == 0) {
		if (room(line, 4))
			put_cstr(line, "\xEF\xBF\xBD");
		return 1;
	}
	if (c == '"' || c == '\\')
		len = snprintf(escape, sizeof(escape), "\\%c", c);
	else if (c == '\n')
		len = snprintf(escape, sizeof(escape), "\\n");
	else if (c < 0x20 || c == 0x7F || is_c1(p, step))
		len = snprintf(escape, sizeof(escape), "\\u%04x", c);
	else
		len = 0;
	if (room(line, 8))
		put(line, len > 0 ? escape : p, len > 0 ? (size_t)len : step);
	return step;
}

static void put_text(struct line *line, struct firn_str s)
{
	for (size_t i = 0; i < s.n && !line->cut;)
		i += put_char(line, s.p + i, s.n - i);
}

static void put_quoted(struct line *line, struct firn_str s)
{
	put_cstr(line, "\"");
	put_text(line, s);
	put_cstr(line, "\"");
}

/* A human reads plain words without quotes. */
static bool is_plain_word(struct firn_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return s.n > 0;
}

static void put_number(struct line *line, const struct firn_log_field *field)
{
	char text[32];

	if (field->kind == FIRN_LOGF_MS) {
		uint64_t ns = field->i64 < 0 ? 0 - (uint64_t)field->i64 : (uint64_t)field->i64;

		snprintf(text, sizeof(text), "%s%llu.%03u", field->i64 < 0 ? "-" : "",
			 (unsigned long long)(ns / 1000000), (unsigned)(ns / 1000 % 1000));
	} else {
		snprintf(text, sizeof(text), "%lld", (long long)field->i64);
	}
	put_cstr(line, text);
}

static void put_field(struct line *line, const struct firn_log_field *field)
{
	struct firn_str name = firn_str(field->name);

	/* Six bytes for the worst escape of each character, so that a name is whole or absent. */
	if (!room(line, name.n * 6 + 40))
		return;
	put_cstr(line, line->json ? "," : " ");
	if (line->json) {
		put_quoted(line, name);
		put_cstr(line, ":");
	} else {
		put_text(line, name);
		put_cstr(line, "=");
	}
	if (field->kind != FIRN_LOGF_STR)
		put_number(line, field);
	else if (line->json || !is_plain_word(field->str))
		put_quoted(line, field->str);
	else
		put_text(line, field->str);
}

static const char *level_name(enum firn_log_level level, bool json)
{
	switch (level) {
	case FIRN_LOG_DEBUG:
		return json ? "debug" : "DEBUG";
	case FIRN_LOG_INFO:
		return json ? "info" : "INFO ";
	case FIRN_LOG_WARN:
		return json ? "warn" : "WARN ";
	case FIRN_LOG_ERROR:
		return json ? "error" : "ERROR";
	}
	return "?";
}

static void put_head(struct line *line, enum firn_log_level level, const char *event)
{
	char now[25];

	firn_iso8601(firn_system_clock.wall_ms(&firn_system_clock), now);
	if (line->json)
		put_cstr(line, "{\"ts\":\"");
	put_cstr(line, now);
	put_cstr(line, line->json ? "\",\"level\":\"" : " ");
	put_cstr(line, level_name(level, line->json));
	put_cstr(line, line->json ? "\",\"event\":" : " ");
	if (line->json)
		put_quoted(line, firn_str(event));
	else
		put_text(line, firn_str(event));
}

static void write_out(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* nowhere left to complain */
		bytes += done;
		n -= (size_t)done;
	}
}

void firn_log(enum firn_log_level level, const char *event, const struct firn_log_field *fields,
	      size_t n)
{
	int saved_errno = errno;
	struct line line;

	if (!firn_log_enabled(level))
		return;
	line.n = 0;
	line.cut = false;
	line.json = atomic_load_explicit(&log_format, memory_order_relaxed) == FIRN_LOG_JSON;
	put_head(&line, level, event);
	for (size_t i = 0; i < n && !line.cut; i++)
		put_field(&line, &fields[i]);
	if (line.cut)
		put_cstr(&line, line.json ? ",\"cut\":true" : " (cut)");
	put_cstr(&line, line.json ? "}\n" : "\n");
	write_out(line.bytes, line.n);
	errno = saved_errno;
}
