#include "session/stitch_rows.h"

#include <stdlib.h>
#include <string.h>

#include "queries/stitch.h"
#include "schema/encode.h"

#include "base/banned.h"

#define CHUNK_ROWS 2000 /* looked for by one statement */
#define CHUNK_BYTES ((size_t)16 * 1024 * 1024)

bool stitch_row_changed(const struct stitch_row *row) {
  const struct stitch_values *now = &row->now;
  const struct stitch_values *found = &row->found;
  if (!row->stands || !row->existed) return row->stands;
  return now->order_number != found->order_number || now->skip_number != found->skip_number ||
         strcmp(now->distractor_level, found->distractor_level) != 0 ||
         now->is_completed != found->is_completed || now->last_attempted_ms != found->last_attempted_ms;
}

/* --- Which stitches and mutations a batch is about ------------------------------------------------- */

/* An item in the order of what it is sorted by; those that are alike stay in the batch's order. */
struct sorted {
  const struct stitch_item *item;
  size_t at;
};

static int compare_order(const struct sorted *a, const struct sorted *b) {
  return (a->at > b->at) - (a->at < b->at);
}

static int compare_stitches(const void *left, const void *right) {
  const struct sorted *a = left;
  const struct sorted *b = right;
  int order = strcmp(a->item->thread_id, b->item->thread_id);
  if (order == 0) order = strcmp(a->item->stitch_id, b->item->stitch_id);
  return order != 0 ? order : compare_order(a, b);
}

static int compare_mutations(const void *left, const void *right) {
  const struct sorted *a = left;
  const struct sorted *b = right;
  int order = strcmp(a->item->mutation_id, b->item->mutation_id);
  return order != 0 ? order : compare_order(a, b);
}

/* The tables are read and written in the order of their keys. */
static size_t sort_items(const struct stitch_batch *batch, bool by_mutation, struct sorted *sorted) {
  size_t count = 0;
  for (size_t at = 0; at < batch->count; at++) {
    const struct stitch_item *item = &batch->items[at];
    if (item->complaint != NULL || (by_mutation && item->mutation_id == NULL)) continue;
    sorted[count++] = (struct sorted){.item = item, .at = at};
  }
  qsort(sorted, count, sizeof *sorted, by_mutation ? compare_mutations : compare_stitches);
  return count;
}

static void find_stitches(const struct stitch_batch *batch, struct sorted *sorted, struct stitch_rows *rows) {
  size_t count = sort_items(batch, false, sorted);
  for (size_t at = 0; at < count; at++) {
    const struct stitch_item *item = sorted[at].item;
    struct stitch_row *last = rows->count == 0 ? NULL : &rows->rows[rows->count - 1];
    if (last == NULL || strcmp(last->stitch_id, item->stitch_id) != 0 ||
        strcmp(last->thread_id, item->thread_id) != 0) {
      last = &rows->rows[rows->count++];
      *last = (struct stitch_row){.thread_id = item->thread_id, .stitch_id = item->stitch_id};
    }
    rows->of_item[sorted[at].at] = last;
  }
}

static void find_mutations(const struct stitch_batch *batch, struct sorted *sorted,
                           struct stitch_rows *rows) {
  size_t count = sort_items(batch, true, sorted);
  for (size_t at = 0; at < count; at++) {
    const char *id = sorted[at].item->mutation_id;
    struct stitch_mutation *last =
        rows->mutation_count == 0 ? NULL : &rows->mutations[rows->mutation_count - 1];
    if (last == NULL || strcmp(last->mutation_id, id) != 0) {
      last = &rows->mutations[rows->mutation_count++];
      *last = (struct stitch_mutation){.mutation_id = id};
    }
    rows->mutation_of_item[sorted[at].at] = last;
  }
}

/* --- What the tables hold of them ------------------------------------------------------------------ */

static void take_row(struct stitch_row *row, const struct stitch_current_row *found) {
  row->existed = true;
  row->stands = true;
  row->revision = found->revision;
  row->found = (struct stitch_values){.order_number = found->order_number,
                                      .skip_number = found->skip_number,
                                      .distractor_level = found->distractor_level,
                                      .is_completed = found->is_completed,
                                      .last_attempted_ms = found->last_attempted};
  row->now = row->found;
}

static bool read_current(struct ledger_tx *tx, uint64_t user_id, struct stitch_row *rows, size_t count,
                         struct error *error) {
  CLEANUP(buffer_free) struct buffer keys = BUFFER_INIT(CHUNK_BYTES);
  struct stitch_current_row *found;
  size_t found_count;
  for (size_t at = 0; at < count; at++) {
    buffer_append_text(&keys, at == 0 ? "[[" : "],[");
    json_append_text(&keys, rows[at].thread_id);
    buffer_append_char(&keys, ',');
    json_append_text(&keys, rows[at].stitch_id);
  }
  buffer_append_text(&keys, "]]");
  if (keys.failed) return error_set_memory(error);
  struct stitch_current_params params = {.user_id = user_id, .stitch_keys = keys.data};
  if (!stitch_current(ledger_db(tx), &params, ledger_arena(tx), count, error, &found, &found_count))
    return false;
  for (size_t at = 0; at < found_count; at++)
    take_row(&rows[found[at].place - 1], &found[at]);
  return true;
}

