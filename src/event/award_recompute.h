/* Finding achievements and milestones again: what history proves and is missing is awarded. Nothing is ever
 * taken away, for whoever was congratulated keeps what they have. */
#ifndef LOCKSTEP_EVENT_AWARD_RECOMPUTE_H
#define LOCKSTEP_EVENT_AWARD_RECOMPUTE_H

#include "event/award.h"
#include "rule/repair.h"

/* All borrowed. */
struct award_host {
  struct pool *pool;
  struct ledger *ledger;
  const struct config *config;
  const struct award_table *awards;
  const char *actor; /* for the ledger */
};
struct award_recomputed {
  uint64_t achievements; /* awarded */
  uint64_t milestones;   /* reached */
};

/* Looks at the learners behind `after_user` up to `to_user`, in their order, and awards each in a learner
 * transaction of their own, held by the guard: run again behind the cursor of the last hold, it goes on. The
 * arena is the run's. */
bool award_recompute(const struct award_host *host, uint64_t after_user, uint64_t to_user,
                     const struct repair_guard *guard, struct arena *arena, struct error *error,
                     struct award_recomputed *ret_recomputed) WARN_UNUSED;

#endif
