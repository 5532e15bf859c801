/*
 * Locations: the URIs that tables and files live at, compared after normalisation. Pure.
 *
 * Clients spell one place in many ways (s3, s3a and s3n; file:/x, file:///x and /x; doubled and
 * trailing slashes). Metadata keeps the client's spelling; every comparison, reservation and
 * containment check uses the normal form: lower-case scheme (s3a, s3n → s3), authority, one slash
 * between pieces, no trailing slash. Pieces `.`, `..`, percent-encoded forms of them or of '/' in
 * file: locations, control characters, '?' queries and '#' fragments in s3, and ill-formed UTF-8
 * are refused by name.
 */
#ifndef FIRN_LOCATION_H
#define FIRN_LOCATION_H

#include "firn/str.h"

struct firn_location {
	struct firn_str scheme;	   /* "s3" or "file" */
	struct firn_str authority; /* bucket; empty for file */
	struct firn_str path;	   /* begins with '/', no trailing slash; "" for a bucket's root */
	struct firn_str normal;	   /* "s3://bucket/path", "file:///path" */
};
/* BAD_REQUEST naming `what` and the text. */
firn_rc firn_location_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			    struct firn_location *ret_location) FIRN_MUST;
/* inner equals outer or lies beneath it (whole pieces: /a/b is not within /a/bc). */
bool firn_location_within(const struct firn_location *inner, const struct firn_location *outer);
/* base + "/" + relative, in the spelling of base (its trailing slashes dropped). */
struct firn_str firn_location_join(struct firn_ctx *cx, struct firn_str base,
				   struct firn_str relative);

#endif
