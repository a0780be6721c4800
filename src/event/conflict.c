#include "event/conflict_private.h"

#include <string.h>

#include "event/activity.h"
#include "event/award.h"
#include "event/cascade.h"
#include "event/notification.h"
#include "queries/around.h"
#include "queries/conflict.h"
#include "schema/encode.h"

#include "base/banned.h"

#define PERCENT_SURE (CONFLICT_SURE / 100)
#define TOLD_BYTES ((size_t)4096)

/* --- Whose conflict it is ---------------------------------------------------------------------------- */

static int compare_order(const struct event *one, const struct event *other) {
  if (one->revision != other->revision) return one->revision < other->revision ? -1 : 1;
  return (one->position > other->position) - (one->position < other->position);
}

/* What was chosen, in order, and the new event behind it; members of an open conflict are merged in. */
static bool gather(struct event_intake *intake, const struct event *fresh, const struct event *peers,
                   const size_t *chosen, size_t chosen_count, const struct conflict_events *members,
                   struct error *error, struct conflict_verdict *verdict) {
  struct event *events =
      arena_alloc_array(ledger_arena(intake->tx), chosen_count + members->count + 1, sizeof *events);
  size_t count = members->count;
  if (events == NULL) return error_set_memory(error);
  if (count > 0) memcpy(events, members->events, count * sizeof *events);
  for (size_t at = 0; at < chosen_count; at++) {
    const struct event *peer = &peers[chosen[at]];
    size_t place = 0;
    while (place < count && strcmp(events[place].id, peer->id) != 0)
      place++;
    if (place < count) continue;
    for (place = count++; place > 0 && compare_order(peer, &events[place - 1]) < 0; place--)
      events[place] = events[place - 1];
    events[place] = *peer;
  }
  events[count++] = *fresh;
  if (count > CONFLICT_EVENTS_MAX)
    return error_add_field(error, ERROR_UNPROCESSABLE, "eventData.activityId",
                           "has an open conflict of %d events, which has to be resolved first",
                           CONFLICT_EVENTS_MAX);
  verdict->events = events;
  verdict->count = count;
  return true;
}

static bool find_open(struct event_intake *intake, const struct event *event, struct error *error,
                      struct conflict_verdict *verdict, struct conflict_events *ret_members) {
  struct conflict_open_params params = {.user_id = intake->entry->learner.user_id,
                                        .activity_type = activity_type_names[event->activity_type],
                                        .activity_id = event->activity_id};
  struct conflict_open_row row;
  if (!conflict_open(ledger_db(intake->tx), &params, ledger_arena(intake->tx), error, &row, &verdict->joins))
    return false;
  if (!verdict->joins) {
    *ret_members = (struct conflict_events){.count = 0};
    return true;
  }
  verdict->conflict_id = row.id;
  verdict->created_at_ms = row.created_at;
  return conflict_read_events(ledger_db(intake->tx), params.user_id, &row.id, 1, ledger_arena(intake->tx),
                              error, ret_members, NULL);
}

/* --- Settled, or waiting ----------------------------------------------------------------------------- */

/* What an activity is as far as events of that status say: skipped, begun, completed. */
static int standing(enum completion_status status) {
  if (status == STATUS_COMPLETED) return 2;
  return status == STATUS_SKIPPED ? 0 : 1;
}

/* Whether the activity would be less than it is now. */
static bool would_fall(struct event_intake *intake, const struct conflict_verdict *verdict,
                       struct error *error, bool *ret_falls) {
  int now = 0;
  bool say;
  for (size_t at = 0; at < verdict->count; at++) {
    const struct event *event = &verdict->events[at];
    if (event->outcome == EVENT_APPLIED && at + 1 < verdict->count && standing(event->status) > now)
      now = standing(event->status);
  }
  if (standing((enum completion_status)verdict->suggested.data.completion_status) >= now) {
    *ret_falls = false;
    return true;
  }
  if (!conflict_others_say(ledger_db(intake->tx), intake->entry->learner.user_id, verdict->events,
                           verdict->count, now == standing(STATUS_COMPLETED), ledger_arena(intake->tx), error,
                           &say))
    return false;
  *ret_falls = !say;
  return true;
}

