/* What POST /api/progress-sync/repair may be asked for: rules about events by their names, or the kinds of
 * inconsistency of document 003, each of which stands for several rules. */
#ifndef LOCKSTEP_EVENT_REPAIR_TYPES_H
#define LOCKSTEP_EVENT_REPAIR_TYPES_H

#include "rule/rule.h"
#include "schema/field.h"

struct repair_type {
  const char *type;
  const char *rule;
};
/* A row for each rule of each type. */
extern const struct repair_type repair_types[];
extern const size_t repair_type_count;

/* The rules that are meant, each once, as far as the site has not left them aside. `any_rule`: every rule of
 * the set may be named, not only those of the table. ERROR_UNPROCESSABLE, by field, for what is neither a
 * type nor such a rule: it names those that are. */
bool repair_types_settle(const struct field_list *types, const struct rule_set *set, bool any_rule,
                         struct arena *arena, struct error *error, struct field_list *ret_rules) WARN_UNUSED;

#endif
