#include "db/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/pool_hosts.h"

#include "base/banned.h"

#define POOL_LIFETIME_JITTER_PERCENT 10
/* Opened at the same time: a database that comes back is not met by a crowd. */
#define POOL_OPENING_MAX 4
/* While the database is away no longer than this, a request waits for it; later it fails at once,
 * so that the threads stay free for what needs no database. */
#define POOL_PATIENCE_MS 2000
#define POOL_RETRY_AFTER_S 1

enum pool_state { POOL_EMPTY, POOL_OPENING, POOL_IDLE, POOL_BORROWED };

struct pool_slot {
  enum pool_state state;
  struct db *db;
  int64_t expires_ms;
  int64_t used_ms; /* when it was last known to work */
};

/* A thread that waits, on its own stack. The first in the queue is served first. */
struct pool_waiter {
  struct pool_waiter *next;
  pthread_cond_t cond;
  struct pool_slot *slot; /* what it was handed */
  bool woken;
};

struct pool {
  const struct database_config *config;
  pthread_mutex_t lock;
  pthread_condattr_t monotonic;
  struct pool_hosts hosts;
  struct pool_slot *slots;
  size_t capacity;         /* slots */
  size_t limit;            /* of them in use, at most; more may still be borrowed after it was lowered */
  struct pool_slot **idle; /* a stack: the last one given back is borrowed first */
  size_t idle_count;
  size_t opening;
  size_t size; /* slots that are not empty */
  struct pool_waiter *first_waiter;
  /* A connection broke at this time: those that were idle then are checked before use. */
  int64_t suspect_ms;
  struct error last_error; /* of a failed connect */
  struct pool_stats stats;
};

bool pool_new(const struct database_config *config, size_t limit, struct error *error,
              struct pool **ret_pool) {
  if (config->hosts.count == 0 || limit == 0)
    return error_set(error, ERROR_INTERNAL, "A pool needs a host and room for a connection.");
  struct pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) return error_set_memory(error);
  pool->config = config;
  pool->limit = limit;
  pool->capacity = limit;
  pool->slots = calloc(limit, sizeof *pool->slots);
  pool->idle = calloc(limit, sizeof *pool->idle);
  uint64_t seed = (uint64_t)clock_monotonic_ns() ^ ((uint64_t)getpid() << 40);
  bool ready = pool_hosts_init(&pool->hosts, config->hosts.count, seed);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_condattr_init(&pool->monotonic);
  pthread_condattr_setclock(&pool->monotonic, CLOCK_MONOTONIC);
  if (!ready || pool->slots == NULL || pool->idle == NULL) {
    pool_free(pool);
    return error_set_memory(error);
  }
  *ret_pool = pool;
  return true;
}

