/* POST /api/progress/bulk-sync. */
#include "queries/stitch.h"
#include "schema/encode.h"
#include "session/stitch_api.h"

#include "base/banned.h"

#define CONFLICTS_BYTES ((size_t)16 * 1024 * 1024)

struct bulk_body {
  uint64_t base_revision;
  enum presence base_given;
  struct field_list items; /* struct stitch_item */
};

static const struct field body_fields[] = {
    FIELD_UINT(struct bulk_body, "baseRevision", base_revision, .flags = FIELD_NULLABLE, .maximum = INT64_MAX,
               .presence = PRESENCE(struct bulk_body, base_given),
               .summary = "The learner's revision that the items were made from. Without it nothing is in "
                          "conflict."),
    FIELD_LIST(struct bulk_body, "progressItems", items, .object = &stitch_item_schema,
               .flags = FIELD_REQUIRED | FIELD_COLLECT_ERRORS, .minimum = 1, .maximum = STITCH_ITEMS_MAX,
               .summary = "In the order in which they are to be taken."),
};
static const struct schema body_schema =
    SCHEMA("BulkSync", struct bulk_body, body_fields, .missing = "Missing or invalid progressItems array",
           .summary = "What a client kept while it was offline.");

/* The row as it stands, for a conflict. */
struct bulk_server {
  int64_t order_number;
  int64_t skip_number;
  const char *distractor_level;
  bool is_completed;
  int64_t last_attempted_ms;
  uint64_t revision;
};
struct bulk_result {
  uint64_t index;
  const char *mutation_id;
  const char *thread_id;
  const char *stitch_id;
  const char *status;
  const char *reason;
  struct bulk_server server;
  enum presence server_given;
};
struct bulk_reply {
  bool success;
  const char *message;
  uint64_t total_synced;
  uint64_t revision;
  struct field_list results; /* struct bulk_result */
};