static bool read_known(struct ledger_tx *tx, uint64_t user_id, struct stitch_mutation *mutations,
                       size_t count, struct error *error) {
  CLEANUP(buffer_free) struct buffer keys = BUFFER_INIT(CHUNK_BYTES);
  struct stitch_known_mutations_row *found;
  size_t found_count;
  for (size_t at = 0; at < count; at++) {
    buffer_append_char(&keys, at == 0 ? '[' : ',');
    json_append_text(&keys, mutations[at].mutation_id);
  }
  buffer_append_char(&keys, ']');
  if (keys.failed) return error_set_memory(error);
  struct stitch_known_mutations_params params = {.user_id = user_id, .mutation_keys = keys.data};
  if (!stitch_known_mutations(ledger_db(tx), &params, ledger_arena(tx), count, error, &found, &found_count))
    return false;
  for (size_t at = 0; at < found_count; at++) {
    struct stitch_mutation *mutation = &mutations[found[at].place - 1];
    mutation->known = true;
    mutation->hash = found[at].content_hash;
  }
  return true;
}

static size_t chunk(size_t left) { return left < CHUNK_ROWS ? left : CHUNK_ROWS; }

bool stitch_rows_read(struct ledger_tx *tx, uint64_t user_id, const struct stitch_batch *batch,
                      struct error *error, struct stitch_rows *ret_rows) {
  struct arena *arena = ledger_arena(tx);
  struct sorted *sorted = arena_alloc_array(arena, batch->count, sizeof *sorted);
  struct stitch_rows rows = {.rows = arena_alloc_array(arena, batch->count, sizeof *rows.rows),
                             .of_item = arena_alloc_array(arena, batch->count, sizeof(struct stitch_row *)),
                             .mutations = arena_alloc_array(arena, batch->count, sizeof *rows.mutations),
                             .mutation_of_item =
                                 arena_alloc_array(arena, batch->count, sizeof(struct stitch_mutation *))};
  if (sorted == NULL || rows.rows == NULL || rows.of_item == NULL || rows.mutations == NULL ||
      rows.mutation_of_item == NULL)
    return error_set_memory(error);
  find_stitches(batch, sorted, &rows);
  find_mutations(batch, sorted, &rows);
  for (size_t at = 0; at < rows.count; at += CHUNK_ROWS)
    if (!read_current(tx, user_id, rows.rows + at, chunk(rows.count - at), error)) return false;
  for (size_t at = 0; at < rows.mutation_count; at += CHUNK_ROWS)
    if (!read_known(tx, user_id, rows.mutations + at, chunk(rows.mutation_count - at), error)) return false;
  *ret_rows = rows;
  return true;
}

/* --- Writing --------------------------------------------------------------------------------------- */

bool stitch_rows_write(struct ledger_tx *tx, const struct ledger_learner *learner,
                       const struct stitch_rows *rows, struct error *error) {
  struct db_outcome outcome;
  size_t count = 0;
  struct stitch_write_params *params = arena_alloc_array(ledger_arena(tx), rows->count, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < rows->count; at++) {
    const struct stitch_row *row = &rows->rows[at];
    if (!stitch_row_changed(row)) continue;
    params[count++] = (struct stitch_write_params){.user_id = learner->user_id,
                                                   .thread_id = row->thread_id,
                                                   .stitch_id = row->stitch_id,
                                                   .order_number = row->now.order_number,
                                                   .skip_number = row->now.skip_number,
                                                   .distractor_level = row->now.distractor_level,
                                                   .is_completed = row->now.is_completed,
                                                   .last_attempted = row->now.last_attempted_ms,
                                                   .revision = learner->revision};
  }
  return stitch_write(ledger_db(tx), params, count, error, &outcome);
}

bool stitch_rows_remember(struct ledger_tx *tx, uint64_t user_id, const struct stitch_rows *rows,
                          struct error *error, bool *ret_any) {
  struct db_outcome outcome;
  size_t count = 0;
  struct stitch_remember_mutations_params *params =
      arena_alloc_array(ledger_arena(tx), rows->mutation_count, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < rows->mutation_count; at++) {
    const struct stitch_mutation *mutation = &rows->mutations[at];
    if (!mutation->remembered) continue;
    params[count++] = (struct stitch_remember_mutations_params){.user_id = user_id,
                                                                .mutation_id = mutation->mutation_id,
                                                                .content_hash = mutation->hash,
                                                                .created_at = ledger_now_ms(tx)};
  }
  *ret_any = count > 0;
  if (stitch_remember_mutations(ledger_db(tx), params, count, error, &outcome)) return true;
  /* Another node of a cluster may have been faster with the same items: look again. */
  if (error->code == ERROR_CONFLICT) error->code = ERROR_TRANSIENT;
  return false;
}