static bool is_sure(const struct event_intake *intake, unsigned confidence) {
  return (int64_t)confidence >= intake->config->events.settle_confidence_percent * PERCENT_SURE;
}

static bool settle(struct event_intake *intake, struct conflict_verdict *verdict, struct error *error) {
  bool falls;
  verdict->settled = !verdict->joins && verdict->weight.suggestion != RESOLUTION_MANUAL_REVIEW &&
                     is_sure(intake, verdict->weight.confidence);
  if (!verdict->settled) return true;
  if (!would_fall(intake, verdict, error, &falls)) return false;
  verdict->settled = !falls;
  return true;
}

/* --- Judging ------------------------------------------------------------------------------------------ */

/* A repeat that is set aside; the one that was there first speaks for both. */
static bool judge_repeat(struct event_intake *intake, struct event *event, struct conflict_verdict *verdict,
                         struct error *error) {
  verdict->settled = true;
  event->outcome = EVENT_DUPLICATE;
  return conflict_absorb(verdict->events, ledger_arena(intake->tx), error, &verdict->suggested);
}

static bool judge_conflict(struct event_intake *intake, struct event *event, struct conflict_verdict *verdict,
                           struct error *error) {
  if (!conflict_resolve(verdict->events, verdict->count, verdict->weight.suggestion, ledger_arena(intake->tx),
                        error, &verdict->suggested) ||
      !settle(intake, verdict, error))
    return false;
  event->outcome = EVENT_CONFLICT;
  if (!verdict->settled) return true;
  event->outcome = EVENT_SUPERSEDED;
  if (verdict->suggested.winner + 1 < verdict->count) return true;
  event->outcome = EVENT_APPLIED;
  conflict_apply(intake, &verdict->suggested, event);
  event->resolved_text = conflict_data_text(&event->data, ledger_arena(intake->tx));
  return event->resolved_text != NULL || error_set_memory(error);
}

bool conflict_judge(struct event_intake *intake, struct event *event, const struct event_around *around,
                    struct conflict_verdict *ret_verdict, struct error *error) {
  const struct events_config *config = &intake->config->events;
  struct conflict_verdict verdict = {.kind = CONFLICT_NONE};
  struct conflict_events peers;
  struct conflict_events members = {.count = 0};
  size_t chosen[2 * CONFLICT_PEERS_MAX];
  size_t chosen_count;
  if (!around->row->has_events) {
    *ret_verdict = verdict;
    return true;
  }
  if (!conflict_read_peers(intake, event, error, &peers)) return false;
  verdict.kind = conflict_find(event, peers.events, peers.count, config, chosen, &chosen_count);
  if (verdict.kind == CONFLICT_NONE) {
    *ret_verdict = verdict;
    return true;
  }
  struct conflict_weight repeat = conflict_compare(event, &peers.events[chosen[0]], config);
  bool set_aside = verdict.kind == CONFLICT_DUPLICATE && is_sure(intake, repeat.confidence);
  if ((!set_aside && !find_open(intake, event, error, &verdict, &members)) ||
      !gather(intake, event, peers.events, chosen, chosen_count, &members, error, &verdict))
    return false;
  verdict.weight = conflict_weigh(verdict.events, verdict.count, config);
  verdict.kind = verdict.weight.kind;
  if (!(set_aside ? judge_repeat(intake, event, &verdict, error)
                  : judge_conflict(intake, event, &verdict, error)))
    return false;
  *ret_verdict = verdict;
  return true;
}

/* --- Writing ------------------------------------------------------------------------------------------ */

