/* rules pause, rules resume: a rule that repairs nothing for a while, or none that does. */
#include <inttypes.h>
#include <string.h>

#include "programs/ctl_rules.h"
#include "programs/ctl_sync.h"
#include "rule/repair.h"

#include "base/banned.h"

#define EVERY_RULE "*" /* as in rule_pauses; a shell would make file names of it */

struct pause_options {
  const char *rule;
};

static const struct field pause_fields[] = {
    FIELD_TEXT(struct pause_options, "rule", rule, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 64,
               .summary = "Its name; all: every rule."),
};
const struct schema ctl_rules_pause_options =
    SCHEMA("CtlRulesPause", struct pause_options, pause_fields, .summary = "Which rule.");

static bool is_all(const char *word) { return strcmp(word, "all") == 0 || strcmp(word, EVERY_RULE) == 0; }

bool ctl_rules_pause(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  const struct pause_options *pause = options;
  bool all = is_all(pause->rule);
  if (!rule_set_load(&ctl->config.rules, error, &set)) return false;
  const struct repair_engine engine = {.set = set, .config = &ctl->config};
  if (!repair_pause(&engine, ctl->db, all ? EVERY_RULE : pause->rule, CTL_ACTOR, error)) return false;
  (void)printf("%s is paused. To end that: " CTL_PROGRAM " rules resume %s\n",
               all ? "Every rule" : pause->rule, all ? "all" : pause->rule);
  return true;
}

struct resume_options {
  const char *rule;
  bool rows_too;
};

static const struct field resume_fields[] = {
    FIELD_TEXT(struct resume_options, "rule", rule, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 64,
               .summary = "Its name; all: ends the pause of every rule."),
    FIELD_BOOL(struct resume_options, "rowsToo", rows_too,
               .summary = "Also end the pauses of single rows, which rollbacks left behind."),
};
const struct schema ctl_rules_resume_options =
    SCHEMA("CtlRulesResume", struct resume_options, resume_fields, .summary = "Which rule.");

bool ctl_rules_resume(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_rules_close) struct rule_set *set = NULL;
  const struct resume_options *resume = options;
  const char *rule = is_all(resume->rule) ? EVERY_RULE : resume->rule;
  uint64_t ended;
  if (!rule_set_load(&ctl->config.rules, error, &set)) return false;
  const struct repair_engine engine = {.set = set, .config = &ctl->config};
  if (!repair_resume(&engine, ctl->db, rule, resume->rows_too, 0, error, &ended)) return false;
  /* A rule may be gone, and its pause still there. */
  if (ended == 0 && strcmp(rule, EVERY_RULE) != 0 && ctl_rules_find(set, rule) == NULL)
    return error_set(error, ERROR_NOT_FOUND, "There is no rule %.64s.", rule);
  (void)printf("%s\n", ended == 0   ? "Nothing was paused."
                       : ended == 1 ? "1 pause was ended."
                                    : arena_printf(ctl->arena, "%" PRIu64 " pauses were ended.", ended));
  return true;
}
