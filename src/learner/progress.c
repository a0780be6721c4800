#include "learner/progress.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learner/document.h"
#include "learner/practice.h"
#include "learner/streak.h"
#include "queries/learner.h"
#include "schema/encode.h"

#include "base/banned.h"

#define PROGRESS_KEYS_BYTES ((size_t)2 * 1024 * 1024)

static double two_decimals(double value) { return round(value * 100) / 100; }

double progress_percent(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : two_decimals((double)part / (double)whole * 100);
}

static double completion(int64_t tokens, int64_t goal) {
  double value = progress_percent(tokens, goal);
  if (value > 100) return 100;
  return value < 0 ? 0 : value;
}

/* "number_theory" → "Number Theory": a module that nobody named. */
const char *progress_humanise(const char *key, struct arena *arena) {
  char *label = arena_strdup(arena, key);
  bool starts_word = true;
  if (label == NULL) return NULL;
  for (char *at = label; *at != '\0'; at++) {
    if (*at == '_' || *at == '-') *at = ' ';
    if (starts_word) *at = (char)toupper((unsigned char)*at);
    starts_word = *at == ' ';
  }
  return label;
}

/* A module as stored, with what the table of modules says of it. */
struct named_module {
  const struct document_module *stored;
  const char *label;
  int64_t goal_tokens;
  int64_t position; /* known ones first, by position; then by key */
};

static int compare_modules(const void *left, const void *right) {
  const struct named_module *a = left;
  const struct named_module *b = right;
  if (a->position != b->position) return a->position < b->position ? -1 : 1;
  return strcmp(a->stored->key, b->stored->key);
}

static int compare_rows(const void *left, const void *right) {
  const struct learner_modules_row *a = left;
  const struct learner_modules_row *b = right;
  return strcmp(a->module_key, b->module_key);
}

static bool read_known_modules(struct db *db, const struct document_view *view, struct arena *arena,
                               struct error *error, struct learner_modules_row **ret_rows,
                               size_t *ret_count) {
  CLEANUP(buffer_free) struct buffer keys = BUFFER_INIT(PROGRESS_KEYS_BYTES);
  for (size_t at = 0; at < view->module_count; at++) {
    buffer_append_char(&keys, at == 0 ? '[' : ',');
    json_append_text(&keys, view->modules[at].key);
  }
  buffer_append_char(&keys, ']');
  if (keys.failed) return error_set_memory(error);
  struct learner_modules_params params = {.module_keys = keys.data};
  if (!learner_modules(db, &params, arena, DOCUMENT_MODULES_MAX, error, ret_rows, ret_count)) return false;
  if (*ret_count > 1) qsort(*ret_rows, *ret_count, sizeof **ret_rows, compare_rows);
  return true;
}

static bool name_modules(struct db *db, const struct progress_config *config,
                         const struct document_view *view, struct arena *arena, struct error *error,
                         struct named_module **ret_modules) {
  struct learner_modules_row *rows = NULL;
  size_t row_count = 0;
  struct named_module *modules = arena_alloc_array(arena, view->module_count, sizeof *modules);
  if (modules == NULL) return error_set_memory(error);
  if (view->module_count > 0 && !read_known_modules(db, view, arena, error, &rows, &row_count)) return false;
  for (size_t at = 0; at < view->module_count; at++) {
    struct learner_modules_row wanted = {.module_key = view->modules[at].key};
    const struct learner_modules_row *row =
        row_count == 0 ? NULL : bsearch(&wanted, rows, row_count, sizeof *rows, compare_rows);
    modules[at] =
        (struct named_module){.stored = &view->modules[at],
                              .label = row != NULL ? row->label : progress_humanise(wanted.module_key, arena),
                              .goal_tokens = row != NULL ? (int64_t)row->goal_tokens : config->goal_tokens,
                              .position = row != NULL ? row->position : INT64_MAX};
    if (modules[at].label == NULL) return error_set_memory(error);
  }
  qsort(modules, view->module_count, sizeof *modules, compare_modules);
  *ret_modules = modules;
  return true;
}

static struct progress_entry overall_entry(const struct progress_config *config,
                                           const struct learner_totals_row *totals,
                                           const struct document_view *view) {
  return (struct progress_entry){.category = "overall",
                                 .label = "Overall Progress",
                                 .score = totals->tokens,
                                 .completion = completion(totals->tokens, config->goal_tokens),
                                 .questions_answered = totals->questions_answered,
                                 .correct_answers = totals->correct_answers,
                                 .accuracy =
                                     progress_percent(totals->correct_answers, totals->questions_answered),
                                 .module_data = view->global_stats};
}

