#include "metrics.h"

#include <stdlib.h>

#include "lanes.h"

enum { CLASSES = 6 /* 1xx … 5xx by first digit */, BUCKETS = 12 };

/* Upper bounds in microseconds; the last bucket is +Inf. */
static const int64_t bounds_us[BUCKETS] = {100,	  250,	 500,	 1000,	  2500,	   5000,
					   10000, 50000, 250000, 1000000, 5000000, INT64_MAX};

struct slot {
	_Atomic uint64_t by_class[CLASSES];
	_Atomic uint64_t buckets[BUCKETS];
	_Atomic uint64_t duration_ns, sent_bytes, db_ns, db_calls, store_ns, store_calls,
		lane_wait_ns;
};

struct firn_metrics {
	unsigned n_loops, n_operations;
	struct slot *slots; /* [loop][operation] */
};

struct firn_metrics *firn_metrics_new(unsigned n_loops)
{
	struct firn_metrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return NULL;
	metrics->n_loops = n_loops;
	while (firn_api_operations()[metrics->n_operations])
		metrics->n_operations++;
	metrics->slots = calloc((size_t)n_loops * metrics->n_operations, sizeof(*metrics->slots));
	if (!metrics->slots) {
		free(metrics);
		return NULL;
	}
	return metrics;
}

void firn_metrics_free(struct firn_metrics *metrics)
{
	if (metrics)
		free(metrics->slots);
	free(metrics);
}

static void add(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static uint64_t value_of(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void firn_metrics_count(struct firn_metrics *metrics, unsigned loop, const struct firn_call *call,
			int status, int64_t duration_ns, uint64_t sent_bytes)
{
	unsigned operation = firn_call_operation_index(call);
	struct slot *slot = &metrics->slots[(size_t)loop * metrics->n_operations + operation];
	unsigned bucket = 0;

	add(&slot->by_class[status >= 100 && status < 600 ? status / 100 : 5], 1);
	while (duration_ns / 1000 > bounds_us[bucket])
		bucket++;
	add(&slot->buckets[bucket], 1);
	add(&slot->duration_ns, (uint64_t)duration_ns);
	add(&slot->sent_bytes, sent_bytes);
	add(&slot->db_ns, (uint64_t)call->cx.timings.db_ns);
	add(&slot->db_calls, call->cx.timings.db_calls);
	add(&slot->store_ns, (uint64_t)call->cx.timings.store_ns);
	add(&slot->store_calls, call->cx.timings.store_calls);
	add(&slot->lane_wait_ns, (uint64_t)call->cx.timings.lane_wait_ns);
}

/* Sum over the loops of one counter, named by its offset in struct slot. */
static uint64_t sum(const struct firn_metrics *metrics, unsigned operation, size_t offset)
{
	uint64_t total = 0;
	for (unsigned loop = 0; loop < metrics->n_loops; loop++) {
		const struct slot *slot =
			&metrics->slots[(size_t)loop * metrics->n_operations + operation];
		total += value_of(
			(const _Atomic uint64_t *)(const void *)((const char *)slot + offset));
	}
	return total;
}

static void write_requests(const struct firn_metrics *metrics, struct firn_buf *out)
{
	firn_buf_cstr(
		out,
		"# HELP firn_requests_total Requests answered, by operation and status class.\n"
		"# TYPE firn_requests_total counter\n");
	for (unsigned op = 0; op < metrics->n_operations; op++)
		for (unsigned class = 1; class < CLASSES; class ++) {
			size_t offset = offsetof(struct slot, by_class) + class * sizeof(uint64_t);
			uint64_t n = sum(metrics, op, offset);
			if (n)
				firn_buf_printf(out,
						"firn_requests_total{operation=\"%s\",status=\"%"
						"uxx\"} %llu\n",
						firn_api_operations()[op], class,
						(unsigned long long)n);
		}
}

static void write_histogram(const struct firn_metrics *metrics, unsigned op, struct firn_buf *out)
{
	const char *name = firn_api_operations()[op];
	uint64_t total = 0;

	for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
		total += sum(metrics, op,
			     offsetof(struct slot, buckets) + bucket * sizeof(uint64_t));
		if (bounds_us[bucket] == INT64_MAX)
			firn_buf_printf(
				out,
				"firn_request_seconds_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n",
				name, (unsigned long long)total);
		else
			firn_buf_printf(
				out,
				"firn_request_seconds_bucket{operation=\"%s\",le=\"%g\"} %llu\n",
				name, (double)bounds_us[bucket] / 1e6, (unsigned long long)total);
	}
	firn_buf_printf(out, "firn_request_seconds_sum{operation=\"%s\"} %.6f\n", name,
			(double)sum(metrics, op, offsetof(struct slot, duration_ns)) / 1e9);
	firn_buf_printf(out, "firn_request_seconds_count{operation=\"%s\"} %llu\n", name,
			(unsigned long long)total);
}

static void write_histograms(const struct firn_metrics *metrics, struct firn_buf *out)
{
	firn_buf_cstr(
		out,
		"# HELP firn_request_seconds Time from the request's last byte to its answer.\n"
		"# TYPE firn_request_seconds histogram\n");
	for (unsigned op = 0; op < metrics->n_operations; op++) {
		uint64_t any = 0;
		for (unsigned class = 0; class < CLASSES; class ++)
			any += sum(metrics, op,
				   offsetof(struct slot, by_class) + class * sizeof(uint64_t));
		if (any)
			write_histogram(metrics, op, out);
	}
}

static void write_counter(struct firn_buf *out, const char *name, const char *help, double value)
{
	firn_buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n%s %.17g\n", name, help, name, name,
			value);
}

