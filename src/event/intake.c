#include "event/intake.h"

#include <string.h>

#include "base/clock.h"
#include "event/activity.h"
#include "event/award.h"
#include "event/cascade.h"
#include "event/conflict.h"
#include "event/intake_private.h"
#include "event/sync_status.h"
#include "learner/practice.h"
#include "schema/encode.h"

#include "base/banned.h"

#define NS_PER_MS 1e6
#define DATA_BYTES ((size_t)256 * 1024)
#define SUMS_MAX 32 /* kinds of changes */

#define REUSED_SENTENCE "was already used for an event with other content"

/* --- What the history says ------------------------------------------------------------------------- */

struct event_sum {
  const char *what;
  int64_t by;
  int64_t changes;
};

bool event_report(struct event_intake *intake, const struct ledger_change *change, struct error *error) {
  if (intake->entry->change_count < LEDGER_CHANGES_MAX / 2)
    return ledger_report(intake->tx, intake->entry, change, error);
  if (intake->sums == NULL)
    intake->sums = arena_alloc_array(ledger_arena(intake->tx), SUMS_MAX, sizeof *intake->sums);
  if (intake->sums == NULL) return error_set_memory(error);
  size_t at = 0;
  while (at < intake->sum_count && strcmp(intake->sums[at].what, change->what) != 0)
    at++;
  if (at == SUMS_MAX) return error_set(error, ERROR_INTERNAL, "Events report too many kinds of changes.");
  if (at == intake->sum_count) intake->sums[intake->sum_count++] = (struct event_sum){.what = change->what};
  intake->sums[at].by += change->by;
  intake->sums[at].changes++;
  return true;
}

static bool report_sums(struct event_intake *intake, struct error *error) {
  for (size_t at = 0; at < intake->sum_count; at++) {
    const struct event_sum *sum = &intake->sums[at];
    const char *because =
        arena_printf(ledger_arena(intake->tx), "%lld changes more", (long long)sum->changes);
    struct ledger_change change = {.what = sum->what, .by = sum->by, .because = because};
    if (because == NULL) return error_set_memory(error);
    if (!ledger_report(intake->tx, intake->entry, &change, error)) return false;
  }
  intake->sum_count = 0;
  return true;
}

static bool report_event(struct event_intake *intake, const struct event *event, struct error *error) {
  struct ledger_change change = {.what = "event",
                                 .key = event_type_names[event->type],
                                 .by = event->outcome == EVENT_APPLIED ? 1 : 0,
                                 .because = event->id};
  return event_report(intake, &change, error);
}

/* --- One event through all stages ------------------------------------------------------------------ */

static bool make_event(struct event_intake *intake, const struct event_item *item, struct error *error,
                       struct event *ret_event) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DATA_BYTES);
  event_from_body(item->body, intake->now_ms, ret_event);
  schema_encode_json(&event_data_schema, &item->body->data, &text);
  ret_event->data_text =
      text.failed ? NULL : arena_strndup(ledger_arena(intake->tx), buffer_text(&text), text.length);
  if (ret_event->data_text == NULL) return error_set_memory(error);
  ret_event->revision = intake->entry->learner.revision;
  ret_event->position = item->position;
  ret_event->hash = item->hash;
  ret_event->day = zone_day_at(intake->zones, intake->entry->learner.time_zone, ret_event->happened_at_ms);
  return true;
}

/* An event on its way through the stages. */
struct event_step {
  struct event_item *item;
  struct event event;
  struct event_around around;
  struct conflict_verdict verdict;
  struct event_result *result;
};

/* ERROR_UNPROCESSABLE: it is refused. */
static bool judge(struct event_intake *intake, struct event_step *step, struct error *error) {
  int64_t window_ms = conflict_window_ms(&step->event, &intake->config->events);
  if (intake_has_row(intake, &step->event) && !intake_write_rows(intake, 1, error)) return false;
  return event_look_around(intake, &step->event, window_ms, error, &step->around) &&
         conflict_judge(intake, &step->event, &step->around, &step->verdict, error);
}

/* Where it contradicts nothing, nobody looks for its row before it is done with. */
static bool is_put_off(const struct event_step *step) {
  return step->verdict.kind == CONFLICT_NONE && !step->item->waited;
}

static bool write_down(struct event_intake *intake, struct event_step *step, struct error *error) {
  return is_put_off(step) || intake_write_row(intake, step->item, &step->event, NULL, error);
}

/* What the event says, and no longer what it decided against. */
static bool count(struct event_intake *intake, struct event_step *step, struct error *error) {
  if (step->event.outcome == EVENT_APPLIED && !activity_count(intake, &step->event, &step->around, error))
    return false;
  return conflict_write(intake, &step->event, &step->verdict, step->result, error);
}

