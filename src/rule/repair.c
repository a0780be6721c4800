/* A run's life: opened, done or given up. */
#include "rule/repair.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define REPAIR_WAIT_MS 10000 /* for a connection; the pool's own limit is usually the shorter */
#define REPAIR_TRIES_MAX 5
#define REPAIR_RULES_BYTES_MAX ((size_t)60 * 1024)
#define REPAIR_FIRST_PAUSE_MS 2
#define REPAIR_LONGEST_PAUSE_MS 200

const char *const repair_state_names[] = {"planning", "planned", "running",   "done",
                                          "stopped",  "failed",  "cancelled", NULL};

bool repair_state_parse(const char *text, enum repair_state *ret_state) {
  for (int at = 0; repair_state_names[at] != NULL; at++) {
    if (strcmp(repair_state_names[at], text) != 0) continue;
    *ret_state = (enum repair_state)at;
    return true;
  }
  return false;
}

bool repair_is_over(enum repair_state state) { return state != REPAIR_PLANNING && state != REPAIR_RUNNING; }

bool repair_borrow(struct pool *pool, struct error *error, struct pool_lease *ret_lease) {
  return pool_acquire(pool, clock_monotonic_ms() + REPAIR_WAIT_MS, error, &ret_lease->db);
}

bool repair_give_up(struct error *error) {
  if (error->code != ERROR_TRANSIENT) return false;
  error->code = ERROR_UNAVAILABLE;
  error->retry_after_s = 1;
  return false;
}

void repair_pause_before_retry(unsigned tries) {
  int64_t longest = REPAIR_FIRST_PAUSE_MS;
  for (unsigned at = 1; at < tries && longest < REPAIR_LONGEST_PAUSE_MS; at++)
    longest *= 2;
  clock_sleep_ms(1 + (int64_t)random_below((uint64_t)longest));
}

const struct rule *repair_rule_named(const struct rule_set *set, const char *name) {
  for (size_t at = 0; at < set->count; at++)
    if (strcmp(set->rules[at].name, name) == 0) return &set->rules[at];
  return NULL;
}

/* --- Loading ------------------------------------------------------------------------------------------ */

/* `rules`: the JSON list of the run, NULL for all. Names are plain, so that they can be looked for. */
static bool run_takes(const struct rule *rule, const char *rules, enum repair_authority authority) {
  char quoted[RULE_NAME_BYTES + 3];
  if (rules == NULL) return rule->authority == authority;
  snprintf(quoted, sizeof quoted, "\"%s\"", rule->name);
  return strstr(rules, quoted) != NULL;
}

bool repair_run_load(const struct rule_set *set, struct db *db, uint64_t run_id, struct arena *arena,
                     struct error *error, struct repair_run *ret_run) {
  struct repair_run_read_params params = {.run_id = run_id};
  struct repair_run_read_row row;
  bool found;
  if (!repair_run_read(db, &params, arena, error, &row, &found)) return false;
  if (!found)
    return error_set(error, ERROR_NOT_FOUND, "There is no repair run %llu.", (unsigned long long)run_id);
  bool *takes = arena_alloc_array(arena, set->count + 1, sizeof *takes);
  if (takes == NULL) return error_set_memory(error);
  struct repair_run run = {.id = run_id,
                           .is_rollback = strcmp(row.kind, "rollback") == 0,
                           .dry_run = row.dry_run,
                           .confirm_over_limit = row.confirm_over_limit,
                           .from_user = row.from_user,
                           .to_user = row.to_user,
                           .rolls_back = row.rolls_back_is_null ? 0 : row.rolls_back,
                           .undoes_rollback = row.undoes_rollback,
                           .is_act = row.is_act,
                           .learners_in_scope = row.learners_in_scope,
                           .actor = row.actor,
                           .digest = row.digest,
                           .takes = takes};
  enum repair_authority authority =
      strcmp(row.authority, repair_authority_names[REPAIR_AUTHORITY_COLUMNS]) == 0 ? REPAIR_AUTHORITY_COLUMNS
                                                                                   : REPAIR_AUTHORITY_MODULES;
  if (!repair_state_parse(row.state, &run.state))
    return error_set(error, ERROR_INTERNAL, "A repair run is in no known state.");
  for (size_t at = 0; at < set->count; at++)
    takes[at] = run_takes(&set->rules[at], row.rules, authority);
  *ret_run = run;
  return true;
}

bool repair_begin(const struct repair_engine *engine, uint64_t run_id, const struct repair_guard *guard,
                  struct arena *arena, struct error *error, struct repair_run *ret_run,
                  struct repair_work *ret_work) {
  struct repair_run run;
  for (unsigned tries = 1;; tries++) {
    CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = engine->pool};
    if (!repair_borrow(engine->pool, error, &lease)) return false;
    if (rule_set_check(engine->set, lease.db, error) &&
        repair_run_load(engine->set, lease.db, run_id, arena, error, &run))
      break;
    if (error->code != ERROR_TRANSIENT || tries == REPAIR_TRIES_MAX) return repair_give_up(error);
    error_clear(error);
    repair_pause_before_retry(tries);
  }
  *ret_run = run;
  *ret_work = (struct repair_work){.set = engine->set,
                                   .pool = engine->pool,
                                   .rules = &engine->config->rules,
                                   .guard = guard,
                                   .arena = arena,
                                   .run = ret_run};
  return true;
}

