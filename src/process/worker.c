#include "process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "event/award.h"
#include "http/fcgi.h"
#include "http/fcgi_server.h"
#include "ledger/ledger.h"
#include "ledger/wake.h"
#include "process/exit_code.h"

#include "base/banned.h"

#define WORKER_TICK_MS 200
#define WORKER_DRAIN_TICK_MS 20
#define WORKER_FIGURES_MS 1000
#define WORKER_JITTER_PERCENT 10
#define WORKER_MALLOC_ARENAS 2 /* not one a thread: what one frees, another uses again */

struct worker {
  const struct worker_start *start;
  struct scoreboard_worker *board; /* its own slot */
  struct app app;
  struct wake *wake;
  struct worker_loaded loaded;
  size_t rule_problems; /* that were told; those of the files the master tells */
  struct fcgi_server *server;
  int signals;
  bool drains;
  int64_t orphaned_ms; /* monotonic: when the master was found dead; 0: it lives */
  bool asked_to_recycle;
  uint64_t max_requests;
  uint32_t share;
  int64_t figures_ms;
};

/* --- What it loads --- */

bool worker_load(struct app *app, const struct endpoint_table *const *tables, struct http_shared *shared,
                 size_t slot, struct worker_loaded *ret_loaded, struct error *error) {
  struct worker_loaded loaded = {.rules = NULL};
  bool works = rule_set_load(&app->config->rules, error, &loaded.rules) &&
               award_table_load(&app->config->events, error, &loaded.awards);
  app->rules = loaded.rules;
  app->awards = loaded.awards;
  if (!works || !http_app_open(app, tables, shared, slot, error)) {
    worker_unload(&loaded);
    return false;
  }
  *ret_loaded = loaded;
  return true;
}

void worker_unload(struct worker_loaded *loaded) {
  rule_set_free(loaded->rules);
  award_table_free(loaded->awards);
}

/* TERM, INT and QUIT come to us when somebody means the whole group, or this one process; the master
 * hears of it and replaces us. Threads inherit the mask. */
static bool worker_open_signals(struct worker *worker, struct error *error) {
  sigset_t all;
  sigset_t ours;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  worker->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  if (worker->signals >= 0) return true;
  error_set(error, ERROR_INTERNAL, "Signals cannot be read.");
  return error_detail(error, "%s", strerror(errno));
}

static bool worker_open(struct worker *worker, struct error *error) {
  const struct worker_start *start = worker->start;
  const struct config *config = start->config;
  mallopt(M_ARENA_MAX, WORKER_MALLOC_ARENAS);
  worker->app.config = config;
  worker->app.build = start->build;
  if (!worker_open_signals(worker, error) || !fcgi_library_init(error)) return false;
  if (!pool_new(&config->database, start->share_max, error, &worker->app.pool)) return false;
  pool_set_limit(worker->app.pool, 0);
  if (!ledger_new(worker->app.pool, &config->database, error, &worker->app.ledger) ||
      !wake_new(config->live.wake, error, &worker->wake))
    return false;
  ledger_set_wake(worker->app.ledger, worker->wake);
  if (!worker_load(&worker->app, start->tables, start->shared, start->slot, &worker->loaded, error))
    return false;
  worker->rule_problems = rule_set_problem_count(worker->loaded.rules);
  worker->max_requests = (uint64_t)config->workers.max_requests;
  /* Workers that started together shall not leave together. */
  uint64_t jitter = worker->max_requests * WORKER_JITTER_PERCENT / 100;
  if (jitter > 0) worker->max_requests += random_below(2 * jitter + 1) - jitter;
  return true;
}

static void worker_close(struct worker *worker) {
  fcgi_server_free(worker->server);
  if (worker->loaded.rules != NULL) http_app_close(&worker->app);
  worker_unload(&worker->loaded);
  ledger_free(worker->app.ledger);
  wake_free(worker->wake);
  pool_free(worker->app.pool);
  if (worker->signals >= 0) close(worker->signals);
}

/* --- The share of the database connections --- */

