/* What there is to practise: the modules that have a name (table modules). */
#ifndef LOCKSTEP_LEARNER_MODULES_H
#define LOCKSTEP_LEARNER_MODULES_H

#include "db/db.h"
#include "schema/field.h"

#define MODULES_MAX 1000

struct modules_one {
  const char *key;
  const char *label;
  uint64_t goal_tokens;
};
struct modules_reply {
  struct field_list modules; /* struct modules_one, in the order in which they are shown */
};
extern const struct schema modules_reply_schema;

bool modules_read(struct db *db, struct arena *arena, struct error *error,
                  struct modules_reply *ret_reply) WARN_UNUSED;

#endif
