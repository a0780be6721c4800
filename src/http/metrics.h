/* Counters of a worker process, in a slot of memory that all of a master's processes share, so that
 * whoever answers /metrics answers for all. Atomics only, added to and never reset: a process that
 * takes over a slot goes on counting where the former stopped. */
#ifndef LOCKSTEP_HTTP_METRICS_H
#define LOCKSTEP_HTTP_METRICS_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "db/pool.h"
#include "http/router.h"

#define METRICS_CLASSES 5 /* 1xx … 5xx */
#define METRICS_BUCKETS 13
#define METRICS_EVENTS 5 /* what becomes of progress events */

struct metrics_route {
  _Atomic uint64_t by_class[METRICS_CLASSES];
  _Atomic uint64_t buckets[METRICS_BUCKETS]; /* each for itself; summed up when printed */
  _Atomic uint64_t duration_ns;
  _Atomic uint64_t database_ns;
};

struct metrics {
  struct metrics_route routes[ROUTER_ROWS_MAX + 1]; /* [0]: no row matched */
  _Atomic uint64_t events[METRICS_EVENTS];          /* sent to POST /api/progress-sync/events */
  _Atomic uint64_t replies_lost;                    /* the client was gone when its reply was ready */
  /* The pool as it was last published, in the order of metrics_pool_rows. */
  _Atomic uint64_t pool[11];
  _Atomic uint64_t resident_bytes;
};

void metrics_count(struct metrics *metrics, size_t route_at, int status, int64_t duration_ns,
                   int64_t database_ns, bool sent);
/* A progress event's status, as its reply has it. */
void metrics_count_event(struct metrics *metrics, const char *status);
void metrics_publish_pool(struct metrics *metrics, const struct pool_stats *stats);
void metrics_publish_memory(struct metrics *metrics);

/* Prometheus text format 0.0.4 of all slots together. */
void metrics_print(const struct metrics *slots, size_t slot_count, const struct router *router,
                   const char *build, struct buffer *buffer);

#endif
