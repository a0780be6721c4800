#include "event/todo.h"

#include <stdlib.h>
#include <string.h>

#include "queries/todo.h"

#include "base/banned.h"

/* --- Rows ------------------------------------------------------------------------------------------ */

static bool read_videos(struct system_step *step, struct todo *todo, struct error *error) {
  struct todo_videos_of_params params = {
      .user_id = step->user_id, .id = todo->id, .limit_rows = SYSTEM_ROWS_MAX};
  struct todo_videos_of_row *rows;
  size_t count;
  if (!todo_videos_of(step->db, &params, step->arena, SYSTEM_ROWS_MAX, error, &rows, &count)) return false;
  const char **ids = arena_alloc_array(step->arena, count, sizeof *ids);
  if (ids == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    ids[at] = rows[at].video_id;
  todo->video_ids = (struct field_list){.items = ids, .count = count};
  return true;
}

static bool find(struct system_step *step, const char *id, struct error *error, struct todo *ret_todo,
                 bool *ret_found) {
  struct todo_find_params params = {.user_id = step->user_id, .id = id};
  struct todo_find_row row;
  bool found;
  if (!todo_find(step->db, &params, step->arena, error, &row, &found)) return false;
  if (found) {
    struct todo todo = TODO_OF(&row);
    if (!read_videos(step, &todo, error)) return false;
    *ret_todo = todo;
  }
  *ret_found = found;
  return true;
}

static bool find_own(struct system_step *step, struct error *error, struct todo *ret_todo) {
  bool found;
  if (!find(step, step->input->id, error, ret_todo, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such todo.");
}

static bool same_videos(const struct field_list *one, const struct field_list *other) {
  const char *const *ones = one->items;
  const char *const *others = other->items;
  if (one->count != other->count) return false;
  for (size_t at = 0; at < one->count; at++)
    if (strcmp(ones[at], others[at]) != 0) return false;
  return true;
}

static bool is_same(const struct todo *one, const struct todo *other) {
  return one->status == other->status && strcmp(one->title, other->title) == 0 &&
         system_same_time(one->due_at_ms, one->due_at_given, other->due_at_ms, other->due_at_given) &&
         system_same_time(one->completed_at_ms, one->completed_at_given, other->completed_at_ms,
                          other->completed_at_given) &&
         one->rating_given == other->rating_given &&
         (one->rating_given != PRESENCE_GIVEN || one->rating == other->rating) &&
         system_same_text(one->notes, other->notes) && same_videos(&one->video_ids, &other->video_ids);
}

/* --- What a body asks for -------------------------------------------------------------------------- */

static int compare_ids(const void *one, const void *other) {
  return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* In the table's order, so that two lists of the same videos are the same. */
static bool take_videos(struct system_step *step, const struct field_list *given, struct todo *todo,
                        struct error *error) {
  const char **ids = arena_alloc_array(step->arena, given->count, sizeof *ids);
  if (ids == NULL) return error_set_memory(error);
  if (given->count > 0) {
    memcpy(ids, given->items, given->count * sizeof *ids);
    qsort(ids, given->count, sizeof *ids, compare_ids);
  }
  todo->video_ids = (struct field_list){.items = ids, .count = given->count};
  return true;
}

/* When it was completed goes with whether it is. */
static bool take_status(struct system_step *step, const struct todo_body *body, struct todo *todo,
                        struct error *error) {
  bool was_completed = todo->status == TODO_COMPLETED;
  if (body->status_given == PRESENCE_GIVEN) todo->status = body->status;
  todo->completed = todo->status == TODO_COMPLETED;
  if (body->completed_at_given == PRESENCE_GIVEN) {
    if (!todo->completed)
      return error_add_field(error, ERROR_UNPROCESSABLE, "completedAt", "is for a todo that is completed");
    if (!system_check_moment(step, "completedAt", body->completed_at_ms, error)) return false;
    todo->completed_at_ms = body->completed_at_ms;
    todo->completed_at_given = PRESENCE_GIVEN;
  } else if (!todo->completed) {
    todo->completed_at_given = PRESENCE_NULL;
  } else if (!was_completed) {
    todo->completed_at_ms = step->now_ms;
    todo->completed_at_given = PRESENCE_GIVEN;
  }
  return true;
}

static bool take_body(struct system_step *step, const struct todo_body *body, struct todo *todo,
                      struct error *error) {
  if (body->title != NULL) todo->title = body->title;
  if (body->due_at_given != PRESENCE_ABSENT) {
    todo->due_at_given = body->due_at_given;
    todo->due_at_ms = body->due_at_ms;
  }
  if (body->rating_given != PRESENCE_ABSENT) {
    todo->rating_given = body->rating_given;
    todo->rating = body->rating;
  }
  if (body->notes_given != PRESENCE_ABSENT) todo->notes = body->notes;
  if (body->video_ids_given == PRESENCE_GIVEN && !take_videos(step, &body->video_ids, todo, error))
    return false;
  return take_status(step, body, todo, error);
}

/* --- Writing --------------------------------------------------------------------------------------- */

static bool put_videos(struct system_step *step, const struct todo *todo, struct error *error) {
  const char *const *ids = todo->video_ids.items;
  struct db_outcome outcome;
  struct todo_videos_put_params *rows = arena_alloc_array(step->arena, todo->video_ids.count, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < todo->video_ids.count; at++)
    rows[at] = (struct todo_videos_put_params){.user_id = step->user_id, .id = todo->id, .video_id = ids[at]};
  return todo_videos_put(step->db, rows, todo->video_ids.count, error, &outcome);
}

static bool update(struct system_step *step, const struct todo *before, struct todo *todo,
                   struct error *error) {
  todo->updated_at_ms = step->now_ms;
  struct todo_update_params params = {.user_id = step->user_id,
                                      .id = todo->id,
                                      .title = todo->title,
                                      .status = todo_status_names[todo->status],
                                      .due_at = todo->due_at_ms,
                                      .due_at_is_null = todo->due_at_given != PRESENCE_GIVEN,
                                      .completed_at = todo->completed_at_ms,
                                      .completed_at_is_null = todo->completed_at_given != PRESENCE_GIVEN,
                                      .rating = todo->rating,
                                      .rating_is_null = todo->rating_given != PRESENCE_GIVEN,
                                      .notes = todo->notes,
                                      .now = step->now_ms};
  struct todo_videos_clear_params videos = {.user_id = step->user_id, .id = todo->id};
  struct db_outcome outcome;
  if (!todo_update(step->db, &params, error, &outcome)) return false;
  return same_videos(&before->video_ids, &todo->video_ids) ||
         (todo_videos_clear(step->db, &videos, error, &outcome) && put_videos(step, todo, error));
}

static bool insert(struct system_step *step, const struct todo *todo, struct error *error,
                   bool *ret_inserted) {
  struct todo_insert_params params = {.user_id = step->user_id,
                                      .id = todo->id,
                                      .title = todo->title,
                                      .status = todo_status_names[todo->status],
                                      .due_at = todo->due_at_ms,
                                      .due_at_is_null = todo->due_at_given != PRESENCE_GIVEN,
                                      .completed_at = todo->completed_at_ms,
                                      .completed_at_is_null = todo->completed_at_given != PRESENCE_GIVEN,
                                      .rating = todo->rating,
                                      .rating_is_null = todo->rating_given != PRESENCE_GIVEN,
                                      .notes = todo->notes,
                                      .now = step->now_ms};
  struct db_outcome outcome;
  if (!todo_insert(step->db, &params, error, &outcome)) return false;
  bool inserted = outcome.affected == 1;
  if (inserted && !put_videos(step, todo, error)) return false;
  *ret_inserted = inserted;
  return true;
}

/* The row stands as completed. The event may say more of it. */
static bool complete(struct system_step *step, const struct todo *todo, struct error *error,
                     struct todo_reply *reply) {
  struct event_body body = {
      .event_type = EVENT_TODO_COMPLETED,
      .source_system = SYSTEM_TODO_MANAGER,
      .data = {
          .completion_status = STATUS_COMPLETED,
          .todo = {.todo_id = todo->id,
                   .original_due_ms = todo->due_at_ms,
                   .original_due_given =
                       todo->due_at_given == PRESENCE_GIVEN ? PRESENCE_GIVEN : PRESENCE_ABSENT,
                   .completed_at_ms = todo->completed_at_ms,
                   .completed_at_given = PRESENCE_GIVEN,
                   .user_rating = todo->rating,
                   .rating_given = todo->rating_given == PRESENCE_GIVEN ? PRESENCE_GIVEN : PRESENCE_ABSENT},
          .todo_given = PRESENCE_GIVEN}};
  bool found;
  return system_complete(step, &body, error, &reply->outcome) &&
         find(step, todo->id, error, &reply->todo, &found);
}

/* --- The operations -------------------------------------------------------------------------------- */

static bool has_room(struct system_step *step, struct error *error) {
  struct todo_count_params params = {.user_id = step->user_id, .limit_rows = SYSTEM_ROWS_MAX};
  struct todo_count_row row;
  bool found;
  if (!todo_count(step->db, &params, step->arena, error, &row, &found)) return false;
  return !found || row.todos < SYSTEM_ROWS_MAX ||
         error_set(error, ERROR_UNPROCESSABLE, "A learner has at most %d todos.", SYSTEM_ROWS_MAX);
}

/* The row stood before: made by another application, or so long ago that the ledger no longer knows of it.
 * Whether it is the same todo is judged by what the body says. */
static bool meet(struct system_step *step, const struct todo *wanted, struct error *error,
                 struct todo_reply *reply) {
  struct todo stored;
  struct todo would_be;
  bool found;
  if (!find(step, wanted->id, error, &stored, &found)) return false;
  would_be = stored;
  if (!found || !take_body(step, step->input->body, &would_be, error) || !is_same(&stored, &would_be))
    return error_add_field(error, ERROR_UNPROCESSABLE, "id", "is that of another todo");
  reply->todo = stored;
  reply->revision = system_revision_before(step);
  return true;
}

static bool create_one(struct system_step *step, struct error *error) {
  struct todo_reply *reply = step->entry->reply;
  struct todo todo = {.due_at_given = PRESENCE_NULL,
                      .completed_at_given = PRESENCE_NULL,
                      .rating_given = PRESENCE_NULL,
                      .created_at_ms = step->now_ms,
                      .updated_at_ms = step->now_ms};
  bool inserted;
  if (!system_row_id(step, "todo", error, &todo.id) || !take_body(step, step->input->body, &todo, error) ||
      !has_room(step, error) || !insert(step, &todo, error, &inserted))
    return false;
  *reply = (struct todo_reply){.success = true, .todo = todo, .revision = step->entry->learner.revision};
  if (!inserted) return meet(step, &todo, error, reply);
  return system_report(step, "todo", todo.id, "created", error) &&
         (!todo.completed || complete(step, &todo, error, reply));
}

static bool change_one(struct system_step *step, struct error *error) {
  struct todo_reply *reply = step->entry->reply;
  struct todo before;
  if (!find_own(step, error, &before)) return false;
  struct todo todo = before;
  if (!take_body(step, step->input->body, &todo, error)) return false;
  *reply = (struct todo_reply){.success = true, .todo = todo, .revision = system_revision_before(step)};
  if (is_same(&before, &todo)) return true;
  bool completes = todo.completed && !before.completed;
  bool reopens = before.completed && !todo.completed;
  if (!update(step, &before, &todo, error) || !system_report(step, "todo", todo.id,
                                                             completes ? "completed"
                                                             : reopens ? "reopened"
                                                                       : "changed",
                                                             error))
    return false;
  reply->todo = todo;
  reply->revision = step->entry->learner.revision;
  if (reopens &&
      !system_reopen(step, SYSTEM_TODO_MANAGER, "todos", todo.id, todo_status_names[todo.status], error))
    return false;
  return !completes || complete(step, &todo, error, reply);
}

static bool delete_one(struct system_step *step, struct error *error) {
  return system_delete(step, &todo_delete_statement, "todo", "There is no such todo.", error);
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
const struct ledger_kind todo_create_kind = {.name = "todo", .work = create_work};
const struct ledger_kind todo_change_kind = {.name = "todo_change", .work = change_work};
const struct ledger_kind todo_delete_kind = {.name = "todo_delete", .work = delete_work};
