/* Long lists of rows, as the text of few statements: a prepared form of thousands of parameters would stay
 * with connection and server for good, and a list through JSON_TABLE is read by the server at half the
 * speed. Values become literals here and nowhere else. */
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "db/db_internal.h"
#include "db/db_prepared.h"

#include "base/banned.h"

#define DB_ROWS_SQL_BYTES ((size_t)2 * 1024 * 1024) /* of one statement with more than one row */
#define DB_ROWS_SQL_BYTES_MAX \
  ((size_t)64 * 1024 * 1024) /* with one; the server takes less than that anyway */
#define DB_LITERAL_BYTES 68  /* of any value but a text: x'…' of a hash */

/* At most what one row of parameters takes as literals, in all pieces that it stands in. */
static size_t db_row_bytes(const struct db_statement *statement, const char *row) {
  size_t bytes = strlen(statement->sql);
  for (size_t at = 0; at < statement->parameter_count; at++) {
    const struct db_column *column = &statement->parameters[at];
    const char *text =
        column->type == DB_TEXT ? *(const char *const *)(const void *)(row + column->offset) : NULL;
    bytes += text == NULL ? DB_LITERAL_BYTES : 2 * strlen(text) + 3;
  }
  return bytes;
}

static size_t db_rows_for_text(const struct db_statement *statement, const char *rows, size_t count) {
  size_t bytes = 0;
  size_t taken = 0;
  while (taken < count) {
    bytes += db_row_bytes(statement, rows + taken * statement->parameter_size);
    if (taken > 0 && bytes > DB_ROWS_SQL_BYTES) break;
    taken++;
  }
  return taken;
}

/* The client library knows the session's character set and what has to be escaped in it; every session sets
 * its sql_mode, without NO_BACKSLASH_ESCAPES. */
static void db_append_text(struct db *db, const char *text, struct buffer *sql) {
  size_t bytes = strlen(text);
  buffer_append_char(sql, '\'');
  if (!buffer_reserve(sql, 2 * bytes)) return;
  sql->length += mysql_real_escape_string(db->mysql, sql->data + sql->length, text, bytes);
  buffer_append_char(sql, '\'');
}

static void db_append_time(int64_t time_ms, struct buffer *sql) {
  char text[CLOCK_ISO_BYTES]; /* 2026-11-21T00:53:07.123Z */
  clock_format_ms(time_ms, text);
  text[10] = ' ';
  text[23] = '\0';
  buffer_printf(sql, "'%s'", text);
}

static void db_append_day(int32_t day, struct buffer *sql) {
  char text[CLOCK_DAY_BYTES];
  clock_format_day(day, text);
  buffer_printf(sql, "'%s'", text);
}

static void db_append_hash(const struct db_hash *hash, struct buffer *sql) {
  static const char digits[] = "0123456789abcdef";
  buffer_append_text(sql, "x'");
  for (size_t at = 0; at < sizeof hash->bytes; at++) {
    buffer_append_char(sql, digits[hash->bytes[at] >> 4]);
    buffer_append_char(sql, digits[hash->bytes[at] & 15]);
  }
  buffer_append_char(sql, '\'');
}

static void db_append_value(struct db *db, const struct db_column *column, const void *value,
                            struct buffer *sql) {
  switch (column->type) {
  case DB_BOOL:
    buffer_append_char(sql, *(const bool *)value ? '1' : '0');
    break;
  case DB_I64:
    buffer_append_i64(sql, *(const int64_t *)value);
    break;
  case DB_U64:
    buffer_append_u64(sql, *(const uint64_t *)value);
    break;
  case DB_F64:
    buffer_printf(sql, "%.16e", *(const double *)value); /* with an exponent: a double, not a decimal */
    break;
  case DB_TEXT:
    db_append_text(db, *(const char *const *)value, sql);
    break;
  case DB_TIME:
    db_append_time(*(const int64_t *)value, sql);
    break;
  case DB_DAY:
    db_append_day(*(const int32_t *)value, sql);
    break;
  case DB_HASH:
    db_append_hash(value, sql);
    break;
  }
}

static bool db_append_parameter(struct db *db, const struct db_statement *statement, size_t at,
                                const char *row, struct buffer *sql, struct error *error) {
  const struct db_column *column = &statement->parameters[at];
  const char *value = row + column->offset;
  bool is_null = column->type == DB_TEXT
                     ? *(const char *const *)(const void *)value == NULL
                     : column->null_offset != 0 && *(const bool *)(row + column->null_offset - 1);
  if (is_null && !column->nullable) return db_lacks_parameter(statement, column, error);
  if (is_null)
    buffer_append_text(sql, "NULL");
  else
    db_append_value(db, column, value, sql);
  return true;
}

/* One repetition of a piece: its text, with the parameters from `first` on in place of its question marks. */
static bool db_append_piece(struct db *db, const struct db_statement *statement, const struct db_piece *piece,
                            size_t first, const char *row, struct buffer *sql, struct error *error) {
  char quote = '\0';
  const char *plain = piece->sql;
  for (const char *at = piece->sql; *at != '\0'; at++) {
    if (quote == '\0' && (*at == '\'' || *at == '"' || *at == '`'))
      quote = *at;
    else if (*at == quote)
      quote = '\0';
    if (quote != '\0' || *at != '?') continue;
    buffer_append(sql, plain, (size_t)(at - plain));
    plain = at + 1;
    if (!db_append_parameter(db, statement, first++, row, sql, error)) return false;
  }
  buffer_append_text(sql, plain);
  return true;
}

/* The pieces that do not repeat take their parameters from the first row. */
static bool db_append_rows(struct db *db, const struct db_statement *statement, const char *rows,
                           size_t count, struct buffer *sql, struct error *error) {
  size_t first = 0;
  for (size_t at = 0; at < statement->piece_count; at++) {
    const struct db_piece *piece = &statement->pieces[at];
    size_t repeat = piece->separator == NULL ? 1 : count;
    if (at > 0) buffer_append_char(sql, ' ');
    for (size_t row = 0; row < repeat; row++) {
      if (row > 0) buffer_append_text(sql, piece->separator);
      if (!db_append_piece(db, statement, piece, first, rows + row * statement->parameter_size, sql, error))
        return false;
    }
    first += piece->parameter_count;
  }
  return !sql->failed || error_set_memory(error);
}

bool db_exec_text_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t count,
                       struct error *error, uint64_t *ret_affected) {
  CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(DB_ROWS_SQL_BYTES_MAX);
  uint64_t affected = 0;
  size_t taken;
  for (size_t at = 0; at < count; at += taken) {
    const char *part = (const char *)rows + at * statement->parameter_size;
    struct db_outcome outcome;
    taken = db_rows_for_text(statement, part, count - at);
    sql.length = 0;
    if (!db_append_rows(db, statement, part, taken, &sql, error) ||
        !db_text_exec(db, buffer_text(&sql), NULL, 0, error, &outcome))
      return false;
    affected += outcome.affected;
  }
  *ret_affected = affected;
  return true;
}
