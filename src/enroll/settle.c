#include "enroll/settle.h"

#include <string.h>

#include "enroll/enroll.h"
#include "queries/enroll.h"

#include "base/banned.h"

#define SETTLE_ACTOR "lockstep:read"

static bool look(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                 struct enroll_unsettled_row **ret_rows, size_t *ret_count) {
  struct enroll_unsettled_params params = {.user_id = user_id, .limit_rows = SETTLE_ROWS_MAX};
  return enroll_unsettled(db, &params, arena, (size_t)2 * SETTLE_ROWS_MAX, error, ret_rows, ret_count);
}

/* Approved, but still among the requests: an older application leaves them there. */
static bool keep_decision(struct ledger_tx *tx, uint64_t request_id, struct error *error) {
  struct db_outcome outcome;
  struct enroll_decide_params decision = {
      .request_id = request_id, .decision = "approved", .decided_by = SETTLE_ACTOR, .now = ledger_now_ms(tx)};
  struct enroll_delete_request_params gone = {.request_id = request_id};
  return enroll_decide(ledger_db(tx), &decision, error, &outcome) &&
         enroll_delete_request(ledger_db(tx), &gone, error, &outcome);
}

static bool settle_row(struct ledger_tx *tx, struct ledger_entry *entry,
                       const struct enroll_unsettled_row *row, struct error *error) {
  struct enroll_order order = {.course_id = row->course_id, .is_automatic = true, .source = ENROLL_REQUEST};
  struct ledger_change moved = {.what = "requestApproved", .because = "approved before"};
  enum enroll_outcome outcome;
  struct enroll_state state;
  if (strcmp(row->source, "default") == 0) order.source = ENROLL_DEFAULT;
  if (strcmp(row->source, "request") == 0 &&
      (!keep_decision(tx, row->request_id, error) || !ledger_report(tx, entry, &moved, error)))
    return false;
  return enroll_grant(tx, entry, &order, error, &outcome, &state);
}

static bool settle_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    struct enroll_unsettled_row *rows;
    size_t count;
    if (!look(ledger_db(tx), entry->learner.user_id, ledger_arena(tx), error, &rows, &count)) return false;
    for (size_t row = 0; row < count; row++)
      if (!settle_row(tx, entry, &rows[row], error)) return false;
  }
  return true;
}

static const struct ledger_kind settle_kind = {.name = "settle", .work = settle_work};

bool settle_is_needed(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                      bool *ret_needed) {
  struct enroll_unsettled_row *rows;
  size_t count;
  if (!look(db, user_id, arena, error, &rows, &count)) return false;
  db_end_read(db);
  *ret_needed = count > 0;
  return true;
}

bool settle_learner(struct ledger *ledger, uint64_t user_id, struct arena *arena, struct error *error) {
  struct ledger_entry entry = {.user_id = user_id, .actor = SETTLE_ACTOR, .arena = arena};
  return ledger_run_one(ledger, &settle_kind, &entry, NULL, arena, error);
}
