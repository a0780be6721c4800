/* A statement of the table db_statements on one connection: prepared, bound, executed. For the files
 * of this room only. */
#ifndef LOCKSTEP_DB_DB_PREPARED_H
#define LOCKSTEP_DB_DB_PREPARED_H

#include "db/db_internal.h"

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
  MYSQL_BIND *column_binds;
  struct db_cell *column_cells;
};

/* What a statement is given: one struct of parameters, or a row of them for each repetition. */
struct db_input {
  const void *rows; /* NULL: the statement has no parameters */
  size_t count;     /* 1, or up to DB_ROWS_MAX where the statement repeats */
};

/* Prepares if need be, binds, executes. A statement that the server wants prepared anew has not run:
 * it is prepared anew once. */
bool db_execute(struct db *db, const struct db_statement *statement, struct db_input input,
                struct error *error, struct db_prepared **ret_prepared) WARN_UNUSED;

/* A NULL where none may be. Always false. */
bool db_lacks_parameter(const struct db_statement *statement, const struct db_column *column,
                        struct error *error);

/* A statement that repeats, for any number of rows, as text. */
bool db_exec_text_rows(struct db *db, const struct db_statement *statement, const void *rows, size_t count,
                       struct error *error, uint64_t *ret_affected) WARN_UNUSED;

#endif
