/* How fast jobs that do nothing are claimed, run and finished by a crew, beside the claim that most job
 * systems use, on the same table, server, batch and number of threads: SELECT … ORDER BY priority, run_at
 * LIMIT batch FOR UPDATE SKIP LOCKED over the index of what is due, and an UPDATE of them all to running, in
 * one transaction; then each job is finished alone, by its key, as it ends, in a transaction of its own
 * (`skip_locked`). Beside it the same as lean as it can be, a batch finished by one statement and one commit
 * (`skip_locked_lean`), which gives up that a job's end is known before its neighbours'. And how long a job
 * waits that is inserted while all is idle, and what idleness costs.
 *
 *   jobs SOCKET DATABASE [JOBS]    the database is migrated; its jobs are lost
 *
 * Prints one JSON object. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "job/job_crew.h"

#include "base/banned.h"

#define THREADS 4
#define LATENCY_SAMPLES 400
#define FINISHED_ROWS 200000
#define IDLE_MS 3000
#define BATCHES_MAX 200
#define SQL_BYTES 8192

static atomic_size_t ran;
static _Atomic int64_t ran_at_ns;
static const char *socket_path;
static struct database_config database = {.user = "root",
                                          .connections = 32,
                                          .connect_timeout_ms = 2000,
                                          .query_timeout_ms = 60000,
                                          .wait_timeout_ms = 5000,
                                          .lifetime_ms = 600000,
                                          .idle_check_ms = 60000,
                                          .transaction_timeout_ms = 20000};
static struct config config;

static bool do_nothing(struct job *job, const void *params, struct error *error) {
  (void)job;
  (void)params;
  (void)error;
  atomic_store(&ran_at_ns, clock_monotonic_ns());
  atomic_fetch_add(&ran, 1);
  return true;
}

static const struct job_kind kinds[] = {
    {.name = "nothing", .work = do_nothing, .unit = "jobs", .summary = "Nothing."}};
static const struct job_kind_table kind_table = JOB_KIND_TABLE(kinds);
const struct job_kind_table *const job_kind_tables[] = {&kind_table, NULL};

static void must(bool worked, const struct error *error) {
  if (worked) return;
  fprintf(stderr, "jobs: %s %s\n", error->message, error->detail);
  exit(1);
}

static struct db *open_database(void) {
  struct error error = ERROR_INIT;
  struct db *db = NULL;
  must(db_connect(&database, 0, &error, &db), &error);
  return db;
}

static void execute(struct db *db, const char *sql) {
  struct error error = ERROR_INIT;
  must(db_text_exec(db, sql, NULL, 0, &error, NULL) && db_commit(db, &error), &error);
}

/* --- Rows ----------------------------------------------------------------------------------------- */

static void insert_rows(struct db *db, size_t count, const char *state) {
  char sql[SQL_BYTES];
  for (size_t left = count; left > 0;) {
    size_t part = left < 10000 ? left : 10000;
    snprintf(sql, sizeof sql,
             "INSERT INTO sync_jobs (kind, state, finished_at) SELECT 'nothing', '%s', %s FROM"
             " (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM bench_digits a, bench_digits b,"
             " bench_digits c, bench_digits d) x WHERE n < %zu",
             state, strcmp(state, "done") == 0 ? "UTC_TIMESTAMP(3)" : "NULL", part);
    execute(db, sql);
    left -= part;
  }
}

static void prepare(struct db *db, size_t finished, size_t ready) {
  execute(db, "TRUNCATE sync_jobs");
  execute(db, "DELETE FROM sync_workers");
  insert_rows(db, finished, "done");
  insert_rows(db, ready, "ready");
}

/* --- Ours ----------------------------------------------------------------------------------------- */

struct house {
  struct job_app app;
  struct job_crew *crew;
};

