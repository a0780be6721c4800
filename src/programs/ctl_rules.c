/* rules, rules explain: what it means to be consistent, and what the last pass found of it. */
#include "programs/ctl_rules.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sync/sync_pass.h"

#include "base/banned.h"

#define PLAN_COLUMNS_MAX CTL_COLUMNS_MAX
#define PLAN_ROWS_MAX 200

const struct rule *ctl_rules_find(const struct rule_set *set, const char *name) {
  for (size_t at = 0; at < rule_set_count(set); at++)
    if (strcmp(rule_set_at(set, at)->name, name) == 0) return rule_set_at(set, at);
  return NULL;
}

static bool is_path(const char *word) {
  size_t length = strlen(word);
  return strchr(word, '/') != NULL || (length > 4 && strcmp(word + length - 4, ".sql") == 0);
}

/* A file; or a rule's name, that of a broken one of the site included. */
static bool path_of(struct ctl *ctl, const char *word, struct error *error, const char **ret_path) {
  const struct rules_config *config = &ctl->config.rules;
  struct rule_set *set;
  if (is_path(word)) {
    *ret_path = word;
    return true;
  }
  if (!rule_set_load(config, error, &set)) return false;
  const struct rule *rule = ctl_rules_find(set, word);
  const char *path = rule == NULL ? NULL : arena_strdup(ctl->arena, rule->file);
  rule_set_free(set);
  if (rule == NULL && config->site_directory != NULL)
    path = arena_printf(ctl->arena, "%s/%s.sql", config->site_directory, word);
  if (path == NULL || access(path, R_OK) != 0)
    return error_set(error, ERROR_NOT_FOUND, "There is no rule %s.", word);
  *ret_path = path;
  return true;
}

bool ctl_rules_open(struct ctl *ctl, const char *word, struct error *error, struct rule_set **ret_set) {
  const char *path;
  struct rule_set *set;
  if (!path_of(ctl, word, error, &path) || !rule_set_load_file(&ctl->config.rules, path, error, &set))
    return false;
  if (!rule_set_check(set, ctl->db, error)) {
    rule_set_free(set);
    return false;
  }
  db_rollback(ctl->db);
  *ret_set = set;
  return true;
}

void ctl_rules_close(struct rule_set **set) { rule_set_free(*set); }

const char *ctl_rules_limit(const struct ctl *ctl, const struct rule *rule) {
  const char *rows = rule->limit_rows == 0 ? NULL : ctl_number(ctl, rule->limit_rows);
  if (rule->limit_share_percent == 0) return rows == NULL ? NULL : arena_printf(ctl->arena, "%s rows", rows);
  if (rows == NULL) return arena_printf(ctl->arena, "%" PRId64 " %%", rule->limit_share_percent);
  return arena_printf(ctl->arena, "%" PRId64 " %% or %s rows", rule->limit_share_percent, rows);
}

/* -- rules ---------------------------------------------------------------------------------------- */

static const struct ctl_column list_columns[] = {{"RULE", false, false},    {"SEVERITY", false, false},
                                                 {"ORDER", true, false},    {"ON READ", false, false},
                                                 {"LIMIT", false, false},   {"STATE", false, false},
                                                 {"BREACHES", true, false}, {"WHAT HOLDS", false, true}};

static const struct pass_rule *result_of(const struct pass_summary *pass, const char *name) {
  for (size_t at = 0; at < pass->rule_count; at++)
    if (strcmp(pass->rules[at].rule, name) == 0) return &pass->rules[at];
  return NULL;
}

static const char *state_of(const struct rule_set *set, size_t at, const struct sync_pauses *pauses) {
  const struct rule *rule = rule_set_at(set, at);
  if (!rule_set_in_use(set, at)) return "left aside";
  if (pauses->all || sync_pauses_find(pauses, rule->name) != NULL) return "paused";
  return rule->authority != REPAIR_AUTHORITY_MODULES ? "when asked for" : "in use";
}

