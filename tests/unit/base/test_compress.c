/* gzip and zstd: round trips, members in a row, damage, bombs. */
#include <zstd.h>

#include "firn/compress.h"
#include "fixture.h"

static struct firn_str sample(struct firn_ctx *cx, size_t n)
{
	char *p = firn_alloc(cx, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i * i % 23);
	return (struct firn_str){p, n};
}

static void test_gzip_round_trip(void **state)
{
	struct firn_ctx *cx = *state;
	static const size_t sizes[] = {0, 1, 100, 16384, 16385, 1000000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct firn_str plain = sample(cx, sizes[i]);
		struct firn_str packed;
		struct firn_str out;

		assert_ok(cx, firn_gzip(cx, plain, &packed));
		assert_ok(cx, firn_gunzip(cx, packed, sizes[i], &out));
		assert_true(firn_str_eq(plain, out));
		assert_non_null(out.p);
	}
}

static void test_several_members(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str a;
	struct firn_str b;
	struct firn_str out;
	char *both;

	assert_ok(cx, firn_gzip(cx, FIRN_STR("hello "), &a));
	assert_ok(cx, firn_gzip(cx, FIRN_STR("world"), &b));
	both = firn_alloc(cx, a.n + b.n);
	memcpy(both, a.p, a.n);
	memcpy(both + a.n, b.p, b.n);
	assert_ok(cx, firn_gunzip(cx, (struct firn_str){both, a.n + b.n}, 11, &out));
	assert_text(out, "hello world");
	assert_fails(cx, firn_gunzip(cx, (struct firn_str){both, a.n + b.n}, 10, &out),
		     FIRN_E_TOO_LARGE, "10 bytes");
	assert_fails(cx, firn_gunzip(cx, (struct firn_str){both, a.n + 5}, 20, &out),
		     FIRN_E_BAD_REQUEST, "gzip");
}

static void test_damage(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str packed;
	struct firn_str out = FIRN_STR("untouched");
	char *bytes;

	assert_fails(cx, firn_gunzip(cx, FIRN_STR("{\"a\":1}"), 100, &out), FIRN_E_BAD_REQUEST,
		     "gzip");
	assert_ok(cx, firn_gzip(cx, sample(cx, 5000), &packed));
	for (size_t n = 0; n < packed.n; n++)
		assert_fails(cx, firn_gunzip(cx, (struct firn_str){packed.p, n}, 10000, &out),
			     FIRN_E_BAD_REQUEST, "gzip");
	bytes = (char *)packed.p;
	bytes[packed.n - 5] ^= 1; /* the checksum */
	assert_fails(cx, firn_gunzip(cx, packed, 10000, &out), FIRN_E_BAD_REQUEST, "check");
	assert_text(out, "untouched");
}

static void test_bomb(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str plain = {firn_alloc(cx, 20 << 20), 20 << 20};
	struct firn_str packed;
	struct firn_str out;
	size_t before;

	assert_ok(cx, firn_gzip(cx, plain, &packed));
	assert_true(packed.n < 100000);
	before = firn_arena_used(cx->arena);
	assert_fails(cx, firn_gunzip(cx, packed, 1000000, &out), FIRN_E_TOO_LARGE, "1000000");
	assert_true(firn_arena_used(cx->arena) - before < 3000000);
}

static void test_zstd(void **state)
{
	struct firn_ctx *cx = *state;
	struct firn_str plain = sample(cx, 100000);
	struct firn_str packed;
	char *out = firn_alloc(cx, plain.n);

	assert_ok(cx, firn_zstd(cx, plain, &packed));
	assert_int_equal(ZSTD_decompress(out, plain.n, packed.p, packed.n), plain.n);
	assert_memory_equal(out, plain.p, plain.n);
	assert_ok(cx, firn_zstd(cx, FIRN_STR_NONE, &packed));
	assert_int_equal(ZSTD_decompress(out, 1, packed.p, packed.n), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_gzip_round_trip),
		WITH_CTX(test_several_members),
		WITH_CTX(test_damage),
		WITH_CTX(test_bomb),
		WITH_CTX(test_zstd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
