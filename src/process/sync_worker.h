/* One worker process of lockstep-sync: what it loads, and its crew. */
#ifndef LOCKSTEP_PROCESS_SYNC_WORKER_H
#define LOCKSTEP_PROCESS_SYNC_WORKER_H

#include <sys/types.h>

#include "config/config.h"
#include "job/job_crew.h"

struct sync_worker_start {
  const struct config *config;
  struct job_crew_board *board; /* of its place; shared with its master and its successor */
  pid_t master;
};

/* After the fork. Ends with TERM, INT, QUIT, or its master; returns the exit code. */
int sync_worker_run(const struct sync_worker_start *start);

#endif
