/* lockstep-live: pushes what happens to learners to their browsers, over WebSocket. nginx hands the upgrade
 * through to a Unix socket (nginx/lockstep.conf).
 *
 *   GET /api/progress-sync/live?ticket=…[&since=<revision>[&epoch=<epoch>]]
 *
 * Frames, JSON texts, one revision each and in their order:
 *   {"revision", "changes": [{"type", "userId", "data"}]}
 *   {"type": "heartbeat", "revision", "epoch", "serverTime"}   everything up to `revision` has been told
 *   {"type": "resync", "revision", "epoch", "serverTime"}      what happened before cannot be told: read anew
 * A client may send {"subscribe": [type…]} and {"unsubscribe": [type…]}; it begins with all types.
 *
 * Close codes: live/live_hub.h. A client that comes again with the last revision it saw misses nothing and is
 * told nothing twice, whichever process it meets: nothing that is told is kept anywhere but in the ledger.
 *
 * GET /metrics on the same socket: Prometheus text. */
#ifndef LOCKSTEP_LIVE_LIVE_SERVER_H
#define LOCKSTEP_LIVE_LIVE_SERVER_H

#include "config/config.h"

struct live_server;

/* Binds live.socket and starts the scanner. The configuration is borrowed. */
bool live_server_open(const struct config *config, struct error *error,
                      struct live_server **ret_server) WARN_UNUSED;
/* Serves until live_server_stop, on the calling thread. False: it could not go on. */
bool live_server_run(struct live_server *server) WARN_UNUSED;
/* From any thread: every client is told to come again, and run returns. */
void live_server_stop(struct live_server *server);
void live_server_close(struct live_server *server); /* NULL is allowed */

#endif
