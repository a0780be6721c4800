/* Practice sessions: started, counted up by the answers that name them, ended. */
#ifndef LOCKSTEP_LEARNER_PRACTICE_SESSION_H
#define LOCKSTEP_LEARNER_PRACTICE_SESSION_H

#include "config/config.h"
#include "db/db.h"
#include "ledger/ledger.h"

#define PRACTICE_SESSIONS_MAX 10000 /* of one reply; more come with nextAfter */

struct practice_session {
  uint64_t id;
  int64_t started_at_ms;
  int64_t ended_at_ms;
  enum presence ended_at_given;
  uint64_t total_exercises;
  uint64_t correct_answers;
};

struct practice_session_start {
  const char *session_id; /* the client's own: the operation's id */
  int64_t started_at_ms;
  enum presence started_at_given;
};

struct practice_session_patch {
  int64_t ended_at_ms;
  enum presence ended_at_given;
};

struct practice_session_reply {
  bool success;
  struct practice_session session;
  uint64_t revision;
};

struct practice_session_query {
  uint64_t limit;
  enum presence limit_given;
  const char *after;
};

struct practice_session_list {
  struct field_list sessions; /* struct practice_session */
  const char *next_after;
};

extern const struct schema practice_session_start_schema;
extern const struct schema practice_session_patch_schema;
extern const struct schema practice_session_reply_schema;
extern const struct schema practice_session_query_schema;
extern const struct schema practice_session_list_schema;

/* entry->input of the kinds below; entry->reply is a struct practice_session_reply. */
struct practice_session_input {
  const struct config *config;
  const struct practice_session_start *start;
  const struct practice_session_patch *patch;
  uint64_t session_id; /* of the patch */
};

/* Starts one. */
extern const struct ledger_kind practice_session_start_kind;
/* Ends one; one that has ended stays as it ended. ERROR_NOT_FOUND: the learner has none of that id. */
extern const struct ledger_kind practice_session_end_kind;

/* Newest first. */
bool practice_session_read_list(struct db *db, const struct practice_session_query *query, uint64_t user_id,
                                struct arena *arena, struct error *error,
                                struct practice_session_list *ret_list) WARN_UNUSED;

#endif
