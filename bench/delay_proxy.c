/*
 * PostgreSQL farther away: relays connections to a socket in a folder, and holds all bytes back for
 * a time in each direction.
 *
 * Usage: delay_proxy PORT SOCKET_PATH MICROSECONDS   (listens on 127.0.0.1)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, CHUNK = 64 * 1024 };

struct chunk {
	struct chunk *next;
	int64_t due_ns;
	size_t n, sent;
	char bytes[];
};

struct way {
	int from, to;
	struct chunk *first, **last;
};

static struct way ways[2 * MOST];
static size_t n_ways;
static int64_t delay_ns;

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, MOST) != 0)
		abort();
	return fd;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		abort();
	return fd;
}

static void add_way(int from, int to)
{
	struct way *way = &ways[n_ways++];

	*way = (struct way){.from = from, .to = to};
	way->last = &way->first;
}

static void take_connection(int listen_fd, const char *path)
{
	int client = accept(listen_fd, NULL, NULL), server, on = 1;

	if (client < 0)
		return;
	if (n_ways + 2 > 2 * MOST)
		abort(); /* more connections than a bench opens */
	server = connect_to(path);
	(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	add_way(client, server);
	add_way(server, client);
}

/* An end is passed on at once: nobody measures that. */
static void take_bytes(struct way *way)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + CHUNK);
	ssize_t n = chunk ? recv(way->from, chunk->bytes, CHUNK, MSG_DONTWAIT) : -1;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			(void)shutdown(way->to, SHUT_RDWR);
			way->from = -1;
		}
		free(chunk);
		return;
	}
	chunk->next = NULL;
	chunk->due_ns = now_ns() + delay_ns;
	chunk->n = (size_t)n;
	chunk->sent = 0;
	*way->last = chunk;
	way->last = &chunk->next;
}

static void send_due(struct way *way, int64_t now)
{
	while (way->first && way->first->due_ns <= now) {
		struct chunk *chunk = way->first;
		ssize_t n = send(way->to, chunk->bytes + chunk->sent, chunk->n - chunk->sent,
				 MSG_NOSIGNAL);

		if (n > 0 && (chunk->sent += (size_t)n) < chunk->n)
			continue;
		way->first = chunk->next;
		if (!way->first)
			way->last = &way->first;
		free(chunk);
	}
}

/* How long until the next chunk is due. */
static struct timespec patience(int64_t now)
{
	int64_t left = 100000000;

	for (size_t i = 0; i < n_ways; i++)
		if (ways[i].first && ways[i].first->due_ns - now < left)
			left = ways[i].first->due_ns > now ? ways[i].first->due_ns - now : 0;
	return (struct timespec){.tv_nsec = left};
}

static void turn(int listen_fd, const char *path)
{
	struct pollfd fds[2 * MOST + 1] = {{.fd = listen_fd, .events = POLLIN}};
	struct timespec timeout = patience(now_ns());
	size_t n = n_ways;

	for (size_t i = 0; i < n; i++)
		fds[i + 1] = (struct pollfd){.fd = ways[i].from, .events = POLLIN};
	if (ppoll(fds, n + 1, &timeout, NULL) > 0) {
		for (size_t i = 0; i < n; i++)
			if (fds[i + 1].revents)
				take_bytes(&ways[i]);
		if (fds[0].revents)
			take_connection(listen_fd, path);
	}
	for (size_t i = 0; i < n_ways; i++)
		send_due(&ways[i], now_ns());
}

int main(int argc, char **argv)
{
	int listen_fd;

	if (argc != 4)
		return 2;
	listen_fd = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
	delay_ns = (int64_t)strtoll(argv[3], NULL, 10) * 1000;
	for (;;)
		turn(listen_fd, argv[2]);
}