static size_t worker_requests_in_hand(const struct worker *worker) {
  size_t count = 0;
  for (uint32_t at = 0; at < worker->board->thread_count; at++)
    if (atomic_load(&worker->board->threads[at].stage) != STAGE_IDLE) count++;
  return count;
}

/* One that drains keeps no more than its requests in hand may need, and gives back the rest as they
 * end; one more as long as a half-received request may still become one. */
static void worker_apply_share(struct worker *worker) {
  struct scoreboard_worker *board = worker->board;
  uint32_t share = atomic_load(&board->share_granted);
  if (worker->drains) {
    size_t need = worker_requests_in_hand(worker);
    if (need == 0 && atomic_load(&board->clients) > 0) need = 1;
    share = need < worker->share ? (uint32_t)need : worker->share;
  }
  if (share != worker->share) pool_set_limit(worker->app.pool, share);
  worker->share = share;
}

static void worker_publish(struct worker *worker) {
  struct scoreboard_worker *board = worker->board;
  struct pool_stats stats;
  pool_read_stats(worker->app.pool, &stats);
  atomic_store(&board->share_held, (uint32_t)stats.held);
  atomic_store(&board->pool.size, stats.size);
  atomic_store(&board->pool.limit, stats.limit);
  atomic_store(&board->pool.idle, stats.idle);
  atomic_store(&board->pool.borrowed, stats.borrowed);
  atomic_store(&board->pool.waiting, stats.waiting);
  atomic_store(&board->pool.acquired, stats.acquired);
  atomic_store(&board->pool.timeouts, stats.timeouts);
  atomic_store(&board->pool.connect_failures, stats.connect_failures);
  atomic_store(&board->beat_monotonic_ms, clock_monotonic_ms());
}

static int64_t worker_resident_bytes(void) {
  char text[128];
  int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  ssize_t count = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (count <= 0) return 0;
  text[count] = '\0';
  const char *second = strchr(text, ' ');
  return second == NULL ? 0 : strtoll(second, NULL, 10) * (int64_t)sysconf(_SC_PAGESIZE);
}

/* --- Orders --- */

static void worker_drain(struct worker *worker, enum fcgi_drain how) {
  worker->drains = true;
  if (worker->server != NULL) fcgi_server_drain(worker->server, how);
}

static void worker_reopen_log(const struct worker *worker) {
  const char *file = worker->start->config->log.file;
  if (file != NULL && !log_open_file(file))
    log_write(LOG_LEVEL_ERROR, "log_reopen", "%s: %s", file, strerror(errno));
}

static bool worker_serve(struct worker *worker, struct error *error) {
  const struct worker_start *start = worker->start;
  struct fcgi_server_options options = {.app = &worker->app,
                                        .listener = start->listener,
                                        .handover_in = start->handover_in,
                                        .handover_out = start->handover_out,
                                        .threads = worker->board->thread_count,
                                        .board = start->board,
                                        .slot = start->slot};
  worker_apply_share(worker);
  return worker->server != NULL || fcgi_server_start(&options, error, &worker->server);
}

static bool worker_obey(struct worker *worker, char order, struct error *error) {
  switch ((enum worker_order)order) {
  case WORKER_ORDER_SERVE:
    return worker_serve(worker, error);
  case WORKER_ORDER_SHARE:
    break; /* looked at in every turn */
  case WORKER_ORDER_REOPEN:
    worker_reopen_log(worker);
    break;
  case WORKER_ORDER_HANDOVER:
    worker_drain(worker, FCGI_DRAIN_HANDOVER);
    break;
  case WORKER_ORDER_QUIET:
    worker_drain(worker, FCGI_DRAIN_QUIET);
    break;
  case WORKER_ORDER_FAST:
    worker_drain(worker, FCGI_DRAIN_FAST);
    break;
  }
  return true;
}

/* The master is gone without a word: killed. Its socket is no use to the one who takes its place. */
static void worker_orphaned(struct worker *worker) {
  if (worker->orphaned_ms != 0) return;
  worker->orphaned_ms = clock_monotonic_ms();
  log_write(LOG_LEVEL_WARN, "orphaned", "the master is gone; finishing the requests in hand");
  if (worker->start->listener_is_ours) shutdown(worker->start->listener, SHUT_RDWR);
  worker_drain(worker, FCGI_DRAIN_FAST);
}

