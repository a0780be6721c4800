/* GET /api/progress: every place that keeps a total, read in one snapshot (document 000, phase 3). */
#ifndef LOCKSTEP_LEARNER_PROGRESS_H
#define LOCKSTEP_LEARNER_PROGRESS_H

#include "config/config.h"
#include "db/db.h"
#include "schema/field.h"

struct progress_entry {
  const char *category; /* "overall", then the modules' keys */
  const char *label;
  int64_t score;
  double completion; /* percent, two decimals, at most 100 */
  int64_t questions_answered;
  int64_t correct_answers;
  double accuracy;         /* percent, two decimals */
  const char *module_data; /* the stored JSON object */
};

struct progress_stats {
  int64_t total_tokens;
  int64_t total_questions;
  int64_t total_correct;
  double accuracy;
  double token_percentile; /* share of learners strictly below, percent, two decimals */
  double accuracy_percentile;
  int64_t percentiles_as_of_ms;
  enum presence percentiles_as_of_given;
  bool synced;
  const char *last_sync;
};

struct progress_streak {
  int64_t current;
  int64_t longest;
  int32_t last_practice_date;
  enum presence last_practice_date_given;
  bool practiced_today;
  struct field_list practice_dates; /* int32_t days */
};

struct progress_reply {
  struct field_list progress; /* struct progress_entry */
  struct progress_stats stats;
  struct progress_streak streak;
};

extern const struct schema progress_reply_schema;

/* `today`: the learner's calendar day. Reads within the snapshot that `db` has open. */
bool progress_read(struct db *db, const struct progress_config *config, uint64_t user_id, int32_t today,
                   struct arena *arena, struct error *error, struct progress_reply *ret_reply) WARN_UNUSED;

/* In percent, two decimals; of nothing, 0. */
double progress_percent(int64_t part, int64_t whole);
/* "number_theory" → "Number Theory": the label of a module that nobody named. NULL: out of memory. */
const char *progress_humanise(const char *key, struct arena *arena);

#endif
