/* SQL that is not known when the program is built. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/db_internal.h"

#include "base/banned.h"

/* Longer than any number or time; longer texts are fetched again at their length. */
#define DB_VALUE_BYTES 128

struct db_value {
  char text[DB_VALUE_BYTES];
  unsigned long length;
  db_flag is_null;
  db_flag is_cut;
};

struct db_text_prepared {
  char *sql;
  MYSQL_STMT *stmt;
  MYSQL_BIND *binds;
  struct db_value *values;
  size_t column_count;
};

void db_text_prepared_free(struct db_text_prepared *prepared) {
  if (prepared == NULL) return;
  if (prepared->stmt != NULL) mysql_stmt_close(prepared->stmt);
  free(prepared->sql);
  free(prepared->binds);
  free(prepared->values);
  free(prepared);
}

static bool db_text_bind_columns(struct db *db, struct db_text_prepared *prepared, struct error *error) {
  prepared->column_count = mysql_stmt_field_count(prepared->stmt);
  if (prepared->column_count == 0) return true;
  prepared->binds = calloc(prepared->column_count, sizeof *prepared->binds);
  prepared->values = calloc(prepared->column_count, sizeof *prepared->values);
  if (prepared->binds == NULL || prepared->values == NULL) return error_set_memory(error);
  for (size_t i = 0; i < prepared->column_count; i++) {
    struct db_value *value = &prepared->values[i];
    prepared->binds[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = value->text};
    prepared->binds[i].buffer_length = sizeof value->text;
    prepared->binds[i].length = &value->length;
    prepared->binds[i].is_null = &value->is_null;
    prepared->binds[i].error = &value->is_cut;
  }
  if (mysql_stmt_bind_result(prepared->stmt, prepared->binds) == 0) return true;
  return db_error_of_statement(db, prepared->stmt, "text", error);
}

static bool db_text_start(struct db *db, struct db_text_prepared *prepared, const char *sql,
                          struct error *error) {
  prepared->sql = strdup(sql);
  prepared->stmt = mysql_stmt_init(db->mysql);
  if (prepared->sql == NULL || prepared->stmt == NULL) return error_set_memory(error);
  if (mysql_stmt_prepare(prepared->stmt, sql, strlen(sql)) != 0)
    return db_error_of_statement(db, prepared->stmt, "text", error);
  return db_text_bind_columns(db, prepared, error);
}

static bool db_text_prepare(struct db *db, const char *sql, struct error *error,
                            struct db_text_prepared **ret_prepared) {
  for (size_t i = 0; i < db->text_count; i++) {
    if (strcmp(db->text[i]->sql, sql) != 0) continue;
    *ret_prepared = db->text[i];
    return true;
  }
  struct db_text_prepared *prepared = calloc(1, sizeof *prepared);
  if (prepared == NULL) return error_set_memory(error);
  if (!db_text_start(db, prepared, sql, error)) {
    db_text_prepared_free(prepared);
    return false;
  }
  if (db->text_count < DB_TEXT_CACHE_MAX) {
    db->text[db->text_count++] = prepared;
  } else {
    db_text_prepared_free(db->text[db->text_next]);
    db->text[db->text_next] = prepared;
    db->text_next = (db->text_next + 1) % DB_TEXT_CACHE_MAX;
  }
  *ret_prepared = prepared;
  return true;
}

static void db_text_forget(struct db *db, struct db_text_prepared *prepared) {
  for (size_t i = 0; i < db->text_count; i++) {
    if (db->text[i] != prepared) continue;
    db->text[i] = db->text[--db->text_count];
    db->text_next = 0;
    db_text_prepared_free(prepared);
    return;
  }
}

static bool db_text_bind(struct db *db, struct db_text_prepared *prepared, const char *const *parameters,
                         size_t parameter_count, struct error *error) {
  if (mysql_stmt_param_count(prepared->stmt) != parameter_count) {
    error_set(error, ERROR_INTERNAL, "A statement is not what it was declared to be.");
    return error_detail(error, "text: given %zu parameters, the server sees %lu", parameter_count,
                        mysql_stmt_param_count(prepared->stmt));
  }
  MYSQL_BIND *binds = calloc(parameter_count, sizeof *binds);
  if (binds == NULL) return error_set_memory(error);
  for (size_t i = 0; i < parameter_count; i++) {
    binds[i].buffer_type = parameters[i] == NULL ? MYSQL_TYPE_NULL : MYSQL_TYPE_STRING;
    if (parameters[i] == NULL) continue;
    binds[i].buffer = (void *)(uintptr_t)parameters[i]; /* the library reads it only */
    binds[i].buffer_length = strlen(parameters[i]);
  }
  bool bound = mysql_stmt_bind_param(prepared->stmt, binds) == 0;
  free(binds); /* the library has its own copy */
  if (!bound) return db_error_of_statement(db, prepared->stmt, "text", error);
  return true;
}

