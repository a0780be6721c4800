#include "event/tally.h"

#include "event/around.h"
#include "queries/activity.h"
#include "queries/around.h"

#include "base/banned.h"

#define WHOLE_HUNDREDTHS 10000 /* of a percentage */

static struct tally_sums sums_of(const struct around_read_row *row) {
  return (struct tally_sums){.total = row->total_activities,
                             .completed = row->completed_activities,
                             .in_progress = row->in_progress_activities,
                             .time = row->total_time,
                             .completed_of = {[ACTIVITY_VIDEO] = row->completed_videos,
                                              [ACTIVITY_PRACTICE] = row->completed_practices,
                                              [ACTIVITY_PROJECT] = row->completed_projects,
                                              [ACTIVITY_QUIZ] = row->completed_quizzes,
                                              [ACTIVITY_MILESTONE] = row->completed_milestones},
                             .last_ms = row->last_activity_at,
                             .has_last = !row->last_activity_at_is_null};
}

void tally_know(struct tally *tally, const struct around_read_row *row) {
  if (tally->is_read) return;
  *tally = (struct tally){.is_read = true,
                          .sums = sums_of(row),
                          .streak = {.current = row->current_streak,
                                     .longest = row->longest_streak,
                                     .practised = !row->last_practice_date_is_null,
                                     .last_day = row->last_practice_date},
                          .skills = row->skills,
                          .waits = row->waits,
                          .in_step = row->in_step};
}

bool tally_open(struct event_intake *intake, struct error *error) {
  struct around_read_row row;
  return intake->tally.is_read || around_read_activity(intake, ACTIVITY_VIDEO, "", 0, error, &row);
}

static struct activity_write_sums_params row_of(const struct event_intake *intake) {
  const struct tally_sums *sums = &intake->tally.sums;
  int64_t percentage = sums->total == 0 ? 0 : (int64_t)(sums->completed * WHOLE_HUNDREDTHS / sums->total);
  return (struct activity_write_sums_params){.user_id = intake->entry->learner.user_id,
                                             .total_activities = sums->total,
                                             .completed_activities = sums->completed,
                                             .in_progress_activities = sums->in_progress,
                                             .total_time = sums->time,
                                             .completed_videos = sums->completed_of[ACTIVITY_VIDEO],
                                             .completed_practices = sums->completed_of[ACTIVITY_PRACTICE],
                                             .completed_projects = sums->completed_of[ACTIVITY_PROJECT],
                                             .completed_quizzes = sums->completed_of[ACTIVITY_QUIZ],
                                             .completed_milestones = sums->completed_of[ACTIVITY_MILESTONE],
                                             .percentage_hundredths = percentage,
                                             .last_activity_at = sums->last_ms,
                                             .last_activity_at_is_null = !sums->has_last,
                                             .now = intake->now_ms,
                                             .seen_at = intake->now_ms,
                                             .seen_at_is_null = !intake->tally.in_step};
}

bool tally_finish(struct event_intake *intakes, size_t count, struct error *error) {
  struct activity_write_sums_params *rows = arena_alloc_array(ledger_arena(intakes->tx), count, sizeof *rows);
  size_t moved = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    if (!intakes[at].tally.is_moved) continue;
    intakes[at].tally.is_moved = false;
    rows[moved++] = row_of(&intakes[at]);
  }
  return activity_write_sums(ledger_db(intakes->tx), rows, moved, error, NULL);
}
