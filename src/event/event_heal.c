#include "event/event_heal.h"

#include "queries/look.h"
#include "rule/rule.h"

#include "base/banned.h"

#define MAX_OF(left, right) ((left) > (right) ? (left) : (right))

/* What a learner's rows of the systems say before the rules are asked. */
struct look {
  bool is_due;
  int64_t changed_ms; /* the latest of their updated_at; 0: there are none */
};

static int64_t latest_of(const struct look_before_row *row) {
  int64_t of_items =
      MAX_OF(row->todos_at_is_null ? 0 : row->todos_at, row->entries_at_is_null ? 0 : row->entries_at);
  int64_t of_content =
      MAX_OF(row->videos_at_is_null ? 0 : row->videos_at, row->steps_at_is_null ? 0 : row->steps_at);
  return MAX_OF(of_items, of_content);
}

static bool look_read(struct request *request, struct error *error, struct look *ret_look) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct look_before_params params = {.user_id = request->principal.user_id,
                                      .look_s = request->app->config->events.look_s};
  struct look_before_row row;
  bool found;
  if (!request_borrow(request, error, &lease) ||
      !look_before(lease.db, &params, request->arena, error, &row, &found))
    return false;
  db_end_read(lease.db);
  struct look look = {.is_due = true};
  if (found) {
    look.changed_ms = latest_of(&row);
    look.is_due = !row.is_recent || row.seen_at_is_null || look.changed_ms > row.seen_at;
  }
  *ret_look = look;
  return true;
}

static bool look_keep(struct request *request, const struct look *look, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct look_note_params params = {.user_id = request->principal.user_id, .seen_at = look->changed_ms};
  return request_borrow(request, error, &lease) && look_note(lease.db, &params, error, NULL) &&
         db_commit(lease.db, error);
}

bool event_heal(struct request *request, struct error *error) {
  const struct app *app = request->app;
  bool by_site = rule_set_asks_site(app->rules, RULE_SCOPE_EVENTS);
  struct look look = {.is_due = true};
  struct rule_repair repair;
  if (!by_site && !look_read(request, error, &look)) return false;
  if (!look.is_due) return true;
  if (!rule_heal(app->rules, app->ledger, &app->config->rules, RULE_SCOPE_EVENTS, request->principal.user_id,
                 "lockstep:read", request->arena, error, &repair))
    return false;
  if (by_site || repair.found > 0 || look_keep(request, &look, error)) return true;
  error_clear(error); /* the next read looks again: no reason to refuse this one */
  return true;
}