static void write_gauge(struct firn_buf *out, const char *name, const char *help, double value)
{
	firn_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", name, help, name, name,
			value);
}

static double total(const struct firn_metrics *metrics, size_t offset)
{
	uint64_t all = 0;
	for (unsigned op = 0; op < metrics->n_operations; op++)
		all += sum(metrics, op, offset);
	return (double)all;
}

static void write_outside(const struct firn_metrics *metrics, struct firn_buf *out)
{
	write_counter(out, "firn_sent_bytes_total", "Bytes of answer bodies.",
		      total(metrics, offsetof(struct slot, sent_bytes)));
	write_counter(out, "firn_postgresql_calls_total", "Statements sent to PostgreSQL.",
		      total(metrics, offsetof(struct slot, db_calls)));
	write_counter(out, "firn_postgresql_seconds_total", "Time waited for PostgreSQL.",
		      total(metrics, offsetof(struct slot, db_ns)) / 1e9);
	write_counter(out, "firn_store_calls_total", "Calls to object stores.",
		      total(metrics, offsetof(struct slot, store_calls)));
	write_counter(out, "firn_store_seconds_total", "Time waited for object stores.",
		      total(metrics, offsetof(struct slot, store_ns)) / 1e9);
	write_counter(out, "firn_lane_wait_seconds_total", "Time waited for a lane.",
		      total(metrics, offsetof(struct slot, lane_wait_ns)) / 1e9);
}

static void write_catalog(struct firn_server *server, struct firn_buf *out)
{
	struct firn_cache_stats cache;
	struct firn_commit_stats commits;

	firn_catalog_cache_stats(server->catalog, &cache);
	write_gauge(out, "firn_cache_bytes", "Bytes held by the metadata cache.",
		    (double)cache.bytes);
	write_gauge(out, "firn_cache_entries", "Entries of the metadata cache.",
		    (double)cache.entries);
	write_counter(out, "firn_cache_hits_total", "Metadata found in the cache.",
		      (double)cache.hits);
	write_counter(out, "firn_cache_misses_total", "Metadata fetched from a store.",
		      (double)cache.misses);
	firn_catalog_commit_stats(server->catalog, &commits);
	write_counter(out, "firn_commits_total", "Commits acknowledged.",
		      (double)commits.committed);
	write_counter(out, "firn_commit_conflicts_total", "Commits refused because of a conflict.",
		      (double)commits.conflicts);
	write_counter(out, "firn_commit_retries_total", "Tries of commits repeated on the server.",
		      (double)commits.retries);
	write_counter(out, "firn_commit_unknown_total", "Commits whose outcome nobody could tell.",
		      (double)commits.unknown);
}

void firn_metrics_write(struct firn_server *server, struct firn_buf *out)
{
	firn_buf_printf(out,
			"# HELP firn_info Version of the server.\n# TYPE firn_info gauge\n"
			"firn_info{version=\"%s\"} 1\n",
			FIRN_VERSION);
	write_requests(server->metrics, out);
	write_histograms(server->metrics, out);
	write_outside(server->metrics, out);
	write_gauge(out, "firn_queue_depth", "Requests waiting for a lane.",
		    (double)firn_lanes_depth(server->lanes));
	write_catalog(server, out);
}
