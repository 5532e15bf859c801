/* Owns its sockets and thread; at most 64 connections at a time. */
#include "proxy.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINKS 64

struct link {
	int client, server;
	bool frozen, cut_reply;
};

struct proxy {
	char folder[64], socket[96], server[256];
	int listener, stop[2];
	pthread_t thread;
	pthread_mutex_t lock;
	enum proxy_fault fault;
	char trigger[64];
	bool refusing;
	unsigned refused, n;
	struct link links[LINKS];
};

static int unix_socket(const char *path, bool listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (listening ? bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, LINKS)
		      : connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror(path);
		abort();
	}
	return fd;
}

static void accept_one(struct proxy *p)
{
	int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	bool refuse;

	pthread_mutex_lock(&p->lock);
	refuse = p->refusing || p->n == LINKS;
	p->refused += refuse;
	pthread_mutex_unlock(&p->lock);
	if (refuse)
		close(client);
	else
		p->links[p->n++] =
			(struct link){client, unix_socket(p->server, false), false, false};
}

static void drop(struct proxy *p, unsigned i)
{
	close(p->links[i].client);
	close(p->links[i].server);
	p->links[i] = p->links[--p->n];
}

/* The armed fault, if these bytes trigger it; it is disarmed then. */
static enum proxy_fault fault_of(struct proxy *p, const char *bytes, size_t n)
{
	enum proxy_fault fault = PROXY_PASS;

	pthread_mutex_lock(&p->lock);
	if (p->fault != PROXY_PASS && memmem(bytes, n, p->trigger, strlen(p->trigger))) {
		fault = p->fault;
		p->fault = PROXY_PASS;
	}
	pthread_mutex_unlock(&p->lock);
	return fault;
}

static bool forward(int to, const char *bytes, ssize_t n)
{
	while (n > 0) {
		ssize_t sent = send(to, bytes, (size_t)n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		n -= sent;
	}
	return true;
}

/* False when the connection is to be dropped. */
static bool from_client(struct proxy *p, struct link *link)
{
	char bytes[65536];
	ssize_t n = read(link->client, bytes, sizeof(bytes));

	if (n <= 0)
		return false;
	if (link->frozen)
		return true;
	switch (fault_of(p, bytes, (size_t)n)) {
	case PROXY_CUT_REQUEST:
		return false;
	case PROXY_CUT_REPLY:
		link->cut_reply = true;
		break;
	case PROXY_FREEZE:
		link->frozen = true;
		break;
	case PROXY_PASS:
		break;
	}
	return forward(link->server, bytes, n);
}

static bool from_server(struct link *link)
{
	char bytes[65536];
	ssize_t n = read(link->server, bytes, sizeof(bytes));

	if (link->frozen) /* its end would be seen again and again, were it not taken out */
		return n > 0;
	return n > 0 && !link->cut_reply && forward(link->client, bytes, n);
}

static void *serve(void *arg)
{
	struct proxy *p = arg;

	for (;;) {
		struct pollfd fds[2 + 2 * LINKS] = {{p->stop[0], POLLIN, 0},
						    {p->listener, POLLIN, 0}};
		unsigned n = p->n;

		for (unsigned i = 0; i < n; i++) {
			fds[2 + 2 * i] = (struct pollfd){p->links[i].client, POLLIN, 0};
			fds[3 + 2 * i] = (struct pollfd){p->links[i].server, POLLIN, 0};
		}
		poll(fds, 2 + 2 * n, -1);
		if (fds[0].revents)
			return NULL;
		for (unsigned i = n; i-- > 0;) {
			bool lives = !fds[2 + 2 * i].revents || from_client(p, &p->links[i]);

			if (!lives || (fds[3 + 2 * i].revents && !from_server(&p->links[i])))
				drop(p, i);
		}
		if (fds[1].revents)
			accept_one(p);
	}
}

struct proxy *proxy_start(const char *conninfo, char ret_conninfo[static 512])
{
	struct proxy *p = calloc(1, sizeof(*p));
	const char *host = strstr(conninfo, "host="), *rest;

	if (!p || !host || pipe(p->stop)) {
		fprintf(stderr, "proxy: '%s' has no host\n", conninfo);
		abort();
	}
	rest = strchr(host, ' ');
	snprintf(p->server, sizeof(p->server), "%.*s/.s.PGSQL.5432", (int)(rest - host - 5),
		 host + 5);
	strcpy(p->folder, "/tmp/firn-proxy-XXXXXX");
	if (!mkdtemp(p->folder))
		abort();
	snprintf(p->socket, sizeof(p->socket), "%s/.s.PGSQL.5432", p->folder);
	p->listener = unix_socket(p->socket, true);
	pthread_mutex_init(&p->lock, NULL);
	snprintf(ret_conninfo, 512, "host=%s%s", p->folder, rest);
	pthread_create(&p->thread, NULL, serve, p);
	return p;
}

void proxy_stop(struct proxy *p)
{
	if (write(p->stop[1], "x", 1) != 1)
		abort();
	pthread_join(p->thread, NULL);
	while (p->n > 0)
		drop(p, 0);
	close(p->listener);
	close(p->stop[0]);
	close(p->stop[1]);
	unlink(p->socket);
	rmdir(p->folder);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void proxy_arm(struct proxy *p, enum proxy_fault fault, const char *trigger)
{
	pthread_mutex_lock(&p->lock);
	p->fault = fault;
	snprintf(p->trigger, sizeof(p->trigger), "%s", trigger);
	pthread_mutex_unlock(&p->lock);
}

void proxy_refuse(struct proxy *p, bool on)
{
	pthread_mutex_lock(&p->lock);
	p->refusing = on;
	pthread_mutex_unlock(&p->lock);
}

unsigned proxy_refused(struct proxy *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->refused;
	pthread_mutex_unlock(&p->lock);
	return n;
}
