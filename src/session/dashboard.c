#include "session/dashboard.h"

#include "learner/streak.h"
#include "queries/session.h"
#include "schema/encode.h"

#include "base/banned.h"

#define THREADS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of threadProgress */

enum dashboard_trend dashboard_trend_of(const double *speeds, double average) {
  double sum = 0;
  for (size_t at = 0; at < DASHBOARD_SESSIONS; at++)
    sum += speeds[at];
  double mean = sum / DASHBOARD_SESSIONS;
  if (mean < average * 0.9) return TREND_IMPROVING;
  return mean > average * 1.1 ? TREND_DECLINING : TREND_STEADY;
}

/* The lists as they come in, row by row. */
struct lists {
  struct arena *arena;
  struct dashboard_session *sessions;
  size_t session_count;
  double speeds[DASHBOARD_SESSIONS];
  size_t known;           /* of the speeds */
  struct buffer *threads; /* a JSON object, open */
  uint64_t completed;
  struct dashboard_profile_row profile; /* came with the sessions, if there are any */
};

static struct dashboard_profile_row profile_beside(const struct dashboard_lists_row *row) {
  return (struct dashboard_profile_row){.display_name = row->display_name,
                                        .total_points = row->total_points,
                                        .total_points_is_null = row->total_points_is_null,
                                        .avg_blink_speed = row->avg_blink_speed,
                                        .evolution_level = row->evolution_level,
                                        .total_sessions = row->total_sessions,
                                        .current_streak = row->current_streak,
                                        .last_practice_date = row->last_practice_date,
                                        .last_practice_date_is_null = row->last_practice_date_is_null,
                                        .last_session_at = row->last_session_at,
                                        .last_session_at_is_null = row->last_session_at_is_null,
                                        .is_subscribed = row->is_subscribed};
}

static bool take_profile(const struct dashboard_lists_row *row, struct lists *lists, struct error *error) {
  lists->profile = profile_beside(row);
  if (row->display_name == NULL) return true;
  lists->profile.display_name = arena_strdup(lists->arena, row->display_name);
  return lists->profile.display_name != NULL || error_set_memory(error);
}

static bool take_session(const struct dashboard_lists_row *row, struct lists *lists, struct error *error) {
  struct dashboard_session session = {.id = arena_strdup(lists->arena, row->id),
                                      .thread_id = arena_strdup(lists->arena, row->thread_id),
                                      .stitch_id = arena_strdup(lists->arena, row->stitch_id),
                                      .total_points = row->amount,
                                      .accuracy = row->accuracy,
                                      .completed_at_ms = row->completed_at};
  if (session.id == NULL || session.thread_id == NULL || session.stitch_id == NULL)
    return error_set_memory(error);
  lists->sessions[lists->session_count++] = session;
  if (!row->blink_speed_is_null) lists->speeds[lists->known++] = row->blink_speed;
  return true;
}

static bool take_row(const struct dashboard_lists_row *row, void *context, struct error *error) {
  struct lists *lists = context;
  if (row->id != NULL)
    return (lists->session_count > 0 || take_profile(row, lists, error)) && take_session(row, lists, error);
  buffer_append_char(lists->threads, lists->completed == 0 ? '{' : ',');
  json_append_text(lists->threads, row->thread_id);
  buffer_append_char(lists->threads, ':');
  buffer_append_u64(lists->threads, row->amount);
  lists->completed += row->amount;
  return !lists->threads->failed || error_set_memory(error);
}

/* Nearly always the sessions that are shown know their speeds; only where one does not, the table is asked.
 */
static bool read_trend(struct db *db, uint64_t user_id, double average, struct lists *lists,
                       struct error *error, int *ret_trend) {
  if (lists->session_count == DASHBOARD_SESSIONS && lists->known < DASHBOARD_SESSIONS) {
    struct dashboard_speeds_params params = {.user_id = user_id, .limit_rows = DASHBOARD_SESSIONS};
    struct dashboard_speeds_row *rows;
    if (!dashboard_speeds(db, &params, lists->arena, DASHBOARD_SESSIONS, error, &rows, &lists->known))
      return false;
    for (size_t at = 0; at < lists->known; at++)
      lists->speeds[at] = rows[at].blink_speed;
  }
  *ret_trend = lists->known < DASHBOARD_SESSIONS ? TREND_STEADY : dashboard_trend_of(lists->speeds, average);
  return true;
}

static int64_t level_of(const struct profile_config *config, const struct dashboard_profile_row *row) {
  int64_t level = profile_level(config, row->total_points);
  return row->evolution_level > level ? row->evolution_level : level;
}

static struct dashboard_profile profile_from(const struct profile_config *config,
                                             const struct dashboard_profile_row *row, int32_t today) {
  struct streak streak = {.current = row->current_streak,
                          .practised = !row->last_practice_date_is_null,
                          .last_day = row->last_practice_date};
  bool is_there = !row->total_points_is_null;
  return (struct dashboard_profile){.display_name = row->display_name == NULL ? "" : row->display_name,
                                    .total_points = row->total_points,
                                    .blink_speed = is_there ? row->avg_blink_speed : PROFILE_BLINK_SPEED,
                                    .evolution_level = level_of(config, row),
                                    .total_sessions = row->total_sessions,
                                    .streak_days = streak_current_on(&streak, today),
                                    .last_session_at_ms = row->last_session_at,
                                    .last_session_at_given =
                                        row->last_session_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                                    .is_subscribed = row->is_subscribed};
}

static bool read_profile(struct db *db, uint64_t user_id, struct lists *lists, struct error *error) {
  struct dashboard_profile_params params = {.user_id = user_id};
  bool found;
  if (!dashboard_profile(db, &params, lists->arena, error, &lists->profile, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
}

static bool read_lists(struct db *db, uint64_t user_id, struct lists *lists, struct error *error) {
  struct dashboard_lists_params params = {.user_id = user_id, .limit_rows = DASHBOARD_SESSIONS};
  lists->sessions = arena_alloc_array(lists->arena, DASHBOARD_SESSIONS, sizeof *lists->sessions);
  if (lists->sessions == NULL) return error_set_memory(error);
  if (!dashboard_lists(db, &params, lists->arena, take_row, lists, error)) return false;
  return lists->session_count > 0 || read_profile(db, user_id, lists, error);
}

bool dashboard_read(struct db *db, uint64_t user_id, const struct profile_config *config, int32_t today,
                    struct arena *arena, struct error *error, struct dashboard_reply *ret_reply) {
  CLEANUP(buffer_free) struct buffer threads = BUFFER_INIT(THREADS_BYTES_MAX);
  struct lists lists = {.arena = arena, .threads = &threads};
  if (!read_lists(db, user_id, &lists, error)) return false;
  buffer_append_text(&threads, lists.completed == 0 ? "{}" : "}");
  const char *by_thread = threads.failed ? NULL : arena_strdup(arena, buffer_text(&threads));
  if (by_thread == NULL) return error_set_memory(error);
  struct dashboard dashboard = {
      .user_id = user_id,
      .profile = profile_from(config, &lists.profile, today),
      .progress = {.completed = lists.completed, .by_thread = by_thread},
      .recent_sessions = {.items = lists.sessions, .count = lists.session_count},
  };
  if (!read_trend(db, user_id, dashboard.profile.blink_speed, &lists, error,
                  &dashboard.profile.blink_speed_trend))
    return false;
  *ret_reply = (struct dashboard_reply){.success = true, .dashboard = dashboard};
  return true;
}
