/* What was sent for both learners was one fact: it counts once. */
#include <string.h>

#include "account/claim_private.h"
#include "learner/practice.h"
#include "queries/claim.h"

#include "base/banned.h"

static bool take_days(struct claim *claim, int32_t day, enum practice_activity activity, int64_t times,
                      struct error *error) {
  struct claim_take_day_params take = {
      .user_id = claim->from_id, .day = day, .activity = practice_activity_names[activity], .times = times};
  struct claim_drop_day_params drop = {
      .user_id = claim->from_id, .day = day, .activity = practice_activity_names[activity]};
  struct db_outcome outcome;
  return claim_take_day(claim->db, &take, error, &outcome) &&
         claim_drop_day(claim->db, &drop, error, &outcome);
}

static bool take_answers(struct claim *claim, const struct claim_shared_answers_row *row,
                         struct error *error) {
  struct claim_take_total_params params = {.user_id = claim->from_id,
                                           .day = row->day,
                                           .module = row->module,
                                           .questions = row->questions,
                                           .correct = row->correct,
                                           .tokens = row->tokens};
  struct db_outcome outcome;
  return claim_take_total(claim->db, &params, error, &outcome) &&
         take_days(claim, row->day, PRACTICE_ANSWER, row->questions, error);
}

static bool take_back_answers(struct claim *claim, struct error *error, struct claim_shared *shared) {
  struct claim_shared_answers_params params = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_drop_attempts_params attempts = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_drop_archived_params archived = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_shared_answers_row *rows;
  struct db_outcome outcome;
  size_t count;
  if (!claim_shared_answers(claim->db, &params, claim->arena, CLAIM_SHARED_MAX, error, &rows, &count))
    return false;
  shared->modules = arena_alloc_array(claim->arena, count, sizeof *shared->modules);
  if (shared->modules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    struct document_totals totals = {
        .tokens = rows[at].tokens, .questions = rows[at].questions, .correct = rows[at].correct};
    shared->modules[at] = (struct document_share){.module = rows[at].module, .totals = totals};
    shared->totals.tokens += totals.tokens;
    shared->totals.questions += totals.questions;
    shared->totals.correct += totals.correct;
    if (!take_answers(claim, &rows[at], error)) return false;
  }
  shared->module_count = count;
  return count == 0 || (claim_drop_attempts(claim->db, &attempts, error, &outcome) &&
                        claim_drop_archived(claim->db, &archived, error, &outcome));
}

static bool take_back_sessions(struct claim *claim, struct error *error, struct claim_shared *shared) {
  struct claim_shared_sessions_params params = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_shared_sessions_row *rows;
  struct db_outcome outcome;
  size_t count;
  if (!claim_shared_sessions(claim->db, &params, claim->arena, CLAIM_SHARED_MAX, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    struct claim_drop_session_params drop = {.user_id = claim->from_id, .id = rows[at].id};
    if (!take_days(claim, rows[at].day, PRACTICE_SESSION, 1, error) ||
        !claim_drop_session(claim->db, &drop, error, &outcome))
      return false;
    shared->sessions++;
    shared->points += rows[at].points;
  }
  return true;
}

static bool take_back_starts(struct claim *claim, struct error *error) {
  struct claim_drop_starts_params params = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct db_outcome outcome;
  return claim_drop_starts(claim->db, &params, error, &outcome);
}

static bool report(struct claim *claim, const char *key, int64_t count, struct error *error) {
  struct ledger_change change = {.what = "shared", .key = key, .by = count, .because = "sent for both"};
  return count == 0 || ledger_report(claim->tx, claim->into, &change, error);
}

bool claim_take_back(struct claim *claim, struct error *error, struct claim_shared *ret_shared) {
  struct claim_shared shared = {.module_count = 0};
  if (!take_back_answers(claim, error, &shared) || !take_back_sessions(claim, error, &shared) ||
      !take_back_starts(claim, error) || !report(claim, "answers", shared.totals.questions, error) ||
      !report(claim, "sessions", shared.sessions, error))
    return false;
  *ret_shared = shared;
  return true;
}
