/* A repair run as everybody is told of it: in replies, in the reports of jobs, by lockstepctl. */
#ifndef LOCKSTEP_SYNC_SYNC_RUN_H
#define LOCKSTEP_SYNC_SYNC_RUN_H

#include "rule/repair.h"
#include "schema/field.h"

#define SYNC_ROWS_MAX 200 /* of a run, in one reply */

struct sync_count {
  const char *rule;
  uint64_t before; /* rows that broke it */
  uint64_t after;  /* of those, how many still do */
  uint64_t changed;
  uint64_t moved;
  uint64_t paused;
};

struct sync_run {
  uint64_t id;
  const char *kind;
  int state; /* enum repair_state */
  bool dry_run;
  const char *actor;
  const char *rules; /* JSON list; NULL: every rule */
  int authority;     /* enum repair_authority */
  uint64_t user_id;
  enum presence user_given; /* absent: not of one learner alone */
  bool confirm_over_limit;
  uint64_t rolls_back;
  enum presence rolls_back_given;
  uint64_t rolled_back_by;
  enum presence rolled_back_given;
  uint64_t job_id;
  enum presence job_given;
  const char *digest;
  uint64_t learners;
  uint64_t learners_changed;
  const char *error;
  int64_t started_at_ms;
  int64_t finished_at_ms;
  enum presence finished_given;
  int64_t duration_ms;
  struct field_list counts; /* struct sync_count */
  enum presence counts_given;
};

extern const struct schema sync_run_schema;
extern const struct schema sync_row_schema; /* of a struct repair_row */

/* Its texts are the summary's. */
bool sync_run_take(const struct repair_summary *summary, struct arena *arena, struct error *error,
                   struct sync_run *ret_run) WARN_UNUSED;
/* Without counts, for lists. */
struct sync_run sync_run_brief(const struct repair_summary *summary);
/* ERROR_NOT_FOUND when there is no such run. */
bool sync_run_read(struct db *db, uint64_t run_id, struct arena *arena, struct error *error,
                   struct repair_summary *ret_summary) WARN_UNUSED;
/* Rows; of a plan, those that would be. */
uint64_t sync_run_changed(const struct repair_summary *summary, const struct repair_count *count);
bool sync_run_is_of_one(const struct repair_summary *summary);

#endif
