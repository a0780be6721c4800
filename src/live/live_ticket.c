#include "live/live_ticket.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "queries/live.h"

#include "base/banned.h"

#define FORGET_ROWS DB_ROWS_MAX /* expired ones, with every ticket that is minted: they never pile up */
#define REDEEM_TRIES 3

static bool digest(const char *text, struct error *error, struct db_hash *ret_digest) {
  unsigned bytes = 0;
  if (EVP_Digest(text, strlen(text), ret_digest->bytes, &bytes, EVP_sha256(), NULL) == 1 &&
      bytes == DB_HASH_BYTES)
    return true;
  return error_set(error, ERROR_INTERNAL, "The ticket's digest cannot be made.");
}

static int compare_digests(const void *left, const void *right) {
  return memcmp(left, right, sizeof(struct live_tickets_take_params));
}

/* In one order, so that two who take some of the same wait for each other, and no more. */
static bool take(struct db *db, struct live_tickets_take_params *tickets, size_t count, struct error *error,
                 struct db_outcome *ret_outcome) {
  qsort(tickets, count, sizeof *tickets, compare_digests);
  return live_tickets_take(db, tickets, count, error, ret_outcome);
}

static bool forget_expired(struct db *db, int64_t now_ms, struct arena *arena, struct error *error) {
  struct live_tickets_expired_params params = {.now = now_ms, .limit_rows = FORGET_ROWS};
  struct live_tickets_take_params old[FORGET_ROWS] = {{.digest = {{0}}}};
  struct live_tickets_expired_row *rows;
  struct db_outcome outcome;
  size_t count;
  if (!live_tickets_expired(db, &params, arena, FORGET_ROWS, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++)
    old[at].digest = rows[at].digest;
  return count == 0 || take(db, old, count, error, &outcome);
}

bool live_ticket_mint(struct db *db, const struct live_ticket *ticket, int64_t now_ms, struct arena *arena,
                      struct error *error, const char **ret_text) {
  struct live_ticket_add_params add = {.user_id = ticket->user_id,
                                       .expires_at = now_ms + LIVE_TICKET_LIFETIME_S * 1000,
                                       .token_expires_at = ticket->token_ends_at_ms};
  struct db_outcome outcome;
  char *text = arena_alloc(arena, LIVE_TICKET_BYTES + 1);
  if (text == NULL) return error_set_memory(error);
  random_hex(text, LIVE_TICKET_BYTES / 2);
  if (!digest(text, error, &add.digest) || !forget_expired(db, now_ms, arena, error) ||
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

/* False with ERROR_TRANSIENT: somebody takes one of them at the same moment. */
static bool redeem(struct db *db, struct live_redemption *redemptions, size_t count, int64_t now_ms,
                   struct arena *arena, struct error *error) {
  struct live_tickets_find_params find[LIVE_REDEEM_MAX] = {{.digest = {{0}}}};
  struct live_tickets_take_params taken[LIVE_REDEEM_MAX] = {{.digest = {{0}}}};
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
      taken[held++].digest = find[at].digest;
  }
  if (held == 0) {
    db_rollback(db);
    return true;
  }
  if (!take(db, taken, held, error, &outcome)) return false;
  if (outcome.affected != held) return error_set(error, ERROR_TRANSIENT, "A ticket was taken meanwhile.");
  return db_commit(db, error);
}

bool live_ticket_redeem(struct db *db, struct live_redemption *redemptions, size_t count, int64_t now_ms,
                        struct arena *arena, struct error *error) {
  for (int tries = 1;; tries++) {
    if (redeem(db, redemptions, count, now_ms, arena, error)) return true;
    db_rollback(db);
    if (error->code != ERROR_TRANSIENT || tries == REDEEM_TRIES) return false;
    error_clear(error);
  }
}
