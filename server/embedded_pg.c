#include "embedded_pg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firn/arena.h"
#include "firn/clock.h"
#include "firn/crypto.h"
#include "firn/db.h"
#include "firn/log.h"

enum {
	SOCKET_DIR_CEILING = 85, /* "/.s.PGSQL.5432.lock" must fit into 107 bytes */
	START_MS = 60000,
	STOP_MS = 60000,
	RETRY_MS = 20,
	START_TRIES = 40,
	TRY_AGAIN_MS = 250
};

struct plan {
	const char *bin;  /* folder of initdb and postgres */
	const char *data; /* PGDATA */
	const char *sockets;
	const char *log;
	uid_t uid; /* whom the cluster runs as */
	gid_t gid;
	bool drop; /* we are root and must become that user */
};

/* ---- finding things ------------------------------------------------------------------------- */

static bool can_run(const char *folder, const char *program)
{
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, program);
	return n > 0 && n < (int)sizeof(path) && access(path, X_OK) == 0;
}

static firn_rc find_bin(struct firn_ctx *cx, const char **ret_bin)
{
	static const char root[] = "/usr/lib/postgresql";
	DIR *dir = opendir(root);
	struct dirent *entry;
	long newest = 0;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		long version = strtol(entry->d_name, NULL, 10);
		(void)snprintf(path, sizeof(path), "%s/%ld/bin", root, version);
		if (version > newest && can_run(path, "postgres") && can_run(path, "initdb"))
			newest = version;
	}
	if (dir)
		(void)closedir(dir);
	if (newest == 0)
		return firn_fail(cx, FIRN_E_NOT_FOUND,
				 "No PostgreSQL server is installed under %s: install the package "
				 "`postgresql`",
				 root);
	*ret_bin = firn_printf(cx, "%s/%ld/bin", root, newest).p;
	return cx->err.code;
}

/* The user the cluster runs as: ourselves, or for root `postgres`, else `nobody`. */
static firn_rc find_user(struct firn_ctx *cx, struct plan *plan)
{
	struct passwd *user;

	plan->uid = geteuid();
	plan->gid = getegid();
	if (plan->uid != 0)
		return FIRN_OK;
	user = getpwnam("postgres");
	if (!user)
		user = getpwnam("nobody");
	if (!user)
		return firn_fail(cx, FIRN_E_NOT_FOUND,
				 "PostgreSQL refuses to run as root, and there is neither a user "
				 "`postgres` nor `nobody`");
	plan->uid = user->pw_uid;
	plan->gid = user->pw_gid;
	plan->drop = true;
	return FIRN_OK;
}

static firn_rc make_folder(struct firn_ctx *cx, const struct plan *plan, const char *path)
{
	struct stat info;

	if (mkdir(path, 0700) == 0 && plan->drop && chown(path, plan->uid, plan->gid) != 0)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "%s can't be given to the database's user: %s", path,
				 strerrordesc_np(errno));
	if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode))
		return firn_fail(cx, FIRN_E_INTERNAL, "The folder %s can't be made: %s", path,
				 strerrordesc_np(errno));
	if (info.st_uid != plan->uid || (info.st_mode & 077))
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "The folder %s belongs to another user or is open to others; "
				 "remove it or choose another --data-dir",
				 path);
	return FIRN_OK;
}

/* In the data directory when the path is short enough, and free of what connection strings and
 * lists of folders are divided by; else under /tmp by a hash of it. */
static firn_rc choose_sockets(struct firn_ctx *cx, struct plan *plan, struct firn_str data_dir)
{
	unsigned char hash[FIRN_SHA256_BYTES];
	struct firn_str text = firn_printf(cx, "%.*s/socket", FIRN_FMT(data_dir));

	if (text.p && (text.n > SOCKET_DIR_CEILING || strpbrk(text.p, " ,'\"\\"))) {
		firn_sha256(data_dir.p, data_dir.n, hash);
		text = firn_printf(cx, "/tmp/firn-%.*s", FIRN_FMT(firn_hex(cx, hash, 8)));
	}
	plan->sockets = text.p;
	return cx->err.code;
}

static const char *conninfo_of(struct firn_ctx *cx, const struct plan *plan)
{
	return firn_printf(cx, "host=%s user=firn dbname=postgres application_name=firn",
			   plan->sockets)
		.p;
}

