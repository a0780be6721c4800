/* The jobs table: work that administrators schedule by inserting a row (docs/jobs.md). A kind of job
 * is a row of the kinds table: its name, the field table of its parameters, its functions.
 *
 * A job is claimed by compare-and-set, and runs at least once: what it brings about, it brings about in
 * transactions whose first statement is job_hold, which changes the job's row only as long as this claim
 * stands. A claim that was taken over can therefore write nothing any more, and the cursor moves with
 * the effect that it tells of: whoever takes over goes on behind it.
 *
 * A job over everybody is split: `prepare` divides the learners into ranges, which are jobs of the same
 * kind with parent_id, range_from and range_to, each claimed and held alone; when the last of them has
 * ended, the parent is claimed once more for `finish`. */
#ifndef LOCKSTEP_JOB_JOB_H
#define LOCKSTEP_JOB_JOB_H

#include "base/arena.h"
#include "config/config.h"
#include "db/pool.h"
#include "ledger/ledger.h"
#include "rule/rule.h"

#define JOB_RANGE_LEARNERS 10000 /* of one range job */

struct award_table;

/* What a worker process has, and lends to its jobs. */
struct job_app {
  const struct config *config;
  struct pool *pool;
  struct ledger *ledger;
  const struct rule_set *rules;
  const struct award_table *awards; /* event/award.h */
};

/* One claimed job in the hands of one thread. */
struct job {
  const struct job_app *app;
  struct arena *arena; /* the job's memory */
  uint64_t id;
  uint64_t parent_id;  /* 0: none */
  const char *actor;   /* for ledgers and runs: "job_17" (the parent's, in a range job), or who asked */
  uint64_t subject_id; /* the repair run or pass that it works on; 0: none. job_set_subject sets it, range
                          jobs have their parent's */
  uint64_t range_from; /* of a range job: user ids, both ends included */
  uint64_t range_to;
  uint64_t cursor_at; /* the last user id (or whatever it counts by) that is settled; 0: nothing yet */
  const char *report; /* set by the work: JSON, in the arena; NULL: none */
  bool was_cancelled; /* for abandon: somebody cancelled it; otherwise it failed, or is dead */
  struct job_private *own;
};

/* First statement of every transaction that brings something about: moves cursor and units, and fails
 * (ERROR_CONFLICT; the runner knows that it was this) when the claim is no longer ours: roll back. */
bool job_hold(struct job *job, struct db *db, uint64_t cursor_at, uint64_t units,
              struct error *error) WARN_UNUSED;
/* Between transactions. False: somebody cancelled it, the process is to end, or the claim was lost; `error`
 * says which, return false with it: what was done stands, and an unfinished job is handed back. */
bool job_may_go_on(struct job *job, struct error *error) WARN_UNUSED;
/* How much there is to do, once known. In a transaction of its own. */
bool job_set_total(struct job *job, uint64_t units, struct error *error) WARN_UNUSED;
/* In a transaction of its own. */
bool job_set_subject(struct job *job, uint64_t subject_id, struct error *error) WARN_UNUSED;
/* `prepare` only: divides all user ids, from 0 to INT64_MAX, into ranges of JOB_RANGE_LEARNERS learners,
 * when it returns true. total_units becomes the number of learners. A `prepare` that does not call it keeps
 * the job whole: the same claim goes on with `work`, once, from 0 to INT64_MAX, and then `finish`. */
void job_split(struct job *job);

/* Errors of the functions: ERROR_MALFORMED, ERROR_UNPROCESSABLE, ERROR_NOT_FOUND and ERROR_CONFLICT are
 * final: the job is `failed`. Everything else is tried again with backoff, up to max_attempts, and then
 * `dead`. A range job that fails for good ends its parent the same way. */
struct job_kind {
  const char *name;            /* "sync_user" */
  const struct schema *params; /* decoded with unknown keys refused; NULL: it takes none */
  /* A kind that is never split has only `work`. Of one that is split, `work` does one range. Run again,
   * each goes on at cursor_at, and `prepare` and `finish` find what they did before. */
  bool (*work)(struct job *job, const void *params, struct error *error);
  bool (*prepare)(struct job *job, const void *params, struct error *error);
  bool (*finish)(struct job *job, const void *params, struct error *error); /* NULL: nothing to do */
  /* The job ended otherwise than done (cancelled, failed, dead): what it began is closed. NULL: nothing. */
  bool (*abandon)(struct job *job, const void *params, const char *why, struct error *error);
  bool is_final;       /* what it removes does not come back: whoever orders one is warned */
  const char *unit;    /* what it counts: "learners" */
  const char *summary; /* one line */
};

struct job_kind_table {
  const struct job_kind *rows;
  size_t count;
};
#define JOB_KIND_TABLE(rows_array) \
  { .rows = (rows_array), .count = ARRAY_LENGTH(rows_array) }

/* The tables of all rooms, gathered by programs/job_kinds.c. NULL-terminated. */
extern const struct job_kind_table *const job_kind_tables[];
const struct job_kind *job_kind_find(const char *name);

/* Inserts one, after holding kind and params to the table (ERROR_UNPROCESSABLE, with fields). */
struct job_order {
  const char *kind;
  const char *params; /* JSON; NULL: none */
  int64_t priority;   /* 0 first to 9 last; 5 is usual */
  int64_t run_at_ms;  /* 0: now */
  int64_t repeat_every_s;
  const char *repeat_daily_at; /* "03:15:00", UTC; NULL: not */
  const char *dedupe_key;      /* ERROR_CONFLICT while another with it is ready or running; NULL: none */
  int64_t max_attempts;        /* 0: the default, 5 */
  const char *created_by;
};
bool job_enqueue(struct db *db, const struct job_order *order, struct arena *arena, struct error *error,
                 uint64_t *ret_id) WARN_UNUSED;

#endif