void pool_free(struct pool *pool) {
  if (pool == NULL) return;
  for (size_t i = 0; pool->slots != NULL && i < pool->capacity; i++)
    db_close(pool->slots[i].db);
  pool_hosts_free(&pool->hosts);
  free(pool->slots);
  free(pool->idle);
  pthread_condattr_destroy(&pool->monotonic);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

static void pool_wake(struct pool *pool, struct pool_slot *slot) {
  struct pool_waiter *waiter = pool->first_waiter;
  pool->first_waiter = waiter->next;
  waiter->slot = slot;
  waiter->woken = true;
  pthread_cond_signal(&waiter->cond);
}

static void pool_wake_one(struct pool *pool) {
  if (pool->first_waiter != NULL) pool_wake(pool, NULL);
}

static void pool_wake_all(struct pool *pool) {
  while (pool->first_waiter != NULL)
    pool_wake(pool, NULL);
}

/* Empties the slot; the caller closes what it held, without the lock. */
static struct db *pool_discard(struct pool *pool, struct pool_slot *slot) {
  struct db *db = slot->db;
  *slot = (struct pool_slot){.state = POOL_EMPTY};
  pool->size--;
  pool->stats.discarded++;
  pool_wake_one(pool);
  return db;
}

static bool pool_slot_expired(const struct pool_slot *slot, int64_t now_ms) {
  return now_ms >= slot->expires_ms;
}

/* The lock is held, and let go while the server is asked. */
static bool pool_slot_check(struct pool *pool, struct pool_slot *slot) {
  int64_t now_ms = clock_monotonic_ms();
  if (pool_slot_expired(slot, now_ms)) return false;
  bool fresh = slot->used_ms > pool->suspect_ms && now_ms - slot->used_ms < pool->config->idle_check_ms;
  struct error ignored = ERROR_INIT;
  pthread_mutex_unlock(&pool->lock);
  bool alive = !db_has_hung_up(slot->db) && (fresh || db_ping(slot->db, &ignored));
  db_take_time_ns(slot->db);
  pthread_mutex_lock(&pool->lock);
  if (!alive) pool->suspect_ms = clock_monotonic_ms();
  return alive;
}

static bool pool_take_idle(struct pool *pool, struct pool_slot **ret_slot) {
  while (pool->idle_count > 0) {
    struct pool_slot *slot = pool->idle[--pool->idle_count];
    slot->state = POOL_BORROWED;
    if (pool_slot_check(pool, slot)) {
      *ret_slot = slot;
      return true;
    }
    struct db *db = pool_discard(pool, slot);
    pthread_mutex_unlock(&pool->lock);
    db_close(db);
    pthread_mutex_lock(&pool->lock);
  }
  return false;
}

static struct pool_slot *pool_empty_slot(struct pool *pool) {
  for (size_t i = 0; i < pool->capacity; i++)
    if (pool->slots[i].state == POOL_EMPTY) return &pool->slots[i];
  return NULL;
}

/* The lock is held, and let go while the connection is made. */
static bool pool_open(struct pool *pool, struct pool_slot *slot, size_t host, int64_t until_ms) {
  int64_t started_ms = clock_monotonic_ms();
  struct database_config config = *pool->config;
  struct error failure = ERROR_INIT;
  struct db *db = NULL;
  if (until_ms - started_ms < config.connect_timeout_ms) config.connect_timeout_ms = until_ms - started_ms;
  slot->state = POOL_OPENING;
  pool->opening++;
  pool->size++;
  pthread_mutex_unlock(&pool->lock);
  bool connected = db_connect(&config, host, &failure, &db);
  pthread_mutex_lock(&pool->lock);
  pool->opening--;
  int64_t now_ms = clock_monotonic_ms();
  bool was_away = pool->hosts.away_since_ms != 0;
  pool_hosts_report(&pool->hosts, host, connected, started_ms, now_ms);
  if (!connected) {
    *slot = (struct pool_slot){.state = POOL_EMPTY};
    pool->size--;
    pool->stats.connect_failures++;
    pool->last_error = failure;
    pool_wake_one(pool);
    return false;
  }
  slot->state = POOL_BORROWED;
  slot->db = db;
  slot->used_ms = now_ms;
  slot->expires_ms = INT64_MAX;
  if (pool->config->lifetime_ms > 0)
    slot->expires_ms =
        now_ms + pool_hosts_jitter(&pool->hosts, pool->config->lifetime_ms, POOL_LIFETIME_JITTER_PERCENT);
  pool->stats.connects++;
  if (was_away) {
    pool_wake_all(pool);
  } else {
    pool_wake_one(pool); /* there is room for one more to open */
  }
  return true;
}

static bool pool_has_room(const struct pool *pool) {
  return pool->size < pool->limit && pool->opening < POOL_OPENING_MAX;
}

/* Until handed a connection, or told to look again, or `until_ms`. The lock is held. */
static struct pool_slot *pool_wait(struct pool *pool, int64_t until_ms) {
  struct pool_waiter waiter = {.next = NULL};
  struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
  struct pool_waiter **end = &pool->first_waiter;
  while (*end != NULL)
    end = &(*end)->next;
  *end = &waiter;
  pthread_cond_init(&waiter.cond, &pool->monotonic);
  pool->stats.waiting++;
  int64_t start_ns = clock_monotonic_ns();
  while (!waiter.woken && pthread_cond_timedwait(&waiter.cond, &pool->lock, &until) != ETIMEDOUT) {
  }
  pool->stats.wait_ns += (uint64_t)(clock_monotonic_ns() - start_ns);
  pool->stats.waiting--;
  if (!waiter.woken) {
    struct pool_waiter **place = &pool->first_waiter;
    while (*place != &waiter)
      place = &(*place)->next;
    *place = waiter.next;
  }
  pthread_cond_destroy(&waiter.cond);
  return waiter.slot;
}

static bool pool_is_given_up(const struct pool *pool, int64_t now_ms) {
  int64_t since_ms = pool->hosts.away_since_ms;
  return since_ms != 0 && now_ms - since_ms > POOL_PATIENCE_MS;
}

static struct pool_slot *pool_find(struct pool *pool, int64_t until_ms) {
  struct pool_slot *slot;
  for (;;) {
    if (pool_take_idle(pool, &slot)) return slot;
    int64_t now_ms = clock_monotonic_ms();
    size_t host;
    if (now_ms >= until_ms) return NULL;
    bool has_room = pool_has_room(pool);
    if (has_room && pool_hosts_choose(&pool->hosts, now_ms, &host)) {
      slot = pool_empty_slot(pool);
      if (pool_open(pool, slot, host, until_ms)) return slot;
      if (pool_is_given_up(pool, clock_monotonic_ms())) return NULL;
      continue;
    }
    if (pool_is_given_up(pool, now_ms)) return NULL;
    int64_t next_ms =
        has_room || pool->hosts.away_since_ms != 0 ? pool_hosts_next_ms(&pool->hosts) : INT64_MAX;
    slot = pool_wait(pool, next_ms < until_ms ? next_ms : until_ms);
    if (slot != NULL) return slot;
  }
}

static bool pool_fail(struct pool *pool, struct error *error) {
  pool->stats.timeouts++;
  if (pool->hosts.away_since_ms != 0) {
    *error = pool->last_error;
  } else {
    error_set(error, ERROR_UNAVAILABLE, "Every connection to the database is in use.");
    error_detail(error, "%zu of %zu connections, %zu waiting", pool->size, pool->limit,
                 (size_t)pool->stats.waiting);
  }
  error->retry_after_s = POOL_RETRY_AFTER_S;
  return false;
}

bool pool_acquire(struct pool *pool, int64_t deadline_ms, struct error *error, struct db **ret_db) {
  int64_t until_ms = clock_monotonic_ms() + pool->config->wait_timeout_ms;
  if (deadline_ms < until_ms) until_ms = deadline_ms;
  pthread_mutex_lock(&pool->lock);
  struct pool_slot *slot = pool_find(pool, until_ms);
  bool found = slot != NULL;
  if (found) {
    pool->stats.acquired++;
    *ret_db = slot->db;
  } else {
    pool_fail(pool, error);
  }
  pthread_mutex_unlock(&pool->lock);
  return found;
}

static struct pool_slot *pool_slot_of(struct pool *pool, const struct db *db) {
  struct pool_slot *slot = pool->slots;
  while (slot->db != db)
    slot++;
  return slot;
}

void pool_release(struct pool *pool, struct db *db) {
  if (db == NULL) return;
  db_rollback(db);
  bool broken = db_is_broken(db);
  int64_t now_ms = clock_monotonic_ms();
  struct db *discarded = NULL;
  pthread_mutex_lock(&pool->lock);
  struct pool_slot *slot = pool_slot_of(pool, db);
  slot->used_ms = now_ms;
  if (broken) pool->suspect_ms = now_ms;
  if (broken || pool->size > pool->limit || pool_slot_expired(slot, now_ms)) {
    discarded = pool_discard(pool, slot);
  } else if (pool->first_waiter != NULL) {
    pool_wake(pool, slot);
  } else {
    slot->state = POOL_IDLE;
    pool->idle[pool->idle_count++] = slot;
  }
  pthread_mutex_unlock(&pool->lock);
  db_close(discarded);
}

void pool_set_limit(struct pool *pool, size_t limit) {
  pthread_mutex_lock(&pool->lock);
  pool->limit = limit < pool->capacity ? limit : pool->capacity;
  pool_wake_all(pool); /* there may be room now */
  while (pool->size > pool->limit && pool->idle_count > 0) {
    struct db *db = pool_discard(pool, pool->idle[--pool->idle_count]);
    pthread_mutex_unlock(&pool->lock);
    db_close(db);
    pthread_mutex_lock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
}

void pool_tend(struct pool *pool) {
  int64_t now_ms = clock_monotonic_ms();
  for (;;) {
    struct db *discarded = NULL;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->idle_count && discarded == NULL; i++) {
      db_end_rest(pool->idle[i]->db); /* sends, and waits for nothing */
      if (!pool_slot_expired(pool->idle[i], now_ms)) continue;
      discarded = pool_discard(pool, pool->idle[i]);
      pool->idle_count--;
      memmove(&pool->idle[i], &pool->idle[i + 1], (pool->idle_count - i) * sizeof(struct pool_slot *));
    }
    pthread_mutex_unlock(&pool->lock);
    if (discarded == NULL) return;
    db_close(discarded);
  }
}

void pool_read_stats(struct pool *pool, struct pool_stats *ret_stats) {
  pthread_mutex_lock(&pool->lock);
  *ret_stats = pool->stats;
  ret_stats->size = pool->size - pool->opening;
  ret_stats->held = pool->size > pool->limit ? pool->size : pool->limit;
  ret_stats->limit = pool->limit;
  ret_stats->idle = pool->idle_count;
  ret_stats->borrowed = pool->size - pool->opening - pool->idle_count;
  pthread_mutex_unlock(&pool->lock);
}

void pool_lease_end(struct pool_lease *lease) {
  if (lease->db != NULL) pool_release(lease->pool, lease->db);
  lease->db = NULL;
}