static firn_rc make_plan(struct firn_ctx *cx, struct firn_str data_dir, struct plan *ret_plan)
{
	struct plan plan = {0};

	FIRN_TRY(find_bin(cx, &plan.bin));
	FIRN_TRY(find_user(cx, &plan));
	plan.data = firn_printf(cx, "%.*s/postgres", FIRN_FMT(data_dir)).p;
	plan.log = firn_printf(cx, "%.*s/postgres.log", FIRN_FMT(data_dir)).p;
	FIRN_TRY(choose_sockets(cx, &plan, data_dir));
	FIRN_TRY(make_folder(cx, &plan, plan.data));
	FIRN_TRY(make_folder(cx, &plan, plan.sockets));
	*ret_plan = plan;
	return FIRN_OK;
}

/* ---- processes ------------------------------------------------------------------------------ */

static void become_user(const struct plan *plan)
{
	if (!plan->drop)
		return;
	if (setgroups(0, NULL) != 0 || setgid(plan->gid) != 0 || setuid(plan->uid) != 0)
		_exit(126);
}

/* In the child: own session, own user, log file for output, nothing inherited but 0–2. */
static _Noreturn void run_program(const struct plan *plan, int log_fd, char *const argv[])
{
	char *const environment[] = {(char[]){"LC_ALL=C.UTF-8"}, (char[]){"TZ=UTC"},
				     (char[]){"PATH=/usr/bin:/bin"}, NULL};
	sigset_t none;
	int null_fd = open("/dev/null", O_RDONLY);

	(void)setsid();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
		_exit(126);
	(void)close_range(3, ~0U, 0);
	become_user(plan);
	if (chdir(plan->data) != 0)
		_exit(126);
	(void)execve(argv[0], argv, environment);
	_exit(127);
}

static firn_rc spawn(struct firn_ctx *cx, const struct plan *plan, char *const argv[],
		     pid_t *ret_pid)
{
	int log_fd = open(plan->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid;

	if (log_fd < 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "The log file %s can't be opened: %s",
				 plan->log, strerrordesc_np(errno));
	pid = fork();
	if (pid == 0)
		run_program(plan, log_fd, argv);
	(void)close(log_fd);
	if (pid < 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "No process for PostgreSQL: %s",
				 strerrordesc_np(errno));
	*ret_pid = pid;
	return FIRN_OK;
}

static char *argument(struct firn_ctx *cx, const char *a, const char *b)
{
	struct firn_str text = firn_printf(cx, "%s%s", a, b);
	return text.p ? strdup(text.p) : NULL;
}

static void free_arguments(char **argv)
{
	for (; *argv; argv++)
		free(*argv);
}

/* A half-made cluster (killed in initdb) has no PG_VERSION yet, or no marker; it is made anew. */
static firn_rc make_cluster(struct firn_ctx *cx, const struct plan *plan)
{
	char *argv[9] = {argument(cx, plan->bin, "/initdb"), argument(cx, "--pgdata=", plan->data),
			 strdup("--username=firn"),	     strdup("--auth=trust"),
			 strdup("--encoding=UTF8"),	     strdup("--locale=C.UTF-8"),
			 strdup("--no-instructions"),	     NULL};
	int status = 0;
	pid_t pid;
	firn_rc rc = spawn(cx, plan, argv, &pid);

	free_arguments(argv);
	if (rc != FIRN_OK)
		return rc;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return firn_fail(cx, FIRN_E_UNAVAILABLE,
				 "The database cluster can't be made; %s tells why", plan->log);
	return FIRN_OK;
}

static int remove_entry(int folder, const char *name)
{
	DIR *dir;
	struct dirent *entry;
	int fd;

	if (unlinkat(folder, name, 0) == 0)
		return 0;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)remove_entry(fd, entry->d_name);
	(void)closedir(dir);
	return unlinkat(folder, name, AT_REMOVEDIR);
}

/* initdb writes the marker's name last of all: our own, beside the cluster. */
static firn_rc ensure_cluster(struct firn_ctx *cx, const struct plan *plan)
{
	struct firn_str marker = firn_printf(cx, "%s.made", plan->data);
	int fd;

	if (!marker.p)
		return cx->err.code;
	if (access(marker.p, F_OK) == 0)
		return FIRN_OK;
	(void)remove_entry(AT_FDCWD, plan->data);
	FIRN_TRY(make_folder(cx, plan, plan->data));
	FIRN_TRY(make_cluster(cx, plan));
	fd = open(marker.p, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "%s can't be written: %s", marker.p,
				 strerrordesc_np(errno));
	return FIRN_OK;
}

