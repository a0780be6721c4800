/* Shared by the files of this room only. */
#ifndef LOCKSTEP_JOB_JOB_PRIVATE_H
#define LOCKSTEP_JOB_JOB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "job/job.h"
#include "job/job_crew.h"
#include "queries/job.h"

#define JOB_BATCH_MAX 200
#define JOB_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define JOB_CLAIM_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define JOB_SEEN_MAX 4096  /* workers of all hosts */
#define JOB_KINDS_MAX 128  /* whose pace is remembered */
#define JOB_BATCH_MS 20    /* a thread claims about so much work at once */
#define JOB_LOOK_MS 50     /* job_may_go_on asks the database at most so often */
#define JOB_WRITE_TRIES 50 /* of a short transaction on jobs */

enum job_stop {
  JOB_GOES_ON,
  JOB_STOPS_CANCELLED, /* somebody set cancel_requested */
  JOB_STOPS_CREW,      /* the process is to end */
  JOB_STOPS_LOST       /* the claim is not ours any more */
};

struct job_done;

/* One thread that works on jobs. */
struct job_worker {
  struct job_crew *crew;
  size_t place;
  pthread_t thread;
  _Atomic uint64_t id;     /* its row of sync_workers; 0: none yet */
  atomic_bool lost;        /* that row is gone, or the lease ran out: a new one is needed */
  _Atomic int64_t beat_ms; /* monotonic: when the last good beat was sent */
  _Atomic uint32_t rank;   /* its place among all workers that live */
  atomic_bool rank_is_known;
  struct arena *claim_arena;        /* a batch's rows, and those that were read ahead */
  struct job_candidates_row *ahead; /* candidates that have not had their turn */
  size_t ahead_count;
  int64_t ahead_until_ms; /* monotonic: afterwards they are read anew */
  bool batch_was_full;
  struct arena *job_arena;
  struct arena *done_arena; /* reports that are still to be written */
  struct job_done *done;    /* JOB_BATCH_MAX */
  size_t done_count;
};

struct job_private {
  struct job_worker *worker;
  const struct job_kind *kind; /* NULL: there is none */
  const void *params;
  const struct job_candidates_row *row;
  enum job_stop stop;
  bool split; /* job_split was called */
  int64_t looked_ms;
};

/* A worker elsewhere, as seen from here. */
struct job_seen {
  uint64_t id;
  uint64_t beat;
  int64_t moved_ms; /* monotonic, ours: when we saw it at another beat, or first */
};

struct job_crew {
  struct job_app app;
  struct job_crew_options options;
  char *name; /* "host/pid" */
  atomic_bool stops;
  atomic_bool database_is_away; /* it was said so */
  pthread_t beat_thread;
  bool beats; /* beat_thread runs */
  atomic_bool beat_stops;
  _Atomic size_t thread_count; /* those that were started */
  struct job_worker workers[JOB_CREW_THREADS_MAX];
  _Atomic uint32_t worker_count; /* of all crews */
  _Atomic uint32_t rank_from;    /* ours, from the first to the last */
  _Atomic uint32_t rank_to;
  pthread_mutex_t lock; /* for what follows */
  pthread_cond_t poll_change;
  pthread_cond_t stop_change;
  bool somebody_polls;
  bool somebody_registered;
  /* Of the beat's thread alone. */
  struct job_seen *seen;
  size_t seen_count;
  uint64_t newest_row;
  bool newest_is_known;
  struct arena *arena;
  _Atomic int64_t pace_ns[JOB_KINDS_MAX]; /* by the kind's place in the tables; 0: unknown */
};

/* --- job_kind.c --- */

/* Its place over all tables. */
size_t job_kind_place(const struct job_kind *kind);
/* What stands in a row, held to what can be worked on. `params`: decoded; may be NULL. False: a sentence for
 * the one who inserted it, in error->message. */
struct job_row_check {
  const char *kind;
  const char *params;
  int64_t priority;
  uint64_t max_attempts;
  int64_t repeat_every_s;
  int64_t repeat_daily_s;
  bool has_every;
  bool has_daily;
};
bool job_kind_check(const struct job_row_check *row, struct arena *arena, struct error *error,
                    const struct job_kind **ret_kind, const void **ret_params) WARN_UNUSED;

