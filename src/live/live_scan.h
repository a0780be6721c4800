/* The scanner: one thread that asks the database on behalf of all listeners. It redeems their tickets,
 * compares the revisions of the learners who are listened to with what was told, at a gentle interval and at
 * once where a datagram hints (ledger/wake.h), and reads what happened in between out of the ledger. While
 * the database is away it tries again, and nobody is told anything. */
#ifndef LOCKSTEP_LIVE_LIVE_SCAN_H
#define LOCKSTEP_LIVE_LIVE_SCAN_H

#include "config/config.h"
#include "live/live_hub.h"

#define LIVE_SCAN_LEARNERS 250 /* of one statement */

struct live_scan;

struct live_scan_options {
  const struct config *config;
  struct live_hub *hub;
  int wake;                   /* eventfd: the hub wants something */
  void (*tell)(void *server); /* there is news for the server; called on the scanner's thread */
  void *server;
};

/* Binds live.wake and starts the thread. `options` is copied. */
bool live_scan_start(const struct live_scan_options *options, struct error *error,
                     struct live_scan **ret_scan) WARN_UNUSED;
/* Ends the thread, which may take as long as the database takes to answer. NULL is allowed. */
void live_scan_stop(struct live_scan *scan);

#endif
