#include "event/award.h"

#include <string.h>

#include "event/award_private.h"
#include "learner/practice.h"
#include "schema/encode.h"

#include "base/banned.h"

#define HUNDREDTHS 100

/* --- Reading ------------------------------------------------------------------------------------------ */

bool award_read_standing(const struct award_table *table, struct db *db, struct award_case *judged,
                         struct arena *arena, struct error *error) {
  size_t definitions = award_table_count(table);
  struct award_standing_params *wanted =
      arena_alloc_array(arena, definitions + judged->told_count + DB_ROWS_MAX, sizeof *wanted);
  struct award_standing_row *rows;
  size_t count = 0;
  if (wanted == NULL) return error_set_memory(error);
  for (size_t at = 0; at < definitions; at++) {
    const struct award *award = award_table_at(table, at);
    if (award->kind == AWARD_MILESTONE) wanted[count++].milestone_id = award->id;
  }
  for (size_t at = 0; at < judged->told_count; at++)
    wanted[count++].milestone_id = judged->told[at].milestone_id;
  if (count == 0) wanted[count++].milestone_id = ""; /* the achievements are asked for all the same */
  for (size_t at = 0; at < count; at++)
    wanted[at].user_id = judged->user_id;
  /* As many as one execution takes: to ask of one twice costs nothing, and a second execution much. */
  for (; count < DB_ROWS_MAX && db_rows_fit(count) < count; count++)
    wanted[count] = wanted[0];
  if (!award_standing(db, wanted, count, arena, AWARD_STANDING_MAX, error, &rows, &count)) return false;
  judged->standing = rows;
  judged->standing_count = count;
  return true;
}

bool award_read_window(const struct award_table *table, struct db *db, int32_t first, int32_t last,
                       struct award_case *judged, struct arena *arena, struct error *error) {
  struct award_days_params params = {.user_id = judged->user_id, .first = first, .last = last};
  struct award_days_row *rows;
  size_t count;
  if (!award_is_wanted(table, AWARD_PRACTICE_DAYS_28, judged->standing, judged->standing_count)) return true;
  if (!award_days(db, &params, arena, PRACTICE_DAYS_MAX, error, &rows, &count)) return false;
  int32_t *days = arena_alloc_array(arena, count + 1, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = rows[at].day;
  judged->figures.practice_days_28 = award_best_window(days, count);
  return true;
}

static void raise(int64_t *figure, int64_t value) {
  if (value > *figure) *figure = value;
}

/* What takes counting of many rows. */
static bool read_counts(struct event_intake *intake, const struct event *event, struct award_case *judged,
                        struct error *error) {
  struct award_counts_params params = {.user_id = intake->entry->learner.user_id,
                                       .activity_type = activity_type_names[event->activity_type],
                                       .activity_id = event->activity_id,
                                       .day = event->day,
                                       .milestones_max = AWARD_MILESTONES_MAX};
  struct award_counts_row row;
  bool found;
  if (!award_counts(ledger_db(intake->tx), &params, ledger_arena(intake->tx), error, &row, &found))
    return false;
  raise(&judged->figures.best_day, row.best_day);
  raise(&judged->figures.practice_days_28, row.practice_days);
  raise(&judged->figures.milestones, row.milestones);
  return true;
}

/* Practice days and milestones stay 0, which proves nothing, where the event cannot have moved them. `late`:
 * the learner has practised since, and days around the event's may be more than those before it. */
static bool read_figures(struct event_intake *intake, const struct event *event, struct award_case *judged,
                         struct error *error, bool *ret_late) {
  struct tally *tally = &intake->tally;
  const struct tally_counts *counts = &tally->counts;
  if (!tally_open(intake, error)) return false;
  bool is_counted = counts->event_id != NULL && strcmp(counts->event_id, event->id) == 0;
  judged->figures = (struct award_figures){.completed = (int64_t)tally->sums.completed,
                                           .minutes = tally->sums.time / HUNDREDTHS,
                                           .streak_days = tally->streak.longest,
                                           .best_day = is_counted ? counts->best_day : 0,
                                           .skills = tally->skills};
  for (size_t type = 0; type < ACTIVITY_TYPES; type++)
    judged->figures.completed_by_type[type] = (int64_t)tally->sums.completed_of[type];
  *ret_late = tally->streak.practised && tally->streak.last_day > event->day;
  return (is_counted && !counts->is_first) || read_counts(intake, event, judged, error);
}

/* --- Writing ------------------------------------------------------------------------------------------ */

static bool put_notification(struct event_intake *intake, const char *kind, const char *id, const char *type,
                             const char *title, const char *description, struct error *error) {
  CLEANUP(buffer_free) struct buffer data = BUFFER_INIT(NOTIFICATION_DATA_BYTES);
  buffer_append_text(&data, "{\"id\":");
  json_append_text(&data, id);
  if (type != NULL) buffer_printf(&data, ",\"type\":\"%s\"", type);
  buffer_append_text(&data, ",\"title\":");
  json_append_text(&data, title);
  if (description != NULL) {
    buffer_append_text(&data, ",\"description\":");
    json_append_text(&data, description);
  }
  buffer_append_char(&data, '}');
  if (data.failed) return error_set_memory(error);
  return notification_put(intake, kind, buffer_text(&data), error);
}

static bool tell(struct event_intake *intake, const char *what, const char *id, const char *title,
                 struct error *error) {
  struct ledger_change change = {.what = what, .key = id, .by = 1, .because = title};
  return ledger_report(intake->tx, intake->entry, &change, error);
}

bool award_write(struct event_intake *intake, const struct award_verdict *verdict, struct error *error) {
  struct db *db = ledger_db(intake->tx);
  struct db_outcome outcome;
  if (!award_insert(db, verdict->earned, verdict->earned_count, error, &outcome) ||
      !award_put_milestones(db, verdict->moved, verdict->moved_count, error, &outcome))
    return false;
  for (size_t at = 0; at < verdict->earned_count; at++) {
    const struct award_insert_params *row = &verdict->earned[at];
    if (!tell(intake, "achievement", row->id, row->title, error) ||
        !put_notification(intake, NOTIFICATION_ACHIEVEMENT, row->id, row->achievement_type, row->title,
                          row->description, error))
      return false;
  }
  for (size_t at = 0; at < verdict->moved_count; at++) {
    const struct award_put_milestones_params *row = &verdict->moved[at];
    if (row->reached_at_is_null) continue;
    if (!tell(intake, "milestone", row->milestone_id, row->title, error) ||
        !put_notification(intake, NOTIFICATION_MILESTONE, row->milestone_id, NULL, row->title, NULL, error))
      return false;
  }
  return true;
}

/* --- For the reply ------------------------------------------------------------------------------------ */

/* Room for `more` items behind those that are there. NULL: no memory. */
static void *extend(struct arena *arena, struct field_list *list, size_t more, size_t item_bytes) {
  char *items = arena_alloc_array(arena, list->count + more + 1, item_bytes);
  if (items == NULL) return NULL;
  if (list->count > 0) memcpy(items, list->items, list->count * item_bytes);
  list->items = items;
  return items + list->count * item_bytes;
}

static bool add_achievements(struct arena *arena, const struct award_verdict *verdict,
                             struct event_result *result, struct error *error) {
  struct achievement_view *views =
      extend(arena, &result->achievements, verdict->earned_count, sizeof(struct achievement_view));
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < verdict->earned_count; at++) {
    const struct award_insert_params *row = &verdict->earned[at];
    views[at] = (struct achievement_view){.id = row->id,
                                          .type = row->achievement_type,
                                          .title = row->title,
                                          .description = row->description,
                                          .earned_at_ms = row->earned_at,
                                          .is_public = row->is_public,
                                          .trigger_event_id = row->trigger_event_id,
                                          .metadata = row->metadata};
  }
  result->achievements.count += verdict->earned_count;
  return true;
}

