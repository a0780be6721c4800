/* The yardstick of bringing everybody into step: document 000's own loop, as C clients on the database's
 * socket that do nothing else. For every learner: read the row, add the modules up, write columns and
 * global_stats - without limits, images, history or a way back, one transaction a learner.
 *
 *   loop --socket PATH --database NAME --last ID --threads 16 [--differing]
 *
 * Learners 1 to ID. The document writes every learner; with --differing only those are written whose
 * totals are wrong. Figures go to stdout as JSON. */
#include <getopt.h>
#include <json-c/json.h>
#include <mysql.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* MySQL 8 dropped my_bool for bool; MariaDB's client keeps it, as a char. */
#ifdef LIBMARIADB
typedef my_bool flag;
#else
typedef bool flag;
#endif

enum { THREADS_MAX = 256, DOCUMENT_BYTES_MAX = 1024 * 1024, BATCH = 100 };

static const char select_sql[] =
    "SELECT tokens, questions_answered, correct_answers, hidden_grade_asset FROM users WHERE id = ?";
static const char update_sql[] =
    "UPDATE users SET tokens = ?, questions_answered = ?, correct_answers = ?, hidden_grade_asset = ?"
    " WHERE id = ?";
static const char *const stats_names[3] = {"total_tokens_earned", "total_questions_answered",
                                           "total_correct_answers"};
static const char *const counter_names[3] = {"tokens_earned", "total_questions_answered", "correct_answers"};

struct options {
  const char *socket;
  const char *database;
  unsigned long last;
  int threads;
  bool differing;
};

struct client {
  const struct options *options;
  atomic_ulong *next;
  MYSQL *connection;
  MYSQL_STMT *select;
  MYSQL_STMT *update;
  unsigned long long id;
  long long totals[3];
  char *document;
  unsigned long document_bytes;
  flag is_null;
  long written;
};

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(MYSQL *connection, const char *what) {
  fprintf(stderr, "loop: %s: %s\n", what, mysql_error(connection));
  exit(1);
}

static MYSQL_STMT *prepare(MYSQL *connection, const char *sql, MYSQL_BIND *parameters) {
  MYSQL_STMT *statement = mysql_stmt_init(connection);
  if (statement == NULL || mysql_stmt_prepare(statement, sql, strlen(sql)) != 0) fail(connection, "prepare");
  if (mysql_stmt_bind_param(statement, parameters) != 0) fail(connection, "bind");
  return statement;
}

static void client_open(struct client *client) {
  client->connection = mysql_init(NULL);
  if (client->connection == NULL ||
      mysql_real_connect(client->connection, NULL, "root", "", client->options->database, 0,
                         client->options->socket, 0) == NULL)
    fail(client->connection, "connect");
  client->document = malloc(DOCUMENT_BYTES_MAX);
  if (client->document == NULL) abort();
  MYSQL_BIND id = {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &client->id, .is_unsigned = 1};
  MYSQL_BIND row[5] = {{0}};
  for (int at = 0; at < 3; at++)
    row[at] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &client->totals[at]};
  row[3] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                        .buffer = client->document,
                        .buffer_length = DOCUMENT_BYTES_MAX - 1,
                        .length = &client->document_bytes,
                        .is_null = &client->is_null};
  row[4] = id;
  client->select = prepare(client->connection, select_sql, &id);
  if (mysql_stmt_bind_result(client->select, row) != 0) fail(client->connection, "bind");
  client->update = prepare(client->connection, update_sql, row);
}

static struct json_object *object_at(struct json_object *parent, const char *key) {
  struct json_object *member = NULL;
  return json_object_is_type(parent, json_type_object) && json_object_object_get_ex(parent, key, &member)
             ? member
             : NULL;
}

/* hiddenGradeAsset, or an empty object; the sums over its modules. */
static struct json_object *compute(struct client *client, int64_t sums[3]) {
  client->document[client->is_null ? 0 : client->document_bytes] = '\0';
  struct json_object *root = client->is_null ? NULL : json_tokener_parse(client->document);
  if (!json_object_is_type(root, json_type_object)) {
    json_object_put(root);
    root = json_object_new_object();
  }
  struct json_object *modules = object_at(root, "modules");
  if (!json_object_is_type(modules, json_type_object)) return root;
  json_object_object_foreach(modules, key, module) {
    (void)key;
    for (int at = 0; at < 3; at++)
      sums[at] += json_object_get_int64(object_at(object_at(module, "progress"), counter_names[at]));
  }
  return root;
}