/* --- Opening ------------------------------------------------------------------------------------------ */

static bool check_rules(const struct repair_engine *engine, const struct repair_order *order,
                        struct arena *arena, struct error *error, const char **ret_rules) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(REPAIR_RULES_BYTES_MAX);
  if (order->rule_count == 0) return true;
  for (size_t at = 0; at < order->rule_count; at++) {
    const struct rule *rule = repair_rule_named(engine->set, order->rules[at]);
    if (rule == NULL || rule->authority != order->authority ||
        !rule_set_in_use(engine->set, (size_t)(rule - engine->set->rules)))
      return error_set(error, ERROR_NOT_FOUND, "There is no rule %.64s in use under this authority.",
                       order->rules[at]);
    buffer_printf(&list, "%s\"%s\"", at == 0 ? "[" : ",", rule->name);
  }
  buffer_append_char(&list, ']');
  if (list.failed) return error_set(error, ERROR_UNPROCESSABLE, "So many rules cannot be named in one run.");
  *ret_rules = arena_strdup(arena, list.data);
  return *ret_rules != NULL || error_set_memory(error);
}

static bool check_switch(const struct rules_config *rules, struct db *db, struct arena *arena,
                         struct error *error) {
  struct repair_all_paused_row row;
  bool found;
  if (!rules->enabled) return error_set(error, ERROR_CONFLICT, "Repairs are switched off by rules.enabled.");
  if (!repair_all_paused(db, arena, error, &row, &found)) return false;
  return row.pauses == 0 || error_set(error, ERROR_CONFLICT, "Every repair is paused.");
}

bool repair_check_switch(const struct repair_work *work, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  if (!repair_borrow(work->pool, error, &lease)) return false;
  if (!check_switch(work->rules, lease.db, work->arena, error)) return repair_give_up(error);
  db_end_read(lease.db);
  return true;
}

/* What can be undone is a run that has changed something, and is over. */
static bool check_undo(struct db *db, uint64_t run_id, struct arena *arena, struct error *error,
                       struct repair_run_read_row *ret_row) {
  struct repair_run_read_params params = {.run_id = run_id};
  struct repair_run_read_row row;
  struct repair_run_undone_params undone_params = {.run_id = run_id};
  struct repair_run_undone_row undone;
  enum repair_state state;
  unsigned long long id = run_id;
  bool found;
  if (!repair_run_read(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no repair run %llu.", id);
  if (!repair_state_parse(row.state, &state) || !repair_is_over(state) || state == REPAIR_PLANNED)
    return error_set(error, ERROR_CONFLICT, "Run %llu is %s: it cannot be rolled back.", id, row.state);
  if (row.dry_run && state != REPAIR_DONE)
    return error_set(error, ERROR_CONFLICT, "Run %llu was a plan that was never applied.", id);
  if (row.images_removed)
    return error_set(error, ERROR_CONFLICT, "The images of run %llu were pruned: it cannot be rolled back.",
                     id);
  if (!repair_run_undone(db, &undone_params, arena, error, &undone, &found)) return false;
  if (undone.by_run > 0)
    return error_set(error, ERROR_CONFLICT, "Run %llu was rolled back already, by run %llu.", id,
                     (unsigned long long)undone.by_run);
  *ret_row = row;
  return true;
}

static bool open_params(const struct repair_engine *engine, const struct repair_order *order, struct db *db,
                        struct arena *arena, struct error *error, struct repair_run_add_params *params) {
  if (!order->dry_run && !check_switch(&engine->config->rules, db, arena, error)) return false;
  if (order->rolls_back != 0) {
    struct repair_run_read_row row = {.id = 0};
    if (!check_undo(db, order->rolls_back, arena, error, &row)) return false;
    params->rules = row.rules;
    params->authority = row.authority;
    params->is_act = row.is_act;
    params->from_user = row.from_user;
    params->to_user = row.to_user;
    params->dry_run = false;
  } else if (!check_rules(engine, order, arena, error, &params->rules)) {
    return false;
  }
  struct repair_scope_learners_params scope = {.from_user = params->from_user, .to_user = params->to_user};
  struct repair_scope_learners_row row;
  bool found;
  if (!repair_scope_learners(db, &scope, arena, error, &row, &found)) return false;
  params->learners_in_scope = row.learners;
  return true;
}

static bool find_of_job(struct db *db, uint64_t job_id, struct arena *arena, struct error *error,
                        uint64_t *ret_run_id, bool *ret_found) {
  struct repair_run_of_job_params params = {.job_id = job_id};
  struct repair_run_of_job_row row;
  *ret_found = false;
  if (job_id == 0) return true;
  if (!repair_run_of_job(db, &params, arena, error, &row, ret_found)) return false;
  if (*ret_found) *ret_run_id = row.id;
  return true;
}

static bool open_once(const struct repair_engine *engine, const struct repair_order *order,
                      struct arena *arena, struct error *error, uint64_t *ret_run_id) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = engine->pool};
  bool is_rollback = order->rolls_back != 0;
  bool plans = order->dry_run && !is_rollback;
  struct repair_run_add_params params = {
      .kind = is_rollback ? "rollback" : "repair",
      .state = repair_state_names[plans ? REPAIR_PLANNING : REPAIR_RUNNING],
      .dry_run = plans,
      .actor = order->actor,
      .authority = repair_authority_names[order->authority],
      .from_user = order->from_user,
      .to_user = order->to_user < REPAIR_USER_MAX ? order->to_user : REPAIR_USER_MAX,
      .confirm_over_limit = order->confirm_over_limit,
      .rolls_back = order->rolls_back,
      .rolls_back_is_null = !is_rollback,
      .job_id = order->job_id,
      .job_id_is_null = order->job_id == 0};
  struct db_outcome outcome;
  bool found;
  if (!repair_borrow(engine->pool, error, &lease)) return false;
  if (!rule_set_check(engine->set, lease.db, error)) return false;
  if (!find_of_job(lease.db, order->job_id, arena, error, ret_run_id, &found)) return false;
  if (found) return true;
  if (!open_params(engine, order, lease.db, arena, error, &params)) return false;
  if (!repair_run_add(lease.db, &params, error, &outcome)) {
    if (error->code == ERROR_CONFLICT) error->code = ERROR_TRANSIENT; /* the job's other try was faster */
    return false;
  }
  if (!db_commit(lease.db, error)) return false;
  *ret_run_id = outcome.insert_id;
  return true;
}