static bool add_milestones(struct arena *arena, const struct award_verdict *verdict,
                           struct event_result *result, struct error *error) {
  struct milestone_view *views =
      extend(arena, &result->milestones, verdict->moved_count, sizeof(struct milestone_view));
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < verdict->moved_count; at++) {
    const struct award_put_milestones_params *row = &verdict->moved[at];
    if (row->reached_at_is_null) continue;
    *views++ = (struct milestone_view){.id = row->milestone_id,
                                       .title = row->title,
                                       .target = row->target,
                                       .progress = row->progress,
                                       .reached_at_ms = row->reached_at,
                                       .reached_given = PRESENCE_GIVEN};
    result->milestones.count++;
  }
  return true;
}

/* --- The hook ----------------------------------------------------------------------------------------- */

static bool tells_of_milestone(const struct event *event) {
  bool is_about_one = event->type == EVENT_MILESTONE_REACHED || event->activity_type == ACTIVITY_MILESTONE;
  return is_about_one && event->status == STATUS_COMPLETED;
}

static bool reaches_any(const struct award_verdict *verdict) {
  for (size_t at = 0; at < verdict->moved_count; at++)
    if (!verdict->moved[at].reached_at_is_null) return true;
  return false;
}

/* Only with one more reached does it matter how many there were. */
static bool judge(struct event_intake *intake, const struct event *event, struct award_case *judged,
                  struct error *error, struct award_verdict *ret_verdict) {
  struct arena *arena = ledger_arena(intake->tx);
  if (!award_judge(intake->awards, judged, arena, error, ret_verdict)) return false;
  return !reaches_any(ret_verdict) || (read_counts(intake, event, judged, error) &&
                                       award_judge(intake->awards, judged, arena, error, ret_verdict));
}

bool award_check(struct event_intake *intake, const struct event *event, struct event_result *result,
                 struct error *error) {
  struct db *db = ledger_db(intake->tx);
  struct arena *arena = ledger_arena(intake->tx);
  struct award_told told = {
      .milestone_id = event->activity_id, .event_id = event->id, .reached_at_ms = event->happened_at_ms};
  struct award_case judged = {.user_id = intake->entry->learner.user_id,
                              .revision = intake->entry->learner.revision,
                              .event_id = event->id,
                              .at_ms = event->happened_at_ms,
                              .told = &told,
                              .told_count = tells_of_milestone(event) ? 1 : 0};
  struct award_verdict verdict;
  int32_t span = AWARD_WINDOW_DAYS - 1;
  bool late;
  if (!read_figures(intake, event, &judged, error, &late) || !award_memo_open(intake, &judged, error) ||
      (late &&
       !award_read_window(intake->awards, db, event->day - span, event->day + span, &judged, arena, error)) ||
      !judge(intake, event, &judged, error, &verdict) || !award_memo_note(intake, &verdict, error))
    return false;
  if (verdict.earned_count == 0 && verdict.moved_count == 0) return true;
  return award_write(intake, &verdict, error) && add_achievements(arena, &verdict, result, error) &&
         add_milestones(arena, &verdict, result, error);
}
