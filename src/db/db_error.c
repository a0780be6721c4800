/* The server's and the client library's error numbers, in the terms of base/error.h. */
#include <stdio.h>
#include <string.h>

#include "db/db_internal.h"

#include "base/banned.h"

#define DB_KEY_NAME_BYTES 200

/* Numbers, not names: the two servers' headers disagree on which names there are. */
enum {
  DB_TOO_MANY_CONNECTIONS = 1040,
  DB_NOT_READY = 1047, /* ER_UNKNOWN_COM_ERROR: a Galera node that is not part of the cluster */
  DB_SHUTDOWN = 1053,
  DB_DUPLICATE = 1062,
  DB_TOO_MANY_USER_CONNECTIONS = 1203,
  DB_LOCK_WAIT = 1205,
  DB_DEADLOCK = 1213,
  DB_UNKNOWN_STATEMENT = 1243,
  DB_READ_ONLY_OPTION = 1290,
  DB_INTERRUPTED = 1317,
  DB_NEEDS_PREPARE = 1615,
  DB_READ_ONLY_MODE = 1836,
  DB_KILLED = 1927, /* MariaDB */
  DB_CHANGED_SINCE_READ = 1020,
  DB_CANCELLED = 1969, /* MariaDB: max_statement_time */
  DB_TIMED_OUT = 3024, /* MySQL: max_execution_time */
  DB_CERTIFICATION = 3101,
  DB_IDLE_TOO_LONG = 4031 /* MySQL 8: closed by wait_timeout */
};
enum {
  DB_CLIENT_GONE = 2006,
  DB_CLIENT_LOST = 2013,
  DB_CLIENT_OUT_OF_SYNC = 2014,
  DB_CLIENT_MALFORMED = 2027,
  DB_CLIENT_LOST_EXTENDED = 2055,
  DB_CLIENT_STATEMENT_CLOSED = 2056
};

static const struct {
  unsigned number;
  enum error_code code;
  bool broken;
} db_errors[] = {
    {DB_CHANGED_SINCE_READ, ERROR_TRANSIENT, false},
    {DB_LOCK_WAIT, ERROR_TRANSIENT, false},
    {DB_DEADLOCK, ERROR_TRANSIENT, false},
    {DB_CERTIFICATION, ERROR_TRANSIENT, false},
    {DB_NOT_READY, ERROR_TRANSIENT, true},
    {DB_SHUTDOWN, ERROR_TRANSIENT, true},
    {DB_KILLED, ERROR_TRANSIENT, true},
    {DB_IDLE_TOO_LONG, ERROR_TRANSIENT, true},
    {DB_CLIENT_GONE, ERROR_TRANSIENT, true},
    {DB_CLIENT_LOST, ERROR_TRANSIENT, true},
    {DB_CLIENT_LOST_EXTENDED, ERROR_TRANSIENT, true},
    /* The server became a replica: another host may be the primary now. */
    {DB_READ_ONLY_OPTION, ERROR_TRANSIENT, true},
    {DB_READ_ONLY_MODE, ERROR_TRANSIENT, true},
    {DB_CLIENT_OUT_OF_SYNC, ERROR_INTERNAL, true},
    {DB_CLIENT_MALFORMED, ERROR_INTERNAL, true},
    {DB_INTERRUPTED, ERROR_UNAVAILABLE, false},
    {DB_CANCELLED, ERROR_UNAVAILABLE, false},
    {DB_TIMED_OUT, ERROR_UNAVAILABLE, false},
    {DB_TOO_MANY_CONNECTIONS, ERROR_UNAVAILABLE, true},
    {DB_TOO_MANY_USER_CONNECTIONS, ERROR_UNAVAILABLE, true},
};

bool db_errno_wants_prepare(unsigned number) {
  return number == DB_NEEDS_PREPARE || number == DB_UNKNOWN_STATEMENT || number == DB_CLIENT_STATEMENT_CLOSED;
}

/* The key's bare name: "Duplicate entry 'x' for key 'users.users_subject'" gives users_subject. The
 * entry is the caller's data and may hold quotes itself; the key comes last. */
static void db_key_of_duplicate(const char *text, char name[DB_KEY_NAME_BYTES]) {
  snprintf(name, DB_KEY_NAME_BYTES, "%s", text);
  size_t length = strlen(name);
  if (length == 0 || name[length - 1] != '\'') return;
  name[length - 1] = '\0';
  const char *quote = strrchr(name, '\'');
  if (quote == NULL) return;
  const char *dot = strrchr(quote, '.');
  const char *start = dot == NULL ? quote + 1 : dot + 1;
  memmove(name, start, strlen(start) + 1);
}

static bool db_error_map(struct db *db, unsigned number, const char *text, const char *name,
                         struct error *error) {
  enum error_code code = ERROR_INTERNAL;
  db->unsure = true;
  if (number == DB_DUPLICATE) {
    char key[DB_KEY_NAME_BYTES];
    db_key_of_duplicate(text, key);
    error_set(error, ERROR_CONFLICT, "There is already one of these.");
    error_detail(error, "%s", key);
    error->sql_errno = number;
    return false;
  }
  for (size_t i = 0; i < ARRAY_LENGTH(db_errors); i++) {
    if (db_errors[i].number != number) continue;
    code = db_errors[i].code;
    if (db_errors[i].broken) db->broken = true;
  }
  if (code == ERROR_INTERNAL) {
    error_set(error, code, "The database refused an operation.");
  } else {
    error_set(error, code, "The database cannot do this at the moment.");
  }
  if (code == ERROR_UNAVAILABLE) error->retry_after_s = 1;
  error_detail(error, "%s: %u %s", name, number, text);
  error->sql_errno = number;
  return false;
}

bool db_error_of_connection(struct db *db, struct error *error) {
  return db_error_map(db, mysql_errno(db->mysql), mysql_error(db->mysql), "connection", error);
}

/* What goes wrong while rows are fetched (a lock that was waited for in vain, a lost server) some client
 * libraries leave on the connection alone. */
bool db_error_of_statement(struct db *db, MYSQL_STMT *stmt, const char *name, struct error *error) {
  if (mysql_stmt_errno(stmt) == 0)
    return db_error_map(db, mysql_errno(db->mysql), mysql_error(db->mysql), name, error);
  return db_error_map(db, mysql_stmt_errno(stmt), mysql_stmt_error(stmt), name, error);
}

bool db_error_of_connect(MYSQL *mysql, const char *host, struct error *error) {
  error_set(error, ERROR_UNAVAILABLE, "The database cannot be reached at the moment.");
  error_detail(error, "%s: %u %s", host, mysql_errno(mysql), mysql_error(mysql));
  error->sql_errno = mysql_errno(mysql);
  error->retry_after_s = 1;
  return false;
}
