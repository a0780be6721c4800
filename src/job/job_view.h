/* Jobs as administrators are shown them, and what they may do with one: in replies and by lockstepctl. */
#ifndef LOCKSTEP_JOB_JOB_VIEW_H
#define LOCKSTEP_JOB_JOB_VIEW_H

#include "db/db.h"
#include "job/job.h"

#define JOB_VIEW_PAGE_MAX 200

enum job_state { JOB_READY, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_DEAD, JOB_CANCELLED };
extern const char *const job_state_names[]; /* NULL-terminated; as in sync_jobs */

/* The ranges of a job that was split, by their state. */
struct job_ranges {
  int64_t ready;
  int64_t running;
  int64_t done;
  int64_t failed;
  int64_t dead;
  int64_t cancelled;
};

struct job_view {
  uint64_t id;
  const char *kind;
  const char *params; /* JSON; NULL: none, or no JSON */
  int state;          /* enum job_state */
  int64_t priority;
  int64_t run_at_ms;
  int64_t repeat_every_s;
  enum presence every_given;
  const char *repeat_daily_at;
  const char *dedupe_key;
  int64_t attempts;
  int64_t max_attempts;
  bool cancel_requested;
  uint64_t done_units;
  uint64_t total_units;
  enum presence total_given;
  int64_t done_expected_ms;
  enum presence expected_given;
  const char *report; /* JSON; NULL: none */
  const char *error;
  const char *created_by;
  int64_t created_at_ms;
  int64_t started_at_ms;
  enum presence started_given;
  int64_t finished_at_ms;
  enum presence finished_given;
  uint64_t schedule_id;
  enum presence schedule_given;
  uint64_t parent_id;
  enum presence parent_given;
  uint64_t subject_id;
  enum presence subject_given;
  uint64_t range_from;
  uint64_t range_to;
  enum presence range_given;
};

extern const struct schema job_view_schema;
extern const struct schema job_ranges_schema;

struct job_view_filter {
  const char *state; /* NULL: in whatever */
  const char *kind;
  uint64_t parent_id; /* 0: what is no range */
  uint64_t before_id; /* 0: from the newest */
  size_t limit;       /* at most JOB_VIEW_PAGE_MAX */
};
/* Newest first. */
bool job_view_list(struct db *db, const struct job_view_filter *filter, struct arena *arena,
                   struct error *error, struct job_view **ret_jobs, size_t *ret_count) WARN_UNUSED;
/* ERROR_NOT_FOUND: there is none. */
bool job_view_read(struct db *db, uint64_t id, struct arena *arena, struct error *error,
                   struct job_view *ret_job) WARN_UNUSED;
bool job_view_read_ranges(struct db *db, uint64_t id, struct arena *arena, struct error *error,
                          struct job_ranges *ret_ranges) WARN_UNUSED;
/* Asks for its end; nothing happens to one that has ended. ERROR_NOT_FOUND: there is none. */
bool job_view_ask_to_cancel(struct db *db, uint64_t id, struct arena *arena, struct error *error) WARN_UNUSED;
/* The same job again, as a new one: what has ended stays as it is. ERROR_CONFLICT: it has not ended, or
 * failed; ERROR_UNPROCESSABLE: it is a range. The caller commits all three. */
bool job_view_retry(struct db *db, uint64_t id, const char *created_by, struct arena *arena,
                    struct error *error, uint64_t *ret_id) WARN_UNUSED;

#endif
