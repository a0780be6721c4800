/* What no repair touches until it is resumed. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

static bool check_rule(const struct repair_engine *engine, const char *rule, struct error *error) {
  if (strcmp(rule, "*") == 0 || repair_rule_named(engine->set, rule) != NULL) return true;
  return error_set(error, ERROR_NOT_FOUND, "There is no rule %.64s.", rule);
}

bool repair_pause(const struct repair_engine *engine, struct db *db, const char *rule, const char *actor,
                  struct error *error) {
  struct repair_pause_add_params params = {.rule = rule, .actor = actor};
  if (!check_rule(engine, rule, error)) return false;
  return (repair_pause_add(db, &params, error, NULL) && db_commit(db, error)) || repair_give_up(error);
}

/* A rule that is gone can be resumed still. */
bool repair_resume(const struct repair_engine *engine, struct db *db, const char *rule, bool rows_too,
                   uint64_t run_id, struct error *error, uint64_t *ret_ended) {
  struct repair_resume_rule_params of_rule = {.rule = rule, .rows_too = rows_too};
  struct repair_resume_run_params of_run = {.run_id = run_id, .rule = rule};
  struct db_outcome outcome;
  (void)engine;
  if (run_id == 0 && rule == NULL) return error_set(error, ERROR_MALFORMED, "A rule or a run is resumed.");
  bool ended = run_id != 0 ? repair_resume_run(db, &of_run, error, &outcome)
                           : repair_resume_rule(db, &of_rule, error, &outcome);
  if (!ended || !db_commit(db, error)) return repair_give_up(error);
  *ret_ended = outcome.affected;
  return true;
}
