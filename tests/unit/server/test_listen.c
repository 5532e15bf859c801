/* Addresses: what can be listened on, what counts as loopback, and a port that is taken. */
#include "../../../server/listen.h"

#include <arpa/inet.h>

#include "fixture.h"

static void test_addresses(void **state)
{
	struct firn_ctx *cx = *state;
	static const char *const good[] = {"127.0.0.1:8181", "[::1]:1", "0.0.0.0:65535",
					   "localhost:80"};
	static const char *const bad[] = {"",	   "8181",	  "127.0.0.1",	   "127.0.0.1:",
					  ":8181", "127.0.0.1:0", "1.2.3.4:65536", "::1:8181",
					  "[::1]", "example:80",  "127.0.0.1:80x", "[]:80"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(cx, firn_listen_check(cx, firn_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(cx, firn_listen_check(cx, firn_str(bad[i])), FIRN_E_BAD_REQUEST,
			     bad[i]);
}

static void test_loopback(void **state)
{
	(void)state;
	assert_true(firn_listen_is_loopback(FIRN_STR("127.9.0.1:1")));
	assert_true(firn_listen_is_loopback(FIRN_STR("[::1]:1")));
	assert_true(firn_listen_is_loopback(FIRN_STR("localhost:1")));
	assert_false(firn_listen_is_loopback(FIRN_STR("0.0.0.0:1")));
	assert_false(firn_listen_is_loopback(FIRN_STR("[::]:1")));
	assert_false(firn_listen_is_loopback(FIRN_STR("10.0.0.1:1")));
}

static bool peer(const char *text)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&address, &v4, sizeof(v4));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(&address, &v6, sizeof(v6));
	}
	return firn_address_is_loopback((const struct sockaddr *)&address);
}

static void test_peers(void **state)
{
	(void)state;
	assert_true(peer("127.0.0.1"));
	assert_true(peer("127.255.0.3"));
	assert_true(peer("::1"));
	assert_true(peer("::ffff:127.0.0.1"));
	assert_false(peer("128.0.0.1"));
	assert_false(peer("::2"));
	assert_false(peer("::ffff:10.0.0.1"));
}

static void test_taken_port(void **state)
{
	struct firn_ctx *cx = *state;
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct firn_str text;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	text = firn_printf(cx, "127.0.0.1:%u", ntohs(address.sin_port));
	assert_fails(cx, firn_listen_is_free(cx, text), FIRN_E_CONFLICT, text.p);
	close(fd);
	assert_ok(cx, firn_listen_is_free(cx, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CTX(test_addresses),
		WITH_CTX(test_loopback),
		WITH_CTX(test_peers),
		WITH_CTX(test_taken_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
