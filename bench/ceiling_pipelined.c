/*
 * The read ceiling once more, pipelined: one event loop per core, each with libmicrohttpd's epoll
 * and one non-blocking PostgreSQL connection in pipeline mode, on which all requests of a turn are
 * asked with one sync. What a catalog of our shape could reach that did nothing else.
 *
 * Usage: ceiling_pipelined PORT CONNINFO   (table bench_pointer(name, body) is made by bench/)
 */
#include <libpq-fe.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { LOOPS = 2, ANSWER_BYTES = 8192, RING = 4096, IDLE_MS = 100 };

static const char *conninfo;
static uint16_t port;
static char answer[ANSWER_BYTES];

struct loop {
	pthread_t thread;
	struct MHD_Daemon *daemon;
	PGconn *conn;
	int epoll_fd;
	struct MHD_Connection *ring[RING]; /* asked, in order; NULL: a sync */
	unsigned first, n;
	bool asked; /* since the last sync */
};

static void push(struct loop *loop, struct MHD_Connection *mhd)
{
	if (loop->n == RING)
		abort(); /* more connections than the bench opens */
	loop->ring[(loop->first + loop->n++) % RING] = mhd;
}

static void ask(struct loop *loop, struct MHD_Connection *mhd)
{
	const char *const values[] = {"t42"};

	MHD_suspend_connection(mhd);
	if (!PQsendQueryPrepared(loop->conn, "one", 1, values, NULL, NULL, 0))
		abort();
	push(loop, mhd);
	loop->asked = true;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **request)
{
	(void)url, (void)method, (void)version, (void)upload, (void)upload_n;
	if (!*request)
		*request = answer; /* the head is in; the next call is for the whole request */
	else if (*request == answer) {
		*request = cls;
		ask(cls, mhd);
	}
	return MHD_YES;
}

static void reply(struct MHD_Connection *mhd)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(sizeof(answer), answer, MHD_RESPMEM_PERSISTENT);

	(void)MHD_queue_response(mhd, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	MHD_resume_connection(mhd);
}

static void take(struct loop *loop, PGresult *result)
{
	struct MHD_Connection *mhd = loop->ring[loop->first];

	loop->first = (loop->first + 1) % RING;
	loop->n--;
	if (mhd && (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1))
		abort();
	if (mhd)
		reply(mhd);
	PQclear(result);
}

static void read_results(struct loop *loop)
{
	if (!PQconsumeInput(loop->conn))
		abort();
	while (loop->n > 0 && !PQisBusy(loop->conn)) {
		PGresult *result = PQgetResult(loop->conn);

		if (result)
			take(loop, result);
	}
}

static void send_asked(struct loop *loop)
{
	if (!loop->asked)
		return;
	if (!PQpipelineSync(loop->conn) || PQflush(loop->conn) < 0)
		abort();
	push(loop, NULL);
	loop->asked = false;
}

static void *run(void *arg)
{
	struct loop *loop = arg;

	for (;;) {
		MHD_UNSIGNED_LONG_LONG wait;
		struct epoll_event events[2];
		bool soon = MHD_get_timeout(loop->daemon, &wait) == MHD_YES && wait < IDLE_MS;
		int n = epoll_wait(loop->epoll_fd, events, 2, soon ? (int)wait : IDLE_MS);

		for (int i = 0; i < n; i++)
			if (events[i].data.ptr == loop->conn)
				read_results(loop);
		(void)MHD_run(loop->daemon);
		send_asked(loop);
	}
	return NULL;
}

static void watch(struct loop *loop, int fd, void *who)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = who}};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		abort();
}

static void start(struct loop *loop)
{
	const union MHD_DaemonInfo *info;

	loop->conn = PQconnectdb(conninfo);
	PQclear(PQprepare(loop->conn, "one", "select body from bench_pointer where name = $1", 1,
			  NULL));
	loop->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL,
					on_request, loop, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
					MHD_OPTION_END);
	info = loop->daemon ? MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!info || PQsetnonblocking(loop->conn, 1) != 0 || !PQenterPipelineMode(loop->conn))
		abort();
	watch(loop, info->epoll_fd, loop->daemon);
	watch(loop, PQsocket(loop->conn), loop->conn);
	if (pthread_create(&loop->thread, NULL, run, loop) != 0)
		abort();
}

int main(int argc, char **argv)
{
	static struct loop loops[LOOPS];
	sigset_t stop;
	int number;

	if (argc != 3)
		return 2;
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	conninfo = argv[2];
	memset(answer, 'x', sizeof(answer));
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	for (unsigned i = 0; i < LOOPS; i++)
		start(&loops[i]);
	(void)sigwait(&stop, &number);
	return 0; /* with everything that it holds */
}
