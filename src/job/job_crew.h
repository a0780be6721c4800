/* The threads of one process that work on jobs: each a worker with a row of sync_workers, and one more that
 * beats for all of them, judges the silence of others, and sweeps. */
#ifndef LOCKSTEP_JOB_JOB_CREW_H
#define LOCKSTEP_JOB_JOB_CREW_H

#include "job/job.h"

#define JOB_CREW_THREADS_MAX 32

/* The rows of a crew's workers, in memory that outlives the process: whoever knows that it is dead has no
 * need to wait for its lease. */
struct job_crew_board {
  _Atomic uint64_t worker_ids[JOB_CREW_THREADS_MAX]; /* 0: none */
};

struct job_crew_options {
  size_t threads;
  int64_t poll_ms;
  int64_t lease_ms;
  size_t batch;
  bool sweeps;                  /* false: for measurements of nothing but claims */
  struct job_crew_board *board; /* NULL: none */
};

/* Connections that so many threads need: a job may hold one while it asks whether it may go on. */
#define JOB_CREW_CONNECTIONS(threads) (2 * (threads) + 2)

struct job_crew;

/* Borrows everything in `app`. What the board still names is somebody's who is dead, and is released first.
 * The threads are started; a database that is away is waited for. */
bool job_crew_start(const struct job_app *app, const struct job_crew_options *options, struct error *error,
                    struct job_crew **ret_crew) WARN_UNUSED;
/* Asks the threads to finish the transaction in hand and to hand back what is unfinished. */
void job_crew_stop(struct job_crew *crew);
/* After job_crew_stop: waits for the threads. */
void job_crew_free(struct job_crew *crew);

#endif
