/* The outside face of what catalogue.h reads. */
#include "enroll/catalogue.h"

#include "base/banned.h"

static const struct field query_fields[] = {
    FIELD_UINT(struct catalogue_query, "limit", limit,
               .presence = PRESENCE(struct catalogue_query, limit_given), .minimum = 1,
               .maximum = CATALOGUE_COURSES_MAX, .summary = "At most so many; all when it is not sent."),
    FIELD_UINT(struct catalogue_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this course: the nextAfter of the page before."),
};
const struct schema catalogue_query_schema =
    SCHEMA("CoursesQuery", struct catalogue_query, query_fields, .summary = "Which part of the list.");

#define NEXT_AFTER \
  FIELD_UINT(struct catalogue_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
             .presence = PRESENCE(struct catalogue_page, next_after_given), \
             .summary = "Where the next page goes on; null at the end.")
#define COURSES(item_schema, meaning) \
  FIELD_LIST(struct catalogue_page, "courses", courses, .object = (item_schema), .flags = FIELD_REQUIRED, \
             .maximum = CATALOGUE_COURSES_MAX, .summary = (meaning))

static const struct field course_fields[] = {
    FIELD_UINT(struct catalogue_course, "id", id, .flags = FIELD_REQUIRED, .summary = "The course."),
    FIELD_TEXT(struct catalogue_course, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_TEXT(struct catalogue_course, "description", description, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What it is about."),
    FIELD_TEXT(struct catalogue_course, "status", status, .flags = FIELD_REQUIRED,
               .summary = "published or active."),
    FIELD_BOOL(struct catalogue_course, "isDefaultUnlocked", is_default_unlocked, .flags = FIELD_REQUIRED,
               .summary = "Granted to every student."),
    FIELD_BOOL(struct catalogue_course, "isPublic", is_public, .flags = FIELD_REQUIRED,
               .summary = "Students may enrol by themselves, where it has no price."),
    FIELD_UINT(struct catalogue_course, "priceCents", price_cents, .flags = FIELD_REQUIRED,
               .summary = "Its price in hundredths; 0: free."),
    FIELD_TEXT(struct catalogue_course, "currency", currency, .flags = FIELD_REQUIRED,
               .summary = "The price's currency, as ISO 4217 calls it."),
    FIELD_BOOL(struct catalogue_course, "isEnrolled", is_enrolled, .flags = FIELD_REQUIRED,
               .summary = "Whether the student is enrolled."),
    FIELD_BOOL(struct catalogue_course, "hasPendingRequest", has_pending_request, .flags = FIELD_REQUIRED,
               .summary = "Whether the student's request waits to be decided."),
    FIELD_BOOL(struct catalogue_course, "hasApprovedRequest", has_approved_request, .flags = FIELD_REQUIRED,
               .summary = "Whether a request of the student was approved."),
    FIELD_NUMBER(struct catalogue_course, "progress", progress, .flags = FIELD_REQUIRED,
                 .summary = "Percent of the course; 0 for who is not enrolled."),
};
static const struct schema course_schema = SCHEMA("StudentCourse", struct catalogue_course, course_fields,
                                                  .summary = "A course as it stands for the student.");
static const struct field courses_fields[] = {COURSES(&course_schema, "Every open course, by id."),
                                              NEXT_AFTER};
const struct schema catalogue_courses_schema = SCHEMA("StudentCourses", struct catalogue_page, courses_fields,
                                                      .summary = "The courses that a student can see.");

static const struct field chapter_fields[] = {
    FIELD_UINT(struct catalogue_chapter, "id", id, .flags = FIELD_REQUIRED, .summary = "The chapter."),
    FIELD_TEXT(struct catalogue_chapter, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_UINT(struct catalogue_chapter, "position", position, .flags = FIELD_REQUIRED,
               .summary = "Its place in the course."),
    FIELD_BOOL(struct catalogue_chapter, "isComplete", is_complete, .flags = FIELD_REQUIRED,
               .summary = "Whether the student completed it."),
    FIELD_TIME(struct catalogue_chapter, "completedAt", completed_at_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct catalogue_chapter, completed_at_given),
               .summary = "When the student completed it."),
};
static const struct schema chapter_schema = SCHEMA("StudentChapter", struct catalogue_chapter, chapter_fields,
                                                   .summary = "A chapter as it stands for the student.");

#define ENROLLED_FIELDS \
  FIELD_UINT(struct catalogue_enrolled, "id", id, .flags = FIELD_REQUIRED, .summary = "The course."), \
      FIELD_TEXT(struct catalogue_enrolled, "title", title, .flags = FIELD_REQUIRED, \
                 .summary = "Its title."), \
      FIELD_TEXT(struct catalogue_enrolled, "description", description, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, .summary = "What it is about."), \
      FIELD_TEXT(struct catalogue_enrolled, "status", status, .flags = FIELD_REQUIRED, \
                 .summary = "published or active."), \
      FIELD_TEXT(struct catalogue_enrolled, "enrollmentStatus", enrollment_status, .flags = FIELD_REQUIRED, \
                 .summary = "active or completed."), \
      FIELD_TEXT(struct catalogue_enrolled, "source", source, .flags = FIELD_REQUIRED, \
                 .summary = "How the enrollment came to be: admin, payment, request, public or default."), \
      FIELD_NUMBER(struct catalogue_enrolled, "progress", progress, .flags = FIELD_REQUIRED, \
                   .summary = "Percent of the course, two decimals; never null."), \
      FIELD_INT(struct catalogue_enrolled, "completedChapters", completed_chapters, .flags = FIELD_REQUIRED, \
                .summary = "Chapters completed."), \
      FIELD_INT(struct catalogue_enrolled, "totalChapters", total_chapters, .flags = FIELD_REQUIRED, \
                .summary = "Chapters that the course has."), \
      FIELD_TIME(struct catalogue_enrolled, "enrolledAt", enrolled_at_ms, .flags = FIELD_REQUIRED, \
                 .summary = "Since when."), \
      FIELD_TIME(struct catalogue_enrolled, "completedAt", completed_at_ms, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .presence = PRESENCE(struct catalogue_enrolled, completed_at_given), \
                 .summary = "When it was completed."), \
      FIELD_TIME(struct catalogue_enrolled, "lastAccessedAt", last_accessed_at_ms, \
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                 .presence = PRESENCE(struct catalogue_enrolled, last_accessed_at_given), \
                 .summary = "When a chapter was last completed.")

static const struct field enrolled_fields[] = {ENROLLED_FIELDS};
static const struct schema enrolled_schema =
    SCHEMA("EnrolledCourse", struct catalogue_enrolled, enrolled_fields,
           .summary = "A course of the student's own.");
static const struct field enrolled_page_fields[] = {
    COURSES(&enrolled_schema, "The open courses that the student is enrolled in, by id."), NEXT_AFTER};
const struct schema catalogue_enrolled_schema = SCHEMA(
    "EnrolledCourses", struct catalogue_page, enrolled_page_fields, .summary = "The student's own courses.");

static const struct field details_fields[] = {
    ENROLLED_FIELDS,
    FIELD_LIST(struct catalogue_enrolled, "chapters", chapters, .object = &chapter_schema,
               .flags = FIELD_REQUIRED, .maximum = CATALOGUE_CHAPTERS_MAX, .summary = "In their order."),
};
static const struct schema details_schema =
    SCHEMA("CourseProgress", struct catalogue_enrolled, details_fields,
           .summary = "A course of the student's own, chapter by chapter.");
static const struct field details_page_fields[] = {
    COURSES(&details_schema, "The open courses that the student is enrolled in, by id."), NEXT_AFTER};
const struct schema catalogue_details_schema =
    SCHEMA("CoursesProgress", struct catalogue_page, details_page_fields,
           .summary = "The student's own courses, chapter by chapter.");

static const struct field stats_fields[] = {
    FIELD_INT(struct catalogue_stats, "enrolledCourses", enrolled_courses, .flags = FIELD_REQUIRED,
              .summary = "Open courses that the student is enrolled in."),
    FIELD_INT(struct catalogue_stats, "completedCourses", completed_courses, .flags = FIELD_REQUIRED,
              .summary = "Of those, the completed ones."),
    FIELD_INT(struct catalogue_stats, "inProgressCourses", in_progress_courses, .flags = FIELD_REQUIRED,
              .summary = "Of those, the ones that are begun and not complete."),
    FIELD_NUMBER(struct catalogue_stats, "averageProgress", average_progress, .flags = FIELD_REQUIRED,
                 .summary = "Mean percent over the enrolled courses, two decimals."),
    FIELD_INT(struct catalogue_stats, "pendingRequests", pending_requests, .flags = FIELD_REQUIRED,
              .summary = "Requests that wait to be decided."),
    FIELD_INT(struct catalogue_stats, "totalTokens", total_tokens, .flags = FIELD_REQUIRED,
              .summary = "Tokens earned by practice."),
    FIELD_INT(struct catalogue_stats, "currentStreak", current_streak, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
};
const struct schema catalogue_stats_schema =
    SCHEMA("StudentStats", struct catalogue_stats, stats_fields, .summary = "A student's figures.");

static const struct field request_fields[] = {
    FIELD_UINT(struct catalogue_request, "id", id, .flags = FIELD_REQUIRED, .summary = "The request."),
    FIELD_UINT(struct catalogue_request, "courseId", course_id, .flags = FIELD_REQUIRED,
               .summary = "The course."),
    FIELD_TEXT(struct catalogue_request, "courseTitle", title, .flags = FIELD_REQUIRED,
               .summary = "The course's title."),
    FIELD_TEXT(struct catalogue_request, "status", status, .flags = FIELD_REQUIRED,
               .summary = "pending, approved or rejected."),
    FIELD_TEXT(struct catalogue_request, "reason", reason, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Why the student wants access."),
    FIELD_TIME(struct catalogue_request, "requestedAt", requested_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was asked."),
    FIELD_TIME(struct catalogue_request, "decidedAt", decided_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct catalogue_request, decided_at_given),
               .summary = "When it was decided."),
    FIELD_TEXT(struct catalogue_request, "note", note, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What the decider said."),
};
static const struct schema request_schema =
    SCHEMA("AccessRequest", struct catalogue_request, request_fields, .summary = "A request for access.");
static const struct field requests_fields[] = {
    FIELD_LIST(struct catalogue_requests, "requests", requests, .object = &request_schema,
               .flags = FIELD_REQUIRED, .maximum = CATALOGUE_REQUESTS_MAX, .summary = "Newest first."),
};
const struct schema catalogue_requests_schema =
    SCHEMA("AccessRequests", struct catalogue_requests, requests_fields,
           .summary = "The student's requests, pending and decided.");
