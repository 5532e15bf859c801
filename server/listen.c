#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct endpoint {
	struct sockaddr_storage address;
	socklen_t n;
};

static bool parse_port(struct firn_str text, uint16_t *ret_port)
{
	int64_t port;
	if (!firn_str_i64(text, &port) || port < 1 || port > 65535)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_host(struct firn_str host, uint16_t port, struct endpoint *ret_endpoint)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (firn_str_is(host, "localhost"))
		host = FIRN_STR("127.0.0.1");
	if (brackets)
		host = firn_str_sub(host, 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (!brackets && inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&ret_endpoint->address, &v4, sizeof(v4));
		ret_endpoint->n = sizeof(v4);
		return true;
	}
	if (brackets && inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
		memcpy(&ret_endpoint->address, &v6, sizeof(v6));
		ret_endpoint->n = sizeof(v6);
		return true;
	}
	return false;
}

static bool parse_endpoint(struct firn_str text, struct endpoint *ret_endpoint)
{
	size_t colon = text.n;
	uint16_t port;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	return colon > 1 && parse_port(firn_str_sub(text, colon, SIZE_MAX), &port) &&
	       parse_host(firn_str_sub(text, 0, colon - 1), port, ret_endpoint);
}

bool firn_address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof(v4));
		return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof(v6));
		return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
	}
	return false;
}

bool firn_listen_is_loopback(struct firn_str address)
{
	struct endpoint endpoint = {0};
	return parse_endpoint(address, &endpoint) &&
	       firn_address_is_loopback((const struct sockaddr *)&endpoint.address);
}

static bool prepare(int fd, const struct endpoint *endpoint, int share)
{
	const int on = 1;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof(share)) == 0 &&
	       bind(fd, (const struct sockaddr *)&endpoint->address, endpoint->n) == 0 &&
	       listen(fd, 1024) == 0;
}

static firn_rc parse(struct firn_ctx *cx, struct firn_str address, struct endpoint *ret_endpoint)
{
	if (parse_endpoint(address, ret_endpoint))
		return FIRN_OK;
	return firn_fail(cx, FIRN_E_BAD_REQUEST,
			 "listen: '%.*s' is not ADDRESS:PORT, like 127.0.0.1:8181 or [::1]:8181",
			 FIRN_FMT(address));
}

firn_rc firn_listen_check(struct firn_ctx *cx, struct firn_str address)
{
	struct endpoint endpoint = {0};
	return parse(cx, address, &endpoint);
}

static firn_rc listen_on(struct firn_ctx *cx, struct firn_str address, int share, int *ret_fd)
{
	struct endpoint endpoint = {0};
	int fd, error;

	FIRN_TRY(parse(cx, address, &endpoint));
	fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && prepare(fd, &endpoint, share)) {
		*ret_fd = fd;
		return FIRN_OK;
	}
	error = errno;
	if (fd >= 0)
		(void)close(fd);
	if (error == EADDRINUSE)
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "listen: %.*s is in use by another program; choose another port "
				 "with --listen",
				 FIRN_FMT(address));
	return firn_fail(cx, FIRN_E_BAD_REQUEST, "listen: can't listen on %.*s: %s",
			 FIRN_FMT(address), strerrordesc_np(error));
}

firn_rc firn_listen(struct firn_ctx *cx, struct firn_str address, int *ret_fd)
{
	return listen_on(cx, address, 1, ret_fd);
}

firn_rc firn_listen_is_free(struct firn_ctx *cx, struct firn_str address)
{
	int fd;
	FIRN_TRY(listen_on(cx, address, 0, &fd));
	(void)close(fd);
	return FIRN_OK;
}
