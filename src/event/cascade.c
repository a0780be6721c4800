/* One event's way through the other systems. */
#include "event/cascade.h"

#include <string.h>

#include "event/cascade_private.h"
#include "queries/around.h"
#include "queries/cascade.h"

#include "base/banned.h"

static bool list_systems(const struct event *event, struct arena *arena, struct error *error,
                         struct field_list *ret_systems) {
  const char **systems = arena_alloc_array(arena, EVENT_SYSTEMS, sizeof *systems);
  size_t count = 0;
  if (systems == NULL) return error_set_memory(error);
  for (int system = 0; system < EVENT_SYSTEMS; system++)
    if (system != (int)event->source && cascade_route_of(event->type, (enum event_system)system) != NULL)
      systems[count++] = event_system_names[system];
  *ret_systems = (struct field_list){.items = systems, .count = count};
  return true;
}

/* An event that came in an earlier transaction, or carries a resolution, may have been here before. */
static bool read_known(struct cascade *cascade, struct error *error, bool *ret_undone) {
  struct cascade_receipts_params params = {
      .user_id = cascade->user_id, .event_id = cascade->event_id, .limit_rows = CASCADE_ROWS_MAX};
  *ret_undone = false;
  if (cascade->event->revision == cascade->intake->entry->learner.revision &&
      cascade->event->resolved_text == NULL)
    return true;
  if (!cascade_receipts(cascade->db, &params, cascade->arena, CASCADE_ROWS_MAX, error, &cascade->known,
                        &cascade->known_count))
    return false;
  for (size_t at = 0; at < cascade->known_count; at++)
    if (!cascade->known[at].undone_at_is_null) *ret_undone = true;
  return true;
}

/* --- What was completed leads on ------------------------------------------------------------------- */

static bool want(struct cascade *cascade, enum cascade_kind kind, const char *id, const char *because,
                 struct error *error, struct cascade_row **ret_row) {
  *ret_row = NULL;
  if (because == NULL) return error_set_memory(error);
  if (cascade_route_of(cascade->event->type, cascade_tables[kind].system) == NULL) return true;
  if (!cascade_add(cascade, kind, "", id, error, ret_row)) return false;
  if (*ret_row != NULL) (*ret_row)->because = because;
  return true;
}

/* What an entry or a step stands for. The row is taken by its place: adding moves the rows. */
static bool follow_links(struct cascade *cascade, size_t at, struct error *error) {
  struct cascade_row row = cascade->rows[at];
  struct cascade_row *added;
  cascade->rows[at].is_followed = true;
  if (row.link_todo != NULL &&
      !want(cascade, CASCADE_TODO, row.link_todo,
            arena_printf(cascade->arena, "entry %s stands for todo %s", row.id, row.link_todo), error,
            &added))
    return false;
  if (row.link_video == NULL) return true;
  const char *because =
      row.kind == CASCADE_ENTRY
          ? arena_printf(cascade->arena, "entry %s stands for video %s", row.id, row.link_video)
          : arena_printf(cascade->arena, "step %s of path %s is video %s", row.id, row.path_id,
                         row.link_video);
  return want(cascade, CASCADE_VIDEO, row.link_video, because, error, &added);
}

static bool follow_round(struct cascade *cascade, struct error *error, bool *ret_more) {
  *ret_more = false;
  for (size_t at = 0; at < cascade->count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    bool links = row->kind == CASCADE_ENTRY || row->kind == CASCADE_STEP;
    if (links && row->leads_on && !row->is_followed && !follow_links(cascade, at, error)) return false;
  }
  for (size_t at = 0; at < cascade->count && !*ret_more; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    bool asks = row->kind == CASCADE_VIDEO || row->kind == CASCADE_TODO;
    *ret_more = asks && !row->is_followed && (row->leads_on || !row->is_read);
  }
  return !*ret_more || (cascade_follow_videos(cascade, error) && cascade_follow_todos(cascade, error));
}

