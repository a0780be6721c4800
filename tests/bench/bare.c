/* The yardsticks: C clients on the database's socket that do nothing but what must be done.
 *
 *   answers    update the learner's row (columns and document), insert the attempt, commit
 *   sessions   insert the session, add to the profile, commit
 *   dashboard  read the profile, five sessions, completed stitches by thread
 *
 *   bare answers --socket PATH --database NAME --first ID --learners N --threads 32 --seconds S
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

#include "latencies.h"

enum { THREADS_MAX = 256, STATEMENTS_MAX = 3, DEADLOCK = 1213, LOCK_WAIT = 1205 };

/* Every parameter is the learner's id. */
struct work {
  const char *name;
  bool writes; /* in one transaction */
  const char *statements[STATEMENTS_MAX];
};

static const struct work works[] = {
    {"answers",
     true,
     {"UPDATE users SET tokens = tokens + 3, questions_answered = questions_answered + 1,"
      " correct_answers = correct_answers + 1,"
      " hidden_grade_asset = JSON_MERGE_PATCH(COALESCE(hidden_grade_asset, '{}'), JSON_OBJECT("
      "'global_stats', JSON_OBJECT('total_tokens_earned', tokens, 'total_questions_answered', "
      "questions_answered,"
      " 'total_correct_answers', correct_answers), 'modules', JSON_OBJECT('math', JSON_OBJECT('progress',"
      " JSON_OBJECT('tokens_earned', tokens, 'total_questions_answered', questions_answered,"
      " 'correct_answers', correct_answers))))) WHERE id = ?",
      "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens,"
      " practised_on, created_at) VALUES (?, 0, 'bare', 'math', 1, 'forty-two', 3, UTC_DATE(), "
      "UTC_TIMESTAMP(3))"}},
    {"sessions",
     true,
     {"INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_questions, correct_answers,"
      " total_points, accuracy, blink_speed, results, practised_on, completed_at, revision) VALUES (?, "
      "UUID(),"
      " 'thread-T1-001', 'stitch-T1-001-01', 20, 17, 56, 85, 2.25, '[]', UTC_DATE(), UTC_TIMESTAMP(3), 0)",
      "INSERT INTO profiles (user_id, total_points, avg_blink_speed, total_sessions, last_session_at)"
      " VALUES (?, 56, 2.425, 1, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE total_points = total_points + 56,"
      " avg_blink_speed = avg_blink_speed * 0.7 + 2.25 * 0.3, total_sessions = total_sessions + 1,"
      " last_session_at = UTC_TIMESTAMP(3)"}},
    {"dashboard",
     false,
     {"SELECT u.display_name, p.total_points, p.avg_blink_speed, p.evolution_level, p.total_sessions,"
      " p.current_streak, p.last_session_at, p.is_subscribed FROM users AS u JOIN profiles AS p"
      " ON p.user_id = u.id WHERE u.id = ?",
      "SELECT id, thread_id, stitch_id, total_points, accuracy, blink_speed, completed_at FROM "
      "session_results"
      " WHERE user_id = ? ORDER BY completed_at DESC LIMIT 5",
      "SELECT thread_id, COUNT(*) FROM user_stitch_progress WHERE user_id = ? AND is_completed = 1"
      " GROUP BY thread_id"}},
};

struct options {
  const struct work *work;
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
  long retried;
  struct latencies latencies;
};

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

static bool execute(MYSQL_STMT *statement) {
  if (mysql_stmt_execute(statement) != 0) return false;
  if (mysql_stmt_field_count(statement) == 0) return true;
  return mysql_stmt_store_result(statement) == 0 && !mysql_stmt_free_result(statement);
}

static bool work_once(MYSQL *connection, const struct work *work, MYSQL_STMT **statements) {
  unsigned code = 0;
  if (work->writes && mysql_real_query(connection, "START TRANSACTION", 17) != 0) fail(connection, "begin");
  for (int i = 0; code == 0 && i < STATEMENTS_MAX && statements[i] != NULL; i++)
    if (!execute(statements[i])) code = mysql_stmt_errno(statements[i]);
  if (code == 0 && (!work->writes || mysql_real_query(connection, "COMMIT", 6) == 0)) return true;
  if (code != DEADLOCK && code != LOCK_WAIT) fail(connection, work->name);
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
  MYSQL_STMT *statements[STATEMENTS_MAX] = {NULL};
  for (int i = 0; i < STATEMENTS_MAX && options->work->statements[i] != NULL; i++)
    statements[i] = prepare(connection, options->work->statements[i], &id);
  int64_t end_us = now_us() + (int64_t)(options->seconds * 1e6);
  for (int64_t before_us; (before_us = now_us()) < end_us;) {
    id = options->first + (unsigned long)rand_r(&client->random) % options->learners;
    while (!work_once(connection, options->work, statements))
      client->retried++;
    latencies_note(&client->latencies, now_us() - before_us);
  }
  for (int i = 0; i < STATEMENTS_MAX && statements[i] != NULL; i++)
    mysql_stmt_close(statements[i]);
  mysql_close(connection);
  mysql_thread_end();
  return NULL;
}

static void report(struct client *clients, int threads, double seconds) {
  struct latencies all = {.us = NULL};
  long retried = 0;
  for (int i = 0; i < threads; i++) {
    retried += clients[i].retried;
    latencies_take(&all, &clients[i].latencies);
  }
  struct latency_figures figures = latencies_sum_up(&all);
  printf("{\"seconds\": %.3f, \"done\": %zu, \"per_second\": %.1f, \"retried\": %ld, \"p50_ms\": %.3f, "
         "\"p99_ms\": %.3f}\n",
         seconds, figures.done, (double)figures.done / seconds, retried, figures.p50_ms, figures.p99_ms);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"socket", 1, NULL, 's'},  {"database", 1, NULL, 'd'},
                                        {"first", 1, NULL, 'f'},   {"learners", 1, NULL, 'l'},
                                        {"threads", 1, NULL, 't'}, {"seconds", 1, NULL, 'S'},
                                        {NULL, 0, NULL, 0}};
  struct options options = {
      .database = "lockstep", .first = 1, .learners = 1000, .threads = 32, .seconds = 5};
  int letter;
  for (size_t i = 0; argc > 1 && i < sizeof(works) / sizeof(*works); i++)
    if (strcmp(works[i].name, argv[1]) == 0) options.work = &works[i];
  if (options.work == NULL) return false;
  while ((letter = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1) {
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
    fputs("usage: bare answers|sessions|dashboard --socket PATH [--database NAME] [--first ID]\n"
          "            [--learners N] [--threads N] [--seconds S]\n",
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
