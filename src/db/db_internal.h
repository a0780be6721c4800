/* What the files of this room share. Nobody else includes it: the client library's header stays here. */
#ifndef LOCKSTEP_DB_DB_INTERNAL_H
#define LOCKSTEP_DB_DB_INTERNAL_H

#include <mysql.h>

#include "db/db.h"

/* MySQL 8 dropped my_bool for bool; MariaDB's client keeps it, as a char. */
#ifdef LIBMARIADB
typedef my_bool db_flag;
#else
typedef bool db_flag;
#endif

/* Prepared statements of SQL that is not known when the program is built (rules), a connection. */
#define DB_TEXT_CACHE_MAX 64

struct db_cell;
struct db_prepared;
struct db_text_prepared;

struct db {
  MYSQL *mysql;
  bool broken;
  /* The server's status flags say whether a transaction is open, but an error packet carries none:
   * after one, only a ROLLBACK makes sure. */
  bool unsure;
  bool resting;          /* a transaction of plain reads was left open; see db_end_read */
  int64_t read_since_ms; /* when it was first left open; 0: there is none */
  bool reply_pending;    /* a ROLLBACK was sent whose reply has not been read; see db_settle */
  int64_t time_ns;
  MYSQL_BIND *parameter_binds; /* for the statement that is executed now */
  struct db_cell *parameter_cells;
  size_t parameter_capacity;
  size_t prepared_count;
  struct db_prepared **prepared; /* by statement->index; NULL: not yet */
  size_t text_count;
  size_t text_next; /* the place that is evicted next */
  struct db_text_prepared *text[DB_TEXT_CACHE_MAX];
};

/* Before any command: false when nothing can run on this connection. Reads a pending reply. */
bool db_settle(struct db *db, struct error *error) WARN_UNUSED;

/* Maps the server's or the library's error; marks the connection broken where it is. Returns false. */
bool db_error_of_connection(struct db *db, struct error *error);
bool db_error_of_statement(struct db *db, MYSQL_STMT *stmt, const char *name, struct error *error);
/* Nothing has run and the statement only needs to be prepared again. */
bool db_errno_wants_prepare(unsigned number);
bool db_error_of_connect(MYSQL *mysql, const char *host, struct error *error);

/* DATETIME and DATE, and what stands for them in C. */
void db_time_from_ms(int64_t time_ms, MYSQL_TIME *ret_time);
int64_t db_time_to_ms(const MYSQL_TIME *time);
void db_time_from_day(int32_t day, MYSQL_TIME *ret_time);
int32_t db_time_to_day(const MYSQL_TIME *time);

void db_prepared_free(struct db_prepared *prepared);
void db_text_prepared_free(struct db_text_prepared *prepared);

/* Reads and forgets what is left of a text command's results. */
bool db_drain(struct db *db, struct error *error) WARN_UNUSED;

#endif
