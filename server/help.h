/* Help, usage and suggestions, all made from commands.def and options.def. */
#ifndef FIRN_SERVER_HELP_H
#define FIRN_SERVER_HELP_H

#include <stdio.h>

#include "command.h"

void firn_help_all(FILE *out);
/* Fits one screen: examples first, exit codes last. */
void firn_help_command(FILE *out, const struct firn_command *command);
void firn_help_usage(FILE *out, const struct firn_command *command);
/* A flag of commands.def, by its name there (`json`, `config=`, n bytes), in words. */
const char *firn_help_flag(const char *name, size_t n);
/* On stderr: what was meant, perhaps. name: as it was written, without its value. */
void firn_help_unknown_flag(const struct firn_command *command, struct firn_str name);
/* On stderr: the argument that is missing, or too many. */
void firn_help_miscounted(const struct firn_command *command, const struct firn_strs *given);
/* `firn NOUN` and `firn NOUN --help` list the noun's commands. */
enum firn_exit firn_help_unknown(int argc, char **argv);

#endif
