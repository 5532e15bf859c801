/*
 * The store on local disk. Objects appear whole and durable or not at all: a temporary file beside
 * them is written, synchronised and linked (or renamed) into place. Opens nothing through a
 * symbolic link beneath the root, and makes no root that has gone missing since the store was
 * opened.
 */
#include "file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "firn/arena.h"
#include "firn/uuid.h"

#define TEMPORARY_MAX 64
#define WRITE_MAX ((size_t)1 << 30)

firn_rc firn_file_fail(struct firn_ctx *cx, struct firn_str uri, const char *doing, int error)
{
	enum firn_code code = FIRN_E_STORE_BROKEN;
	char text[128];

	switch (error) {
	case ENOENT:
	case ENOTDIR:
		code = FIRN_E_STORE_NOT_FOUND;
		break;
	case ELOOP:
		return firn_fail(cx, FIRN_E_STORE_DENIED,
				 "'%.*s' leads through a symbolic link, which a warehouse does not "
				 "follow: put the files there themselves",
				 FIRN_FMT(uri));
	case EACCES:
	case EPERM:
	case EROFS:
	case EISDIR:
	case ENAMETOOLONG:
		code = FIRN_E_STORE_DENIED;
		break;
	default:
		break;
	}
	return firn_fail(cx, code, "%s '%.*s': %s", doing, FIRN_FMT(uri),
			 strerror_r(error, text, sizeof(text)));
}

firn_rc firn_file_root(struct firn_ctx *cx, const struct firn_store *store, int *ret_fd)
{
	const struct firn_file_store *files = (const struct firn_file_store *)store;
	int fd = open(files->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = errno;
	char text[128];

	if (fd >= 0) {
		*ret_fd = fd;
		return FIRN_OK;
	}
	if (error == EACCES)
		return firn_fail(cx, FIRN_E_STORE_DENIED,
				 "the server's user may not open the warehouse's folder '%.*s'",
				 FIRN_FMT(store->spelling));
	if (error == ENOENT && files->make_error != 0)
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the warehouse's folder '%.*s' is missing and could not be made: "
				 "%s: make it, owned by the server's user",
				 FIRN_FMT(store->spelling),
				 strerror_r(files->make_error, text, sizeof(text)));
	return firn_fail(cx, FIRN_E_STORE_BROKEN,
			 "the warehouse's folder '%.*s' cannot be opened: %s: is it mounted?",
			 FIRN_FMT(store->spelling), strerror_r(error, text, sizeof(text)));
}

/* The object as an open file: never a folder, device or pipe, which would not be read to an end. */
static firn_rc open_object(struct firn_ctx *cx, const struct firn_store *store,
			   const struct firn_object *object, int *ret_fd, struct stat *ret_st)
{
	FIRN_CLEANUP(firn_fd_close) int root = -1;
	const char *path = firn_cstr(cx, object->key);
	int fd;

	if (!path)
		return cx->err.code;
	FIRN_TRY(firn_file_root(cx, store, &root));
	fd = firn_beneath_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return firn_file_fail(cx, object->uri, "opening", errno);
	if (fstat(fd, ret_st) != 0) {
		firn_file_fail(cx, object->uri, "reading", errno);
	} else if (!S_ISREG(ret_st->st_mode)) {
		firn_fail(cx, FIRN_E_STORE_NOT_FOUND, "'%.*s' is not a file",
			  FIRN_FMT(object->uri));
	} else {
		*ret_fd = fd;
		return FIRN_OK;
	}
	close(fd);
	return cx->err.code;
}

static firn_rc read_all(struct firn_ctx *cx, const struct firn_object *object, int fd, size_t size,
			struct firn_str *ret_bytes)
{
	char *bytes = firn_regrow(cx, NULL, 0, size + 1);
	size_t n = 0;

	if (!bytes)
		return cx->err.code;
	while (n < size) {
		ssize_t got = read(fd, bytes + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return firn_file_fail(cx, object->uri, "reading", errno);
		if (got == 0)
			break;
		n += (size_t)got;
	}
	bytes[n] = '\0';
	*ret_bytes = (struct firn_str){bytes, n};
	return FIRN_OK;
}

static firn_rc file_get(struct firn_ctx *cx, const struct firn_store *store,
			const struct firn_object *object, size_t ceiling,
			struct firn_str *ret_bytes)
{
	FIRN_CLEANUP(firn_fd_close) int fd = -1;
	struct stat st;

