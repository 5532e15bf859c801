/*
 * Completion: the shells' scripts ask `firn __complete WORD… PARTIAL`, which answers from the table
 * of commands and, for names, from the server.
 */
#ifndef FIRN_SERVER_COMPLETE_H
#define FIRN_SERVER_COMPLETE_H

#include "command.h"

/* words: those after `firn`, the last being the one to complete. Prints "candidate TAB description"
 * lines, or ":files" where a file's name is wanted; within 300 ms, and nothing when the server
 * doesn't answer. */
enum firn_exit firn_complete(struct firn_ctx *cx, int n, char **words);

#endif
