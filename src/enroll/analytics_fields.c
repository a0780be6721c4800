/* The figures as they are kept, and as they are answered: one field table for both. */
#include "enroll/analytics.h"

#include "base/banned.h"

#define COUNT(structure, name, member, meaning) \
  FIELD_INT(struct structure, name, member, .flags = FIELD_REQUIRED, .summary = (meaning))

static const struct field students_fields[] = {
    COUNT(analytics_students, "total", total, "Students; anonymous learners are not among them."),
    COUNT(analytics_students, "newLast30Days", new_students, "Of those, who came in the last 30 days."),
    COUNT(analytics_students, "anonymous", anonymous, "Anonymous learners."),
    COUNT(analytics_students, "activeToday", active_today, "Learners who have practised today."),
    COUNT(analytics_students, "activeLast7Days", active_week, "Within seven days, today included."),
    COUNT(analytics_students, "activeLast30Days", active_month, "Within thirty days, today included."),
};
static const struct schema students_schema =
    SCHEMA("AnalyticsStudents", struct analytics_students, students_fields, .summary = "Who learns here.");

static const struct field practice_fields[] = {
    COUNT(analytics_practice, "totalTokens", tokens, "Tokens that all learners earned together."),
    COUNT(analytics_practice, "questionsAnswered", questions, "Questions that they answered."),
    COUNT(analytics_practice, "correctAnswers", correct, "Of those, the correct ones."),
    FIELD_NUMBER(struct analytics_practice, "accuracy", accuracy, .flags = FIELD_REQUIRED,
                 .summary = "In percent, two decimals."),
};
static const struct schema practice_schema = SCHEMA("AnalyticsPractice", struct analytics_practice,
                                                    practice_fields, .summary = "What they have done.");

static const struct field status_fields[] = {
    FIELD_TEXT(struct analytics_status, "status", status, .flags = FIELD_REQUIRED,
               .summary = "The status, in lower case."),
    COUNT(analytics_status, "count", count, "Courses."),
};
static const struct schema status_schema =
    SCHEMA("AnalyticsStatus", struct analytics_status, status_fields, .summary = "Courses of one status.");

static const struct field courses_fields[] = {
    COUNT(analytics_courses, "total", total, "Courses."),
    FIELD_LIST(struct analytics_courses, "byStatus", by_status, .object = &status_schema,
               .flags = FIELD_REQUIRED, .maximum = ANALYTICS_ITEMS_MAX, .summary = "The same by status."),
};
static const struct schema courses_schema = SCHEMA("AnalyticsCourses", struct analytics_courses,
                                                   courses_fields, .summary = "What there is to learn.");

static const struct field source_fields[] = {
    FIELD_TEXT(struct analytics_source, "source", source, .flags = FIELD_REQUIRED,
               .summary = "admin, payment, request, public or default."),
    COUNT(analytics_source, "active", active, "Under way."),
    COUNT(analytics_source, "completed", completed, "Completed."),
    COUNT(analytics_source, "cancelled", cancelled, "Cancelled."),
};
static const struct schema source_schema = SCHEMA("AnalyticsSource", struct analytics_source, source_fields,
                                                  .summary = "Enrollments that came about in one way.");

static const struct field day_fields[] = {
    FIELD_DAY(struct analytics_day, "day", day, .flags = FIELD_REQUIRED, .summary = "In UTC."),
    COUNT(analytics_day, "count", count, "Enrolled on that day, cancelled since or not."),
};
static const struct schema day_schema =
    SCHEMA("AnalyticsDay", struct analytics_day, day_fields, .summary = "Enrollments of one day.");

static const struct field enrollments_fields[] = {
    COUNT(analytics_enrollments, "total", total, "Enrollments that stand: active and completed."),
    COUNT(analytics_enrollments, "active", active, "Under way."),
    COUNT(analytics_enrollments, "completed", completed, "Completed."),
    COUNT(analytics_enrollments, "cancelled", cancelled, "Cancelled."),
    FIELD_NUMBER(struct analytics_enrollments, "averageProgress", average_progress, .flags = FIELD_REQUIRED,
                 .summary = "Mean percent over those that stand, two decimals; 0 where there are none."),
    FIELD_LIST(struct analytics_enrollments, "bySource", by_source, .object = &source_schema,
               .flags = FIELD_REQUIRED, .maximum = ANALYTICS_ITEMS_MAX,
               .summary = "The same by how they came about."),
    FIELD_LIST(struct analytics_enrollments, "perDay", per_day, .object = &day_schema,
               .flags = FIELD_REQUIRED, .maximum = ANALYTICS_DAYS,
               .summary = "Of each of the last 30 days, oldest first."),
};
static const struct schema enrollments_schema =
    SCHEMA("AnalyticsEnrollments", struct analytics_enrollments, enrollments_fields,
           .summary = "Who is enrolled in what.");

