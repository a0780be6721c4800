#include "process/sync_worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "event/award.h"
#include "ledger/wake.h"
#include "process/exit_code.h"
#include "process/master_internal.h"

#include "base/banned.h"

#define SYNC_TICK_MS 1000

struct sync_worker {
  struct config config; /* its own copy: the session's limit is the lease's */
  struct job_app app;
  struct rule_set *rules;
  struct award_table *awards;
  size_t rule_problems; /* that were told */
  struct wake *wake;
  struct job_crew *crew;
  sigset_t heard;
};

/* Threads inherit the mask: signals come to nobody, and are asked for here. */
static void sync_worker_open_signals(struct sync_worker *worker) {
  static const int heard[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&worker->heard);
  for (size_t at = 0; at < ARRAY_LENGTH(heard); at++)
    sigaddset(&worker->heard, heard[at]);
}

static bool sync_worker_open(struct sync_worker *worker, const struct sync_worker_start *start,
                             struct error *error) {
  const struct sync_config *sync = &start->config->sync;
  struct job_crew_options options = {.threads = (size_t)sync->threads,
                                     .poll_ms = sync->poll_ms,
                                     .lease_ms = sync->lease_ms,
                                     .batch = (size_t)sync->batch,
                                     .sweeps = true,
                                     .board = start->board};
  worker->config = *start->config;
  /* A process that is frozen within a transaction holds rows as long as the server waits for it. */
  worker->config.database.idle_limit_s = (sync->lease_ms + 999) / 1000;
  worker->app.config = &worker->config;
  if (!rule_set_load(&worker->config.rules, error, &worker->rules) ||
      !award_table_load(&worker->config.events, error, &worker->awards))
    return false;
  worker->app.rules = worker->rules;
  worker->app.awards = worker->awards;
  if (!pool_new(&worker->config.database, JOB_CREW_CONNECTIONS(options.threads), error, &worker->app.pool) ||
      !ledger_new(worker->app.pool, &worker->config.database, error, &worker->app.ledger) ||
      !wake_new(worker->config.live.wake, error, &worker->wake))
    return false;
  ledger_set_wake(worker->app.ledger, worker->wake);
  return job_crew_start(&worker->app, &options, error, &worker->crew);
}

static void sync_worker_close(struct sync_worker *worker) {
  if (worker->crew != NULL) job_crew_stop(worker->crew);
  job_crew_free(worker->crew);
  ledger_free(worker->app.ledger);
  wake_free(worker->wake);
  pool_free(worker->app.pool);
  rule_set_free(worker->rules);
  award_table_free(worker->awards);
}

static void sync_worker_tell_rule_problems(struct sync_worker *worker) {
  size_t count = rule_set_problem_count(worker->rules);
  for (; worker->rule_problems < count; worker->rule_problems++)
    log_write(LOG_LEVEL_WARN, "rule", "left aside: %s",
              rule_set_problem(worker->rules, worker->rule_problems));
}

/* False: it is to end. */
static bool sync_worker_wait(struct sync_worker *worker) {
  struct timespec tick = {.tv_sec = SYNC_TICK_MS / 1000};
  const char *file = worker->config.log.file;
  int number = sigtimedwait(&worker->heard, NULL, &tick);
  sync_worker_tell_rule_problems(worker);
  if (number < 0) return true;
  if (number != SIGUSR1) return false;
  if (file != NULL && !log_open_file(file))
    log_write(LOG_LEVEL_ERROR, "log_reopen", "%s: %s", file, strerror(errno));
  return true;
}

int sync_worker_run(const struct sync_worker_start *start) {
  struct sync_worker worker = {.crew = NULL};
  struct error error = ERROR_INIT;
  sync_worker_open_signals(&worker);
  prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (getppid() != start->master) return EXIT_CODE_OK; /* it died meanwhile */
  bool works = sync_worker_open(&worker, start, &error);
  if (!works) master_log_error(LOG_LEVEL_ERROR, "worker_failed", &error);
  while (works && sync_worker_wait(&worker)) {
  }
  sync_worker_close(&worker);
  return works ? EXIT_CODE_OK : EXIT_CODE_SYSTEM;
}
