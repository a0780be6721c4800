#include "event/around.h"

#include "queries/around.h"

#include "base/banned.h"

bool event_look_around(struct event_intake *intake, const struct event *event, int64_t window_ms,
                       struct error *error, struct event_around *ret_around) {
  struct around_read_params params = {.user_id = intake->entry->learner.user_id,
                                      .activity_type = activity_type_names[event->activity_type],
                                      .activity_id = event->activity_id,
                                      .video_id =
                                          event->activity_type == ACTIVITY_VIDEO ? event->activity_id : NULL,
                                      .from_moment = event->happened_at_ms - window_ms,
                                      .until_moment = event->happened_at_ms + window_ms};
  struct around_read_row row;
  bool found;
  if (!around_read(ledger_db(intake->tx), &params, ledger_arena(intake->tx), error, &row, &found))
    return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A learner who was locked is gone.");
  *ret_around = (struct event_around){.has_events = row.has_events,
                                      .has_links = row.has_todos || row.has_entries || row.has_steps,
                                      .is_mentioned = row.is_mentioned,
                                      .video = {.status = row.video_status,
                                                .percentage = row.video_percentage,
                                                .seconds = row.video_seconds,
                                                .youtube = row.video_youtube,
                                                .completed_at = row.video_completed_at,
                                                .seen = row.video_seen}};
  return true;
}
