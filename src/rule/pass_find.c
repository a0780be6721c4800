/* What the rules find among the learners of one range, counted as their rows arrive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queries/pass.h"
#include "rule/pass_private.h"

#include "base/banned.h"

#define FIND_PAUSES_MAX 200000
#define FIND_SAMPLE_BYTES_MAX ((size_t)512 * 1024)
#define NS_PER_US 1000

/* The learners that have a score, ascending. */
struct find_learners {
  const struct pass_learners_row *rows;
  size_t count;
  struct learner_mark *marks;
};
struct learner_mark {
  size_t place;  /* of the last rule that the learner breaks, + 1; 0: of none */
  size_t broken; /* how many they break */
};

struct find_pauses {
  const struct pass_pauses_row *rows; /* by user id, 0: of whole rules, or of what is nobody's */
  size_t count;
};

/* One rule's turn. */
struct find_turn {
  const struct rule *rule;
  size_t place; /* of the rule, + 1 */
  uint64_t from_user;
  uint64_t to_user;
  struct find_learners *learners;
  const struct find_pauses *pauses;
  bool is_paused; /* as a whole */
  struct pass_seen *seen;
  struct pass_count *count;
};

void pass_found_free(struct pass_found *found) {
  for (size_t at = 0; at < found->rule_count; at++)
    buffer_free(&found->rules[at].sample);
}

