/* Who may hold how many database connections. The sum over all workers never exceeds
 * database.connections, also while workers replace each other: one that drains gives up what its
 * requests in hand do not need, says so in the scoreboard, and only then is it granted to another. */
#include "process/master_internal.h"

#include "base/banned.h"

uint32_t master_share_of(uint32_t connections, uint32_t processes, uint32_t number) {
  uint32_t share = connections / processes + (number <= connections % processes ? 1 : 0);
  return share > 0 ? share : 1;
}

static uint32_t master_share_granted(const struct master *master, size_t slot) {
  return atomic_load(&master->board.workers[slot].share_granted);
}

/* What it may hold by our word, or still holds by its own; its own is believed within bounds. */
static uint32_t master_share_used(const struct master *master, size_t slot) {
  uint32_t granted = master_share_granted(master, slot);
  uint32_t held = atomic_load(&master->board.workers[slot].share_held);
  uint32_t share = master->workers[slot].share;
  if (held > share) held = share;
  return granted > held ? granted : held;
}

/* Raises its share as far as `free` connections allow; what it holds already costs none of them.
 * Returns how many it took. */
static uint32_t master_share_raise(struct master *master, size_t slot, uint32_t free) {
  struct master_worker *worker = &master->workers[slot];
  uint32_t used = master_share_used(master, slot);
  uint32_t target = worker->share - used < free ? worker->share : used + free;
  if (target <= master_share_granted(master, slot)) return 0;
  atomic_store(&master->board.workers[slot].share_granted, target);
  if (worker->state == WORKER_SERVING) master_worker_order(worker, WORKER_ORDER_SHARE);
  return target > used ? target - used : 0;
}

void master_share_grant(struct master *master) {
  uint32_t total = (uint32_t)master->setup->config.database.connections;
  uint64_t used = 0;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0) used += master_share_used(master, slot);
  uint32_t free = used < total ? total - (uint32_t)used : 0;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    const struct master_worker *worker = &master->workers[slot];
    bool takes = worker->state == WORKER_READY || worker->state == WORKER_SERVING;
    if (worker->pid != 0 && takes) free -= master_share_raise(master, slot, free);
  }
}