static bool db_text_execute(struct db *db, const char *sql, const char *const *parameters,
                            size_t parameter_count, struct error *error,
                            struct db_text_prepared **ret_prepared) {
  struct db_text_prepared *prepared = NULL;
  if (!db_settle(db, error)) return false;
  for (bool again = false;; again = true) {
    if (!db_text_prepare(db, sql, error, &prepared)) return false;
    if (!db_text_bind(db, prepared, parameters, parameter_count, error)) return false;
    if (mysql_stmt_execute(prepared->stmt) == 0) break;
    bool wants_prepare = db_errno_wants_prepare(mysql_stmt_errno(prepared->stmt));
    db_error_of_statement(db, prepared->stmt, "text", error);
    if (!wants_prepare || again) return false;
    db_text_forget(db, prepared);
  }
  *ret_prepared = prepared;
  return true;
}

static bool db_text_query(struct db *db, const char *sql, struct error *error) {
  if (!db_settle(db, error)) return false;
  if (mysql_real_query(db->mysql, sql, strlen(sql)) == 0) return true;
  return db_error_of_connection(db, error);
}

static bool db_text_exec_untimed(struct db *db, const char *sql, const char *const *parameters,
                                 size_t parameter_count, struct error *error,
                                 struct db_outcome *ret_outcome) {
  struct db_outcome outcome;
  if (parameter_count == 0) {
    if (!db_text_query(db, sql, error)) return false;
    outcome = (struct db_outcome){mysql_affected_rows(db->mysql), mysql_insert_id(db->mysql)};
    if (!db_drain(db, error)) return false;
  } else {
    struct db_text_prepared *prepared;
    if (!db_text_execute(db, sql, parameters, parameter_count, error, &prepared)) return false;
    outcome.affected = mysql_stmt_affected_rows(prepared->stmt);
    outcome.insert_id = mysql_stmt_insert_id(prepared->stmt);
    if (prepared->column_count > 0) mysql_stmt_free_result(prepared->stmt);
  }
  if (ret_outcome != NULL) *ret_outcome = outcome;
  return true;
}

bool db_text_exec(struct db *db, const char *sql, const char *const *parameters, size_t parameter_count,
                  struct error *error, struct db_outcome *ret_outcome) {
  int64_t start_ns = clock_monotonic_ns();
  bool done = db_text_exec_untimed(db, sql, parameters, parameter_count, error, ret_outcome);
  db->time_ns += clock_monotonic_ns() - start_ns;
  return done;
}

/* Where the rows of one command come from, and where they go. */
struct db_text_reader {
  struct db *db;
  struct arena *arena;
  bool (*each)(const struct db_text_row *row, void *context, struct error *error);
  void *context;
};

static bool db_text_deliver(const struct db_text_reader *reader, struct arena_mark before,
                            const struct db_text_row *row, struct error *error) {
  struct arena_mark read = arena_mark(reader->arena);
  if (!reader->each(row, reader->context, error)) return false;
  struct arena_mark after = arena_mark(reader->arena);
  if (read.chunk == after.chunk && read.used == after.used) arena_rewind(reader->arena, before);
  return true;
}

static bool db_text_read_plain(const struct db_text_reader *reader, MYSQL_RES *result, struct error *error) {
  size_t count = mysql_num_fields(result);
  for (;;) {
    struct arena_mark before = arena_mark(reader->arena);
    int64_t start_ns = clock_monotonic_ns();
    MYSQL_ROW fields = mysql_fetch_row(result);
    reader->db->time_ns += clock_monotonic_ns() - start_ns;
    if (fields == NULL) {
      if (mysql_errno(reader->db->mysql) == 0) return true;
      return db_error_of_connection(reader->db, error);
    }
    unsigned long *lengths = mysql_fetch_lengths(result);
    const char **values = arena_alloc_array(reader->arena, count, sizeof *values);
    if (values == NULL) return error_set_memory(error);
    for (size_t i = 0; i < count; i++) {
      if (fields[i] == NULL) continue;
      values[i] = arena_strndup(reader->arena, fields[i], lengths[i]);
      if (values[i] == NULL) return error_set_memory(error);
    }
    if (!db_text_deliver(reader, before, &(struct db_text_row){values, count}, error)) return false;
  }
}

