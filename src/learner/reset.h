/* A learner starts over: attempts and practice sessions are deleted, totals, days and streak are nothing
 * again. Sessions and stitches of clients that keep a profile of points (document 004) are not practice in
 * this sense, and stay. It is a repair run, which an administrator can roll back; the ledger stays as it is,
 * so that a late repeat of an answer from before counts nothing. */
#ifndef LOCKSTEP_LEARNER_RESET_H
#define LOCKSTEP_LEARNER_RESET_H

#include "ledger/ledger.h"
#include "rule/rule.h"

struct reset_deleted {
  uint64_t attempts; /* archived ones among them */
  uint64_t sessions; /* practice sessions */
};

struct reset_reply {
  bool success;
  const char *message;
  struct reset_deleted deleted;
};
extern const struct schema reset_reply_schema;

/* entry->input; entry->reply is a struct reset_reply. */
struct reset_input {
  const struct rule_set *rules;
};
extern const struct ledger_kind reset_kind;

#endif
