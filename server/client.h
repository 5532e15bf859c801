/* The command line's side of the APIs: one request to a running server, its answer printed. */
#ifndef FIRN_SERVER_CLIENT_H
#define FIRN_SERVER_CLIENT_H

#include "command.h"

/* path: percent-encoded, with query. body: NONE for none. Failures carry the server's message, and
 * UNAVAILABLE when nothing answers. */
firn_rc firn_client_call(struct firn_invocation *in, const char *method, struct firn_str path,
			 struct firn_str body, const struct firn_json **ret_json) FIRN_MUST;
/* The warehouse of --warehouse, or the only one: encoded, for a path. */
firn_rc firn_client_warehouse(struct firn_invocation *in, struct firn_str *ret_encoded) FIRN_MUST;
/* "a.b.t" → namespace "a%1Fb", name "t", encoded; `\.` is a dot within a name. has_name false: all
 * levels. */
firn_rc firn_client_split(struct firn_invocation *in, struct firn_str text, bool has_name,
			  struct firn_str *ret_namespace, struct firn_str *ret_name) FIRN_MUST;
struct firn_str firn_client_encode(struct firn_ctx *cx, struct firn_str text);

/* One column of a list: a member of each item, or for arrays its elements joined by dots. */
struct firn_column {
	const char *title, *member;
};
/* items: JSON array. --json prints `whole`, --jsonl an item a line, -q the first column, else a
 * table on a terminal and tab-separated values in a pipe. */
void firn_client_list(struct firn_invocation *in, const struct firn_json *whole,
		      const struct firn_json *items, const struct firn_column *columns, size_t n);
/* One object: --json as it is, else "name  value" lines. */
void firn_client_show(struct firn_invocation *in, const struct firn_json *object);
/* Asks on a terminal; elsewhere --yes is needed. False: don't, and end with *ret_exit. */
bool firn_client_confirm(struct firn_invocation *in, struct firn_str what,
			 enum firn_exit *ret_exit);

#endif
