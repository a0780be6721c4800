#include "event/conflict_settle.h"

#include <string.h>

#include "event/activity.h"
#include "event/award.h"
#include "event/cascade.h"
#include "event/conflict_private.h"
#include "event/sync_status.h"
#include "learner/practice.h"
#include "queries/conflict.h"

#include "base/banned.h"

#define CHOSEN "The learner decided so."

static const struct field settled_fields[] = {
    FIELD_BOOL(struct conflict_settled, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct conflict_settled, "message", message, .flags = FIELD_REQUIRED,
               .summary = "In a sentence."),
    FIELD_OBJECT(struct conflict_settled, "conflict", conflict, .flags = FIELD_REQUIRED,
                 .object = &conflict_view_schema, .summary = "As it was resolved."),
    FIELD_LIST(struct conflict_settled, "achievements", achievements, .flags = FIELD_REQUIRED,
               .object = &achievement_view_schema, .maximum = AWARD_FILES_MAX, .summary = "Earned by it."),
    FIELD_LIST(struct conflict_settled, "milestonesReached", milestones, .flags = FIELD_REQUIRED,
               .object = &milestone_view_schema, .maximum = AWARD_FILES_MAX, .summary = "Reached by it."),
    FIELD_UINT(struct conflict_settled, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
};
const struct schema conflict_settled_schema = SCHEMA("ConflictResolved", struct conflict_settled,
                                                     settled_fields, .summary = "What a decision came to.");

/* A decision on its way. */
struct decision {
  struct event_intake intake;
  const struct conflict_choice *choice;
  struct conflict_view conflict; /* as it was found, then as it was resolved */
  struct conflict_events events; /* the same */
  struct resolution resolution;
  bool takes_back;
};

/* --- What was decided ---------------------------------------------------------------------------------- */

static bool read_conflict(struct decision *decision, struct error *error) {
  struct event_intake *intake = &decision->intake;
  struct db *db = ledger_db(intake->tx);
  struct arena *arena = ledger_arena(intake->tx);
  uint64_t user_id = intake->entry->learner.user_id;
  uint64_t id = decision->choice->conflict_id;
  if (!conflict_read_one(db, user_id, id, arena, error, &decision->conflict)) return false;
  if (decision->conflict.resolution_given == PRESENCE_GIVEN)
    return error_set(error, ERROR_CONFLICT, "It was resolved already, by %s.",
                     decision->conflict.resolved_by);
  return conflict_read_events(db, user_id, &id, 1, arena, error, &decision->events, NULL);
}

/* The learner's own word. A moment that it moves is held to what any event's is. */
static bool review(struct decision *decision, struct error *error) {
  const struct conflict_choice *choice = decision->choice;
  const struct event_intake *intake = &decision->intake;
  int64_t happened_at_ms = decision->resolution.happened_at_ms;
  if (choice->user_data == NULL)
    return error_add_field(error, ERROR_UNPROCESSABLE, "userData", "is what manual_review consists of");
  if (!conflict_review(decision->events.events, choice->user_data, ledger_arena(intake->tx), error,
                       &decision->resolution))
    return false;
  return decision->resolution.happened_at_ms == happened_at_ms ||
         practice_check_time("userData.completedAt", decision->resolution.happened_at_ms, intake->now_ms,
                             &intake->config->offline, error);
}

static bool resolve(struct decision *decision, struct error *error) {
  const struct conflict_choice *choice = decision->choice;
  struct conflict_events *events = &decision->events;
  struct arena *arena = ledger_arena(decision->intake.tx);
  if (!conflict_resolve(events->events, events->count, choice->type, arena, error, &decision->resolution))
    return false;
  if (choice->type == RESOLUTION_MANUAL_REVIEW && !review(decision, error)) return false;
  return conflict_takes_back(ledger_db(decision->intake.tx), decision->intake.entry->learner.user_id,
                             events->events, events->count, &decision->resolution, arena, error,
                             &decision->takes_back);
}

/* --- What comes of it ---------------------------------------------------------------------------------- */

/* What the events had brought about that said it was completed. */
static bool undo_cascades(struct decision *decision, struct error *error) {
  for (size_t at = 0; at < decision->events.count; at++) {
    const struct event *event = &decision->events.events[at];
    struct cascade_undone undone;
    if (event->outcome != EVENT_APPLIED || event->status != STATUS_COMPLETED) continue;
    if (!cascade_undo(&decision->intake, event->id, decision->intake.entry->actor, error, &undone))
      return false;
  }
  return true;
}

/* After the conflict was closed. */
static bool note_sync(struct decision *decision, struct error *error) {
  for (size_t at = 0; at < decision->events.count; at++)
    decision->intake.sources[decision->events.events[at].source] = true;
  decision->intake.stirred = true;
  return sync_status_note(&decision->intake, 1, error);
}

static bool carry_out(struct decision *decision, struct event_result *result, struct error *error) {
  struct event_intake *intake = &decision->intake;
  struct conflict_events *events = &decision->events;
  struct event winner = events->events[decision->resolution.winner];
  bool counted = winner.outcome == EVENT_APPLIED;
  if (!conflict_write_outcomes(intake, events->events, events->count, &decision->resolution, false, error))
    return false;
  conflict_apply(intake, &decision->resolution, &winner);
  winner.outcome = EVENT_APPLIED;
  if ((!counted && !activity_count(intake, &winner, NULL, error)) ||
      !activity_recount(intake, winner.activity_type, winner.activity_id, error) ||
      (decision->takes_back && !undo_cascades(decision, error)) ||
      !cascade_run(intake, &winner, NULL, result, error) || !award_check(intake, &winner, result, error))
    return false;
  for (size_t at = 0; at < events->count; at++)
    events->events[at].outcome = EVENT_SUPERSEDED;
  events->events[decision->resolution.winner] = winner;
  return activity_finish(intake, 1, error) && cascade_finish(intake, 1, error) &&
         award_finish(intake, 1, error);
}

static bool close_conflict(struct decision *decision, struct error *error) {
  struct event_intake *intake = &decision->intake;
  struct conflict_view *conflict = &decision->conflict;
  struct arena *arena = ledger_arena(intake->tx);
  if (!conflict_show_resolution(decision->events.events, &decision->resolution, CHOSEN, 1, arena, error,
                                &conflict->resolution) ||
      !conflict_show_events(decision->events.events, decision->events.came, decision->events.count, arena,
                            error, &conflict->events))
    return false;
  conflict->status = 1;
  conflict->resolution_given = PRESENCE_GIVEN;
  conflict->resolved_by = intake->entry->actor;
  conflict->resolved_at_ms = intake->now_ms;
  conflict->resolved_at_given = PRESENCE_GIVEN;
  conflict->revision = intake->entry->learner.revision;
  struct conflict_close_params params = {.id = conflict->id,
                                         .user_id = intake->entry->learner.user_id,
                                         .revision = conflict->revision,
                                         .actual_resolution =
                                             conflict_resolution_text(&conflict->resolution, arena),
                                         .resolved_by = conflict->resolved_by,
                                         .resolved_at = conflict->resolved_at_ms};
  if (params.actual_resolution == NULL) return error_set_memory(error);
  return conflict_close(ledger_db(intake->tx), &params, error, NULL);
}

static bool report(struct decision *decision, struct error *error) {
  struct event_intake *intake = &decision->intake;
  const char *id = arena_printf(ledger_arena(intake->tx), "%llu", (unsigned long long)decision->conflict.id);
  struct ledger_change change = {
      .what = "resolution", .key = id, .by = 1, .because = resolution_type_names[decision->choice->type]};
  return id == NULL ? error_set_memory(error) : event_report(intake, &change, error);
}

/* --- The transaction ----------------------------------------------------------------------------------- */

static bool is_the_askers(const struct error *error) {
  return error->code == ERROR_NOT_FOUND || error->code == ERROR_CONFLICT || error->code == ERROR_MALFORMED ||
         error->code == ERROR_UNPROCESSABLE;
}

static bool settle_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct conflict_choice *choice = entry->input;
  struct conflict_settled *reply = entry->reply;
  struct event_result result = {.status = event_outcome_names[EVENT_APPLIED]};
  struct decision decision = {.choice = choice,
                              .intake = {.tx = tx,
                                         .entry = entry,
                                         .config = choice->host->config,
                                         .zones = choice->host->zones,
                                         .awards = choice->host->awards,
                                         .now_ms = ledger_now_ms(tx)}};
  struct error found = ERROR_INIT;
  if (!read_conflict(&decision, &found) || !resolve(&decision, &found)) {
    if (!is_the_askers(&found)) {
      *error = found;
      return false;
    }
    entry->error = found;
    ledger_fail(entry);
    return true;
  }
  if (!carry_out(&decision, &result, error) || !close_conflict(&decision, error) ||
      !note_sync(&decision, error) || !report(&decision, error))
    return false;
  *reply = (struct conflict_settled){.success = true,
                                     .message = "The conflict is resolved.",
                                     .conflict = decision.conflict,
                                     .achievements = result.achievements,
                                     .milestones = result.milestones,
                                     .revision = entry->learner.revision};
  return true;
}

static bool settle_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!settle_one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

const struct ledger_kind conflict_settle_kind = {.name = "conflict", .work = settle_work};
