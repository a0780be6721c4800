/* The yardstick of a bulk sync: a C client on the database's socket that writes the same rows by one
 * multi-row INSERT … ON DUPLICATE KEY UPDATE and commits.
 *
 *   bulk --socket PATH --database NAME --user ID --items N --round R
 *
 * The learner ID must exist; R makes the values of one call differ from another's. Figures go to stdout as
 * JSON. */
#include <getopt.h>
#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "latencies.h"

enum { ROW_BYTES = 160, HEAD_BYTES = 1024, STITCHES_OF_A_THREAD = 100 };

static const char head[] = "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, order_number, "
                           "skip_number, distractor_level,"
                           " is_completed, last_attempted, revision) VALUES ";
static const char tail[] =
    " ON DUPLICATE KEY UPDATE order_number = VALUES(order_number), skip_number = VALUES(skip_number),"
    " distractor_level = VALUES(distractor_level), is_completed = VALUES(is_completed),"
    " last_attempted = VALUES(last_attempted), revision = VALUES(revision)";

struct options {
  const char *socket;
  const char *database;
  unsigned long user;
  unsigned items;
  unsigned round;
};

static void fail(MYSQL *connection, const char *what) {
  fprintf(stderr, "bulk: %s: %s\n", what, mysql_error(connection));
  exit(1);
}

/* The rows that bench.py has the service write: the same texts, the same size. */
static size_t write_sql(const struct options *options, char *sql) {
  size_t length = (size_t)sprintf(sql, "%s", head);
  for (unsigned at = 0; at < options->items; at++)
    length += (size_t)sprintf(
        sql + length,
        "%s(%lu,'thread-T%u-%03u','stitch-T%u-%03u-%02u',%u,%u,'L%u',%u,'2026-11-%02u 10:00:00.000',%u)",
        at == 0 ? "" : ",", options->user, at / STITCHES_OF_A_THREAD % 3 + 1, at / STITCHES_OF_A_THREAD,
        at / STITCHES_OF_A_THREAD % 3 + 1, at / STITCHES_OF_A_THREAD, at % STITCHES_OF_A_THREAD,
        (at + options->round) % STITCHES_OF_A_THREAD, 5 + options->round % 20, at % 3 + 1, at % 2,
        options->round % 20 + 1, options->round + 1);
  return length + (size_t)sprintf(sql + length, "%s", tail);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"socket", 1, NULL, 's'}, {"database", 1, NULL, 'd'},
                                        {"user", 1, NULL, 'u'},   {"items", 1, NULL, 'i'},
                                        {"round", 1, NULL, 'r'},  {NULL, 0, NULL, 0}};
  struct options options = {.database = "lockstep", .items = 10000};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 's':
      options.socket = optarg;
      break;
    case 'd':
      options.database = optarg;
      break;
    case 'u':
      options.user = strtoul(optarg, NULL, 10);
      break;
    case 'i':
      options.items = (unsigned)strtoul(optarg, NULL, 10);
      break;
    case 'r':
      options.round = (unsigned)strtoul(optarg, NULL, 10);
      break;
    default:
      return false;
    }
  }
  *ret_options = options;
  return options.socket != NULL && options.user != 0 && options.items > 0;
}

int main(int argc, char **argv) {
  struct options options;
  if (!options_read(argc, argv, &options)) {
    fputs("usage: bulk --socket PATH --user ID [--database NAME] [--items N] [--round R]\n", stderr);
    return 2;
  }
  MYSQL *connection = mysql_init(NULL);
  if (connection == NULL ||
      mysql_real_connect(connection, NULL, "root", "", options.database, 0, options.socket, 0) == NULL)
    fail(connection, "connect");
  char *sql = malloc((size_t)options.items * ROW_BYTES + HEAD_BYTES);
  if (sql == NULL) abort();
  if (mysql_query(connection, "SET NAMES utf8mb4") != 0 || mysql_query(connection, "START TRANSACTION") != 0)
    fail(connection, "begin");
  int64_t before_us = now_us();
  size_t length = write_sql(&options, sql);
  if (mysql_real_query(connection, sql, length) != 0) fail(connection, "insert");
  if (mysql_query(connection, "COMMIT") != 0) fail(connection, "commit");
  double seconds = (double)(now_us() - before_us) / 1e6;
  printf("{\"seconds\": %.4f, \"per_second\": %.1f}\n", seconds, options.items / seconds);
  free(sql);
  mysql_close(connection);
  return 0;
}
