/*
 * Beneath a folder: openat2 where the kernel has it, else a walk of single pieces that follow no
 * link. Refuses symbolic links anywhere on the way; those above the root are the administrator's.
 */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIECE_MAX 255
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define PASS_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) /* needs no right to read */

void firn_fd_close(const int *fd)
{
	int before = errno;

	if (*fd >= 0)
		close(*fd);
	errno = before;
}

/* Cuts the next piece off; false with errno when it is too long or leads elsewhere. */
static bool next_piece(const char **relative, char piece[static PIECE_MAX + 1])
{
	size_t n = strcspn(*relative, "/");

	if (n == 0 || n > PIECE_MAX) {
		errno = n == 0 ? EINVAL : ENAMETOOLONG;
		return false;
	}
	memcpy(piece, *relative, n);
	piece[n] = '\0';
	*relative += n;
	if (**relative == '/')
		(*relative)++;
	if (strcmp(piece, ".") == 0 || strcmp(piece, "..") == 0) {
		errno = EINVAL;
		return false;
	}
	return true;
}

/* As openat, with ELOOP for a link also where O_DIRECTORY hides that it is one. */
static int open_piece(int folder, const char *piece, int flags, mode_t mode)
{
	int fd = openat(folder, piece, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		if (fstatat(folder, piece, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			errno = ENOTDIR;
	}
	return fd;
}

/* The folder itself, or one made in its place; a folder that this or another process just made is
 * durable only with its parent. */
static int make_piece(int parent, const char *piece)
{
	int fd = open_piece(parent, piece, FOLDER_FLAGS, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(parent, piece, 0777) != 0 && errno != EEXIST)
		return -1;
	if (fsync(parent) != 0)
		return -1;
	return open_piece(parent, piece, FOLDER_FLAGS, 0);
}

int firn_beneath_walk(int root, const char *relative, int flags, mode_t mode)
{
	int folder = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char piece[PIECE_MAX + 1];

	if (*relative == '\0')
		return folder;
	while (folder >= 0) {
		int next;
		int before;

		if (!next_piece(&relative, piece)) {
			firn_fd_close(&folder);
			return -1;
		}
		next = *relative ? open_piece(folder, piece, PASS_FLAGS, 0)
				 : open_piece(folder, piece, flags, mode);
		before = errno;
		close(folder);
		errno = before;
		if (!*relative)
			return next;
		folder = next;
	}
	return -1;
}

int firn_beneath_open(int root, const char *relative, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, root, *relative ? relative : ".", &how, sizeof(how));

	/* Old kernels, and filters of system calls that do not know this one. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return firn_beneath_walk(root, relative, flags, mode);
	return (int)fd;
}

int firn_beneath_make(int root, const char *relative)
{
	int folder = firn_beneath_open(root, relative, FOLDER_FLAGS, 0);
	char piece[PIECE_MAX + 1];

	if (folder >= 0 || errno != ENOENT)
		return folder;
	folder = openat(root, ".", FOLDER_FLAGS);
	while (folder >= 0 && *relative) {
		int next = next_piece(&relative, piece) ? make_piece(folder, piece) : -1;
		int before = errno;

		close(folder);
		errno = before;
		folder = next;
	}
	return folder;
}
