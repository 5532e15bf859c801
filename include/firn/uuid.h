/* UUIDs: version 4 (random) and 7 (time-ordered), and their text form. */
#ifndef FIRN_UUID_H
#define FIRN_UUID_H

#include "firn/str.h"

#define FIRN_UUID_TEXT 36
struct firn_uuid {
	unsigned char b[16];
};
struct firn_uuid firn_uuid_v4(void);
struct firn_uuid firn_uuid_v7(int64_t wall_ms);
/*
 * Version 7 by counter (RFC 9562, 6.2): unique as version 7 is, but one tells the next. For names
 * that guard nothing, many a second. The source starts at zero and has one user at a time.
 */
struct firn_uuid_source {
	uint64_t left; /* ids until new randomness is drawn */
	unsigned char random[16];
};
struct firn_uuid firn_uuid_next(struct firn_uuid_source *source, int64_t wall_ms);
/* 36 characters, lower case, and a NUL. */
void firn_uuid_text(const struct firn_uuid *uuid, char out[static FIRN_UUID_TEXT + 1]);
/* Strict 8-4-4-4-12 form, either case; false otherwise. */
bool firn_uuid_parse(struct firn_str text, struct firn_uuid *ret_uuid);
bool firn_uuid_eq(const struct firn_uuid *a, const struct firn_uuid *b);

#endif
