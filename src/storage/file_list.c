/*
 * Listing of the store on local disk, in the order an object store would give: by the bytes of the
 * whole key, so that a folder sorts as its name with a slash. Memory is bounded by the page, not by
 * the size of a folder. Passes over what is no plain file or folder, and over names that no
 * location may hold.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "file_store.h"
#include "firn/arena.h"

#define DEPTH_MAX 100

struct walk {
	struct firn_ctx *cx;
	const struct firn_store *store;
	const struct firn_object *top;
	struct firn_store_page *page;
	bool more; /* the page is full and there is at least one object after it */
};

/* The smallest names of a folder above a floor; twice as many while it is filled. */
struct batch {
	char **names; /* folders with a slash at their end */
	size_t n, keep;
	bool cut; /* there are greater names */
};

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		free(batch->names[i]);
	free(batch->names);
}

static int compare_names(const void *a, const void *b)
{
	return firn_str_cmp(firn_str(*(char *const *)a), firn_str(*(char *const *)b));
}

static void batch_cut(struct batch *batch)
{
	qsort(batch->names, batch->n, sizeof(*batch->names), compare_names);
	while (batch->n > batch->keep) {
		free(batch->names[--batch->n]);
		batch->cut = true;
	}
}

/* Where a listing goes on: names up to the floor are done; `after` is the rest of the cursor. */
struct from {
	struct firn_str floor, after;
};

static bool wanted(const struct from *from, struct firn_str name)
{
	if (from->floor.n > 0 && firn_str_cmp(name, from->floor) <= 0)
		return false;
	if (from->after.n == 0 || firn_str_cmp(name, from->after) > 0)
		return true;
	return name.p[name.n - 1] == '/' && firn_str_starts(from->after, name);
}

static bool can_be_named(struct firn_str name)
{
	if (firn_str_is(name, ".") || firn_str_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7F)
			return false;
	return firn_utf8_valid(name);
}

/* DT_DIR, DT_REG, or anything else. */
static unsigned char type_of(int folder, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
}

static firn_rc no_memory(struct firn_ctx *cx)
{
	return firn_fail(cx, FIRN_E_UNAVAILABLE, "no memory to list a folder: try again");
}

static firn_rc batch_add(struct firn_ctx *cx, struct batch *batch, int folder,
			 const struct dirent *entry, const struct from *from)
{
	unsigned char type = type_of(folder, entry);
	struct firn_str name = firn_str(entry->d_name);
	char *copy;

	if ((type != DT_DIR && type != DT_REG) || !can_be_named(name))
		return FIRN_OK;
	copy = malloc(name.n + 2);
	if (!copy)
		return no_memory(cx);
	memcpy(copy, name.p, name.n);
	if (type == DT_DIR)
		copy[name.n++] = '/';
	copy[name.n] = '\0';
	if (!wanted(from, (struct firn_str){copy, name.n})) {
		free(copy);
		return FIRN_OK;
	}
	batch->names[batch->n++] = copy;
	if (batch->n == 2 * batch->keep)
		batch_cut(batch);
	return FIRN_OK;
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static firn_rc read_batch(const struct walk *w, int folder, const struct from *from,
			  struct batch *batch)
{
	FIRN_CLEANUP(close_folder) DIR *dir = NULL;
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;

	batch->keep = w->page->size + 1;
	batch->names = calloc(2 * batch->keep, sizeof(*batch->names));
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir || !batch->names) {
		int error = errno;

		if (fd >= 0 && !dir)
			close(fd);
		return firn_file_fail(w->cx, w->top->uri, "listing", error);
	}
	while ((errno = 0, entry = readdir(dir)))
		FIRN_TRY(batch_add(w->cx, batch, folder, entry, from));
	if (errno != 0)
		return firn_file_fail(w->cx, w->top->uri, "listing", errno);
	batch_cut(batch);
	return FIRN_OK;
}

static firn_rc add_file(struct walk *w, int folder, struct firn_str key, const char *name)
{
	struct firn_store_page *page = w->page;
	struct firn_object_info *info;
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return FIRN_OK; /* deleted since */
	if (page->n == page->size) {
		w->more = true;
		return FIRN_OK;
	}
	info = &page->infos[page->n];
	info->uri = firn_store_uri(w->cx, w->store, key);
	info->size = st.st_size;
	info->modified_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	page->n++;
	page->cursor = key;
	return info->uri.p ? FIRN_OK : w->cx->err.code;
}

