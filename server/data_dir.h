/* The folder that `firn dev` keeps its state in, and the lock that makes it one process's. */
#ifndef FIRN_SERVER_DATA_DIR_H
#define FIRN_SERVER_DATA_DIR_H

#include "config.h"

struct firn_data_dir {
	struct firn_str path; /* absolute, no trailing slash */
	int lock_fd;	      /* DIR/firn.pid, locked as long as the process lives */
};
/* Makes the folder. CONFLICT when another firn runs on it, naming its pid. */
firn_rc firn_data_dir_open(struct firn_ctx *cx, const struct firn_config *config,
			   struct firn_data_dir *ret_dir) FIRN_MUST;
/* Where the folder is, without making it: absolute; NOT_FOUND when nothing is there. */
firn_rc firn_data_dir_find(struct firn_ctx *cx, const struct firn_config *config,
			   struct firn_str *ret_path) FIRN_MUST;
/* Leaves word in DIR/firn.url of where the server is reached, for `firn doctor`. */
firn_rc firn_data_dir_tell_url(struct firn_ctx *cx, const struct firn_data_dir *dir,
			       struct firn_str url) FIRN_MUST;
/* What was told, though whoever told it may have ended since; NONE when nothing was. */
struct firn_str firn_data_dir_url(struct firn_ctx *cx, struct firn_str path);
/* Writes our pid into firn.pid (again after a fork). */
firn_rc firn_data_dir_sign(struct firn_ctx *cx, const struct firn_data_dir *dir) FIRN_MUST;
/* Empties firn.pid, removes firn.url and lets go of the lock. */
void firn_data_dir_close(struct firn_data_dir *dir);
/* DIR/master.key, made on first use. */
firn_rc firn_data_dir_master_key(struct firn_ctx *cx, const struct firn_data_dir *dir,
				 struct firn_str *ret_file) FIRN_MUST;

#endif