static void house_open(struct house *house, size_t threads, size_t batch, bool sweeps) {
  struct error error = ERROR_INIT;
  struct job_crew_options options = {
      .threads = threads, .poll_ms = 5, .lease_ms = 10000, .batch = batch, .sweeps = sweeps};
  house->app = (struct job_app){.config = &config};
  must(pool_new(&database, JOB_CREW_CONNECTIONS(threads), &error, &house->app.pool), &error);
  must(job_crew_start(&house->app, &options, &error, &house->crew), &error);
}

static void house_close(struct house *house) {
  job_crew_stop(house->crew);
  job_crew_free(house->crew);
  pool_free(house->app.pool);
}

static double measure_ours(struct db *db, size_t jobs, size_t batch, size_t finished) {
  struct house house;
  prepare(db, finished, jobs);
  atomic_store(&ran, 0);
  int64_t began_ns = clock_monotonic_ns();
  house_open(&house, THREADS, batch, true);
  while (atomic_load(&ran) < jobs)
    clock_sleep_ms(1);
  house_close(&house); /* the last are finished by then */
  return (double)jobs / ((double)(clock_monotonic_ns() - began_ns) / 1e9);
}

/* --- The usual claim ------------------------------------------------------------------------------ */

struct batch {
  uint64_t ids[BATCHES_MAX];
  size_t count;
};

struct usual {
  pthread_t thread;
  size_t batch;
  bool lean;
  size_t done;
};

static bool keep_id(const struct db_text_row *row, void *context, struct error *error) {
  struct batch *batch = context;
  (void)error;
  batch->ids[batch->count++] = strtoull(row->values[0], NULL, 10);
  return true;
}

static bool write_state(struct db *db, const uint64_t *ids, size_t count, const char *set,
                        struct error *error) {
  char sql[SQL_BYTES];
  int length = snprintf(sql, sizeof sql, "UPDATE sync_jobs SET %s WHERE id IN (", set);
  for (size_t at = 0; at < count; at++)
    length += snprintf(sql + length, sizeof sql - (size_t)length, "%s%" PRIu64, at == 0 ? "" : ",", ids[at]);
  snprintf(sql + length, sizeof sql - (size_t)length, ")");
  return db_text_exec(db, sql, NULL, 0, error, NULL) && db_commit(db, error);
}

/* A deadlock is tried again, as everybody does. */
static bool usual_batch(struct db *db, struct arena *arena, struct usual *usual) {
  char sql[SQL_BYTES];
  struct batch batch = {.count = 0};
  struct error error = ERROR_INIT;
  snprintf(sql, sizeof sql,
           "SELECT id FROM sync_jobs WHERE state = 'ready' AND run_at <= UTC_TIMESTAMP(3)"
           " ORDER BY priority, run_at LIMIT %zu FOR UPDATE SKIP LOCKED",
           usual->batch);
  arena_reset(arena);
  bool works = db_text_each(db, sql, NULL, 0, arena, keep_id, &batch, &error);
  if (works && batch.count == 0) {
    db_rollback(db);
    return false;
  }
  works = works &&
          write_state(db, batch.ids, batch.count,
                      "state = 'running', attempts = attempts + 1, started_at = UTC_TIMESTAMP(3)", &error);
  size_t part = usual->lean ? batch.count : 1;
  for (size_t at = 0; works && at < batch.count; at += part) {
    works = write_state(db, &batch.ids[at], part, "state = 'done', finished_at = UTC_TIMESTAMP(3)", &error);
    if (works) usual->done += part;
  }
  if (!works) db_rollback(db);
  must(works || error.code == ERROR_TRANSIENT, &error);
  return true;
}

static void *usual_main(void *context) {
  struct usual *usual = context;
  struct db *db = open_database();
  struct arena *arena = arena_new((size_t)1024 * 1024);
  while (arena != NULL && usual_batch(db, arena, usual)) {
  }
  arena_free(arena);
  db_close(db);
  return NULL;
}

