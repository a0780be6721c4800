#include "live/live_ticket.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/random.h"
#include "queries/live.h"

#include "base/banned.h"

#define FORGET_ROWS 100 /* expired ones, with every ticket that is minted: they never pile up */

static bool digest(const char *text, struct error *error, struct db_hash *ret_digest) {
  unsigned bytes = 0;
  if (EVP_Digest(text, strlen(text), ret_digest->bytes, &bytes, EVP_sha256(), NULL) == 1 &&
      bytes == DB_HASH_BYTES)
    return true;
  return error_set(error, ERROR_INTERNAL, "The ticket's digest cannot be made.");
}

bool live_ticket_mint(struct db *db, const struct live_ticket *ticket, int64_t now_ms, struct arena *arena,
                      struct error *error, const char **ret_text) {
  struct live_tickets_forget_params forget = {.now = now_ms, .limit_rows = FORGET_ROWS};
  struct live_ticket_add_params add = {.user_id = ticket->user_id,
                                       .expires_at = now_ms + LIVE_TICKET_LIFETIME_S * 1000,
                                       .token_expires_at = ticket->token_ends_at_ms};
  struct db_outcome outcome;
  char *text = arena_alloc(arena, LIVE_TICKET_BYTES + 1);
  if (text == NULL) return error_set_memory(error);
  random_hex(text, LIVE_TICKET_BYTES / 2);
  if (!digest(text, error, &add.digest) || !live_tickets_forget(db, &forget, error, &outcome) ||
      !live_ticket_add(db, &add, error, &outcome) || !db_commit(db, error))
    return false;
  *ret_text = text;
  return true;
}

static bool refuse(struct db *db, struct error *error) {
  db_rollback(db);
  return error_set(error, ERROR_UNAUTHENTICATED, "The ticket does not hold.");
}

bool live_ticket_redeem(struct db *db, const char *text, int64_t now_ms, struct arena *arena,
                        struct error *error, struct live_ticket *ret_ticket) {
  struct live_ticket_find_params find;
  struct live_ticket_find_row row;
  struct live_ticket_take_params take;
  struct db_outcome outcome;
  bool found;
  if (!digest(text, error, &find.digest) || !live_ticket_find(db, &find, arena, error, &row, &found))
    return false;
  if (!found || row.expires_at <= now_ms) return refuse(db, error);
  take.digest = find.digest;
  if (!live_ticket_take(db, &take, error, &outcome)) return false;
  if (outcome.affected != 1) return refuse(db, error);
  if (!db_commit(db, error)) return false;
  *ret_ticket = (struct live_ticket){.user_id = row.user_id, .token_ends_at_ms = row.token_expires_at};
  return true;
}
