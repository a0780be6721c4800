/* Plans: what a dry run found is kept, with a digest, and applied whole or not at all. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define PLAN_RANGE_ROWS_MAX 200000 /* images of one range */

/* --- A dry run ---------------------------------------------------------------------------------------- */

bool repair_plan_take(struct repair_tx *tx, struct error *error, struct repair_plan_rows *ret_plan) {
  struct repair_images_params params = {
      .run_id = tx->work->run->id, .from_user = tx->from, .to_user = tx->to};
  struct repair_images_row *rows;
  size_t count;
  if (!repair_images(tx->db, &params, tx->arena, PLAN_RANGE_ROWS_MAX, error, &rows, &count)) return false;
  struct repair_image_add_params *images = arena_alloc_array(tx->arena, count + 1, sizeof *images);
  if (images == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    images[at] = (struct repair_image_add_params){
        .run_id = params.run_id,
        .user_id = rows[at].user_id,
        .step = rows[at].step,
        .id = rows[at].id,
        .rule = rows[at].rule,
        .table_name = rows[at].table_name,
        .row_key = rows[at].row_key,
        .action = rows[at].action,
        .column_name = rows[at].column_name,
        .before_value = rows[at].before_value,
        .after_value = rows[at].after_value,
        .base_revision = rows[at].base_revision,
        .base_revision_is_null = rows[at].base_revision_is_null,
        .state = strcmp(rows[at].state, "done") == 0 ? "planned" : rows[at].state,
        .changed_by = rows[at].changed_by};
  *ret_plan = (struct repair_plan_rows){images, count, tx->learners_changed};
  return true;
}

bool repair_plan_store(struct repair_tx *tx, const struct repair_plan_rows *plan, struct error *error) {
  struct repair_count_params count = {
      .run_id = tx->work->run->id, .from_user = tx->from, .to_user = tx->to, .counts_found = true};
  struct repair_plan_count_params params = {.run_id = tx->work->run->id};
  struct repair_plan_count_row row;
  bool found;
  if (plan->count > 0 && !repair_image_add(tx->db, plan->rows, plan->count, error, NULL)) return false;
  if (plan->count > 0 && !repair_count(tx->db, &count, error, NULL)) return false;
  if (!repair_settle_paused(tx, error)) return false;
  if (!repair_plan_count(tx->db, &params, tx->arena, error, &row, &found)) return false;
  if (row.rows_planned <= REPAIR_PLAN_ROWS_MAX) return true;
  return error_set(error, ERROR_UNPROCESSABLE,
                   "The plan would have more than %d rows. Narrow the scope, or repair without a plan.",
                   REPAIR_PLAN_ROWS_MAX);
}

/* --- The digest --------------------------------------------------------------------------------------- */

/* Each value behind its length, so that no two plans read alike; NULL is told from the empty text. */
static bool digest_text(EVP_MD_CTX *digest, const char *text) {
  char length[REPAIR_NUMBER_BYTES];
  if (text == NULL) return EVP_DigestUpdate(digest, "-;", 2) == 1;
  int bytes = snprintf(length, sizeof length, "%zu:", strlen(text));
  return EVP_DigestUpdate(digest, length, (size_t)bytes) == 1 &&
         EVP_DigestUpdate(digest, text, strlen(text)) == 1;
}

static bool digest_number(EVP_MD_CTX *digest, uint64_t number) {
  char text[REPAIR_NUMBER_BYTES];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  return digest_text(digest, text);
}

static bool digest_row(const struct repair_plan_each_row *row, void *context, struct error *error) {
  EVP_MD_CTX *digest = context;
  const char *const texts[] = {row->rule,        row->table_name,   row->row_key,    row->action,
                               row->column_name, row->before_value, row->after_value};
  bool done = digest_number(digest, row->user_id) && digest_number(digest, row->step);
  for (size_t at = 0; done && at < ARRAY_LENGTH(texts); at++)
    done = digest_text(digest, texts[at]);
  done = done &&
         (row->base_revision_is_null ? digest_text(digest, NULL) : digest_number(digest, row->base_revision));
  return done || error_set_memory(error);
}

static bool digest_rows(const struct repair_work *work, EVP_MD_CTX *digest, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  struct repair_plan_each_params params = {.run_id = work->run->id};
  if (!repair_borrow(work->pool, error, &lease)) return false;
  if (!repair_plan_each(lease.db, &params, work->arena, digest_row, digest, error))
    return repair_give_up(error);
  db_end_read(lease.db);
  return true;
}

bool repair_plan_digest(const struct repair_work *work, struct error *error, char *digest) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context == NULL) return error_set_memory(error);
  bool done = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 || error_set_memory(error);
  done = done && digest_rows(work, context, error);
  done = done && (EVP_DigestFinal_ex(context, hash, NULL) == 1 || error_set_memory(error));
  EVP_MD_CTX_free(context);
  for (size_t at = 0; done && at < (REPAIR_DIGEST_BYTES - 1) / 2; at++)
    snprintf(digest + 2 * at, 3, "%02x", hash[at]);
  return done;
}
