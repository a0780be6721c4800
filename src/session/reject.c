#include "session/reject.h"

#include <openssl/sha.h>
#include <string.h>

#include "queries/stitch.h"
#include "schema/encode.h"

#include "base/banned.h"

/* The beginning of a text, no longer than that, and no character cut in two. */
static const char *beginning(const char *text, size_t bytes, struct arena *arena) {
  if (strlen(text) <= bytes) return text;
  while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
    bytes--;
  return arena_strndup(arena, text, bytes);
}

/* What is kept of an item: JSON in any case. */
static const char *item_kept(const char *raw, struct arena *arena) {
  const char *kept = beginning(raw, REJECT_ITEM_BYTES, arena);
  if (kept == NULL || kept == raw) return kept;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(8 * REJECT_ITEM_BYTES);
  json_append_text(&text, kept);
  return text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
}

static size_t count_rejected(const enum stitch_outcome *outcomes, size_t count) {
  size_t rejected = 0;
  for (size_t at = 0; at < count; at++)
    rejected += stitch_is_rejected(outcomes[at]) ? 1 : 0;
  return rejected;
}

static bool room_left(struct ledger_tx *tx, uint64_t user_id, struct error *error, size_t *ret_room) {
  struct reject_count_params params = {.user_id = user_id};
  struct reject_count_row row = {.rejects = 0};
  bool found;
  if (!reject_count(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  *ret_room = row.rejects >= REJECTS_OF_LEARNER_MAX ? 0 : (size_t)(REJECTS_OF_LEARNER_MAX - row.rejects);
  return true;
}

static bool row_of(struct ledger_tx *tx, uint64_t user_id, const struct stitch_batch *batch, size_t at,
                   enum stitch_outcome outcome, struct error *error, struct reject_keep_params *ret_row) {
  const struct stitch_item *item = &batch->items[at];
  struct arena *arena = ledger_arena(tx);
  const char *reason = stitch_reason(item, outcome, batch->config, arena);
  struct reject_keep_params row = {.user_id = user_id,
                                   .item = item_kept(item->raw, arena),
                                   .reason =
                                       reason == NULL ? NULL : beginning(reason, REJECT_REASON_BYTES, arena),
                                   .created_at = ledger_now_ms(tx)};
  if (row.item == NULL || row.reason == NULL) return error_set_memory(error);
  SHA256((const unsigned char *)item->raw, strlen(item->raw), row.item_hash.bytes);
  *ret_row = row;
  return true;
}

bool reject_keep_items(struct ledger_tx *tx, uint64_t user_id, const struct stitch_batch *batch,
                       const enum stitch_outcome *outcomes, struct error *error, bool *ret_kept) {
  size_t rejected = count_rejected(outcomes, batch->count);
  size_t room = 0;
  size_t count = 0;
  struct db_outcome outcome = {.affected = 0};
  *ret_kept = false;
  if (rejected == 0) return true;
  struct reject_keep_params *rows = arena_alloc_array(ledger_arena(tx), rejected, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  if (!room_left(tx, user_id, error, &room)) return false;
  for (size_t at = 0; at < batch->count && count < room; at++) {
    if (!stitch_is_rejected(outcomes[at])) continue;
    if (!row_of(tx, user_id, batch, at, outcomes[at], error, &rows[count])) return false;
    count++;
  }
  if (!reject_keep(ledger_db(tx), rows, count, error, &outcome)) return false;
  *ret_kept = outcome.affected > 0;
  return true;
}
