#include <string.h>

#include "base/random.h"
#include "event/intake_private.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MADE_ID_BYTES 12 /* of randomness */

bool event_all_applied(const struct event_result *results, size_t count) {
  for (size_t at = 0; at < count; at++)
    if (strcmp(results[at].status, event_outcome_names[EVENT_APPLIED]) != 0) return false;
  return true;
}

bool event_make_id(const char *prefix, size_t at, struct arena *arena, struct error *error,
                   const char **ret_id) {
  char random[2 * MADE_ID_BYTES + 1];
  const char *id;
  if (prefix == NULL) {
    random_hex(random, MADE_ID_BYTES);
    id = arena_printf(arena, "event-%s", random);
  } else {
    id = arena_printf(arena, "%s:%zu", prefix, at);
  }
  if (id == NULL) return error_set_memory(error);
  *ret_id = id;
  return true;
}

/* --- Before the transaction ------------------------------------------------------------------------ */

/* An event that cannot be read. */
static bool refuse(const struct event_submit *submit, struct event_item *item, const struct error *why,
                   struct error *error, struct event_result *ret_result) {
  item->refused = true;
  return intake_reject(item->body->id, why, submit->arena, error, ret_result);
}

/* What the decoder had to say of an item. */
static void tell_unreadable(const struct event_body *body, struct error *why) {
  const struct error_field *problems = body->problems.items;
  if (body->problems.count == 0) error_set(why, ERROR_MALFORMED, "%s", body->complaint);
  for (size_t at = 0; at < body->problems.count; at++)
    error_add_field(why, ERROR_MALFORMED, problems[at].field, "%s", problems[at].message);
}

static bool prepare_item(const struct event_submit *submit, size_t at, struct event_item *item,
                         struct error *error, struct event_result *ret_result) {
  struct event_body *body = &submit->bodies[at];
  struct error why = ERROR_INIT;
  *item = (struct event_item){.body = body, .position = (uint32_t)at};
  if (body->complaint != NULL) {
    tell_unreadable(body, &why);
    return refuse(submit, item, &why, error, ret_result);
  }
  if (body->id == NULL && !event_make_id(submit->id_prefix, at, submit->arena, error, &body->id))
    return false;
  if (!event_hash(body, error, &item->hash)) return false;
  if (event_check(body, submit->arena, &why)) return true;
  if (submit->alone || why.code == ERROR_TOO_LARGE) {
    *error = why;
    return false;
  }
  return refuse(submit, item, &why, error, ret_result);
}

/* --- The transactions ------------------------------------------------------------------------------ */

/* A submission under way. */
struct course {
  const struct event_submit *submit;
  struct event_item *items;
  struct event_result *results;
  struct event_submitted *reply; /* of the whole, from the ledger */
  uint64_t revision;
  int64_t db_ns;
};

/* One part of a submission as an entry of the ledger. */
struct part {
  struct event_batch batch;
  struct ledger_entry entry;
  struct arena *scratch;
};

/* An event alone shares a transaction with others' that wait at the same moment; more than one have a
 * transaction of their own, for they hold it for long. */
static bool run_once(struct course *course, struct part *part, const char *op_id, struct error *error) {
  const struct event_submit *submit = course->submit;
  part->entry = (struct ledger_entry){.user_id = submit->user_id,
                                      .op_id = op_id,
                                      .request_hash = submit->request_hash,
                                      .actor = submit->actor,
                                      .input = &part->batch,
                                      .reply_schema = op_id == NULL ? NULL : &event_submitted_schema,
                                      .reply = op_id == NULL ? NULL : course->reply,
                                      .arena = submit->arena};
  bool ran =
      part->batch.is_joined
          ? ledger_join(submit->ledger, &event_intake_kind, &part->entry, part->scratch, error)
          : ledger_run_one(submit->ledger, &event_intake_kind, &part->entry, NULL, part->scratch, error);
  course->db_ns += part->entry.db_ns;
  return ran;
}

/* Where it was done by a COMMIT whose outcome got lost, and no reply is kept of it, its events are known by
 * now: the same once more reads their results. */
static bool run_part(struct course *course, struct part *part, const char *op_id, struct error *error) {
  bool ran = run_once(course, part, op_id, error);
  if (ran && op_id == NULL && part->entry.state == LEDGER_REPLAYED) ran = run_once(course, part, NULL, error);
  if (!ran) return false;
  course->revision = part->entry.revision;
  return !part->batch.is_joined ||
         schema_decode_json(&event_result_schema, part->batch.text, strlen(part->batch.text), UNKNOWN_IGNORED,
                            course->submit->arena, part->batch.results, error);
}