static double measure_usual(struct db *db, size_t jobs, size_t batch, bool lean) {
  struct usual threads[THREADS];
  size_t done = 0;
  prepare(db, 0, jobs);
  int64_t began_ns = clock_monotonic_ns();
  for (size_t at = 0; at < THREADS; at++) {
    threads[at] = (struct usual){.batch = batch, .lean = lean};
    pthread_create(&threads[at].thread, NULL, usual_main, &threads[at]);
  }
  for (size_t at = 0; at < THREADS; at++) {
    pthread_join(threads[at].thread, NULL);
    done += threads[at].done;
  }
  return (double)done / ((double)(clock_monotonic_ns() - began_ns) / 1e9);
}

/* --- Latency and idleness ------------------------------------------------------------------------- */

static int compare(const void *left, const void *right) {
  double a = *(const double *)left;
  double b = *(const double *)right;
  return (a > b) - (a < b);
}

static int64_t cpu_us(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

static void measure_waiting(struct db *db, double *ret_median_ms, double *ret_p99_ms,
                            double *ret_idle_percent) {
  static double waits_ms[LATENCY_SAMPLES];
  struct house house;
  prepare(db, 0, 0);
  house_open(&house, 2, 16, true);
  clock_sleep_ms(500);
  int64_t before_us = cpu_us();
  clock_sleep_ms(IDLE_MS);
  *ret_idle_percent = (double)(cpu_us() - before_us) / 1000.0 / IDLE_MS * 100;
  for (size_t at = 0; at < LATENCY_SAMPLES; at++) {
    size_t before = atomic_load(&ran);
    execute(db, "INSERT INTO sync_jobs (kind) VALUES ('nothing')");
    int64_t inserted_ns = clock_monotonic_ns();
    while (atomic_load(&ran) == before)
      clock_sleep_ms(1);
    waits_ms[at] = (double)(atomic_load(&ran_at_ns) - inserted_ns) / 1e6;
    clock_sleep_ms((int64_t)(at % 7));
  }
  house_close(&house);
  qsort(waits_ms, LATENCY_SAMPLES, sizeof *waits_ms, compare);
  *ret_median_ms = waits_ms[LATENCY_SAMPLES / 2];
  *ret_p99_ms = waits_ms[LATENCY_SAMPLES * 99 / 100];
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("usage: jobs SOCKET DATABASE [JOBS]\n", stderr);
    return 64;
  }
  static const size_t batches[] = {10, 100};
  size_t jobs = argc > 3 ? strtoull(argv[3], NULL, 10) : 20000;
  double median_ms;
  double p99_ms;
  double idle_percent;
  socket_path = argv[1];
  database.hosts = (struct field_list){.items = (void *)&socket_path, .count = 1};
  database.name = argv[2];
  config.database = database;
  struct db *db = open_database();
  execute(db, "DROP TABLE IF EXISTS bench_digits");
  execute(db, "CREATE TABLE bench_digits (n INT PRIMARY KEY)");
  execute(db, "INSERT INTO bench_digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)");
  printf("{\"jobs\": %zu, \"threads\": %d, \"rates\": [", jobs, THREADS);
  for (size_t at = 0; at < ARRAY_LENGTH(batches); at++) {
    double usual = measure_usual(db, jobs, batches[at], false);
    double lean = measure_usual(db, jobs, batches[at], true);
    double ours = measure_ours(db, jobs, batches[at], 0);
    double full = measure_ours(db, jobs, batches[at], FINISHED_ROWS);
    printf("%s{\"batch\": %zu, \"skip_locked\": %.0f, \"skip_locked_lean\": %.0f, \"lockstep\": %.0f,"
           " \"lockstep_beside_finished\": %.0f}",
           at == 0 ? "" : ", ", batches[at], usual, lean, ours, full);
    fflush(stdout);
  }
  measure_waiting(db, &median_ms, &p99_ms, &idle_percent);
  printf("], \"started_median_ms\": %.2f, \"started_p99_ms\": %.2f, \"idle_percent\": %.2f}\n", median_ms,
         p99_ms, idle_percent);
  db_close(db);
  return 0;
}