/* Whether anything differs from what is to be written. */
static bool settle(struct client *client, struct json_object *root, const int64_t sums[3]) {
  char stamp[40];
  time_t now = time(NULL);
  struct tm parts;
  bool differs = false;
  struct json_object *stats = object_at(root, "global_stats");
  if (!json_object_is_type(stats, json_type_object)) {
    stats = json_object_new_object();
    json_object_object_add(root, "global_stats", stats);
  }
  for (int at = 0; at < 3; at++) {
    differs = differs || client->totals[at] != sums[at] ||
              json_object_get_int64(object_at(stats, stats_names[at])) != sums[at];
    json_object_object_add(stats, stats_names[at], json_object_new_int64(sums[at]));
    client->totals[at] = sums[at];
  }
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&now, &parts));
  json_object_object_add(stats, "last_sync", json_object_new_string(stamp));
  return differs;
}

static void bring_into_step(struct client *client) {
  int64_t sums[3] = {0, 0, 0};
  if (mysql_stmt_execute(client->select) != 0) fail(client->connection, "select");
  int status = mysql_stmt_fetch(client->select);
  mysql_stmt_free_result(client->select);
  if (status != 0) return;
  struct json_object *root = compute(client, sums);
  if (settle(client, root, sums) || !client->options->differing) {
    size_t bytes;
    const char *text = json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &bytes);
    if (bytes >= DOCUMENT_BYTES_MAX) abort();
    memcpy(client->document, text, bytes);
    client->document_bytes = bytes;
    client->is_null = 0;
    if (mysql_stmt_execute(client->update) != 0) fail(client->connection, "update");
    client->written++;
  }
  json_object_put(root);
}

static void *client_run(void *argument) {
  struct client *client = argument;
  client_open(client);
  for (unsigned long first; (first = atomic_fetch_add(client->next, BATCH)) <= client->options->last;)
    for (client->id = first; client->id < first + BATCH && client->id <= client->options->last; client->id++)
      bring_into_step(client);
  mysql_stmt_close(client->select);
  mysql_stmt_close(client->update);
  mysql_close(client->connection);
  free(client->document);
  mysql_thread_end();
  return NULL;
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"socket", 1, NULL, 's'},    {"database", 1, NULL, 'd'},
                                        {"last", 1, NULL, 'l'},      {"threads", 1, NULL, 't'},
                                        {"differing", 0, NULL, 'D'}, {NULL, 0, NULL, 0}};
  struct options options = {.database = "lockstep", .threads = 16};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 's':
      options.socket = optarg;
      break;
    case 'd':
      options.database = optarg;
      break;
    case 'l':
      options.last = strtoul(optarg, NULL, 10);
      break;
    case 't':
      options.threads = (int)strtol(optarg, NULL, 10);
      break;
    case 'D':
      options.differing = true;
      break;
    default:
      return false;
    }
  }
  if (options.socket == NULL || options.last == 0 || options.threads < 1 || options.threads > THREADS_MAX)
    return false;
  *ret_options = options;
  return true;
}

int main(int argc, char **argv) {
  struct options options;
  atomic_ulong next = 1;
  long written = 0;
  if (!options_read(argc, argv, &options)) {
    fputs("usage: loop --socket PATH [--database NAME] --last ID [--threads N] [--differing]\n", stderr);
    return 2;
  }
  if (mysql_library_init(0, NULL, NULL) != 0) return 1;
  struct client *clients = calloc((size_t)options.threads, sizeof(*clients));
  pthread_t *threads = calloc((size_t)options.threads, sizeof(*threads));
  if (clients == NULL || threads == NULL) abort();
  double started_s = now_s();
  for (int i = 0; i < options.threads; i++) {
    clients[i] = (struct client){.options = &options, .next = &next};
    if (pthread_create(&threads[i], NULL, client_run, &clients[i]) != 0) abort();
  }
  for (int i = 0; i < options.threads; i++) {
    pthread_join(threads[i], NULL);
    written += clients[i].written;
  }
  double seconds = now_s() - started_s;
  printf("{\"seconds\": %.3f, \"learners\": %lu, \"per_second\": %.1f, \"written\": %ld}\n", seconds,
         options.last, (double)options.last / seconds, written);
  free(clients);
  free(threads);
  mysql_library_end();
  return 0;
}