/* A conflict may have changed what was around. */
static bool propagate(struct event_intake *intake, struct event_step *step, struct error *error) {
  const struct event_around *around = step->verdict.kind == CONFLICT_NONE ? &step->around : NULL;
  return step->event.outcome != EVENT_APPLIED ||
         cascade_run(intake, &step->event, around, step->result, error);
}

static bool award(struct event_intake *intake, struct event_step *step, struct error *error) {
  return step->event.outcome != EVENT_APPLIED || award_check(intake, &step->event, step->result, error);
}

static bool (*const stages[])(struct event_intake *intake, struct event_step *step,
                              struct error *error) = {judge, write_down, count, propagate, award};

/* What was decided against at once is told as a conflict: it says how that ended. */
static const char *status_of(enum event_outcome outcome) {
  return event_outcome_names[outcome == EVENT_SUPERSEDED ? EVENT_CONFLICT : outcome];
}

/* How a system is in step is another matter now that one of its events is in a conflict. */
static void note_sources(struct event_intake *intake, const struct event_step *step) {
  intake->sources[step->event.source] = true;
  for (size_t at = 0; at < step->verdict.count; at++)
    intake->sources[step->verdict.events[at].source] = true;
  intake->stirred = intake->stirred || step->item->waited || step->verdict.kind != CONFLICT_NONE;
}

static bool process(struct event_intake *intake, struct event_item *item, struct error *error,
                    struct event_result *result) {
  int64_t started_ns = clock_monotonic_ns();
  struct event_step step = {.item = item, .result = result};
  if (!make_event(intake, item, error, &step.event)) return false;
  *result = (struct event_result){.event_id = step.event.id, .revision = step.event.revision};
  for (size_t at = 0; at < ARRAY_LENGTH(stages); at++)
    if (!stages[at](intake, &step, error)) return false;
  note_sources(intake, &step);
  result->status = status_of(step.event.outcome);
  result->total_processing_time = (double)(clock_monotonic_ns() - started_ns) / NS_PER_MS;
  return (!is_put_off(&step) || intake_put_off_row(intake, &step.event, result, error)) &&
         report_event(intake, &step.event, error);
}

/* It is taken, and that is all for now. */
static bool keep(struct event_intake *intake, struct event_item *item, const struct error *failure,
                 struct error *error, struct event_result *result) {
  struct event event;
  if (!make_event(intake, item, error, &event) ||
      !intake_reject(item->body->id, failure, ledger_arena(intake->tx), error, result))
    return false;
  event.outcome = EVENT_PENDING;
  intake->sources[event.source] = true;
  intake->stirred = true;
  result->revision = event.revision;
  result->status = event_outcome_names[EVENT_PENDING];
  return intake_write_row(intake, item, &event, failure, error) && report_event(intake, &event, error);
}

/* --- Which of them are taken ----------------------------------------------------------------------- */

static bool is_refused(const struct event_intake *intake, const struct event_item *item,
                       const struct event_known *known, struct error *error) {
  const struct event_body *body = item->body;
  const struct offline_config *offline = &intake->config->offline;
  if (known->is_known)
    return memcmp(&known->hash, &item->hash, sizeof known->hash) != 0 &&
           !error_add_field(error, ERROR_UNPROCESSABLE, "id", REUSED_SENTENCE);
  if (item->waited) return false;
  if (body->timestamp_given == PRESENCE_GIVEN &&
      !practice_check_time("timestamp", body->timestamp_ms, intake->now_ms, offline, error))
    return true;
  return !practice_check_time("eventData.completedAt", event_happened_at(body, intake->now_ms),
                              intake->now_ms, offline, error);
}

static bool refuse(struct event_intake *intake, const struct event_batch *batch, size_t at,
                   const struct error *why, struct error *error) {
  if (batch->refusal == REFUSAL_IS_A_RESULT)
    return intake_reject(batch->items[at].body->id, why, ledger_arena(intake->tx), error,
                         &batch->results[at]);
  if (batch->refusal == REFUSAL_FAILS_THE_WORK) {
    *error = *why;
    return false;
  }
  intake->entry->error = *why;
  ledger_fail(intake->entry);
  return true;
}

/* An id that comes twice in a batch is known the second time. */
static void remember(const struct event_batch *batch, struct event_known *known, size_t at) {
  const char *id = batch->items[at].body->id;
  for (size_t later = at + 1; later < batch->count; later++)
    if (!batch->items[later].refused && strcmp(batch->items[later].body->id, id) == 0)
      known[later] =
          (struct event_known){.is_known = true, .hash = batch->items[at].hash, .result = batch->results[at]};
}