static struct progress_entry module_entry(const struct named_module *module) {
  const struct document_totals *totals = &module->stored->totals;
  return (struct progress_entry){.category = module->stored->key,
                                 .label = module->label,
                                 .score = totals->tokens,
                                 .completion = completion(totals->tokens, module->goal_tokens),
                                 .questions_answered = totals->questions,
                                 .correct_answers = totals->correct,
                                 .accuracy = progress_percent(totals->correct, totals->questions),
                                 .module_data = module->stored->progress};
}

static bool read_entries(struct db *db, const struct progress_config *config,
                         const struct learner_totals_row *totals, const struct document_view *view,
                         struct arena *arena, struct error *error, struct field_list *ret_entries) {
  struct named_module *modules = NULL;
  if (!name_modules(db, config, view, arena, error, &modules)) return false;
  struct progress_entry *entries = arena_alloc_array(arena, view->module_count + 1, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  entries[0] = overall_entry(config, totals, view);
  for (size_t at = 0; at < view->module_count; at++)
    entries[at + 1] = module_entry(&modules[at]);
  *ret_entries = (struct field_list){.items = entries, .count = view->module_count + 1};
  return true;
}

static double percentile(uint64_t learners, bool above_all, uint64_t below) {
  return progress_percent((int64_t)(above_all ? learners : below), (int64_t)learners);
}

static bool read_stats(struct db *db, const struct learner_totals_row *totals,
                       const struct document_view *view, struct arena *arena, struct error *error,
                       struct progress_stats *ret_stats) {
  struct learner_percentiles_row row;
  bool found;
  double accuracy = totals->questions_answered <= 0
                        ? 0
                        : (double)totals->correct_answers / (double)totals->questions_answered * 100;
  struct learner_percentiles_params params = {.tokens = (double)totals->tokens, .accuracy = accuracy};
  if (!learner_percentiles(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "The row of shared_version is missing.");
  *ret_stats = (struct progress_stats){
      .total_tokens = totals->tokens,
      .total_questions = totals->questions_answered,
      .total_correct = totals->correct_answers,
      .accuracy = two_decimals(accuracy),
      .token_percentile = percentile(row.learners, row.tokens_below_is_null, row.tokens_below),
      .accuracy_percentile = percentile(row.learners, row.accuracy_below_is_null, row.accuracy_below),
      .percentiles_as_of_ms = row.as_of_is_null ? 0 : row.as_of,
      .percentiles_as_of_given = row.as_of_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
      .synced = true,
      .last_sync = view->last_sync};
  return true;
}

static bool read_streak(struct db *db, const struct learner_totals_row *totals, uint64_t user_id,
                        int32_t today, struct arena *arena, struct error *error,
                        struct progress_streak *ret_streak) {
  struct learner_practice_days_params params = {.user_id = user_id};
  struct learner_practice_days_row *rows;
  size_t count;
  if (!learner_practice_days(db, &params, arena, PRACTICE_DAYS_MAX, error, &rows, &count)) return false;
  int32_t *days = arena_alloc_array(arena, count, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  bool practiced_today = false;
  for (size_t at = 0; at < count; at++) {
    days[at] = rows[at].day;
    if (days[at] == today) practiced_today = true;
  }
  /* The days prove the streak; the profile may remember a longer one from before they were kept. */
  struct streak streak = streak_from_days(days, count);
  if (!totals->longest_streak_is_null && totals->longest_streak > streak.longest)
    streak.longest = totals->longest_streak;
  *ret_streak =
      (struct progress_streak){.current = streak_current_on(&streak, today),
                               .longest = streak.longest,
                               .last_practice_date = streak.last_day,
                               .last_practice_date_given = streak.practised ? PRESENCE_GIVEN : PRESENCE_NULL,
                               .practiced_today = practiced_today,
                               .practice_dates = {.items = days, .count = count}};
  return true;
}

bool progress_read(struct db *db, const struct progress_config *config, uint64_t user_id, int32_t today,
                   struct arena *arena, struct error *error, struct progress_reply *ret_reply) {
  struct learner_totals_params params = {.user_id = user_id};
  struct learner_totals_row totals;
  struct document_view view;
  struct progress_reply reply;
  bool found;
  if (!learner_totals(db, &params, arena, error, &totals, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  if (!document_read(totals.document, arena, error, &view)) return false;
  if (!read_entries(db, config, &totals, &view, arena, error, &reply.progress)) return false;
  if (!read_stats(db, &totals, &view, arena, error, &reply.stats)) return false;
  if (!read_streak(db, &totals, user_id, today, arena, error, &reply.streak)) return false;
  *ret_reply = reply;
  return true;
}
