/* The yardstick of an answer: C clients on the database's socket that do nothing but what must be
 * done - update the learner's row (columns and document), insert the attempt, commit.
 *
 *   bare --socket PATH --database NAME --first ID --learners N --threads 32 --seconds S
 *
 * Learners FIRST to FIRST + N - 1 must exist. Figures go to stdout as JSON. */
#include <getopt.h>
#include <mysql.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 256, DEADLOCK = 1213, LOCK_WAIT = 1205 };

static const char update_sql[] =
    "UPDATE users SET tokens = tokens + 3, questions_answered = questions_answered + 1,"
    " correct_answers = correct_answers + 1,"
    " hidden_grade_asset = JSON_MERGE_PATCH(COALESCE(hidden_grade_asset, '{}'), JSON_OBJECT("
    "'global_stats', JSON_OBJECT('total_tokens_earned', tokens, 'total_questions_answered', "
    "questions_answered,"
    " 'total_correct_answers', correct_answers), 'modules', JSON_OBJECT('math', JSON_OBJECT('progress',"
    " JSON_OBJECT('tokens_earned', tokens, 'total_questions_answered', questions_answered,"
    " 'correct_answers', correct_answers))))) WHERE id = ?";
static const char insert_sql[] =
    "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens,"
    " practised_on, created_at) VALUES (?, 0, 'bare', 'math', 1, 'forty-two', 3, UTC_DATE(), "
    "UTC_TIMESTAMP(3))";

struct options {
  const char *socket;
  const char *database;
  unsigned long first;
  unsigned long learners;
  int threads;
  double seconds;
};

struct client {
  const struct options *options;
  unsigned random;
  long done;
  long retried;
  uint32_t *latencies_us;
  size_t latency_capacity;
};

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(MYSQL *connection, const char *what) {
  fprintf(stderr, "bare: %s: %s\n", what, mysql_error(connection));
  exit(1);
}

static MYSQL_STMT *prepare(MYSQL *connection, const char *sql, unsigned long long *id) {
  MYSQL_STMT *statement = mysql_stmt_init(connection);
  MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = id, .is_unsigned = 1};
  if (statement == NULL || mysql_stmt_prepare(statement, sql, strlen(sql)) != 0) fail(connection, "prepare");
  if (mysql_stmt_bind_param(statement, &bind) != 0) fail(connection, "bind");
  return statement;
}

static bool answer_once(MYSQL *connection, MYSQL_STMT *update, MYSQL_STMT *insert) {
  if (mysql_real_query(connection, "START TRANSACTION", 17) != 0) fail(connection, "begin");
  if (mysql_stmt_execute(update) == 0 && mysql_stmt_execute(insert) == 0 &&
      mysql_real_query(connection, "COMMIT", 6) == 0)
    return true;
  unsigned code = mysql_stmt_errno(update) != 0 ? mysql_stmt_errno(update) : mysql_stmt_errno(insert);
  if (code != DEADLOCK && code != LOCK_WAIT) fail(connection, "answer");
  if (mysql_rollback(connection) != 0) fail(connection, "rollback");
  return false;
}

static void *client_run(void *argument) {
  struct client *client = argument;
  const struct options *options = client->options;
  MYSQL *connection = mysql_init(NULL);
  if (connection == NULL ||
      mysql_real_connect(connection, NULL, "root", "", options->database, 0, options->socket, 0) == NULL)
    fail(connection, "connect");
  if (mysql_query(connection, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") != 0)
    fail(connection, "isolation");
  unsigned long long id = 0;
  MYSQL_STMT *update = prepare(connection, update_sql, &id);
  MYSQL_STMT *insert = prepare(connection, insert_sql, &id);
  int64_t end_us = now_us() + (int64_t)(options->seconds * 1e6);
  for (int64_t before_us; (before_us = now_us()) < end_us;) {
    id = options->first + (unsigned long)rand_r(&client->random) % options->learners;
    while (!answer_once(connection, update, insert))
      client->retried++;
    if ((size_t)client->done == client->latency_capacity) {
      client->latency_capacity = client->latency_capacity == 0 ? 4096 : client->latency_capacity * 2;
      client->latencies_us = realloc(client->latencies_us, client->latency_capacity * sizeof(uint32_t));
      if (client->latencies_us == NULL) abort();
    }
    client->latencies_us[client->done++] = (uint32_t)(now_us() - before_us);
  }
  mysql_stmt_close(update);
  mysql_stmt_close(insert);
  mysql_close(connection);
  mysql_thread_end();
  return NULL;
}

static int compare_u32(const void *a, const void *b) {
  uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
  return one < other ? -1 : one > other;
}

static void report(struct client *clients, int threads, double seconds) {
  long done = 0, retried = 0, at = 0;
  for (int i = 0; i < threads; i++)
    done += clients[i].done, retried += clients[i].retried;
  uint32_t *all = calloc((size_t)done + 1, sizeof(*all));
  if (all == NULL) abort();
  for (int i = 0; i < threads; i++) {
    for (long k = 0; k < clients[i].done; k++)
      all[at++] = clients[i].latencies_us[k];
    free(clients[i].latencies_us);
  }
  qsort(all, (size_t)done, sizeof(*all), compare_u32);
  printf("{\"seconds\": %.3f, \"done\": %ld, \"per_second\": %.1f, \"retried\": %ld, \"p50_ms\": %.3f, "
         "\"p99_ms\": %.3f}\n",
         seconds, done, (double)done / seconds, retried, all[done / 2] / 1000.0,
         all[done * 99 / 100] / 1000.0);
  free(all);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"socket", 1, NULL, 's'},  {"database", 1, NULL, 'd'},
                                        {"first", 1, NULL, 'f'},   {"learners", 1, NULL, 'l'},
                                        {"threads", 1, NULL, 't'}, {"seconds", 1, NULL, 'S'},
                                        {NULL, 0, NULL, 0}};
  struct options options = {
      .database = "lockstep", .first = 1, .learners = 1000, .threads = 32, .seconds = 5};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 's':
      options.socket = optarg;
      break;
    case 'd':
      options.database = optarg;
      break;
    case 'f':
      options.first = strtoul(optarg, NULL, 10);
      break;
    case 'l':
      options.learners = strtoul(optarg, NULL, 10);
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
  if (options.socket == NULL || options.learners == 0 || options.threads < 1 || options.threads > THREADS_MAX)
    return false;
  *ret_options = options;
  return true;
}

int main(int argc, char **argv) {
  struct options options;
  if (!options_read(argc, argv, &options)) {
    fputs("usage: bare --socket PATH [--database NAME] [--first ID] [--learners N] [--threads N] [--seconds "
          "S]\n",
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
