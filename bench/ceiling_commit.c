/*
 * The commit ceiling: writers that each put a file durably (write, fsync, link, fsync of the
 * folder) and swap a pointer row, over tables of their own. What a commit could reach if nothing
 * were checked.
 *
 * Usage: ceiling_commit CONNINFO FOLDER BYTES WRITERS SECONDS   prints commits per second
 */
#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct writer {
	pthread_t thread;
	int number;
	long commits;
};

static const char *conninfo, *folder;
static size_t n_bytes;
static double until;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool put(int folder_fd, const char *bytes, const char *name)
{
	char temporary[80];
	int fd;
	bool done;

	snprintf(temporary, sizeof(temporary), ".%s.tmp", name);
	fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
	done = fd >= 0 && write(fd, bytes, n_bytes) == (ssize_t)n_bytes && fsync(fd) == 0 &&
	       close(fd) == 0;
	return done && linkat(folder_fd, temporary, folder_fd, name, 0) == 0 &&
	       unlinkat(folder_fd, temporary, 0) == 0 && fsync(folder_fd) == 0;
}

static bool swap(PGconn *connection, const char *table, const char *file)
{
	const char *const values[] = {table, file};
	PGresult *result = PQexecPrepared(connection, "swap", 2, values, NULL, NULL, 0);
	bool done = strcmp(PQcmdTuples(result), "1") == 0;
	PQclear(result);
	return done;
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	PGconn *connection = PQconnectdb(conninfo);
	int folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	char *bytes = calloc(1, n_bytes), table[32], file[64];

	PQclear(PQprepare(
		connection, "swap",
		"update bench_pointer set body = $2, version = version + 1 where name = $1", 2,
		NULL));
	snprintf(table, sizeof(table), "t%d", writer->number);
	while (now() < until) {
		snprintf(file, sizeof(file), "w%d-%ld.json", writer->number, writer->commits);
		if (!put(folder_fd, bytes, file) || !swap(connection, table, file))
			abort(); /* a ceiling that fails is no ceiling */
		writer->commits++;
	}
	free(bytes);
	close(folder_fd);
	PQfinish(connection);
	return NULL;
}

int main(int argc, char **argv)
{
	struct writer writers[256] = {0};
	int n;
	double began, seconds;
	long total = 0;

	if (argc != 6)
		return 2;
	conninfo = argv[1];
	folder = argv[2];
	n_bytes = strtoul(argv[3], NULL, 10);
	n = (int)strtol(argv[4], NULL, 10);
	seconds = strtod(argv[5], NULL);
	began = now();
	until = began + seconds;
	for (int i = 0; i < n && i < 256; i++) {
		writers[i].number = i;
		pthread_create(&writers[i].thread, NULL, run, &writers[i]);
	}
	for (int i = 0; i < n && i < 256; i++) {
		pthread_join(writers[i].thread, NULL);
		total += writers[i].commits;
	}
	printf("%.1f\n", (double)total / (now() - began));
	return 0;
}
