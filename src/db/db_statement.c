/* Statements of the table db_statements: prepared once a connection, bound to structs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/db_internal.h"

#include "base/banned.h"

#define DB_ROWS_FIRST 16

/* Where one parameter or one column meets the client library. */
struct db_cell {
  union {
    signed char tiny;
    int64_t i64;
    uint64_t u64;
    double f64;
    MYSQL_TIME time;
    struct db_hash hash;
  } value;
  unsigned long length;
  db_flag is_null;
  db_flag is_cut;
};

struct db_prepared {
  MYSQL_STMT *stmt;
  MYSQL_BIND *parameter_binds;
  struct db_cell *parameter_cells;
  MYSQL_BIND *column_binds;
  struct db_cell *column_cells;
};

void db_prepared_free(struct db_prepared *prepared) {
  if (prepared == NULL) return;
  if (prepared->stmt != NULL) mysql_stmt_close(prepared->stmt);
  free(prepared->parameter_binds);
  free(prepared->parameter_cells);
  free(prepared->column_binds);
  free(prepared->column_cells);
  free(prepared);
}

static void db_bind_column(const struct db_column *column, MYSQL_BIND *bind, struct db_cell *cell) {
  bind->buffer = &cell->value;
  bind->buffer_length = sizeof cell->value;
  bind->length = &cell->length;
  bind->is_null = &cell->is_null;
  bind->error = &cell->is_cut;
  switch (column->type) {
  case DB_BOOL:
  case DB_I64:
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    break;
  case DB_U64:
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->is_unsigned = 1;
    break;
  case DB_F64:
    bind->buffer_type = MYSQL_TYPE_DOUBLE;
    break;
  case DB_TEXT:
    /* No room on purpose: the fetch tells the length, and one copy goes straight to the arena. */
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer_length = 0;
    break;
  case DB_TIME:
    bind->buffer_type = MYSQL_TYPE_DATETIME;
    break;
  case DB_DAY:
    bind->buffer_type = MYSQL_TYPE_DATE;
    break;
  case DB_HASH:
    bind->buffer_type = MYSQL_TYPE_BLOB;
    bind->buffer_length = DB_HASH_BYTES;
    break;
  }
}

static bool db_prepared_allocate(struct db_prepared *prepared, const struct db_statement *statement) {
  size_t parameters = statement->parameter_count;
  size_t columns = statement->column_count;
  prepared->parameter_binds = calloc(parameters + 1, sizeof *prepared->parameter_binds);
  prepared->parameter_cells = calloc(parameters + 1, sizeof *prepared->parameter_cells);
  prepared->column_binds = calloc(columns + 1, sizeof *prepared->column_binds);
  prepared->column_cells = calloc(columns + 1, sizeof *prepared->column_cells);
  if (prepared->parameter_binds == NULL || prepared->parameter_cells == NULL) return false;
  if (prepared->column_binds == NULL || prepared->column_cells == NULL) return false;
  for (size_t i = 0; i < columns; i++)
    db_bind_column(&statement->columns[i], &prepared->column_binds[i], &prepared->column_cells[i]);
  return true;
}

/* Asks the server; the declared shape must be the real one. */
static bool db_prepared_start(struct db *db, struct db_prepared *prepared,
                              const struct db_statement *statement, struct error *error) {
  if (!db_prepared_allocate(prepared, statement)) return error_set_memory(error);
  prepared->stmt = mysql_stmt_init(db->mysql);
  if (prepared->stmt == NULL) return error_set_memory(error);
  if (mysql_stmt_prepare(prepared->stmt, statement->sql, strlen(statement->sql)) != 0)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  if (mysql_stmt_param_count(prepared->stmt) != statement->parameter_count ||
      mysql_stmt_field_count(prepared->stmt) != statement->column_count) {
    error_set(error, ERROR_INTERNAL, "A statement is not what it was declared to be.");
    return error_detail(error, "%s: declared %zu parameters and %zu columns, the server sees %lu and %u",
                        statement->name, statement->parameter_count, statement->column_count,
                        mysql_stmt_param_count(prepared->stmt), mysql_stmt_field_count(prepared->stmt));
  }
  if (statement->column_count > 0 && mysql_stmt_bind_result(prepared->stmt, prepared->column_binds) != 0)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  return true;
}

