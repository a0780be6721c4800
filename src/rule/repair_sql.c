/* SQL on a run's rows (repair_rows AS r) and the table that they are to change (AS t). It is made of the
 * names that the database itself has for its tables and columns; values only ever travel as parameters, or
 * stay in the database. The key, a JSON object, is taken apart by the server, each part as its column's own
 * type: so the rows are looked up by their primary key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

const char *repair_group_origin(const struct repair_group *group) {
  return group->rule != NULL ? group->rule->file : group->rule_name;
}

static bool group_refuse(const struct repair_group *group, struct error *error, const char *what,
                         const char *name) {
  error_set(error, ERROR_INTERNAL, "A rule of consistency asks for a change that cannot be made.");
  return error_detail(error, "%s: %s %.64s", repair_group_origin(group), what, name);
}

static bool is_whole_number(const char *type) {
  static const char *const types[] = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"};
  for (size_t at = 0; at < ARRAY_LENGTH(types); at++)
    if (strcmp(types[at], type) == 0) return true;
  return false;
}

static bool is_time(const char *type) {
  return strcmp(type, "date") == 0 || strcmp(type, "datetime") == 0 || strcmp(type, "timestamp") == 0 ||
         strcmp(type, "time") == 0;
}

static bool may_be_key(const struct rule_column *column) {
  return column->character_set != NULL || is_whole_number(column->type) || is_time(column->type) ||
         strcmp(column->type, "decimal") == 0;
}

static bool group_check(struct repair_tx *tx, struct repair_group *group, struct error *error) {
  const char *column = group->action == RULE_SET ? group->column : NULL;
  if (group->action == RULE_SET && column == NULL)
    return group_refuse(group, error, "no column is to be set in", group->table);
  if (group->rule != NULL && !rule_may_change(group->rule, group->table, column))
    return group_refuse(group, error, "the row changes what the file does not declare:", group->table);
  group->columns = rule_table_columns(tx->work->set, group->table, &group->column_count);
  size_t keys = 0;
  for (size_t at = 0; at < group->column_count; at++) {
    const struct rule_column *key = &group->columns[at];
    if (!key->is_key) continue;
    if (!rule_name_is_plain(key->name) || !may_be_key(key))
      return group_refuse(group, error, "no rule can change the rows of", group->table);
    keys++;
  }
  if (keys == 0) return group_refuse(group, error, "no table with a primary key is called", group->table);
  if (group->column == NULL) return true;
  const struct rule_column *target = rule_column_find(tx->work->set, group->table, group->column);
  if (target == NULL) return group_refuse(group, error, "the table has no column", group->column);
  if (target->is_key || target->is_generated || !rule_name_is_plain(target->name))
    return group_refuse(group, error, "no rule can change the column", group->column);
  return true;
}

static bool group_take(struct repair_tx *tx, const struct repair_groups_row *row, struct error *error,
                       struct repair_group *ret_group) {
  struct repair_group group = {.step = row->step,
                               .rule_name = row->rule,
                               .table = row->table_name,
                               .column = row->column_name,
                               .cells = row->cells};
  while (strcmp(rule_action_names[group.action], row->action) != 0)
    group.action++;
  if (!tx->work->run->is_rollback && !tx->work->run->is_act) {
    group.rule = repair_rule_named(tx->work->set, row->rule);
    if (group.rule == NULL)
      return error_set(error, ERROR_CONFLICT, "There is no rule %s any more.", row->rule);
  }
  if (!group_check(tx, &group, error)) return false;
  *ret_group = group;
  return true;
}

bool repair_read_groups(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error,
                        struct repair_group **ret_groups, size_t *ret_count) {
  struct repair_groups_params params = {.run_id = tx->work->run->id,
                                        .from_user = tx->from,
                                        .to_user = tx->to,
                                        .first_step = first_step,
                                        .last_step = last_step};
  struct repair_groups_row *rows;
  size_t count;
  if (!repair_groups(tx->db, &params, tx->arena, REPAIR_GROUPS_MAX, error, &rows, &count)) return false;
  struct repair_group *groups = arena_alloc_array(tx->arena, count + 1, sizeof *groups);
  if (groups == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!group_take(tx, &rows[at], error, &groups[at])) return false;
  *ret_groups = groups;
  *ret_count = count;
  return true;
}

void repair_sql_begin(struct repair_sql *sql, const struct repair_tx *tx, uint64_t step) {
  const uint64_t numbers[] = {tx->work->run->id, tx->from, tx->to, step};
  for (size_t at = 0; at < ARRAY_LENGTH(numbers); at++)
    snprintf(sql->numbers[at], sizeof sql->numbers[at], "%llu", (unsigned long long)numbers[at]);
}

void repair_sql_append_rows(struct repair_sql *sql, const struct repair_group *group) {
  buffer_printf(&sql->text,
                "r.run_id = ? AND r.user_id BETWEEN ? AND ? AND r.step = ? AND r.table_name = '%s'"
                " AND r.action = '%s' AND r.state = 'done'",
                group->table, rule_action_names[group->action]);
  for (size_t at = 0; at < ARRAY_LENGTH(sql->numbers); at++)
    sql->parameters[sql->parameter_count++] = sql->numbers[at];
}

void repair_sql_append_column(struct repair_sql *sql, const struct repair_group *group) {
  if (group->column == NULL)
    buffer_append_text(&sql->text, " AND r.column_name IS NULL");
  else
    buffer_printf(&sql->text, " AND r.column_name = '%s'", group->column);
}

void repair_sql_append_key_value(struct repair_sql *sql, const struct rule_column *column) {
  const char *type = column->type;
  const char *what = column->character_set != NULL ? "CONVERT(" : "CAST(";
  buffer_printf(&sql->text, "%sJSON_UNQUOTE(JSON_EXTRACT(r.row_key, '$.%s'))", what, column->name);
  if (column->character_set != NULL)
    buffer_printf(&sql->text, " USING %s) COLLATE %s", column->character_set, column->collation);
  else if (is_whole_number(type))
    buffer_printf(&sql->text, " AS %s)",
                  strstr(column->full_type, "unsigned") != NULL ? "UNSIGNED" : "SIGNED");
  else if (strcmp(type, "date") == 0)
    buffer_append_text(&sql->text, " AS DATE)");
  else if (strcmp(type, "decimal") == 0)
    buffer_printf(&sql->text, " AS %.*s)", (int)(strcspn(column->full_type, ")") + 1), column->full_type);
  else
    buffer_printf(&sql->text, " AS %s(6))", strcmp(type, "time") == 0 ? "TIME" : "DATETIME");
}

void repair_sql_append_key(struct repair_sql *sql, const struct repair_group *group) {
  const char *before = "";
  for (size_t at = 0; at < group->column_count; at++) {
    if (!group->columns[at].is_key) continue;
    buffer_printf(&sql->text, "%st.%s = ", before, group->columns[at].name);
    repair_sql_append_key_value(sql, &group->columns[at]);
    before = " AND ";
  }
}

void repair_sql_append_same(struct repair_sql *sql, const struct repair_group *group) {
  buffer_printf(&sql->text,
                "CAST(CAST(t.%s AS CHAR CHARACTER SET utf8mb4) AS BINARY) <=> CAST(r.before_value AS BINARY)",
                group->column);
}

bool repair_sql_exec(struct repair_sql *sql, struct repair_tx *tx, struct error *error,
                     uint64_t *ret_affected) {
  struct db_outcome outcome;
  bool done = sql->text.failed ? error_set_memory(error)
                               : db_text_exec(tx->db, sql->text.data, sql->parameters, sql->parameter_count,
                                              error, &outcome);
  buffer_free(&sql->text);
  if (!done) return false;
  *ret_affected = outcome.affected;
  return true;
}

bool repair_take_number(const struct db_text_row *row, void *context, struct error *error) {
  uint64_t *number = context;
  (void)error;
  if (row->values[0] != NULL) *number = strtoull(row->values[0], NULL, 10);
  return true;
}

bool repair_sql_number(struct repair_sql *sql, struct repair_tx *tx, struct error *error,
                       uint64_t *ret_number) {
  uint64_t number = 0;
  bool done = sql->text.failed ? error_set_memory(error)
                               : db_text_each(tx->db, sql->text.data, sql->parameters, sql->parameter_count,
                                              tx->arena, repair_take_number, &number, error);
  buffer_free(&sql->text);
  if (!done) return false;
  *ret_number = number;
  return true;
}
