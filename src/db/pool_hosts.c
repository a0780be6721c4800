#include "db/pool_hosts.h"

#include <stdlib.h>

#include "base/banned.h"

#define POOL_PAUSE_JITTER_PERCENT 20
#define POOL_PAUSE_DOUBLINGS_MAX 16

bool pool_hosts_init(struct pool_hosts *hosts, size_t count, uint64_t seed) {
  hosts->items = calloc(count, sizeof *hosts->items);
  hosts->count = count;
  hosts->away_since_ms = 0;
  hosts->random = seed | 1;
  return hosts->items != NULL;
}

void pool_hosts_free(struct pool_hosts *hosts) { free(hosts->items); }

int64_t pool_hosts_jitter(struct pool_hosts *hosts, int64_t value, int percent) {
  /* xorshift64: spread is all that is asked of it. */
  hosts->random ^= hosts->random << 13;
  hosts->random ^= hosts->random >> 7;
  hosts->random ^= hosts->random << 17;
  int64_t span = value / 100 * percent + value % 100 * percent / 100;
  if (span <= 0) return value;
  return value - span + (int64_t)(hosts->random % (uint64_t)(2 * span + 1));
}

static bool pool_hosts_any_well(const struct pool_hosts *hosts) {
  for (size_t i = 0; i < hosts->count; i++)
    if (hosts->items[i].failures == 0) return true;
  return false;
}

bool pool_hosts_choose(struct pool_hosts *hosts, int64_t now_ms, size_t *ret_index) {
  bool any_well = pool_hosts_any_well(hosts);
  for (size_t i = 0; i < hosts->count; i++) {
    struct pool_host *host = &hosts->items[i];
    if (host->failures > 0) {
      int64_t retry_ms = any_well ? host->retry_spare_ms : host->retry_away_ms;
      if (host->probing || now_ms < retry_ms) continue;
      host->probing = true;
    }
    *ret_index = i;
    return true;
  }
  return false;
}

int64_t pool_hosts_next_ms(const struct pool_hosts *hosts) {
  int64_t next_ms = INT64_MAX;
  for (size_t i = 0; i < hosts->count; i++) {
    const struct pool_host *host = &hosts->items[i];
    if (host->failures == 0) return 0;
    if (!host->probing && host->retry_away_ms < next_ms) next_ms = host->retry_away_ms;
  }
  return next_ms;
}

static int64_t pool_hosts_pause(struct pool_hosts *hosts, unsigned failures, int64_t longest_ms) {
  unsigned doublings = failures - 1;
  if (doublings > POOL_PAUSE_DOUBLINGS_MAX) doublings = POOL_PAUSE_DOUBLINGS_MAX;
  int64_t pause_ms = (int64_t)POOL_PAUSE_FIRST_MS << doublings;
  if (pause_ms > longest_ms) pause_ms = longest_ms;
  return pool_hosts_jitter(hosts, pause_ms, POOL_PAUSE_JITTER_PERCENT);
}

void pool_hosts_report(struct pool_hosts *hosts, size_t index, bool connected, int64_t started_ms,
                       int64_t now_ms) {
  struct pool_host *host = &hosts->items[index];
  host->probing = false;
  if (connected) {
    host->failures = 0;
    hosts->away_since_ms = 0;
    return;
  }
  /* Several connections may fail of one cause: those that were begun before the last failure was
   * known tell nothing new. */
  if (host->failures == 0 || started_ms >= host->failed_ms) {
    host->failures++;
    host->failed_ms = now_ms;
    host->retry_away_ms = now_ms + pool_hosts_pause(hosts, host->failures, POOL_PAUSE_AWAY_MS);
    host->retry_spare_ms = now_ms + pool_hosts_pause(hosts, host->failures, POOL_PAUSE_SPARE_MS);
  }
  if (hosts->away_since_ms == 0 && !pool_hosts_any_well(hosts)) hosts->away_since_ms = now_ms;
}