static bool db_prepare(struct db *db, const struct db_statement *statement, struct error *error,
                       struct db_prepared **ret_prepared) {
  struct db_prepared **place = &db->prepared[statement->index];
  if (*place == NULL) {
    struct db_prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL) return error_set_memory(error);
    if (!db_prepared_start(db, prepared, statement, error)) {
      db_prepared_free(prepared);
      return false;
    }
    *place = prepared;
  }
  *ret_prepared = *place;
  return true;
}

static void db_forget(struct db *db, const struct db_statement *statement) {
  db_prepared_free(db->prepared[statement->index]);
  db->prepared[statement->index] = NULL;
}

static void db_bind_parameter(const struct db_column *column, const char *value, MYSQL_BIND *bind,
                              struct db_cell *cell) {
  bind->buffer = &cell->value;
  bind->is_null = &cell->is_null;
  bind->length = &cell->length;
  switch (column->type) {
  case DB_BOOL:
    bind->buffer_type = MYSQL_TYPE_TINY;
    cell->value.tiny = *(const bool *)value ? 1 : 0;
    break;
  case DB_I64:
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    cell->value.i64 = *(const int64_t *)value;
    break;
  case DB_U64:
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->is_unsigned = 1;
    cell->value.u64 = *(const uint64_t *)value;
    break;
  case DB_F64:
    bind->buffer_type = MYSQL_TYPE_DOUBLE;
    cell->value.f64 = *(const double *)value;
    break;
  case DB_TEXT: {
    const char *text = *(const char *const *)value;
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer = (void *)(uintptr_t)text; /* the library reads it only */
    cell->is_null = text == NULL;
    cell->length = text == NULL ? 0 : strlen(text);
    bind->buffer_length = cell->length;
    break;
  }
  case DB_TIME:
    bind->buffer_type = MYSQL_TYPE_DATETIME;
    db_time_from_ms(*(const int64_t *)value, &cell->value.time);
    break;
  case DB_DAY:
    bind->buffer_type = MYSQL_TYPE_DATE;
    db_time_from_day(*(const int32_t *)value, &cell->value.time);
    break;
  case DB_HASH:
    bind->buffer_type = MYSQL_TYPE_BLOB;
    memcpy(&cell->value.hash, value, DB_HASH_BYTES);
    cell->length = DB_HASH_BYTES;
    bind->buffer_length = DB_HASH_BYTES;
    break;
  }
}

static bool db_bind_parameters(struct db *db, struct db_prepared *prepared,
                               const struct db_statement *statement, const void *parameters,
                               struct error *error) {
  for (size_t i = 0; i < statement->parameter_count; i++) {
    const struct db_column *column = &statement->parameters[i];
    const char *base = parameters;
    struct db_cell *cell = &prepared->parameter_cells[i];
    cell->is_null = column->null_offset != 0 && *(const bool *)(base + column->null_offset - 1);
    db_bind_parameter(column, base + column->offset, &prepared->parameter_binds[i], cell);
    if (cell->is_null && !column->nullable) {
      error_set(error, ERROR_INTERNAL, "A statement lacks a parameter.");
      return error_detail(error, "%s: %s is NULL", statement->name, column->name);
    }
  }
  if (statement->parameter_count == 0) return true;
  if (mysql_stmt_bind_param(prepared->stmt, prepared->parameter_binds) == 0) return true;
  return db_error_of_statement(db, prepared->stmt, statement->name, error);
}

/* Prepares if need be, binds, executes. A statement that the server wants prepared anew has not run:
 * it is prepared anew once. */
static bool db_execute(struct db *db, const struct db_statement *statement, const void *parameters,
                       struct error *error, struct db_prepared **ret_prepared) {
  struct db_prepared *prepared = NULL;
  if (!db_settle(db, error)) return false;
  for (bool again = false;; again = true) {
    if (!db_prepare(db, statement, error, &prepared)) return false;
    if (!db_bind_parameters(db, prepared, statement, parameters, error)) return false;
    if (mysql_stmt_execute(prepared->stmt) == 0) break;
    bool wants_prepare = db_errno_wants_prepare(mysql_stmt_errno(prepared->stmt));
    db_error_of_statement(db, prepared->stmt, statement->name, error);
    if (!wants_prepare || again) return false;
    db_forget(db, statement);
  }
  *ret_prepared = prepared;
  return true;
}

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
static bool db_start(struct db *db, const struct db_statement *statement, const void *parameters,
                     struct error *error, struct db_prepared **ret_prepared) {
  int64_t start_ns = clock_monotonic_ns();
  bool done = db_execute(db, statement, parameters, error, ret_prepared);
  db->time_ns += clock_monotonic_ns() - start_ns;
  return done;
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
