#include "event/schedule.h"

#include <string.h>

#include "queries/schedule.h"

#include "base/banned.h"

#define MINUTE_MS 60000.0

/* --- Rows ------------------------------------------------------------------------------------------ */

static bool find(struct system_step *step, const char *id, struct error *error,
                 struct schedule_entry *ret_entry) {
  struct schedule_find_params params = {.user_id = step->user_id, .id = id};
  struct schedule_find_row row;
  bool found;
  if (!schedule_find(step->db, &params, step->arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such calendar entry.");
  *ret_entry = SCHEDULE_OF(&row);
  return true;
}

static bool is_same(const struct schedule_entry *one, const struct schedule_entry *other) {
  return one->status == other->status && one->starts_at_ms == other->starts_at_ms &&
         strcmp(one->title, other->title) == 0 && system_same_text(one->video_id, other->video_id) &&
         system_same_text(one->todo_id, other->todo_id) &&
         system_same_time(one->ends_at_ms, one->ends_at_given, other->ends_at_ms, other->ends_at_given) &&
         system_same_time(one->actual_start_ms, one->actual_start_given, other->actual_start_ms,
                          other->actual_start_given) &&
         system_same_time(one->actual_end_ms, one->actual_end_given, other->actual_end_ms,
                          other->actual_end_given);
}

/* --- What a body asks for -------------------------------------------------------------------------- */

static void take_time(int64_t given_ms, enum presence given, int64_t *time_ms, enum presence *time_given) {
  if (given == PRESENCE_ABSENT) return;
  *time_ms = given_ms;
  *time_given = given;
}

/* What is completed has ended, now where nobody says when; what was opened again has not. */
static void take_end(const struct system_step *step, const struct schedule_body *body, bool was_completed,
                     struct schedule_entry *entry) {
  bool ended = entry->actual_end_given == PRESENCE_GIVEN;
  bool begins_later = entry->actual_start_given == PRESENCE_GIVEN && entry->actual_start_ms > step->now_ms;
  if (body->actual_end_given != PRESENCE_ABSENT || entry->completed == was_completed) return;
  if (!entry->completed) {
    entry->actual_end_given = PRESENCE_NULL;
  } else if (!ended && !begins_later) {
    entry->actual_end_ms = step->now_ms;
    entry->actual_end_given = PRESENCE_GIVEN;
  }
}

static bool check_times(struct system_step *step, const struct schedule_body *body,
                        const struct schedule_entry *entry, struct error *error) {
  bool has_end = entry->actual_end_given == PRESENCE_GIVEN;
  if (entry->ends_at_given == PRESENCE_GIVEN && entry->ends_at_ms < entry->starts_at_ms)
    return error_add_field(error, ERROR_UNPROCESSABLE, "endsAt", "must not lie before startsAt");
  if (has_end && entry->actual_start_given == PRESENCE_GIVEN && entry->actual_end_ms < entry->actual_start_ms)
    return error_add_field(error, ERROR_UNPROCESSABLE, "actualEnd", "must not lie before actualStart");
  if (body->actual_end_given == PRESENCE_GIVEN)
    return system_check_moment(step, "actualEnd", body->actual_end_ms, error);
  return true;
}

static bool take_body(struct system_step *step, const struct schedule_body *body,
                      struct schedule_entry *entry, struct error *error) {
  bool was_completed = entry->completed;
  if (body->title != NULL) entry->title = body->title;
  if (body->starts_at_given == PRESENCE_GIVEN) entry->starts_at_ms = body->starts_at_ms;
  take_time(body->ends_at_ms, body->ends_at_given, &entry->ends_at_ms, &entry->ends_at_given);
  if (body->video_id_given != PRESENCE_ABSENT) entry->video_id = body->video_id;
  if (body->todo_id_given != PRESENCE_ABSENT) entry->todo_id = body->todo_id;
  if (body->status_given == PRESENCE_GIVEN) entry->status = body->status;
  entry->completed = entry->status == SCHEDULE_COMPLETED;
  take_time(body->actual_start_ms, body->actual_start_given, &entry->actual_start_ms,
            &entry->actual_start_given);
  take_time(body->actual_end_ms, body->actual_end_given, &entry->actual_end_ms, &entry->actual_end_given);
  take_end(step, body, was_completed, entry);
  return check_times(step, body, entry, error);
}

/* --- Writing --------------------------------------------------------------------------------------- */

static bool insert(struct system_step *step, const struct schedule_entry *entry, struct error *error,
                   bool *ret_inserted) {
  struct schedule_insert_params params = {.user_id = step->user_id,
                                          .id = entry->id,
                                          .title = entry->title,
                                          .starts_at = entry->starts_at_ms,
                                          .ends_at = entry->ends_at_ms,
                                          .ends_at_is_null = entry->ends_at_given != PRESENCE_GIVEN,
                                          .video_id = entry->video_id,
                                          .todo_id = entry->todo_id,
                                          .status = schedule_status_names[entry->status],
                                          .actual_start = entry->actual_start_ms,
                                          .actual_start_is_null = entry->actual_start_given != PRESENCE_GIVEN,
                                          .actual_end = entry->actual_end_ms,
                                          .actual_end_is_null = entry->actual_end_given != PRESENCE_GIVEN,
                                          .now = step->now_ms};
  struct db_outcome outcome;
  if (!schedule_insert(step->db, &params, error, &outcome)) return false;
  *ret_inserted = outcome.affected == 1;
  return true;
}

static bool update(struct system_step *step, const struct schedule_entry *before,
                   struct schedule_entry *entry, struct error *error) {
  if (entry->starts_at_ms != before->starts_at_ms) {
    entry->rescheduled_from_ms = before->starts_at_ms;
    entry->rescheduled_from_given = PRESENCE_GIVEN;
  }
  entry->updated_at_ms = step->now_ms;
  struct schedule_update_params params = {.user_id = step->user_id,
                                          .id = entry->id,
                                          .title = entry->title,
                                          .starts_at = entry->starts_at_ms,
                                          .ends_at = entry->ends_at_ms,
                                          .ends_at_is_null = entry->ends_at_given != PRESENCE_GIVEN,
                                          .video_id = entry->video_id,
                                          .todo_id = entry->todo_id,
                                          .status = schedule_status_names[entry->status],
                                          .actual_start = entry->actual_start_ms,
                                          .actual_start_is_null = entry->actual_start_given != PRESENCE_GIVEN,
                                          .actual_end = entry->actual_end_ms,
                                          .actual_end_is_null = entry->actual_end_given != PRESENCE_GIVEN,
                                          .rescheduled_from = entry->rescheduled_from_ms,
                                          .rescheduled_from_is_null =
                                              entry->rescheduled_from_given != PRESENCE_GIVEN,
                                          .now = step->now_ms};
  struct db_outcome outcome;
  return schedule_update(step->db, &params, error, &outcome);
}

static enum presence told(enum presence given) {
  return given == PRESENCE_GIVEN ? PRESENCE_GIVEN : PRESENCE_ABSENT;
}

/* An entry that stands for a todo or a video is about that: the same activity as when it is completed there.
 */
static void name_activity(const struct schedule_entry *entry, struct event_data *data) {
  data->activity_id = entry->todo_id != NULL ? entry->todo_id : entry->video_id;
  if (entry->todo_id != NULL || entry->video_id == NULL) return;
  data->activity_type = ACTIVITY_VIDEO;
  data->activity_type_given = PRESENCE_GIVEN;
}

/* The row stands as completed. The event says more of it: when it ended. */
static bool complete(struct system_step *step, const struct schedule_entry *entry, struct error *error,
                     struct schedule_reply *reply) {
  struct event_body body = {
      .event_type = EVENT_SCHEDULE_COMPLETED,
      .source_system = SYSTEM_CALENDAR,
      .data = {.completion_status = STATUS_COMPLETED,
               .schedule = {.schedule_id = entry->id,
                            .scheduled_ms = entry->starts_at_ms,
                            .scheduled_given = PRESENCE_GIVEN,
                            .actual_start_ms = entry->actual_start_ms,
                            .actual_start_given = told(entry->actual_start_given),
                            .actual_end_ms = entry->actual_end_ms,
                            .actual_end_given = told(entry->actual_end_given),
                            .rescheduled_from_ms = entry->rescheduled_from_ms,
                            .rescheduled_from_given = told(entry->rescheduled_from_given)},
               .schedule_given = PRESENCE_GIVEN}};
  name_activity(entry, &body.data);
  double minutes = (double)(entry->actual_end_ms - entry->actual_start_ms) / MINUTE_MS;
  if (entry->actual_start_given == PRESENCE_GIVEN && entry->actual_end_given == PRESENCE_GIVEN &&
      minutes <= EVENT_MINUTES_MAX) {
    body.data.time_spent = minutes;
    body.data.time_spent_given = PRESENCE_GIVEN;
  }
  return system_complete(step, &body, error, &reply->outcome) && find(step, entry->id, error, &reply->entry);
}

/* --- The operations -------------------------------------------------------------------------------- */

static bool has_room(struct system_step *step, struct error *error) {
  struct schedule_count_params params = {.user_id = step->user_id, .limit_rows = SYSTEM_ROWS_MAX};
  struct schedule_count_row row;
  bool found;
  if (!schedule_count(step->db, &params, step->arena, error, &row, &found)) return false;
  return !found || row.entries < SYSTEM_ROWS_MAX ||
         error_set(error, ERROR_UNPROCESSABLE, "A learner has at most %d calendar entries.", SYSTEM_ROWS_MAX);
}

/* The row stood before: made by another application, or so long ago that the ledger no longer knows of it.
 * Whether it is the same entry is judged by what the body says. */
static bool meet(struct system_step *step, const char *id, struct error *error,
                 struct schedule_reply *reply) {
  struct schedule_entry stored;
  if (!find(step, id, error, &stored)) return false;
  struct schedule_entry would_be = stored;
  if (!take_body(step, step->input->body, &would_be, error)) return false;
  if (!is_same(&stored, &would_be))
    return error_add_field(error, ERROR_UNPROCESSABLE, "id", "is that of another calendar entry");
  reply->entry = stored;
  reply->revision = system_revision_before(step);
  return true;
}

static bool create_one(struct system_step *step, struct error *error) {
  struct schedule_reply *reply = step->entry->reply;
  struct schedule_entry entry = {.ends_at_given = PRESENCE_NULL,
                                 .actual_start_given = PRESENCE_NULL,
                                 .actual_end_given = PRESENCE_NULL,
                                 .rescheduled_from_given = PRESENCE_NULL,
                                 .created_at_ms = step->now_ms,
                                 .updated_at_ms = step->now_ms};
  bool inserted;
  if (!system_row_id(step, "entry", error, &entry.id) || !take_body(step, step->input->body, &entry, error) ||
      !has_room(step, error) || !insert(step, &entry, error, &inserted))
    return false;
  *reply =
      (struct schedule_reply){.success = true, .entry = entry, .revision = step->entry->learner.revision};
  if (!inserted) return meet(step, entry.id, error, reply);
  return system_report(step, "schedule", entry.id, "created", error) &&
         (!entry.completed || complete(step, &entry, error, reply));
}

static const char *what_became(const struct schedule_entry *before, const struct schedule_entry *entry) {
  if (entry->completed && !before->completed) return "completed";
  if (before->completed && !entry->completed) return "reopened";
  return entry->starts_at_ms == before->starts_at_ms ? "changed" : "rescheduled";
}

static bool change_one(struct system_step *step, struct error *error) {
  struct schedule_reply *reply = step->entry->reply;
  struct schedule_entry before;
  if (!find(step, step->input->id, error, &before)) return false;
  struct schedule_entry entry = before;
  if (!take_body(step, step->input->body, &entry, error)) return false;
  *reply = (struct schedule_reply){.success = true, .entry = entry, .revision = system_revision_before(step)};
  if (is_same(&before, &entry)) return true;
  if (!update(step, &before, &entry, error) ||
      !system_report(step, "schedule", entry.id, what_became(&before, &entry), error))
    return false;
  reply->entry = entry;
  reply->revision = step->entry->learner.revision;
  if (before.completed && !entry.completed &&
      !system_reopen(step, SYSTEM_CALENDAR, "schedule_entries", entry.id, schedule_status_names[entry.status],
                     error))
    return false;
  return before.completed || !entry.completed || complete(step, &entry, error, reply);
}

static bool delete_one(struct system_step *step, struct error *error) {
  return system_delete(step, &schedule_delete_statement, "schedule", "There is no such calendar entry.",
                       error);
}

static bool create_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, create_one, error);
}
static bool change_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, change_one, error);
}
static bool delete_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, delete_one, error);
}
const struct ledger_kind schedule_create_kind = {.name = "schedule", .work = create_work};
const struct ledger_kind schedule_change_kind = {.name = "schedule_change", .work = change_work};
const struct ledger_kind schedule_delete_kind = {.name = "schedule_delete", .work = delete_work};
