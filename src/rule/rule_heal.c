#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queries/rule.h"
#include "rule/rule_private.h"

#include "base/banned.h"

#define LOOK_WAIT_MS 10000 /* for a connection; the pool's own limit is usually the shorter */

/* The learner's three totals: their columns, and what the history calls them. */
enum { TOTAL_TOKENS, TOTAL_QUESTIONS, TOTAL_CORRECT, TOTALS };
static const struct {
  const char *column;
  const char *what;
} totals[TOTALS] = {
    {"tokens", "tokens"}, {"questions_answered", "questions"}, {"correct_answers", "correct"}};

/* What one heal needs in its transaction; begins anew with every try. */
struct heal {
  const struct rule_set *set;
  enum rule_scope scope;
  size_t found;
  size_t repaired;
  const struct rule *first;          /* that repaired something */
  const struct rule *setter[TOTALS]; /* that set the total last */
  const struct rule *culprit;        /* whose turn it was when the work failed */
};

static bool report(struct ledger_tx *tx, struct ledger_entry *entry, const char *what,
                   const struct rule *rule, int64_t by, struct error *error) {
  struct ledger_change change = {.what = what, .key = rule->name, .by = by};
  change.because = arena_printf(ledger_arena(tx), "rule %s", rule->name);
  if (change.what == NULL || change.because == NULL) return error_set_memory(error);
  return ledger_report(tx, entry, &change, error);
}

static bool report_breach(struct ledger_tx *tx, struct ledger_entry *entry, const struct rule_breach *breach,
                          struct error *error) {
  struct heal *heal = ledger_context(tx);
  bool is_learner = strcmp(breach->table, "users") == 0;
  if (heal->first == NULL) heal->first = breach->rule;
  if (breach->action != RULE_SET) return report(tx, entry, breach->table, breach->rule, 0, error);
  for (size_t at = 0; is_learner && at < TOTALS; at++) {
    if (strcmp(totals[at].column, breach->column) != 0) continue;
    heal->setter[at] = breach->rule; /* told once, by report_totals */
    return true;
  }
  const char *what =
      is_learner ? breach->column : arena_printf(ledger_arena(tx), "%s.%s", breach->table, breach->column);
  return report(tx, entry, what, breach->rule, 0, error);
}

/* The history adds up to the totals, also where something around Lockstep moved them: the repair's
 * entry carries what the entries before it do not tell. */