/* The events as they are now. */
static bool show_events(struct event_intake *intake, const struct event *fresh,
                        const struct conflict_verdict *verdict, struct error *error,
                        struct field_list *ret_list) {
  struct event *events = arena_alloc_array(ledger_arena(intake->tx), verdict->count, sizeof *events);
  size_t last = verdict->count - 1;
  if (events == NULL) return error_set_memory(error);
  memcpy(events, verdict->events, verdict->count * sizeof *events);
  if (verdict->settled) {
    struct event *winner = &events[verdict->suggested.winner];
    winner->happened_at_ms = verdict->suggested.happened_at_ms;
    for (size_t at = 0; at < last && fresh->outcome != EVENT_DUPLICATE; at++)
      events[at].outcome = &events[at] == winner ? EVENT_APPLIED : EVENT_SUPERSEDED;
  }
  events[last].outcome = fresh->outcome;
  return conflict_show_events(events, NULL, verdict->count, ledger_arena(intake->tx), error, ret_list);
}

static bool show(struct event_intake *intake, const struct event *fresh,
                 const struct conflict_verdict *verdict, struct error *error,
                 struct conflict_view *ret_view) {
  struct arena *arena = ledger_arena(intake->tx);
  const struct event *first = &verdict->events[0];
  struct conflict_view view = {.id = verdict->conflict_id,
                               .conflict_type = (int)verdict->kind,
                               .status = verdict->settled,
                               .activity_type = (int)first->activity_type,
                               .activity_id = first->activity_id,
                               .requires_user_input = !verdict->settled,
                               .impact = (int)verdict->weight.impact,
                               .created_at_ms = verdict->joins ? verdict->created_at_ms : intake->now_ms,
                               .revision = intake->entry->learner.revision};
  if (!show_events(intake, fresh, verdict, error, &view.events) ||
      !conflict_show_resolution(verdict->events, &verdict->suggested, conflict_reasoning(&verdict->weight),
                                (double)verdict->weight.confidence / CONFLICT_SURE, arena, error,
                                &view.suggested))
    return false;
  if (verdict->settled) {
    view.resolution = view.suggested;
    view.resolution_given = PRESENCE_GIVEN;
    view.resolved_by = CONFLICT_SETTLEMENT;
    view.resolved_at_ms = intake->now_ms;
    view.resolved_at_given = PRESENCE_GIVEN;
  }
  *ret_view = view;
  return true;
}

/* Its row; with the id of a new one in the view. */
static bool write_row(struct event_intake *intake, const struct conflict_verdict *verdict,
                      struct conflict_view *view, struct error *error) {
  const char *suggested = conflict_resolution_text(&view->suggested, ledger_arena(intake->tx));
  struct db_outcome outcome;
  if (suggested == NULL) return error_set_memory(error);
  if (verdict->joins) {
    struct conflict_change_params change = {.id = view->id,
                                            .user_id = intake->entry->learner.user_id,
                                            .revision = view->revision,
                                            .conflict_type = conflict_kind_names[verdict->kind],
                                            .impact = conflict_impact_names[view->impact],
                                            .confidence = view->suggested.confidence,
                                            .suggested_resolution = suggested};
    return conflict_change(ledger_db(intake->tx), &change, error, &outcome);
  }
  struct conflict_insert_params insert = {.user_id = intake->entry->learner.user_id,
                                          .revision = view->revision,
                                          .conflict_type = conflict_kind_names[verdict->kind],
                                          .activity_type = activity_type_names[view->activity_type],
                                          .activity_id = view->activity_id,
                                          .impact = conflict_impact_names[view->impact],
                                          .confidence = view->suggested.confidence,
                                          .suggested_resolution = suggested,
                                          .requires_user_input = view->requires_user_input,
                                          .actual_resolution = verdict->settled ? suggested : NULL,
                                          .resolved_by = view->resolved_by,
                                          .resolved_at = view->resolved_at_ms,
                                          .resolved_at_is_null = !verdict->settled,
                                          .created_at = view->created_at_ms};
  if (!conflict_insert(ledger_db(intake->tx), &insert, error, &outcome)) return false;
  view->id = outcome.insert_id;
  return true;
}