/* The activity that the event tells of, whatever its type. */
static bool follow_activity(struct cascade *cascade, struct error *error) {
  const struct event *event = cascade->event;
  struct cascade_row *row;
  if (event->activity_type == ACTIVITY_VIDEO && cascade_route_of(event->type, SYSTEM_VIDEO_PLAYER) != NULL) {
    if (!want(cascade, CASCADE_VIDEO, event->activity_id, "the event is about it", error, &row)) return false;
    if (row != NULL) row->leads_on = true;
    return true;
  }
  return cascade_route_of(event->type, SYSTEM_PATH_GENERATOR) == NULL ||
         cascade_follow_activity(cascade, error);
}

static bool mention(struct cascade *cascade, struct error *error) {
  const struct event *event = cascade->event;
  const char *type = activity_type_names[event->activity_type];
  struct cascade_mention_params params = {.user_id = cascade->user_id,
                                          .activity_type = type,
                                          .activity_id = event->activity_id,
                                          .completed_at = cascade->happened_at};
  struct db_outcome outcome;
  struct cascade_row *row;
  if (cascade_route_of(event->type, SYSTEM_CHAT) == NULL) return true;
  if (!cascade_add(cascade, CASCADE_MENTION, type, event->activity_id, error, &row)) return false;
  if (row == NULL || row->keeps_status || cascade->around->row->is_mentioned) return true;
  if (!cascade_mention(cascade->db, &params, error, &outcome)) return false;
  row->is_read = true;
  row->because = "the activity is completed";
  if (outcome.affected == 0) return true;
  row->after[MENTION_COMPLETED_AT] = cascade->happened_at;
  row->action = CASCADE_INSERT;
  return true;
}

static bool run_rounds(struct cascade *cascade, struct error *error) {
  bool more = cascade->event->status == STATUS_COMPLETED;
  if (more && !follow_activity(cascade, error)) return false;
  while (more)
    if (!follow_round(cascade, error, &more)) return false;
  return !(cascade->event->status == STATUS_COMPLETED) || mention(cascade, error);
}

/* --- The whole ------------------------------------------------------------------------------------- */

/* Videos and todos that are completed are read together with what follows from them. */
static bool read_own(struct cascade *cascade, struct error *error) {
  bool with_others = cascade->event->status == STATUS_COMPLETED && cascade->count > 0 &&
                     (cascade->rows[0].kind == CASCADE_VIDEO || cascade->rows[0].kind == CASCADE_TODO);
  return with_others || (cascade_know_video(cascade, error) && cascade_read_rows(cascade, error));
}

static bool run(struct cascade *cascade, struct error *error) {
  return cascade_own_add(cascade, error) && read_own(cascade, error) && run_rounds(cascade, error) &&
         cascade_write_rows(cascade, error) && cascade_write_paths(cascade, error) &&
         cascade_write_receipts(cascade, error) && cascade_report(cascade, 1, error);
}

bool cascade_run(struct event_intake *intake, const struct event *event, const struct event_around *around,
                 struct event_result *result, struct error *error) {
  struct event_around looked;
  struct cascade cascade;
  struct field_list systems;
  bool undone;
  if (!cascade_begin(intake, event->id, error, &cascade) ||
      !list_systems(event, cascade.arena, error, &systems))
    return false;
  if (around == NULL && !event_look_around(intake, event, 0, error, &looked)) return false;
  cascade.event = event;
  cascade.around = around != NULL ? around : &looked;
  cascade.happened_at = cascade_time(cascade.arena, event->happened_at_ms);
  if (cascade.happened_at == NULL) return error_set_memory(error);
  if (!read_known(&cascade, error, &undone)) return false;
  if (!undone && !run(&cascade, error)) return false;
  if (!undone && event->status == STATUS_COMPLETED) cascade_move_journey(&cascade);
  result->synced_systems = systems;
  return true;
}
