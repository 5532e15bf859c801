/*
 * Replays a corpus: runs the target it is linked with on every file of a folder, so that each input
 * that once found something stays tested by every build. Refuses an empty or missing folder.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)64 << 20)

/* An exact allocation, so that a read past the input is seen. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long size;

	FUZZ_CHECK(file != NULL);
	FUZZ_CHECK(fseek(file, 0, SEEK_END) == 0);
	size = ftell(file);
	FUZZ_CHECK(size >= 0 && (size_t)size <= INPUT_MAX);
	rewind(file);
	bytes = malloc(size > 0 ? (size_t)size : 1);
	FUZZ_CHECK(bytes != NULL);
	FUZZ_CHECK(fread(bytes, 1, (size_t)size, file) == (size_t)size);
	fclose(file);
	*ret_size = (size_t)size;
	return bytes;
}

static void replay(const char *path)
{
	size_t size;
	uint8_t *bytes = read_file(path, &size);

	/* Last words, should the target not return. */
	fprintf(stderr, "%s (%zu bytes)\n", path, size);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	size_t replayed = 0;
	DIR *folder;

	if (argc != 2 || !(folder = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s FOLDER (readable)\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		FUZZ_CHECK(snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name) <
			   (int)sizeof(path));
		replay(path);
		replayed++;
	}
	closedir(folder);
	fprintf(stderr, "%zu inputs replayed\n", replayed);
	return replayed > 0 ? 0 : 1;
}