static const struct field server_fields[] = {
    FIELD_INT(struct bulk_server, "orderNumber", order_number, .flags = FIELD_REQUIRED,
              .summary = "Where it stands in the thread."),
    FIELD_INT(struct bulk_server, "skipNumber", skip_number, .flags = FIELD_REQUIRED,
              .summary = "How many others come before it comes again."),
    FIELD_TEXT(struct bulk_server, "distractorLevel", distractor_level, .flags = FIELD_REQUIRED,
               .summary = "How hard its wrong answers are."),
    FIELD_BOOL(struct bulk_server, "isCompleted", is_completed, .flags = FIELD_REQUIRED,
               .summary = "Whether it is completed."),
    FIELD_TIME(struct bulk_server, "lastAttempted", last_attempted_ms, .flags = FIELD_REQUIRED,
               .summary = "When the learner last attempted it."),
    FIELD_UINT(struct bulk_server, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision in which this last changed."),
};
static const struct schema server_schema =
    SCHEMA("StitchServerRow", struct bulk_server, server_fields, .summary = "A stitch as it stands here.");

static const struct field result_fields[] = {
    FIELD_UINT(struct bulk_result, "index", index, .flags = FIELD_REQUIRED,
               .summary = "Its place in progressItems, from 0 on."),
    FIELD_TEXT(struct bulk_result, "mutationId", mutation_id, .summary = "As sent."),
    FIELD_TEXT(struct bulk_result, "threadId", thread_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "As sent; null where it could not be read."),
    FIELD_TEXT(struct bulk_result, "stitchId", stitch_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "As sent; null where it could not be read."),
    FIELD_TEXT(struct bulk_result, "status", status, .flags = FIELD_REQUIRED,
               .summary = "applied, duplicate, conflict or rejected."),
    FIELD_TEXT(struct bulk_result, "reason", reason, .summary = "Why, where there is something to say."),
    FIELD_OBJECT(struct bulk_result, "server", server, .object = &server_schema,
                 .presence = PRESENCE(struct bulk_result, server_given),
                 .summary = "Of a conflict: the row as it stands."),
};
static const struct schema result_schema =
    SCHEMA("BulkSyncResult", struct bulk_result, result_fields, .summary = "What became of an item.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct bulk_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether every item was taken, or had been before."),
    FIELD_TEXT(struct bulk_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "In a sentence."),
    FIELD_UINT(struct bulk_reply, "totalSynced", total_synced, .flags = FIELD_REQUIRED,
               .summary = "How many items were applied or duplicates."),
    FIELD_UINT(struct bulk_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards: the next baseRevision."),
    FIELD_LIST(struct bulk_reply, "results", results, .object = &result_schema, .flags = FIELD_REQUIRED,
               .maximum = STITCH_ITEMS_MAX, .summary = "One an item, in the order given."),
};
static const struct schema reply_schema =
    SCHEMA("BulkSynced", struct bulk_reply, reply_fields, .summary = "What became of the items.");

/* --- The rows that conflicts are with -------------------------------------------------------------- */

static size_t list_conflicts(struct bulk_result *results, const enum stitch_outcome *outcomes, size_t count,
                             struct bulk_result **conflicts, struct buffer *keys) {
  size_t found = 0;
  for (size_t at = 0; at < count; at++) {
    if (outcomes[at] != STITCH_CONFLICT) continue;
    buffer_append_text(keys, found == 0 ? "[[" : "],[");
    json_append_text(keys, results[at].thread_id);
    buffer_append_char(keys, ',');
    json_append_text(keys, results[at].stitch_id);
    conflicts[found++] = &results[at];
  }
  buffer_append_text(keys, "]]");
  return found;
}

/* As they stand now: also where the reply is a repeat's, for that is what the client has to settle with. */
static bool read_conflicts(struct request *request, const struct stitch_done *done,
                           struct bulk_result *results, size_t count, struct error *error) {
  CLEANUP(buffer_free) struct buffer keys = BUFFER_INIT(CONFLICTS_BYTES);
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct bulk_result **conflicts = arena_alloc_array(request->arena, count, sizeof *conflicts);
  struct stitch_current_row *rows;
  size_t row_count;
  if (conflicts == NULL) return error_set_memory(error);
  size_t listed = list_conflicts(results, done->outcomes, count, conflicts, &keys);
  if (listed == 0) return true;
  if (keys.failed) return error_set_memory(error);
  struct stitch_current_params params = {.user_id = done->user_id, .stitch_keys = keys.data};
  if (!request_borrow(request, error, &lease) ||
      !stitch_current(lease.db, &params, request->arena, listed, error, &rows, &row_count))
    return false;
  for (size_t at = 0; at < row_count; at++) {
    struct bulk_result *result = conflicts[rows[at].place - 1];
    result->server_given = PRESENCE_GIVEN;
    result->server = (struct bulk_server){.order_number = rows[at].order_number,
                                          .skip_number = rows[at].skip_number,
                                          .distractor_level = rows[at].distractor_level,
                                          .is_completed = rows[at].is_completed,
                                          .last_attempted_ms = rows[at].last_attempted,
                                          .revision = rows[at].revision};
  }
  return true;
}

/* --- The reply ------------------------------------------------------------------------------------- */

static bool fill_reply(struct request *request, const struct stitch_batch *batch,
                       const struct stitch_done *done, struct error *error, struct bulk_reply *reply) {
  struct bulk_result *results = arena_alloc_array(request->arena, batch->count, sizeof *results);
  if (results == NULL) return error_set_memory(error);
  for (size_t at = 0; at < batch->count; at++) {
    const struct stitch_item *item = &batch->items[at];
    enum stitch_outcome outcome = done->outcomes[at];
    results[at] = (struct bulk_result){.index = at,
                                       .mutation_id = item->mutation_id,
                                       .thread_id = item->thread_id,
                                       .stitch_id = item->stitch_id,
                                       .status = stitch_status(outcome),
                                       .reason = stitch_reason(item, outcome, batch->config, request->arena)};
    if (stitch_is_synced(outcome)) reply->total_synced++;
  }
  reply->success = reply->total_synced == batch->count;
  reply->message = reply->success ? "Progress synced successfully" : "Some items could not be synced";
  reply->revision = done->revision;
  reply->results = (struct field_list){.items = results, .count = batch->count};
  return read_conflicts(request, done, results, batch->count, error);
}

static bool handle_bulk(struct request *request, const void *query, const void *body_struct,
                        void *reply_struct, struct error *error) {
  const struct bulk_body *body = body_struct;
  struct bulk_reply *reply = reply_struct;
  struct stitch_batch batch = {.items = body->items.items,
                               .count = body->items.count,
                               .base_revision = body->base_revision,
                               .has_base = body->base_given == PRESENCE_GIVEN};
  struct stitch_done done;
  struct db_hash hash = {{0}};
  const char *op_id;
  (void)query;
  if (!request_op_id(request, stitch_bulk_kind.name, NULL, error, &op_id)) return false;
  /* Without a key nobody will ever compare it. */
  if (op_id != NULL && !stitch_hash_batch(&batch, error, &hash)) return false;
  if (!stitch_run(request, &stitch_bulk_kind, &batch, &hash, op_id, error, &done) ||
      !fill_reply(request, &batch, &done, error, reply))
    return false;
  if (!reply->success) request->status = 207;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/progress/bulk-sync",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_BULK_BODY | ENDPOINT_MAY_MIX,
     .body = &body_schema,
     .reply = &reply_schema,
     .handle = handle_bulk,
     .tag = "Sessions",
     .summary = "Bring in what was done offline, item by item"},
};
const struct endpoint_table bulk_endpoints = ENDPOINT_TABLE(rows);
