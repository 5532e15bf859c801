/*
 * The private PostgreSQL cluster of `firn dev`: the distribution's initdb and postgres, run as an
 * unprivileged user when root calls, on a socket only, in its own session (Ctrl-C reaches firn
 * alone). A cluster left over from a killed firn is recognised by its data directory and adopted.
 */
#ifndef FIRN_SERVER_EMBEDDED_PG_H
#define FIRN_SERVER_EMBEDDED_PG_H

#include <sys/types.h>

#include "firn/str.h"

struct firn_embedded_pg {
	const char *conninfo; /* arena */
	pid_t postmaster;
	bool child; /* ours; else adopted */
};
/* Makes the cluster under data_dir/postgres when there is none, starts or adopts it, and waits
 * until it answers. UNAVAILABLE tells why it doesn't, naming its log file. */
firn_rc firn_embedded_pg_start(struct firn_ctx *cx, struct firn_str data_dir,
			       struct firn_embedded_pg *ret_pg) FIRN_MUST;
/* Neither makes nor starts: NOT_FOUND unless the cluster under data_dir runs. ret_conninfo: arena.
 */
firn_rc firn_embedded_pg_find(struct firn_ctx *cx, struct firn_str data_dir,
			      const char **ret_conninfo) FIRN_MUST;
/* Fast shutdown; returns when the postmaster is gone. */
void firn_embedded_pg_stop(struct firn_embedded_pg *pg);

#endif
