/* What a cascade reads: the rows it is about, and what follows from those that were completed. */
#include <string.h>

#include "event/cascade_private.h"
#include "queries/around.h"
#include "queries/cascade.h"

#include "base/banned.h"

#define QUESTIONS_MORE 3 /* a list is asked about in several executions, the last of them short */

/* One row of a statement's result, whichever statement it was. */
struct found {
  enum cascade_kind kind;
  const char *path_id;
  const char *id;
  bool is_there;
  const char *values[CASCADE_VALUES];
  const char *seen;
  const char *link_video;
  const char *link_todo;
  const char *from_id;
};
struct found_list {
  struct found *items;
  size_t count;
};

/* The statements' rows are types of their own with the same members. */
#define FOUND_OF(row) \
  { \
    .kind = (enum cascade_kind)(row).kind, .path_id = (row).path_id == NULL ? "" : (row).path_id, \
    .id = (row).id, .is_there = (row).is_there, \
    .values = {(row).value_0, (row).value_1, (row).value_2, (row).value_3, (row).value_4}, \
    .seen = (row).seen, .link_video = (row).link_video, .link_todo = (row).link_todo, \
    .from_id = (row).from_id \
  }

static bool found_alloc(struct cascade *cascade, size_t count, struct error *error,
                        struct found_list *ret_list) {
  struct found_list list = {.items = arena_alloc_array(cascade->arena, count + 1, sizeof *list.items),
                            .count = count};
  if (list.items == NULL) return error_set_memory(error);
  *ret_list = list;
  return true;
}

/* --- Asking ---------------------------------------------------------------------------------------- */

static bool ask_rows(struct cascade *cascade, const struct cascade_rows_params *params, size_t count,
                     struct error *error, struct found_list *ret_list) {
  struct cascade_rows_row *rows;
  size_t row_count;
  if (!cascade_rows(cascade->db, params, count, cascade->arena, count, error, &rows, &row_count) ||
      !found_alloc(cascade, row_count, error, ret_list))
    return false;
  for (size_t at = 0; at < row_count; at++)
    ret_list->items[at] = (struct found)FOUND_OF(rows[at]);
  return true;
}

static bool ask_videos(struct cascade *cascade, const struct cascade_of_videos_params *params, size_t count,
                       struct error *error, struct found_list *ret_list) {
  struct cascade_of_videos_row *rows;
  size_t row_count;
  size_t limit = CASCADE_LINKS_MAX * (count / DB_ROWS_MAX + QUESTIONS_MORE);
  if (!cascade_of_videos(cascade->db, params, count, cascade->arena, limit, error, &rows, &row_count) ||
      !found_alloc(cascade, row_count, error, ret_list))
    return false;
  for (size_t at = 0; at < row_count; at++)
    ret_list->items[at] = (struct found)FOUND_OF(rows[at]);
  return true;
}

static bool ask_todos(struct cascade *cascade, const struct cascade_of_todos_params *params, size_t count,
                      struct error *error, struct found_list *ret_list) {
  struct cascade_of_todos_row *rows;
  size_t row_count;
  size_t limit = CASCADE_LINKS_MAX * (count / DB_ROWS_MAX + QUESTIONS_MORE);
  if (!cascade_of_todos(cascade->db, params, count, cascade->arena, limit, error, &rows, &row_count) ||
      !found_alloc(cascade, row_count, error, ret_list))
    return false;
  for (size_t at = 0; at < row_count; at++)
    ret_list->items[at] = (struct found)FOUND_OF(rows[at]);
  return true;
}

/* --- Taking what was found ------------------------------------------------------------------------- */

static void row_fill(struct cascade_row *row, const struct found *found) {
  row->is_there = found->is_there;
  memcpy(row->before, found->values, sizeof row->before);
  memcpy(row->after, found->values, sizeof row->after);
  row->seen = found->seen;
  row->link_video = found->link_video;
  row->link_todo = found->link_todo;
}

/* `found` NULL: there is no such row. */
static bool row_know(struct cascade *cascade, struct cascade_row *row, const struct found *found,
                     struct error *error) {
  row->is_read = true;
  if (found != NULL) row_fill(row, found);
  if (row->is_own) return cascade_own_apply(cascade, row, error);
  if (cascade->event != NULL) cascade_complete(cascade, row);
  return true;
}

