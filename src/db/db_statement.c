/* Statements of the table db_statements: run, and their rows read into structs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/db_prepared.h"

#include "base/banned.h"

#define DB_ROWS_FIRST 16

static bool db_misfit(const struct db_statement *statement, const struct db_column *column, const char *what,
                      struct error *error) {
  error_set(error, ERROR_INTERNAL, "The database holds a value that does not fit.");
  return error_detail(error, "%s: column %s %s", statement->name, column->name, what);
}

static bool db_fetch_text(struct db_prepared *prepared, size_t at, struct arena *arena, struct error *error,
                          const char **ret_text) {
  struct db_cell *cell = &prepared->column_cells[at];
  unsigned long length = cell->length;
  char *text = arena_alloc(arena, (size_t)length + 1);
  if (text == NULL) return error_set_memory(error);
  if (length > 0) {
    unsigned long real_length = 0;
    db_flag is_null = 0;
    db_flag is_cut = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = length};
    bind.length = &real_length;
    bind.is_null = &is_null;
    bind.error = &is_cut;
    if (mysql_stmt_fetch_column(prepared->stmt, &bind, (unsigned)at, 0) != 0)
      return error_set(error, ERROR_INTERNAL, "A text could not be read from the database.");
  }
  *ret_text = text;
  return true;
}

static bool db_decode_cell(struct db_prepared *prepared, const struct db_statement *statement, size_t at,
                           struct arena *arena, char *row, struct error *error) {
  const struct db_column *column = &statement->columns[at];
  const struct db_cell *cell = &prepared->column_cells[at];
  char *value = row + column->offset;
  if (cell->is_null) {
    if (!column->nullable) return db_misfit(statement, column, "is NULL", error);
    if (column->null_offset != 0) *(bool *)(row + column->null_offset - 1) = true;
    return true;
  }
  if (column->type == DB_TEXT) return db_fetch_text(prepared, at, arena, error, (const char **)value);
  if (cell->is_cut) return db_misfit(statement, column, "is out of range", error);
  switch (column->type) {
  case DB_BOOL:
    *(bool *)value = cell->value.i64 != 0;
    break;
  case DB_I64:
    *(int64_t *)value = cell->value.i64;
    break;
  case DB_U64:
    *(uint64_t *)value = cell->value.u64;
    break;
  case DB_F64:
    *(double *)value = cell->value.f64;
    break;
  case DB_TIME:
    *(int64_t *)value = db_time_to_ms(&cell->value.time);
    break;
  case DB_DAY:
    *(int32_t *)value = db_time_to_day(&cell->value.time);
    break;
  case DB_HASH:
    if (cell->length != DB_HASH_BYTES) return db_misfit(statement, column, "is no hash", error);
    memcpy(value, &cell->value.hash, DB_HASH_BYTES);
    break;
  case DB_TEXT:
    break;
  }
  return true;
}

/* The next row, into `row`, which is zeroed. */
static bool db_fetch(struct db *db, struct db_prepared *prepared, const struct db_statement *statement,
                     struct arena *arena, void *row, struct error *error, bool *ret_found) {
  int64_t start_ns = clock_monotonic_ns();
  int fetched = mysql_stmt_fetch(prepared->stmt);
  db->time_ns += clock_monotonic_ns() - start_ns;
  if (fetched == MYSQL_NO_DATA) {
    *ret_found = false;
    return true;
  }
  if (fetched != 0 && fetched != MYSQL_DATA_TRUNCATED)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  for (size_t i = 0; i < statement->column_count; i++)
    if (!db_decode_cell(prepared, statement, i, arena, row, error)) return false;
  *ret_found = true;
  return true;
}

/* Executes, with the clock running. */
static bool db_start_rows(struct db *db, const struct db_statement *statement, struct db_input input,
                          struct error *error, struct db_prepared **ret_prepared) {
  int64_t start_ns = clock_monotonic_ns();
  bool done = db_execute(db, statement, input, error, ret_prepared);
  db->time_ns += clock_monotonic_ns() - start_ns;
  return done;
}