static struct learner_mark *learner_mark(struct find_learners *learners, uint64_t user_id) {
  size_t low = 0;
  size_t high = learners->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (learners->rows[middle].id == user_id) return &learners->marks[middle];
    if (learners->rows[middle].id < user_id)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* A learner counts once a rule; one without a row of their own by the set. */
static void count_learner(struct find_turn *turn, uint64_t user_id) {
  struct learner_mark *mark = learner_mark(turn->learners, user_id);
  char text[24];
  if (user_id == RULE_NOBODY) return;
  if (mark != NULL) {
    if (mark->place == turn->place) return;
    turn->count->learners++;
    mark->place = turn->place;
    mark->broken++;
    return;
  }
  snprintf(text, sizeof text, "%llu", (unsigned long long)user_id);
  if (pass_seen_add(turn->seen, pass_hash_text(PASS_HASH_BEGIN, text))) turn->count->learners++;
}

static bool pause_is_of(const struct pass_pauses_row *pause, const struct rule_breach *breach) {
  return strcmp(pause->rule, breach->rule->name) == 0 && strcmp(pause->table_name, breach->table) == 0 &&
         strcmp(pause->row_key, breach->key) == 0;
}

static bool row_is_paused(const struct find_turn *turn, const struct rule_breach *breach) {
  if (turn->is_paused) return true;
  const struct find_pauses *pauses = turn->pauses;
  size_t low = 0;
  for (size_t high = pauses->count; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (pauses->rows[middle].user_id < breach->user_id)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < pauses->count && pauses->rows[low].user_id == breach->user_id; low++)
    if (pause_is_of(&pauses->rows[low], breach)) return true;
  return false;
}

static bool take_row(const struct db_text_row *row, void *context, struct error *error) {
  struct find_turn *turn = context;
  struct pass_count *count = turn->count;
  struct rule_breach breach;
  if (!rule_row_read(turn->rule, row, turn->from_user, turn->to_user, error, &breach)) return false;
  uint64_t hash = pass_hash_text(pass_hash_text(PASS_HASH_BEGIN, breach.table), breach.key);
  if (pass_seen_add(turn->seen, hash)) {
    count->breaches++;
    if (row_is_paused(turn, &breach)) count->paused++;
    count_learner(turn, breach.user_id);
  }
  if (count->sample_rows == PASS_SAMPLE_ROWS) return true;
  count->sample_rows++;
  return pass_sample_encode(&count->sample, &breach, error);
}

static bool rule_is_paused(const struct rule *rule, const struct find_pauses *pauses) {
  for (size_t at = 0; at < pauses->count && pauses->rows[at].user_id == 0; at++) {
    const struct pass_pauses_row *pause = &pauses->rows[at];
    bool is_whole = *pause->table_name == '\0';
    if (is_whole && (strcmp(pause->rule, "*") == 0 || strcmp(pause->rule, rule->name) == 0)) return true;
  }
  return false;
}

static bool ask_rule(struct find_turn *turn, struct db *db, struct arena *arena, struct error *error) {
  char ends[2][24];
  const char *parameters[2 * RULE_RANGES_MAX];
  snprintf(ends[0], sizeof ends[0], "%llu", (unsigned long long)turn->from_user);
  snprintf(ends[1], sizeof ends[1], "%llu", (unsigned long long)turn->to_user);
  for (size_t at = 0; at < 2 * turn->rule->range_count; at++)
    parameters[at] = ends[at % 2];
  turn->count->asked = true;
  turn->is_paused = rule_is_paused(turn->rule, turn->pauses);
  pass_seen_clear(turn->seen);
  int64_t began_ns = clock_monotonic_ns();
  if (!db_text_each(db, turn->rule->sql, parameters, 2 * turn->rule->range_count, arena, take_row, turn,
                    error))
    return false;
  turn->count->cost_us = (uint64_t)(clock_monotonic_ns() - began_ns) / NS_PER_US;
  return true;
}

static bool ask_rules(const struct pass_scope *scope, struct db *db, struct find_turn *turn,
                      struct pass_found *found, struct arena *arena, struct error *error,
                      const struct rule **ret_culprit) {
  const struct rule_set *set = scope->set;
  for (size_t at = 0; at < set->count; at++) {
    if (scope->only == NULL ? !rule_is_asked(set, at, RULE_SCOPE_ALL) : scope->only != &set->rules[at])
      continue;
    turn->rule = &set->rules[at];
    turn->place = at + 1;
    turn->count = &found->rules[at];
    if (ask_rule(turn, db, arena, error)) continue;
    *ret_culprit = turn->rule;
    return false;
  }
  return true;
}

/* The learners, and with them how far the range reaches. */
static bool read_learners(struct db *db, const struct pass_scope *scope, struct arena *arena,
                          struct error *error, struct find_learners *learners, struct pass_found *found) {
  struct pass_learners_params params = {
      .from_id = scope->from_user, .to_id = scope->to_user, .limit_rows = scope->learners_max};
  struct pass_learners_row *rows;
  size_t count;
  size_t kept = 0;
  if (!pass_learners(db, &params, arena, PASS_RANGE_LEARNERS, error, &rows, &count)) return false;
  found->last_user = count == scope->learners_max ? rows[count - 1].id : scope->to_user;
  for (size_t at = 0; at < count; at++)
    if (rows[at].is_counted) rows[kept++] = rows[at];
  *learners = (struct find_learners){
      .rows = rows, .count = kept, .marks = arena_alloc_array(arena, kept + 1, sizeof *learners->marks)};
  found->learners = kept;
  return learners->marks != NULL || error_set_memory(error);
}

static bool keep_breaches(const struct find_learners *learners, struct arena *arena, struct error *error,
                          struct pass_found *found) {
  found->broken = arena_alloc_array(arena, learners->count + 1, sizeof *found->broken);
  if (found->broken == NULL) return error_set_memory(error);
  for (size_t at = 0; at < learners->count; at++)
    if (learners->marks[at].broken > 0)
      found->broken[found->learners_in_breach++] =
          (struct pass_broken){.user_id = learners->rows[at].id, .rules = learners->marks[at].broken};
  return true;
}

static bool find_in_snapshot(const struct pass_scope *scope, struct db *db, struct arena *arena,
                             struct error *error, struct pass_found *found, const struct rule **ret_culprit) {
  CLEANUP(pass_seen_free) struct pass_seen seen = {NULL, 0, 0};
  struct find_learners learners;
  struct find_pauses pauses;
  struct pass_pauses_row *rows;
  if (!read_learners(db, scope, arena, error, &learners, found)) return false;
  struct pass_pauses_params range = {.from_id = scope->from_user, .to_id = found->last_user};
  if (!pass_pauses(db, &range, arena, FIND_PAUSES_MAX, error, &rows, &pauses.count)) return false;
  pauses.rows = rows;
  struct find_turn turn = {.from_user = scope->from_user,
                           .to_user = found->last_user,
                           .learners = &learners,
                           .pauses = &pauses,
                           .seen = &seen};
  if (!ask_rules(scope, db, &turn, found, arena, error, ret_culprit)) return false;
  return keep_breaches(&learners, arena, error, found);
}

bool pass_find(const struct pass_scope *scope, struct db *db, struct arena *arena, struct error *error,
               struct pass_found *ret_found, const struct rule **ret_culprit) {
  const struct rule_set *set = scope->set;
  struct pass_found found = {.rule_count = set->count};
  *ret_culprit = NULL;
  if (!rule_set_check(set, db, error)) return false;
  found.rules = arena_alloc_array(arena, set->count + 1, sizeof *found.rules);
  if (found.rules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++)
    found.rules[at].sample = (struct buffer)BUFFER_INIT(FIND_SAMPLE_BYTES_MAX);
  db_rollback(db); /* whatever the check left open */
  bool done = db_begin_snapshot(db, error) && find_in_snapshot(scope, db, arena, error, &found, ret_culprit);
  db_rollback(db);
  for (size_t at = 0; at < set->count; at++)
    if (found.rules[at].sample_rows > 0) buffer_append_char(&found.rules[at].sample, ']');
  if (done)
    *ret_found = found;
  else
    pass_found_free(&found);
  return done;
}

bool pass_find_without_culprits(const struct pass_scope *scope, struct db *db, struct arena *arena,
                                struct error *error, struct pass_found *ret_found) {
  struct arena_mark mark = arena_mark(arena);
  const struct rule *culprit;
  while (!pass_find(scope, db, arena, error, ret_found, &culprit)) {
    if (error->code != ERROR_INTERNAL || culprit == NULL || !culprit->of_site || db_is_broken(db))
      return false;
    struct error why = *error;
    error_clear(error);
    if (!rule_leave_aside(scope->set, culprit, &why, error)) return false;
    arena_rewind(arena, mark);
  }
  return true;
}
