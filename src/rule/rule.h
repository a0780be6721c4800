/* The consistency engine. What it means to be consistent stands in files of SQL (sql/rules, and the
 * site's own directory) and nowhere else; docs/rules.md says how one is written. A rule is a name, a
 * summary, a severity, and one SELECT that returns the rows to change: user_id, table, key, action,
 * column, actual, wanted. It runs read-only; the engine makes the repair from its rows, as
 * compare-and-set on the actual values. */
#ifndef LOCKSTEP_RULE_RULE_H
#define LOCKSTEP_RULE_RULE_H

#include "base/arena.h"
#include "config/config.h"
#include "ledger/ledger.h"

#define RULE_NAME_BYTES 64
#define RULE_RANGES_MAX 32 /* pairs of :from and :to in one rule */

enum rule_severity { RULE_INFO, RULE_WARNING, RULE_CRITICAL };
extern const char *const rule_severity_names[]; /* NULL-terminated: info, warning, critical */

/* What is read of a learner when a rule heals on the way. */
enum rule_read { RULE_READ_NOTHING, RULE_READ_PROGRESS, RULE_READ_COURSES, RULE_READ_EVENTS };
extern const char *const rule_read_names[]; /* NULL-terminated: no, progress, courses, events */

enum rule_action { RULE_SET, RULE_INSERT, RULE_DELETE, RULE_REPORT };
extern const char *const rule_action_names[]; /* NULL-terminated: set, insert, delete, report */

/* Who is right where two places tell the same: the modules of a learner's document, or the columns. */
enum repair_authority { REPAIR_AUTHORITY_MODULES, REPAIR_AUTHORITY_COLUMNS };
extern const char *const repair_authority_names[]; /* NULL-terminated: modules, columns */

/* What a rule may change, as its file declares; rows that ask for anything else are refused. */
struct rule_target {
  const char *table;
  const char *column; /* to set; NULL: whole rows, which are inserted or deleted */
};

struct rule {
  const char *name;
  const char *summary;
  const char *explanation; /* the comment between the annotations and the SELECT; "" where there is none */
  const char *file;
  bool of_site; /* from the site's directory */
  enum rule_severity severity;
  enum rule_read on_read; /* which reads heal it */
  const char *variant;    /* "rules.surplus=unattributed": only under this setting; NULL: always */
  int64_t limit_rows;     /* the next passes' limit; 0: none */
  int64_t limit_share_percent;
  int order; /* compound repairs are ordered rules */
  /* Of another than `modules`: it takes no part in passes, healing, or repairs that do not ask for it. */
  enum repair_authority authority;
  const struct rule_target *changes; /* none: it only reports */
  size_t change_count;
  size_t changes_line; /* of its file */
  size_t sql_line;
  const char *sql;    /* with ? for the range's two ends, wherever :from and :to stood; settings as 1 or 0 */
  size_t range_count; /* how many pairs of them */
  /* What stands in its WITH found AS (…): the rows in breach, to ask whether there is one. NULL: all of sql.
   */
  const char *found_sql;
  size_t found_range_count;
};

struct rule_set; /* thread-safe once loaded */

/* Loads both directories and holds every file to its form; what the configuration's settings leave
 * out is checked, but not in the set. In the order of their repairs. A broken file of the site is
 * left out with its complaint (rule_set_problem); a broken one that ships is an error. Needs no database. */
bool rule_set_load(const struct rules_config *config, struct error *error,
                   struct rule_set **ret_set) WARN_UNUSED;
/* One file alone, as if it shipped: a mistake in it is the error, here and in rule_set_check. It is in the
 * set whatever variant it is of. */
bool rule_set_load_file(const struct rules_config *config, const char *path, struct error *error,
                        struct rule_set **ret_set) WARN_UNUSED;
void rule_set_free(struct rule_set *set);
size_t rule_set_count(const struct rule_set *set);
const struct rule *rule_set_at(const struct rule_set *set, size_t at);
size_t rule_set_problem_count(const struct rule_set *set);
const char *rule_set_problem(const struct rule_set *set, size_t at); /* "file:line: what" */

/* Holds the rules to the database, once a set; whoever finds first does it, so that nobody must. Each
 * SELECT is prepared, its columns must be the seven; what it changes must be a base table with a primary
 * key, and a column outside it. As with files: a rule of the site that fails is left aside from then on,
 * with its complaint; one that ships is an error. */
bool rule_set_check(const struct rule_set *set, struct db *db, struct error *error) WARN_UNUSED;
/* False: it was left aside. */
bool rule_set_in_use(const struct rule_set *set, size_t at);

/* Whether the rule's file declares it. `column` NULL: a whole row. */
bool rule_may_change(const struct rule *rule, const char *table, const char *column);

/* Whose the rows are that no learner has, such as courses: found by the range that contains 0. */
#define RULE_NOBODY ((uint64_t)0)

/* One row that breaks a rule. NULL is SQL's NULL. */
struct rule_breach {
  const struct rule *rule;
  uint64_t user_id; /* RULE_NOBODY: no learner's */
  const char *table;
  const char *key; /* JSON object of the primary key: {"id": 7} */
  enum rule_action action;
  const char *column; /* NULL for an insert or delete of nothing but the key */
  const char *actual;
  const char *wanted;
};

/* Every rule, or those that heal before a learner's progress, courses, or what events move are read. */
enum rule_scope { RULE_SCOPE_ALL, RULE_SCOPE_PROGRESS, RULE_SCOPE_COURSES, RULE_SCOPE_EVENTS };
#define RULE_SCOPES 4

/* What takes a breach; its texts are gone when it returns. It must not use the connection. */
typedef bool (*rule_take)(const struct rule_breach *breach, void *context, struct error *error);
/* Every breach of one learner as things stand, however many, read-only, in the transaction that `db` has
 * open (or its own). Of a learner who is not there (any more) only rows that were left behind are found. On
 * failure `ret_culprit` (may be NULL) is the rule that was asked, where it was one. */
bool rule_find(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
               struct arena *arena, rule_take take, void *context, struct error *error,
               const struct rule **ret_culprit) WARN_UNUSED;

/* Whether rules of the site are in use in this scope. */
bool rule_set_asks_site(const struct rule_set *set, enum rule_scope scope);

/* Finds and repairs one learner, through the learner transaction, rule after rule: what a repair
 * brings about is what the next rule sees. No breach (one statement says so): no lock, no write.
 * Does nothing but find when rules.enabled is false. `actor` goes to the ledger. A rule whose rows
 * make no sense, or that still finds something after its repair, undoes the transaction: one of the
 * site is left aside from then on (rule_set_problem) and the others run again; one that ships is an
 * error. `arena` is given back as it was. */
struct rule_repair {
  size_t found;      /* rows that break a rule */
  size_t repaired;   /* rows changed */
  uint64_t revision; /* after it; 0: there is no such learner, or one without a history */
};
bool rule_heal(const struct rule_set *set, struct ledger *ledger, const struct rules_config *config,
               enum rule_scope scope, uint64_t user_id, const char *actor, struct arena *arena,
               struct error *error, struct rule_repair *ret_repair) WARN_UNUSED;

#endif
