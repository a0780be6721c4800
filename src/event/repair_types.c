#include "event/repair_types.h"

#include <stdio.h>
#include <string.h>

#include "sync/sync_order.h"

#include "base/banned.h"

#define KNOWN_BYTES ((size_t)1024)

#define DATA "data_inconsistency"           /* figures that are not what the events prove */
#define STATUS "completion_status_conflict" /* done here, open there */
#define MOMENT "timestamp_mismatch"         /* when it was done */
#define TWICE "duplicate_event"             /* counted more than once */
#define FAILED "failed_event"               /* never processed */

const struct repair_type repair_types[] = {
    {DATA, "activities_match_events"},
    {DATA, "activity_days_match_events"},
    {DATA, "summary_matches_events"},
    {DATA, "path_progress_matches_steps"},
    {DATA, "journey_matches_progress"},
    {STATUS, "activities_match_events"},
    {STATUS, "completed_activity_completes_step"},
    {STATUS, "completed_entry_completes_todo"},
    {STATUS, "completed_item_completes_video"},
    {STATUS, "completed_todo_completes_schedule"},
    {STATUS, "completed_video_completes_schedule"},
    {STATUS, "completed_video_completes_todo"},
    {STATUS, "path_progress_matches_steps"},
    {MOMENT, "activities_match_events"},
    {TWICE, "activity_days_match_events"},
    {TWICE, "summary_matches_events"},
    {FAILED, "event_is_processed"},
};
const size_t repair_type_count = ARRAY_LENGTH(repair_types);

static bool is_in_use(const struct rule_set *set, const char *rule) {
  for (size_t at = 0; at < rule_set_count(set); at++)
    if (strcmp(rule_set_at(set, at)->name, rule) == 0) return rule_set_in_use(set, at);
  return false;
}

static void add(struct field_list *rules, const char *rule) {
  const char **items = rules->items;
  for (size_t at = 0; at < rules->count; at++)
    if (strcmp(items[at], rule) == 0) return;
  items[rules->count++] = rule;
}

/* False: it is neither a type nor a rule that may be named. */
static bool take(const char *word, const struct rule_set *set, bool any_rule, struct field_list *rules) {
  bool is_known = any_rule && sync_order_knows(set, word);
  if (is_known) add(rules, word);
  for (size_t at = 0; at < repair_type_count; at++) {
    const struct repair_type *row = &repair_types[at];
    if (strcmp(row->type, word) != 0 && strcmp(row->rule, word) != 0) continue;
    is_known = true;
    if (is_in_use(set, row->rule)) add(rules, row->rule);
  }
  return is_known;
}

/* Each once: the rows of a type stand together. */
static void print_types(struct buffer *types) {
  for (size_t at = 0; at < repair_type_count; at++)
    if (at == 0 || strcmp(repair_types[at].type, repair_types[at - 1].type) != 0)
      buffer_printf(types, "%s%s", at == 0 ? "" : ", ", repair_types[at].type);
}

static bool refuse(const struct error *complaints, struct error *error) {
  CLEANUP(buffer_free) struct buffer known = BUFFER_INIT(KNOWN_BYTES);
  print_types(&known);
  error_set(error, ERROR_UNPROCESSABLE, "Known are %s, and the rules about events.", buffer_text(&known));
  for (size_t at = 0; at < complaints->field_count; at++)
    error_add_field(error, ERROR_UNPROCESSABLE, complaints->fields[at].field, "%s",
                    complaints->fields[at].message);
  return false;
}

bool repair_types_settle(const struct field_list *types, const struct rule_set *set, bool any_rule,
                         struct arena *arena, struct error *error, struct field_list *ret_rules) {
  const char *const *words = types->items;
  struct error complaints = ERROR_INIT;
  struct field_list rules = {
      .items = arena_alloc_array(arena, repair_type_count + types->count, sizeof(const char *))};
  if (rules.items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < types->count; at++) {
    char field[ERROR_FIELD_NAME_BYTES];
    if (take(words[at], set, any_rule, &rules)) continue;
    snprintf(field, sizeof field, "inconsistencyTypes[%zu]", at);
    error_add_field(&complaints, ERROR_UNPROCESSABLE, field,
                    "is neither a kind of inconsistency nor a rule about events");
  }
  if (complaints.code == ERROR_NONE && rules.count == 0)
    error_add_field(&complaints, ERROR_UNPROCESSABLE, "inconsistencyTypes",
                    "stand for no rule that is in use");
  if (complaints.code != ERROR_NONE) return refuse(&complaints, error);
  *ret_rules = rules;
  return true;
}
