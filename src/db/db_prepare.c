/* Statements of the table db_statements: prepared once a connection, bound to structs. */
#include "db/db_prepared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#include "base/banned.h"

#define DB_SQL_BYTES ((size_t)256 * 1024)

void db_prepared_free(struct db_prepared *prepared) {
  if (prepared == NULL) return;
  if (prepared->stmt != NULL) mysql_stmt_close(prepared->stmt);
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

/* How many ? there are when the repeated pieces stand `row_count` times. */
static size_t db_parameter_count(const struct db_statement *statement, size_t row_count) {
  size_t count = 0;
  for (size_t i = 0; i < statement->piece_count; i++)
    count += statement->pieces[i].parameter_count * (statement->pieces[i].separator == NULL ? 1 : row_count);
  return statement->piece_count == 0 ? statement->parameter_count : count;
}

/* The SQL with its repeated pieces `row_count` times. */
static void db_write_sql(const struct db_statement *statement, size_t row_count, struct buffer *sql) {
  if (statement->piece_count == 0) buffer_append_text(sql, statement->sql);
  for (size_t i = 0; i < statement->piece_count; i++) {
    const struct db_piece *piece = &statement->pieces[i];
    if (i > 0) buffer_append_char(sql, ' ');
    buffer_append_text(sql, piece->sql);
    for (size_t row = 1; piece->separator != NULL && row < row_count; row++) {
      buffer_append_text(sql, piece->separator);
      buffer_append_text(sql, piece->sql);
    }
  }
}

static bool db_prepared_allocate(struct db_prepared *prepared, const struct db_statement *statement) {
  size_t columns = statement->column_count;
  prepared->column_binds = calloc(columns + 1, sizeof *prepared->column_binds);
  prepared->column_cells = calloc(columns + 1, sizeof *prepared->column_cells);
  if (prepared->column_binds == NULL || prepared->column_cells == NULL) return false;
  for (size_t i = 0; i < columns; i++)
    db_bind_column(&statement->columns[i], &prepared->column_binds[i], &prepared->column_cells[i]);
  return true;
}

/* Asks the server; the declared shape must be the real one. */
static bool db_prepared_start(struct db *db, struct db_prepared *prepared,
                              const struct db_statement *statement, size_t row_count, struct error *error) {
  CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(DB_SQL_BYTES);
  size_t parameters = db_parameter_count(statement, row_count);
  db_write_sql(statement, row_count, &sql);
  if (sql.failed || !db_prepared_allocate(prepared, statement)) return error_set_memory(error);
  prepared->stmt = mysql_stmt_init(db->mysql);
  if (prepared->stmt == NULL) return error_set_memory(error);
  if (mysql_stmt_prepare(prepared->stmt, sql.data, sql.length) != 0)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  if (mysql_stmt_param_count(prepared->stmt) != parameters ||
      mysql_stmt_field_count(prepared->stmt) != statement->column_count) {
    error_set(error, ERROR_INTERNAL, "A statement is not what it was declared to be.");
    return error_detail(error, "%s: declared %zu parameters and %zu columns, the server sees %lu and %u",
                        statement->name, parameters, statement->column_count,
                        mysql_stmt_param_count(prepared->stmt), mysql_stmt_field_count(prepared->stmt));
  }
  if (statement->column_count > 0 && mysql_stmt_bind_result(prepared->stmt, prepared->column_binds) != 0)
    return db_error_of_statement(db, prepared->stmt, statement->name, error);
  return true;
}

/* A repeating statement has a place in the cache for each number of rows. */
static struct db_prepared **db_place(struct db *db, const struct db_statement *statement, size_t row_count) {
  return &db->prepared[statement->index + row_count - 1];
}

static bool db_prepare(struct db *db, const struct db_statement *statement, size_t row_count,
                       struct error *error, struct db_prepared **ret_prepared) {
  struct db_prepared **place = db_place(db, statement, row_count);
  if (*place == NULL) {
    struct db_prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL) return error_set_memory(error);
    if (!db_prepared_start(db, prepared, statement, row_count, error)) {
      db_prepared_free(prepared);
      return false;
    }
    *place = prepared;
  }
  *ret_prepared = *place;
  return true;
}