static firn_rc list_folder(struct walk *w, int folder, struct firn_str key, struct firn_str after,
			   unsigned depth);

/* name ends with a slash. */
static firn_rc enter(struct walk *w, int folder, struct firn_str key, struct firn_str name,
		     struct firn_str after, unsigned depth)
{
	FIRN_CLEANUP(firn_fd_close) int fd = -1;
	const char *plain = firn_cstr(w->cx, firn_str_sub(name, 0, name.n - 1));

	if (!plain)
		return w->cx->err.code;
	fd = firn_beneath_open(folder, plain, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return FIRN_OK; /* replaced since */
	if (fd < 0)
		return firn_file_fail(w->cx, w->top->uri, "listing a folder of", errno);
	after = firn_str_starts(after, name) ? firn_str_sub(after, name.n, SIZE_MAX) : FIRN_STR("");
	return list_folder(w, fd, key, after, depth + 1);
}

static firn_rc list_batch(struct walk *w, int folder, struct firn_str key, struct firn_str after,
			  const struct batch *batch, unsigned depth)
{
	for (size_t i = 0; i < batch->n && !w->more; i++) {
		const char *name = batch->names[i];
		struct firn_str path = firn_printf(w->cx, "%.*s%s", FIRN_FMT(key), name);

		if (!path.p)
			return w->cx->err.code;
		if (path.p[path.n - 1] == '/')
			FIRN_TRY(enter(w, folder, path, firn_str(name), after, depth));
		else
			FIRN_TRY(add_file(w, folder, path, name));
	}
	return FIRN_OK;
}

/* key: of the folder, with a slash at its end, or "" for the root. */
static firn_rc list_folder(struct walk *w, int folder, struct firn_str key, struct firn_str after,
			   unsigned depth)
{
	struct from from = {.floor = FIRN_STR(""), .after = after};
	bool cut = true;

	if (depth > DEPTH_MAX)
		return firn_fail(w->cx, FIRN_E_STORE_BROKEN,
				 "folders beneath '%.*s' are nested deeper than %d",
				 FIRN_FMT(w->top->uri), DEPTH_MAX);
	while (cut && !w->more) {
		FIRN_CLEANUP(batch_release) struct batch batch = {0};

		FIRN_TRY(read_batch(w, folder, &from, &batch));
		FIRN_TRY(list_batch(w, folder, key, after, &batch, depth));
		cut = batch.cut;
		if (cut)
			from.floor = firn_str_dup(w->cx, firn_str(batch.names[batch.n - 1]));
		if (cut && !from.floor.p)
			return w->cx->err.code;
	}
	return FIRN_OK;
}

firn_rc firn_file_list(struct firn_ctx *cx, const struct firn_store *store,
		       const struct firn_object *top, struct firn_store_page *page)
{
	FIRN_CLEANUP(firn_fd_close) int root = -1;
	FIRN_CLEANUP(firn_fd_close) int fd = -1;
	struct walk w = {.cx = cx, .store = store, .top = top, .page = page};
	struct firn_str key =
		top->key.n > 0 ? firn_printf(cx, "%.*s/", FIRN_FMT(top->key)) : FIRN_STR("");
	const char *path = firn_cstr(cx, top->key);
	struct firn_str after = FIRN_STR("");

	if (!key.p || !path)
		return cx->err.code;
	if (firn_str_starts(page->cursor, key))
		after = firn_str_sub(page->cursor, key.n, SIZE_MAX);
	page->infos = firn_calloc(cx, page->size, sizeof(*page->infos));
	if (!page->infos)
		return cx->err.code;
	FIRN_TRY(firn_file_root(cx, store, &root));
	page->cursor = FIRN_STR_NONE;
	fd = firn_beneath_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return FIRN_OK;
	if (fd < 0)
		return firn_file_fail(cx, top->uri, "listing", errno);
	FIRN_TRY(list_folder(&w, fd, key, after, 0));
	if (!w.more)
		page->cursor = FIRN_STR_NONE;
	return FIRN_OK;
}