	FIRN_TRY(open_object(cx, store, object, &fd, &st));
	if ((uintmax_t)st.st_size > ceiling)
		return firn_fail(cx, FIRN_E_TOO_LARGE, "'%.*s' has %jd bytes; the limit is %zu",
				 FIRN_FMT(object->uri), (intmax_t)st.st_size, ceiling);
	return read_all(cx, object, fd, (size_t)st.st_size, ret_bytes);
}

static firn_rc file_head(struct firn_ctx *cx, const struct firn_store *store,
			 const struct firn_object *object, struct firn_object_info *ret_info)
{
	FIRN_CLEANUP(firn_fd_close) int fd = -1;
	struct stat st;

	FIRN_TRY(open_object(cx, store, object, &fd, &st));
	ret_info->size = st.st_size;
	ret_info->modified_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return FIRN_OK;
}

/* Folder and name of a relative path, both NUL-terminated. */
static firn_rc split(struct firn_ctx *cx, struct firn_str key, const char **ret_folder,
		     const char **ret_name)
{
	const char *slash = memrchr(key.p, '/', key.n);
	size_t n = slash ? (size_t)(slash - key.p) : 0;

	*ret_folder = firn_cstr(cx, firn_str_sub(key, 0, n));
	*ret_name = firn_cstr(cx, firn_str_sub(key, slash ? n + 1 : 0, SIZE_MAX));
	return *ret_folder && *ret_name ? FIRN_OK : cx->err.code;
}

/* 0 or an errno. */
static int write_all(int fd, struct firn_str bytes)
{
	size_t n = 0;

	while (n < bytes.n) {
		size_t part = bytes.n - n < WRITE_MAX ? bytes.n - n : WRITE_MAX;
		ssize_t put = write(fd, bytes.p + n, part);

		if (put == 0)
			return EIO;
		if (put < 0 && errno != EINTR)
			return errno;
		n += put > 0 ? (size_t)put : 0;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

/* The temporary file, whole and durable; 0 or an errno. */
static int write_temporary(int folder, const char *temporary, struct firn_str bytes)
{
	int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0666);
	int error;

	if (fd < 0)
		return errno;
	error = write_all(fd, bytes);
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

/* 0 or an errno; EEXIST is an object that was there before. */
static int move_into_place(int folder, const char *temporary, const char *name, bool if_absent)
{
	if (!if_absent)
		return renameat(folder, temporary, folder, name) == 0 ? 0 : errno;
	if (linkat(folder, temporary, folder, name, 0) == 0)
		return 0;
	/* File systems without hard links. */
	if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
		return renameat2(folder, temporary, folder, name, RENAME_NOREPLACE) == 0 ? 0
											 : errno;
	return errno;
}

static firn_rc put_in(struct firn_ctx *cx, const struct firn_object *object, int folder,
		      const char *name, struct firn_str bytes, bool if_absent)
{
	char temporary[TEMPORARY_MAX];
	char text[FIRN_UUID_TEXT + 1];
	struct firn_uuid uuid = firn_uuid_v4();
	int error;

	firn_uuid_text(&uuid, text);
	snprintf(temporary, sizeof(temporary), ".firn-%s.tmp", text);
	error = write_temporary(folder, temporary, bytes);
	if (error == 0)
		error = move_into_place(folder, temporary, name, if_absent);
	unlinkat(folder, temporary, 0);
	if (error == EEXIST && if_absent)
		return firn_fail(cx, FIRN_E_STORE_EXISTS, "'%.*s' exists already",
				 FIRN_FMT(object->uri));
	/* The folder may have been removed since it was opened: that is no missing object. */
	if (error == ENOENT)
		return firn_fail(cx, FIRN_E_STORE_BROKEN,
				 "the folder of '%.*s' was removed meanwhile",
				 FIRN_FMT(object->uri));
	if (error != 0)
		return firn_file_fail(cx, object->uri, "writing", error);
	/* Whatever the reason: the object is there, only not surely so after a crash. */
	if (fsync(folder) != 0)
		return firn_fail(cx, FIRN_E_STORE_BROKEN, "'%.*s' may not be durable",
				 FIRN_FMT(object->uri));
	return FIRN_OK;
}

/* The folder of an object, made when it is missing, and the object's name in it. */
static firn_rc make_folder(struct firn_ctx *cx, const struct firn_store *store,
			   const struct firn_object *object, int *ret_folder, const char **ret_name)
{
	FIRN_CLEANUP(firn_fd_close) int root = -1;
	const char *path;
	int folder;

	FIRN_TRY(split(cx, object->key, &path, ret_name));
	FIRN_TRY(firn_file_root(cx, store, &root));
	folder = firn_beneath_make(root, path);
	if (folder < 0 && errno == ENOTDIR)
		return firn_fail(cx, FIRN_E_STORE_DENIED,
				 "a parent of '%.*s' is a file, not a folder",
				 FIRN_FMT(object->uri));
	if (folder < 0)
		return firn_file_fail(cx, object->uri, "making the folder of", errno);
	*ret_folder = folder;
	return FIRN_OK;
}

static firn_rc file_put(struct firn_ctx *cx, const struct firn_store *store,
			const struct firn_object *object, struct firn_str bytes, bool if_absent)
{
	FIRN_CLEANUP(firn_fd_close) int folder = -1;
	const char *name;

	FIRN_TRY(make_folder(cx, store, object, &folder, &name));
	return put_in(cx, object, folder, name, bytes, if_absent);
}

static firn_rc file_prepare(struct firn_ctx *cx, const struct firn_store *store,
			    const struct firn_object *object)
{
	FIRN_CLEANUP(firn_fd_close) int folder = -1;
	const char *name;

	return make_folder(cx, store, object, &folder, &name);
}

static firn_rc remove_one(struct firn_ctx *cx, const struct firn_object *object, int root)
{
	FIRN_CLEANUP(firn_fd_close) int folder = -1;
	const char *path;
	const char *name;

	FIRN_TRY(split(cx, object->key, &path, &name));
	folder = firn_beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (folder >= 0 && unlinkat(folder, name, 0) == 0)
		return FIRN_OK;
	/* A folder is no object either. */
	if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
		return FIRN_OK;
	return firn_file_fail(cx, object->uri, "deleting", errno);
}

static firn_rc file_remove(struct firn_ctx *cx, const struct firn_store *store,
			   const struct firn_object *objects, size_t n)
{
	FIRN_CLEANUP(firn_fd_close) int root = -1;

	FIRN_TRY(firn_file_root(cx, store, &root));
	for (size_t i = 0; i < n; i++)
		FIRN_TRY(remove_one(cx, &objects[i], root));
	return FIRN_OK;
}

static const struct firn_store_ops file_ops = {
	.get = file_get,
	.head = file_head,
	.put = file_put,
	.prepare = file_prepare,
	.remove = file_remove,
	.list = firn_file_list,
	.on_disk = true,
};

/* The root with its parents, each durable; links on the way are the administrator's own. */
static firn_rc make_root(struct firn_ctx *cx, const struct firn_location *root, int *ret_error)
{
	FIRN_CLEANUP(firn_fd_close) int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t from = 1;

	while (fd >= 0 && from <= root->path.n) {
		struct firn_str rest = firn_str_sub(root->path, from, SIZE_MAX);
		struct firn_str piece = firn_str_sub(rest, 0, firn_str_find(rest, '/'));
		const char *name = firn_cstr(cx, piece);
		int next;

		if (!name)
			return cx->err.code;
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 && errno == ENOENT &&
		    (mkdirat(fd, name, 0777) == 0 || errno == EEXIST) && fsync(fd) == 0)
			next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		firn_fd_close(&fd);
		fd = next;
		from += piece.n + 1;
	}
	*ret_error = fd >= 0 ? 0 : errno;
	return FIRN_OK;
}

firn_rc firn_file_store_open(struct firn_ctx *cx, const struct firn_store_profile *profile,
			     const struct firn_location *root, struct firn_store **store)
{
	FIRN_CLEANUP(firn_fd_close) int there = -1;
	struct firn_file_store *files = firn_alloc(cx, sizeof(*files));
	const char *path = firn_cstr(cx, root->path);

	if (!files || !path)
		return cx->err.code;
	if (root->path.n == 0)
		return firn_fail(
			cx, FIRN_E_BAD_REQUEST,
			"the warehouse's location '%.*s' is the whole disk: choose a folder",
			FIRN_FMT(profile->root));
	files->store.ops = &file_ops;
	files->root = path;
	*store = &files->store;
	there = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return there >= 0 || errno != ENOENT ? FIRN_OK : make_root(cx, root, &files->make_error);
}
