/* The file with the master's number. While the master lives it holds a lock on it, which the kernel
 * ends with the process, whatever kills it: a file that is left over says nothing. */
#ifndef LOCKSTEP_PROCESS_PID_FILE_H
#define LOCKSTEP_PROCESS_PID_FILE_H

#include "base/attributes.h"
#include "base/error.h"

/* Keep the descriptor open, and open the file nowhere else in this process: closing any descriptor of
 * it ends the lock. `path` NULL: no file, descriptor -1. Held by another: ERROR_CONFLICT. */
bool pid_file_open(const char *path, struct error *error, int *ret_descriptor) WARN_UNUSED;
/* Removes the file. */
void pid_file_close(const char *path, int descriptor);

#endif
