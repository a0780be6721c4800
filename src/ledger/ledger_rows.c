#include <string.h>

#include "base/clock.h"
#include "ledger/ledger_private.h"
#include "queries/ledger.h"
#include "schema/encode.h"

#include "base/banned.h"

#define LEDGER_TEXT_BYTES ((size_t)4 * 1024 * 1024) /* of one entry's changes or reply */

/* Step 3's verdict on an entry whose operation id is known. */
static void entry_settle_known(struct ledger_entry *entry, const struct ledger_lock_row *row) {
  if (memcmp(&row->op_hash, &entry->request_hash, sizeof entry->request_hash) != 0) {
    error_set(&entry->error, ERROR_UNPROCESSABLE,
              "This id was already used for a request with other content.");
    entry->state = LEDGER_FAILED;
    return;
  }
  entry->revision = row->op_revision;
  if (row->op_reply != NULL) {
    entry->reply_text = arena_strdup(entry->arena, row->op_reply);
    if (entry->reply_text == NULL) {
      error_set_memory(&entry->error);
      entry->state = LEDGER_FAILED;
      return;
    }
  }
  entry->state = LEDGER_REPLAYED;
}

static void entry_take_learner(struct ledger_entry *entry, const struct ledger_lock_row *row) {
  entry->learner = (struct ledger_learner){.user_id = row->user_id,
                                           .revision = row->revision + 1,
                                           .time_zone = row->time_zone,
                                           .is_anonymous = row->is_anonymous,
                                           .tokens = row->tokens,
                                           .questions_answered = row->questions_answered,
                                           .correct_answers = row->correct_answers,
                                           .document = row->document};
  entry->opens_history = row->revision == 0;
  entry->opening_tokens = row->tokens;
  entry->opening_questions = row->questions_answered;
  entry->opening_correct = row->correct_answers;
}

static bool entry_settle(struct ledger_entry *entry, const struct ledger_lock_row *row, bool *merged) {
  if (row == NULL || row->is_deleted) {
    error_set(&entry->error, ERROR_UNAUTHENTICATED, "This account no longer exists.");
    entry->state = LEDGER_FAILED;
    return false;
  }
  if (!row->merged_into_is_null) {
    entry->user_id = row->merged_into;
    *merged = true;
    return false;
  }
  if (!row->op_revision_is_null) {
    entry_settle_known(entry, row);
    return false;
  }
  entry_take_learner(entry, row);
  return true;
}

static bool lock_rows(struct ledger_tx *tx, struct error *error, struct ledger_lock_row **ret_rows,
                      size_t *ret_count) {
  struct ledger_lock_params *params = arena_alloc_array(tx->arena, tx->count, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < tx->count; at++)
    params[at] =
        (struct ledger_lock_params){.user_id = tx->entries[at]->user_id, .op_id = tx->entries[at]->op_id};
  return tx->skips_held
             ? ledger_lock_free(tx->db, params, tx->count, tx->arena, tx->count, error, ret_rows, ret_count)
             : ledger_lock(tx->db, params, tx->count, tx->arena, tx->count, error, ret_rows, ret_count);
}

/* Puts the entries whose learners are locked first. The others leave the transaction as LEDGER_HELD; so does
 * one whose learner is not there: run alone, it will be told. */
static void leave_held(struct ledger_tx *tx, const struct ledger_lock_row *rows, size_t row_count) {
  size_t kept = 0;
  for (size_t at = 0; at < tx->count; at++) {
    struct ledger_entry *entry = tx->entries[at];
    bool is_locked = kept < row_count && rows[kept].user_id == entry->user_id;
    if (!is_locked) {
      entry->state = LEDGER_HELD;
      continue;
    }
    tx->entries[at] = tx->entries[kept];
    tx->entries[kept++] = entry;
  }
  tx->locked_count = kept;
}

