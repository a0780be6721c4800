/* The inside of awarding: what the hook and the job share. */
#ifndef LOCKSTEP_EVENT_AWARD_PRIVATE_H
#define LOCKSTEP_EVENT_AWARD_PRIVATE_H

#include "event/award.h"
#include "queries/award.h"

#define AWARD_STANDING_MAX 20000 /* rows of one learner: definitions of many years */

/* What the metrics read. */
struct award_figures {
  int64_t completed;
  int64_t completed_by_type[ACTIVITY_TYPES];
  int64_t minutes;
  int64_t streak_days;
  int64_t best_day;
  int64_t practice_days_28;
  int64_t milestones;
  int64_t skills;
};

int64_t award_measure(const struct award *award, const struct award_figures *figures);

/* The most practice days that lie within AWARD_WINDOW_DAYS days. `days` ascending and distinct. */
int64_t award_best_window(const int32_t *days, size_t count);

/* A milestone that an event tells of. */
struct award_told {
  const char *milestone_id;
  const char *event_id;
  int64_t reached_at_ms;
};

/* What a judgement is made of: one learner, at one moment. */
struct award_case {
  uint64_t user_id;
  uint64_t revision;    /* that what is awarded comes with */
  const char *event_id; /* NULL: a recomputation */
  int64_t at_ms;        /* when what is new was earned */
  struct award_figures figures;
  const struct award_standing_row *standing;
  size_t standing_count;
  const struct award_told *told;
  size_t told_count;
};

/* The rows to write. */
struct award_verdict {
  struct award_insert_params *earned;
  size_t earned_count;
  struct award_put_milestones_params *moved;
  size_t moved_count;
};

/* Pure: what the figures prove and the standing does not have. */
bool award_judge(const struct award_table *table, const struct award_case *judged, struct arena *arena,
                 struct error *error, struct award_verdict *ret_verdict) WARN_UNUSED;
/* Whether an achievement or milestone that this learner lacks asks for the metric. */
bool award_is_wanted(const struct award_table *table, enum award_metric metric,
                     const struct award_standing_row *standing, size_t standing_count);

/* Reads the standing of the learner: all achievements, the milestones of the table, and those told of. */
bool award_read_standing(const struct award_table *table, struct db *db, struct award_case *judged,
                         struct arena *arena, struct error *error) WARN_UNUSED;
/* practice_days_28 over the days between, where anything asks for it. */
bool award_read_window(const struct award_table *table, struct db *db, int32_t first, int32_t last,
                       struct award_case *judged, struct arena *arena, struct error *error) WARN_UNUSED;

/* Writes the verdict with its notifications, and reports it. */
bool award_write(struct event_intake *intake, const struct award_verdict *verdict,
                 struct error *error) WARN_UNUSED;

/* --- award_memo.c: what the learner has, read once for all events of an intake ------------------------- */

/* Puts it into judged->standing, with the milestones that are told of. */
bool award_memo_open(struct event_intake *intake, struct award_case *judged, struct error *error) WARN_UNUSED;
/* What is to be written is noted; how far a milestone is that was not reached leaves the verdict, and waits
 * for award_finish. */
bool award_memo_note(struct event_intake *intake, struct award_verdict *verdict,
                     struct error *error) WARN_UNUSED;

#endif
