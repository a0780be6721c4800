/* Asking for access to a course, and deciding about it. A pending request stands in access_requests; a
 * decided one has left it for access_decisions, which knows who decided, when, what and why. */
#ifndef LOCKSTEP_ENROLL_ACCESS_H
#define LOCKSTEP_ENROLL_ACCESS_H

#include "ledger/ledger.h"
#include "schema/field.h"

#define ACCESS_REASON_CHARACTERS 2000

enum access_action { ACCESS_APPROVE, ACCESS_DENY };
extern const char *const access_action_names[]; /* "approve", "deny"; NULL-terminated */

/* A student asks. entry->input is a struct access_ask, entry->reply a struct access_reply.
 * ERROR_NOT_FOUND: no course that is open; ERROR_CONFLICT: enrolled, or a request is pending. */
struct access_ask {
  uint64_t course_id;
  const char *reason;
};
extern const struct ledger_kind access_ask_kind;

/* A student takes a pending request back; entry->input is a struct access_withdraw. ERROR_NOT_FOUND: it
 * is not theirs; ERROR_CONFLICT: reviewed already. */
struct access_withdraw {
  uint64_t request_id;
};
extern const struct ledger_kind access_withdraw_kind;

/* An administrator decides; entry->input is a struct access_decide, the entry's learner who asked
 * (access_student). Approving enrols. ERROR_NOT_FOUND: there is no such request; ERROR_CONFLICT: reviewed
 * already, and the message says what it was. */
struct access_decide {
  uint64_t request_id;
  enum access_action action;
  const char *note;
};
extern const struct ledger_kind access_decide_kind;

struct access_reply {
  bool success;
  const char *message;
  uint64_t request_id;
  uint64_t student_id;
  uint64_t course_id;
  const char *title;  /* of the course */
  const char *status; /* pending, approved, rejected or withdrawn */
  const char *reason;
  int64_t requested_at_ms;
  uint64_t revision;
};
extern const struct schema access_reply_schema;

/* Whose request it is, or was. ERROR_NOT_FOUND. */
bool access_student(struct db *db, uint64_t request_id, struct arena *arena, struct error *error,
                    uint64_t *ret_student_id) WARN_UNUSED;

#endif
