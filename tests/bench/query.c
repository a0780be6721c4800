/* The yardstick of a read: C clients on the database's socket that prepare one SELECT and read all its rows,
 * again and again, each time for another id.
 *
 *   query --socket PATH --database NAME --sql SELECT --first ID --last ID --threads 32 --seconds S
 *
 * Every ? in the SELECT is the id. Figures go to stdout as JSON. */
#include <getopt.h>
#include <mysql.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "latencies.h"

enum { THREADS_MAX = 256, COLUMNS_MAX = 32, PARAMETERS_MAX = 16, CELL_BYTES = 2048 };

struct options {
  const char *socket;
  const char *database;
  const char *sql;
  unsigned long first;
  unsigned long last;
  int threads;
  double seconds;
};

struct client {
  const struct options *options;
  MYSQL *connection;
  MYSQL_STMT *statement;
  unsigned long long id;
  char cells[COLUMNS_MAX][CELL_BYTES];
  unsigned random;
  long rows;
  struct latencies latencies;
};

static void fail(const struct client *client, const char *what) {
  fprintf(stderr, "query: %s: %s\n", what, mysql_error(client->connection));
  exit(1);
}

static void client_open(struct client *client) {
  const struct options *options = client->options;
  MYSQL_BIND parameters[PARAMETERS_MAX] = {{0}};
  MYSQL_BIND columns[COLUMNS_MAX] = {{0}};
  client->connection = mysql_init(NULL);
  if (client->connection == NULL || mysql_real_connect(client->connection, NULL, "root", "",
                                                       options->database, 0, options->socket, 0) == NULL)
    fail(client, "connect");
  if (mysql_query(client->connection, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") != 0)
    fail(client, "isolation");
  client->statement = mysql_stmt_init(client->connection);
  if (client->statement == NULL ||
      mysql_stmt_prepare(client->statement, options->sql, strlen(options->sql)) != 0)
    fail(client, "prepare");
  if (mysql_stmt_param_count(client->statement) > PARAMETERS_MAX ||
      mysql_stmt_field_count(client->statement) > COLUMNS_MAX)
    fail(client, "too many parameters or columns");
  for (size_t at = 0; at < PARAMETERS_MAX; at++)
    parameters[at] =
        (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &client->id, .is_unsigned = 1};
  for (size_t at = 0; at < COLUMNS_MAX; at++)
    columns[at] = (MYSQL_BIND){
        .buffer_type = MYSQL_TYPE_STRING, .buffer = client->cells[at], .buffer_length = CELL_BYTES};
  if (mysql_stmt_bind_param(client->statement, parameters) != 0 ||
      mysql_stmt_bind_result(client->statement, columns) != 0)
    fail(client, "bind");
}

static void read_once(struct client *client) {
  int status;
  if (mysql_stmt_execute(client->statement) != 0) fail(client, "execute");
  while ((status = mysql_stmt_fetch(client->statement)) == 0 || status == MYSQL_DATA_TRUNCATED)
    client->rows++;
  if (status != MYSQL_NO_DATA) fail(client, "fetch");
  mysql_stmt_free_result(client->statement);
}

static void *client_run(void *argument) {
  struct client *client = argument;
  const struct options *options = client->options;
  client_open(client);
  int64_t end_us = now_us() + (int64_t)(options->seconds * 1e6);
  for (int64_t before_us; (before_us = now_us()) < end_us;) {
    client->id =
        options->first + (unsigned long)rand_r(&client->random) % (options->last - options->first + 1);
    read_once(client);
    latencies_note(&client->latencies, now_us() - before_us);
  }
  mysql_stmt_close(client->statement);
  mysql_close(client->connection);
  mysql_thread_end();
  return NULL;
}

static void report(struct client *clients, int threads, double seconds) {
  struct latencies all = {.us = NULL};
  long rows = 0;
  for (int i = 0; i < threads; i++) {
    rows += clients[i].rows;
    latencies_take(&all, &clients[i].latencies);
  }
  struct latency_figures figures = latencies_sum_up(&all);
  printf("{\"seconds\": %.3f, \"done\": %zu, \"per_second\": %.1f, \"rows\": %ld, \"mean_ms\": %.3f, "
         "\"p50_ms\": %.3f, "
         "\"p99_ms\": %.3f}\n",
         seconds, figures.done, (double)figures.done / seconds, rows, figures.mean_ms, figures.p50_ms,
         figures.p99_ms);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"socket", 1, NULL, 's'},  {"database", 1, NULL, 'd'},
                                        {"sql", 1, NULL, 'q'},     {"first", 1, NULL, 'f'},
                                        {"last", 1, NULL, 'l'},    {"threads", 1, NULL, 't'},
                                        {"seconds", 1, NULL, 'S'}, {NULL, 0, NULL, 0}};
  struct options options = {.database = "lockstep", .first = 1, .last = 1, .threads = 32, .seconds = 5};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 's':
      options.socket = optarg;
      break;
    case 'd':
      options.database = optarg;
      break;
    case 'q':
      options.sql = optarg;
      break;
    case 'f':
      options.first = strtoul(optarg, NULL, 10);
      break;
    case 'l':
      options.last = strtoul(optarg, NULL, 10);
      break;
    case 't':
      options.threads = (int)strtol(optarg, NULL, 10);
      break;
    case 'S':
      options.seconds = strtod(optarg, NULL);
      break;
    default:
      return false;
    }
  }
  if (options.socket == NULL || options.sql == NULL || options.last < options.first || options.threads < 1 ||
      options.threads > THREADS_MAX)
    return false;
  *ret_options = options;
  return true;
}

int main(int argc, char **argv) {
  struct options options;
  if (!options_read(argc, argv, &options)) {
    fputs("usage: query --socket PATH [--database NAME] --sql SELECT [--first ID] [--last ID] [--threads N]\n"
          "             [--seconds S]\n",
          stderr);
    return 2;
  }
  if (mysql_library_init(0, NULL, NULL) != 0) return 1;
  struct client *clients = calloc((size_t)options.threads, sizeof(*clients));
  pthread_t *threads = calloc((size_t)options.threads, sizeof(*threads));
  if (clients == NULL || threads == NULL) abort();
  int64_t started_us = now_us();
  for (int i = 0; i < options.threads; i++) {
    clients[i] = (struct client){.options = &options, .random = 17u * (unsigned)i + 3u};
    if (pthread_create(&threads[i], NULL, client_run, &clients[i]) != 0) abort();
  }
  for (int i = 0; i < options.threads; i++)
    pthread_join(threads[i], NULL);
  report(clients, options.threads, (double)(now_us() - started_us) / 1e6);
  free(clients);
  free(threads);
  mysql_library_end();
  return 0;
}
