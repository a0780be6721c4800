/* A learner answers: attempt, module, global_stats, columns, day and streak move in one transaction
 * (document 000, phase 4). Limits and grading: shared contract of POST /api/answer. */
#ifndef LOCKSTEP_LEARNER_ANSWER_H
#define LOCKSTEP_LEARNER_ANSWER_H

#include "base/zone.h"
#include "config/config.h"
#include "ledger/ledger.h"

#define ANSWER_MODULE_CHARACTERS 96
#define ANSWER_EXERCISE_CHARACTERS 190
#define ANSWER_TEXT_CHARACTERS 4000

/* As the client sent it. */
struct answer_body {
  const char *answer_id;
  const char *exercise_id;
  const char *module;
  const char *user_answer;
  bool is_correct;
  enum presence is_correct_given;
  uint64_t tokens;
  enum presence tokens_given;
  int64_t answered_at_ms;
  enum presence answered_at_given;
  int32_t practiced_on;
  enum presence practiced_on_given;
  uint64_t practice_session_id;
  enum presence practice_session_given;
};

struct streak_reply {
  int64_t current;
  int64_t longest;
  int32_t last_practice_date;
  enum presence last_practice_date_given;
  bool practiced_today;
};

struct answer_reply {
  bool success;
  bool is_correct;
  int64_t tokens_earned;
  int64_t tokens;
  int64_t questions_answered;
  int64_t correct_answers;
  const char *module;
  struct streak_reply streak;
  uint64_t revision;
};

extern const struct schema answer_body_schema;
extern const struct schema answer_reply_schema;
extern const struct schema streak_reply_schema;

/* entry->input is a struct answer_input, entry->reply a struct answer_reply. */
struct answer_input {
  const struct answer_body *body;
  const struct config *config;
  struct zone_cache *zones; /* used by the thread that runs the transaction, while the owner waits */
};

extern const struct ledger_kind answer_kind;

#endif
