#include "event/around.h"

#include "queries/around.h"

#include "base/banned.h"

static bool read(struct event_intake *intake, const struct around_read_params *params, struct error *error,
                 struct around_read_row *ret_row) {
  struct around_read_row row;
  bool found;
  if (!around_read(ledger_db(intake->tx), params, ledger_arena(intake->tx), error, &row, &found))
    return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A learner who was locked is gone.");
  tally_know(&intake->tally, &row);
  *ret_row = row;
  return true;
}

bool around_read_activity(struct event_intake *intake, enum activity_type type, const char *activity_id,
                          int32_t day, struct error *error, struct around_read_row *ret_row) {
  struct around_read_params params = {.user_id = intake->entry->learner.user_id,
                                      .activity_type = activity_type_names[type],
                                      .activity_id = activity_id,
                                      .day = day};
  return read(intake, &params, error, ret_row);
}

bool event_look_around(struct event_intake *intake, const struct event *event, int64_t window_ms,
                       struct error *error, struct event_around *ret_around) {
  struct around_read_params params = {.user_id = intake->entry->learner.user_id,
                                      .activity_type = activity_type_names[event->activity_type],
                                      .activity_id = event->activity_id,
                                      .video_id =
                                          event->activity_type == ACTIVITY_VIDEO ? event->activity_id : NULL,
                                      .from_moment = event->happened_at_ms - window_ms,
                                      .until_moment = event->happened_at_ms + window_ms,
                                      .day = event->day};
  struct around_read_row *row = arena_alloc(ledger_arena(intake->tx), sizeof *row);
  if (row == NULL) return error_set_memory(error);
  if (!read(intake, &params, error, row)) return false;
  *ret_around = (struct event_around){
      .day = event->day, .row = row, .has_links = row->has_todos || row->has_entries || row->has_steps};
  return true;
}
