/* The master: binds the socket, keeps the workers, and touches no request itself.
 *
 * Signals: TERM and INT stop (requests in hand are finished), QUIT stops politely (what still comes on
 * open connections is served, too), HUP reloads, USR1 reopens the log. A second TERM or INT stops at
 * once. What is not over after workers.drain_timeout_ms is killed.
 *
 * There is one loop and no signal handler: signals, children, workers' reports and the reload's check
 * are descriptors that it polls. */
#ifndef LOCKSTEP_PROCESS_MASTER_H
#define LOCKSTEP_PROCESS_MASTER_H

#include "http/endpoint.h"

struct master_options {
  const char *config_path;
  const struct endpoint_table *const *tables; /* endpoint_tables */
  const char *build;
};

/* Returns when the service was stopped, with an enum exit_code. */
int master_run(const struct master_options *options);
/* --check: complaints go to stderr, one a line. */
int master_check(const struct master_options *options);

#endif