static bool db_text_each_plain(const struct db_text_reader *reader, const char *sql, struct error *error) {
  struct db *db = reader->db;
  int64_t start_ns = clock_monotonic_ns();
  bool sent = db_text_query(db, sql, error);
  db->time_ns += clock_monotonic_ns() - start_ns;
  if (!sent) return false;
  MYSQL_RES *result = mysql_use_result(db->mysql);
  bool done = result == NULL || db_text_read_plain(reader, result, error);
  if (result != NULL) mysql_free_result(result);
  struct error ignored = ERROR_INIT;
  return db_drain(db, done ? error : &ignored) && done;
}

static bool db_text_value(struct db_text_prepared *prepared, size_t at, struct arena *arena,
                          struct error *error, const char **ret_value) {
  const struct db_value *value = &prepared->values[at];
  if (value->is_null) return true;
  if (value->length <= sizeof value->text) {
    *ret_value = arena_strndup(arena, value->text, value->length);
    return *ret_value != NULL || error_set_memory(error);
  }
  unsigned long real_length = 0;
  db_flag is_null = 0;
  db_flag is_cut = 0;
  char *text = arena_alloc(arena, (size_t)value->length + 1);
  if (text == NULL) return error_set_memory(error);
  MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = value->length};
  bind.length = &real_length;
  bind.is_null = &is_null;
  bind.error = &is_cut;
  if (mysql_stmt_fetch_column(prepared->stmt, &bind, (unsigned)at, 0) != 0)
    return error_set(error, ERROR_INTERNAL, "A text could not be read from the database.");
  *ret_value = text;
  return true;
}

static bool db_text_read_prepared(const struct db_text_reader *reader, struct db_text_prepared *prepared,
                                  struct error *error) {
  size_t count = prepared->column_count;
  for (;;) {
    struct arena_mark before = arena_mark(reader->arena);
    int64_t start_ns = clock_monotonic_ns();
    int fetched = mysql_stmt_fetch(prepared->stmt);
    reader->db->time_ns += clock_monotonic_ns() - start_ns;
    if (fetched == MYSQL_NO_DATA) return true;
    if (fetched != 0 && fetched != MYSQL_DATA_TRUNCATED)
      return db_error_of_statement(reader->db, prepared->stmt, "text", error);
    const char **values = arena_alloc_array(reader->arena, count, sizeof *values);
    if (values == NULL) return error_set_memory(error);
    for (size_t i = 0; i < count; i++)
      if (!db_text_value(prepared, i, reader->arena, error, &values[i])) return false;
    if (!db_text_deliver(reader, before, &(struct db_text_row){values, count}, error)) return false;
  }
}

bool db_text_each(struct db *db, const char *sql, const char *const *parameters, size_t parameter_count,
                  struct arena *arena,
                  bool (*each)(const struct db_text_row *row, void *context, struct error *error),
                  void *context, struct error *error) {
  struct db_text_reader reader = {db, arena, each, context};
  if (parameter_count == 0) return db_text_each_plain(&reader, sql, error);
  struct db_text_prepared *prepared;
  int64_t start_ns = clock_monotonic_ns();
  bool sent = db_text_execute(db, sql, parameters, parameter_count, error, &prepared);
  db->time_ns += clock_monotonic_ns() - start_ns;
  if (!sent) return false;
  if (prepared->column_count == 0) return true;
  if (db_text_read_prepared(&reader, prepared, error)) return true;
  mysql_stmt_free_result(prepared->stmt);
  return false;
}

bool db_text_describe(struct db *db, const char *sql, struct arena *arena, struct error *error,
                      const char *const **ret_names, size_t *ret_count, size_t *ret_parameter_count) {
  struct db_text_prepared *prepared;
  if (!db_settle(db, error) || !db_text_prepare(db, sql, error, &prepared)) return false;
  const char **names = arena_alloc_array(arena, prepared->column_count + 1, sizeof *names);
  if (names == NULL) return error_set_memory(error);
  MYSQL_RES *metadata = mysql_stmt_result_metadata(prepared->stmt);
  for (size_t i = 0; metadata != NULL && i < prepared->column_count; i++) {
    names[i] = arena_strdup(arena, mysql_fetch_field_direct(metadata, (unsigned)i)->name);
    if (names[i] != NULL) continue;
    mysql_free_result(metadata);
    return error_set_memory(error);
  }
  if (metadata != NULL) mysql_free_result(metadata);
  *ret_names = names;
  *ret_count = prepared->column_count;
  *ret_parameter_count = mysql_stmt_param_count(prepared->stmt);
  return true;
}
