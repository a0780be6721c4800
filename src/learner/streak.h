/* Streaks: consecutive calendar days of the learner on which something was practised. A day counts
 * when it was practised, not when it was synced; today without practice breaks nothing. */
#ifndef LOCKSTEP_LEARNER_STREAK_H
#define LOCKSTEP_LEARNER_STREAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the profile keeps it: `current` counts the days that end with last_day. */
struct streak {
  int64_t current;
  int64_t longest;
  bool practised; /* false: never, last_day means nothing */
  int32_t last_day;
};

/* From all days, ascending and distinct. */
struct streak streak_from_days(const int32_t *days, size_t count);

/* Adds a day. False when it lies before last_day: a late arrival can join two runs, so the streak
 * has to be counted anew from all days. */
bool streak_extend(struct streak *streak, int32_t day);

/* What the learner sees on `today`: the run still stands if its last day is yesterday or later. */
int64_t streak_current_on(const struct streak *streak, int32_t today);

/* Whether the day is one of the run that ends with last_day: a client's calendar may be ahead of the
 * learner's. */
bool streak_runs_through(const struct streak *streak, int32_t day);

#endif
