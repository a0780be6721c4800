/* Tickets for the live channel: made by POST /api/progress-sync/live-ticket, redeemed by lockstep-live. A
 * ticket holds once, for LIVE_TICKET_LIFETIME_S, for one learner, and the connection that it opens ends with
 * the token that it was asked for with. */
#ifndef LOCKSTEP_LIVE_LIVE_TICKET_H
#define LOCKSTEP_LIVE_LIVE_TICKET_H

#include "db/db.h"
#include "live/live_hub.h"

#define LIVE_TICKET_LIFETIME_S 30
#define LIVE_REDEEM_MAX DB_ROWS_MAX

struct live_ticket {
  uint64_t user_id;
  int64_t token_ends_at_ms;
};

/* In a transaction of its own. The text has LIVE_TICKET_BYTES digits and lives in the arena. */
bool live_ticket_mint(struct db *db, const struct live_ticket *ticket, int64_t now_ms, struct arena *arena,
                      struct error *error, const char **ret_text) WARN_UNUSED;
/* One that is to be redeemed. */
struct live_redemption {
  const char *text; /* of whoever asks */
  /* What came of it. */
  bool holds;        /* false: unknown, used, or too old */
  bool is_gone;      /* the learner was deleted, or merged into another */
  uint64_t revision; /* the learner's, now */
  struct live_ticket ticket;
};
/* Takes them, at most LIVE_REDEEM_MAX, in a transaction of its own: as many statements as for one. */
bool live_ticket_redeem(struct db *db, struct live_redemption *redemptions, size_t count, int64_t now_ms,
                        struct arena *arena, struct error *error) WARN_UNUSED;

#endif
