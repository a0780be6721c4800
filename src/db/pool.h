/* The connections of one worker process, shared by its threads. A connection is in exactly one
 * state: idle, borrowed, or gone. Last in, first out; no background thread: lifetime (with jitter)
 * and liveness are checked when a connection is borrowed or given back, or by pool_tend.
 * Hosts are tried in the order of the configuration; after a failure the next, with backoff
 * while none answers. Thread-safe. */
#ifndef LOCKSTEP_DB_POOL_H
#define LOCKSTEP_DB_POOL_H

#include "db/db.h"

struct pool;

struct pool_stats {
  uint64_t size; /* connections open now */
  uint64_t limit;
  uint64_t held; /* what the process may have open at this moment: limit, or more while it shrinks */
  uint64_t idle;
  uint64_t borrowed;
  uint64_t waiting;  /* threads waiting for one now */
  uint64_t acquired; /* since the start */
  uint64_t timeouts;
  uint64_t connects;
  uint64_t connect_failures;
  uint64_t discarded; /* broken, aged or failed their check */
  uint64_t wait_ns;   /* all waits together */
};

/* Opens nothing yet: a database that is away at the start is no reason not to start. `limit` is
 * this process's share of database.connections. Call after fork. */
bool pool_new(const struct database_config *config, size_t limit, struct error *error,
              struct pool **ret_pool) WARN_UNUSED;
/* Another share, at most the one of pool_new; 0: nobody gets a connection. Idle connections beyond it
 * are closed at once, borrowed ones when they come back. Workers that replace each other pass their
 * shares on this way, so that the sum never exceeds database.connections. */
void pool_set_limit(struct pool *pool, size_t limit);
/* Waits for nobody: every connection must have come back. */
void pool_free(struct pool *pool);

/* Waits at most until `deadline_ms` (monotonic) and at most database.wait_timeout_ms, then
 * ERROR_UNAVAILABLE with retry_after_s. */
bool pool_acquire(struct pool *pool, int64_t deadline_ms, struct error *error,
                  struct db **ret_db) WARN_UNUSED;
/* Rolls back whatever is open; keeps it, or discards it when broken or aged. NULL is allowed. */
void pool_release(struct pool *pool, struct db *db);
/* Drops idle connections that are past their lifetime, ends what db_end_read left open on them. Called from
 * the worker's idle loop. */
void pool_tend(struct pool *pool);
void pool_read_stats(struct pool *pool, struct pool_stats *ret_stats);

/* A borrowed connection that gives itself back at the end of its scope. */
struct pool_lease {
  struct pool *pool;
  struct db *db;
};
void pool_lease_end(struct pool_lease *lease); /* for CLEANUP() */

#endif