bool ledger_lock_learners(struct ledger_tx *tx, struct error *error) {
  struct ledger_lock_row *rows;
  size_t row_count;
  bool merged = false;
  for (size_t at = 1; at < tx->count; at++)
    if (tx->entries[at]->user_id == tx->entries[at - 1]->user_id)
      return error_set(error, ERROR_CONFLICT, "Two operations of one transaction are the same learner's.");
  tx->live_count = 0;
  tx->locked_count = tx->count;
  if (!lock_rows(tx, error, &rows, &row_count)) return false;
  if (tx->skips_held) leave_held(tx, rows, row_count);
  for (size_t at = 0, row = 0; at < tx->locked_count; at++) {
    struct ledger_entry *entry = tx->entries[at];
    bool found = row < row_count && rows[row].user_id == entry->user_id;
    if (entry_settle(entry, found ? &rows[row] : NULL, &merged)) tx->live[tx->live_count++] = entry;
    if (found) row++;
  }
  /* An operation of a merged learner belongs to whoever they became. Rather than lock out of order,
   * the transaction starts over with the new ids. */
  if (!merged) return true;
  if (++tx->merge_steps > LEDGER_MERGES_MAX)
    return error_set(error, ERROR_UNAUTHENTICATED, "This account was merged into itself.");
  return error_set(error, ERROR_TRANSIENT, "The learner was merged into another.");
}

/* The changes as the history shows them, in the transaction's memory. */
static bool changes_encode(struct ledger_tx *tx, const struct ledger_entry *entry, struct error *error,
                           const char **ret_text) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LEDGER_TEXT_BYTES);
  for (size_t at = 0; at < entry->change_count; at++) {
    const struct ledger_change *change = &entry->changes[at];
    buffer_append_text(&text, at == 0 ? "[{\"what\":" : ",{\"what\":");
    json_append_text(&text, change->what);
    if (change->key != NULL) {
      buffer_append_text(&text, ",\"key\":");
      json_append_text(&text, change->key);
    }
    if (change->by != 0) {
      buffer_append_text(&text, ",\"by\":");
      buffer_append_i64(&text, change->by);
    }
    if (change->because != NULL) {
      buffer_append_text(&text, ",\"because\":");
      json_append_text(&text, change->because);
    }
    buffer_append_char(&text, '}');
  }
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  *ret_text = arena_strndup(tx->arena, text.data, text.length);
  return *ret_text != NULL || error_set_memory(error);
}

/* The reply is encoded before the commit, because the ledger keeps it. */
static bool entry_encode_reply(struct ledger_entry *entry, struct error *error) {
  if (entry->reply_schema == NULL) return true;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LEDGER_TEXT_BYTES);
  schema_encode_json(entry->reply_schema, entry->reply, &text);
  if (text.failed) return error_set_memory(error);
  entry->reply_text = arena_strndup(entry->arena, buffer_text(&text), text.length);
  return entry->reply_text != NULL || error_set_memory(error);
}

/* What step 5 writes, in three lists. */
struct ledger_rows {
  struct ledger_append_params *append;
  size_t append_count;
  struct ledger_move_params *move;
  size_t move_count;
  struct ledger_advance_params *advance;
  size_t advance_count;
};

static bool rows_allocate(struct ledger_tx *tx, struct ledger_rows *rows, struct error *error) {
  /* A learner's first row may bring the opening one along. */
  rows->append = arena_alloc_array(tx->arena, 2 * tx->live_count, sizeof *rows->append);
  rows->move = arena_alloc_array(tx->arena, tx->live_count, sizeof *rows->move);
  rows->advance = arena_alloc_array(tx->arena, tx->live_count, sizeof *rows->advance);
  if (rows->append == NULL || rows->move == NULL || rows->advance == NULL) return error_set_memory(error);
  return true;
}

/* Totals that were there before Lockstep's first entry: the history begins with them, or it would
 * not add up. */