static bool db_start(struct db *db, const struct db_statement *statement, const void *parameters,
                     struct error *error, struct db_prepared **ret_prepared) {
  struct db_input input = {.rows = parameters, .count = 1};
  return db_start_rows(db, statement, input, error, ret_prepared);
}

bool db_run_exec(struct db *db, const struct db_statement *statement, const void *parameters,
                 struct error *error, struct db_outcome *ret_outcome) {
  struct db_prepared *prepared;
  if (!db_start(db, statement, parameters, error, &prepared)) return false;
  if (ret_outcome != NULL) {
    ret_outcome->affected = mysql_stmt_affected_rows(prepared->stmt);
    ret_outcome->insert_id = mysql_stmt_insert_id(prepared->stmt);
  }
  return true;
}

static bool db_read_one(struct db *db, struct db_prepared *prepared, const struct db_statement *statement,
                        struct arena *arena, void *row, struct error *error, bool *ret_found) {
  if (!db_fetch(db, prepared, statement, arena, row, error, ret_found)) return false;
  if (!*ret_found) return true;
  int64_t start_ns = clock_monotonic_ns();
  int fetched = mysql_stmt_fetch(prepared->stmt);
  db->time_ns += clock_monotonic_ns() - start_ns;
  if (fetched == MYSQL_NO_DATA) return true;
  if (fetched != 0 && fetched != MYSQL_DATA_TRUNCATED)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  error_set(error, ERROR_INTERNAL, "The database holds two where there can be one.");
  return error_detail(error, "%s: more than one row", statement->name);
}

bool db_run_one(struct db *db, const struct db_statement *statement, const void *parameters,
                struct arena *arena, struct error *error, void *ret_row, bool *ret_found) {
  struct db_prepared *prepared;
  bool found;
  void *row = arena_alloc(arena, statement->row_size);
  if (row == NULL) return error_set_memory(error);
  if (!db_start(db, statement, parameters, error, &prepared)) return false;
  if (!db_read_one(db, prepared, statement, arena, row, error, &found)) {
    mysql_stmt_free_result(prepared->stmt);
    return false;
  }
  if (found) memcpy(ret_row, row, statement->row_size);
  *ret_found = found;
  return true;
}

/* A growing array; what it outgrows stays in the arena until the request ends. */
struct db_rows {
  char *items;
  size_t count;
  size_t capacity;
};

static void *db_rows_next(struct db_rows *rows, const struct db_statement *statement, struct arena *arena) {
  size_t size = statement->row_size;
  if (rows->count == rows->capacity) {
    size_t capacity = rows->capacity == 0 ? DB_ROWS_FIRST : rows->capacity * 2;
    char *items = arena_alloc_array(arena, capacity, size);
    if (items == NULL) return NULL;
    if (rows->count > 0) memcpy(items, rows->items, rows->count * size);
    rows->items = items;
    rows->capacity = capacity;
  }
  return rows->items + rows->count * size;
}

static bool db_read_all(struct db *db, struct db_prepared *prepared, const struct db_statement *statement,
                        struct arena *arena, size_t limit, struct db_rows *rows, struct error *error) {
  for (bool found = true; found;) {
    void *row = db_rows_next(rows, statement, arena);
    if (row == NULL) return error_set_memory(error);
    if (!db_fetch(db, prepared, statement, arena, row, error, &found)) return false;
    if (!found) break;
    if (rows->count == limit) {
      error_set(error, ERROR_INTERNAL, "The database holds more of these than can be read at once.");
      return error_detail(error, "%s: more than %zu rows", statement->name, limit);
    }
    rows->count++;
  }
  return true;
}

