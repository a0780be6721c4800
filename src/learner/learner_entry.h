/* From a request to an operation of the learner who asks, and from its outcome to the reply. */
#ifndef LOCKSTEP_LEARNER_LEARNER_ENTRY_H
#define LOCKSTEP_LEARNER_LEARNER_ENTRY_H

#include "http/request.h"
#include "ledger/ledger.h"

/* An operation with the id that the client gave it: `client_id` from the body, or NULL for the header.
 * `about` tells apart what the body does not, such as an id in the path; NULL: nothing. */
bool learner_entry_begin(struct request *request, const struct ledger_kind *kind, const char *client_id,
                         const char *about, const struct schema *body_schema, const void *body,
                         struct error *error, struct ledger_entry *ret_entry) WARN_UNUSED;

/* The reply as it was stored: a repeat gets the very same text. */
void learner_entry_answer(struct request *request, const struct ledger_entry *entry);

/* Runs it alone and answers. */
bool learner_entry_run(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                       struct error *error) WARN_UNUSED;

#endif