static struct part part_of(const struct course *course, size_t from, size_t count,
                           const struct error *failure, struct arena *scratch) {
  const struct event_submit *submit = course->submit;
  return (struct part){.batch = {.host = submit->host,
                                 .items = course->items + from,
                                 .results = course->results + from,
                                 .count = count,
                                 .refusal = submit->alone ? REFUSAL_FAILS_ENTRY : REFUSAL_IS_A_RESULT,
                                 .failure = failure,
                                 .is_joined = submit->alone && failure == NULL},
                       .scratch = scratch};
}

/* Out of the memory of a part's transaction. */
static bool keep_results(struct course *course, size_t from, size_t count, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(EVENT_RESULT_BYTES);
  for (size_t at = from; at < from + count; at++) {
    if (course->items[at].refused) continue;
    buffer_reset(&text);
    schema_encode_json(&event_result_schema, &course->results[at], &text);
    if (text.failed) return error_set_memory(error);
    if (!schema_decode_json(&event_result_schema, buffer_text(&text), text.length, UNKNOWN_IGNORED,
                            course->submit->arena, &course->results[at], error))
      return false;
  }
  return true;
}

/* Those that fail are found by halves; what is found alone is kept. So is parted what is too much for one
 * transaction's memory, of which each part has its own. */
static bool run_apart(struct course *course, size_t from, size_t count, struct error *error) {
  CLEANUP(arena_cleanup)
  struct arena *scratch = arena_new((size_t)course->submit->host->config->workers.arena_bytes);
  if (scratch == NULL) return error_set_memory(error);
  struct part part = part_of(course, from, count, NULL, scratch);
  struct error failure;
  if (run_part(course, &part, NULL, error)) return keep_results(course, from, count, error);
  if (!intake_is_failure(error) && error->code != ERROR_TOO_LARGE) return false;
  failure = *error;
  error_clear(error);
  if (count > 1)
    return run_apart(course, from, count / 2, error) &&
           run_apart(course, from + count / 2, count - count / 2, error);
  part = part_of(course, from, 1, &failure, scratch);
  return run_part(course, &part, NULL, error) && keep_results(course, from, 1, error);
}

/* The whole at once, under the batch's own id where it has one. */
static bool run_whole(struct course *course, size_t count, struct error *error, bool *ret_replayed) {
  const struct event_submit *submit = course->submit;
  struct arena_mark mark = arena_mark(submit->arena);
  struct part part = part_of(course, 0, count, NULL, submit->arena);
  *ret_replayed = false;
  if (run_part(course, &part, submit->op_id, error)) {
    *ret_replayed = submit->op_id != NULL && part.entry.state == LEDGER_REPLAYED;
    return !*ret_replayed ||
           schema_decode_json(&event_submitted_schema, part.entry.reply_text, strlen(part.entry.reply_text),
                              UNKNOWN_IGNORED, submit->arena, course->reply, error);
  }
  if (!intake_is_failure(error) && error->code != ERROR_TOO_LARGE) return false;
  error_clear(error);
  arena_rewind(submit->arena, mark);
  return run_apart(course, 0, count, error);
}

bool event_submit(struct event_submit *submit, struct error *error, struct event_submitted *ret_submitted) {
  struct event_submitted reply = {.success = false};
  struct course course = {.submit = submit,
                          .items = arena_alloc_array(submit->arena, submit->count, sizeof(struct event_item)),
                          .results =
                              arena_alloc_array(submit->arena, submit->count, sizeof(struct event_result)),
                          .reply = &reply};
  bool replayed;
  if (course.items == NULL || course.results == NULL) return error_set_memory(error);
  for (size_t at = 0; at < submit->count; at++)
    if (!prepare_item(submit, at, &course.items[at], error, &course.results[at])) return false;
  if (!run_whole(&course, submit->count, error, &replayed)) return false;
  if (!replayed)
    reply = (struct event_submitted){.success = event_all_applied(course.results, submit->count),
                                     .revision = course.revision,
                                     .results = {.items = course.results, .count = submit->count}};
  reply.db_ns = course.db_ns;
  *ret_submitted = reply;
  return true;
}
