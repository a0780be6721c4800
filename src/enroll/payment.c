#include "enroll/payment.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "enroll/payment_private.h"
#include "queries/payment.h"

#include "base/banned.h"

/* --- Deliveries ----------------------------------------------------------------------------------- */

static bool look_up_event(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                          struct payment_event_find_row *ret_row, bool *ret_found) {
  struct payment_event_find_params params = {.event_id = event_id};
  return payment_event_find(db, &params, arena, error, ret_row, ret_found);
}

static enum payment_outcome outcome_of(const char *name) {
  size_t at = 0;
  while (payment_outcome_names[at + 1] != NULL && strcmp(payment_outcome_names[at], name) != 0)
    at++;
  return (enum payment_outcome)at;
}

/* Whether it is stored already; then the report says so. */
static bool is_stored(const struct payment_engine *engine, struct arena *arena, struct error *error,
                      struct payment_report *report, bool *ret_stored) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_event_find_row row;
  bool found;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PAYMENT_PATIENCE_MS, error, &lease.db) ||
      !look_up_event(lease.db, report->event_id, arena, error, &row, &found))
    return false;
  if (found) {
    report->is_duplicate = true;
    report->outcome = outcome_of(row.outcome);
    report->why = NULL;
  }
  *ret_stored = found;
  return true;
}

static void tell(const struct payment_task *task, struct payment_report *report) {
  report->user_id = task->user_id;
  report->outcome = task->outcome;
  report->why = task->why;
}

bool payment_take(const struct payment_engine *engine, const char *payload, size_t payload_bytes,
                  struct arena *arena, struct error *error, struct payment_report *ret_report) {
  struct payment_event event;
  bool stored = false;
  bool replayed = false;
  if (!payment_event_read(payload, payload_bytes, arena, error, &event)) return false;
  struct payment_report report = {.event_id = event.id, .type = event.type};
  struct payment_task task = {.config = engine->config, .event = &event};
  char *op_id = arena_printf(arena, "stripe:%s", event.id);
  if (op_id == NULL) return error_set_memory(error);
  if (!is_stored(engine, arena, error, &report, &stored)) return false;
  bool done = stored || payment_run(engine, &task, op_id, "stripe", arena, error, &replayed);
  if (!done && error->code != ERROR_CONFLICT) return false;
  if (done && !stored && !replayed) tell(&task, &report);
  /* Another delivery of the same event was faster: it is stored by now. */
  if ((!done || replayed) && !is_stored(engine, arena, error, &report, &stored)) return false;
  if (!done && !stored) return error_set(error, ERROR_UNAVAILABLE, "The event could not be stored.");
  if (replayed && !stored) { /* so long ago that only the ledger knows it still */
    report.is_duplicate = true;
    report.outcome = PAYMENT_UNCHANGED;
  }
  *ret_report = report;
  return true;
}

/* --- Replays -------------------------------------------------------------------------------------- */

static bool read_stored(const struct payment_engine *engine, uint64_t id, struct arena *arena,
                        struct error *error, struct payment_event_stored_row *ret_row) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_event_stored_params params = {.id = id};
  bool found;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PAYMENT_PATIENCE_MS, error, &lease.db) ||
      !payment_event_stored(lease.db, &params, arena, error, ret_row, &found))
    return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such event.");
}

bool payment_replay(const struct payment_engine *engine, uint64_t id, const char *actor, struct arena *arena,
                    struct error *error, struct payment_report *ret_report) {
  struct payment_event_stored_row row;
  struct payment_event event;
  bool replayed = false;
  if (!read_stored(engine, id, arena, error, &row)) return false;
  if (strcmp(row.payload, PAYMENT_NOTHING_KEPT) == 0)
    return error_set(error, ERROR_CONFLICT, "The learner was deleted, and what was received is not kept.");
  if (!payment_event_read(row.payload, strlen(row.payload), arena, error, &event)) return false;
  struct payment_report report = {.event_id = event.id, .type = event.type};
  struct payment_task task = {.config = engine->config, .event = &event, .replayed_id = id};
  char *op_id = arena_printf(arena, "replay:%" PRIu64 ":%" PRIu64, id, row.replays + 1);
  if (op_id == NULL) return error_set_memory(error);
  if (!payment_run(engine, &task, op_id, actor, arena, error, &replayed)) return false;
  tell(&task, &report);
  report.is_duplicate = replayed;
  if (replayed) { /* somebody else did so at this moment */
    if (!read_stored(engine, id, arena, error, &row)) return false;
    report.outcome = outcome_of(row.outcome);
    report.why = row.error;
  }
  *ret_report = report;
  return true;
}

bool payment_find(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                  uint64_t *ret_id) {
  struct payment_event_find_row row;
  bool found;
  if (!look_up_event(db, event_id, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such event.");
  *ret_id = row.id;
  return true;
}
