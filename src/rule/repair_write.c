/* Writing: one statement for each step, table, action and column, as compare-and-set. Whoever calls has the
 * learners locked; a row that holds something else than its before-image was changed around Lockstep. */
#include <stdio.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define WRITE_SHAPES_MAX 1000 /* sets of columns among the rows that one step inserts */

static bool write_miss(const struct repair_group *group, struct error *error) {
  error_set(error, ERROR_TRANSIENT, "A row changed while it was being repaired.");
  return error_detail(error, "%s: %.64s", repair_group_origin(group), group->table);
}

static bool check_references(struct repair_tx *tx, bool checks, struct error *error) {
  return db_text_exec(tx->db,
                      checks ? "SET SESSION foreign_key_checks = 1" : "SET SESSION foreign_key_checks = 0",
                      NULL, 0, error, NULL);
}

/* What was deleted or changed because it pointed at what is gone comes back as it was: pointing at nothing.
 */
static bool exec_unchecked(struct repair_sql *sql, struct repair_tx *tx, struct error *error,
                           uint64_t *ret_affected) {
  struct error failure = ERROR_INIT;
  if (!check_references(tx, false, error)) return false;
  bool done = repair_sql_exec(sql, tx, error, ret_affected);
  if (check_references(tx, true, &failure)) return done;
  if (done) *error = failure; /* the connection is lost, and its setting with it */
  return false;
}

static bool write_set(struct repair_tx *tx, const struct repair_group *group, struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t affected;
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text, "UPDATE repair_rows AS r STRAIGHT_JOIN %s AS t ON ", group->table);
  repair_sql_append_key(&sql, group);
  buffer_printf(&sql.text, " SET t.%s = r.after_value WHERE ", group->column);
  repair_sql_append_rows(&sql, group);
  repair_sql_append_column(&sql, group);
  buffer_append_text(&sql.text, " AND ");
  repair_sql_append_same(&sql, group);
  if (!(tx->work->run->is_rollback ? exec_unchecked(&sql, tx, error, &affected)
                                   : repair_sql_exec(&sql, tx, error, &affected)))
    return false;
  return affected == group->cells || write_miss(group, error);
}

/* The rows of a group's step, table and action, by the columns that are named for them. */
static bool read_shapes(struct repair_tx *tx, const struct repair_group *group, struct error *error,
                        struct repair_shapes_row **ret_shapes, size_t *ret_count) {
  struct repair_shapes_params params = {.run_id = tx->work->run->id,
                                        .from_user = tx->from,
                                        .to_user = tx->to,
                                        .step = group->step,
                                        .table_name = group->table,
                                        .action = rule_action_names[group->action]};
  return repair_shapes(tx->db, &params, tx->arena, WRITE_SHAPES_MAX, error, ret_shapes, ret_count);
}

static void append_key_names(struct repair_sql *sql, const struct repair_group *group) {
  const char *before = "";
  for (size_t at = 0; at < group->column_count; at++) {
    if (!group->columns[at].is_key) continue;
    buffer_printf(&sql->text, "%s%s", before, group->columns[at].name);
    before = ", ";
  }
}

static void append_key_values(struct repair_sql *sql, const struct repair_group *group) {
  const char *before = "";
  for (size_t at = 0; at < group->column_count; at++) {
    if (!group->columns[at].is_key) continue;
    buffer_append_text(&sql->text, before);
    repair_sql_append_key_value(sql, &group->columns[at]);
    before = ", ";
  }
}

/* `text` is a list "a,b": each name, by its place. */
static size_t next_name(const char *text, size_t at, size_t *ret_bytes) {
  *ret_bytes = strcspn(text + at, ",");
  return at + *ret_bytes + (text[at + *ret_bytes] == ',' ? 1 : 0);
}

