/* What the commands of rules share. */
#ifndef LOCKSTEP_PROGRAMS_CTL_RULES_H
#define LOCKSTEP_PROGRAMS_CTL_RULES_H

#include "programs/ctl.h"
#include "programs/ctl_print.h"
#include "rule/pass.h"

/* NULL: there is none. */
const struct rule *ctl_rules_find(const struct rule_set *set, const char *name);
/* A set of one rule, checked against the database: a file, or a name. A mistake in it is the error. */
bool ctl_rules_open(struct ctl *ctl, const char *word, struct error *error,
                    struct rule_set **ret_set) WARN_UNUSED;
void ctl_rules_close(struct rule_set **set); /* for CLEANUP() */
/* "10 % or 1,000 rows"; NULL: none. */
const char *ctl_rules_limit(const struct ctl *ctl, const struct rule *rule);

#endif