/* The rows themselves, of these kinds; of those that were not found it is known now that there are none. */
static bool rows_know(struct cascade *cascade, const struct found_list *list, unsigned kinds,
                      struct error *error) {
  for (size_t at = 0; at < list->count; at++) {
    const struct found *found = &list->items[at];
    if ((kinds & 1U << found->kind) == 0) continue;
    struct cascade_row *row = cascade_find(cascade, found->kind, found->path_id, found->id);
    if (row != NULL && !row->is_read && !row_know(cascade, row, found, error)) return false;
  }
  for (size_t at = 0; at < cascade->count; at++) {
    struct cascade_row *row = &cascade->rows[at];
    if (!row->is_read && (kinds & 1U << row->kind) != 0 && !row_know(cascade, row, NULL, error)) return false;
  }
  return true;
}

/* Why what was found follows from what leads to it. */
static const char *because_of(struct arena *arena, const struct found *found, enum cascade_kind from) {
  switch (found->kind) {
  case CASCADE_TODO:
    return arena_printf(arena, "todo %s is about video %s", found->id, found->from_id);
  case CASCADE_ENTRY:
    return arena_printf(arena, "entry %s stands for %s %s", found->id,
                        from == CASCADE_VIDEO ? "video" : "todo", found->from_id);
  case CASCADE_STEP:
    return arena_printf(arena, "step %s of path %s is video %s", found->id, found->path_id, found->from_id);
  default:
    return arena_printf(arena, "todo %s is about video %s alone", found->from_id, found->id);
  }
}

/* What is open and depends on rows that lead on: completed as well. */
static bool bring_along(struct cascade *cascade, const struct found_list *list, enum cascade_kind from_kind,
                        struct error *error) {
  for (size_t at = 0; at < list->count; at++) {
    const struct found *found = &list->items[at];
    struct cascade_row *row;
    if (found->kind == from_kind) continue;
    const struct cascade_row *from = cascade_find(cascade, from_kind, "", found->from_id);
    if (from == NULL || !from->leads_on) continue;
    if (!cascade_add(cascade, found->kind, found->path_id, found->id, error, &row)) return false;
    if (row == NULL) continue;
    row->because = because_of(cascade->arena, found, from_kind);
    if (row->because == NULL) return error_set_memory(error);
    if (!row_know(cascade, row, found, error)) return false;
  }
  return true;
}

/* --- The questions --------------------------------------------------------------------------------- */

bool cascade_read_rows(struct cascade *cascade, struct error *error) {
  struct cascade_rows_params *params = arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  struct found_list list;
  unsigned kinds = 0;
  size_t count = 0;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < cascade->count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    if (row->is_read || row->kind == CASCADE_PATH) continue;
    params[count++] = (struct cascade_rows_params){
        .user_id = cascade->user_id, .kind = row->kind, .path_id = row->path_id, .id = row->id};
    kinds |= 1U << row->kind;
  }
  return count == 0 ||
         (ask_rows(cascade, params, count, error, &list) && rows_know(cascade, &list, kinds, error));
}

static bool waits(const struct cascade_row *row, enum cascade_kind kind) {
  return row->kind == kind && !row->is_followed && (row->leads_on || !row->is_read);
}

/* Marks those that are asked about; how many. `all`: those that were followed before are asked about again.
 */
static size_t take_waiting(struct cascade *cascade, enum cascade_kind kind, const char **ids, bool all) {
  size_t count = 0;
  bool any = false;
  for (size_t at = 0; at < cascade->count; at++) {
    struct cascade_row *row = &cascade->rows[at];
    bool waiting = waits(row, kind);
    any = any || waiting;
    if (waiting || (all && row->kind == kind && row->leads_on)) ids[count++] = row->id;
    if (waiting) row->is_followed = true;
  }
  return any ? count : 0;
}

static bool is_activity(const struct cascade *cascade, const char *video_id) {
  const struct event *event = cascade->event;
  return event->activity_type == ACTIVITY_VIDEO && strcmp(event->activity_id, video_id) == 0;
}