bool ledger_make_opening(struct ledger_tx *tx, const struct ledger_entry *entry, struct error *error,
                         struct ledger_append_params *ret_row, bool *ret_made) {
  bool has_totals =
      entry->opening_tokens != 0 || entry->opening_questions != 0 || entry->opening_correct != 0;
  *ret_made = entry->opens_history && has_totals;
  if (!*ret_made) return true;
  struct ledger_change changes[] = {
      {.what = "tokens", .by = entry->opening_tokens, .because = "before Lockstep"},
      {.what = "questions", .by = entry->opening_questions, .because = "before Lockstep"},
      {.what = "correct", .by = entry->opening_correct, .because = "before Lockstep"}};
  struct ledger_entry opening = {.changes = changes, .change_count = ARRAY_LENGTH(changes)};
  *ret_row = (struct ledger_append_params){.user_id = entry->learner.user_id,
                                           .revision = 0,
                                           .op_id = "opening",
                                           .actor = "lockstep",
                                           .kind = "opening",
                                           .created_at = tx->now_ms};
  return changes_encode(tx, &opening, error, &ret_row->changes);
}

static bool rows_add_opening(struct ledger_tx *tx, struct ledger_rows *rows, const struct ledger_entry *entry,
                             struct error *error) {
  bool is_made;
  if (!ledger_make_opening(tx, entry, error, &rows->append[rows->append_count], &is_made)) return false;
  if (is_made) rows->append_count++;
  return true;
}

static bool rows_add(struct ledger_tx *tx, struct ledger_rows *rows, const struct ledger_entry *entry,
                     struct error *error) {
  const struct ledger_learner *learner = &entry->learner;
  if (!rows_add_opening(tx, rows, entry, error)) return false;
  struct ledger_append_params *row = &rows->append[rows->append_count++];
  *row = (struct ledger_append_params){.user_id = learner->user_id,
                                       .revision = learner->revision,
                                       .op_id = entry->op_id,
                                       .request_hash = entry->request_hash,
                                       .actor = entry->actor,
                                       .kind = tx->kind->name,
                                       .reply = entry->reply_text,
                                       .created_at = tx->now_ms};
  if (learner->totals_moved)
    rows->move[rows->move_count++] = (struct ledger_move_params){.user_id = learner->user_id,
                                                                 .revision = learner->revision,
                                                                 .tokens = learner->tokens,
                                                                 .questions = learner->questions_answered,
                                                                 .correct = learner->correct_answers,
                                                                 .document = learner->document};
  else
    rows->advance[rows->advance_count++] = (struct ledger_advance_params){.user_id = learner->user_id};
  return changes_encode(tx, entry, error, &row->changes);
}

static bool rows_write(struct ledger_tx *tx, const struct ledger_rows *rows, struct error *error) {
  struct db_outcome advanced;
  struct db_outcome moved;
  struct db_outcome appended;
  if (!ledger_advance(tx->db, rows->advance, rows->advance_count, error, &advanced)) return false;
  if (!ledger_move(tx->db, rows->move, rows->move_count, error, &moved)) return false;
  if (advanced.affected != rows->advance_count || moved.affected != rows->move_count)
    return error_set(error, ERROR_INTERNAL, "A locked learner could not be written.");
  if (ledger_append(tx->db, rows->append, rows->append_count, error, &appended)) return true;
  /* Another node of a cluster may have been faster with the same operation: look again. */
  if (error->code == ERROR_CONFLICT) error->code = ERROR_TRANSIENT;
  return false;
}

bool ledger_write_rows(struct ledger_tx *tx, struct error *error, size_t *ret_changed) {
  struct ledger_rows rows = {.append_count = 0};
  size_t changed = 0;
  if (!rows_allocate(tx, &rows, error)) return false;
  for (size_t at = 0; at < tx->live_count; at++) {
    struct ledger_entry *entry = tx->live[at];
    if (entry->state == LEDGER_FAILED) continue;
    if (!entry_encode_reply(entry, error)) return false;
    entry->state = entry->change_count == 0 ? LEDGER_UNCHANGED : LEDGER_CHANGED;
    entry->revision = entry->learner.revision - (entry->state == LEDGER_UNCHANGED ? 1 : 0);
    if (entry->state == LEDGER_UNCHANGED) continue;
    if (!rows_add(tx, &rows, entry, error)) return false;
    changed++;
  }
  if (changed > 0 && !rows_write(tx, &rows, error)) return false;
  *ret_changed = changed;
  return true;
}
