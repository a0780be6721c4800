/* What the master and its workers show of themselves, in memory that all of them share and that
 * lockstepctl reads from outside, by a file. A figure for people and for the master's decisions,
 * never a source of truth: everything in it is written without locks, by processes that may be
 * killed between two stores.
 *
 * Who writes what: the master the head and a worker's slot while nobody runs in it; a worker its own
 * slot; a thread its own place in it. A reader sees every number whole; a text may be mid-change,
 * which its sequence tells (scoreboard_read takes care of it). */
#ifndef LOCKSTEP_BASE_SCOREBOARD_H
#define LOCKSTEP_BASE_SCOREBOARD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"

#define SCOREBOARD_VERSION 1u
#define SCOREBOARD_PROCESSES_MAX 64 /* workers.processes */
#define SCOREBOARD_THREADS_MAX 128  /* workers.threads */
/* A reload runs two sets of workers side by side, and a third may still be draining. */
#define SCOREBOARD_SLOTS (3 * SCOREBOARD_PROCESSES_MAX)
#define SCOREBOARD_LABEL_BYTES 72
#define SCOREBOARD_ID_BYTES 48
#define SCOREBOARD_TEXT_BYTES 256

enum scoreboard_master_state { MASTER_STARTING, MASTER_SERVING, MASTER_RELOADING, MASTER_STOPPING };
enum scoreboard_worker_state {
  WORKER_FREE,     /* nobody runs in this slot */
  WORKER_STARTING, /* forked; loads what it needs */
  WORKER_READY,    /* could serve; waits for its share of the database connections */
  WORKER_SERVING,
  WORKER_DRAINING, /* takes nothing new, finishes what it has */
  WORKER_KILLED    /* was sent SIGKILL and is not gone yet */
};
enum scoreboard_stage { STAGE_IDLE, STAGE_HANDLING, STAGE_SENDING };

/* NULL-terminated. */
extern const char *const scoreboard_master_state_names[];
extern const char *const scoreboard_worker_state_names[];
extern const char *const scoreboard_stage_names[];

/* A text that may be read while it is written: odd while it changes. */
struct scoreboard_text {
  _Atomic uint32_t sequence;
  char text[SCOREBOARD_TEXT_BYTES];
};

struct scoreboard_head {
  char magic[8];
  uint32_t version;
  uint32_t bytes; /* of the whole file: a file cut short is refused before it is read */
  _Atomic int32_t state;
  int32_t pid;
  int64_t started_ms; /* wall clock, like every _ms here that is not called monotonic */
  int64_t started_monotonic_ms;
  _Atomic int64_t beat_monotonic_ms; /* the master's last turn of its loop */
  _Atomic int64_t reloaded_ms;       /* the configuration in force was loaded then */
  _Atomic uint64_t generation;       /* counts configurations that came into force */
  _Atomic uint64_t refused_reloads;
  _Atomic uint64_t restarts;         /* workers that died unasked and were replaced */
  _Atomic uint64_t recycled;         /* workers replaced after max_requests */
  _Atomic uint64_t timeouts;         /* workers ended for a request that took too long */
  _Atomic uint64_t kills;            /* workers that had to be killed at the end of their drain */
  _Atomic uint64_t retired_requests; /* served by workers that are gone */
  _Atomic uint32_t processes;
  _Atomic uint32_t threads;
  _Atomic uint32_t connections; /* database.connections */
  _Atomic uint32_t slots_used;  /* slots from this one on were never used */
  struct scoreboard_text listen;
  struct scoreboard_text build;
  struct scoreboard_text problem; /* why the last reload was refused; empty when it was not */
};

struct scoreboard_thread {
  alignas(64) _Atomic uint32_t sequence; /* threads do not share cache lines */
  _Atomic uint32_t stage;
  _Atomic int64_t since_monotonic_ms; /* of the request in hand */
  _Atomic uint64_t served;
  char label[SCOREBOARD_LABEL_BYTES]; /* method and route, without anything that names a learner */
  char request_id[SCOREBOARD_ID_BYTES];
};

