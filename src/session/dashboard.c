#include "session/dashboard.h"

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

/* Nearly always the sessions that are shown know their speeds; only where one does not, the table is asked.
 */
static bool read_trend(struct db *db, uint64_t user_id, double average,
                       const struct dashboard_sessions_row *recent, size_t recent_count, struct arena *arena,
                       struct error *error, int *ret_trend) {
  double speeds[DASHBOARD_SESSIONS];
  size_t known = 0;
  for (size_t at = 0; at < recent_count; at++)
    if (!recent[at].blink_speed_is_null) speeds[known++] = recent[at].blink_speed;
  if (recent_count == DASHBOARD_SESSIONS && known < DASHBOARD_SESSIONS) {
    struct dashboard_speeds_params params = {.user_id = user_id, .limit_rows = DASHBOARD_SESSIONS};
    struct dashboard_speeds_row *rows;
    if (!dashboard_speeds(db, &params, arena, DASHBOARD_SESSIONS, error, &rows, &known)) return false;
    for (size_t at = 0; at < known; at++)
      speeds[at] = rows[at].blink_speed;
  }
  *ret_trend = known < DASHBOARD_SESSIONS ? TREND_STEADY : dashboard_trend_of(speeds, average);
  return true;
}

static bool read_sessions(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                          struct dashboard *dashboard) {
  struct dashboard_sessions_params params = {.user_id = user_id, .limit_rows = DASHBOARD_SESSIONS};
  struct dashboard_sessions_row *rows;
  size_t count;
  if (!dashboard_sessions(db, &params, arena, DASHBOARD_SESSIONS, error, &rows, &count)) return false;
  struct dashboard_session *sessions = arena_alloc_array(arena, count, sizeof *sessions);
  if (sessions == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    sessions[at] = (struct dashboard_session){.id = rows[at].id,
                                              .thread_id = rows[at].thread_id,
                                              .stitch_id = rows[at].stitch_id,
                                              .total_points = rows[at].total_points,
                                              .accuracy = rows[at].accuracy,
                                              .completed_at_ms = rows[at].completed_at};
  dashboard->recent_sessions = (struct field_list){.items = sessions, .count = count};
  return read_trend(db, user_id, dashboard->profile.blink_speed, rows, count, arena, error,
                    &dashboard->profile.blink_speed_trend);
}

struct threads {
  struct buffer *text;
  uint64_t completed;
};

static bool append_thread(const struct dashboard_threads_row *row, void *context, struct error *error) {
  struct threads *threads = context;
  buffer_append_char(threads->text, threads->completed == 0 ? '{' : ',');
  json_append_text(threads->text, row->thread_id);
  buffer_append_char(threads->text, ':');
  buffer_append_u64(threads->text, row->completed);
  threads->completed += row->completed;
  return !threads->text->failed || error_set_memory(error);
}

static bool read_progress(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                          struct dashboard_progress *ret_progress) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(THREADS_BYTES_MAX);
  struct dashboard_threads_params params = {.user_id = user_id};
  struct threads threads = {.text = &text};
  if (!dashboard_threads(db, &params, arena, append_thread, &threads, error)) return false;
  buffer_append_text(&text, threads.completed == 0 ? "{}" : "}");
  const char *by_thread = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  if (by_thread == NULL) return error_set_memory(error);
  *ret_progress = (struct dashboard_progress){.completed = threads.completed, .by_thread = by_thread};
  return true;
}

static struct dashboard_profile profile_from(const struct profile_reply *profile) {
  return (struct dashboard_profile){.display_name =
                                        profile->display_name == NULL ? "" : profile->display_name,
                                    .total_points = profile->total_points,
                                    .blink_speed = profile->blink_speed,
                                    .evolution_level = profile->evolution_level,
                                    .total_sessions = profile->total_sessions,
                                    .streak_days = profile->current_streak,
                                    .last_session_at_ms = profile->last_session_at_ms,
                                    .last_session_at_given = profile->last_session_at_given,
                                    .is_subscribed = profile->is_subscribed};
}

bool dashboard_read(struct db *db, uint64_t user_id, const struct profile_view *view, struct arena *arena,
                    struct error *error, struct dashboard_reply *ret_reply) {
  struct profile_reply profile;
  struct dashboard dashboard = {.user_id = user_id};
  if (!profile_read(db, user_id, view, arena, error, &profile)) return false;
  dashboard.profile = profile_from(&profile);
  if (!read_sessions(db, user_id, arena, error, &dashboard)) return false;
  if (!read_progress(db, user_id, arena, error, &dashboard.progress)) return false;
  *ret_reply = (struct dashboard_reply){.success = true, .dashboard = dashboard};
  return true;
}
