/* lockstep-live as a process: configuration, pid file, signals, word to the service manager. What it serves
 * stands in live/live_server.h.
 *
 * Signals: TERM, INT and QUIT stop: every client is told to come again. USR1 reopens the log. A changed
 * configuration needs a restart, which costs nobody anything. */
#ifndef LOCKSTEP_PROCESS_LIVE_PROCESS_H
#define LOCKSTEP_PROCESS_LIVE_PROCESS_H

/* Returns when it was stopped, with an enum exit_code. */
int live_process_run(const char *config_path);
/* --check: complaints go to stderr, one a line. */
int live_process_check(const char *config_path);

#endif
