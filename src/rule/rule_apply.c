/* The write that a rule's rows ask for. Its text is made of the names that the database itself has
 * for its tables and columns; values only ever travel as parameters. The key, a JSON object, is
 * taken apart by the server, which looks the row up by its whole primary key. */
#include <string.h>

#include "base/buffer.h"
#include "rule/rule_private.h"

#include "base/banned.h"

#define APPLY_SQL_BYTES_MAX ((size_t)64 * 1024)
#define APPLY_COLUMNS_MAX 64 /* of one row */
#define APPLY_PARAMETERS_MAX (2 * APPLY_COLUMNS_MAX + RULE_KEY_COLUMNS_MAX)

struct apply {
  const struct rule_breach *breaches;
  size_t count;
  const struct rule_column *columns; /* of the table */
  size_t column_count;
  const char *keys[RULE_KEY_COLUMNS_MAX];
  size_t key_count;
  struct buffer sql;
  const char *parameters[APPLY_PARAMETERS_MAX];
  size_t parameter_count;
};

static bool apply_refuse(const struct apply *apply, struct error *error, const char *what, const char *name) {
  error_set(error, ERROR_INTERNAL, "A rule of consistency asks for a change that cannot be made.");
  return error_detail(error, "%s: %s %.64s", apply->breaches->rule->file, what, name);
}

static bool apply_take_table(const struct rule_set *set, struct apply *apply, struct error *error) {
  const struct rule_state *state = set->state;
  const char *table = apply->breaches->table;
  for (size_t at = 0; at < state->column_count; at++) {
    const struct rule_column *column = &state->columns[at];
    if (strcmp(column->table, table) != 0) continue;
    if (apply->column_count++ == 0) apply->columns = column;
    if (!column->is_key) continue;
    if (apply->key_count == RULE_KEY_COLUMNS_MAX || !rule_name_is_plain(column->name))
      return apply_refuse(apply, error, "no rule can change the rows of", table);
    apply->keys[apply->key_count++] = column->name;
  }
  if (apply->key_count > 0 && rule_name_is_plain(table)) return true;
  return apply_refuse(apply, error, "no table with a primary key is called", table);
}

/* A column that may be written: there, and not part of the key. */
static bool apply_check_column(const struct apply *apply, const char *name, struct error *error) {
  for (size_t at = 0; at < apply->column_count; at++) {
    if (strcmp(apply->columns[at].name, name) != 0) continue;
    if (!apply->columns[at].is_key && rule_name_is_plain(name)) return true;
    return apply_refuse(apply, error, "no rule can change the column", name);
  }
  return apply_refuse(apply, error, "the table has no column", name);
}

static bool apply_check(const struct rule_set *set, struct apply *apply, struct error *error) {
  if (apply->count > APPLY_COLUMNS_MAX)
    return apply_refuse(apply, error, "too many columns at once of", apply->breaches->table);
  if (!apply_take_table(set, apply, error)) return false;
  for (size_t at = 0; at < apply->count; at++) {
    if (apply->breaches[at].column == NULL) continue;
    if (!apply_check_column(apply, apply->breaches[at].column, error)) return false;
  }
  return true;
}

static void append_parameter(struct apply *apply, const char *value) {
  apply->parameters[apply->parameter_count++] = value;
}

static void append_key_value(struct apply *apply, const char *name) {
  buffer_printf(&apply->sql, "JSON_UNQUOTE(JSON_EXTRACT(?, '$.%s'))", name);
  append_parameter(apply, apply->breaches->key);
}

/* The row by its key, as long as every column still holds what the rule read, byte for byte. */
static void append_where(struct apply *apply) {
  buffer_append_text(&apply->sql, " WHERE ");
  for (size_t at = 0; at < apply->key_count; at++) {
    buffer_printf(&apply->sql, "%s%s = ", at == 0 ? "" : " AND ", apply->keys[at]);
    append_key_value(apply, apply->keys[at]);
  }
  for (size_t at = 0; at < apply->count; at++) {
    if (apply->breaches[at].column == NULL) continue;
    buffer_printf(&apply->sql,
                  " AND CAST(CAST(%s AS CHAR CHARACTER SET utf8mb4) AS BINARY) <=> CAST(? AS BINARY)",
                  apply->breaches[at].column);
    append_parameter(apply, apply->breaches[at].actual);
  }
}

static void append_update(struct apply *apply) {
  buffer_printf(&apply->sql, "UPDATE %s SET ", apply->breaches->table);
  for (size_t at = 0; at < apply->count; at++) {
    buffer_printf(&apply->sql, "%s%s = ?", at == 0 ? "" : ", ", apply->breaches[at].column);
    append_parameter(apply, apply->breaches[at].wanted);
  }
  append_where(apply);
}

static void append_delete(struct apply *apply) {
  buffer_printf(&apply->sql, "DELETE FROM %s", apply->breaches->table);
  append_where(apply);
}

static void append_insert(struct apply *apply) {
  buffer_printf(&apply->sql, "INSERT INTO %s (", apply->breaches->table);
  for (size_t at = 0; at < apply->key_count; at++)
    buffer_printf(&apply->sql, "%s%s", at == 0 ? "" : ", ", apply->keys[at]);
  for (size_t at = 0; at < apply->count; at++)
    if (apply->breaches[at].column != NULL) buffer_printf(&apply->sql, ", %s", apply->breaches[at].column);
  buffer_append_text(&apply->sql, ") VALUES (");
  for (size_t at = 0; at < apply->key_count; at++) {
    if (at > 0) buffer_append_text(&apply->sql, ", ");
    append_key_value(apply, apply->keys[at]);
  }
  for (size_t at = 0; at < apply->count; at++) {
    if (apply->breaches[at].column == NULL) continue;
    buffer_append_text(&apply->sql, ", ?");
    append_parameter(apply, apply->breaches[at].wanted);
  }
  buffer_append_char(&apply->sql, ')');
}

static bool apply_run(struct apply *apply, struct db *db, struct error *error, bool *ret_written) {
  struct db_outcome outcome;
  if (apply->sql.failed) return error_set_memory(error);
  if (db_text_exec(db, apply->sql.data, apply->parameters, apply->parameter_count, error, &outcome)) {
    *ret_written = outcome.affected > 0;
    return true;
  }
  if (error->code != ERROR_CONFLICT) return false;
  if (apply->breaches->action != RULE_INSERT) { /* against another unique key: no try will do better */
    error->code = ERROR_INTERNAL;
    return false;
  }
  error_clear(error); /* the row to be inserted is there by now */
  *ret_written = false;
  return true;
}

bool rule_apply_row(const struct rule_set *set, struct db *db, const struct rule_breach *breaches,
                    size_t count, struct error *error, bool *ret_written) {
  struct apply apply = {.breaches = breaches, .count = count, .sql = BUFFER_INIT(APPLY_SQL_BYTES_MAX)};
  if (!apply_check(set, &apply, error)) return false;
  switch (breaches->action) {
  case RULE_SET:
    append_update(&apply);
    break;
  case RULE_DELETE:
    append_delete(&apply);
    break;
  case RULE_INSERT:
    append_insert(&apply);
    break;
  case RULE_REPORT:
    return apply_refuse(&apply, error, "nothing is to be changed in", breaches->table);
  }
  bool ran = apply_run(&apply, db, error, ret_written);
  buffer_free(&apply.sql);
  return ran;
}
