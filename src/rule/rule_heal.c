/* Healing: a learner is looked at without a lock; only who is in breach goes to the repair. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define LOOK_WAIT_MS 10000 /* for a connection; the pool's own limit is usually the shorter */

struct probe {
  bool breached;
  uint64_t revision;
};

static bool probe_row(const struct db_text_row *row, void *context, struct error *error) {
  struct probe *probe = context;
  (void)error;
  probe->revision = row->values[0] == NULL ? 0 : strtoull(row->values[0], NULL, 10);
  for (size_t at = 1; at < row->count; at++)
    if (row->values[at] != NULL && strcmp(row->values[at], "0") != 0) probe->breached = true;
  return true;
}

static bool probe_run(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
                      struct arena *arena, struct error *error, struct probe *ret_probe) {
  const struct rule_probe *statement = atomic_load(&set->state->probe[scope]);
  char user[24];
  size_t count = 2 * statement->range_count + 1;
  const char **parameters = arena_alloc_array(arena, count, sizeof *parameters);
  if (parameters == NULL) return error_set_memory(error);
  snprintf(user, sizeof user, "%llu", (unsigned long long)user_id);
  for (size_t at = 0; at < count; at++)
    parameters[at] = user;
  struct probe probe = {0};
  if (!db_text_each(db, statement->sql, parameters, count, arena, probe_row, &probe, error)) return false;
  *ret_probe = probe;
  return true;
}

/* One call of rule_heal. */
struct heal_call {
  const struct rule_set *set;
  struct ledger *ledger;
  const struct rules_config *config;
  enum rule_scope scope;
  uint64_t user_id;
  const char *actor;
  struct arena *arena;
  const struct rule *culprit; /* the rule that was asked when something failed */
};

/* What there is to repair. */
struct look {
  struct repair_heal_pauses pauses;
  size_t found;
  bool repairable;
};

static bool look_at(const struct rule_breach *breach, void *context, struct error *error) {
  struct look *look = context;
  (void)error;
  look->found++;
  if (!look->repairable) look->repairable = repair_heal_may(&look->pauses, breach);
  return true;
}

static bool look_at_all(struct heal_call *call, struct db *db, struct error *error, struct look *look) {
  return repair_heal_pauses_of(db, call->user_id, call->arena, error, &look->pauses) &&
         rule_find(call->set, db, call->scope, call->user_id, call->arena, look_at, look, error,
                   &call->culprit);
}

/* A probe that the server refuses does not say which rule is at fault: they are asked one by one. */
static bool probe_or_blame(struct heal_call *call, struct db *db, struct error *error,
                           struct probe *ret_probe) {
  struct look look = {.found = 0};
  if (probe_run(call->set, db, call->scope, call->user_id, call->arena, error, ret_probe)) return true;
  if (error->code != ERROR_INTERNAL) return false;
  struct error refusal = *error;
  db_rollback(db);
  error_clear(error);
  if (!look_at_all(call, db, error, &look)) return false;
  *error = refusal;
  return false;
}

/* Without a lock. */
static bool look_once(struct heal_call *call, struct db *db, struct error *error,
                      struct rule_repair *ret_repair, bool *ret_repairable) {
  struct probe probe = {0};
  struct look look = {.found = 0};
  if (!rule_set_check(call->set, db, error)) return false;
  if (!probe_or_blame(call, db, error, &probe)) return false;
  if (probe.breached) {
    db_rollback(db); /* the probe's: what finds takes a snapshot of its own */
    if (!look_at_all(call, db, error, &look)) return false;
  }
  *ret_repair = (struct rule_repair){.found = look.found, .revision = probe.revision};
  *ret_repairable = look.repairable;
  return true;
}

/* On a pooled connection; once more on another when one turns out to be lost. */
static bool look_pooled(struct heal_call *call, struct error *error, struct rule_repair *ret_repair,
                        bool *ret_repairable) {
  for (int tries = 0; tries < RULE_TRIES_MAX; tries++) {
    CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(call->ledger)};
    int64_t deadline_ms = clock_monotonic_ms() + LOOK_WAIT_MS;
    error_clear(error);
    if (!pool_acquire(lease.pool, deadline_ms, error, &lease.db)) return false;
    if (look_once(call, lease.db, error, ret_repair, ret_repairable)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
  }
  error->code = ERROR_UNAVAILABLE;
  error->retry_after_s = 1;
  return false;
}

static bool heal_once(struct heal_call *call, struct error *error, struct rule_repair *ret_repair) {
  struct rule_repair repair = {0};
  bool repairable = false;
  call->culprit = NULL;
  if (!look_pooled(call, error, &repair, &repairable)) return false;
  if (repairable && call->config->enabled &&
      !repair_heal(call->set, ledger_pool(call->ledger), call->config, call->scope, call->user_id,
                   call->actor, call->arena, error, &repair, &call->culprit))
    return false;
  *ret_repair = repair;
  return true;
}

/* A defect in a rule of the site is no reason to refuse learners their progress: it is left aside, and
 * the others go on. */
static bool heal_without_culprits(struct heal_call *call, struct error *error,
                                  struct rule_repair *ret_repair) {
  while (!heal_once(call, error, ret_repair)) {
    if (error->code != ERROR_INTERNAL || call->culprit == NULL || !call->culprit->of_site) return false;
    struct error why = *error;
    error_clear(error);
    if (!rule_leave_aside(call->set, call->culprit, &why, error)) return false;
  }
  return true;
}

bool rule_heal(const struct rule_set *set, struct ledger *ledger, const struct rules_config *config,
               enum rule_scope scope, uint64_t user_id, const char *actor, struct arena *arena,
               struct error *error, struct rule_repair *ret_repair) {
  struct arena_mark mark = arena_mark(arena);
  struct heal_call call = {.set = set,
                           .ledger = ledger,
                           .config = config,
                           .scope = scope,
                           .user_id = user_id,
                           .actor = actor,
                           .arena = arena};
  bool healed = heal_without_culprits(&call, error, ret_repair);
  arena_rewind(arena, mark);
  return healed;
}
