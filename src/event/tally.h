/* What a learner's events have come to, as an intake goes through them: read once under the learner's lock,
 * together with the first activity, moved in memory by each event, and written once at the end. */
#ifndef LOCKSTEP_EVENT_TALLY_H
#define LOCKSTEP_EVENT_TALLY_H

#include "event/event.h"
#include "learner/streak.h"

struct event_intake;
struct around_read_row;

/* The sums of user_progress_summary. */
struct tally_sums {
  uint64_t total;
  uint64_t completed;
  uint64_t in_progress;
  int64_t time; /* hundredths of a minute */
  uint64_t completed_of[ACTIVITY_TYPES];
  int64_t last_ms;
  bool has_last;
};

/* What an event has left of what awards count. */
struct tally_counts {
  const char *event_id; /* NULL: of none, or no longer true */
  bool is_first;        /* of its day: the practice days are to be looked at */
  int64_t best_day;     /* activities completed on the day on which its activity was */
};

struct tally {
  bool is_read;
  bool is_moved; /* the sums wait to be written */
  struct tally_sums sums;
  struct streak streak;
  int64_t skills;
  bool waits;   /* an event waits for another try, or one did when that was last noted */
  bool in_step; /* nobody but events wrote of the systems since they were in step (event/event_heal.h) */
  struct tally_counts counts;
};

/* Reads it where nothing has yet. */
bool tally_open(struct event_intake *intake, struct error *error) WARN_UNUSED;
/* The same, out of what was read around an activity. */
void tally_know(struct tally *tally, const struct around_read_row *row);
/* Writes the sums where they moved. Once, at the end of the intakes of a transaction. */
bool tally_finish(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;

#endif