static void add_rule(struct ctl_table *table, const struct rule_set *set, size_t at,
                     const struct pass_summary *pass, const struct sync_pauses *pauses) {
  const struct ctl *ctl = table->ctl;
  const struct rule *rule = rule_set_at(set, at);
  const struct pass_rule *result = result_of(pass, rule->name);
  const char *cells[] = {rule->name,
                         rule_severity_names[rule->severity],
                         ctl_number(ctl, rule->order),
                         rule_read_names[rule->on_read],
                         rule->change_count == 0 ? "reports" : ctl_rules_limit(ctl, rule),
                         state_of(set, at, pauses),
                         result == NULL ? NULL : ctl_number(ctl, (int64_t)result->breaches),
                         ctl_harmless(ctl, rule->summary)};
  enum ctl_colour colour = CTL_PLAIN;
  if (result != NULL && result->breaches > 0) colour = CTL_RED;
  if (!rule_set_in_use(set, at)) colour = CTL_YELLOW;
  ctl_table_add(table, colour, cells);
}

static bool print_list(struct ctl *ctl, const struct rule_set *set, const struct pass_summary *pass,
                       const struct sync_pauses *pauses, struct error *error) {
  struct ctl_table table;
  if (!ctl_table_open(&table, ctl, list_columns, ARRAY_LENGTH(list_columns), rule_set_count(set), error))
    return false;
  for (size_t at = 0; at < rule_set_count(set); at++)
    add_rule(&table, set, at, pass, pauses);
  ctl_table_print(&table, stdout);
  if (pass->id == 0)
    (void)printf("\nNo pass has run yet.\n");
  else
    (void)printf("\nBreaches as of %s, among %s learners.\n", ctl_time(ctl, pass->as_of_ms),
                 ctl_number(ctl, (int64_t)pass->learners));
  for (size_t at = 0; at < rule_set_problem_count(set); at++)
    (void)fprintf(stderr, "Left aside: %s\n", ctl_harmless(ctl, rule_set_problem(set, at)));
  return true;
}

bool ctl_rules_list(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  struct pass_summary pass = {.id = 0};
  struct sync_pauses pauses;
  bool found;
  (void)options;
  if (!rule_set_load(&ctl->config.rules, error, &set) || !rule_set_check(set, ctl->db, error)) return false;
  const struct repair_engine engine = {.set = set, .config = &ctl->config};
  if (!pass_read_last(&engine, ctl->db, PASS_VALIDATE, ctl->arena, error, &pass, &found) ||
      !sync_pauses_read(ctl->db, ctl->arena, error, &pauses))
    return false;
  if (rule_set_problem_count(set) > 0) ctl->outcome = CTL_EXIT_FAILED;
  return print_list(ctl, set, &pass, &pauses, error);
}

/* -- rules explain -------------------------------------------------------------------------------- */

struct explain_options {
  const char *rule;
};

static const struct field explain_fields[] = {
    FIELD_TEXT(struct explain_options, "rule", rule, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 4096,
               .summary = "Its name, or a file."),
};
const struct schema ctl_rules_explain_options =
    SCHEMA("CtlRulesExplain", struct explain_options, explain_fields, .summary = "Which rule.");

static void print_fact(const struct ctl *ctl, const char *name, const char *value) {
  (void)printf("  %s%-10s%s %s\n", ctl_colour_on(ctl, CTL_FAINT), name, ctl_colour_off(ctl, CTL_FAINT),
               value == NULL ? "–" : ctl_harmless(ctl, value));
}

static void print_changes(const struct rule *rule) {
  for (size_t at = 0; at < rule->change_count; at++)
    (void)printf("%s%s%s%s", at == 0 ? "" : ", ", rule->changes[at].table,
                 rule->changes[at].column == NULL ? "" : ".",
                 rule->changes[at].column == NULL ? " (rows)" : rule->changes[at].column);
  (void)printf("%s\n", rule->change_count == 0 ? "nothing: it reports" : "");
}