/* All rows for which the rule names the same columns: the columns of a row become one row again. */
static bool insert_shape(struct repair_tx *tx, const struct repair_group *group,
                         const struct repair_shapes_row *shape, struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t affected;
  size_t bytes;
  size_t place = 0;
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text, "INSERT INTO %s (", group->table);
  append_key_names(&sql, group);
  for (size_t at = 0; shape->columns[at] != '\0';) {
    size_t next = next_name(shape->columns, at, &bytes);
    buffer_printf(&sql.text, ", %.*s", (int)bytes, shape->columns + at);
    at = next;
  }
  buffer_append_text(&sql.text, ") SELECT ");
  append_key_values(&sql, group);
  for (size_t at = 0; shape->columns[at] != '\0'; at = next_name(shape->columns, at, &bytes))
    buffer_printf(&sql.text, ", r.value_%zu", place++);
  buffer_append_text(&sql.text, " FROM (SELECT r.row_key, COALESCE(GROUP_CONCAT(r.column_name ORDER BY"
                                " r.column_name), '') AS shape");
  place = 0;
  for (size_t at = 0; shape->columns[at] != '\0';) {
    size_t next = next_name(shape->columns, at, &bytes);
    buffer_printf(&sql.text, ", MAX(IF(r.column_name = '%.*s', r.after_value, NULL)) AS value_%zu",
                  (int)bytes, shape->columns + at, place++);
    at = next;
  }
  buffer_append_text(&sql.text, " FROM repair_rows AS r WHERE ");
  repair_sql_append_rows(&sql, group);
  buffer_printf(&sql.text, " GROUP BY r.user_id, r.row_key) AS r WHERE r.shape = '%s'", shape->columns);
  if (!repair_sql_exec(&sql, tx, error, &affected)) return false;
  return affected == shape->row_count || write_miss(group, error);
}

static bool is_binary(const struct rule_column *column) {
  return strstr(column->type, "binary") != NULL || strstr(column->type, "blob") != NULL;
}

/* A column of a row in quarantine. Of numbers and times, which are short, JSON_VALUE makes text or NULL at
 * once; of texts it would cut off what is long. */
static void append_kept_value(struct repair_sql *sql, const struct rule_column *column) {
  const char *name = column->name;
  if (column->character_set == NULL && !is_binary(column))
    buffer_printf(&sql->text, "JSON_VALUE(q.row_data, '$.%s')", name);
  else if (!column->is_nullable)
    buffer_printf(&sql->text, "%s(JSON_UNQUOTE(JSON_EXTRACT(q.row_data, '$.%s')))",
                  is_binary(column) ? "UNHEX" : "", name);
  else
    buffer_printf(&sql->text,
                  "%s(IF(JSON_TYPE(JSON_EXTRACT(q.row_data, '$.%s')) = 'NULL', NULL,"
                  " JSON_UNQUOTE(JSON_EXTRACT(q.row_data, '$.%s'))))",
                  is_binary(column) ? "UNHEX" : "", name, name);
}

/* The deleted rows that a step brings back. Where each is one image, they need not be told apart first. */
static void append_kept_list(struct repair_sql *sql, const struct repair_tx *tx,
                             const struct repair_group *group) {
  bool is_act = tx->work->run->is_act;
  buffer_append_text(&sql->text, is_act ? " FROM repair_rows AS r"
                                        : " FROM (SELECT DISTINCT r.user_id, r.row_key, r.rule FROM"
                                          " repair_rows AS r WHERE ");
  if (!is_act) {
    repair_sql_append_rows(sql, group);
    buffer_append_text(&sql->text, ") AS r");
  }
  buffer_printf(
      &sql->text,
      " STRAIGHT_JOIN quarantine AS q FORCE INDEX (quarantine_row) ON q.run_id = %llu AND"
      " q.user_id = r.user_id AND q.table_name = '%s' AND q.row_key = r.row_key AND q.rule = r.rule",
      (unsigned long long)tx->work->run->rolls_back, group->table);
  if (!is_act) return;
  buffer_append_text(&sql->text, " WHERE ");
  repair_sql_append_rows(sql, group);
}

static bool mark_restored(struct repair_tx *tx, const struct repair_group *group, struct error *error) {
  const struct repair_run *run = tx->work->run;
  struct repair_restored_params params = {.run_id = run->rolls_back,
                                          .by_run = run->id,
                                          .from_user = tx->from,
                                          .to_user = tx->to,
                                          .step = group->step,
                                          .table_name = group->table};
  struct repair_restored_act_params of_act = {
      .run_id = run->rolls_back, .by_run = run->id, .user_id = run->from_user, .step = group->step};
  struct db_outcome restored;
  return run->is_act ? repair_restored_act(tx->db, &of_act, error, &restored)
                     : repair_restored(tx->db, &params, error, &restored);
}

