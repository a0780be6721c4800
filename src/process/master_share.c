/* Who may hold how many database connections. The sum over all workers never exceeds
 * database.connections, also while workers replace each other: one that drains gives up what its
 * requests in hand do not need, says so in the scoreboard, and only then is it granted to another. */
#include "process/master_internal.h"

#include "base/banned.h"

uint32_t master_share_of(uint32_t connections, uint32_t processes, uint32_t number) {
  uint32_t share = connections / processes + (number <= connections % processes ? 1 : 0);
  return share > 0 ? share : 1;
}

/* What it may hold by our word, or still holds by its own. */
static uint32_t master_share_used(const struct master *master, size_t slot) {
  const struct scoreboard_worker *board = &master->board.workers[slot];
  uint32_t granted = atomic_load(&board->share_granted);
  uint32_t held = atomic_load(&board->share_held);
  uint32_t share = master->workers[slot].share;
  if (held > share) held = share;
  return granted > held ? granted : held;
}

void master_share_grant(struct master *master) {
  uint32_t total = (uint32_t)master->setup->config.database.connections;
  uint64_t used = 0;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0) used += master_share_used(master, slot);
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS && used < total; slot++) {
    struct master_worker *worker = &master->workers[slot];
    struct scoreboard_worker *board = &master->board.workers[slot];
    bool takes = worker->state == WORKER_READY || worker->state == WORKER_SERVING;
    uint32_t granted = atomic_load(&board->share_granted);
    if (worker->pid == 0 || !takes || granted >= worker->share) continue;
    uint64_t more = worker->share - granted;
    if (more > total - used) more = total - used;
    atomic_store(&board->share_granted, granted + (uint32_t)more);
    used += more;
    if (worker->state == WORKER_SERVING) master_worker_order(worker, WORKER_ORDER_SHARE);
  }
}
