#include "learner/reset.h"

#include <inttypes.h>

#include "queries/reset.h"
#include "rule/repair_act.h"

#include "base/banned.h"

static const struct field deleted_fields[] = {
    FIELD_UINT(struct reset_deleted, "attempts", attempts, .flags = FIELD_REQUIRED,
               .summary = "Attempts, archived ones among them."),
    FIELD_UINT(struct reset_deleted, "sessions", sessions, .flags = FIELD_REQUIRED,
               .summary = "Practice sessions."),
};
static const struct schema deleted_schema =
    SCHEMA("ResetDeleted", struct reset_deleted, deleted_fields, .summary = "What went.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct reset_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct reset_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "The outcome in words."),
    FIELD_OBJECT(struct reset_reply, "deleted", deleted, .object = &deleted_schema, .flags = FIELD_REQUIRED,
                 .summary = "How much was deleted."),
};
const struct schema reset_reply_schema =
    SCHEMA("ResetReply", struct reset_reply, reply_fields, .summary = "A learner who starts over.");

enum { STEP_ATTEMPTS, STEP_ARCHIVE, STEP_SESSIONS };

static const struct db_statement *const steps[] = {
    [STEP_ATTEMPTS] = &reset_attempts_statement,
    [STEP_ARCHIVE] = &reset_archive_statement,
    [STEP_SESSIONS] = &reset_sessions_statement,
    &reset_daily_totals_statement,
    &reset_practice_days_statement,
    &reset_streak_statement,
    &reset_longest_streak_statement,
    &reset_totals_statement,
};
static const struct repair_act act = {.name = "reset", .steps = steps, .step_count = ARRAY_LENGTH(steps)};

/* The history adds up to nothing again. */
static bool report(struct ledger_tx *tx, struct ledger_entry *entry, const struct repair_acted *acted,
                   struct error *error) {
  const struct ledger_learner *learner = &entry->learner;
  const char *because = arena_printf(ledger_arena(tx), "run %" PRIu64 ", reset", acted->run_id);
  if (because == NULL) return error_set_memory(error);
  const struct ledger_change changes[] = {
      {.what = "reset", .because = because},
      {.what = "tokens", .by = -learner->tokens, .because = because},
      {.what = "questions", .by = -learner->questions_answered, .because = because},
      {.what = "correct", .by = -learner->correct_answers, .because = because},
      {.what = "attempts",
       .by = -(int64_t)(acted->rows[STEP_ATTEMPTS] + acted->rows[STEP_ARCHIVE]),
       .because = because},
      {.what = "practiceSessions", .by = -(int64_t)acted->rows[STEP_SESSIONS], .because = because}};
  for (size_t at = 0; at < ARRAY_LENGTH(changes); at++)
    if ((at == 0 || changes[at].by != 0) && !ledger_report(tx, entry, &changes[at], error)) return false;
  return true;
}

static bool reset_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct reset_input *input = entry->input;
  struct reset_reply *reply = entry->reply;
  struct repair_acted acted;
  if (!repair_act(input->rules, &act, tx, entry, error, &acted)) return false;
  *reply = (struct reset_reply){.success = true,
                                .message = acted.changed > 0 ? "Progress was reset."
                                                             : "There was no progress to reset.",
                                .deleted = {.attempts = acted.rows[STEP_ATTEMPTS] + acted.rows[STEP_ARCHIVE],
                                            .sessions = acted.rows[STEP_SESSIONS]}};
  return acted.changed == 0 || report(tx, entry, &acted, error);
}

static bool reset_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!reset_one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

const struct ledger_kind reset_kind = {.name = "reset", .work = reset_work};
