/* The master of lockstep-sync: keeps worker processes, each a crew of threads that work on jobs
 * (job/job_crew.h). It touches no job itself; but it knows when a process is dead, and the next one in its
 * place releases at once what that had in hand.
 *
 * Signals: TERM, INT and QUIT stop (the transactions in hand are finished, unfinished jobs are handed back);
 * twice: at once. HUP reloads: the processes are replaced one by one. USR1 reopens the log. What is not over
 * after sync.drain_timeout_ms is killed. A process whose master dies ends by itself. */
#ifndef LOCKSTEP_PROCESS_SUPERVISOR_H
#define LOCKSTEP_PROCESS_SUPERVISOR_H

struct supervisor_options {
  const char *config_path;
};

/* Returns when it was stopped, with an enum exit_code. */
int supervisor_run(const struct supervisor_options *options);
/* --check: complaints go to stderr, one a line. */
int supervisor_check(const struct supervisor_options *options);

#endif
