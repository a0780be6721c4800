/* Which host a new connection goes to. A host is well until a connection to it fails; then one
 * thread at a time tries it again, after a pause that doubles and carries jitter. While another
 * host is well the pause may grow long, because nobody waits for it; while none is, it stays short,
 * so that the service is back soon after the database is. Pure bookkeeping: no clock, no lock, no
 * connection of its own; the pool calls it under its lock. */
#ifndef LOCKSTEP_DB_POOL_HOSTS_H
#define LOCKSTEP_DB_POOL_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define POOL_PAUSE_FIRST_MS 50
#define POOL_PAUSE_AWAY_MS 500    /* longest, while no host is well */
#define POOL_PAUSE_SPARE_MS 10000 /* longest, while another is */

struct pool_host {
  unsigned failures; /* in a row; 0: well */
  bool probing;      /* a thread is trying it again */
  int64_t failed_ms;
  int64_t retry_away_ms;  /* not before this, while no host is well */
  int64_t retry_spare_ms; /* not before this, while another is */
};

struct pool_hosts {
  struct pool_host *items;
  size_t count;
  int64_t away_since_ms; /* since when no host is well; 0: one is */
  uint64_t random;       /* state of the jitter, never 0 */
};

bool pool_hosts_init(struct pool_hosts *hosts, size_t count, uint64_t seed) WARN_UNUSED;
void pool_hosts_free(struct pool_hosts *hosts);

/* The first host in order that may be tried now. Every choice is followed by a report. */
bool pool_hosts_choose(struct pool_hosts *hosts, int64_t now_ms, size_t *ret_index) WARN_UNUSED;
/* When the next choice can succeed; INT64_MAX: when a probe that is under way has ended. */
int64_t pool_hosts_next_ms(const struct pool_hosts *hosts);
/* How a connection that was begun at `started_ms` went. */
void pool_hosts_report(struct pool_hosts *hosts, size_t index, bool connected, int64_t started_ms,
                       int64_t now_ms);

/* A value that lies up to `percent` above or below. */
int64_t pool_hosts_jitter(struct pool_hosts *hosts, int64_t value, int percent);

#endif