bool repair_open(const struct repair_engine *engine, const struct repair_order *order, struct arena *arena,
                 struct error *error, uint64_t *ret_run_id) {
  for (unsigned tries = 1;; tries++) {
    if (open_once(engine, order, arena, error, ret_run_id)) return true;
    if (error->code != ERROR_TRANSIENT || tries == REPAIR_TRIES_MAX) return repair_give_up(error);
    error_clear(error);
    repair_pause_before_retry(tries);
  }
}

/* --- The end ------------------------------------------------------------------------------------------ */

static bool end_once(const struct repair_engine *engine, const struct repair_run_end_params *params,
                     struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = engine->pool};
  if (!repair_borrow(engine->pool, error, &lease)) return false;
  return repair_run_end(lease.db, params, error, NULL) && db_commit(lease.db, error);
}

static bool end_run(const struct repair_engine *engine, const struct repair_run_end_params *params,
                    struct error *error) {
  for (unsigned tries = 1;; tries++) {
    if (end_once(engine, params, error)) return true;
    if (error->code != ERROR_TRANSIENT || tries == REPAIR_TRIES_MAX) return repair_give_up(error);
    error_clear(error);
    repair_pause_before_retry(tries);
  }
}

bool repair_close(const struct repair_engine *engine, uint64_t run_id, struct arena *arena,
                  struct error *error) {
  struct repair_run run;
  struct repair_work work;
  char digest[REPAIR_DIGEST_BYTES];
  if (!repair_begin(engine, run_id, NULL, arena, error, &run, &work)) return false;
  struct repair_run_end_params params = {
      .run_id = run_id, .state = repair_state_names[run.dry_run ? REPAIR_PLANNED : REPAIR_DONE]};
  if (run.dry_run) {
    if (!repair_plan_digest(&work, error, digest)) return false;
    params.digest = digest;
  }
  return end_run(engine, &params, error);
}

bool repair_abandon(const struct repair_engine *engine, uint64_t run_id, enum repair_state state,
                    const char *why, struct error *error) {
  struct repair_run_end_params params = {.run_id = run_id, .state = repair_state_names[state], .error = why};
  return end_run(engine, &params, error);
}

bool repair_run(const struct repair_engine *engine, const struct repair_order *order, struct arena *arena,
                struct error *error, uint64_t *ret_run_id) {
  uint64_t run_id;
  if (!repair_open(engine, order, arena, error, &run_id)) return false;
  bool done = repair_measure(engine, run_id, NULL, arena, error) &&
              repair_range(engine, run_id, 0, REPAIR_USER_MAX, NULL, arena, error) &&
              repair_close(engine, run_id, arena, error);
  if (done) {
    *ret_run_id = run_id;
    return true;
  }
  struct error ignored = ERROR_INIT;
  if (!repair_abandon(engine, run_id, REPAIR_FAILED, error->message, &ignored)) return false;
  return false;
}
