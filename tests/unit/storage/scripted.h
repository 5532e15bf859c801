/*
 * A server on loopback that gives scripted answers, one per request, and remembers what it was
 * asked. Real sockets, so that broken connections are real too.
 */
#ifndef FIRN_TESTS_STORAGE_SCRIPTED_H
#define FIRN_TESTS_STORAGE_SCRIPTED_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRIPT_MAX 16
#define SEEN_MAX ((size_t)16384)

struct scripted {
	const char *answers[SCRIPT_MAX]; /* whole; "" closes the connection without one */
	size_t n;
	/* Seen, in order: head, and as much of the body as fits. */
	char requests[SCRIPT_MAX][SEEN_MAX];
	size_t body_sizes[SCRIPT_MAX];
	size_t seen;
	int listener;
	unsigned port;
	int stop[2];
	pthread_t thread;
};

static inline bool scripted_wait(const struct scripted *s, int fd)
{
	struct pollfd fds[2] = {{fd, POLLIN, 0}, {s->stop[0], POLLIN | POLLHUP, 0}};

	return poll(fds, 2, 30000) > 0 && !fds[1].revents;
}

/* Reads a request whose body may be larger than what is kept of it. */
static inline bool scripted_read(struct scripted *s, int fd)
{
	static const char length[] = "Content-Length: ";
	char *kept = s->requests[s->seen];
	char rest[65536];
	size_t n = 0;
	size_t body = 0;
	size_t want = SIZE_MAX;

	while (want == SIZE_MAX || body < want) {
		bool more = n < SEEN_MAX - 1;
		ssize_t got;
		const char *end;

		if (!scripted_wait(s, fd))
			return false;
		got = more ? read(fd, kept + n, SEEN_MAX - 1 - n) : read(fd, rest, sizeof(rest));
		if (got <= 0)
			return false;
		n += more ? (size_t)got : 0;
		kept[n] = '\0';
		end = strstr(kept, "\r\n\r\n");
		if (want == SIZE_MAX && end) {
			const char *header = strstr(kept, length);

			want = header && header < end
				       ? strtoul(header + sizeof(length) - 1, NULL, 10)
				       : 0;
			body = n - (size_t)(end + 4 - kept);
		} else {
			body += (size_t)got;
		}
	}
	s->body_sizes[s->seen] = body;
	return true;
}

static inline void scripted_serve(struct scripted *s, int fd)
{
	while (s->seen < s->n && scripted_read(s, fd)) {
		const char *answer = s->answers[s->seen++];
		size_t left = strlen(answer);

		if (left == 0)
			return;
		while (left > 0) {
			ssize_t put = send(fd, answer, left, MSG_NOSIGNAL);

			if (put <= 0)
				return;
			answer += put;
			left -= (size_t)put;
		}
	}
}

static inline void *scripted_run(void *arg)
{
	struct scripted *s = arg;

	while (s->seen < s->n && scripted_wait(s, s->listener)) {
		int fd = accept(s->listener, NULL, NULL);

		if (fd < 0)
			break;
		scripted_serve(s, fd);
		close(fd);
	}
	return NULL;
}

static inline void scripted_start(struct scripted *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(s->listener, 16), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
	s->port = ntohs(address.sin_port);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, scripted_run, s), 0);
}

static inline void scripted_stop(struct scripted *s)
{
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->listener);
}

#endif
