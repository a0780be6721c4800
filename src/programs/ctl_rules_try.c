/* rules test, rules time: what a rule finds, and what it costs, without any consequence. */
#include <inttypes.h>
#include <string.h>

#include "programs/ctl_rules.h"

#include "base/banned.h"

#define LEARNERS_MAX 1000000
#define US_PER_MS 1000.0
#define US_PER_S 1000000.0

/* -- rules test ----------------------------------------------------------------------------------- */

struct test_options {
  const char *rule;
  uint64_t user_id;
  enum presence user_given;
  uint64_t learners;
};

static const struct field test_fields[] = {
    FIELD_TEXT(struct test_options, "rule", rule, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 4096,
               .summary = "A file, or a rule's name."),
    FIELD_UINT(struct test_options, "user", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct test_options, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only this learner."),
    FIELD_UINT(struct test_options, "learners", learners, .default_text = "10000", .minimum = 1,
               .maximum = LEARNERS_MAX, .summary = "How many learners to look at, from the first."),
};
const struct schema ctl_rules_test_options =
    SCHEMA("CtlRulesTest", struct test_options, test_fields, .summary = "Which rule, about whom.");

static const struct ctl_column row_columns[] = {{"LEARNER", true, false}, {"ROW", false, true},
                                                {"DO", false, false},     {"COLUMN", false, true},
                                                {"ACTUAL", false, true},  {"WANTED", false, true}};

static bool print_rows(const struct ctl *ctl, const struct pass_rule *result, struct error *error) {
  struct ctl_table table;
  if (result->sample_count == 0) return true;
  if (!ctl_table_open(&table, ctl, row_columns, ARRAY_LENGTH(row_columns), result->sample_count, error))
    return false;
  for (size_t at = 0; at < result->sample_count; at++) {
    const struct rule_breach *row = &result->sample[at];
    const char *place = arena_printf(ctl->arena, "%s %s", row->table, row->key);
    if (place == NULL) return error_set_memory(error);
    const char *cells[] = {arena_printf(ctl->arena, "%" PRIu64, row->user_id),
                           ctl_harmless(ctl, place),
                           rule_action_names[row->action],
                           row->column,
                           ctl_excerpt(ctl, row->actual, row->wanted),
                           ctl_excerpt(ctl, row->wanted, row->actual)};
    ctl_table_add(&table, CTL_PLAIN, cells);
  }
  ctl_table_print(&table, stdout);
  (void)printf("\n");
  return true;
}

static void print_counts(const struct ctl *ctl, const struct rule *rule, const struct pass_rule *result,
                         uint64_t learners) {
  const char *what = rule->change_count == 0 ? "would be reported" : "would be changed";
  (void)printf("%s rows of %s learners %s.\n", ctl_number(ctl, (int64_t)result->breaches),
               ctl_number(ctl, (int64_t)result->learners), what);
  (void)printf("%s learners looked at, in %.1f ms. Nothing was changed.\n",
               ctl_number(ctl, (int64_t)learners), (double)result->cost_us / US_PER_MS);
}

bool ctl_rules_test(struct ctl *ctl, const void *options_struct, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  const struct test_options *options = options_struct;
  bool is_one = options->user_given == PRESENCE_GIVEN;
  const struct pass_extent extent = {.from_user = is_one ? options->user_id : 0,
                                     .to_user = is_one ? options->user_id : INT64_MAX,
                                     .learners_max = options->learners};
  struct pass_rule result;
  uint64_t learners;
  if (!ctl_rules_open(ctl, options->rule, error, &set)) return false;
  const struct rule *rule = rule_set_at(set, 0);
  if (!pass_try(set, rule, ctl->db, &extent, ctl->arena, error, &result, &learners)) {
    if (error->code == ERROR_INTERNAL && *error->detail != '\0')
      (void)fprintf(stderr, "%s\n", ctl_harmless(ctl, error->detail));
    return false;
  }
  (void)printf("%s%s%s is a good rule: it fits the database.\n\n", ctl_colour_on(ctl, CTL_BOLD), rule->name,
               ctl_colour_off(ctl, CTL_BOLD));
  if (!print_rows(ctl, &result, error)) return false;
  print_counts(ctl, rule, &result, learners);
  return true;
}

/* -- rules time ----------------------------------------------------------------------------------- */

struct time_options {
  const char *rule;
  uint64_t learners;
};

static const struct field time_fields[] = {
    FIELD_TEXT(struct time_options, "rule", rule, .minimum = 1, .maximum = 4096,
               .summary = "A rule's name, or a file; without it, every rule."),
    FIELD_UINT(struct time_options, "learners", learners, .default_text = "10000", .minimum = 1,
               .maximum = LEARNERS_MAX, .summary = "How many learners to look at, from the first."),
};
const struct schema ctl_rules_time_options =
    SCHEMA("CtlRulesTime", struct time_options, time_fields, .summary = "Which rule, on how many.");

static const struct ctl_column time_columns[] = {{"RULE", false, false},
                                                 {"LEARNERS", true, false},
                                                 {"BREACHES", true, false},
                                                 {"MS", true, false},
                                                 {"S PER 100,000", true, false}};

static bool add_time(struct ctl *ctl, const struct rule_set *set, const struct rule *rule,
                     uint64_t learners_max, struct ctl_table *table, struct error *error) {
  const struct pass_extent extent = {.to_user = INT64_MAX, .learners_max = learners_max};
  struct pass_rule result;
  uint64_t learners;
  if (!pass_try(set, rule, ctl->db, &extent, ctl->arena, error, &result, &learners)) return false;
  double each_us = learners == 0 ? 0 : (double)result.cost_us / (double)learners;
  const char *cells[] = {
      rule->name, ctl_number(ctl, (int64_t)learners), ctl_number(ctl, (int64_t)result.breaches),
      arena_printf(ctl->arena, "%.1f", (double)result.cost_us / US_PER_MS),
      learners == 0 ? NULL : arena_printf(ctl->arena, "%.2f", each_us * 100000 / US_PER_S)};
  ctl_table_add(table, CTL_PLAIN, cells);
  return true;
}

bool ctl_rules_time(struct ctl *ctl, const void *options_struct, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  const struct time_options *options = options_struct;
  struct ctl_table table;
  bool loaded = options->rule != NULL
                    ? ctl_rules_open(ctl, options->rule, error, &set)
                    : rule_set_load(&ctl->config.rules, error, &set) && rule_set_check(set, ctl->db, error);
  if (!loaded ||
      !ctl_table_open(&table, ctl, time_columns, ARRAY_LENGTH(time_columns), rule_set_count(set), error))
    return false;
  for (size_t at = 0; at < rule_set_count(set); at++)
    if (rule_set_in_use(set, at) &&
        !add_time(ctl, set, rule_set_at(set, at), options->learners, &table, error))
      return false;
  ctl_table_print(&table, stdout);
  return true;
}
