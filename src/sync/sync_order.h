/* What somebody asks of the engine, as a job's parameters, an endpoint's body or lockstepctl's options
 * say it: one struct for all of them, and field tables for the parts that each of them takes. */
#ifndef LOCKSTEP_SYNC_SYNC_ORDER_H
#define LOCKSTEP_SYNC_SYNC_ORDER_H

#include "rule/repair.h"
#include "schema/field.h"

#define SYNC_RULES_MAX 255 /* named at once */
#define SYNC_DIGEST_CHARACTERS 64
#define SYNC_SAMPLE_LEARNERS_MAX 100000

struct sync_order {
  struct field_list rules; /* const char *: names */
  enum presence rules_given;
  uint64_t user_id;
  enum presence user_given; /* absent: everybody */
  bool dry_run;
  bool confirm_over_limit;
  int authority; /* enum repair_authority */
  enum presence authority_given;
  uint64_t plan_id;
  enum presence plan_given;
  const char *digest; /* of the plan; NULL: whatever it is */
  uint64_t run_id;    /* to roll back */
  uint64_t learners;  /* of a sample */
};

extern const struct schema sync_user_schema; /* userId */
extern const struct schema sync_all_schema;  /* rules, confirmOverLimit */
extern const struct schema sync_fix_schema;  /* rules, userId, confirmOverLimit, authority, planId, digest */
extern const struct schema sync_fix_body_schema; /* the same and dryRun */
extern const struct schema sync_plan_schema;     /* rules, userId, confirmOverLimit, authority */
extern const struct schema sync_rebuild_schema;  /* userId, confirmOverLimit */
extern const struct schema sync_streaks_schema;  /* the same */
extern const struct schema sync_rollback_schema; /* runId */
extern const struct schema sync_sample_schema;   /* learners */

/* ERROR_UNPROCESSABLE, with fields: rules that do not exist or are left aside, and what does not go
 * together. */
bool sync_order_check(const struct sync_order *order, const struct rule_set *set,
                      struct error *error) WARN_UNUSED;
bool sync_order_knows(const struct rule_set *set, const char *rule);
/* The engine's order; its rules are borrowed. Actor and job are the caller's to add. */
struct repair_order sync_order_repair(const struct sync_order *order);
/* The names of the rules that heal a learner before every read. ERROR_CONFLICT when there is none: no name
 * at all would mean every rule. */
bool sync_order_on_read(const struct rule_set *set, struct arena *arena, struct error *error,
                        struct field_list *ret_rules) WARN_UNUSED;

/* Completes an ERROR_UNPROCESSABLE, a limit that stopped the run, by how to go on; as far as there is room.
 */
void sync_order_advise(struct error *error, const char *how);

#endif
