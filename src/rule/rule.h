/* The consistency engine. What it means to be consistent stands in files of SQL (sql/rules, and the
 * site's own directory) and nowhere else. A rule is a name, a summary, a severity, and one SELECT
 * that returns the rows to change: user_id, table, key, action, column, actual, wanted. It runs
 * read-only; the engine makes the repair from its rows, as compare-and-set on the actual values. */
#ifndef LOCKSTEP_RULE_RULE_H
#define LOCKSTEP_RULE_RULE_H

#include "base/arena.h"
#include "config/config.h"
#include "ledger/ledger.h"

#define RULE_NAME_BYTES 64
#define RULE_ROWS_MAX 10000 /* of one rule, for one learner */

enum rule_severity { RULE_INFO, RULE_WARNING, RULE_CRITICAL };
enum rule_action { RULE_SET, RULE_INSERT, RULE_DELETE, RULE_REPORT };

struct rule {
  const char *name;
  const char *summary;
  const char *file;
  enum rule_severity severity;
  bool on_read;        /* healed before a learner's progress is read */
  const char *variant; /* "rules.surplus=unattributed": only under this setting; NULL: always */
  int64_t limit_rows;  /* the next passes' limit; 0: none */
  int64_t limit_share_percent;
  int order;          /* compound repairs are ordered rules */
  const char *sql;    /* with ? for the range's two ends, wherever :from and :to stood */
  size_t range_count; /* how many pairs of them */
};

struct rule_set;

/* Loads both directories and holds every file to its form. A broken file of the site is left out
 * with its complaint (rule_set_problem); a broken one that ships is an error. Needs no database. */
bool rule_set_load(const struct rules_config *config, struct error *error,
                   struct rule_set **ret_set) WARN_UNUSED;
void rule_set_free(struct rule_set *set);
size_t rule_set_count(const struct rule_set *set);
const struct rule *rule_set_at(const struct rule_set *set, size_t at);
size_t rule_set_problem_count(const struct rule_set *set);
const char *rule_set_problem(const struct rule_set *set, size_t at); /* "file:line: what" */

/* One row that breaks a rule. Texts live in the arena; NULL is SQL's NULL. */
struct rule_breach {
  const struct rule *rule;
  uint64_t user_id;
  const char *table;
  const char *key; /* JSON object of the primary key: {"id": 7} */
  enum rule_action action;
  const char *column;
  const char *actual;
  const char *wanted;
};

enum rule_scope { RULE_SCOPE_ALL, RULE_SCOPE_ON_READ };

/* Every breach of one learner, read-only, in the transaction that `db` has open (or its own). */
bool rule_find(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
               struct arena *arena, struct error *error, struct rule_breach **ret_breaches,
               size_t *ret_count) WARN_UNUSED;

/* Finds and repairs one learner, through the learner transaction; no breach, no write. Does
 * nothing but find when rules.enabled is false. `actor` goes to the ledger. */
struct rule_repair {
  size_t found;
  size_t repaired;
  uint64_t revision; /* after it */
};
bool rule_heal(const struct rule_set *set, struct ledger *ledger, const struct rules_config *config,
               enum rule_scope scope, uint64_t user_id, const char *actor, struct arena *arena,
               struct error *error, struct rule_repair *ret_repair) WARN_UNUSED;

#endif
