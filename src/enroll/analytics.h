/* What an administrator's dashboard shows. The figures are counted from time to time, by the job
 * refresh_analytics; reading them costs the same however many students and enrollments there are, and says
 * as of when they are. `version` moves when a count finds other figures than the one before. */
#ifndef LOCKSTEP_ENROLL_ANALYTICS_H
#define LOCKSTEP_ENROLL_ANALYTICS_H

#include "job/job_step.h"
#include "schema/field.h"

#define ANALYTICS_DAYS 30
#define ANALYTICS_PAGE_MAX 200
#define ANALYTICS_COURSES_MAX 20000 /* with figures of their own: those with most students */
#define ANALYTICS_ITEMS_MAX 1000    /* of a list within the figures */

struct analytics_students {
  int64_t total;
  int64_t new_students;
  int64_t anonymous;
  int64_t active_today;
  int64_t active_week;
  int64_t active_month;
};

struct analytics_practice {
  int64_t tokens;
  int64_t questions;
  int64_t correct;
  double accuracy;
};

struct analytics_status {
  const char *status;
  int64_t count;
};

struct analytics_courses {
  int64_t total;
  struct field_list by_status; /* struct analytics_status */
};

struct analytics_source {
  const char *source;
  int64_t active;
  int64_t completed;
  int64_t cancelled;
};

struct analytics_day {
  int32_t day;
  int64_t count;
};

struct analytics_enrollments {
  int64_t total; /* not cancelled */
  int64_t active;
  int64_t completed;
  int64_t cancelled;
  double average_progress;
  struct field_list by_source; /* struct analytics_source */
  struct field_list per_day;   /* struct analytics_day, ANALYTICS_DAYS of them up to today */
};

struct analytics_requests {
  int64_t pending;
  int64_t approved;
  int64_t rejected;
  int64_t oldest_pending_ms;
  enum presence oldest_pending_given;
};

struct analytics_payment {
  const char *status;
  const char *currency;
  int64_t count;
  int64_t amount_cents;
  int64_t refunded_cents;
  int64_t mismatched;
};

struct analytics_figures {
  struct analytics_students students;
  struct analytics_practice practice;
  struct analytics_courses courses;
  struct analytics_enrollments enrollments;
  struct analytics_requests requests;
  struct field_list payments; /* struct analytics_payment, by status and currency */
};
extern const struct schema analytics_figures_schema;

/* A course's own figures. title and status are as the course stands when they are read. */
struct analytics_course {
  uint64_t place;
  uint64_t course_id;
  const char *title;
  const char *status;
  int64_t active;
  int64_t completed;
  int64_t cancelled;
  double average_progress;
  int64_t pending;
};
extern const struct schema analytics_course_schema;        /* as they are read */
extern const struct schema analytics_course_counts_schema; /* as they are counted */

/* Counts everything anew in one snapshot without locks, so that nobody waits and the figures agree with each
 * other; then, in one short transaction, keeps what is different. `guard` may be NULL. */
bool analytics_refresh(struct db *db, int64_t now_ms, const struct repair_guard *guard, struct arena *arena,
                       struct error *error) WARN_UNUSED;

/* What the last count kept. */
struct analytics_state {
  uint64_t version; /* 0: nothing was counted yet */
  int64_t as_of_ms;
  struct analytics_figures figures;
  uint64_t shared_version;
  uint64_t shared_epoch;
};
bool analytics_read(struct db *db, struct arena *arena, struct error *error,
                    struct analytics_state *ret_state) WARN_UNUSED;
/* At most `limit` courses behind a place, the one with most students first. */
bool analytics_read_courses(struct db *db, uint64_t after_place, size_t limit, struct arena *arena,
                            struct error *error, struct analytics_course **ret_courses,
                            size_t *ret_count) WARN_UNUSED;

#endif
