/* What administrators read of students: a page of them with counts, one with enrollments, one's whole
 * state of enrollment. */
#ifndef LOCKSTEP_ENROLL_STUDENTS_H
#define LOCKSTEP_ENROLL_STUDENTS_H

#include "db/db.h"
#include "schema/field.h"

#define STUDENTS_PAGE_MAX 200
#define STUDENTS_SEARCH_CHARACTERS 190
#define STUDENTS_COURSES_MAX 20000 /* that one student has anything to do with */

struct students_query {
  uint64_t limit;
  uint64_t after;
};
extern const struct schema students_query_schema;

struct students_search {
  struct students_query page;
  const char *text; /* NULL: everybody */
};
extern const struct schema students_search_schema;

struct students_row {
  uint64_t id;
  const char *username;
  const char *display_name;
  int64_t tokens;
  int64_t enrolled_courses;
  int64_t completed_courses;
  double average_progress;
  int64_t pending_requests;
  int64_t created_at_ms;
};
struct students_page {
  struct field_list students; /* struct students_row */
  uint64_t next_after;
  enum presence next_after_given;
};
extern const struct schema students_page_schema;
/* Who is sought by the beginning of an id, a display name or a username comes in this order. */
bool students_read_page(struct db *db, const struct students_search *search, struct arena *arena,
                        struct error *error, struct students_page *ret_page) WARN_UNUSED;
/* student_search.c: at most `limit` ids of who is sought, behind the one where the page before ended. */
bool students_find(struct db *db, const struct students_search *search, size_t limit, struct arena *arena,
                   struct error *error, uint64_t *ret_ids, size_t *ret_count) WARN_UNUSED;

struct students_course {
  uint64_t course_id;
  const char *title;
  const char *course_status;
  bool is_open;
  bool is_enrolled;
  const char *enrollment_status; /* NULL: no row in enrollments */
  double progress;
  const char *source;
  int64_t enrolled_at_ms;
  enum presence enrolled_at_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  bool has_student_progress;
  double student_progress;
  bool has_pending_request;
  bool has_approved_request;
  bool has_rejected_request;
};
struct students_one {
  uint64_t id;
  const char *username;
  const char *display_name;
  const char *role;
  int64_t tokens;
  uint64_t revision;
  int64_t created_at_ms;
  struct field_list courses; /* struct students_course, by the course's id */
};
extern const struct schema students_one_schema;   /* with enrollments, those that stand and cancelled ones */
extern const struct schema students_state_schema; /* with whatever there is between them and any course */

/* In one snapshot, which the caller has begun. `only_enrollments`: nothing that is only a request or only in
 * the legacy table. ERROR_NOT_FOUND. */
bool students_read_one(struct db *db, uint64_t user_id, bool only_enrollments, struct arena *arena,
                       struct error *error, struct students_one *ret_one) WARN_UNUSED;

#endif
