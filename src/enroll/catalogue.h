/* What a student reads of courses: all that are open, those of their own, chapter by chapter, figures,
 * requests. Each reads within the snapshot that `db` has open. */
#ifndef LOCKSTEP_ENROLL_CATALOGUE_H
#define LOCKSTEP_ENROLL_CATALOGUE_H

#include "base/zone.h"
#include "db/db.h"
#include "schema/field.h"

#define CATALOGUE_COURSES_MAX 20000 /* whole lists: more courses than that ask for pages */
#define CATALOGUE_CHAPTERS_MAX 200000
#define CATALOGUE_REQUESTS_MAX 20000

/* Whole unless a limit is sent. */
struct catalogue_query {
  uint64_t limit;
  enum presence limit_given;
  uint64_t after;
};
extern const struct schema catalogue_query_schema;

struct catalogue_page {
  struct field_list courses; /* struct catalogue_course, catalogue_enrolled or catalogue_details */
  uint64_t next_after;
  enum presence next_after_given;
};
extern const struct schema catalogue_courses_schema;
extern const struct schema catalogue_enrolled_schema;
extern const struct schema catalogue_details_schema;

struct catalogue_course {
  uint64_t id;
  const char *title;
  const char *description;
  const char *status;
  bool is_default_unlocked;
  bool is_public;
  uint64_t price_cents;
  const char *currency;
  bool is_enrolled;
  bool has_pending_request;
  bool has_approved_request;
  double progress;
};
bool catalogue_read_courses(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                            struct arena *arena, struct error *error,
                            struct catalogue_page *ret_page) WARN_UNUSED;

struct catalogue_chapter {
  uint64_t id;
  const char *title;
  uint64_t position;
  bool is_complete;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};

struct catalogue_enrolled {
  uint64_t id;
  const char *title;
  const char *description;
  const char *status;
  const char *enrollment_status;
  const char *source;
  double progress;
  int64_t completed_chapters;
  int64_t total_chapters;
  int64_t enrolled_at_ms;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  int64_t last_accessed_at_ms;
  enum presence last_accessed_at_given;
  struct field_list chapters; /* struct catalogue_chapter; details only */
};
bool catalogue_read_enrolled(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                             struct arena *arena, struct error *error,
                             struct catalogue_page *ret_page) WARN_UNUSED;
/* The same with each course's chapters. */
bool catalogue_read_details(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                            struct arena *arena, struct error *error,
                            struct catalogue_page *ret_page) WARN_UNUSED;

struct catalogue_stats {
  int64_t enrolled_courses;
  int64_t completed_courses;
  int64_t in_progress_courses; /* begun and not complete */
  double average_progress;
  int64_t pending_requests;
  int64_t total_tokens;
  int64_t current_streak;
};
extern const struct schema catalogue_stats_schema;
/* `today`: the learner's calendar day. */
bool catalogue_read_stats(struct db *db, uint64_t user_id, int32_t today, struct arena *arena,
                          struct error *error, struct catalogue_stats *ret_stats) WARN_UNUSED;

struct catalogue_request {
  uint64_t id;
  uint64_t course_id;
  const char *title;
  const char *status;
  const char *reason;
  int64_t requested_at_ms;
  int64_t decided_at_ms;
  enum presence decided_at_given;
  const char *note;
};
struct catalogue_requests {
  struct field_list requests; /* struct catalogue_request, newest first */
};
extern const struct schema catalogue_requests_schema;
bool catalogue_read_requests(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                             struct catalogue_requests *ret_requests) WARN_UNUSED;

#endif