static const struct field requests_fields[] = {
    COUNT(analytics_requests, "pending", pending, "Requests that wait to be decided."),
    COUNT(analytics_requests, "approved", approved, "Requests that were approved."),
    COUNT(analytics_requests, "rejected", rejected, "Requests that were rejected."),
    FIELD_TIME(struct analytics_requests, "oldestPendingAt", oldest_pending_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct analytics_requests, oldest_pending_given),
               .summary = "Since when the oldest of them waits; null where none does."),
};
static const struct schema requests_schema = SCHEMA("AnalyticsRequests", struct analytics_requests,
                                                    requests_fields, .summary = "Who asks for access.");

static const struct field payment_fields[] = {
    FIELD_TEXT(struct analytics_payment, "status", status, .flags = FIELD_REQUIRED,
               .summary = "pending, paid, failed or refunded."),
    FIELD_TEXT(struct analytics_payment, "currency", currency, .flags = FIELD_REQUIRED,
               .summary = "In lower case; empty where it is not known yet."),
    COUNT(analytics_payment, "count", count, "Payments."),
    COUNT(analytics_payment, "amountCents", amount_cents, "What was paid."),
    COUNT(analytics_payment, "refundedCents", refunded_cents, "What of it was paid back."),
    COUNT(analytics_payment, "mismatched", mismatched, "Payments that are not their course's price."),
};
static const struct schema payment_schema =
    SCHEMA("AnalyticsPayment", struct analytics_payment, payment_fields,
           .summary = "Payments of one status in one currency.");

static const struct field figures_fields[] = {
    FIELD_OBJECT(struct analytics_figures, "students", students, .object = &students_schema,
                 .flags = FIELD_REQUIRED, .summary = "Who learns here."),
    FIELD_OBJECT(struct analytics_figures, "practice", practice, .object = &practice_schema,
                 .flags = FIELD_REQUIRED, .summary = "What they have done."),
    FIELD_OBJECT(struct analytics_figures, "courses", courses, .object = &courses_schema,
                 .flags = FIELD_REQUIRED, .summary = "What there is to learn."),
    FIELD_OBJECT(struct analytics_figures, "enrollments", enrollments, .object = &enrollments_schema,
                 .flags = FIELD_REQUIRED, .summary = "Who is enrolled in what."),
    FIELD_OBJECT(struct analytics_figures, "requests", requests, .object = &requests_schema,
                 .flags = FIELD_REQUIRED, .summary = "Who asks for access."),
    FIELD_LIST(struct analytics_figures, "payments", payments, .object = &payment_schema,
               .flags = FIELD_REQUIRED, .maximum = ANALYTICS_ITEMS_MAX,
               .summary = "Payments by status and currency."),
};
const struct schema analytics_figures_schema =
    SCHEMA("AnalyticsFigures", struct analytics_figures, figures_fields,
           .summary = "The platform's figures, counted in one moment.");

#define COURSE_COUNTS \
  FIELD_UINT(struct analytics_course, "place", place, .flags = FIELD_REQUIRED, \
             .summary = "From 1: most students first."), \
      FIELD_UINT(struct analytics_course, "courseId", course_id, .flags = FIELD_REQUIRED, \
                 .summary = "The course."), \
      COUNT(analytics_course, "active", active, "Enrollments under way."), \
      COUNT(analytics_course, "completed", completed, "Completed ones."), \
      COUNT(analytics_course, "cancelled", cancelled, "Cancelled ones."), \
      FIELD_NUMBER(struct analytics_course, "averageProgress", average_progress, .flags = FIELD_REQUIRED, \
                   .summary = "Mean percent over those that stand, two decimals."), \
      COUNT(analytics_course, "pendingRequests", pending, "Requests that wait to be decided.")

static const struct field course_counts_fields[] = {COURSE_COUNTS};
const struct schema analytics_course_counts_schema =
    SCHEMA("AnalyticsCourseCounts", struct analytics_course, course_counts_fields,
           .summary = "A course's own figures, without what is read of the course itself.");

static const struct field course_fields[] = {
    COURSE_COUNTS,
    FIELD_TEXT(struct analytics_course, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_TEXT(struct analytics_course, "status", status, .flags = FIELD_REQUIRED,
               .summary = "Its status, in lower case."),
};
const struct schema analytics_course_schema = SCHEMA(
    "AnalyticsCourse", struct analytics_course, course_fields, .summary = "A course with its own figures.");
