#include "enroll/students.h"

#include <string.h>

#include "base/buffer.h"
#include "queries/course.h"

#include "base/banned.h"

#define KEYS_BYTES_MAX ((size_t)8 * 1024)

static const struct field query_fields[] = {
    FIELD_UINT(struct students_query, "limit", limit, .minimum = 1, .maximum = STUDENTS_PAGE_MAX,
               .default_text = "50", .summary = "Rows a page."),
    FIELD_UINT(struct students_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this id: the nextAfter of the page before."),
};
const struct schema students_query_schema =
    SCHEMA("PageQuery", struct students_query, query_fields, .summary = "Which page of the list.");

static const struct field search_fields[] = {
    FIELD_UINT(struct students_search, "limit", page.limit, .minimum = 1, .maximum = STUDENTS_PAGE_MAX,
               .default_text = "50", .summary = "Rows a page."),
    FIELD_UINT(struct students_search, "after", page.after, .maximum = INT64_MAX,
               .summary = "Go on after this id: the nextAfter of the page before, with the same search."),
    FIELD_TEXT(struct students_search, "search", text, .maximum = STUDENTS_SEARCH_CHARACTERS,
               .summary = "Only those whose id, display name or username (an e-mail address, for example) "
                          "begins so, in that order; without it all, by id."),
};
const struct schema students_search_schema = SCHEMA("StudentsQuery", struct students_search, search_fields,
                                                    .summary = "Which page of which students.");

static const struct field row_fields[] = {
    FIELD_UINT(struct students_row, "id", id, .flags = FIELD_REQUIRED, .summary = "The student."),
    FIELD_TEXT(struct students_row, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The name to sign in with."),
    FIELD_TEXT(struct students_row, "displayName", display_name, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The name that others see."),
    FIELD_INT(struct students_row, "tokens", tokens, .flags = FIELD_REQUIRED,
              .summary = "Tokens earned by practice."),
    FIELD_INT(struct students_row, "enrolledCourses", enrolled_courses, .flags = FIELD_REQUIRED,
              .summary = "Open courses that the student is enrolled in."),
    FIELD_INT(struct students_row, "completedCourses", completed_courses, .flags = FIELD_REQUIRED,
              .summary = "Of those, the completed ones."),
    FIELD_NUMBER(struct students_row, "averageProgress", average_progress, .flags = FIELD_REQUIRED,
                 .summary = "Mean percent over them, two decimals; 0 where there are none."),
    FIELD_INT(struct students_row, "pendingRequests", pending_requests, .flags = FIELD_REQUIRED,
              .summary = "Requests that wait to be decided."),
    FIELD_TIME(struct students_row, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "Since when the student is known."),
};
static const struct schema row_schema =
    SCHEMA("StudentRow", struct students_row, row_fields, .summary = "A student with counts.");

static const struct field page_fields[] = {
    FIELD_LIST(struct students_page, "students", students, .object = &row_schema, .flags = FIELD_REQUIRED,
               .maximum = STUDENTS_PAGE_MAX, .summary = "A page of students."),
    FIELD_UINT(struct students_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct students_page, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema students_page_schema =
    SCHEMA("Students", struct students_page, page_fields, .summary = "A page of students.");

#define COURSE_FIELDS \
  FIELD_UINT(struct students_course, "courseId", course_id, .flags = FIELD_REQUIRED, \
             .summary = "The course."), \
      FIELD_TEXT(struct students_course, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."), \
      FIELD_TEXT(struct students_course, "courseStatus", course_status, .flags = FIELD_REQUIRED, \
                 .summary = "The course's own status, in lower case."), \
      FIELD_BOOL(struct students_course, "isOpen", is_open, .flags = FIELD_REQUIRED, \
                 .summary = "Whether students can see the course."), \
      FIELD_BOOL(struct students_course, "isEnrolled", is_enrolled, .flags = FIELD_REQUIRED, \
                 .summary = "Whether the student is enrolled, and not cancelled."), \
      FIELD_NUMBER(struct students_course, "progress", progress, .flags = FIELD_REQUIRED, \
                   .summary = "Percent of the course; 0 and never null."), \
      FIELD_TEXT(struct students_course, "status", enrollment_status, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .summary = "active, completed or cancelled; null without an enrollment."), \
      FIELD_TEXT(struct students_course, "source", source, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .summary = "How the enrollment came to be."), \
      FIELD_TIME(struct students_course, "enrolledAt", enrolled_at_ms, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .presence = PRESENCE(struct students_course, enrolled_at_given), .summary = "Since when."), \
      FIELD_TIME(struct students_course, "completedAt", completed_at_ms, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .presence = PRESENCE(struct students_course, completed_at_given), \
                 .summary = "When it was completed.")

static const struct field enrollment_fields[] = {COURSE_FIELDS};
static const struct schema enrollment_schema =
    SCHEMA("StudentEnrollment", struct students_course, enrollment_fields, .summary = "An enrollment.");

static const struct field state_course_fields[] = {
    COURSE_FIELDS,
    FIELD_BOOL(struct students_course, "hasStudentProgress", has_student_progress, .flags = FIELD_REQUIRED,
               .summary = "Whether the legacy table has a row, too."),
    FIELD_NUMBER(struct students_course, "studentProgress", student_progress, .flags = FIELD_REQUIRED,
                 .summary = "The progress that the legacy table holds."),
    FIELD_BOOL(struct students_course, "hasPendingRequest", has_pending_request, .flags = FIELD_REQUIRED,
               .summary = "Whether a request waits to be decided."),
    FIELD_BOOL(struct students_course, "hasApprovedRequest", has_approved_request, .flags = FIELD_REQUIRED,
               .summary = "Whether the last decided request was approved."),
    FIELD_BOOL(struct students_course, "hasRejectedRequest", has_rejected_request, .flags = FIELD_REQUIRED,
               .summary = "Whether the last decided request was rejected."),
};
static const struct schema state_course_schema =
    SCHEMA("StudentCourseState", struct students_course, state_course_fields,
           .summary = "Whatever there is between a student and a course.");

#define ONE_FIELDS(list_name, item_schema, meaning) \
  FIELD_UINT(struct students_one, "id", id, .flags = FIELD_REQUIRED, .summary = "The student."), \
      FIELD_TEXT(struct students_one, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .summary = "The name to sign in with."), \
      FIELD_TEXT(struct students_one, "displayName", display_name, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .summary = "The name that others see."), \
      FIELD_TEXT(struct students_one, "role", role, .flags = FIELD_REQUIRED, .summary = "As users has it."), \
      FIELD_INT(struct students_one, "tokens", tokens, .flags = FIELD_REQUIRED, \
                .summary = "Tokens earned by practice."), \
      FIELD_UINT(struct students_one, "revision", revision, .flags = FIELD_REQUIRED, \
                 .summary = "The student's revision."), \
      FIELD_TIME(struct students_one, "createdAt", created_at_ms, .flags = FIELD_REQUIRED, \
                 .summary = "Since when the student is known."), \
      FIELD_LIST(struct students_one, list_name, courses, .object = (item_schema), .flags = FIELD_REQUIRED, \
                 .maximum = STUDENTS_COURSES_MAX, .summary = (meaning))

static const struct field one_fields[] = {
    ONE_FIELDS("enrollments", &enrollment_schema, "By course; cancelled ones are among them.")};
const struct schema students_one_schema =
    SCHEMA("Student", struct students_one, one_fields, .summary = "A student with enrollments.");

static const struct field state_fields[] = {
    ONE_FIELDS("courses", &state_course_schema, "By course, as each table has it.")};
const struct schema students_state_schema = SCHEMA("StudentState", struct students_one, state_fields,
                                                   .summary = "A student's whole state of enrollment.");

static bool read_rows(struct db *db, const uint64_t *ids, size_t count, struct arena *arena,
                      struct error *error, struct course_students_row **ret_rows, size_t *ret_count) {
  CLEANUP(buffer_free) struct buffer keys = BUFFER_INIT(KEYS_BYTES_MAX);
  buffer_append_char(&keys, '[');
  for (size_t at = 0; at < count; at++) {
    if (at > 0) buffer_append_char(&keys, ',');
    buffer_append_u64(&keys, ids[at]);
  }
  buffer_append_char(&keys, ']');
  if (keys.failed) return error_set_memory(error);
  struct course_students_params params = {.user_keys = buffer_text(&keys)};
  return course_students(db, &params, arena, STUDENTS_PAGE_MAX, error, ret_rows, ret_count);
}

bool students_read_page(struct db *db, const struct students_search *search, struct arena *arena,
                        struct error *error, struct students_page *ret_page) {
  struct students_page page = {.next_after_given = PRESENCE_NULL};
  uint64_t ids[STUDENTS_PAGE_MAX + 1];
  struct course_students_row *rows;
  size_t limit = (size_t)search->page.limit;
  size_t count;
  if (!students_find(db, search, limit + 1, arena, error, ids, &count)) return false;
  if (count > limit) {
    count = limit;
    page.next_after = ids[count - 1];
    page.next_after_given = PRESENCE_GIVEN;
  }
  if (!read_rows(db, ids, count, arena, error, &rows, &count)) return false;
  struct students_row *students = arena_alloc_array(arena, count, sizeof *students);
  if (students == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    students[at] = (struct students_row){.id = rows[at].user_id,
                                         .username = rows[at].username,
                                         .display_name = rows[at].display_name,
                                         .tokens = rows[at].tokens,
                                         .enrolled_courses = rows[at].enrolled,
                                         .completed_courses = rows[at].completed,
                                         .average_progress = rows[at].average_progress,
                                         .pending_requests = rows[at].pending,
                                         .created_at_ms = rows[at].created_at};
  page.students = (struct field_list){.items = students, .count = count};
  *ret_page = page;
  return true;
}

static bool is(const char *value, const char *word) { return value != NULL && strcmp(value, word) == 0; }

static enum presence given(bool is_null) { return is_null ? PRESENCE_NULL : PRESENCE_GIVEN; }

static struct students_course course_of(const struct course_state_of_row *row) {
  const char *status = row->enrollment_status;
  return (struct students_course){.course_id = row->course_id,
                                  .title = row->title,
                                  .course_status = row->status,
                                  .is_open = !row->is_open_is_null && row->is_open,
                                  .is_enrolled = status != NULL && strcmp(status, "cancelled") != 0,
                                  .enrollment_status = status,
                                  .progress = row->progress_is_null ? 0 : row->progress,
                                  .source = row->source,
                                  .enrolled_at_ms = row->enrolled_at,
                                  .enrolled_at_given = given(row->enrolled_at_is_null),
                                  .completed_at_ms = row->completed_at,
                                  .completed_at_given = given(row->completed_at_is_null),
                                  .has_student_progress = !row->legacy_progress_is_null,
                                  .student_progress = row->legacy_progress_is_null ? 0 : row->legacy_progress,
                                  .has_pending_request = !row->request_id_is_null,
                                  .has_approved_request = is(row->decision, "approved"),
                                  .has_rejected_request = is(row->decision, "rejected")};
}

static bool read_courses(struct db *db, uint64_t user_id, bool only_enrollments, struct arena *arena,
                         struct error *error, struct field_list *ret_list) {
  struct course_state_of_params params = {.user_id = user_id};
  struct course_state_of_row *rows;
  size_t count;
  size_t kept = 0;
  if (!course_state_of(db, &params, arena, STUDENTS_COURSES_MAX, error, &rows, &count)) return false;
  struct students_course *courses = arena_alloc_array(arena, count, sizeof *courses);
  if (courses == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!only_enrollments || rows[at].enrollment_status != NULL) courses[kept++] = course_of(&rows[at]);
  *ret_list = (struct field_list){.items = courses, .count = kept};
  return true;
}

bool students_read_one(struct db *db, uint64_t user_id, bool only_enrollments, struct arena *arena,
                       struct error *error, struct students_one *ret_one) {
  struct course_student_params params = {.user_id = user_id};
  struct course_student_row row;
  struct field_list courses;
  bool found;
  if (!course_student(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such student.");
  if (!read_courses(db, user_id, only_enrollments, arena, error, &courses)) return false;
  *ret_one = (struct students_one){.id = user_id,
                                   .username = row.username,
                                   .display_name = row.display_name,
                                   .role = row.role,
                                   .tokens = row.tokens,
                                   .revision = row.revision,
                                   .created_at_ms = row.created_at,
                                   .courses = courses};
  return true;
}
