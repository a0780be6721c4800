/* What the master's files share. */
#ifndef LOCKSTEP_PROCESS_MASTER_INTERNAL_H
#define LOCKSTEP_PROCESS_MASTER_INTERNAL_H

#include <sys/types.h>

#include "base/log.h"
#include "base/scoreboard.h"
#include "process/listener.h"
#include "process/master.h"
#include "process/service.h"
#include "process/worker.h"

#define MASTER_CONFIG_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* A worker that dies sooner than this after its start has failed; the next try waits. */
#define MASTER_STABLE_MS 1000
#define MASTER_BACKOFF_FIRST_MS 100
#define MASTER_BACKOFF_MAX_MS 10000
/* A request that took too long costs its process; the others in it get this long to finish. */
#define MASTER_MERCY_MS 1000

/* A configuration that was loaded, and the memory it lives in. */
struct master_setup {
  struct arena *arena;
  struct config config;
};

/* A worker process. Its place in the array is its slot in the scoreboard. */
struct master_worker {
  pid_t pid; /* 0: free */
  int control;
  enum scoreboard_worker_state state;
  uint32_t number; /* 1 … workers.processes */
  uint64_t generation;
  uint32_t share; /* of the database connections, when all is quiet */
  int64_t started_ms;
  int64_t request_timeout_ms; /* of its own configuration */
  int64_t kill_at_ms;         /* draining: SIGKILL then; 0: not yet */
  int64_t mercy_until_ms;     /* a request of it takes too long; 0: none does */
  bool wants_recycling;
  bool recycles; /* its turn has come: a replacement is on its way */
};

/* What is known of a place, whoever fills it. */
struct master_place {
  uint32_t failures; /* in a row */
  uint32_t restarts;
  int64_t retry_at_ms;
};

enum master_stop { MASTER_RUNS, MASTER_STOPS_QUIET, MASTER_STOPS_FAST, MASTER_STOPS_NOW };

/* The forked child that tries a new configuration out. */
struct master_checker {
  pid_t pid; /* 0: none runs */
  int output;
  char complaint[SCOREBOARD_TEXT_BYTES];
  size_t complaint_bytes;
  bool again; /* HUP came meanwhile */
};

struct master {
  const struct master_options *options;
  struct master_setup *setup;
  struct service service;
  struct listener listener;
  struct scoreboard board;
  struct http_shared *shared;
  size_t shared_bytes;
  int signals;
  int pid_file;
  int handover[2]; /* [0] is received from, [1] sent to */
  uint64_t generation;
  bool announced; /* READY was sent for this generation */
  enum master_stop stop;
  struct master_checker checker;
  struct master_place places[SCOREBOARD_PROCESSES_MAX];
  struct master_worker workers[SCOREBOARD_SLOTS];
};

/* --- master.c: what every master does alike --- */

void master_protect_memory(void);
/* The limit of open files, as far as the system lets it. */
void master_raise_files(void);
int master_exit_code(const struct error *error);
/* On stderr, one a line. */
void master_complain(const char *config_path, const struct error *error);

/* --- master_setup.c: configurations --- */

bool master_setup_load(const struct master_options *options, struct error *error,
                       struct master_setup **ret_setup) WARN_UNUSED;
void master_setup_free(struct master_setup *setup);
/* Whether workers could start with it. */
bool master_setup_try(const struct master_options *options, const struct master_setup *setup,
                      struct error *error) WARN_UNUSED;
void master_log_error(enum log_level level, const char *event, const struct error *error);

/* --- master_reload.c --- */

void master_reload_begin(struct master *master);
/* What the checker wrote. */
void master_reload_read(struct master *master);
/* The checker ended. */
void master_reload_end(struct master *master, int wait_status);

/* --- master_workers.c: the processes --- */

void master_worker_spawn(struct master *master, uint32_t number);
void master_worker_gone(struct master *master, struct master_worker *worker, int wait_status);
void master_worker_order(struct master_worker *worker, enum worker_order order);
void master_worker_set_state(struct master *master, struct master_worker *worker,
                             enum scoreboard_worker_state state);
void master_worker_drain(struct master *master, struct master_worker *worker, enum worker_order how);
void master_worker_hear(struct master *master, struct master_worker *worker);
void master_worker_kill(struct master *master, struct master_worker *worker, const char *why);
bool master_worker_lives(const struct master_worker *worker);

/* --- master_converge.c: from what is to what should be, one step a turn --- */

void master_converge(struct master *master, int64_t now_ms);
/* True while something is on its way that the loop should look at often. */
bool master_is_in_motion(const struct master *master);

/* --- master_share.c: the database connections --- */

/* The share of place `number` out of `processes`, when all is quiet. */
uint32_t master_share_of(uint32_t connections, uint32_t processes, uint32_t number);
/* Grants what is free to those who lack it; never more than `connections` in all. */
void master_share_grant(struct master *master);

#endif
