/* GET /api/progress/statistics: what the days add up to. It reads the roll-up of the days and never the
 * attempts, so that archiving those changes nothing here. */
#ifndef LOCKSTEP_LEARNER_STATISTICS_H
#define LOCKSTEP_LEARNER_STATISTICS_H

#include "db/db.h"
#include "schema/field.h"

#define STATISTICS_DAYS_MAX 366

struct statistics_query {
  uint64_t days; /* up to and with today */
};

struct statistics_totals {
  int64_t questions_answered;
  int64_t correct_answers;
  int64_t tokens;
  double accuracy; /* percent, two decimals */
};

struct statistics_module {
  const char *module;
  const char *label;
  struct statistics_totals totals;
};

struct statistics_day {
  int32_t date;
  struct statistics_totals totals;
};

struct statistics_sessions {
  uint64_t sessions;
  uint64_t ended;
  uint64_t total_exercises;
  uint64_t correct_answers;
};

struct statistics_streak {
  const char *activity; /* NULL: all of them together */
  int64_t current;
  int64_t longest;
  int32_t last_practice_date;
  enum presence last_practice_date_given;
  bool practiced_today;
  uint64_t days; /* on which it was practised */
};

struct statistics_reply {
  struct statistics_totals totals;
  struct field_list modules; /* struct statistics_module */
  struct field_list days;    /* struct statistics_day */
  struct statistics_day best_day;
  enum presence best_day_given;
  struct statistics_sessions sessions;
  struct statistics_streak streak;
  struct field_list streaks; /* struct statistics_streak */
};

extern const struct schema statistics_query_schema;
extern const struct schema statistics_reply_schema;

/* `today`: the learner's calendar day. Reads within the snapshot that `db` has open. */
bool statistics_read(struct db *db, const struct statistics_query *query, uint64_t user_id, int32_t today,
                     struct arena *arena, struct error *error,
                     struct statistics_reply *ret_reply) WARN_UNUSED;

#endif
