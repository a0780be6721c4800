/* How much a run may do: before it begins, and while it goes on. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

uint64_t repair_limit(const struct rule *rule, uint64_t learners_in_scope) {
  uint64_t rows = (uint64_t)rule->limit_rows;
  uint64_t percent = (uint64_t)rule->limit_share_percent;
  if (rows == 0 && percent == 0) {
    rows = REPAIR_DEFAULT_LIMIT_ROWS;
    percent = REPAIR_DEFAULT_LIMIT_PERCENT;
  }
  uint64_t limit = rows == 0 ? UINT64_MAX : rows;
  if (percent == 0 || learners_in_scope <= 1) return limit;
  uint64_t share = learners_in_scope * percent / 100;
  if (share < REPAIR_LIMIT_FLOOR_ROWS) share = REPAIR_LIMIT_FLOOR_ROWS;
  return share < limit ? share : limit;
}

bool repair_hold_to_limit(const struct rule *rule, uint64_t learners_in_scope, uint64_t rows,
                          const char *verb, struct error *error) {
  uint64_t limit = repair_limit(rule, learners_in_scope);
  if (rows <= limit) return true;
  return error_set(
      error, ERROR_UNPROCESSABLE,
      "Rule %s %s %llu rows; its limit among %llu learners is %llu. Confirm, or narrow the scope.",
      rule->name, verb, (unsigned long long)rows, (unsigned long long)learners_in_scope,
      (unsigned long long)limit);
}

bool repair_check_limits(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  struct repair_counts_read_params params = {.run_id = run->id};
  struct repair_counts_read_row *rows;
  size_t count;
  if (!repair_counts_read(tx->db, &params, tx->arena, REPAIR_COUNTS_MAX, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    const struct rule *rule = repair_rule_named(tx->work->set, rows[at].rule);
    if (rule != NULL &&
        !repair_hold_to_limit(rule, run->learners_in_scope, rows[at].changed, "would change", error))
      return false;
  }
  return true;
}
