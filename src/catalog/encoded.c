/* Encoded answers: they share the metadata's cache, its budget and its one rule. */
#include "cache.h"
#include "firn/crypto.h"
#include "internal.h"

/* No warehouse has the id 0. */
static firn_rc key_of(struct firn_ctx *cx, struct firn_str content, struct firn_str coding,
		      struct firn_cache_key *ret_key)
{
	struct firn_cache_key key = {0};
	struct firn_buf text;
	struct firn_str bytes;

	firn_buf_init(&text, cx, 4096);
	firn_buf_str(&text, coding);
	firn_buf_char(&text, '\n');
	firn_buf_str(&text, content);
	FIRN_TRY(firn_buf_end(&text, &bytes));
	firn_sha256(bytes.p, bytes.n, key.sha256);
	*ret_key = key;
	return FIRN_OK;
}

struct firn_blob *firn_encoded_find(struct firn_ctx *cx, struct firn_catalog *catalog,
				    struct firn_str content, struct firn_str coding)
{
	struct firn_cache_key key;

	if (key_of(cx, content, coding, &key) != FIRN_OK)
		return NULL;
	return firn_cache_find(catalog->cache, &key);
}

void firn_encoded_keep(struct firn_ctx *cx, struct firn_catalog *catalog, struct firn_str content,
		       struct firn_str coding, struct firn_str bytes)
{
	struct firn_cache_key key;

	if (key_of(cx, content, coding, &key) == FIRN_OK)
		firn_cache_put(catalog->cache, &key, bytes);
}
