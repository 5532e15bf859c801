#include "data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firn/crypto.h"

static firn_rc choose_path(struct firn_ctx *cx, const struct firn_config *config,
			   struct firn_str *ret_path)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	struct firn_str path = config->data_dir;

	if (path.n == 0 && geteuid() == 0)
		path = FIRN_STR("/var/lib/firn");
	else if (path.n == 0 && data && data[0] == '/')
		path = firn_printf(cx, "%s/firn", data);
	else if (path.n == 0 && home && home[0] == '/')
		path = firn_printf(cx, "%s/.local/share/firn", home);
	if (path.n == 0)
		return firn_fail(cx, FIRN_E_BAD_REQUEST,
				 "Neither HOME nor XDG_DATA_HOME is set: give --data-dir");
	*ret_path = path;
	return FIRN_OK;
}

/* As mkdir -p. */
static firn_rc make_path(struct firn_ctx *cx, struct firn_str path)
{
	for (size_t i = 1; i <= path.n; i++) {
		const char *part;
		if (i < path.n && path.p[i] != '/')
			continue;
		part = firn_cstr(cx, firn_str_sub(path, 0, i));
		if (!part)
			return cx->err.code;
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return firn_fail(cx, FIRN_E_FORBIDDEN,
					 "The data directory %s can't be made: %s; choose another "
					 "with --data-dir",
					 part, strerrordesc_np(errno));
	}
	return FIRN_OK;
}

/* Absolute and free of symbolic links, so that the database's own record of its place can be
 * compared. */
static firn_rc resolve(struct firn_ctx *cx, struct firn_str path, struct firn_str *ret_path)
{
	const char *text = firn_cstr(cx, path);
	char *real = text ? realpath(text, NULL) : NULL;

	if (!real)
		return firn_fail(cx, FIRN_E_INTERNAL,
				 "The data directory %.*s can't be resolved: %s", FIRN_FMT(path),
				 strerrordesc_np(errno));
	*ret_path = firn_str_dup(cx, firn_str(real));
	free(real);
	return cx->err.code;
}

static long pid_in(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strtol(text, NULL, 10);
}

static firn_rc take_lock(struct firn_ctx *cx, struct firn_data_dir *dir)
{
	struct firn_str path = firn_printf(cx, "%.*s/firn.pid", FIRN_FMT(dir->path));
	int fd = path.p ? open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return firn_fail(cx, FIRN_E_FORBIDDEN, "%.*s can't be opened: %s", FIRN_FMT(path),
				 strerrordesc_np(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		long pid = pid_in(fd);
		(void)close(fd);
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "Another firn (pid %ld) runs on %.*s: stop it, or choose another "
				 "--data-dir",
				 pid, FIRN_FMT(dir->path));
	}
	dir->lock_fd = fd;
	return FIRN_OK;
}

firn_rc firn_data_dir_open(struct firn_ctx *cx, const struct firn_config *config,
			   struct firn_data_dir *ret_dir)
{
	struct firn_data_dir dir = {.lock_fd = -1};
	struct firn_str path;

	FIRN_TRY(choose_path(cx, config, &path));
	FIRN_TRY(make_path(cx, path));
	FIRN_TRY(resolve(cx, path, &dir.path));
	FIRN_TRY(take_lock(cx, &dir));
	*ret_dir = dir;
	return FIRN_OK;
}

firn_rc firn_data_dir_sign(struct firn_ctx *cx, const struct firn_data_dir *dir)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(dir->lock_fd, 0) != 0 || pwrite(dir->lock_fd, text, (size_t)n, 0) != n)
		return firn_fail(cx, FIRN_E_INTERNAL, "%.*s/firn.pid can't be written: %s",
				 FIRN_FMT(dir->path), strerrordesc_np(errno));
	return FIRN_OK;
}

static void remove_url(const struct firn_data_dir *dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s/firn.url", FIRN_FMT(dir->path));
	if (n > 0 && n < (int)sizeof(path))
		(void)unlink(path);
}

void firn_data_dir_close(struct firn_data_dir *dir)
{
	if (dir->lock_fd < 0)
		return;
	if (ftruncate(dir->lock_fd, 0) != 0)
		(void)0; /* a stale pid does no harm: the lock is what counts */
	remove_url(dir);
	(void)close(dir->lock_fd);
	dir->lock_fd = -1;
}

firn_rc firn_data_dir_find(struct firn_ctx *cx, const struct firn_config *config,
			   struct firn_str *ret_path)
{
	struct firn_str path;
	const char *text;

	FIRN_TRY(choose_path(cx, config, &path));
	text = firn_cstr(cx, path);
	if (!text)
		return cx->err.code;
	if (access(text, F_OK) != 0)
		return firn_fail(cx, FIRN_E_NOT_FOUND, "There is no data directory %s", text);
	return resolve(cx, path, ret_path);
}

firn_rc firn_data_dir_tell_url(struct firn_ctx *cx, const struct firn_data_dir *dir,
			       struct firn_str url)
{
	struct firn_str path = firn_printf(cx, "%.*s/firn.url", FIRN_FMT(dir->path));
	FILE *file = path.p ? fopen(path.p, "we") : NULL;
	bool written = file && fprintf(file, "%.*s\n", FIRN_FMT(url)) > 0;

	if (file && fclose(file) != 0)
		written = false;
	if (!written)
		return firn_fail(cx, FIRN_E_INTERNAL, "%.*s can't be written: %s", FIRN_FMT(path),
				 strerrordesc_np(errno));
	return FIRN_OK;
}

struct firn_str firn_data_dir_url(struct firn_ctx *cx, struct firn_str path)
{
	struct firn_str name = firn_printf(cx, "%.*s/firn.url", FIRN_FMT(path));
	FILE *file = name.p ? fopen(name.p, "re") : NULL;
	char line[512];
	bool any = file && fgets(line, sizeof(line), file);

	if (file)
		(void)fclose(file);
	return any ? firn_str_dup(cx, firn_str_trim(firn_str(line))) : FIRN_STR_NONE;
}

static firn_rc write_key(struct firn_ctx *cx, const char *path)
{
	unsigned char key[32];
	struct firn_str hex;
	ssize_t n;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? FIRN_OK
				       : firn_fail(cx, FIRN_E_FORBIDDEN, "%s can't be made: %s",
						   path, strerrordesc_np(errno));
	firn_random(key, sizeof(key));
	hex = firn_hex(cx, key, sizeof(key));
	firn_wipe(key, sizeof(key));
	n = hex.p ? write(fd, hex.p, hex.n) : -1;
	if (n != (ssize_t)hex.n || fsync(fd) != 0 || close(fd) != 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "%s can't be written: %s", path,
				 strerrordesc_np(errno));
	return FIRN_OK;
}

firn_rc firn_data_dir_master_key(struct firn_ctx *cx, const struct firn_data_dir *dir,
				 struct firn_str *ret_file)
{
	struct firn_str path = firn_printf(cx, "%.*s/master.key", FIRN_FMT(dir->path));
	if (!path.p)
		return cx->err.code;
	FIRN_TRY(write_key(cx, path.p));
	*ret_file = path;
	return FIRN_OK;
}