static void db_forget(struct db *db, const struct db_statement *statement, size_t row_count) {
  struct db_prepared **place = db_place(db, statement, row_count);
  db_prepared_free(*place);
  *place = NULL;
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

/* Parameters are bound anew for each execution, one statement at a time: a connection has the room once,
 * not every statement. */
static bool db_reserve_parameters(struct db *db, size_t count, struct error *error) {
  if (count <= db->parameter_capacity) return true;
  MYSQL_BIND *binds = realloc(db->parameter_binds, count * sizeof *binds);
  if (binds == NULL) return error_set_memory(error);
  db->parameter_binds = binds;
  struct db_cell *cells = realloc(db->parameter_cells, count * sizeof *cells);
  if (cells == NULL) return error_set_memory(error);
  db->parameter_cells = cells;
  db->parameter_capacity = count;
  return true;
}

bool db_lacks_parameter(const struct db_statement *statement, const struct db_column *column,
                        struct error *error) {
  error_set(error, ERROR_INTERNAL, "A statement lacks a parameter.");
  return error_detail(error, "%s: %s is NULL", statement->name, column->name);
}

static bool db_bind_row(struct db *db, const struct db_statement *statement, size_t first, size_t count,
                        const char *row, size_t *place, struct error *error) {
  for (size_t i = first; i < first + count; i++, (*place)++) {
    const struct db_column *column = &statement->parameters[i];
    struct db_cell *cell = &db->parameter_cells[*place];
    MYSQL_BIND *bind = &db->parameter_binds[*place];
    memset(cell, 0, sizeof *cell);
    memset(bind, 0, sizeof *bind);
    cell->is_null = column->null_offset != 0 && *(const bool *)(row + column->null_offset - 1);
    db_bind_parameter(column, row + column->offset, bind, cell);
    if (cell->is_null && !column->nullable) return db_lacks_parameter(statement, column, error);
  }
  return true;
}

/* The pieces that do not repeat take their parameters from the first row. */
static bool db_bind_pieces(struct db *db, const struct db_statement *statement, struct db_input input,
                           struct error *error) {
  size_t place = 0;
  size_t first = 0;
  for (size_t i = 0; i < statement->piece_count; i++) {
    const struct db_piece *piece = &statement->pieces[i];
    size_t repeat = piece->separator == NULL ? 1 : input.count;
    for (size_t row = 0; row < repeat; row++)
      if (!db_bind_row(db, statement, first, piece->parameter_count,
                       (const char *)input.rows + row * statement->parameter_size, &place, error))
        return false;
    first += piece->parameter_count;
  }
  return true;
}

static bool db_bind_parameters(struct db *db, struct db_prepared *prepared,
                               const struct db_statement *statement, struct db_input input,
                               struct error *error) {
  size_t place = 0;
  if (statement->parameter_count == 0) return true;
  if (!db_reserve_parameters(db, db_parameter_count(statement, input.count), error)) return false;
  if (statement->piece_count > 0) {
    if (!db_bind_pieces(db, statement, input, error)) return false;
  } else if (!db_bind_row(db, statement, 0, statement->parameter_count, input.rows, &place, error)) {
    return false;
  }
  if (mysql_stmt_bind_param(prepared->stmt, db->parameter_binds) == 0) return true;
  return db_error_of_statement(db, prepared->stmt, statement->name, error);
}

bool db_execute(struct db *db, const struct db_statement *statement, struct db_input input,
                struct error *error, struct db_prepared **ret_prepared) {
  struct db_prepared *prepared = NULL;
  if (!db_settle(db, error)) return false;
  for (bool again = false;; again = true) {
    if (!db_prepare(db, statement, input.count, error, &prepared)) return false;
    if (!db_bind_parameters(db, prepared, statement, input, error)) return false;
    if (mysql_stmt_execute(prepared->stmt) == 0) break;
    bool wants_prepare = db_errno_wants_prepare(mysql_stmt_errno(prepared->stmt));
    db_error_of_statement(db, prepared->stmt, statement->name, error);
    if (!wants_prepare || again) return false;
    db_forget(db, statement, input.count);
  }
  *ret_prepared = prepared;
  return true;
}