bool cascade_know_video(struct cascade *cascade, struct error *error) {
  const struct event_around *around = cascade->around;
  struct found found = {.is_there = true,
                        .values = {[VIDEO_STATUS] = around->row->video_status,
                                   [VIDEO_PERCENTAGE] = around->row->video_percentage,
                                   [VIDEO_SECONDS] = around->row->video_seconds,
                                   [VIDEO_YOUTUBE] = around->row->video_youtube,
                                   [VIDEO_COMPLETED_AT] = around->row->video_completed_at},
                        .seen = around->row->video_seen};
  if (cascade->event->activity_type != ACTIVITY_VIDEO) return true;
  struct cascade_row *row = cascade_find(cascade, CASCADE_VIDEO, "", cascade->event->activity_id);
  return row == NULL || row->is_read ||
         row_know(cascade, row, around->row->video_status == NULL ? NULL : &found, error);
}

/* All videos of this cascade are asked about together: a todo may be about several of them, which no table
 * shows as completed yet. */
bool cascade_follow_videos(struct cascade *cascade, struct error *error) {
  const char **ids = arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *ids);
  struct cascade_of_videos_params *params =
      arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  struct found_list list;
  if (ids == NULL || params == NULL) return error_set_memory(error);
  size_t count = take_waiting(cascade, CASCADE_VIDEO, ids, true);
  if (count == 1 && is_activity(cascade, ids[0]) && !cascade->around->has_links)
    return cascade_know_video(cascade, error);
  for (size_t at = 0; at < count; at++)
    params[at] = (struct cascade_of_videos_params){
        .user_id = cascade->user_id, .video_id = ids[at], .limit_rows = CASCADE_LINKS_MAX};
  return count == 0 || (ask_videos(cascade, params, count, error, &list) &&
                        rows_know(cascade, &list, 1U << CASCADE_VIDEO, error) &&
                        bring_along(cascade, &list, CASCADE_VIDEO, error));
}

bool cascade_follow_todos(struct cascade *cascade, struct error *error) {
  const char **ids = arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *ids);
  struct cascade_of_todos_params *params =
      arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  struct found_list list;
  if (ids == NULL || params == NULL) return error_set_memory(error);
  size_t count = take_waiting(cascade, CASCADE_TODO, ids, false);
  for (size_t at = 0; at < count; at++)
    params[at] = (struct cascade_of_todos_params){
        .user_id = cascade->user_id, .todo_id = ids[at], .limit_rows = CASCADE_LINKS_MAX};
  return count == 0 || (ask_todos(cascade, params, count, error, &list) &&
                        rows_know(cascade, &list, 1U << CASCADE_TODO, error) &&
                        bring_along(cascade, &list, CASCADE_TODO, error));
}

bool cascade_follow_activity(struct cascade *cascade, struct error *error) {
  const struct event *event = cascade->event;
  const char *type = activity_type_names[event->activity_type];
  struct cascade_of_activity_params params = {.user_id = cascade->user_id,
                                              .activity_type = type,
                                              .activity_id = event->activity_id,
                                              .limit_rows = CASCADE_LINKS_MAX};
  struct cascade_of_activity_row *rows;
  size_t count;
  if (!cascade->around->has_links) return true;
  if (!cascade_of_activity(cascade->db, &params, cascade->arena, CASCADE_LINKS_MAX, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    struct cascade_row *row;
    struct found found = {
        .is_there = true,
        .values = {[STEP_STATUS] = rows[at].status, [STEP_COMPLETED_AT] = rows[at].completed_at},
        .seen = rows[at].seen};
    if (!cascade_add(cascade, CASCADE_STEP, rows[at].path_id, rows[at].step_id, error, &row)) return false;
    if (row == NULL) continue;
    row->because = arena_printf(cascade->arena, "step %s of path %s is %s %s", rows[at].step_id,
                                rows[at].path_id, type, event->activity_id);
    if (row->because == NULL) return error_set_memory(error);
    if (!row_know(cascade, row, &found, error)) return false;
  }
  return true;
}
