/*
 * The read ceiling: libmicrohttpd answering 8 KiB after one prepared PostgreSQL look-up, inline on
 * its own epoll threads. What a catalog that did nothing else could reach.
 *
 * Usage: ceiling_read PORT CONNINFO   (table bench_pointer(name, body) is made by bench/run.py)
 */
#include <libpq-fe.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, ANSWER_BYTES = 8192 };

static const char *conninfo;
static char answer[ANSWER_BYTES];
static _Thread_local PGconn *connection;

static bool look_up(void)
{
	const char *const values[] = {"t42"};
	PGresult *result;
	bool found;

	if (!connection) {
		connection = PQconnectdb(conninfo);
		PQclear(PQprepare(connection, "one",
				  "select body from bench_pointer where name = $1", 1, NULL));
	}
	result = PQexecPrepared(connection, "one", 1, values, NULL, NULL, 0);
	found = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
	PQclear(result);
	return found;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **request)
{
	struct MHD_Response *response;
	enum MHD_Result queued;

	(void)cls, (void)url, (void)method, (void)version, (void)upload, (void)upload_n;
	if (!*request) {
		*request = answer; /* the head is in; the next call is for the whole request */
		return MHD_YES;
	}
	if (!look_up())
		return MHD_NO;
	response = MHD_create_response_from_buffer(sizeof(answer), answer, MHD_RESPMEM_PERSISTENT);
	queued = MHD_queue_response(mhd, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;
	sigset_t stop;
	int number;

	if (argc != 3)
		return 2;
	conninfo = argv[2];
	memset(answer, 'x', sizeof(answer));
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
		on_request, NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_END);
	if (!daemon)
		return 1;
	(void)sigwait(&stop, &number);
	MHD_stop_daemon(daemon);
	return 0;
}
