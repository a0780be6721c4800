/* One worker process: what it loads, its request threads, and the orders it takes from the master over
 * a socket pair. When the other end closes, the master is dead: the worker finishes the requests in
 * hand and ends, so that nothing is left of a service that was killed. */
#ifndef LOCKSTEP_PROCESS_WORKER_H
#define LOCKSTEP_PROCESS_WORKER_H

#include "base/scoreboard.h"
#include "config/config.h"
#include "http/handle.h"

/* Between master and worker: one byte a message. */
enum worker_order {
  WORKER_ORDER_SERVE = 'g',    /* its share of the connections is there: begin */
  WORKER_ORDER_SHARE = 's',    /* the share changed: look at the scoreboard */
  WORKER_ORDER_REOPEN = 'l',   /* the log's file was moved away */
  WORKER_ORDER_HANDOVER = 'h', /* another worker serves on: drain */
  WORKER_ORDER_QUIET = 'q',    /* the service ends: serve what still comes on open connections */
  WORKER_ORDER_FAST = 't'      /* the service ends: finish the requests in hand */
};
enum worker_report {
  WORKER_REPORT_READY = 'r',  /* everything is loaded */
  WORKER_REPORT_RECYCLE = 'c' /* max_requests, or somebody sent it TERM: replace me */
};

/* What the master hands to a new worker; inherited by the fork. */
struct worker_start {
  const struct config *config;
  const struct endpoint_table *const *tables;
  const char *build;
  const struct scoreboard *board;
  struct http_shared *shared;
  size_t slot;
  size_t share_max; /* of database.connections, for this worker */
  int control;      /* SOCK_SEQPACKET */
  int listener;
  bool listener_is_ours; /* bound by our master: no use to anybody once that is dead */
  int handover_in;
  int handover_out;
};

/* Returns the exit code. */
int worker_run(const struct worker_start *start);

/* What is loaded, beyond the file itself, before a worker can serve; the master does the same to check
 * a configuration. app->config and app->build are set, app->pool may be NULL. */
struct worker_loaded {
  struct rule_set *rules;
  struct award_table *awards;
};
bool worker_load(struct app *app, const struct endpoint_table *const *tables, struct http_shared *shared,
                 size_t slot, struct worker_loaded *ret_loaded, struct error *error) WARN_UNUSED;
void worker_unload(struct worker_loaded *loaded);

#endif
