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

/* The same ticket twice holds once. */
static bool settle(struct live_redemption *redemption, const struct db_hash *digest, int64_t now_ms,
                   struct live_tickets_find_row *rows, size_t count) {
  for (size_t at = 0; at < count; at++) {
    struct live_tickets_find_row *row = &rows[at];
    if (row->expires_at <= now_ms || memcmp(&row->digest, digest, sizeof *digest) != 0) continue;
    row->expires_at = now_ms;
    redemption->holds = true;
    redemption->is_gone = row->is_gone;
    redemption->revision = row->revision;
    redemption->ticket =
        (struct live_ticket){.user_id = row->user_id, .token_ends_at_ms = row->token_expires_at};
    return true;
  }
  return false;
}

/* Somebody else had the same moment: who has which can only be told of each. */
static bool redeem_each(struct db *db, struct live_redemption *redemptions, size_t count, int64_t now_ms,
                        struct arena *arena, struct error *error) {
  db_rollback(db);
  for (size_t at = 0; at < count; at++)
    redemptions[at].holds = false;
  for (size_t at = 0; count > 1 && at < count; at++)
    if (!live_ticket_redeem(db, &redemptions[at], 1, now_ms, arena, error)) return false;
  return true;
}

bool live_ticket_redeem(struct db *db, struct live_redemption *redemptions, size_t count, int64_t now_ms,
                        struct arena *arena, struct error *error) {
  struct live_tickets_find_params find[LIVE_REDEEM_MAX] = {{.digest = {{0}}}};
  struct live_tickets_take_params take[LIVE_REDEEM_MAX];
  struct live_tickets_find_row *rows;
  struct db_outcome outcome;
  size_t found;
  size_t held = 0;
  for (size_t at = 0; at < count; at++)
    if (!digest(redemptions[at].text, error, &find[at].digest)) return false;
  if (!live_tickets_find(db, find, count, arena, count, error, &rows, &found)) return false;
  for (size_t at = 0; at < count; at++) {
    redemptions[at].holds = false;
    if (settle(&redemptions[at], &find[at].digest, now_ms, rows, found))
      take[held++].digest = find[at].digest;
  }
  if (held == 0) {
    db_rollback(db);
    return true;
  }
  if (!live_tickets_take(db, take, held, error, &outcome)) return false;
  if (outcome.affected != held) return redeem_each(db, redemptions, count, now_ms, arena, error);
  return db_commit(db, error);
}
