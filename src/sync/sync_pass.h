/* What a pass found, as everybody is told of it. */
#ifndef LOCKSTEP_SYNC_SYNC_PASS_H
#define LOCKSTEP_SYNC_SYNC_PASS_H

#include "rule/pass.h"
#include "schema/field.h"

enum sync_rule_state {
  SYNC_RULE_UNKNOWN,
  SYNC_RULE_HOLDS,
  SYNC_RULE_BREACHED,
  SYNC_RULE_PAUSED,
  SYNC_RULE_LEFT_ASIDE
};

/* Whole rules that are paused, and whether all repairs are. */
struct sync_pauses {
  struct sync_rule_pauses_row *rows;
  size_t count;
  bool all;
};
bool sync_pauses_read(struct db *db, struct arena *arena, struct error *error,
                      struct sync_pauses *ret_pauses) WARN_UNUSED;
/* NULL: it is not paused. That every rule is, is not said here. */
const struct sync_rule_pauses_row *sync_pauses_find(const struct sync_pauses *pauses, const char *rule);

struct sync_breach {
  uint64_t user_id;
  const char *table;
  const char *key; /* JSON */
  const char *action;
  const char *column;
  const char *actual;
  const char *wanted;
};

struct sync_rule {
  const char *name;
  const char *summary; /* NULL: there is no such rule any more */
  const char *severity;
  int state; /* enum sync_rule_state */
  uint64_t breaches;
  uint64_t paused;
  uint64_t learners;
  double cost_ms;
  struct field_list rows; /* struct sync_breach */
  enum presence rows_given;
};

struct sync_pass {
  uint64_t id;
  enum presence id_given;
  uint64_t user_id;
  enum presence user_given;
  const char *message;
  uint64_t job_id; /* of a new pass */
  enum presence job_given;
  int64_t as_of_ms;
  enum presence as_of_given; /* null: there was no pass yet */
  double score;
  uint64_t learners;
  uint64_t learners_in_breach;
  struct field_list rules; /* struct sync_rule */
};

extern const struct schema sync_pass_schema;
extern const struct schema sync_score_schema;  /* a struct pass_summary, its rules aside */
extern const struct schema sync_report_schema; /* a struct sync_pass as a job's report */

/* The rules in their order, also those that the pass does not know; then what it found by rules that are
 * gone. `pass` NULL: there was none yet. */
bool sync_pass_take(const struct rule_set *set, const struct pass_summary *pass,
                    const struct sync_pauses *pauses, struct arena *arena, struct error *error,
                    struct sync_pass *ret_pass) WARN_UNUSED;

#endif