/* A row that another run deleted comes back whole, as it stands in quarantine. */
static bool insert_from_quarantine(struct repair_tx *tx, const struct repair_group *group, uint64_t row_count,
                                   struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t affected;
  const char *before = "";
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text, "INSERT INTO %s (", group->table);
  for (size_t at = 0; at < group->column_count; at++) {
    if (group->columns[at].is_generated) continue;
    buffer_printf(&sql.text, "%s`%s`", before, group->columns[at].name);
    before = ", ";
  }
  buffer_append_text(&sql.text, ") SELECT ");
  before = "";
  for (size_t at = 0; at < group->column_count; at++) {
    const struct rule_column *column = &group->columns[at];
    if (column->is_generated) continue;
    buffer_append_text(&sql.text, before);
    append_kept_value(&sql, column);
    before = ", ";
  }
  append_kept_list(&sql, tx, group);
  if (!exec_unchecked(&sql, tx, error, &affected)) return false;
  if (affected != row_count) return write_miss(group, error);
  return mark_restored(tx, group, error);
}

static bool write_inserts(struct repair_tx *tx, const struct repair_group *group, struct error *error) {
  struct repair_shapes_row *shapes;
  size_t count;
  uint64_t rows = 0;
  if (tx->work->run->is_act) return insert_from_quarantine(tx, group, group->cells, error);
  if (!read_shapes(tx, group, error, &shapes, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    rows += shapes[at].row_count;
    if (!tx->work->run->is_rollback && !insert_shape(tx, group, &shapes[at], error)) return false;
  }
  return !tx->work->run->is_rollback || insert_from_quarantine(tx, group, rows, error);
}

/* Each column that the rule names still holds what it saw; locks the rows. */
static bool check_deletes(struct repair_tx *tx, const struct repair_group *group, struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t same;
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text, "SELECT COUNT(*) FROM repair_rows AS r STRAIGHT_JOIN %s AS t ON ", group->table);
  repair_sql_append_key(&sql, group);
  buffer_append_text(&sql.text, " WHERE ");
  repair_sql_append_rows(&sql, group);
  repair_sql_append_column(&sql, group);
  if (group->column != NULL) {
    buffer_append_text(&sql.text, " AND ");
    repair_sql_append_same(&sql, group);
  }
  buffer_append_text(&sql.text, " FOR UPDATE");
  if (!repair_sql_number(&sql, tx, error, &same)) return false;
  return same == group->cells || write_miss(group, error);
}

/* As append_kept_list. */
static void append_row_list(struct repair_sql *sql, const struct repair_tx *tx,
                            const struct repair_group *group) {
  if (tx->work->run->is_act) {
    buffer_printf(&sql->text, "repair_rows AS r STRAIGHT_JOIN %s AS t ON ", group->table);
    repair_sql_append_key(sql, group);
    buffer_append_text(&sql->text, " WHERE ");
    repair_sql_append_rows(sql, group);
    return;
  }
  buffer_append_text(&sql->text,
                     "(SELECT DISTINCT r.run_id, r.rule, r.user_id, r.row_key FROM repair_rows AS r WHERE ");
  repair_sql_append_rows(sql, group);
  buffer_printf(&sql->text, ") AS r STRAIGHT_JOIN %s AS t ON ", group->table);
  repair_sql_append_key(sql, group);
}

