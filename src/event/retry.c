#include "event/retry.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "event/intake_private.h"
#include "job/job_guard.h"
#include "job/job_step.h"
#include "queries/event.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MS_PER_S 1000
#define DOUBLINGS_MAX 20
#define DESCRIPTION_BYTES 4096
#define PRIORITY 3
#define PAGE 100 /* events, or learners, that are looked up at once */

/* --- When, and why --------------------------------------------------------------------------------- */

bool intake_is_failure(const struct error *error) {
  return error->code == ERROR_INTERNAL || error->code == ERROR_CONFLICT;
}

bool retry_at(const struct config *config, uint64_t tries, int64_t now_ms, int64_t *ret_ms) {
  if (tries >= (uint64_t)config->events.retries) return false;
  uint64_t doublings = tries < DOUBLINGS_MAX ? tries : DOUBLINGS_MAX;
  *ret_ms = now_ms + config->events.retry_s * MS_PER_S * (INT64_C(1) << doublings);
  return true;
}

const char *retry_describe(const struct error *failure, int64_t now_ms, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DESCRIPTION_BYTES);
  char at[CLOCK_ISO_BYTES];
  clock_format_ms(now_ms, at);
  buffer_printf(&text, "[{\"at\":\"%s\",\"message\":", at);
  json_append_text(&text, failure->message);
  buffer_append_text(&text, ",\"detail\":");
  json_append_text(&text, failure->detail);
  buffer_append_text(&text, "}]");
  return text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
}

/* At the end of the second in which the event is due: those of one second have one job. */
bool retry_order(struct event_intake *intake, int64_t due_ms, struct error *error) {
  struct arena *arena = ledger_arena(intake->tx);
  uint64_t user_id = intake->entry->learner.user_id;
  int64_t run_at_s = due_ms / MS_PER_S + 1;
  struct job_order order = {.kind = RETRY_KIND,
                            .params = arena_printf(arena, "{\"userId\":%" PRIu64 "}", user_id),
                            .priority = PRIORITY,
                            .run_at_ms = run_at_s * MS_PER_S,
                            .dedupe_key =
                                arena_printf(arena, RETRY_KIND ":%" PRIu64 ":%" PRId64, user_id, run_at_s),
                            .created_by = intake->entry->actor};
  uint64_t job_id;
  if (order.params == NULL || order.dedupe_key == NULL) return error_set_memory(error);
  if (job_enqueue(ledger_db(intake->tx), &order, arena, error, &job_id)) return true;
  if (error->code != ERROR_CONFLICT) return false;
  error_clear(error);
  return true;
}

/* --- One event again ------------------------------------------------------------------------------- */

/* Input of the ledger entry. */
struct attempt {
  const struct event_host *host;
  const struct repair_guard *guard;
  const char *event_id;
  struct error *failure; /* of the processing, to be noted; NULL: it is to be processed */
};

static size_t place_of(const char *const *names, const char *name) {
  size_t at = 0;
  while (names[at] != NULL && strcmp(names[at], name) != 0)
    at++;
  return at;
}

/* As it came: the body that was taken. */
static bool body_of(const struct event_waiting_one_row *row, const char *id, struct arena *arena,
                    struct error *error, struct event_body *ret_body) {
  *ret_body = (struct event_body){.id = id,
                                  .event_type = (int)place_of(event_type_names, row->event_type),
                                  .type_given = PRESENCE_GIVEN,
                                  .source_system = (int)place_of(event_system_names, row->source_system),
                                  .source_given = PRESENCE_GIVEN,
                                  .data_given = PRESENCE_GIVEN,
                                  .timestamp_ms = row->timestamp,
                                  .timestamp_given = PRESENCE_GIVEN};
  return schema_decode_json(&event_data_schema, row->event_data, strlen(row->event_data), UNKNOWN_IGNORED,
                            arena, &ret_body->data, error);
}

static bool process_again(struct event_intake *intake, const struct attempt *attempt,
                          const struct event_waiting_one_row *row, struct error *error) {
  struct event_body body;
  struct event_item item = {.body = &body, .hash = row->content_hash, .waited = true};
  struct event_result result;
  struct event_batch batch = {
      .host = attempt->host, .items = &item, .results = &result, .count = 1, .refusal = REFUSAL_FAILS_ENTRY};
  struct arena *arena = ledger_arena(intake->tx);
  return body_of(row, attempt->event_id, arena, error, &body) && event_check(&body, arena, error) &&
         intake_take(intake, &batch, error);
}

static bool note_failure(struct event_intake *intake, const struct attempt *attempt,
                         const struct event_waiting_one_row *row, struct error *error) {
  struct ledger_change change = {.what = "event", .key = row->event_type, .because = attempt->event_id};
  struct event_failed_again_params params = {
      .user_id = intake->entry->learner.user_id,
      .id = attempt->event_id,
      .processing_errors = retry_describe(attempt->failure, intake->now_ms, ledger_arena(intake->tx)),
      .retry_count = row->retry_count + 1};
  params.retry_at_is_null = !retry_at(intake->config, params.retry_count, intake->now_ms, &params.retry_at);
  if (params.processing_errors == NULL) return error_set_memory(error);
  if (!params.retry_at_is_null && !retry_order(intake, params.retry_at, error)) return false;
  return event_failed_again(ledger_db(intake->tx), &params, error, NULL) &&
         event_report(intake, &change, error);
}

