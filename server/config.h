/* The configuration: one immutable struct, filled from defaults < file < environment < flags. */
#ifndef FIRN_SERVER_CONFIG_H
#define FIRN_SERVER_CONFIG_H

#include "firn/json.h"

enum { FIRN_OPTION_SECRET = 1, FIRN_OPTION_STORE = 2 };

#define FIRN_OPTION_TYPE_STR struct firn_str
#define FIRN_OPTION_TYPE_INT int64_t
#define FIRN_OPTION_TYPE_SIZE int64_t	 /* bytes */
#define FIRN_OPTION_TYPE_SECONDS int64_t /* seconds */
#define FIRN_OPTION_TYPE_BOOL bool

struct firn_config {
#define X(kind, name, otherwise, flags, doc) FIRN_OPTION_TYPE_##kind name;
#include "options.def"
#undef X
};

enum firn_option_kind {
	FIRN_OPTION_STR,
	FIRN_OPTION_INT,
	FIRN_OPTION_SIZE,
	FIRN_OPTION_SECONDS,
	FIRN_OPTION_BOOL
};
struct firn_option {
	const char *name;
	enum firn_option_kind kind;
	const char *otherwise, *doc;
	unsigned flags;
	size_t offset;
};
extern const struct firn_option firn_options[]; /* ended by a row whose name is NULL */
const struct firn_option *firn_option_find(struct firn_str name);

/* Where each value came from, for check-config. */
enum firn_origin {
	FIRN_ORIGIN_DEFAULT,
	FIRN_ORIGIN_FILE,
	FIRN_ORIGIN_ENVIRONMENT,
	FIRN_ORIGIN_FLAG
};
struct firn_config_load {
	struct firn_config config;
	enum firn_origin origins[64]; /* by row of firn_options */
};
/* Defaults, then the file (NONE = none), the environment, and flags (name → value). BAD_REQUEST
 * names the option, its value and what is allowed, and for a file its line. Strings live in the
 * ctx's arena. */
firn_rc firn_config_load(struct firn_ctx *cx, struct firn_str file, const struct firn_map *flags,
			 struct firn_config_load *ret_load) FIRN_MUST;
/* One value as text, secrets as "(set)" or "". */
struct firn_str firn_config_show(struct firn_ctx *cx, const struct firn_config *config,
				 const struct firn_option *option);
/* 32 bytes from master_key or master_key_file; ret_set false when neither is given. */
firn_rc firn_config_master_key(struct firn_ctx *cx, const struct firn_config *config,
			       unsigned char out[static 32], bool *ret_set) FIRN_MUST;

#endif
