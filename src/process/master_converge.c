/* From the workers that there are to those that there should be: every place has one worker of the
 * configuration in force. A worker that is to go is told so when the one in its place is ready, so that
 * there is always somebody to take a request. Called in every turn of the loop; each call does what can
 * be done now, and everything it needs to know is in the table of workers. */
#include "base/clock.h"
#include "base/log.h"
#include "process/master_internal.h"

#include "base/banned.h"

static uint32_t master_processes(const struct master *master) {
  return (uint32_t)master->setup->config.workers.processes;
}

/* Whether it is one of those that should be. */
static bool master_belongs(const struct master *master, const struct master_worker *worker) {
  bool comes_or_serves =
      worker->state == WORKER_STARTING || worker->state == WORKER_READY || worker->state == WORKER_SERVING;
  return worker->pid != 0 && comes_or_serves && worker->generation == master->generation &&
         worker->number <= master_processes(master) && !worker->recycles;
}

static struct master_worker *master_at_place(struct master *master, uint32_t number) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (worker->number == number && master_belongs(master, worker)) return worker;
  }
  return NULL;
}

static void master_fill_places(struct master *master, int64_t now_ms) {
  for (uint32_t number = 1; number <= master_processes(master); number++)
    if (master_at_place(master, number) == NULL && now_ms >= master->places[number - 1].retry_at_ms)
      master_worker_spawn(master, number);
}

/* One at a time, and only when everything else is quiet. */
static void master_choose_recycled(struct master *master) {
  struct master_worker *chosen = NULL;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (worker->pid == 0) continue;
    if (!master_belongs(master, worker) || worker->state != WORKER_SERVING) return;
    if (worker->wants_recycling && chosen == NULL) chosen = worker;
  }
  if (chosen == NULL) return;
  chosen->recycles = true;
  atomic_fetch_add(&master->board.head->recycled, 1);
}

static void master_relieve(struct master *master) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (worker->pid == 0 || master_belongs(master, worker)) continue;
    if (worker->state == WORKER_STARTING || worker->state == WORKER_READY) {
      master_worker_drain(master, worker, WORKER_ORDER_FAST); /* serves nobody yet */
      continue;
    }
    if (worker->state != WORKER_SERVING) continue;
    /* A place that there is no more is relieved by the first. */
    uint32_t number = worker->number <= master_processes(master) ? worker->number : 1;
    const struct master_worker *relief = master_at_place(master, number);
    if (relief != NULL && (relief->state == WORKER_READY || relief->state == WORKER_SERVING))
      master_worker_drain(master, worker, WORKER_ORDER_HANDOVER);
  }
}

static void master_let_serve(struct master *master) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (worker->pid == 0 || worker->state != WORKER_READY) continue;
    if (atomic_load(&master->board.workers[slot].share_granted) == 0) continue;
    master_worker_order(worker, WORKER_ORDER_SERVE);
    master_worker_set_state(master, worker, WORKER_SERVING);
  }
}

/* --- Time --- */

static void master_log_timeout(const struct master_worker *worker, const char *label, const char *request_id,
                               int64_t age_ms) {
  struct log_line line;
  log_begin(&line, LOG_LEVEL_ERROR, "request_timeout");
  log_add_i64(&line, "worker", worker->number);
  log_add_i64(&line, "worker_pid", worker->pid);
  log_add(&line, "route", label);
  log_add(&line, "id", request_id);
  log_add_i64(&line, "age_ms", age_ms);
  log_end(&line);
}

/* The oldest request of a worker that takes longer than it may. */
static bool master_has_late_request(struct master *master, size_t slot, int64_t now_ms, bool log) {
  struct scoreboard_worker *board = &master->board.workers[slot];
  const struct master_worker *worker = &master->workers[slot];
  char label[SCOREBOARD_LABEL_BYTES];
  char request_id[SCOREBOARD_ID_BYTES];
  int64_t age_ms = 0;
  bool late = false;
  for (uint32_t at = 0; at < board->thread_count; at++) {
    if (!scoreboard_peek(&board->threads[at], now_ms, label, request_id, &age_ms)) continue;
    if (age_ms <= worker->request_timeout_ms) continue;
    late = true;
    if (log) master_log_timeout(worker, label, request_id, age_ms);
  }
  return late;
}

/* Threads cannot be ended one by one; the process is. First it takes nothing new, its connections go to
 * another, and what else it has in hand gets a moment. */
static void master_watch_requests(struct master *master, size_t slot, int64_t now_ms) {
  struct master_worker *worker = &master->workers[slot];
  if (worker->mercy_until_ms == 0) {
    if (!master_has_late_request(master, slot, now_ms, true)) return;
    atomic_fetch_add(&master->board.head->timeouts, 1);
    worker->mercy_until_ms = now_ms + MASTER_MERCY_MS;
    if (worker->state == WORKER_SERVING) master_worker_drain(master, worker, WORKER_ORDER_HANDOVER);
  } else if (now_ms >= worker->mercy_until_ms && master_has_late_request(master, slot, now_ms, false)) {
    master_worker_kill(master, worker, "a request took longer than workers.request_timeout_ms");
  }
}

static void master_watch_clock(struct master *master, int64_t now_ms) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (worker->state == WORKER_SERVING || worker->state == WORKER_DRAINING)
      if (worker->pid != 0) master_watch_requests(master, slot, now_ms);
    if (master_worker_lives(worker) && worker->kill_at_ms != 0 && now_ms >= worker->kill_at_ms) {
      atomic_fetch_add(&master->board.head->kills, 1);
      master_worker_kill(master, worker, "it did not finish within workers.drain_timeout_ms");
    }
  }
}

void master_converge(struct master *master, int64_t now_ms) {
  master_watch_clock(master, now_ms);
  if (master->stop == MASTER_RUNS) {
    master_choose_recycled(master);
    master_fill_places(master, now_ms);
    master_relieve(master);
  }
  master_share_grant(master);
  master_let_serve(master);
}

bool master_is_in_motion(const struct master *master) {
  if (master->stop != MASTER_RUNS) return true;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0 && master->workers[slot].state != WORKER_SERVING) return true;
  return false;
}