struct scoreboard_pool {
  _Atomic uint64_t size;
  _Atomic uint64_t limit;
  _Atomic uint64_t idle;
  _Atomic uint64_t borrowed;
  _Atomic uint64_t waiting;
  _Atomic uint64_t acquired;
  _Atomic uint64_t timeouts;
  _Atomic uint64_t connect_failures;
};

struct scoreboard_worker {
  _Atomic int32_t state;
  int32_t pid;
  uint32_t number;     /* 1 … workers.processes: the place it fills */
  uint32_t generation; /* of its configuration */
  int64_t started_ms;
  uint32_t thread_count;
  uint32_t restarts;              /* of this place, since the master started */
  _Atomic uint32_t share_granted; /* database connections: the master's word */
  _Atomic uint32_t share_held;    /* what the worker may still hold: at least its open connections */
  _Atomic uint32_t wants_recycling;
  _Atomic uint32_t clients; /* open FastCGI connections */
  _Atomic int64_t resident_bytes;
  _Atomic int64_t beat_monotonic_ms;
  struct scoreboard_pool pool;
  struct scoreboard_thread threads[SCOREBOARD_THREADS_MAX];
};

struct scoreboard {
  struct scoreboard_head *head;
  struct scoreboard_worker *workers; /* SCOREBOARD_SLOTS */
};

/* Maps a fresh one under a temporary name and moves it to `path` (mode 0640): what a former master's
 * workers still write to is another file. `path` NULL: memory without a name. */
bool scoreboard_create(const char *path, struct error *error, struct scoreboard *ret_board) WARN_UNUSED;
/* Unmaps; the file stays. */
void scoreboard_close(struct scoreboard *board);

void scoreboard_set_text(struct scoreboard_text *text, const char *value);

/* A thread's request: begins, goes into another stage, ends (which counts it). */
void scoreboard_begin(struct scoreboard_thread *thread, const char *label, const char *request_id);
void scoreboard_stage(struct scoreboard_thread *thread, enum scoreboard_stage stage);
void scoreboard_end(struct scoreboard_thread *thread);

/* One moment of a scoreboard, as plain values in an arena. */
struct scoreboard_thread_view {
  enum scoreboard_stage stage;
  int64_t age_ms; /* of the request in hand */
  uint64_t served;
  const char *label;
  const char *request_id;
};

struct scoreboard_pool_view {
  uint64_t size, limit, idle, borrowed, waiting, acquired, timeouts, connect_failures;
};

struct scoreboard_worker_view {
  enum scoreboard_worker_state state;
  int32_t pid;
  uint32_t number;
  uint32_t generation;
  int64_t started_ms;
  uint64_t served;
  uint32_t restarts;
  uint32_t clients;
  int64_t resident_bytes;
  struct scoreboard_pool_view pool;
  uint32_t thread_count;
  const struct scoreboard_thread_view *threads;
};

struct scoreboard_view {
  enum scoreboard_master_state state;
  bool master_alive; /* a process of that id exists */
  int32_t pid;
  int64_t started_ms;
  int64_t reloaded_ms;
  int64_t now_ms;
  uint64_t generation, refused_reloads, restarts, recycled, timeouts, kills;
  uint64_t served; /* by all workers since the master started */
  uint32_t processes, threads, connections;
  const char *listen;
  const char *build;
  const char *problem;
  size_t worker_count; /* in the order of number, then generation */
  const struct scoreboard_worker_view *workers;
};

/* Reads a running (or a dead) master's scoreboard. */
bool scoreboard_read(const char *path, struct arena *arena, struct error *error,
                     struct scoreboard_view *ret_view) WARN_UNUSED;

/* The same from memory that is mapped here; the master watches its workers with the parts. Copies a
 * thread's request in hand; false when it is idle. */
bool scoreboard_peek(struct scoreboard_thread *thread, int64_t now_monotonic_ms,
                     char label[SCOREBOARD_LABEL_BYTES], char request_id[SCOREBOARD_ID_BYTES],
                     int64_t *ret_age_ms);
uint64_t scoreboard_served(const struct scoreboard_worker *worker);

#endif
