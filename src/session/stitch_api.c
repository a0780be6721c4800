/* POST /api/progress/update and GET /api/progress/stitches. */
#include "session/stitch_api.h"

#include <string.h>

#include "queries/stitch.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define STITCHES_MAX 100000 /* that one reply lists */
#define PAGE_MAX 10000
#define PLACE_CHARACTERS 4096 /* two ids, escaped, and a revision */
#define PLACE_BYTES 8192

bool stitch_run(struct request *request, const struct ledger_kind *kind, struct stitch_batch *batch,
                const struct db_hash *hash, const char *op_id, struct error *error,
                struct stitch_done *ret_done) {
  struct stitch_record record;
  struct stitch_done done;
  struct ledger_entry entry = {.user_id = request->principal.user_id,
                               .op_id = op_id,
                               .request_hash = *hash,
                               .actor = request->principal.actor,
                               .input = batch,
                               .reply_schema = &stitch_record_schema,
                               .reply = &record,
                               .arena = request->arena};
  batch->config = &request->app->config->offline;
  bool ran = ledger_run_one(request->app->ledger, kind, &entry, NULL, request->arena, error);
  request->db_ns += entry.db_ns;
  /* Now and on a repeat alike, the reply is made out of what was kept of it. */
  if (!ran ||
      !schema_decode_json(&stitch_record_schema, entry.reply_text, strlen(entry.reply_text), UNKNOWN_REFUSED,
                          request->arena, &record, error) ||
      !stitch_read_outcomes(&record, batch->count, request->arena, error, &done.outcomes))
    return false;
  done.user_id = entry.user_id;
  done.revision = record.revision;
  *ret_done = done;
  return true;
}

/* --- POST /api/progress/update --------------------------------------------------------------------- */

struct update_reply {
  bool success;
  const char *message;
  const char *thread_id;
  const char *stitch_id;
  int64_t order_number;
  const char *status;
  uint64_t revision;
};

