/* What a learner sees first (document 004's dashboard): profile, stitches completed, latest sessions. */
#ifndef LOCKSTEP_SESSION_DASHBOARD_H
#define LOCKSTEP_SESSION_DASHBOARD_H

#include "learner/profile.h"

#define DASHBOARD_SESSIONS 5 /* shown; and so many known speeds make a trend */

/* Lower is better. */
enum dashboard_trend { TREND_STEADY, TREND_IMPROVING, TREND_DECLINING };

struct dashboard_profile {
  const char *display_name; /* "" where there is none */
  int64_t total_points;
  double blink_speed;
  int blink_speed_trend; /* enum dashboard_trend */
  int64_t evolution_level;
  int64_t total_sessions;
  int64_t streak_days; /* as of today */
  int64_t last_session_at_ms;
  enum presence last_session_at_given;
  bool is_subscribed;
};

struct dashboard_progress {
  uint64_t completed;
  const char *by_thread; /* a JSON object: completed stitches by thread */
};

struct dashboard_session {
  const char *id;
  const char *thread_id;
  const char *stitch_id;
  uint64_t total_points;
  double accuracy;
  int64_t completed_at_ms;
};

struct dashboard {
  uint64_t user_id;
  struct dashboard_profile profile;
  struct dashboard_progress progress;
  struct field_list recent_sessions; /* struct dashboard_session, latest first */
};

struct dashboard_reply {
  bool success;
  struct dashboard dashboard;
};
extern const struct schema dashboard_reply_schema;

/* Five speeds, and the average to hold their mean against. */
enum dashboard_trend dashboard_trend_of(const double *speeds, double average);

/* `today`: the learner's calendar day. */
bool dashboard_read(struct db *db, uint64_t user_id, const struct profile_config *config, int32_t today,
                    struct arena *arena, struct error *error, struct dashboard_reply *ret_reply) WARN_UNUSED;

#endif
