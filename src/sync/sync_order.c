#include "sync/sync_order.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define ROW_RULES \
  FIELD_LIST(struct sync_order, "rules", rules, .presence = PRESENCE(struct sync_order, rules_given), \
             .item_kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = SYNC_RULES_MAX, \
             .summary = "Only these rules, by name; every rule where not given.")
#define ROW_USER(...) \
  FIELD_UINT(struct sync_order, "userId", user_id, .presence = PRESENCE(struct sync_order, user_given), \
             .minimum = 1, .maximum = INT64_MAX, __VA_ARGS__)
#define ROW_ONE_OR_ALL \
  ROW_USER(.flags = FIELD_USER, .summary = "Only this learner; everybody where not given.")
#define ROW_CONFIRM \
  FIELD_BOOL(struct sync_order, "confirmOverLimit", confirm_over_limit, \
             .summary = "Go on also where a rule would change more than its limit allows.")
#define ROW_AUTHORITY \
  FIELD_ENUM(struct sync_order, "authority", authority, \
             .presence = PRESENCE(struct sync_order, authority_given), .names = repair_authority_names, \
             .default_text = "modules", \
             .summary = "What is right where columns and document differ: the document's modules, or, only " \
                        "when asked for by name, the columns.")
#define ROW_PLAN \
  FIELD_UINT(struct sync_order, "planId", plan_id, .presence = PRESENCE(struct sync_order, plan_given), \
             .minimum = 1, .maximum = INT64_MAX, \
             .summary = "Apply the plan of this dry run: exactly that, or nothing.")
#define ROW_DIGEST \
  FIELD_TEXT(struct sync_order, "digest", digest, .minimum = SYNC_DIGEST_CHARACTERS, \
             .maximum = SYNC_DIGEST_CHARACTERS, \
             .summary = "The plan's digest, to be sure that it is the one.")

static const struct field user_fields[] = {
    ROW_USER(.flags = FIELD_REQUIRED | FIELD_USER, .summary = "The learner to bring into step."),
};
const struct schema sync_user_schema =
    SCHEMA("SyncUserParams", struct sync_order, user_fields, .summary = "Whom to bring into step.");

static const struct field all_fields[] = {ROW_RULES, ROW_CONFIRM};
const struct schema sync_all_schema =
    SCHEMA("SyncAllUsersParams", struct sync_order, all_fields, .summary = "By which rules.");

static const struct field fix_fields[] = {ROW_RULES,     ROW_ONE_OR_ALL, ROW_CONFIRM,
                                          ROW_AUTHORITY, ROW_PLAN,       ROW_DIGEST};
const struct schema sync_fix_schema =
    SCHEMA("AutoFixParams", struct sync_order, fix_fields, .summary = "What to repair.");

static const struct field fix_body_fields[] = {
    ROW_RULES,
    ROW_ONE_OR_ALL,
    FIELD_BOOL(struct sync_order, "dryRun", dry_run,
               .summary = "Change nothing; make a plan of what would be changed."),
    ROW_CONFIRM,
    ROW_AUTHORITY,
    ROW_PLAN,
    ROW_DIGEST,
};
const struct schema sync_fix_body_schema =
    SCHEMA("AutoFix", struct sync_order, fix_body_fields, .summary = "What to repair.");

static const struct field plan_fields[] = {ROW_RULES, ROW_ONE_OR_ALL, ROW_CONFIRM, ROW_AUTHORITY};
const struct schema sync_plan_schema =
    SCHEMA("RepairPlanParams", struct sync_order, plan_fields, .summary = "What to make a plan for.");

static const struct field rebuild_fields[] = {ROW_ONE_OR_ALL, ROW_CONFIRM};
const struct schema sync_rebuild_schema =
    SCHEMA("RebuildJsonParams", struct sync_order, rebuild_fields, .summary = "Whose document to rebuild.");

const struct schema sync_streaks_schema =
    SCHEMA("RecomputeStreaksParams", struct sync_order, rebuild_fields, .summary = "Whose streaks.");