static bool report_totals(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  struct heal *heal = ledger_context(tx);
  struct rule_balance_params params = {.user_id = entry->learner.user_id};
  struct rule_balance_row row;
  bool found;
  if (!rule_balance(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A rule of consistency removed its learner.");
  if (!row.has_history) { /* the ledger opens it with the totals as they were locked */
    row.told_tokens = entry->learner.tokens;
    row.told_questions = entry->learner.questions_answered;
    row.told_correct = entry->learner.correct_answers;
  }
  const int64_t by[TOTALS] = {row.tokens - row.told_tokens, row.questions - row.told_questions,
                              row.correct - row.told_correct};
  for (size_t at = 0; at < TOTALS; at++) {
    if (by[at] == 0 && heal->setter[at] == NULL) continue;
    const struct rule *rule = heal->setter[at] != NULL ? heal->setter[at] : heal->first;
    if (!report(tx, entry, totals[at].what, rule, by[at], error)) return false;
  }
  return true;
}

static bool same_row(const struct rule_breach *left, const struct rule_breach *right) {
  return left->action == right->action && strcmp(left->table, right->table) == 0 &&
         strcmp(left->key, right->key) == 0;
}

/* Row by row; stops early when one was changed by somebody else meanwhile. */
static bool apply_list(struct ledger_tx *tx, struct ledger_entry *entry, const struct rule_list *list,
                       struct error *error) {
  struct heal *heal = ledger_context(tx);
  size_t count;
  for (size_t at = 0; at < list->count; at += count) {
    const struct rule_breach *breach = &list->items[at];
    bool written = false;
    for (count = 1; at + count < list->count && same_row(breach, breach + count);)
      count++;
    if (breach->action == RULE_REPORT) continue;
    if (!rule_apply_row(heal->set, ledger_db(tx), breach, count, error, &written)) return false;
    if (!written) return true;
    heal->repaired++;
    size_t reports = breach->action == RULE_SET ? count : 1;
    for (size_t report = 0; report < reports; report++)
      if (!report_breach(tx, entry, breach + report, error)) return false;
  }
  return true;
}

/* A repair is done when its rule finds nothing more: a rule that would repair for ever, writing on
 * every read, fails here instead. */
static bool heal_rule(struct ledger_tx *tx, struct ledger_entry *entry, const struct rule *rule,
                      struct error *error) {
  struct heal *heal = ledger_context(tx);
  for (int tries = 0;; tries++) {
    struct rule_list list = {0};
    if (!rule_find_one(rule, ledger_db(tx), entry->learner.user_id, ledger_arena(tx), error, &list))
      return false;
    if (tries == 0) heal->found += list.count;
    if (rule_count_repairable(list.items, list.count) == 0) return true;
    if (tries == RULE_TRIES_MAX) break;
    if (!apply_list(tx, entry, &list, error)) return false;
  }
  error_set(error, ERROR_INTERNAL, "A rule of consistency still does not hold after its repair.");
  return error_detail(error, "%s (learner %llu)", rule->file, (unsigned long long)entry->learner.user_id);
}

static bool heal_work(struct ledger_tx *tx, struct error *error) {
  struct heal *heal = ledger_context(tx);
  const struct rule_set *set = heal->set;
  *heal = (struct heal){.set = set, .scope = heal->scope};
  if (ledger_count(tx) == 0) return true;
  struct ledger_entry *entry = ledger_at(tx, 0);
  for (size_t at = 0; at < set->count; at++) {
    if (!rule_is_asked(set, at, heal->scope)) continue;
    heal->culprit = &set->rules[at];
    if (!heal_rule(tx, entry, heal->culprit, error)) return false;
  }
  heal->culprit = NULL;
  return heal->repaired == 0 || report_totals(tx, entry, error);
}

static const struct ledger_kind heal_kind = {"repair", heal_work};

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

/* A probe that the server refuses does not say which rule is at fault: they are asked one by one. */
static bool probe_or_blame(struct heal_call *call, struct db *db, struct error *error,
                           struct probe *ret_probe) {
  struct rule_list list;
  if (probe_run(call->set, db, call->scope, call->user_id, call->arena, error, ret_probe)) return true;
  if (error->code != ERROR_INTERNAL) return false;
  struct error refusal = *error;
  db_rollback(db);
  error_clear(error);
  if (!rule_find_or_blame(call->set, db, call->scope, call->user_id, call->arena, error, &list,
                          &call->culprit))
    return false;
  *error = refusal;
  return false;
}

/* What there is to repair, without a lock. */
static bool look(struct heal_call *call, struct db *db, struct error *error, struct rule_repair *ret_repair,
                 size_t *ret_repairable) {
  struct probe probe = {0};
  struct rule_list list = {0};
  if (!rule_set_check(call->set, db, error)) return false;
  if (!probe_or_blame(call, db, error, &probe)) return false;
  if (probe.breached) {
    db_rollback(db); /* the probe's: what finds takes a snapshot of its own */
    if (!rule_find_or_blame(call->set, db, call->scope, call->user_id, call->arena, error, &list,
                            &call->culprit))
      return false;
  }
  *ret_repair = (struct rule_repair){.found = list.count, .revision = probe.revision};
  *ret_repairable = rule_count_repairable(list.items, list.count);
  return true;
}

/* On a pooled connection; once more on another when one turns out to be lost. */
static bool look_pooled(struct heal_call *call, struct error *error, struct rule_repair *ret_repair,
                        size_t *ret_repairable) {
  for (int tries = 0; tries < RULE_TRIES_MAX; tries++) {
    CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(call->ledger)};
    int64_t deadline_ms = clock_monotonic_ms() + LOOK_WAIT_MS;
    error_clear(error);
    if (!pool_acquire(lease.pool, deadline_ms, error, &lease.db)) return false;
    if (look(call, lease.db, error, ret_repair, ret_repairable)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
  }
  error->code = ERROR_UNAVAILABLE;
  error->retry_after_s = 1;
  return false;
}

static bool heal_once(struct heal_call *call, struct error *error, struct rule_repair *ret_repair) {
  struct rule_repair repair = {0};
  size_t repairable = 0;
  call->culprit = NULL;
  if (!look_pooled(call, error, &repair, &repairable)) return false;
  if (repairable > 0 && call->config->enabled) {
    struct heal heal = {.set = call->set, .scope = call->scope};
    struct ledger_entry entry = {.user_id = call->user_id, .actor = call->actor, .arena = call->arena};
    bool ran = ledger_run_one(call->ledger, &heal_kind, &entry, &heal, call->arena, error);
    call->culprit = heal.culprit;
    if (!ran) return false;
    repair = (struct rule_repair){.found = heal.found, .repaired = heal.repaired, .revision = entry.revision};
  }
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
