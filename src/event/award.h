/* Achievements and milestones (docs/achievements.md): what is worth telling a learner about, as data. A
 * definition is a YAML file of the shipped set (sql/achievements) or of the site's own
 * (events.site_achievements): a metric and how much of it is asked for. An achievement is earned once and
 * never taken away; a milestone shows how far it is, and is reached once.
 *
 * The metrics are a const table (award_judge.c). Each only reads what events, practice and skills have
 * left in the database, so that whatever was earned can be found again from there: the job
 * recompute_achievements does. */
#ifndef LOCKSTEP_EVENT_AWARD_H
#define LOCKSTEP_EVENT_AWARD_H

#include "config/config.h"
#include "event/event.h"
#include "event/intake.h"
#include "event/notification.h"

#define AWARD_FILES_MAX 500 /* of one directory */
#define AWARD_FILE_BYTES_MAX ((size_t)16 * 1024)
#define AWARD_ID_CHARACTERS 96
#define AWARD_AT_LEAST_MAX 1000000000
#define AWARD_WINDOW_DAYS 28      /* of practice_days_28 */
#define AWARD_MILESTONES_MAX 1000 /* that milestones_reached counts */

/* --- What there is to earn ---------------------------------------------------------------------------- */

/* The names are what stands in the files. All NULL-terminated. */
enum award_kind { AWARD_ACHIEVEMENT, AWARD_MILESTONE };
extern const char *const award_kind_names[];
enum achievement_type {
  ACHIEVEMENT_COMPLETION,
  ACHIEVEMENT_STREAK,
  ACHIEVEMENT_SPEED,
  ACHIEVEMENT_CONSISTENCY,
  ACHIEVEMENT_MILESTONE
};
#define ACHIEVEMENT_TYPES 5
extern const char *const achievement_type_names[];

enum award_metric {
  AWARD_COMPLETED_ACTIVITIES,
  AWARD_MINUTES,
  AWARD_STREAK_DAYS,
  AWARD_BEST_DAY,
  AWARD_PRACTICE_DAYS_28,
  AWARD_MILESTONES_REACHED,
  AWARD_SKILLS
};
#define AWARD_METRICS 7
extern const char *const award_metric_names[];

/* One definition, as its file has it. */
struct award {
  const char *id;
  int kind; /* enum award_kind */
  int type; /* enum achievement_type; of achievements */
  enum presence type_given;
  const char *title;
  const char *description;
  int metric;        /* enum award_metric */
  int activity_type; /* enum activity_type: only those */
  enum presence activity_type_given;
  uint64_t at_least;
  bool is_public; /* from the start; the learner may change it */
  enum presence public_given;
  const char *file;
  bool of_site;
};
extern const struct schema award_schema;
/* "25 activities completed, of type video". NULL: no memory. */
const char *award_ask(const struct award *award, struct arena *arena);

struct award_table; /* const once loaded */

/* Loads both directories, in the order of kind and id. A broken file of the site is left aside with its
 * complaint; a broken one that ships is an error. */
bool award_table_load(const struct events_config *config, struct error *error,
                      struct award_table **ret_table) WARN_UNUSED;
void award_table_free(struct award_table *table);
size_t award_table_count(const struct award_table *table);
const struct award *award_table_at(const struct award_table *table, size_t at);
size_t award_table_problem_count(const struct award_table *table);
const char *award_table_problem(const struct award_table *table, size_t at); /* "file:line:column: what" */

/* --- What is told of it, in replies ------------------------------------------------------------------- */

struct achievement_view {
  const char *id;
  const char *type; /* of achievement_type_names */
  const char *title;
  const char *description;
  int64_t earned_at_ms;
  bool is_public;
  const char *trigger_event_id; /* NULL: found by a recomputation */
  const char *metadata;         /* JSON: metric, atLeast, value, activityType; NULL: none */
};
extern const struct schema achievement_view_schema;

struct milestone_view {
  const char *id;
  const char *title;
  uint64_t target;
  uint64_t progress;
  int64_t reached_at_ms;
  enum presence reached_given; /* PRESENCE_NULL: not yet */
};
extern const struct schema milestone_view_schema;

/* --- Awarding ----------------------------------------------------------------------------------------- */

/* After an applied event was counted and propagated: awards what it has brought about, and adds it to
 * `result`. A `milestone_reached` event, and any that completes an activity of type milestone, reaches the
 * milestone of its activity's id, defined or not. Reports its changes ("achievement", "milestone"), and puts
 * a notification for each. Under the learner's lock, so that nothing is earned twice. */
bool award_check(struct event_intake *intake, const struct event *event, struct event_result *result,
                 struct error *error) WARN_UNUSED;
/* After all events of a transaction: writes how far milestones have come, which the events only note. */
bool award_finish(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;

#endif
