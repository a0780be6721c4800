/* A learner completes a session (document 004): the session's row, points, speed, count and level in the
 * profile, the day and the streak move in one transaction. */
#ifndef LOCKSTEP_SESSION_SESSION_RECORD_H
#define LOCKSTEP_SESSION_SESSION_RECORD_H

#include "base/zone.h"
#include "config/config.h"
#include "ledger/ledger.h"

#define SESSION_NAME_CHARACTERS 190                 /* of a thread's or a stitch's id */
#define SESSION_QUESTIONS_MAX 1000000               /* of one session */
#define SESSION_POINTS_MAX 1000000000               /* of one session */
#define SESSION_SPEED_MAX 86400                     /* seconds an answer */
#define SESSION_RESULTS_BYTES_MAX ((int64_t)262144) /* sixteen sessions share one statement's packet */

/* As the client sent it. */
struct session_body {
  const char *session_id;
  const char *thread_id;
  const char *stitch_id;
  uint64_t total_questions;
  uint64_t correct_answers;
  uint64_t total_points;
  double blink_speed; /* seconds; 0: not known, as when it was not sent */
  const char *results;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};

struct session_reply {
  bool success;
  const char *message;
  const char *session_id;
  const char *thread_id;
  const char *stitch_id;
  uint64_t total_points; /* of this session */
  uint64_t revision;
};

extern const struct schema session_body_schema;
extern const struct schema session_reply_schema;

/* entry->input is a struct session_input, entry->reply a struct session_reply. */
struct session_input {
  const struct session_body *body;
  const char *session_id; /* the client's, or one made for it before the transaction */
  const struct config *config;
  struct zone_cache *zones; /* used by the thread that runs the transaction, while the owner waits */
};

extern const struct ledger_kind session_kind;

#endif