/* The row as a JSON object of texts; a text that is JSON itself stays a text, or it would be written anew. */
static bool quarantine(struct repair_tx *tx, const struct repair_group *group, uint64_t row_count,
                       struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t affected;
  const char *before = "";
  repair_sql_begin(&sql, tx, group->step);
  buffer_printf(&sql.text,
                "INSERT INTO quarantine (run_id, rule, user_id, table_name, row_key, row_data, created_at)"
                " SELECT r.run_id, r.rule, r.user_id, '%s', r.row_key, JSON_OBJECT(",
                group->table);
  for (size_t at = 0; at < group->column_count; at++) {
    const struct rule_column *column = &group->columns[at];
    if (column->is_generated) continue;
    buffer_printf(&sql.text, "%s'%s', ", before, column->name);
    buffer_printf(&sql.text,
                  is_binary(column) ? "HEX(t.`%s`)"
                                    : "CONCAT(CAST(t.`%s` AS CHAR CHARACTER SET utf8mb4), '')",
                  column->name);
    before = ", ";
  }
  buffer_append_text(&sql.text, "), UTC_TIMESTAMP(3) FROM ");
  append_row_list(&sql, tx, group);
  if (!repair_sql_exec(&sql, tx, error, &affected)) return false;
  return affected == row_count || write_miss(group, error);
}

static bool count_rows(struct repair_tx *tx, const struct repair_group *group, struct error *error,
                       uint64_t *ret_rows) {
  struct repair_shapes_row *shapes;
  size_t count;
  if (!read_shapes(tx, group, error, &shapes, &count)) return false;
  *ret_rows = 0;
  for (size_t at = 0; at < count; at++)
    *ret_rows += shapes[at].row_count;
  return true;
}

static bool write_deletes(struct repair_tx *tx, const struct repair_group *groups, size_t group_count,
                          struct error *error) {
  struct repair_sql sql = REPAIR_SQL_INIT;
  uint64_t rows = 0;
  uint64_t affected;
  for (size_t at = 0; at < group_count; at++)
    if (!check_deletes(tx, &groups[at], error)) return false;
  if (tx->work->run->is_act)
    rows = groups->cells;
  else if (!count_rows(tx, groups, error, &rows))
    return false;
  if (!quarantine(tx, groups, rows, error)) return false;
  repair_sql_begin(&sql, tx, groups->step);
  buffer_append_text(&sql.text, "DELETE t FROM ");
  append_row_list(&sql, tx, groups);
  if (!repair_sql_exec(&sql, tx, error, &affected)) return false;
  return affected == rows || write_miss(groups, error);
}

static bool same_rows(const struct repair_group *left, const struct repair_group *right) {
  return left->step == right->step && left->action == right->action && strcmp(left->table, right->table) == 0;
}

static bool write_group(struct repair_tx *tx, const struct repair_group *groups, size_t count,
                        struct error *error) {
  if (groups->action == RULE_INSERT) return write_inserts(tx, groups, error);
  if (groups->action == RULE_DELETE) return write_deletes(tx, groups, count, error);
  for (size_t at = 0; at < count; at++)
    if (!write_set(tx, &groups[at], error)) return false;
  return true;
}

/* What the table does not take (a key that is there already, a value that does not fit, a missing parent) is
 * one learner's trouble, and no reason to repair nobody: the span is halved until that learner is alone. A
 * rule of the site, and healing, are told at once. */
static bool write_refused(const struct repair_tx *tx, const struct repair_group *group, struct error *error) {
  bool is_refusal = error->sql_errno != 0 && (error->code == ERROR_CONFLICT || error->code == ERROR_INTERNAL);
  if (!is_refusal) return false;
  char why[ERROR_DETAIL_BYTES];
  snprintf(why, sizeof why, "%s", error->detail);
  error->code = ERROR_INTERNAL;
  error_detail(error, "%s (learner %llu): %.300s", repair_group_origin(group), (unsigned long long)tx->from,
               why);
  if (tx->one_learner || (group->rule != NULL && group->rule->of_site)) return false;
  error->code = ERROR_TRANSIENT;
  error->sql_errno = 0;
  return false;
}

bool repair_write(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error) {
  struct repair_group *groups;
  size_t count;
  size_t columns;
  if (!repair_read_groups(tx, first_step, last_step, error, &groups, &count)) return false;
  for (size_t at = 0; at < count; at += columns) {
    const struct repair_group *group = &groups[at];
    tx->culprit = group->rule;
    for (columns = 1; at + columns < count && same_rows(group, group + columns);)
      columns++;
    if (!write_group(tx, group, columns, error)) return write_refused(tx, group, error);
  }
  return true;
}
