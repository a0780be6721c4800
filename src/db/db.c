#include "db/db.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "db/db_internal.h"

#include "base/banned.h"

#define DB_HOST_BYTES 256
#define DB_PORT_DEFAULT 3306
#define DB_PORT_MAX 65535

/* One round trip. The isolation level has a statement of its own because the two servers name its
 * variable differently. */
static const char db_session_sql[] =
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
    "SET SESSION autocommit = 0, SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 2,"
    " SESSION group_concat_max_len = 16777216,"
    " SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'";

/* Under READ COMMITTED a consistent snapshot is none, so the level is raised for one transaction. */
static const char db_snapshot_sql[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                                      "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

struct db_address {
  char host[DB_HOST_BYTES];
  const char *socket; /* NULL: TCP */
  unsigned port;
};

/* "/run/mysqld/mysqld.sock", "db1", "db1:3307", "[::1]:3306" */
static bool db_address_read(const char *text, struct db_address *address) {
  if (text[0] == '/') {
    address->socket = text;
    return true;
  }
  bool bracketed = text[0] == '[';
  const char *start = bracketed ? text + 1 : text;
  size_t length = strcspn(start, bracketed ? "]" : ":");
  const char *rest = start + length;
  if (length == 0 || length >= sizeof address->host) return false;
  memcpy(address->host, start, length);
  if (bracketed && *rest++ != ']') return false;
  if (*rest == '\0') return true;
  if (*rest != ':') return false;
  char *end;
  unsigned long port = strtoul(rest + 1, &end, 10);
  if (*end != '\0' || port == 0 || port > DB_PORT_MAX) return false;
  address->port = (unsigned)port;
  return true;
}

/* The library counts in whole seconds, and 0 means for ever. */
static unsigned db_seconds(int64_t duration_ms) {
  int64_t seconds = (duration_ms + 999) / 1000;
  return seconds < 1 ? 1U : (unsigned)seconds;
}

static void db_set_tls(MYSQL *mysql, const struct database_config *config) {
#ifdef LIBMARIADB
  db_flag enforce = config->tls != TLS_MODE_OFF;
  db_flag verify = config->tls == TLS_MODE_VERIFY;
  mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
  unsigned mode = SSL_MODE_DISABLED;
  if (config->tls == TLS_MODE_REQUIRED) mode = SSL_MODE_REQUIRED;
  if (config->tls == TLS_MODE_VERIFY) mode = SSL_MODE_VERIFY_IDENTITY;
  mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
  if (config->tls == TLS_MODE_OFF) return;
  if (config->tls_ca != NULL) mysql_options(mysql, MYSQL_OPT_SSL_CA, config->tls_ca);
  if (config->tls_cert != NULL) mysql_options(mysql, MYSQL_OPT_SSL_CERT, config->tls_cert);
  if (config->tls_key != NULL) mysql_options(mysql, MYSQL_OPT_SSL_KEY, config->tls_key);
}

static void db_set_options(MYSQL *mysql, const struct database_config *config, const struct db_address *to) {
  unsigned connect_s = db_seconds(config->connect_timeout_ms);
  unsigned query_s = db_seconds(config->query_timeout_ms);
  unsigned local_infile = 0; /* a rogue server could ask for files */
  unsigned protocol = to->socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &query_s);
  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &query_s);
  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile);
  mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  db_set_tls(mysql, config);
}

static void db_library_start(void) { mysql_library_init(0, NULL, NULL); }

static bool db_set_session(struct db *db, const struct database_config *config, struct error *error) {
  char limit[64];
  if (mysql_real_query(db->mysql, db_session_sql, sizeof db_session_sql - 1) != 0 || !db_drain(db, error))
    return false;
  if (config->idle_limit_s <= 0) return true;
  int length =
      snprintf(limit, sizeof limit, "SET SESSION wait_timeout = %lld", (long long)config->idle_limit_s);
  return mysql_real_query(db->mysql, limit, (unsigned long)length) == 0;
}

bool db_connect(const struct database_config *config, size_t host_index, struct error *error,
                struct db **ret_db) {
  static pthread_once_t started = PTHREAD_ONCE_INIT;
  pthread_once(&started, db_library_start);
  const char *const *hosts = config->hosts.items;
  const char *host = hosts[host_index];
  struct db_address address = {.port = DB_PORT_DEFAULT};
  if (!db_address_read(host, &address))
    return error_set(error, ERROR_UNAVAILABLE, "'%.80s' is no address of a database.", host);
  struct db *db = calloc(1, sizeof *db);
  if (db == NULL) return error_set_memory(error);
  db->prepared_count = db_statement_places;
  db->prepared = calloc(db_statement_places + 1, sizeof *db->prepared);
  db->mysql = mysql_init(NULL);
  if (db->prepared == NULL || db->mysql == NULL) {
    db_close(db);
    return error_set_memory(error);
  }
  db_set_options(db->mysql, config, &address);
  /* Several statements in one packet are for the constants in this room: what has parameters is
   * prepared, and the server refuses to prepare more than one. */
  if (mysql_real_connect(db->mysql, address.socket == NULL ? address.host : NULL, config->user,
                         config->password, config->name, address.port, address.socket,
                         CLIENT_MULTI_STATEMENTS) == NULL ||
      !db_set_session(db, config, error)) {
    db_error_of_connect(db->mysql, host, error);
    db_close(db);
    return false;
  }
  db->time_ns = 0;
  *ret_db = db;
  return true;
}

