/* Opening files beneath a folder, by a path that no symbolic link can lead elsewhere. */
#ifndef FIRN_STORAGE_BENEATH_H
#define FIRN_STORAGE_BENEATH_H

#include <stdbool.h>
#include <sys/types.h>

/* relative: pieces with one slash between them and no "." or ".."; "" is root itself. A descriptor
 * (close-on-exec), or -1 with errno; ELOOP: a symbolic link is on the way or at the end. */
int firn_beneath_open(int root, const char *relative, int flags, mode_t mode);
/* The same, piece by piece, for systems without openat2. */
int firn_beneath_walk(int root, const char *relative, int flags, mode_t mode);
/* A folder, made with its parents when it is missing; each new one is durable. */
int firn_beneath_make(int root, const char *relative);

/* For FIRN_CLEANUP. */
void firn_fd_close(const int *fd);

#endif
