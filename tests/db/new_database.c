/* Prints the conninfo of a new, migrated database, for tests that aren't written in C. */
#include <stdio.h>

#include "testdb.h"

int main(void)
{
	char conninfo[512];

	testdb_create(conninfo);
	puts(conninfo);
	return 0;
}
