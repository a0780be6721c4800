/* An administrator's operations on learners; running them, and a student's own. Inside this room only. */
#ifndef LOCKSTEP_ENROLL_ENROLL_ENTRY_H
#define LOCKSTEP_ENROLL_ENROLL_ENTRY_H

#include "http/entry.h"

/* As entry_begin, of an administrator for a learner. `subject` is what it is about besides the body: the id
 * in the path; 0: nothing. Idempotency keys are the administrator's own, never the learner's. */
bool enroll_entry_for(struct request *request, const struct ledger_kind *kind, uint64_t user_id,
                      uint64_t subject, const struct schema *schema, const void *body, struct error *error,
                      struct ledger_entry *ret_entry) WARN_UNUSED;

/* Of many entries in one request, which may be for one learner: the operation's id becomes the part's own. */
bool enroll_entry_part(struct request *request, uint64_t part, struct error *error,
                       struct ledger_entry *entry) WARN_UNUSED;

/* The rules of reading courses, for one learner: default courses, approvals and left-over requests are put
 * right. Almost always it is one look and nothing to do. Give your connection back first. */
bool enroll_entry_heal(struct request *request, uint64_t user_id, struct error *error) WARN_UNUSED;

/* Runs it and answers with its reply; a repeat gets the very same text. An administrator who acts for a
 * learner that is gone is told so (404), and not that the token is bad. */
bool enroll_entry_run(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                      struct error *error) WARN_UNUSED;
/* The same without answering. */
bool enroll_entry_do(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                     struct error *error) WARN_UNUSED;

#endif
