/* Files compiled into the binary: the migrations and the API descriptions. */
#ifndef FIRN_EMBEDDED_H
#define FIRN_EMBEDDED_H

#include <stddef.h>

struct firn_embedded_file {
	const char *name;	    /* file name without folder, e.g. "0001_catalog.sql" */
	const unsigned char *bytes; /* NUL-terminated one past size */
	size_t size;
};

/* Sorted by name, ended by a row whose name is NULL. */
extern const struct firn_embedded_file firn_embedded_files[];

#endif
