/* GET /api/progress/attempts: what the learner answered, newest first, wherever it is kept. */
#ifndef LOCKSTEP_LEARNER_ATTEMPTS_H
#define LOCKSTEP_LEARNER_ATTEMPTS_H

#include "db/db.h"
#include "schema/field.h"

#define ATTEMPTS_PAGE_MAX 200

struct attempts_query {
  uint64_t limit;
  const char *after;
};

struct attempt {
  uint64_t id;
  const char *exercise_id;
  const char *module;
  bool is_correct;
  const char *user_answer; /* NULL: none was sent */
  int64_t tokens;
  int32_t practised_on;
  uint64_t practice_session_id;
  enum presence practice_session_given;
  int64_t answered_at_ms;
};

struct attempts_reply {
  struct field_list attempts; /* struct attempt */
  const char *next_after;
};

extern const struct schema attempts_query_schema;
extern const struct schema attempts_reply_schema;

bool attempts_read(struct db *db, const struct attempts_query *query, uint64_t user_id, struct arena *arena,
                   struct error *error, struct attempts_reply *ret_reply) WARN_UNUSED;

#endif