static const struct field update_reply_fields[] = {
    FIELD_BOOL(struct update_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct update_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "In a sentence."),
    FIELD_TEXT(struct update_reply, "threadId", thread_id, .flags = FIELD_REQUIRED, .summary = "As sent."),
    FIELD_TEXT(struct update_reply, "stitchId", stitch_id, .flags = FIELD_REQUIRED, .summary = "As sent."),
    FIELD_INT(struct update_reply, "orderNumber", order_number, .flags = FIELD_REQUIRED,
              .summary = "As sent, or its default."),
    FIELD_TEXT(struct update_reply, "status", status, .flags = FIELD_REQUIRED,
               .summary = "applied; or duplicate, where what is known already is the same or newer."),
    FIELD_UINT(struct update_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
};
static const struct schema update_reply_schema =
    SCHEMA("StitchUpdated", struct update_reply, update_reply_fields, .summary = "What became of an update.");

static bool handle_update(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  const struct stitch_item *item = body;
  struct update_reply *reply = reply_struct;
  struct stitch_batch batch = {.items = item, .count = 1};
  struct stitch_done done;
  struct db_hash hash;
  const char *op_id;
  (void)query;
  if (!request_op_id(request, stitch_update_kind.name, NULL, error, &op_id) ||
      !ledger_hash(stitch_update_kind.name, &stitch_update_schema, item, error, &hash) ||
      !stitch_run(request, &stitch_update_kind, &batch, &hash, op_id, error, &done))
    return false;
  *reply = (struct update_reply){.success = true,
                                 .message = "Progress updated successfully",
                                 .thread_id = item->thread_id,
                                 .stitch_id = item->stitch_id,
                                 .order_number = item->order_number,
                                 .status = stitch_status(done.outcomes[0]),
                                 .revision = done.revision};
  return true;
}

/* --- GET /api/progress/stitches -------------------------------------------------------------------- */

struct stitches_query {
  uint64_t since;
  enum presence since_given;
  uint64_t limit; /* 0: not sent */
  const char *after;
};
struct stitch_entry {
  const char *thread_id;
  const char *stitch_id;
  int64_t order_number;
  int64_t skip_number;
  const char *distractor_level;
  bool is_completed;
  int64_t last_attempted_ms;
  uint64_t revision;
};
struct stitches_reply {
  bool success;
  struct field_list stitches; /* struct stitch_entry */
  uint64_t revision;
  bool resync;
  const char *next_after; /* NULL at the end */
};

/* Where a page ended, as its nextAfter: the last stitch's place in the order. */
struct stitch_place {
  uint64_t revision;
  const char *thread_id;
  const char *stitch_id;
};
static const struct field place_fields[] = {
    FIELD_UINT(struct stitch_place, "revision", revision, .flags = FIELD_REQUIRED, .maximum = INT64_MAX,
               .summary = "In which it changed."),
    FIELD_TEXT(struct stitch_place, "threadId", thread_id, .flags = FIELD_REQUIRED, .summary = "Its thread."),
    FIELD_TEXT(struct stitch_place, "stitchId", stitch_id, .flags = FIELD_REQUIRED, .summary = "Itself."),
};
static const struct schema place_schema =
    SCHEMA("StitchPlace", struct stitch_place, place_fields, .summary = "A place in the list of stitches.");

static const struct field stitches_query_fields[] = {
    FIELD_UINT(struct stitches_query, "since", since,
               .presence = PRESENCE(struct stitches_query, since_given), .maximum = INT64_MAX,
               .summary = "Only what changed after this revision of the learner's."),
    FIELD_UINT(struct stitches_query, "limit", limit, .minimum = 1, .maximum = PAGE_MAX,
               .summary = "At most so many; all of them, when not sent."),
    FIELD_TEXT(struct stitches_query, "after", after, .minimum = 1, .maximum = PLACE_CHARACTERS,
               .summary = "Go on after this place, with the same `since`: the nextAfter of the page before."),
};
static const struct schema stitches_query_schema =
    SCHEMA("StitchesQuery", struct stitches_query, stitches_query_fields, .summary = "Which stitches.");

static const struct field entry_fields[] = {
    FIELD_TEXT(struct stitch_entry, "threadId", thread_id, .flags = FIELD_REQUIRED, .summary = "The thread."),
    FIELD_TEXT(struct stitch_entry, "stitchId", stitch_id, .flags = FIELD_REQUIRED,
               .summary = "The stitch within it."),
    FIELD_INT(struct stitch_entry, "orderNumber", order_number, .flags = FIELD_REQUIRED,
              .summary = "Where it stands in the thread."),
    FIELD_INT(struct stitch_entry, "skipNumber", skip_number, .flags = FIELD_REQUIRED,
              .summary = "How many others come before it comes again."),
    FIELD_TEXT(struct stitch_entry, "distractorLevel", distractor_level, .flags = FIELD_REQUIRED,
               .summary = "How hard its wrong answers are."),
    FIELD_BOOL(struct stitch_entry, "isCompleted", is_completed, .flags = FIELD_REQUIRED,
               .summary = "Whether it is completed."),
    FIELD_TIME(struct stitch_entry, "lastAttempted", last_attempted_ms, .flags = FIELD_REQUIRED,
               .summary = "When the learner last attempted it."),
    FIELD_UINT(struct stitch_entry, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision in which this last changed."),
};
static const struct schema entry_schema =
    SCHEMA("Stitch", struct stitch_entry, entry_fields, .summary = "How far the learner is with a stitch.");

static const struct field stitches_reply_fields[] = {
    FIELD_BOOL(struct stitches_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_LIST(struct stitches_reply, "stitches", stitches, .object = &entry_schema, .flags = FIELD_REQUIRED,
               .maximum = STITCHES_MAX, .summary = "In the order in which they changed."),
    FIELD_UINT(struct stitches_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision: the next `since`; of several pages, the last one's."),
    FIELD_BOOL(struct stitches_reply, "resync", resync, .flags = FIELD_REQUIRED,
               .summary = "`since` is none of the learner's revisions: these are all stitches there are."),
    FIELD_TEXT(struct stitches_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema stitches_reply_schema =
    SCHEMA("Stitches", struct stitches_reply, stitches_reply_fields, .summary = "Stitches of the learner.");

static bool print_place(const struct stitch_list_row *row, struct arena *arena, struct error *error,
                        const char **ret_text) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PLACE_BYTES);
  struct stitch_place place = {
      .revision = row->revision, .thread_id = row->thread_id, .stitch_id = row->stitch_id};
  schema_encode_json(&place_schema, &place, &text);
  const char *kept = text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
  if (kept == NULL) return error_set_memory(error);
  *ret_text = kept;
  return true;
}

static bool read_place(const char *text, struct arena *arena, struct error *error,
                       struct stitch_place *ret_place) {
  struct error unreadable = ERROR_INIT;
  if (text == NULL) {
    *ret_place = (struct stitch_place){.thread_id = "", .stitch_id = ""};
    return true;
  }
  return schema_decode_json(&place_schema, text, strlen(text), UNKNOWN_REFUSED, arena, ret_place,
                            &unreadable) ||
         error_add_field(error, ERROR_MALFORMED, "after", "must be the nextAfter of the page before");
}

static bool read_stitches(struct request *request, const struct stitches_query *query, struct error *error,
                          struct stitches_reply *reply) {
  size_t limit = query->limit == 0 ? STITCHES_MAX : (size_t)query->limit;
  struct stitch_place place;
  struct stitch_list_row *rows;
  size_t count;
  if (!read_place(query->after, request->arena, error, &place)) return false;
  struct stitch_list_params params = {.user_id = request->principal.user_id,
                                      .since = reply->resync ? 0 : query->since,
                                      .after_revision = place.revision,
                                      .after_thread = place.thread_id,
                                      .after_stitch = place.stitch_id,
                                      .limit_rows = limit + 1};
  if (!stitch_list(request->snapshot, &params, request->arena, limit + 1, error, &rows, &count)) return false;
  bool more = count > limit;
  if (more && query->limit == 0)
    return error_add_field(error, ERROR_UNPROCESSABLE, "limit",
                           "must be sent: there are more than %d stitches", STITCHES_MAX);
  if (more) count = limit;
  if (more && !print_place(&rows[count - 1], request->arena, error, &reply->next_after)) return false;
  struct stitch_entry *entries = arena_alloc_array(request->arena, count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    entries[at] = (struct stitch_entry){.thread_id = rows[at].thread_id,
                                        .stitch_id = rows[at].stitch_id,
                                        .order_number = rows[at].order_number,
                                        .skip_number = rows[at].skip_number,
                                        .distractor_level = rows[at].distractor_level,
                                        .is_completed = rows[at].is_completed,
                                        .last_attempted_ms = rows[at].last_attempted,
                                        .revision = rows[at].revision};
  reply->stitches = (struct field_list){.items = entries, .count = count};
  return true;
}

static bool handle_stitches(struct request *request, const void *query_struct, const void *body,
                            void *reply_struct, struct error *error) {
  const struct stitches_query *query = query_struct;
  struct stitches_reply *reply = reply_struct;
  struct stitch_revision_params params = {.user_id = request->principal.user_id};
  struct stitch_revision_row row;
  bool found;
  (void)body;
  if (!stitch_revision(request->snapshot, &params, request->arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_UNAUTHENTICATED, "This account no longer exists.");
  reply->success = true;
  reply->revision = row.revision;
  /* A revision that is yet to come was given out before a backup was restored. */
  reply->resync = query->since_given == PRESENCE_GIVEN && query->since > row.revision;
  return read_stitches(request, query, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/progress/update",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY,
     .body = &stitch_update_schema,
     .reply = &update_reply_schema,
     .handle = handle_update,
     .tag = "Sessions",
     .summary = "Record how far the learner is with a stitch"},
    {.method = "GET",
     .path = "/api/progress/stitches",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .query = &stitches_query_schema,
     .reply = &stitches_reply_schema,
     .handle = handle_stitches,
     .tag = "Sessions",
     .summary = "How far the learner is with every stitch, or with those that changed"},
};
const struct endpoint_table stitch_endpoints = ENDPOINT_TABLE(rows);
