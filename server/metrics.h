/* Counters and latency histograms per operation, as Prometheus text. Counting is lock-free: one
 * slot array per loop, summed when read. */
#ifndef FIRN_SERVER_METRICS_H
#define FIRN_SERVER_METRICS_H

#include "server.h"

struct firn_metrics *firn_metrics_new(unsigned n_loops);
void firn_metrics_free(struct firn_metrics *metrics);
void firn_metrics_count(struct firn_metrics *metrics, unsigned loop, const struct firn_call *call,
			int status, int64_t duration_ns, uint64_t sent_bytes);
void firn_metrics_write(struct firn_server *server, struct firn_buf *out);

#endif
