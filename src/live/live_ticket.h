/* Tickets for the live channel: made by POST /api/progress-sync/live-ticket, redeemed by lockstep-live. A
 * ticket holds once, for LIVE_TICKET_LIFETIME_S, for one learner, and the connection that it opens ends with
 * the token that it was asked for with. */
#ifndef LOCKSTEP_LIVE_LIVE_TICKET_H
#define LOCKSTEP_LIVE_LIVE_TICKET_H

#include "db/db.h"
#include "live/live_hub.h"

#define LIVE_TICKET_LIFETIME_S 30

struct live_ticket {
  uint64_t user_id;
  int64_t token_ends_at_ms;
};

/* In a transaction of its own. The text has LIVE_TICKET_BYTES digits and lives in the arena. */
bool live_ticket_mint(struct db *db, const struct live_ticket *ticket, int64_t now_ms, struct arena *arena,
                      struct error *error, const char **ret_text) WARN_UNUSED;
/* Takes it, in a transaction of its own. ERROR_UNAUTHENTICATED: unknown, used, or too old. */
bool live_ticket_redeem(struct db *db, const char *text, int64_t now_ms, struct arena *arena,
                        struct error *error, struct live_ticket *ret_ticket) WARN_UNUSED;

#endif
