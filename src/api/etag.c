#include "firn/crypto.h"
#include "internal.h"

/*
 * Weak, since every content encoding of an answer has the same tag. It changes with everything the
 * answer depends on: which version of what is shown, with which snapshots, from which storage
 * profile and how the client wants access delegated. The metadata's sum is part of it for the day
 * when a restored database gives a version's number a second time.
 */
struct firn_str firn_etag(struct firn_call *call, const struct firn_pointer *pointer,
			  enum firn_snapshots snapshots)
{
	const int64_t parts[] = {pointer->tabular_id, pointer->version, pointer->profile_version};
	uint64_t delegation = firn_str_hash(0, call->header(call, "X-Iceberg-Access-Delegation"));
	unsigned char bytes[sizeof(parts) + sizeof(delegation) + 9];
	struct firn_buf tag;
	struct firn_str text;

	memcpy(bytes, parts, sizeof(parts));
	memcpy(bytes + sizeof(parts), &delegation, sizeof(delegation));
	memcpy(bytes + sizeof(parts) + sizeof(delegation), pointer->sha256, 8);
	bytes[sizeof(bytes) - 1] = (unsigned char)snapshots;
	firn_buf_init(&tag, &call->cx, 256);
	firn_buf_cstr(&tag, "W/\"");
	firn_buf_str(&tag, firn_hex(&call->cx, bytes, sizeof(bytes)));
	firn_buf_char(&tag, '"');
	return firn_buf_end(&tag, &text) == FIRN_OK ? text : FIRN_STR_NONE;
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
