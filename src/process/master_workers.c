/* The worker processes, one by one: start, orders, reports, end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/exit_code.h"
#include "process/master_internal.h"
#include "process/title.h"

#include "base/banned.h"

static size_t master_slot(const struct master *master, const struct master_worker *worker) {
  return (size_t)(worker - master->workers);
}

static struct scoreboard_worker *master_board(struct master *master, const struct master_worker *worker) {
  return &master->board.workers[master_slot(master, worker)];
}

bool master_worker_lives(const struct master_worker *worker) {
  return worker->pid != 0 && worker->state != WORKER_KILLED;
}

void master_worker_set_state(struct master *master, struct master_worker *worker,
                             enum scoreboard_worker_state state) {
  worker->state = state;
  atomic_store(&master_board(master, worker)->state, (int32_t)state);
}

void master_worker_order(struct master_worker *worker, enum worker_order order) {
  char byte = (char)order;
  if (worker->control < 0) return;
  ssize_t status = send(worker->control, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL);
  (void)status; /* a worker that is gone is reaped; one that does not listen is killed in time */
}

static void master_log_worker(enum log_level level, const char *event, const struct master_worker *worker,
                              const char *why) {
  struct log_line line;
  log_begin(&line, level, event);
  log_add_i64(&line, "worker", worker->number);
  log_add_i64(&line, "worker_pid", worker->pid);
  log_add_i64(&line, "generation", (int64_t)worker->generation);
  log_add(&line, "msg", why);
  log_end(&line);
}

/* --- Start --- */

static struct master_worker *master_free_slot(struct master *master) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid == 0) return &master->workers[slot];
  return NULL;
}

static void master_prepare_board(struct master *master, const struct master_worker *worker) {
  struct scoreboard_worker *board = master_board(master, worker);
  uint32_t behind = (uint32_t)master_slot(master, worker) + 1;
  memset(board, 0, sizeof *board);
  if (atomic_load(&master->board.head->slots_used) < behind)
    atomic_store(&master->board.head->slots_used, behind);
  board->number = worker->number;
  board->generation = (uint32_t)worker->generation;
  board->started_ms = clock_now_ms();
  board->thread_count = (uint32_t)master->setup->config.workers.threads;
  board->restarts = master->places[worker->number - 1].restarts;
}

/* In the child: lets go of everything that is the master's alone. Were its ends of the other workers'
 * socket pairs kept, those would not notice its death. */
static void master_leave(struct master *master) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0) close(master->workers[slot].control);
  if (master->checker.pid != 0) close(master->checker.output);
  close(master->signals);
  if (master->pid_file >= 0) close(master->pid_file);
  service_forget(&master->service);
}

NORETURN static void master_become_worker(struct master *master, const struct master_worker *worker,
                                          int control) {
  const struct worker_start start = {
      .config = &master->setup->config,
      .tables = master->options->tables,
      .build = master->options->build,
      .board = &master->board,
      .shared = master->shared,
      .slot = master_slot(master, worker),
      .share_max = worker->share,
      .control = control,
      .listener = master->listener.descriptor,
      .listener_is_ours = strcmp(master->listener.name, "fd:systemd") != 0,
      .handover_in = master->handover[0],
      .handover_out = master->handover[1],
  };
  title_set("worker %u (generation %llu)", worker->number, (unsigned long long)worker->generation);
  master_leave(master);
  master_board(master, worker)->pid = (int32_t)getpid();
  int code = worker_run(&start);
  master_setup_free(master->setup);
  exit(code);
}

void master_worker_spawn(struct master *master, uint32_t number) {
  int ends[2];
  struct master_worker *worker = master_free_slot(master);
  const struct config *config = &master->setup->config;
  if (worker == NULL) return; /* many generations still drain: a slot comes free */
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    log_write(LOG_LEVEL_ERROR, "spawn", "no socket pair: %s", strerror(errno));
    master->places[number - 1].retry_at_ms = clock_monotonic_ms() + MASTER_BACKOFF_MAX_MS;
    return;
  }
  *worker = (struct master_worker){
      .control = ends[0],
      .number = number,
      .generation = master->generation,
      .share = master_share_of((uint32_t)config->database.connections, (uint32_t)config->workers.processes,
                               number),
      .started_ms = clock_monotonic_ms(),
      .request_timeout_ms = config->workers.request_timeout_ms,
  };
  master_prepare_board(master, worker);
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    master_become_worker(master, worker, ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    log_write(LOG_LEVEL_ERROR, "spawn", "no process: %s", strerror(errno));
    close(ends[0]);
    *worker = (struct master_worker){.pid = 0};
    master->places[number - 1].retry_at_ms = clock_monotonic_ms() + MASTER_BACKOFF_MAX_MS;
    return;
  }
  worker->pid = pid;
  master_board(master, worker)->pid = (int32_t)pid;
  master_worker_set_state(master, worker, WORKER_STARTING);
}

