/* From a request to an operation of the learner who asks, and back. */
#ifndef LOCKSTEP_HTTP_ENTRY_H
#define LOCKSTEP_HTTP_ENTRY_H

#include "http/request.h"
#include "ledger/ledger.h"

/* `client_id`: the operation's id that the body carried, or NULL. input, reply and reply_schema are left to
 * the caller. */
bool entry_begin(struct request *request, const struct ledger_kind *kind, const char *client_id,
                 const struct schema *body_schema, const void *body, struct error *error,
                 struct ledger_entry *ret_entry) WARN_UNUSED;

/* Answers with the reply as it was stored: a repeat gets the very same text. */
bool entry_answer(struct request *request, const struct ledger_entry *entry);

#endif