/* What is wrong with a row, as one text for its column error. */
const char *job_kind_complaint(const struct error *error, struct arena *arena);

/* --- job_write.c: short transactions on jobs, tried again while they may --- */

typedef bool (*job_write_fn)(struct db *db, void *context, struct error *error);
/* Commits when `write` says true. `worker`: tries end when it is lost; NULL: after
 * a few, and at once when there is no database. */
bool job_write(struct pool *pool, const struct job_worker *worker, job_write_fn write, void *context,
               struct error *error) WARN_UNUSED;

/* --- job_claim.c --- */

enum job_reach { JOB_REACH_OWN, JOB_REACH_CREW, JOB_REACH_OVERDUE };
/* A job that is done; only its last write is left to be made. */
struct job_done {
  uint64_t id;
  uint64_t claim_seq;
  const char *report;
};
/* Claims what is due, in the partition of the reach; schedules that are due have their tick. What
 * worker->done holds is finished in the same transaction, so that a batch costs one commit; that is settled
 * whatever is returned. The rows live in worker->claim_arena. `ret_busy`: something was due, even if others
 * were first. */
bool job_claim_batch(struct job_worker *worker, enum job_reach reach, struct error *error,
                     struct job_candidates_row **ret_rows, size_t *ret_count, bool *ret_busy) WARN_UNUSED;

/* --- job_run.c --- */

/* Runs one claimed job to its end. `ret_deferred`: it is done, and its last write goes with those of others.
 */
void job_run(struct job_worker *worker, const struct job_candidates_row *row, bool *ret_deferred,
             struct job_done *ret_done);

/* --- job_end.c: the last write of a claim --- */

bool job_end_done_write(struct job_worker *worker, struct db *db, const struct job_done *done, size_t count,
                        struct error *error) WARN_UNUSED;
void job_end_done(struct job_worker *worker, const struct job_done *done, size_t count);
/* done, failed, dead or cancelled. */
void job_end(struct job *job, const char *state, const char *why);
/* Ready again: handed back (delay 0), or to be tried again later. */
void job_end_put_back(struct job_worker *worker, const struct job_candidates_row *row, bool counted,
                      int64_t delay_ms, const char *why);

/* --- job_split.c --- */

bool job_split_now(struct job *job, struct error *error) WARN_UNUSED;
/* Within a transaction: the parent first, then its ranges. */
bool job_cancel_ranges(struct db *db, uint64_t parent_id, const char *why, struct error *error,
                       uint64_t *ret_ended) WARN_UNUSED;

/* --- job_schedule.c --- */

/* The tick of a schedule, if it is still to be made; its end, if it was cancelled or makes no sense. */
bool job_schedule_tick(struct job_crew *crew, uint64_t id, struct arena *arena,
                       struct error *error) WARN_UNUSED;
/* The first tick after `now_ms`. */
int64_t job_schedule_next(const struct job_row_check *row, int64_t run_at_ms, int64_t now_ms);

/* --- job_beat.c --- */

void *job_beat_main(void *crew);
/* Says once that the database is away, and once that it is back. */
void job_crew_tell(struct job_crew *crew, bool is_away, const struct error *error);
/* Sleeps, until the crew is to stop. */
void job_crew_sleep(struct job_crew *crew, int64_t duration_ms);
/* A row of sync_workers for it, when it has none or lost it. */
bool job_worker_register(struct job_worker *worker, struct error *error) WARN_UNUSED;
/* Its last good beat is too old for anything to be believed. */
bool job_worker_is_stale(const struct job_worker *worker);
/* It has left a job, and could not say so in the job's row. Nobody else would take it up while the worker
 * lives (where the whole database stood still, no lease ran out but in its own eyes): it goes on under a new
 * row, and what the old one had is swept up. */
void job_worker_give_up(struct job_worker *worker);

/* --- job_sweep.c --- */

bool job_sweep_orphans(struct job_crew *crew, struct error *error) WARN_UNUSED;
bool job_sweep_cancelled(struct job_crew *crew, struct error *error) WARN_UNUSED;
bool job_sweep_new(struct job_crew *crew, struct error *error) WARN_UNUSED;

/* --- job_worker.c --- */

void *job_worker_main(void *worker);

void job_log_error(const char *event, uint64_t job_id, const struct error *error);

#endif
