/* UUIDs (RFC 9562), versions 4 and 7. */
#include "firn/uuid.h"

#include "firn/crypto.h"

static void set_version(struct firn_uuid *uuid, unsigned version)
{
	uuid->b[6] = (unsigned char)((uuid->b[6] & 0x0F) | (version << 4));
	uuid->b[8] = (unsigned char)((uuid->b[8] & 0x3F) | 0x80);
}

static void set_time(struct firn_uuid *uuid, int64_t wall_ms)
{
	for (int i = 0; i < 6; i++)
		uuid->b[i] = (unsigned char)((uint64_t)wall_ms >> (40 - 8 * i));
}

struct firn_uuid firn_uuid_v4(void)
{
	struct firn_uuid uuid;

	firn_random(uuid.b, sizeof(uuid.b));
	set_version(&uuid, 4);
	return uuid;
}

struct firn_uuid firn_uuid_v7(int64_t wall_ms)
{
	struct firn_uuid uuid;

	firn_random(uuid.b, sizeof(uuid.b));
	set_time(&uuid, wall_ms);
	set_version(&uuid, 7);
	return uuid;
}

/* The last two bytes count; the other random bits are drawn anew with every turn. */
struct firn_uuid firn_uuid_next(struct firn_uuid_source *source, int64_t wall_ms)
{
	struct firn_uuid uuid;

	if (source->left == 0) {
		firn_random(source->random, sizeof(source->random));
		source->left = UINT16_MAX + 1;
	}
	source->left--;
	memcpy(uuid.b, source->random, sizeof(uuid.b));
	uuid.b[14] = (unsigned char)(source->left >> 8);
	uuid.b[15] = (unsigned char)source->left;
	set_time(&uuid, wall_ms);
	set_version(&uuid, 7);
	return uuid;
}

static bool is_dash_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void firn_uuid_text(const struct firn_uuid *uuid, char out[static FIRN_UUID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(uuid->b); i++) {
		if (is_dash_place(at))
			out[at++] = '-';
		out[at++] = digits[uuid->b[i] >> 4];
		out[at++] = digits[uuid->b[i] & 15];
	}
	out[at] = '\0';
}

bool firn_uuid_parse(struct firn_str text, struct firn_uuid *ret_uuid)
{
	struct firn_uuid uuid;
	size_t n = 0;

	if (text.n != FIRN_UUID_TEXT)
		return false;
	for (size_t i = 0; i < FIRN_UUID_TEXT; i++) {
		int high;
		int low;

		if (is_dash_place(i)) {
			if (text.p[i] != '-')
				return false;
			continue;
		}
		high = firn_hex_digit(text.p[i]);
		low = firn_hex_digit(text.p[++i]);
		if (high < 0 || low < 0)
			return false;
		uuid.b[n++] = (unsigned char)(high * 16 + low);
	}
	*ret_uuid = uuid;
	return true;
}

bool firn_uuid_eq(const struct firn_uuid *a, const struct firn_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
