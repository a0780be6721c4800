/* validate: what holds and what does not. */
#include <inttypes.h>

#include "base/clock.h"
#include "programs/ctl_sync.h"
#include "rule/pass.h"
#include "schema/encode.h"
#include "sync/sync_pass.h"

#include "base/banned.h"

struct validate_options {
  uint64_t user_id;
  enum presence user_given;
  bool refresh;
  bool json;
};

static const struct field validate_fields[] = {
    FIELD_UINT(struct validate_options, "user", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct validate_options, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only this learner, as things stand now."),
    FIELD_BOOL(struct validate_options, "refresh", refresh,
               .summary = "Begin a new pass over everybody, and wait for its end."),
    FIELD_BOOL(struct validate_options, "json", json, .summary = "As one JSON object, with the rows."),
};
const struct schema ctl_validate_options =
    SCHEMA("CtlValidate", struct validate_options, validate_fields, .summary = "About whom.");

static const struct ctl_column rule_columns[] = {{"RULE", false, false},     {"STATE", false, false},
                                                 {"SEVERITY", false, false}, {"BREACHES", true, false},
                                                 {"PAUSED", true, false},    {"LEARNERS", true, false},
                                                 {"MS", true, false},        {"WHAT HOLDS", false, true}};

static const char *const state_texts[] = {"unknown", "holds", "breached", "paused", "left aside"};

static enum ctl_colour colour_of(int state) {
  switch (state) {
  case SYNC_RULE_HOLDS:
    return CTL_GREEN;
  case SYNC_RULE_BREACHED:
    return CTL_RED;
  case SYNC_RULE_PAUSED:
  case SYNC_RULE_LEFT_ASIDE:
    return CTL_YELLOW;
  default:
    return CTL_FAINT;
  }
}

static bool print_rules(const struct ctl *ctl, const struct sync_pass *pass, struct error *error) {
  const struct sync_rule *rules = pass->rules.items;
  struct ctl_table table;
  if (!ctl_table_open(&table, ctl, rule_columns, ARRAY_LENGTH(rule_columns), pass->rules.count, error))
    return false;
  for (size_t at = 0; at < pass->rules.count; at++) {
    const struct sync_rule *rule = &rules[at];
    const char *cost = arena_printf(ctl->arena, "%.1f", rule->cost_ms);
    const char *cells[] = {rule->name,
                           state_texts[rule->state],
                           rule->severity,
                           ctl_number(ctl, (int64_t)rule->breaches),
                           ctl_number(ctl, (int64_t)rule->paused),
                           ctl_number(ctl, (int64_t)rule->learners),
                           cost,
                           rule->summary};
    ctl_table_add(&table, colour_of(rule->state), cells);
  }
  ctl_table_print(&table, stdout);
  return true;
}

static const struct ctl_column row_columns[] = {
    {"LEARNER", true, false}, {"RULE", false, true},   {"ROW", false, true},   {"DO", false, false},
    {"COLUMN", false, true},  {"ACTUAL", false, true}, {"WANTED", false, true}};

static bool add_row(struct ctl_table *table, const char *rule, const struct sync_breach *row,
                    struct error *error) {
  const struct ctl *ctl = table->ctl;
  const char *place = arena_printf(ctl->arena, "%s %s", row->table, row->key);
  if (place == NULL) return error_set_memory(error);
  const char *cells[] = {ctl_number(ctl, (int64_t)row->user_id),
                         rule,
                         place,
                         row->action,
                         row->column,
                         ctl_excerpt(ctl, row->actual, row->wanted),
                         ctl_excerpt(ctl, row->wanted, row->actual)};
  ctl_table_add(table, CTL_PLAIN, cells);
  return true;
}

/* Of one learner all that was found is shown; of everybody, there are counts. */
static bool print_rows(const struct ctl *ctl, const struct sync_pass *pass, struct error *error) {
  const struct sync_rule *rules = pass->rules.items;
  struct ctl_table table;
  size_t count = 0;
  for (size_t at = 0; at < pass->rules.count; at++)
    count += rules[at].rows.count;
  if (count == 0) return true;
  if (!ctl_table_open(&table, ctl, row_columns, ARRAY_LENGTH(row_columns), count, error)) return false;
  for (size_t at = 0; at < pass->rules.count; at++) {
    const struct sync_breach *rows = rules[at].rows.items;
    for (size_t row = 0; row < rules[at].rows.count; row++)
      if (!add_row(&table, rules[at].name, &rows[row], error)) return false;
  }
  (void)printf("\n");
  ctl_table_print(&table, stdout);
  return true;
}

static bool print_pass(const struct ctl *ctl, const struct sync_pass *pass, struct error *error) {
  if (pass->as_of_given != PRESENCE_GIVEN)
    (void)printf("No pass has run yet; validate --refresh runs one.\n\n");
  else if (pass->user_given == PRESENCE_GIVEN)
    (void)printf("Learner %" PRIu64 ", score %.2f\n\n", pass->user_id, pass->score);
  else
    (void)printf("As of %s: %s of %s learners break a rule; score %.4f\n\n", ctl_time(ctl, pass->as_of_ms),
                 ctl_number(ctl, (int64_t)pass->learners_in_breach), ctl_number(ctl, (int64_t)pass->learners),
                 pass->score);
  return print_rules(ctl, pass, error) &&
         (pass->user_given != PRESENCE_GIVEN || print_rows(ctl, pass, error));
}

static bool read_pass(struct ctl *ctl, const struct ctl_sync *sync, const struct validate_options *options,
                      struct error *error, struct sync_pass *ret_pass) {
  struct sync_pauses pauses;
  struct pass_summary summary;
  bool found = true;
  bool is_one = options->user_given == PRESENCE_GIVEN;
  if (!sync_pauses_read(ctl->db, ctl->arena, error, &pauses)) return false;
  if (is_one ? !pass_look(&sync->engine, ctl->db, options->user_id, ctl->arena, error, &summary)
             : !pass_read_last(&sync->engine, ctl->db, PASS_VALIDATE, ctl->arena, error, &summary, &found))
    return false;
  if (!sync_pass_take(sync->set, found ? &summary : NULL, &pauses, ctl->arena, error, ret_pass)) return false;
  if (is_one) {
    ret_pass->as_of_ms = clock_now_ms();
    ret_pass->user_id = options->user_id;
    ret_pass->user_given = PRESENCE_GIVEN;
  }
  ret_pass->message = found ? "" : "No pass has run yet.";
  return true;
}

bool ctl_validate_run(struct ctl *ctl, const void *options_struct, struct error *error) {
  CLEANUP(ctl_sync_close) struct ctl_sync sync = {.set = NULL};
  static const struct job_order order = {.kind = "validate", .priority = 5, .dedupe_key = "validate:refresh"};
  const struct validate_options *options = options_struct;
  struct sync_pass pass;
  uint64_t pass_id;
  if (!ctl_sync_open(ctl, error, &sync)) return false;
  if (options->refresh && !ctl_sync_await(ctl, &order, error, &pass_id)) return false;
  bool done = read_pass(ctl, &sync, options, error, &pass);
  db_rollback(ctl->db);
  if (!done) return false;
  if (pass.learners_in_breach > 0 || pass.as_of_given != PRESENCE_GIVEN) ctl->outcome = CTL_EXIT_FAILED;
  if (!options->json) return print_pass(ctl, &pass, error);
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  schema_encode_json(&sync_pass_schema, &pass, &text);
  buffer_append_char(&text, '\n');
  return ctl_write(&text, error);
}