static bool worker_hear(struct worker *worker, struct error *error) {
  char order;
  for (;;) {
    ssize_t count = recv(worker->start->control, &order, sizeof order, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) {
      worker_orphaned(worker);
      return true;
    }
    if (!worker_obey(worker, order, error)) return false;
  }
}

static void worker_report(const struct worker *worker, enum worker_report what) {
  char byte = (char)what;
  ssize_t status = send(worker->start->control, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL);
  (void)status; /* a master that is gone is noticed in worker_hear */
}

static void worker_ask_to_recycle(struct worker *worker) {
  if (worker->asked_to_recycle || worker->drains) return;
  worker->asked_to_recycle = true;
  worker_report(worker, WORKER_REPORT_RECYCLE);
}

/* --- The loop --- */

static void worker_wait(struct worker *worker) {
  struct pollfd sources[] = {
      {.fd = worker->orphaned_ms == 0 ? worker->start->control : -1, .events = POLLIN},
      {.fd = worker->signals, .events = POLLIN},
      {.fd = worker->server == NULL ? -1 : fcgi_server_event_descriptor(worker->server), .events = POLLIN},
  };
  poll(sources, ARRAY_LENGTH(sources), worker->drains ? WORKER_DRAIN_TICK_MS : WORKER_TICK_MS);
  struct signalfd_siginfo signal_info;
  if (read(worker->signals, &signal_info, sizeof signal_info) == (ssize_t)sizeof signal_info)
    worker_ask_to_recycle(worker);
}

/* A rule of the site that does not fit the database shows when the first request needs it. */
static void worker_tell_rule_problems(struct worker *worker) {
  size_t count = rule_set_problem_count(worker->loaded.rules);
  for (; worker->rule_problems < count; worker->rule_problems++)
    log_write(LOG_LEVEL_WARN, "rule", "left aside: %s",
              rule_set_problem(worker->loaded.rules, worker->rule_problems));
}

static void worker_tend(struct worker *worker) {
  int64_t now_ms = clock_monotonic_ms();
  if (worker->server != NULL) fcgi_server_tend(worker->server);
  worker_apply_share(worker);
  if (now_ms >= worker->figures_ms) {
    worker->figures_ms = now_ms + WORKER_FIGURES_MS;
    atomic_store(&worker->board->resident_bytes, worker_resident_bytes());
    pool_tend(worker->app.pool);
    http_tend(&worker->app);
    worker_tell_rule_problems(worker);
  }
  worker_publish(worker);
  if (worker->max_requests > 0 && scoreboard_served(worker->board) >= worker->max_requests)
    worker_ask_to_recycle(worker);
}

/* An orphan has nobody who would end it: it does so itself. */
static bool worker_is_over(struct worker *worker) {
  if (!worker->drains) return false;
  if (worker->server == NULL || fcgi_server_is_drained(worker->server)) return true;
  if (worker->orphaned_ms == 0 ||
      clock_monotonic_ms() - worker->orphaned_ms < worker->start->config->workers.drain_timeout_ms)
    return false;
  log_write(LOG_LEVEL_ERROR, "orphaned", "requests in hand did not finish in time; ending without them");
  _exit(EXIT_CODE_SYSTEM);
}

int worker_run(const struct worker_start *start) {
  struct worker worker = {.start = start, .board = &start->board->workers[start->slot], .signals = -1};
  struct error error = ERROR_INIT;
  bool works = worker_open(&worker, &error);
  if (works) worker_report(&worker, WORKER_REPORT_READY);
  while (works) {
    worker_wait(&worker);
    works = worker_hear(&worker, &error);
    if (!works) break;
    worker_tend(&worker);
    if (worker_is_over(&worker)) break;
  }
  if (!works) {
    struct log_line line;
    log_begin(&line, LOG_LEVEL_ERROR, "worker_failed");
    log_add_error(&line, &error);
    log_end(&line);
  }
  worker_close(&worker);
  return works ? EXIT_CODE_OK : EXIT_CODE_SYSTEM;
}