static const struct field rollback_fields[] = {
    FIELD_UINT(struct sync_order, "runId", run_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The repair run to undo."),
};
const struct schema sync_rollback_schema =
    SCHEMA("RollbackRepairParams", struct sync_order, rollback_fields, .summary = "What to undo.");

static const struct field sample_fields[] = {
    FIELD_UINT(struct sync_order, "learners", learners, .minimum = 1, .maximum = SYNC_SAMPLE_LEARNERS_MAX,
               .default_text = "2000", .summary = "How many learners to look at."),
};
const struct schema sync_sample_schema =
    SCHEMA("SampleDriftParams", struct sync_order, sample_fields, .summary = "How much to look at.");

/* --- What makes sense ---------------------------------------------------------------------------- */

static bool rule_is_known(const struct rule_set *set, const char *name, size_t *ret_at) {
  for (size_t at = 0; at < rule_set_count(set); at++) {
    if (strcmp(rule_set_at(set, at)->name, name) != 0) continue;
    *ret_at = at;
    return true;
  }
  return false;
}

bool sync_order_knows(const struct rule_set *set, const char *rule) {
  size_t ignored;
  return rule_is_known(set, rule, &ignored);
}

static void check_rules(const struct sync_order *order, const struct rule_set *set, struct error *error) {
  const char *const *names = order->rules.items;
  for (size_t at = 0; at < order->rules.count; at++) {
    char field[ERROR_FIELD_NAME_BYTES];
    size_t found;
    snprintf(field, sizeof field, "rules[%zu]", at);
    if (!rule_is_known(set, names[at], &found))
      error_add_field(error, ERROR_UNPROCESSABLE, field, "there is no rule %.80s", names[at]);
    else if (!rule_set_in_use(set, found))
      error_add_field(error, ERROR_UNPROCESSABLE, field, "the rule %s is left aside, because it is broken",
                      names[at]);
    else if ((int)rule_set_at(set, found)->authority != order->authority)
      error_add_field(error, ERROR_UNPROCESSABLE, field, "the rule %s goes with authority %s", names[at],
                      repair_authority_names[rule_set_at(set, found)->authority]);
  }
}

static void check_plan(const struct sync_order *order, struct error *error) {
  static const char belongs[] = "does not go with planId: a plan says itself what it changes";
  if (order->plan_given != PRESENCE_GIVEN) {
    if (order->digest != NULL) error_add_field(error, ERROR_UNPROCESSABLE, "digest", "needs a planId");
    return;
  }
  if (order->rules_given == PRESENCE_GIVEN) error_add_field(error, ERROR_UNPROCESSABLE, "rules", belongs);
  if (order->user_given == PRESENCE_GIVEN) error_add_field(error, ERROR_UNPROCESSABLE, "userId", belongs);
  if (order->authority_given == PRESENCE_GIVEN)
    error_add_field(error, ERROR_UNPROCESSABLE, "authority", belongs);
  if (order->dry_run) error_add_field(error, ERROR_UNPROCESSABLE, "dryRun", belongs);
}

bool sync_order_check(const struct sync_order *order, const struct rule_set *set, struct error *error) {
  struct error complaints = ERROR_INIT;
  check_rules(order, set, &complaints);
  check_plan(order, &complaints);
  if (complaints.code == ERROR_NONE) return true;
  *error = complaints;
  return false;
}

struct repair_order sync_order_repair(const struct sync_order *order) {
  bool is_one = order->user_given == PRESENCE_GIVEN;
  return (struct repair_order){.rules = order->rules.items,
                               .rule_count = order->rules.count,
                               .authority = (enum repair_authority)order->authority,
                               .from_user = is_one ? order->user_id : 0,
                               .to_user = is_one ? order->user_id : INT64_MAX,
                               .dry_run = order->dry_run,
                               .confirm_over_limit = order->confirm_over_limit};
}

bool sync_order_on_read(const struct rule_set *set, struct arena *arena, struct error *error,
                        struct field_list *ret_rules) {
  size_t count = 0;
  const char **names = arena_alloc_array(arena, rule_set_count(set), sizeof *names);
  if (names == NULL && rule_set_count(set) > 0) return error_set_memory(error);
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    if (rule->on_read == RULE_READ_PROGRESS && rule->authority == REPAIR_AUTHORITY_MODULES &&
        rule_set_in_use(set, at))
      names[count++] = rule->name;
  }
  if (count == 0) return error_set(error, ERROR_CONFLICT, "There is no rule that heals on read.");
  *ret_rules = (struct field_list){.items = names, .count = count};
  return true;
}

void sync_order_advise(struct error *error, const char *how) {
  size_t length = strlen(error->message);
  if (error->code != ERROR_UNPROCESSABLE || length + 1 + strlen(how) >= sizeof error->message) return;
  snprintf(error->message + length, sizeof error->message - length, " %s", how);
}
