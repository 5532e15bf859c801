/* Help, usage and suggestions, all made from commands.def and options.def. */
#ifndef FIRN_SERVER_HELP_H
#define FIRN_SERVER_HELP_H

#include <stdio.h>

#include "command.h"

void firn_help_all(FILE *out);
/* Fits one screen: examples first, exit codes last. */
void firn_help_command(FILE *out, const struct firn_command *command);
void firn_help_usage(FILE *out, const struct firn_command *command);
/* On stderr: what was meant, perhaps. */
void firn_help_unknown_flag(const struct firn_command *command, struct firn_str name);
enum firn_exit firn_help_unknown(int argc, char **argv);

#endif
