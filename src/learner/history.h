/* The ledger as the learner's history: why is this total 41? Each change names what moved, by how
 * much and because of what. */
#ifndef LOCKSTEP_LEARNER_HISTORY_H
#define LOCKSTEP_LEARNER_HISTORY_H

#include "db/db.h"
#include "schema/field.h"

#define HISTORY_ENTRIES_MAX 10000 /* of one reply; more come with nextAfter */

enum history_total { HISTORY_TOKENS, HISTORY_QUESTIONS, HISTORY_CORRECT };

struct history_query {
  int total; /* enum history_total */
  enum presence total_given;
  uint64_t limit;
  enum presence limit_given;
  uint64_t after; /* a revision: only older entries */
  enum presence after_given;
};

struct history_entry {
  uint64_t revision;
  const char *kind;
  const char *actor;
  int64_t at_ms;
  const char *changes; /* JSON array of {what, key?, by?, because?} */
};

struct history_total_reply {
  const char *name;
  int64_t value; /* what the learner's row says now */
  int64_t sum;   /* what the history adds up to */
};

struct history_reply {
  struct field_list entries; /* struct history_entry */
  uint64_t next_after;
  enum presence next_after_given;
  struct history_total_reply total; /* ?total= only */
  enum presence total_given;
};

extern const struct schema history_query_schema;
extern const struct schema history_reply_schema;

bool history_read(struct db *db, const struct history_query *query, uint64_t user_id, struct arena *arena,
                  struct error *error, struct history_reply *ret_reply) WARN_UNUSED;

#endif