static void print_rule(const struct ctl *ctl, const struct rule *rule) {
  (void)printf("%s%s%s: %s\n\n", ctl_colour_on(ctl, CTL_BOLD), rule->name, ctl_colour_off(ctl, CTL_BOLD),
               ctl_harmless(ctl, rule->summary));
  print_fact(ctl, "File", rule->file);
  print_fact(ctl, "Severity", rule_severity_names[rule->severity]);
  print_fact(ctl, "Order", ctl_number(ctl, rule->order));
  print_fact(ctl, "On read", rule_read_names[rule->on_read]);
  print_fact(ctl, "Limit", ctl_rules_limit(ctl, rule));
  print_fact(ctl, "Authority", repair_authority_names[rule->authority]);
  if (rule->variant != NULL) print_fact(ctl, "When", rule->variant);
  (void)printf("  %s%-10s%s ", ctl_colour_on(ctl, CTL_FAINT), "Changes", ctl_colour_off(ctl, CTL_FAINT));
  print_changes(rule);
  if (*rule->explanation != '\0') (void)printf("\n");
  char *text = arena_strdup(ctl->arena, rule->explanation);
  for (char *line = text; line != NULL && *line != '\0';) { /* line by line: a line's end is no harm */
    char *end = strchr(line, '\n');
    if (end != NULL) *end = '\0';
    (void)printf("%s\n", ctl_harmless(ctl, line));
    line = end == NULL ? NULL : end + 1;
  }
}

struct plan {
  struct ctl_table table;
  struct ctl_column columns[PLAN_COLUMNS_MAX];
};

static bool add_plan_row(const struct db_text_row *row, void *context, struct error *error) {
  struct plan *plan = context;
  const char *cells[PLAN_COLUMNS_MAX] = {NULL};
  if (plan->table.row_count == plan->table.row_capacity) return true;
  for (size_t at = 0; at < row->count && at < plan->table.column_count; at++) {
    if (row->values[at] == NULL) continue;
    cells[at] = arena_strdup(plan->table.ctl->arena, row->values[at]);
    if (cells[at] == NULL) return error_set_memory(error);
  }
  ctl_table_add(&plan->table, CTL_PLAIN, cells);
  return true;
}

/* How the database would go about it, for the first learners there are. */
static bool print_plan(struct ctl *ctl, const struct rule *rule, struct error *error) {
  const char *sql = arena_printf(ctl->arena, "EXPLAIN %s", rule->sql);
  const char *parameters[2 * RULE_RANGES_MAX];
  const char *const *names;
  struct plan plan;
  size_t count;
  size_t parameter_count;
  if (sql == NULL) return error_set_memory(error);
  for (size_t at = 0; at < ARRAY_LENGTH(parameters); at++)
    parameters[at] = at % 2 == 0 ? "1" : "1000";
  if (!db_text_describe(ctl->db, sql, ctl->arena, error, &names, &count, &parameter_count)) return false;
  if (count > PLAN_COLUMNS_MAX) count = PLAN_COLUMNS_MAX;
  for (size_t at = 0; at < count; at++)
    plan.columns[at] = (struct ctl_column){names[at], false, false};
  if (!ctl_table_open(&plan.table, ctl, plan.columns, count, PLAN_ROWS_MAX, error) ||
      !db_text_each(ctl->db, sql, parameters, 2 * rule->range_count, ctl->arena, add_plan_row, &plan, error))
    return false;
  db_rollback(ctl->db);
  (void)printf("\nHow the database reads the learners 1 to 1000:\n\n");
  ctl_table_print(&plan.table, stdout);
  return true;
}

bool ctl_rules_explain(struct ctl *ctl, const void *options_struct, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  const struct explain_options *options = options_struct;
  if (!ctl_rules_open(ctl, options->rule, error, &set)) return false;
  print_rule(ctl, rule_set_at(set, 0));
  return print_plan(ctl, rule_set_at(set, 0), error);
}
