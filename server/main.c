/* firn: the command line's door. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "command.h"
#include "firn/arena.h"

enum { ARENA_CEILING = 256 << 20 };

/* Secrets in memory must not reach a core file. */
static void forbid_core_dumps(void)
{
	const struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	struct firn_arena *arena = firn_arena_new(ARENA_CEILING);
	struct firn_ctx cx;
	enum firn_exit code;

	if (!arena) {
		(void)fputs("firn: no memory\n", stderr);
		return FIRN_EXIT_FAILED;
	}
	forbid_core_dumps();
	(void)signal(SIGPIPE, SIG_IGN);
	firn_ctx_init(&cx, arena);
	code = firn_command_main(&cx, argc, argv);
	firn_arena_free(arena);
	return (int)code;
}