/* --- Orders and reports --- */

void master_worker_drain(struct master *master, struct master_worker *worker, enum worker_order how) {
  int64_t until_ms = clock_monotonic_ms() + master->setup->config.workers.drain_timeout_ms;
  if (worker->kill_at_ms == 0) worker->kill_at_ms = until_ms;
  atomic_store(&master_board(master, worker)->share_granted, 0);
  master_worker_order(worker, how);
  if (worker->state != WORKER_KILLED) master_worker_set_state(master, worker, WORKER_DRAINING);
}

void master_worker_hear(struct master *master, struct master_worker *worker) {
  char report;
  ssize_t count;
  while ((count = recv(worker->control, &report, sizeof report, MSG_DONTWAIT)) == 1) {
    switch ((enum worker_report)report) {
    case WORKER_REPORT_READY:
      if (worker->state == WORKER_STARTING) master_worker_set_state(master, worker, WORKER_READY);
      break;
    case WORKER_REPORT_RECYCLE:
      worker->wants_recycling = true;
      break;
    }
  }
  if (count != 0) return;
  close(worker->control); /* it ends; waitpid tells how */
  worker->control = -1;
}

void master_worker_kill(struct master *master, struct master_worker *worker, const char *why) {
  master_log_worker(LOG_LEVEL_ERROR, "worker_killed", worker, why);
  kill(worker->pid, SIGKILL);
  master_worker_set_state(master, worker, WORKER_KILLED);
}

/* --- End --- */

static void master_log_death(const struct master_worker *worker, int wait_status, int64_t delay_ms) {
  struct log_line line;
  log_begin(&line, LOG_LEVEL_ERROR, "worker_died");
  log_add_i64(&line, "worker", worker->number);
  log_add_i64(&line, "worker_pid", worker->pid);
  if (WIFSIGNALED(wait_status))
    log_add_i64(&line, "signal", WTERMSIG(wait_status));
  else
    log_add_i64(&line, "exit", WEXITSTATUS(wait_status));
  log_add_i64(&line, "lived_ms", clock_monotonic_ms() - worker->started_ms);
  log_add_i64(&line, "restart_in_ms", delay_ms);
  log_end(&line);
}

/* The first death is answered at once; a place where workers keep dying young waits longer each time. */
static int64_t master_back_off(struct master_place *place, int64_t lived_ms) {
  if (lived_ms >= MASTER_STABLE_MS) place->failures = 0;
  int64_t delay_ms = 0;
  if (place->failures > 0) {
    delay_ms = MASTER_BACKOFF_MAX_MS;
    if (place->failures < 8) delay_ms = (int64_t)MASTER_BACKOFF_FIRST_MS << (place->failures - 1);
    if (delay_ms > MASTER_BACKOFF_MAX_MS) delay_ms = MASTER_BACKOFF_MAX_MS;
  }
  place->failures++;
  place->restarts++;
  place->retry_at_ms = clock_monotonic_ms() + delay_ms;
  return delay_ms;
}

void master_worker_gone(struct master *master, struct master_worker *worker, int wait_status) {
  struct scoreboard_worker *board = master_board(master, worker);
  struct scoreboard_head *head = master->board.head;
  bool asked = worker->state == WORKER_DRAINING || worker->state == WORKER_KILLED || worker->recycles;
  bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == EXIT_CODE_OK;
  if (!asked || (worker->state != WORKER_KILLED && !clean)) {
    struct master_place *place = &master->places[worker->number - 1];
    int64_t lived_ms = clock_monotonic_ms() - worker->started_ms;
    master_log_death(worker, wait_status, asked ? 0 : master_back_off(place, lived_ms));
    atomic_fetch_add(&head->restarts, 1);
  } else {
    master_log_worker(LOG_LEVEL_INFO, "worker_ended", worker, NULL);
  }
  atomic_fetch_add(&head->retired_requests, scoreboard_served(board));
  if (worker->control >= 0) close(worker->control);
  *worker = (struct master_worker){.pid = 0};
  atomic_store(&board->state, WORKER_FREE);
}
