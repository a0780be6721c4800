/* One connection to the database, and the statements that run on it. A connection belongs to one
 * thread at a time. Sessions are set up once: autocommit off, READ COMMITTED, UTC, strict mode,
 * utf8mb4, innodb_lock_wait_timeout 2 s, local_infile off.
 *
 * SQL stands in sql/queries, never here: tools/sqlgen.py turns each named statement into a
 * `struct db_statement` and typed functions that call the four db_run_ functions below.
 *
 * Errors: ERROR_TRANSIENT for 1213, 1205, 1020, 3101 and 1047, 2006, 2013 (sql_errno tells; for the
 * last three the connection is broken and must go back to the pool as such); ERROR_UNAVAILABLE when
 * no connection can be had; ERROR_CONFLICT for 1062 (detail names the key); everything else is
 * ERROR_INTERNAL with the server's text in detail. */
#ifndef LOCKSTEP_DB_DB_H
#define LOCKSTEP_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "config/config.h"

struct db;

enum db_type {
  DB_BOOL, /* bool */
  DB_I64,  /* int64_t */
  DB_U64,  /* uint64_t */
  DB_F64,  /* double */
  DB_TEXT, /* const char *, NULL is NULL */
  DB_TIME, /* int64_t milliseconds UTC; DATETIME(3) or (6) in the table */
  DB_DAY,  /* int32_t days since 1970-01-01; DATE in the table */
  DB_HASH  /* struct db_hash: BINARY(32) */
};

#define DB_HASH_BYTES 32
struct db_hash {
  unsigned char bytes[DB_HASH_BYTES];
};

struct db_column {
  const char *name;
  enum db_type type;
  size_t offset;
  size_t null_offset; /* offset + 1 of a `bool name_is_null`; 0: cannot be NULL (TEXT uses NULL itself) */
  bool nullable;      /* a NULL where this is false is ERROR_INTERNAL, in parameters and rows alike */
};

/* A statement may repeat pieces of its SQL, once for each row of parameters that it is given: a
 * multi-row INSERT, an IN list. (A list as one JSON parameter through JSON_TABLE costs the server
 * twice as much where rows are few; see docs/architecture.md.) */
struct db_piece {
  const char *sql;
  const char *separator; /* between repetitions; NULL: this piece stands once */
  size_t parameter_count;
};

/* The most rows that one prepared execution takes; longer lists are run in several. A statement has a
 * prepared form for each number of rows, as it comes to be needed. */
#define DB_ROWS_MAX 16
/* From so many rows on db_run_exec_rows sends them as the text of few statements instead. */
#define DB_ROWS_AS_TEXT 64
/* The largest number of rows, up to `count`, that one execution takes: 0, 1, 2, 3, 4, 6, 8, 12 or 16. Not
 * every number, because each form costs the connection and the server memory for good. */
size_t db_rows_fit(size_t count);

/* A row of the statements table. Generated; const. */
struct db_statement {
  const char *name; /* also the statement's label in metrics and the slow log */
  const char *sql;  /* with ? for parameters, in the order of .parameters; repeated pieces stand once */
  const struct db_piece *pieces; /* empty when nothing repeats */
  size_t piece_count;
  const struct db_column *parameters;
  size_t parameter_count;
  size_t parameter_size; /* of the struct of parameters: one row */
  const struct db_column *columns;
  size_t column_count;
  size_t row_size;
  size_t index;  /* first place in the connection's prepared statement cache */
  bool may_scan; /* the plan test allows a table scan; the .sql file says why */
};

extern const struct db_statement *const db_statements[]; /* every one, for the plan test; NULL-terminated */
extern const size_t db_statement_count;
extern const size_t db_statement_places; /* in a connection's cache of prepared statements */

struct db_outcome {
  uint64_t affected;  /* rows changed (an UPDATE that changes nothing counts 0) */
  uint64_t insert_id; /* AUTO_INCREMENT or LAST_INSERT_ID(expr) */
};

/* `host_index` counts within config->hosts. */
bool db_connect(const struct database_config *config, size_t host_index, struct error *error,
                struct db **ret_db) WARN_UNUSED;
void db_close(struct db *db);
bool db_ping(struct db *db, struct error *error) WARN_UNUSED;
/* Whether the server has closed it, as far as can be seen without asking. Costs no round trip. */
bool db_has_hung_up(struct db *db);