static bool take(struct event_intake *intake, const struct event_batch *batch, size_t at,
                 struct event_known *known, struct error *error) {
  struct event_item *item = &batch->items[at];
  struct error why = ERROR_INIT;
  item->stands = false;
  if (is_refused(intake, item, &known[at], &why)) return refuse(intake, batch, at, &why, error);
  if (known[at].is_known) {
    batch->results[at] = known[at].result;
    return true;
  }
  bool taken = batch->failure == NULL ? process(intake, item, &why, &batch->results[at])
                                      : keep(intake, item, batch->failure, &why, &batch->results[at]);
  if (!taken && why.code == ERROR_UNPROCESSABLE) return refuse(intake, batch, at, &why, error);
  if (!taken) {
    *error = why;
    return false;
  }
  remember(batch, known, at);
  return true;
}

/* Which are known; each of the others through its stages. */
static bool take_all(struct event_intake *intake, const struct event_batch *batch, struct error *error) {
  struct event_known *known;
  if (!intake_make_room(intake, batch->count, error) || !intake_read_known(intake, batch, error, &known))
    return false;
  for (size_t at = 0; at < batch->count; at++)
    if (!batch->items[at].refused && !take(intake, batch, at, known, error)) return false;
  return intake_write_results(intake, batch, error);
}

/* What is written once for all events of all learners of the transaction. */
static bool finish(struct event_intake *intakes, size_t count, struct error *error) {
  if (!intake_write_rows(intakes, count, error) || !activity_finish(intakes, count, error) ||
      !cascade_finish(intakes, count, error) || !award_finish(intakes, count, error) ||
      !sync_status_note(intakes, count, error))
    return false;
  for (size_t at = 0; at < count; at++)
    if (!report_sums(&intakes[at], error)) return false;
  return true;
}

bool intake_take(struct event_intake *intake, const struct event_batch *batch, struct error *error) {
  return take_all(intake, batch, error) && finish(intake, 1, error);
}

/* --- The transaction ------------------------------------------------------------------------------- */

void intake_begin(struct ledger_tx *tx, struct ledger_entry *entry, const struct event_host *host,
                  struct event_intake *ret_intake) {
  *ret_intake = (struct event_intake){.tx = tx,
                                      .entry = entry,
                                      .config = host->config,
                                      .zones = host->zones,
                                      .awards = host->awards,
                                      .now_ms = ledger_now_ms(tx)};
}

/* The reply that a batch with an id of its own leaves in the ledger. */
static void fill_reply(const struct ledger_entry *entry, const struct event_batch *batch) {
  struct event_submitted *reply = entry->reply;
  if (reply == NULL) return;
  *reply = (struct event_submitted){.success = event_all_applied(batch->results, batch->count),
                                    .revision = entry->learner.revision - (entry->change_count == 0 ? 1 : 0),
                                    .results = {.items = batch->results, .count = batch->count}};
}

/* The transaction's memory may be that of another thread, which goes on with it. */
static bool keep_text(struct ledger_entry *entry, struct event_batch *batch, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(EVENT_RESULT_BYTES);
  if (!batch->is_joined || entry->state == LEDGER_FAILED) return true;
  schema_encode_json(&event_result_schema, batch->results, &text);
  batch->text = text.failed ? NULL : arena_strndup(entry->arena, buffer_text(&text), text.length);
  return batch->text != NULL || error_set_memory(error);
}

static bool intake_work(struct ledger_tx *tx, struct error *error) {
  size_t count = ledger_count(tx);
  struct event_intake *intakes = arena_alloc_array(ledger_arena(tx), count, sizeof *intakes);
  if (intakes == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    struct event_batch *batch = ledger_at(tx, at)->input;
    intake_begin(tx, ledger_at(tx, at), batch->host, &intakes[at]);
    if (!take_all(&intakes[at], batch, error)) return false;
  }
  if (!finish(intakes, count, error)) return false;
  for (size_t at = 0; at < count; at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    if (!keep_text(entry, entry->input, error)) return false;
    fill_reply(entry, entry->input);
  }
  return true;
}

const struct ledger_kind event_intake_kind = {.name = "event", .work = intake_work};

bool event_take(struct event_intake *intake, struct event_body *body, struct error *error,
                struct event_result *ret_result) {
  struct event_host host = {.config = intake->config, .zones = intake->zones, .awards = intake->awards};
  struct event_item item = {.body = body};
  struct event_result result;
  struct event_batch batch = {.host = &host,
                              .items = &item,
                              .results = &result,
                              .count = 1,
                              .refusal = REFUSAL_FAILS_THE_WORK,
                              .failure = intake->failure};
  body->type_given = body->source_given = body->data_given = PRESENCE_GIVEN;
  if (body->id == NULL && !event_make_id(NULL, 0, ledger_arena(intake->tx), error, &body->id)) return false;
  if (!event_hash(body, error, &item.hash) || !event_check(body, ledger_arena(intake->tx), error) ||
      !intake_take(intake, &batch, error))
    return false;
  *ret_result = result;
  return true;
}