bool db_run_all(struct db *db, const struct db_statement *statement, const void *parameters,
                struct arena *arena, size_t limit, struct error *error, void **ret_rows, size_t *ret_count) {
  struct db_prepared *prepared;
  struct db_rows rows = {.count = 0};
  if (!db_start(db, statement, parameters, error, &prepared)) return false;
  if (!db_read_all(db, prepared, statement, arena, limit, &rows, error)) {
    mysql_stmt_free_result(prepared->stmt);
    return false;
  }
  *ret_rows = rows.items;
  *ret_count = rows.count;
  return true;
}

static bool db_read_each(struct db *db, struct db_prepared *prepared, const struct db_statement *statement,
                         struct arena *arena,
                         bool (*each)(const void *row, void *context, struct error *error), void *context,
                         struct error *error) {
  void *row = arena_alloc(arena, statement->row_size);
  if (row == NULL) return error_set_memory(error);
  for (;;) {
    struct arena_mark before = arena_mark(arena);
    bool found;
    memset(row, 0, statement->row_size);
    if (!db_fetch(db, prepared, statement, arena, row, error, &found)) return false;
    if (!found) return true;
    struct arena_mark read = arena_mark(arena);
    if (!each(row, context, error)) return false;
    struct arena_mark after = arena_mark(arena);
    if (read.chunk == after.chunk && read.used == after.used) arena_rewind(arena, before);
  }
}

bool db_run_each(struct db *db, const struct db_statement *statement, const void *parameters,
                 struct arena *arena, bool (*each)(const void *row, void *context, struct error *error),
                 void *context, struct error *error) {
  struct db_prepared *prepared;
  if (!db_start(db, statement, parameters, error, &prepared)) return false;
  if (db_read_each(db, prepared, statement, arena, each, context, error)) return true;
  mysql_stmt_free_result(prepared->stmt);
  return false;
}

size_t db_rows_fit(size_t count) {
  static const size_t forms[] = {DB_ROWS_MAX, 12, 8, 6, 5, 4, 3, 2, 1};
  for (size_t at = 0; at < ARRAY_LENGTH(forms); at++)
    if (forms[at] <= count) return forms[at];
  return 0;
}

/* The part of `rows` that one execution takes, beginning at `at`. */
static struct db_input db_next_rows(const struct db_statement *statement, const void *rows, size_t row_count,
                                    size_t at) {
  return (struct db_input){.rows = (const char *)rows + at * statement->parameter_size,
                           .count = db_rows_fit(row_count - at)};
}

bool db_run_exec_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t row_count,
                      struct error *error, struct db_outcome *ret_outcome) {
  struct db_outcome outcome = {.affected = 0};
  size_t taken;
  if (row_count >= DB_ROWS_AS_TEXT) {
    if (!db_exec_text_rows(db, statement, rows, row_count, error, &outcome.affected)) return false;
    row_count = 0;
  }
  for (size_t at = 0; at < row_count; at += taken) {
    struct db_prepared *prepared;
    struct db_input input = db_next_rows(statement, rows, row_count, at);
    taken = input.count;
    if (!db_start_rows(db, statement, input, error, &prepared)) return false;
    outcome.affected += mysql_stmt_affected_rows(prepared->stmt);
  }
  if (ret_outcome != NULL) *ret_outcome = outcome;
  return true;
}

bool db_run_all_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t row_count,
                     struct arena *arena, size_t limit, struct error *error, void **ret_rows,
                     size_t *ret_count) {
  struct db_rows found = {.count = 0};
  size_t taken;
  for (size_t at = 0; at < row_count; at += taken) {
    struct db_prepared *prepared;
    struct db_input input = db_next_rows(statement, rows, row_count, at);
    taken = input.count;
    if (!db_start_rows(db, statement, input, error, &prepared)) return false;
    if (!db_read_all(db, prepared, statement, arena, limit, &found, error)) {
      mysql_stmt_free_result(prepared->stmt);
      return false;
    }
  }
  *ret_rows = found.items;
  *ret_count = found.count;
  return true;
}