void db_close(struct db *db) {
  if (db == NULL) return;
  /* First of all: statements without a connection are freed without telling the server. */
  if (db->mysql != NULL) mysql_close(db->mysql);
  for (size_t i = 0; db->prepared != NULL && i < db->prepared_count; i++)
    db_prepared_free(db->prepared[i]);
  for (size_t i = 0; i < db->text_count; i++)
    db_text_prepared_free(db->text[i]);
  free(db->prepared);
  free(db->parameter_binds);
  free(db->parameter_cells);
  free(db);
}

bool db_drain(struct db *db, struct error *error) {
  for (;;) {
    MYSQL_RES *result = mysql_use_result(db->mysql);
    if (result != NULL) mysql_free_result(result);
    if (mysql_errno(db->mysql) != 0) return db_error_of_connection(db, error);
    int next = mysql_next_result(db->mysql);
    if (next < 0) return true;
    if (next > 0) return db_error_of_connection(db, error);
  }
}

bool db_settle(struct db *db, struct error *error) {
  db->resting = false;
  if (db->reply_pending) {
    db->reply_pending = false;
    int64_t start_ns = clock_monotonic_ns();
    bool failed = mysql_read_query_result(db->mysql) != 0;
    db->time_ns += clock_monotonic_ns() - start_ns;
    if (failed) {
      db->broken = true;
      return db_error_of_connection(db, error);
    }
  }
  if (!db->broken) return true;
  error_set(error, ERROR_TRANSIENT, "The connection to the database is gone.");
  error->sql_errno = 2006;
  return false;
}

static bool db_command(struct db *db, const char *sql, size_t length, struct error *error) {
  if (!db_settle(db, error)) return false;
  int64_t start_ns = clock_monotonic_ns();
  bool done = mysql_real_query(db->mysql, sql, length) == 0;
  if (!done) db_error_of_connection(db, error);
  if (done) done = db_drain(db, error);
  db->time_ns += clock_monotonic_ns() - start_ns;
  return done;
}

bool db_ping(struct db *db, struct error *error) {
  bool resting = db->resting;
  if (!db_settle(db, error)) return false;
  db->resting = resting;
  int64_t start_ns = clock_monotonic_ns();
  bool alive = mysql_ping(db->mysql) == 0;
  db->time_ns += clock_monotonic_ns() - start_ns;
  if (alive) return true;
  db_error_of_connection(db, error);
  db->broken = true;
  return false;
}

bool db_has_hung_up(struct db *db) {
  struct error ignored = ERROR_INIT;
  bool resting = db->resting;
  if (!db_settle(db, &ignored)) return true;
  db->resting = resting;
  /* Under TLS there may be something to read that is not for us. */
  if (mysql_get_ssl_cipher(db->mysql) != NULL) return false;
#ifdef LIBMARIADB
  int fd = (int)mysql_get_socket(db->mysql);
#else
  int fd = (int)db->mysql->net.fd;
#endif
  char byte;
  /* Between commands a server says nothing; what it says then is its farewell. */
  if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR))
    db->broken = true;
  return db->broken;
}

bool db_in_transaction(const struct db *db) {
  if (db->reply_pending || db->resting) return false;
  return db->unsure || (db->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

bool db_commit(struct db *db, struct error *error) {
  db->read_since_ms = 0;
  return db_command(db, "COMMIT", strlen("COMMIT"), error);
}

/* Nothing depends on the reply until the connection is used again, so the caller is spared the wait. */
void db_rollback(struct db *db) {
  if (db->broken || !db_in_transaction(db)) return;
  db->unsure = false;
  db->read_since_ms = 0;
  if (mysql_send_query(db->mysql, "ROLLBACK", (unsigned long)strlen("ROLLBACK")) != 0) {
    db->broken = true;
    return;
  }
  db->reply_pending = true;
}

void db_end_read(struct db *db) {
  if (db->broken || !db_in_transaction(db)) return;
  int64_t now_ms = clock_monotonic_ms();
  if (db->read_since_ms == 0) db->read_since_ms = now_ms;
  if (now_ms - db->read_since_ms < DB_REST_MS)
    db->resting = true;
  else
    db_rollback(db);
}

void db_end_rest(struct db *db) {
  if (!db->resting) return;
  db->resting = false;
  db_rollback(db);
}

bool db_begin_snapshot(struct db *db, struct error *error) {
  db_end_rest(db);
  if (db_in_transaction(db)) db_rollback(db);
  return db_command(db, db_snapshot_sql, sizeof db_snapshot_sql - 1, error);
}

bool db_is_broken(const struct db *db) { return db->broken; }

int64_t db_take_time_ns(struct db *db) {
  int64_t time_ns = db->time_ns;
  db->time_ns = 0;
  return time_ns;
}