static bool retry_work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  const struct attempt *attempt = entry->input;
  struct event_waiting_one_params params = {.user_id = entry->learner.user_id, .id = attempt->event_id};
  struct event_waiting_one_row row;
  struct event_intake intake;
  bool found;
  if (!job_step_hold(attempt->guard, ledger_db(tx), 0, 1, error) ||
      !event_waiting_one(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found))
    return false;
  if (!found) return true;
  intake_begin(tx, entry, attempt->host, &intake);
  return attempt->failure == NULL ? process_again(&intake, attempt, &row, error)
                                  : note_failure(&intake, attempt, &row, error);
}

static const struct ledger_kind retry_kind = {.name = "event", .work = retry_work};

static bool run_attempt(struct job *job, uint64_t user_id, const struct attempt *attempt,
                        struct error *error) {
  struct ledger_entry entry = {
      .user_id = user_id, .actor = job->actor, .input = (void *)attempt, .arena = job->arena};
  struct arena_mark mark = arena_mark(job->arena);
  bool ran = ledger_run_one(job->app->ledger, &retry_kind, &entry, NULL, job->arena, error);
  arena_rewind(job->arena, mark);
  return ran;
}

/* A learner who is gone has taken the events along. */
static bool retry_one(struct job *job, const struct event_host *host, uint64_t user_id, const char *event_id,
                      struct error *error) {
  struct repair_guard guard = job_guard(job);
  struct attempt attempt = {.host = host, .guard = &guard, .event_id = event_id};
  struct error failure;
  if (run_attempt(job, user_id, &attempt, error)) return true;
  if (error->code == ERROR_UNAUTHENTICATED) {
    error_clear(error);
    return true;
  }
  /* What took the claim away is no failure of the event's. */
  if (!intake_is_failure(error) && error->code != ERROR_UNPROCESSABLE && error->code != ERROR_MALFORMED)
    return false;
  failure = *error;
  error_clear(error);
  if (!job_may_go_on(job, error)) return false;
  attempt.failure = &failure;
  return run_attempt(job, user_id, &attempt, error);
}

/* --- The job --------------------------------------------------------------------------------------- */

static bool is_named(const struct retry_order *order, const char *event_id) {
  const char *const *ids = order->event_ids.items;
  if (order->event_ids.count == 0) return true;
  for (size_t at = 0; at < order->event_ids.count; at++)
    if (strcmp(ids[at], event_id) == 0) return true;
  return false;
}

static bool read_due(struct job *job, const struct event_due_params *params, struct error *error,
                     struct event_due_row **ret_rows, size_t *ret_count) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  return pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
         event_due(lease.db, params, job->arena, PAGE, error, ret_rows, ret_count);
}

static bool retry_learner(struct job *job, const struct event_host *host, const struct retry_order *order,
                          uint64_t user_id, struct error *error) {
  struct event_due_params params = {
      .user_id = user_id, .forced = order->forced, .now = clock_now_ms(), .after_id = "", .limit_rows = PAGE};
  for (;;) {
    struct event_due_row *rows;
    size_t count;
    if (!read_due(job, &params, error, &rows, &count)) return false;
    for (size_t at = 0; at < count; at++) {
      if (!job_may_go_on(job, error)) return false;
      if (is_named(order, rows[at].id) && !retry_one(job, host, user_id, rows[at].id, error)) return false;
    }
    if (count < PAGE) return true;
    params.after_id = rows[count - 1].id;
  }
}

static bool retry_everybody(struct job *job, const struct event_host *host, const struct retry_order *order,
                            struct error *error) {
  struct event_due_learners_params params = {.now = clock_now_ms(), .limit_rows = PAGE};
  for (;;) {
    struct event_due_learners_row *rows;
    size_t count;
    struct arena_mark mark = arena_mark(job->arena);
    {
      CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
      if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db) ||
          !event_due_learners(lease.db, &params, job->arena, PAGE, error, &rows, &count))
        return false;
    }
    for (size_t at = 0; at < count; at++) {
      params.after_user = rows[at].user_id;
      if (!retry_learner(job, host, order, rows[at].user_id, error)) return false;
    }
    arena_rewind(job->arena, mark);
    if (count < PAGE) return true;
  }
}

static void free_zones(struct zone_cache **zones) { zone_cache_free(*zones); }

static bool retry_job(struct job *job, const void *params, struct error *error) {
  const struct retry_order *order = params;
  CLEANUP(free_zones) struct zone_cache *zones = zone_cache_new();
  struct event_host host = {.config = job->app->config, .zones = zones, .awards = job->app->awards};
  if (zones == NULL) return error_set_memory(error);
  return order->user_id == 0 ? retry_everybody(job, &host, order, error)
                             : retry_learner(job, &host, order, order->user_id, error);
}

static const struct field order_fields[] = {
    FIELD_UINT(struct retry_order, "userId", user_id, .maximum = INT64_MAX,
               .summary = "Only this learner's; without it, everybody's that are due."),
    FIELD_BOOL(struct retry_order, "forced", forced,
               .summary = "Of one learner: also those that are not due yet, or were given up."),
    FIELD_LIST(struct retry_order, "eventIds", event_ids, .item_kind = FIELD_KIND_TEXT,
               .maximum = RETRY_EVENTS_MAX, .summary = "Of them, only these."),
};
const struct schema retry_order_schema = SCHEMA("ProcessEventsParams", struct retry_order, order_fields,
                                                .summary = "Which events are tried again.");

static const struct job_kind rows[] = {
    {.name = RETRY_KIND,
     .params = &retry_order_schema,
     .work = retry_job,
     .unit = "events",
     .summary = "Tries progress events again whose processing failed."},
};
const struct job_kind_table event_retry_job_kinds = JOB_KIND_TABLE(rows);
