/* Passes as they are shown; and one learner, looked at now. */
#include <string.h>

#include "base/clock.h"
#include "queries/pass.h"
#include "rule/pass_private.h"

#include "base/banned.h"

#define READ_RULES_MAX 1000

static const struct rule *rule_named(const struct rule_set *set, const char *name) {
  for (size_t at = 0; at < set->count; at++)
    if (strcmp(set->rules[at].name, name) == 0) return &set->rules[at];
  return NULL;
}

static enum rule_severity severity_named(const char *name) {
  int at = 0;
  while (rule_severity_names[at + 1] != NULL && strcmp(rule_severity_names[at], name) != 0)
    at++;
  return (enum rule_severity)at;
}

static bool read_results(const struct repair_engine *engine, struct db *db, struct arena *arena,
                         struct error *error, struct pass_summary *pass) {
  struct pass_results_params params = {.pass_id = pass->id};
  struct pass_results_row *rows;
  size_t count;
  if (!pass_results(db, &params, arena, READ_RULES_MAX, error, &rows, &count)) return false;
  struct pass_rule *rules = arena_alloc_array(arena, count + 1, sizeof *rules);
  if (rules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct rule *rule = rule_named(engine->set, rows[at].rule);
    rules[at] = (struct pass_rule){.rule = rows[at].rule,
                                   .summary = rule == NULL ? NULL : rule->summary,
                                   .severity = severity_named(rows[at].severity),
                                   .breaches = rows[at].breaches,
                                   .paused = rows[at].paused,
                                   .learners = rows[at].learners,
                                   .cost_us = rows[at].cost_us};
    if (!pass_sample_decode(rows[at].sample, arena, error, &rules[at])) return false;
  }
  pass->rules = rules;
  pass->rule_count = count;
  return true;
}

bool pass_read_last(const struct repair_engine *engine, struct db *db, enum pass_kind kind,
                    struct arena *arena, struct error *error, struct pass_summary *ret_pass,
                    bool *ret_found) {
  struct pass_last_params params = {.kind = pass_kind_names[kind]};
  struct pass_last_row row;
  bool found;
  if (!pass_last(db, &params, arena, error, &row, &found)) return false;
  if (found) {
    struct pass_summary pass = {.id = row.id,
                                .kind = kind,
                                .learners = row.learners,
                                .learners_in_breach = row.learners_in_breach,
                                .score = row.score,
                                .started_at_ms = row.started_at,
                                .as_of_ms = row.finished_at};
    if (!read_results(engine, db, arena, error, &pass)) return false;
    *ret_pass = pass;
  }
  *ret_found = found;
  return true;
}

