/* What was changed around Lockstep between the finding and the lock, or since a run that is being undone:
 * told apart before anything is written, so that it stays as it is and the rest goes on. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

/* Whether an earlier step writes the same table: only then may a row be yet to be written. */
static bool is_written_before(const struct repair_group *groups, const struct repair_group *group) {
  for (const struct repair_group *at = groups; at < group; at++)
    if (at->step < group->step && strcmp(at->table, group->table) == 0) return true;
  return false;
}

static void append_where(struct repair_sql *sql, const struct repair_group *groups,
                         const struct repair_group *group, uint64_t first_step) {
  buffer_append_text(&sql->text, " SET r.state = 'moved' WHERE ");
  repair_sql_append_rows(sql, group);
  repair_sql_append_column(sql, group);
  if (!is_written_before(groups, group)) return;
  /* What an earlier step of the same transaction is yet to write cannot be compared now. */
  buffer_printf(&sql->text,
                " AND NOT EXISTS (SELECT 1 FROM repair_rows AS e WHERE e.run_id = r.run_id AND e.user_id ="
                " r.user_id AND e.step >= %llu AND e.step < r.step AND e.table_name = r.table_name AND"
                " e.row_key = r.row_key AND (e.column_name <=> r.column_name OR e.action <> 'set'))",
                (unsigned long long)first_step);
}

static void append_compare(struct repair_sql *sql, const struct repair_group *group) {
  const char *key = NULL;
  for (size_t at = 0; key == NULL; at++)
    if (group->columns[at].is_key) key = group->columns[at].name;
  if (group->action == RULE_INSERT) return; /* the row is there, where it should not be */
  buffer_printf(&sql->text, " AND (t.%s IS NULL", key);
  if (group->column != NULL) {
    buffer_append_text(&sql->text, " OR NOT (");
    repair_sql_append_same(sql, group);
    buffer_append_char(&sql->text, ')');
  }
  buffer_append_char(&sql->text, ')');
}

static bool mark_group(struct repair_tx *tx, const struct repair_group *groups,
                       const struct repair_group *group, uint64_t first_step, struct error *error,
                       uint64_t *ret_moved) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text, "UPDATE repair_rows AS r %s %s AS t ON ",
                group->action == RULE_INSERT ? "STRAIGHT_JOIN" : "LEFT JOIN", group->table);
  repair_sql_append_key(&sql, group);
  append_where(&sql, groups, group, first_step);
  append_compare(&sql, group);
  return repair_sql_exec(&sql, tx, error, ret_moved);
}

bool repair_mark_moved(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error) {
  struct repair_group *groups;
  size_t count;
  uint64_t any = 0;
  if (!repair_read_groups(tx, first_step, last_step, error, &groups, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    uint64_t moved;
    tx->culprit = groups[at].rule;
    if (!mark_group(tx, groups, &groups[at], first_step, error, &moved)) return false;
    any += moved;
  }
  if (any == 0) return true;
  struct repair_spread_moved_params params = {.run_id = tx->work->run->id,
                                              .from_user = tx->from,
                                              .to_user = tx->to,
                                              .first_step = first_step,
                                              .last_step = last_step};
  struct db_outcome outcome;
  return repair_spread_moved(tx->db, &params, error, &outcome);
}
