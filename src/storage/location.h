/* Locations as the stores read them: the door of location.h, less strict about object names. */
#ifndef FIRN_STORAGE_LOCATION_H
#define FIRN_STORAGE_LOCATION_H

#include "firn/location.h"

/*
 * As firn_location_parse, for one object, whose name is used as it is spelled and never decoded: an
 * encoded '/' in a file: location ("day=1%2F2", as writers name the folders of partitions), and '?'
 * and '#' in an s3 location, are characters like others.
 */
firn_rc firn_location_parse_object(struct firn_ctx *cx, struct firn_str text, const char *what,
				   struct firn_location *ret_location) FIRN_MUST;
/* The text without its trailing slashes. */
struct firn_str firn_location_trim(struct firn_str text);

#endif