/* The pid in postmaster.pid if that process is alive and its cluster is ours; 0 otherwise. */
static pid_t find_postmaster(const struct plan *plan)
{
	char path[600], line[600];
	long pid = 0;
	bool ours = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/postmaster.pid", plan->data);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file))
		pid = strtol(line, NULL, 10);
	if (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ours = strcmp(line, plan->data) == 0;
	}
	(void)fclose(file);
	if (pid <= 1 || !ours || kill((pid_t)pid, 0) != 0)
		return 0;
	/* The number may have been given to another program since. */
	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	ssize_t n = readlink(path, line, sizeof(line) - 1);
	if (n <= 0)
		return 0;
	line[n] = '\0';
	return strstr(line, "/postgres") ? (pid_t)pid : 0;
}

static firn_rc start_postmaster(struct firn_ctx *cx, const struct plan *plan, pid_t *ret_pid)
{
	char *argv[12] = {argument(cx, plan->bin, "/postgres"), strdup("-D"),
			  argument(cx, plan->data, ""),		strdup("-k"),
			  argument(cx, plan->sockets, ""),	strdup("-c"),
			  strdup("listen_addresses="),		strdup("-c"),
			  strdup("max_connections=200"),	strdup("-c"),
			  strdup("logging_collector=off"),	NULL};
	firn_rc rc = spawn(cx, plan, argv, ret_pid);
	free_arguments(argv);
	return rc;
}

static bool alive(const struct firn_embedded_pg *pg)
{
	if (pg->child)
		return waitpid(pg->postmaster, NULL, WNOHANG) == 0;
	return kill(pg->postmaster, 0) == 0;
}

static void pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

/* True when it answers; false when it has ended, or its time is up. */
static bool wait_until_ready(struct firn_ctx *cx, const struct firn_embedded_pg *pg)
{
	for (int waited = 0; waited < START_MS; waited += RETRY_MS) {
		struct firn_db *db = firn_db_new(pg->conninfo);
		firn_rc rc = db ? firn_db_connect(cx, db) : FIRN_E_INTERNAL;
		firn_db_free(db);
		if (rc == FIRN_OK)
			return true;
		firn_err_clear(cx);
		if (!alive(pg))
			return false;
		pause_ms(RETRY_MS);
	}
	return false;
}

static firn_rc adopt_or_start(struct firn_ctx *cx, const struct plan *plan,
			      struct firn_embedded_pg *pg)
{
	pg->postmaster = find_postmaster(plan);
	pg->child = pg->postmaster == 0;
	if (!pg->child)
		return FIRN_OK;
	FIRN_TRY(ensure_cluster(cx, plan));
	return start_postmaster(cx, plan, &pg->postmaster);
}

/* After a postmaster was killed, its backends hold its shared memory for a moment longer, and until
 * then a new one ends at once: it is started again. */
static firn_rc bring_up(struct firn_ctx *cx, const struct plan *plan, struct firn_embedded_pg *pg)
{
	for (int tries = 0; tries < START_TRIES; tries++) {
		FIRN_TRY(adopt_or_start(cx, plan, pg));
		if (wait_until_ready(cx, pg))
			return FIRN_OK;
		if (alive(pg))
			break;
		pause_ms(TRY_AGAIN_MS);
	}
	firn_embedded_pg_stop(pg);
	return firn_fail(cx, FIRN_E_UNAVAILABLE,
			 "The private PostgreSQL doesn't come up; %s tells why", plan->log);
}

firn_rc firn_embedded_pg_start(struct firn_ctx *cx, struct firn_str data_dir,
			       struct firn_embedded_pg *ret_pg)
{
	struct firn_embedded_pg pg = {0};
	struct plan plan;

	FIRN_TRY(make_plan(cx, data_dir, &plan));
	pg.conninfo = conninfo_of(cx, &plan);
	if (!pg.conninfo)
		return cx->err.code;
	FIRN_TRY(bring_up(cx, &plan, &pg));
	*ret_pg = pg;
	return FIRN_OK;
}

firn_rc firn_embedded_pg_find(struct firn_ctx *cx, struct firn_str data_dir,
			      const char **ret_conninfo)
{
	struct plan plan = {.data = firn_printf(cx, "%.*s/postgres", FIRN_FMT(data_dir)).p};

	FIRN_TRY(choose_sockets(cx, &plan, data_dir));
	if (!plan.data || find_postmaster(&plan) == 0)
		return firn_fail(cx, FIRN_E_NOT_FOUND, "No `firn dev` runs on %.*s",
				 FIRN_FMT(data_dir));
	*ret_conninfo = conninfo_of(cx, &plan);
	return cx->err.code;
}

void firn_embedded_pg_stop(struct firn_embedded_pg *pg)
{
	if (pg->postmaster <= 0)
		return;
	(void)kill(pg->postmaster, SIGINT);
	for (int waited = 0; alive(pg) && waited < STOP_MS; waited += RETRY_MS)
		pause_ms(RETRY_MS);
	pg->postmaster = 0;
}
