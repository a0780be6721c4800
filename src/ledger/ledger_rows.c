#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ledger/ledger_private.h"
#include "queries/ledger.h"
#include "schema/encode.h"

#include "base/banned.h"

#define LEDGER_LIST_BYTES ((size_t)14 * 1024 * 1024) /* below the server's usual max_allowed_packet */

static bool list_finish(struct buffer *list, struct error *error) {
  buffer_append_char(list, ']');
  if (list->failed)
    return error_set(error, ERROR_TOO_LARGE, "This changes more at once than one transaction can carry.");
  return true;
}

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

static bool lock_rows_read(struct ledger_tx *tx, struct error *error, struct ledger_lock_row **ret_rows,
                           size_t *ret_count) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(LEDGER_LIST_BYTES);
  for (size_t at = 0; at < tx->count; at++) {
    buffer_append_text(&list, at == 0 ? "[[" : ",[");
    buffer_append_u64(&list, tx->entries[at]->user_id);
    buffer_append_char(&list, ',');
    json_append_text(&list, tx->entries[at]->op_id);
    buffer_append_char(&list, ']');
  }
  if (!list_finish(&list, error)) return false;
  struct ledger_lock_params params = {.entries = list.data};
  return ledger_lock(tx->db, &params, tx->arena, tx->count, error, ret_rows, ret_count);
}

bool ledger_lock_learners(struct ledger_tx *tx, struct error *error) {
  struct ledger_lock_row *rows;
  size_t row_count;
  bool merged = false;
  for (size_t at = 1; at < tx->count; at++)
    if (tx->entries[at]->user_id == tx->entries[at - 1]->user_id)
      return error_set(error, ERROR_CONFLICT, "Two operations of one transaction are the same learner's.");
  if (!lock_rows_read(tx, error, &rows, &row_count)) return false;
  tx->live_count = 0;
  for (size_t at = 0, row = 0; at < tx->count; at++) {
    struct ledger_entry *entry = tx->entries[at];
    bool found = row < row_count && rows[row].user_id == entry->user_id;
    if (entry_settle(entry, found ? &rows[row] : NULL, &merged)) tx->live[tx->live_count++] = entry;
    if (found) row++;
  }
  /* An operation of a merged learner belongs to whoever they became. Rather than lock out of order,
   * the transaction starts over with the new ids. */
  if (merged) return error_set(error, ERROR_TRANSIENT, "The learner was merged into another.");
  return true;
}

static void append_changes(struct buffer *list, const struct ledger_entry *entry) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LEDGER_LIST_BYTES);
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
  if (text.failed) list->failed = true;
  json_append_text(list, buffer_text(&text));
}

static void append_ledger_row(struct buffer *list, const struct ledger_entry *entry) {
  char hash[2 * DB_HASH_BYTES + 1];
  for (size_t at = 0; at < DB_HASH_BYTES; at++)
    snprintf(hash + 2 * at, 3, "%02x", entry->request_hash.bytes[at]);
  buffer_append_text(list, list->length == 0 ? "[[" : ",[");
  buffer_append_u64(list, entry->learner.user_id);
  buffer_append_char(list, ',');
  buffer_append_u64(list, entry->learner.revision);
  buffer_append_char(list, ',');
  json_append_text(list, entry->op_id);
  buffer_append_char(list, ',');
  json_append_text(list, hash);
  buffer_append_char(list, ',');
  json_append_text(list, entry->actor);
  buffer_append_char(list, ',');
  append_changes(list, entry);
  buffer_append_char(list, ',');
  json_append_text(list, entry->reply_text);
  buffer_append_char(list, ']');
}

static void append_learner(struct buffer *list, const struct ledger_learner *learner) {
  buffer_append_text(list, list->length == 0 ? "[[" : ",[");
  buffer_append_u64(list, learner->user_id);
  if (learner->totals_moved) {
    buffer_append_char(list, ',');
    buffer_append_i64(list, learner->tokens);
    buffer_append_char(list, ',');
    buffer_append_i64(list, learner->questions_answered);
    buffer_append_char(list, ',');
    buffer_append_i64(list, learner->correct_answers);
    buffer_append_char(list, ',');
    json_append_text(list, learner->document);
  } else {
    buffer_append_text(list, ",null,null,null,null");
  }
  buffer_append_char(list, ']');
}

/* The reply is encoded before the commit, because the ledger keeps it. */
static bool entry_encode_reply(struct ledger_entry *entry, struct error *error) {
  if (entry->reply_schema == NULL) return true;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LEDGER_LIST_BYTES);
  schema_encode_json(entry->reply_schema, entry->reply, &text);
  if (text.failed) return error_set_memory(error);
  entry->reply_text = arena_strndup(entry->arena, buffer_text(&text), text.length);
  return entry->reply_text != NULL || error_set_memory(error);
}

static bool rows_write(struct ledger_tx *tx, struct buffer *learners, struct buffer *rows, size_t changed,
                       struct error *error) {
  struct db_outcome outcome;
  if (!list_finish(learners, error) || !list_finish(rows, error)) return false;
  struct ledger_advance_params advance = {.learners = learners->data};
  struct ledger_append_params append = {.kind = tx->kind->name, .created_at = tx->now_ms, .rows = rows->data};
  if (!ledger_advance(tx->db, &advance, error, &outcome)) return false;
  if (outcome.affected != changed)
    return error_set(error, ERROR_INTERNAL, "A locked learner could not be written.");
  if (!ledger_append(tx->db, &append, error, &outcome)) {
    /* Another node of a cluster may have been faster with the same operation: look again. */
    if (error->code == ERROR_CONFLICT) error->code = ERROR_TRANSIENT;
    return false;
  }
  return true;
}

bool ledger_write_rows(struct ledger_tx *tx, struct error *error, size_t *ret_changed) {
  CLEANUP(buffer_free) struct buffer learners = BUFFER_INIT(LEDGER_LIST_BYTES);
  CLEANUP(buffer_free) struct buffer rows = BUFFER_INIT(LEDGER_LIST_BYTES);
  size_t changed = 0;
  for (size_t at = 0; at < tx->live_count; at++) {
    struct ledger_entry *entry = tx->live[at];
    if (entry->state == LEDGER_FAILED) continue;
    if (!entry_encode_reply(entry, error)) return false;
    entry->state = entry->change_count == 0 ? LEDGER_UNCHANGED : LEDGER_CHANGED;
    entry->revision = entry->learner.revision - (entry->state == LEDGER_UNCHANGED ? 1 : 0);
    if (entry->state == LEDGER_UNCHANGED) continue;
    append_learner(&learners, &entry->learner);
    append_ledger_row(&rows, entry);
    changed++;
  }
  if (changed > 0 && !rows_write(tx, &learners, &rows, changed, error)) return false;
  *ret_changed = changed;
  return true;
}
