/* gzip and zstd, with a ceiling on what inflating may yield. */
#ifndef FIRN_COMPRESS_H
#define FIRN_COMPRESS_H

#include "firn/str.h"

firn_rc firn_gzip(struct firn_ctx *cx, struct firn_str plain, struct firn_str *ret_bytes) FIRN_MUST;
firn_rc firn_zstd(struct firn_ctx *cx, struct firn_str plain, struct firn_str *ret_bytes) FIRN_MUST;
/* BAD_REQUEST on bad data, TOO_LARGE past ceiling bytes. Several members in a row are read as one.
 */
firn_rc firn_gunzip(struct firn_ctx *cx, struct firn_str bytes, size_t ceiling,
		    struct firn_str *ret_plain) FIRN_MUST;

#endif
