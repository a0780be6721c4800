#include "sync/sync_pass.h"

#include <string.h>

#include "queries/sync.h"
#include "sync/sync_order.h"

#include "base/banned.h"

#define PAUSES_MAX 1000
#define RULES_MAX 1000
#define US_PER_MS 1000.0

static const char *const state_names[] = {"unknown", "holds", "breached", "paused", "left_aside", NULL};

static const struct field breach_fields[] = {
    FIELD_UINT(struct sync_breach, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "Whose row it is."),
    FIELD_TEXT(struct sync_breach, "table", table, .flags = FIELD_REQUIRED, .summary = "The table."),
    FIELD_JSON(struct sync_breach, "key", key, .flags = FIELD_REQUIRED, .summary = "The row's primary key."),
    FIELD_TEXT(struct sync_breach, "action", action, .flags = FIELD_REQUIRED,
               .summary = "set, insert, delete, or report where a person must decide."),
    FIELD_TEXT(struct sync_breach, "column", column, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The column."),
    FIELD_TEXT(struct sync_breach, "actual", actual, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What stands there."),
    FIELD_TEXT(struct sync_breach, "wanted", wanted, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What should stand there."),
};
static const struct schema breach_schema =
    SCHEMA("Breach", struct sync_breach, breach_fields, .summary = "One row that breaks a rule.");

#define ROW_NAME \
  FIELD_TEXT(struct sync_rule, "name", name, .flags = FIELD_REQUIRED, .summary = "The rule's name.")
#define ROW_BREACHES \
  FIELD_UINT(struct sync_rule, "breaches", breaches, .flags = FIELD_REQUIRED, \
             .summary = "Rows that break it, paused ones included.")
#define ROW_PAUSED \
  FIELD_UINT(struct sync_rule, "paused", paused, .flags = FIELD_REQUIRED, \
             .summary = "Of those, rows that no repair touches until they are resumed.")
#define ROW_LEARNERS \
  FIELD_UINT(struct sync_rule, "learners", learners, .flags = FIELD_REQUIRED, \
             .summary = "Learners in breach of it.")
#define ROW_COST \
  FIELD_NUMBER(struct sync_rule, "costMs", cost_ms, .flags = FIELD_REQUIRED, \
               .summary = "What it cost the database in the pass.")

static const struct field rule_fields[] = {
    ROW_NAME,
    FIELD_TEXT(struct sync_rule, "summary", summary, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What holds; null when there is no such rule any more."),
    FIELD_TEXT(struct sync_rule, "severity", severity, .flags = FIELD_REQUIRED,
               .summary = "info, warning or critical."),
    FIELD_ENUM(struct sync_rule, "state", state, .names = state_names, .flags = FIELD_REQUIRED,
               .summary = "unknown: no pass has asked it yet. paused: it is not repaired. left_aside: it is "
                          "broken itself."),
    ROW_BREACHES,
    ROW_PAUSED,
    ROW_LEARNERS,
    ROW_COST,
    FIELD_LIST(struct sync_rule, "rows", rows, .object = &breach_schema, .flags = FIELD_REQUIRED,
               .maximum = PASS_SAMPLE_ROWS, .summary = "Some of the rows that break it."),
};
static const struct schema rule_schema =
    SCHEMA("RuleResult", struct sync_rule, rule_fields, .summary = "What a pass found by one rule.");

#define ROW_PASS_ID \
  FIELD_UINT(struct sync_pass, "passId", id, .presence = PRESENCE(struct sync_pass, id_given), \
             .summary = "The pass.")
#define ROW_SCORE \
  FIELD_NUMBER(struct sync_pass, "score", score, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
               .presence = PRESENCE(struct sync_pass, as_of_given), \
               .summary = "Of all: the share of learners who break no rule. Of one: 1 less the share of " \
                          "rules in breach, at least 0.01.")
#define ROW_PASS_LEARNERS \
  FIELD_UINT(struct sync_pass, "learners", learners, .flags = FIELD_REQUIRED, \
             .summary = "Learners looked at.")
#define ROW_IN_BREACH \
  FIELD_UINT(struct sync_pass, "learnersInBreach", learners_in_breach, .flags = FIELD_REQUIRED, \
             .summary = "Learners who break a rule.")

static const struct field pass_fields[] = {
    FIELD_TIME(struct sync_pass, "asOf", as_of_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct sync_pass, as_of_given),
               .summary = "The moment of which this tells; null: no pass has run yet."),
    FIELD_TEXT(struct sync_pass, "message", message, .flags = FIELD_REQUIRED,
               .summary = "The same in words."),
    FIELD_UINT(struct sync_pass, "jobId", job_id, .presence = PRESENCE(struct sync_pass, job_given),
               .summary = "The job of a new pass (202)."),
    ROW_PASS_ID,
    FIELD_UINT(struct sync_pass, "userId", user_id, .presence = PRESENCE(struct sync_pass, user_given),
               .summary = "The one learner that was asked about."),
    ROW_SCORE,
    ROW_PASS_LEARNERS,
    ROW_IN_BREACH,
    FIELD_LIST(struct sync_pass, "rules", rules, .object = &rule_schema, .flags = FIELD_REQUIRED,
               .maximum = RULES_MAX, .summary = "Every rule, in the order of the repairs."),
};
const struct schema sync_pass_schema =
    SCHEMA("Validation", struct sync_pass, pass_fields, .summary = "What holds, and what does not.");

static const struct field reported_rule_fields[] = {ROW_NAME, ROW_BREACHES, ROW_PAUSED, ROW_LEARNERS,
                                                    ROW_COST};
static const struct schema reported_rule_schema = SCHEMA(
    "ReportedRule", struct sync_rule, reported_rule_fields, .summary = "What a pass found by one rule.");
static const struct field report_fields[] = {
    ROW_PASS_ID,
    ROW_SCORE,
    ROW_PASS_LEARNERS,
    ROW_IN_BREACH,
    FIELD_LIST(struct sync_pass, "rules", rules, .object = &reported_rule_schema, .flags = FIELD_REQUIRED,
               .maximum = RULES_MAX, .summary = "Every rule."),
};
const struct schema sync_report_schema =
    SCHEMA("PassReport", struct sync_pass, report_fields, .summary = "What a pass found.");

static const struct field score_fields[] = {
    FIELD_UINT(struct pass_summary, "passId", id, .flags = FIELD_REQUIRED, .summary = "The pass."),
    FIELD_NUMBER(struct pass_summary, "score", score, .flags = FIELD_REQUIRED,
                 .summary = "The share of learners who broke no rule, at least 0.01."),
    FIELD_UINT(struct pass_summary, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Learners looked at."),
    FIELD_UINT(struct pass_summary, "learnersInBreach", learners_in_breach, .flags = FIELD_REQUIRED,
               .summary = "Learners who broke a rule."),
    FIELD_TIME(struct pass_summary, "startedAt", started_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it began."),
    FIELD_TIME(struct pass_summary, "asOf", as_of_ms, .flags = FIELD_REQUIRED, .summary = "When it ended."),
};
const struct schema sync_score_schema =
    SCHEMA("Score", struct pass_summary, score_fields, .summary = "The platform's score as of one pass.");

/* --- Pauses -------------------------------------------------------------------------------------- */

bool sync_pauses_read(struct db *db, struct arena *arena, struct error *error,
                      struct sync_pauses *ret_pauses) {
  struct sync_pauses pauses = {.count = 0};
  if (!sync_rule_pauses(db, arena, PAUSES_MAX, error, &pauses.rows, &pauses.count)) return false;
  pauses.all = sync_pauses_find(&pauses, "*") != NULL;
  *ret_pauses = pauses;
  return true;
}

const struct sync_rule_pauses_row *sync_pauses_find(const struct sync_pauses *pauses, const char *rule) {
  for (size_t at = 0; at < pauses->count; at++)
    if (strcmp(pauses->rows[at].rule, rule) == 0) return &pauses->rows[at];
  return NULL;
}

/* --- From the engine's structs -------------------------------------------------------------------- */

static bool take_rows(const struct pass_rule *found, struct arena *arena, struct error *error,
                      struct field_list *ret_rows) {
  struct sync_breach *rows = arena_alloc_array(arena, found->sample_count, sizeof *rows);
  if (rows == NULL && found->sample_count > 0) return error_set_memory(error);
  for (size_t at = 0; at < found->sample_count; at++) {
    const struct rule_breach *breach = &found->sample[at];
    rows[at] = (struct sync_breach){.user_id = breach->user_id,
                                    .table = breach->table,
                                    .key = breach->key,
                                    .action = rule_action_names[breach->action],
                                    .column = breach->column,
                                    .actual = breach->actual,
                                    .wanted = breach->wanted};
  }
  *ret_rows = (struct field_list){.items = rows, .count = found->sample_count};
  return true;
}

static bool take_found(const struct pass_rule *found, struct arena *arena, struct error *error,
                       struct sync_rule *rule) {
  rule->severity = rule_severity_names[found->severity];
  rule->state = found->breaches == 0 ? SYNC_RULE_HOLDS : SYNC_RULE_BREACHED;
  rule->breaches = found->breaches;
  rule->paused = found->paused;
  rule->learners = found->learners;
  rule->cost_ms = (double)found->cost_us / US_PER_MS;
  return take_rows(found, arena, error, &rule->rows);
}

static const struct pass_rule *find_in(const struct pass_summary *pass, const char *name) {
  for (size_t at = 0; pass != NULL && at < pass->rule_count; at++)
    if (strcmp(pass->rules[at].rule, name) == 0) return &pass->rules[at];
  return NULL;
}

static bool take_rule(const struct rule_set *set, size_t at, const struct pass_summary *pass,
                      const struct sync_pauses *pauses, struct arena *arena, struct error *error,
                      struct sync_rule *rule) {
  const struct rule *known = rule_set_at(set, at);
  const struct pass_rule *found = find_in(pass, known->name);
  *rule = (struct sync_rule){.name = known->name,
                             .summary = known->summary,
                             .severity = rule_severity_names[known->severity],
                             .state = SYNC_RULE_UNKNOWN};
  if (found != NULL && !take_found(found, arena, error, rule)) return false;
  if (pauses->all || sync_pauses_find(pauses, known->name) != NULL) rule->state = SYNC_RULE_PAUSED;
  if (!rule_set_in_use(set, at)) rule->state = SYNC_RULE_LEFT_ASIDE;
  return true;
}

bool sync_pass_take(const struct rule_set *set, const struct pass_summary *pass,
                    const struct sync_pauses *pauses, struct arena *arena, struct error *error,
                    struct sync_pass *ret_pass) {
  size_t count = 0;
  size_t found_count = pass == NULL ? 0 : pass->rule_count;
  struct sync_rule *rules = arena_alloc_array(arena, rule_set_count(set) + found_count, sizeof *rules);
  if (rules == NULL && rule_set_count(set) + found_count > 0) return error_set_memory(error);
  for (size_t at = 0; at < rule_set_count(set); at++) {
    if (rule_set_at(set, at)->authority != REPAIR_AUTHORITY_MODULES) continue; /* passes do not ask these */
    if (!take_rule(set, at, pass, pauses, arena, error, &rules[count++])) return false;
  }
  for (size_t at = 0; at < found_count; at++) {
    if (sync_order_knows(set, pass->rules[at].rule)) continue;
    rules[count] = (struct sync_rule){.name = pass->rules[at].rule};
    if (!take_found(&pass->rules[at], arena, error, &rules[count])) return false;
    count++;
  }
  *ret_pass = (struct sync_pass){.as_of_given = PRESENCE_NULL, .rules = {.items = rules, .count = count}};
  if (pass == NULL) return true;
  ret_pass->id = pass->id;
  ret_pass->id_given = pass->id != 0 ? PRESENCE_GIVEN : PRESENCE_ABSENT;
  ret_pass->as_of_ms = pass->as_of_ms;
  ret_pass->as_of_given = PRESENCE_GIVEN;
  ret_pass->score = pass->score;
  ret_pass->learners = pass->learners;
  ret_pass->learners_in_breach = pass->learners_in_breach;
  return true;
}
