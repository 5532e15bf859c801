#include "firn/crypto.h"
#include "internal.h"

/*
 * Weak, since every content encoding of an answer has the same tag. It changes with everything the
 * answer depends on: the metadata's bytes and place, the storage profile, which snapshots are shown
 * and how the client wants access delegated.
 */
struct firn_str firn_etag(struct firn_call *call, const struct firn_pointer *pointer,
			  enum firn_snapshots snapshots)
{
	unsigned char hash[FIRN_SHA256_BYTES];
	struct firn_str delegation = call->header(call, "X-Iceberg-Access-Delegation");
	struct firn_str sum = firn_hex(&call->cx, pointer->sha256, sizeof(pointer->sha256));
	struct firn_str text =
		firn_printf(&call->cx, "%.*s\n%.*s\n%lld.%lld.%lld\n%d\n%.*s", FIRN_FMT(sum),
			    FIRN_FMT(pointer->metadata_location), (long long)pointer->tabular_id,
			    (long long)pointer->warehouse_id, (long long)pointer->profile_version,
			    (int)snapshots, FIRN_FMT(delegation));

	if (!text.p)
		return FIRN_STR_NONE;
	firn_sha256(text.p, text.n, hash);
	return firn_printf(&call->cx, "W/\"%.*s\"", FIRN_FMT(firn_hex(&call->cx, hash, 16)));
}

static struct firn_str without_weak(struct firn_str tag)
{
	return firn_str_starts(tag, FIRN_STR("W/")) ? firn_str_sub(tag, 2, SIZE_MAX) : tag;
}

bool firn_etag_matches(struct firn_str list, struct firn_str etag)
{
	while (list.n > 0) {
		size_t comma = firn_str_find(list, ',');
		struct firn_str tag = firn_str_trim(firn_str_sub(list, 0, comma));
		if (firn_str_is(tag, "*") || firn_str_eq(without_weak(tag), without_weak(etag)))
			return true;
		list = comma < list.n ? firn_str_sub(list, comma + 1, SIZE_MAX) : FIRN_STR_NONE;
	}
	return false;
}
