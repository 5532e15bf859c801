/* What the parts of the file store share. */
#ifndef FIRN_STORAGE_FILE_STORE_H
#define FIRN_STORAGE_FILE_STORE_H

#include "store.h"

struct firn_file_store {
	struct firn_store store;
	const char *root; /* absolute path */
	int make_error;	  /* errno of making the root when the store was opened; 0 = it was there */
};

/* The root's descriptor; STORE_BROKEN when it is gone (a file system that is not mounted, say). */
firn_rc firn_file_root(struct firn_ctx *cx, const struct firn_store *store, int *ret_fd) FIRN_MUST;
/* The code and message for an errno of a call about uri; doing: "reading". */
firn_rc firn_file_fail(struct firn_ctx *cx, struct firn_str uri, const char *doing, int error);
firn_rc firn_file_list(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *folder, struct firn_store_page *page) FIRN_MUST;

#endif