/* autocommit is off: a transaction begins by itself with the first statement. */
bool db_commit(struct db *db, struct error *error) WARN_UNUSED;
/* Always leaves the connection without a transaction, or marks it broken. Costs nothing where none is
 * open, and no wait where one is: the reply is read with the connection's next use. */
void db_rollback(struct db *db);
/* Ends a transaction in which nothing but plain reads ran, and no snapshot, without telling the server
 * each time: that is half of what a single read costs. Under READ COMMITTED every statement reads what
 * is committed by then, so that whoever uses the connection next sees nothing old. What stays behind
 * is a lock on the definition of the tables that were read, for which an ALTER TABLE has to wait; it
 * lasts DB_REST_MS under load, and until the next pool_tend on an idle connection. */
#define DB_REST_MS 100
void db_end_read(struct db *db);
/* Rolls back what db_end_read left open, if anything. */
void db_end_rest(struct db *db);
/* READ ONLY, REPEATABLE READ, WITH CONSISTENT SNAPSHOT: every read until db_rollback sees one moment. */
bool db_begin_snapshot(struct db *db, struct error *error) WARN_UNUSED;

/* After an error in the protocol or a lost server nothing more may run on it. */
bool db_is_broken(const struct db *db);
bool db_in_transaction(const struct db *db);
/* Nanoseconds spent waiting for the server since the last call; for the request's log line. */
int64_t db_take_time_ns(struct db *db);

bool db_run_exec(struct db *db, const struct db_statement *statement, const void *parameters,
                 struct error *error, struct db_outcome *ret_outcome) WARN_UNUSED;
/* At most one row; a second one is ERROR_INTERNAL. Texts go to the arena. */
bool db_run_one(struct db *db, const struct db_statement *statement, const void *parameters,
                struct arena *arena, struct error *error, void *ret_row, bool *ret_found) WARN_UNUSED;
/* All rows as an array in the arena; more than `limit` rows is ERROR_INTERNAL. */
bool db_run_all(struct db *db, const struct db_statement *statement, const void *parameters,
                struct arena *arena, size_t limit, struct error *error, void **ret_rows,
                size_t *ret_count) WARN_UNUSED;
/* Row by row, unbuffered, for exports: `each` returns false (with error set) to stop. The row and
 * its texts live until `each` returns, and longer if `each` allocates from the same arena: then
 * nothing is taken back. `each` runs nothing else on this connection. */
bool db_run_each(struct db *db, const struct db_statement *statement, const void *parameters,
                 struct arena *arena, bool (*each)(const void *row, void *context, struct error *error),
                 void *context, struct error *error) WARN_UNUSED;

/* The same for a statement that repeats: `rows` is an array of its parameter structs. No rows, no
 * statement. ret_outcome->affected is the sum. */
bool db_run_exec_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t row_count,
                      struct error *error, struct db_outcome *ret_outcome) WARN_UNUSED;
bool db_run_all_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t row_count,
                     struct arena *arena, size_t limit, struct error *error, void **ret_rows,
                     size_t *ret_count) WARN_UNUSED;

/* SQL that is not known when the program is built: rule files, migrations, EXPLAIN. Parameters and
 * values are text (NULL: NULL). What has parameters is prepared, and stays so on the connection (the
 * last DB_TEXT_CACHE_MAX of them); what has none travels as text. */
struct db_text_row {
  const char *const *values;
  size_t count;
};
bool db_text_exec(struct db *db, const char *sql, const char *const *parameters, size_t parameter_count,
                  struct error *error, struct db_outcome *ret_outcome) WARN_UNUSED;
bool db_text_each(struct db *db, const char *sql, const char *const *parameters, size_t parameter_count,
                  struct arena *arena,
                  bool (*each)(const struct db_text_row *row, void *context, struct error *error),
                  void *context, struct error *error) WARN_UNUSED;
/* Names of the result's columns, without running it. One statement, as in all of these. */
bool db_text_describe(struct db *db, const char *sql, struct arena *arena, struct error *error,
                      const char *const **ret_names, size_t *ret_count,
                      size_t *ret_parameter_count) WARN_UNUSED;

#endif