/* What the events become that were there before. */
static bool write_others(struct event_intake *intake, const struct event *event,
                         const struct conflict_verdict *verdict, struct error *error) {
  const struct event *first = &verdict->events[0];
  bool had_counted = false;
  if (!verdict->settled) return true;
  for (size_t at = 0; at + 1 < verdict->count; at++)
    had_counted = had_counted || verdict->events[at].outcome == EVENT_APPLIED;
  bool written = event->outcome == EVENT_DUPLICATE
                     ? conflict_write_winner(intake, first, &verdict->suggested, first->outcome, error)
                     : conflict_write_outcomes(intake, verdict->events, verdict->count, &verdict->suggested,
                                               true, error);
  return written &&
         (!had_counted || activity_recount(intake, first->activity_type, first->activity_id, error));
}

static bool tell(struct event_intake *intake, const struct conflict_verdict *verdict,
                 const struct conflict_view *view, struct error *error) {
  CLEANUP(buffer_free) struct buffer told = BUFFER_INIT(TOLD_BYTES);
  const char *kind = conflict_kind_names[verdict->kind];
  const char *id = arena_printf(ledger_arena(intake->tx), "%llu", (unsigned long long)view->id);
  struct ledger_change change = {
      .what = verdict->settled ? "settlement" : "conflict", .key = id, .by = 1, .because = kind};
  if (id == NULL) return error_set_memory(error);
  if (!event_report(intake, &change, error)) return false;
  if (verdict->settled || verdict->joins) return true;
  buffer_printf(
      &told,
      "{\"id\":%s,\"conflictType\":\"%s\",\"impact\":\"%s\",\"activityType\":\"%s\",\"activityId\":", id,
      kind, conflict_impact_names[view->impact], activity_type_names[view->activity_type]);
  json_append_text(&told, view->activity_id);
  buffer_append_char(&told, '}');
  if (told.failed) return error_set_memory(error);
  return notification_put(intake, NOTIFICATION_CONFLICT, told.data, error);
}

/* An event that counted before, and says more now: what follows from that. The new event's own is the
 * intake's. */
static bool follow_winner(struct event_intake *intake, const struct conflict_verdict *verdict,
                          struct event_result *result, struct error *error) {
  const struct event *before = &verdict->events[verdict->suggested.winner];
  struct event winner = *before;
  if (!verdict->settled || verdict->suggested.winner + 1 == verdict->count ||
      before->outcome != EVENT_APPLIED)
    return true;
  conflict_apply(intake, &verdict->suggested, &winner);
  winner.resolved_text = conflict_data_text(&winner.data, ledger_arena(intake->tx));
  if (winner.resolved_text == NULL) return error_set_memory(error);
  return strcmp(winner.resolved_text, before->data_text) == 0 ||
         (cascade_run(intake, &winner, NULL, result, error) && award_check(intake, &winner, result, error));
}

bool conflict_write(struct event_intake *intake, const struct event *event,
                    const struct conflict_verdict *verdict, struct event_result *result,
                    struct error *error) {
  if (verdict->kind == CONFLICT_NONE) return true;
  struct conflict_view *view = arena_alloc(ledger_arena(intake->tx), sizeof *view);
  if (view == NULL) return error_set_memory(error);
  if (!write_others(intake, event, verdict, error) || !show(intake, event, verdict, error, view) ||
      !write_row(intake, verdict, view, error) ||
      !conflict_write_events(intake, view->id, verdict->events, verdict->count, error) ||
      !tell(intake, verdict, view, error) || !follow_winner(intake, verdict, result, error))
    return false;
  result->conflicts = (struct field_list){.items = view, .count = 1};
  return true;
}