bool pass_list(struct db *db, enum pass_kind kind, uint64_t before_id, size_t limit, struct arena *arena,
               struct error *error, struct pass_summary **ret_passes, size_t *ret_count) {
  struct pass_scores_params params = {.kind = pass_kind_names[kind],
                                      .before_id = before_id == 0 ? INT64_MAX : before_id,
                                      .limit_rows = limit};
  struct pass_scores_row *rows;
  size_t count;
  if (!pass_scores(db, &params, arena, limit, error, &rows, &count)) return false;
  struct pass_summary *passes = arena_alloc_array(arena, count + 1, sizeof *passes);
  if (passes == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    passes[at] = (struct pass_summary){.id = rows[at].id,
                                       .kind = kind,
                                       .learners = rows[at].learners,
                                       .learners_in_breach = rows[at].learners_in_breach,
                                       .score = rows[at].score,
                                       .started_at_ms = rows[at].started_at,
                                       .as_of_ms = rows[at].finished_at};
  *ret_passes = passes;
  *ret_count = count;
  return true;
}

/* What was found of one, in the shape of a pass. */
static bool summarise(const struct repair_engine *engine, struct pass_found *found, struct arena *arena,
                      struct error *error, struct pass_summary *pass) {
  struct pass_rule *rules = arena_alloc_array(arena, found->rule_count + 1, sizeof *rules);
  size_t breached = 0;
  if (rules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < found->rule_count; at++) {
    struct pass_count *counted = &found->rules[at];
    if (!counted->asked) continue;
    const struct rule *rule = rule_set_at(engine->set, at);
    struct pass_rule *shown = &rules[pass->rule_count++];
    *shown = (struct pass_rule){.rule = rule->name,
                                .summary = rule->summary,
                                .severity = rule->severity,
                                .breaches = counted->breaches,
                                .paused = counted->paused,
                                .learners = counted->learners,
                                .cost_us = counted->cost_us};
    if (counted->breaches == 0) continue;
    breached++;
    if (!pass_sample_decode(buffer_text(&counted->sample), arena, error, shown)) return false;
  }
  pass->rules = rules;
  pass->score = pass_score_of(breached, pass->rule_count);
  pass->learners = found->learners;
  pass->learners_in_breach = found->learners_in_breach;
  return true;
}

bool pass_look(const struct repair_engine *engine, struct db *db, uint64_t user_id, struct arena *arena,
               struct error *error, struct pass_summary *ret_pass) {
  CLEANUP(pass_found_free) struct pass_found found = {.rule_count = 0};
  struct pass_summary pass = {.kind = PASS_VALIDATE, .started_at_ms = clock_now_ms()};
  const struct pass_scope scope = {
      .set = engine->set, .from_user = user_id, .to_user = user_id, .learners_max = PASS_RANGE_LEARNERS};
  if (!pass_find_without_culprits(&scope, db, arena, error, &found)) return false;
  if (found.learners == 0) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  if (!summarise(engine, &found, arena, error, &pass)) return false;
  pass.as_of_ms = clock_now_ms();
  *ret_pass = pass;
  return true;
}

/* Adds what a step found. */
static bool try_add(const struct pass_count *counted, struct arena *arena, struct error *error,
                    struct pass_rule *result) {
  struct pass_rule step = {.sample_count = 0};
  result->breaches += counted->breaches;
  result->paused += counted->paused;
  result->learners += counted->learners;
  result->cost_us += counted->cost_us;
  if (counted->sample_rows == 0 || result->sample_count == PASS_SAMPLE_ROWS) return true;
  if (!pass_sample_decode(buffer_text(&counted->sample), arena, error, &step)) return false;
  for (size_t at = 0; at < step.sample_count && result->sample_count < PASS_SAMPLE_ROWS; at++)
    result->sample[result->sample_count++] = step.sample[at];
  return true;
}

bool pass_try(const struct rule_set *set, const struct rule *rule, struct db *db,
              const struct pass_extent *extent, struct arena *arena, struct error *error,
              struct pass_rule *ret_result, uint64_t *ret_learners) {
  struct pass_rule result = {.rule = rule->name, .summary = rule->summary, .severity = rule->severity};
  struct pass_scope scope = {
      .set = set, .only = rule, .from_user = extent->from_user, .to_user = extent->to_user};
  uint64_t learners = 0;
  result.sample = arena_alloc_array(arena, PASS_SAMPLE_ROWS, sizeof *result.sample);
  if (result.sample == NULL) return error_set_memory(error);
  while (learners < extent->learners_max && scope.from_user <= extent->to_user) {
    CLEANUP(pass_found_free) struct pass_found found = {.rule_count = 0};
    const struct rule *culprit;
    uint64_t left = extent->learners_max - learners;
    scope.learners_max = left < PASS_RANGE_LEARNERS ? left : PASS_RANGE_LEARNERS;
    if (!pass_find(&scope, db, arena, error, &found, &culprit) ||
        !try_add(&found.rules[rule - set->rules], arena, error, &result))
      return false;
    learners += found.learners;
    if (found.last_user == extent->to_user) break;
    scope.from_user = found.last_user + 1;
  }
  *ret_result = result;
  *ret_learners = learners;
  return true;
}
