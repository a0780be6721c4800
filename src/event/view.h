/* GET /api/progress-sync/summary: everything of a learner's at one glance (document 003's
 * UnifiedProgressView). The sums come out of the summary row, which every event moves; each list is read out
 * of an index in its order, up to a limit with a name: the view costs the same however many events there are.
 */
#ifndef LOCKSTEP_EVENT_VIEW_H
#define LOCKSTEP_EVENT_VIEW_H

#include "event/award.h"

#define VIEW_RECENT_MAX 20       /* activities, latest first */
#define VIEW_UPCOMING_MAX 20     /* todos and calendar entries, soonest first */
#define VIEW_SKILLS_MAX 200      /* by id */
#define VIEW_PATHS_MAX 50        /* learning paths, last changed first */
#define VIEW_ACHIEVEMENTS_MAX 50 /* latest first */
#define VIEW_REACHED_MAX 30      /* milestones, latest first */
#define VIEW_UNDERWAY_MAX 20     /* and those that are not reached yet */

struct view_overall {
  uint64_t total_activities;
  uint64_t completed_activities;
  uint64_t in_progress_activities;
  double percentage_complete;
  double total_time_spent; /* minutes */
  int64_t current_streak;  /* as of the learner's today */
};

struct view_skill {
  const char *category;
  const char *level;
  double confidence;
  int64_t assessed_at_ms;
  enum presence assessed_at_given;
};

struct view_path {
  const char *path_id;
  const char *title;
  const char *status;
  uint64_t completed_steps;
  uint64_t total_steps;
  double percentage_complete;
  const char *current_step_id;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};

/* Of the recent ones and of the upcoming ones; what either has not is left out. */
struct view_activity {
  const char *activity_type; /* of an upcoming one: "todo" or "schedule" */
  const char *activity_id;
  const char *title;
  const char *status;
  const char *video_id;
  double time_spent; /* minutes */
  enum presence time_spent_given;
  int64_t last_at_ms;
  enum presence last_at_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  int64_t scheduled_ms; /* when it is due, or begins */
  enum presence scheduled_given;
  int64_t ends_at_ms;
  enum presence ends_at_given;
};

struct view_reply {
  uint64_t user_id;
  struct view_overall overall;
  const char *skill_progress;       /* a JSON object: struct view_skill by skill */
  struct field_list learning_paths; /* struct view_path */
  struct field_list recent;         /* struct view_activity */
  struct field_list upcoming;       /* struct view_activity */
  struct field_list achievements;   /* struct achievement_view */
  struct field_list milestones;     /* struct milestone_view */
  int64_t last_sync_ms;
  enum presence last_sync_given;
  double data_consistency_score; /* 0.01 to 1, as of docs/insights.md */
  const char *others;            /* not told: what else moves the ETag */
};
extern const struct schema view_skill_schema;
extern const struct schema view_reply_schema;

/* Which day it is where the learner is, and when it began. */
struct view_day {
  int32_t today;
  int64_t began_ms;
};

/* Reads within the snapshot that `db` has open. */
bool view_read(struct db *db, uint64_t user_id, const struct view_day *day, struct arena *arena,
               struct error *error, struct view_reply *ret_reply) WARN_UNUSED;

#endif
