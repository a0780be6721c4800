/* The outside face of courses and chapters for administrators. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "enroll/manage.h"

#include "base/banned.h"

static bool check_status(const void *value, struct error *error) {
  static const char *const statuses[] = {"draft", "published", "active", "archived"};
  const char *status = *(const char *const *)value;
  if (status == NULL) return true;
  for (size_t at = 0; at < ARRAY_LENGTH(statuses); at++)
    if (strcasecmp(status, statuses[at]) == 0) return true;
  return error_set(error, ERROR_UNPROCESSABLE, "must be draft, published, active or archived");
}

static bool check_currency(const void *value, struct error *error) {
  const char *code = *(const char *const *)value;
  if (code == NULL) return true;
  bool is_code = strlen(code) == 3;
  for (size_t at = 0; is_code && at < 3; at++)
    is_code = isalpha((unsigned char)code[at]) != 0;
  return is_code || error_set(error, ERROR_UNPROCESSABLE, "must be three letters, as ISO 4217 has them");
}

#define TITLE_FIELD(title_flags) \
  FIELD_TEXT(struct manage_patch, "title", title, .flags = (title_flags), .minimum = 1, \
             .maximum = MANAGE_TITLE_CHARACTERS, .summary = "The course's title.")
#define PATCH_FIELDS \
  FIELD_TEXT(struct manage_patch, "description", description, .flags = FIELD_NULLABLE, \
             .presence = PRESENCE(struct manage_patch, description_given), \
             .maximum = MANAGE_DESCRIPTION_CHARACTERS, .summary = "What it is about."), \
      FIELD_TEXT(struct manage_patch, "status", status, .maximum = 32, .check = check_status, \
                 .summary = \
                     "draft, published, active or archived, in any letter case; students see the second " \
                     "and third."), \
      FIELD_BOOL(struct manage_patch, "isDefaultUnlocked", is_default_unlocked, \
                 .presence = PRESENCE(struct manage_patch, is_default_unlocked_given), \
                 .summary = "Granted to every student."), \
      FIELD_BOOL(struct manage_patch, "isPublic", is_public, \
                 .presence = PRESENCE(struct manage_patch, is_public_given), \
                 .summary = "Students may enrol by themselves, where it has no price."), \
      FIELD_UINT(struct manage_patch, "priceCents", price_cents, .maximum = 1000000000, \
                 .presence = PRESENCE(struct manage_patch, price_cents_given), \
                 .summary = "Its price in hundredths; 0: free."), \
      FIELD_TEXT(struct manage_patch, "currency", currency, .maximum = 3, .check = check_currency, \
                 .summary = "The price's currency, as ISO 4217 calls it; usd where none is given.")

static const struct field create_fields[] = {TITLE_FIELD(FIELD_REQUIRED), PATCH_FIELDS};
const struct schema manage_create_schema = SCHEMA("CourseCreate", struct manage_patch, create_fields,
                                                  .summary = "A new course; a draft by default.");
static const struct field patch_fields[] = {TITLE_FIELD(0), PATCH_FIELDS};
const struct schema manage_patch_schema = SCHEMA("CoursePatch", struct manage_patch, patch_fields,
                                                 .summary = "What is to change; what is not sent stays.");

static const struct field course_fields[] = {
    FIELD_UINT(struct manage_course, "id", id, .flags = FIELD_REQUIRED, .summary = "The course."),
    FIELD_TEXT(struct manage_course, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_TEXT(struct manage_course, "description", description, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What it is about."),
    FIELD_TEXT(struct manage_course, "status", status, .flags = FIELD_REQUIRED,
               .summary = "In lower case, whatever the row holds."),
    FIELD_BOOL(struct manage_course, "isDefaultUnlocked", is_default_unlocked, .flags = FIELD_REQUIRED,
               .summary = "Granted to every student."),
    FIELD_BOOL(struct manage_course, "isPublic", is_public, .flags = FIELD_REQUIRED,
               .summary = "Students may enrol by themselves, where it has no price."),
    FIELD_UINT(struct manage_course, "priceCents", price_cents, .flags = FIELD_REQUIRED,
               .summary = "Its price in hundredths; 0: free."),
    FIELD_TEXT(struct manage_course, "currency", currency, .flags = FIELD_REQUIRED,
               .summary = "The price's currency."),
    FIELD_TIME(struct manage_course, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it came to be."),
    FIELD_INT(struct manage_course, "enrolledStudents", enrolled_students, .flags = FIELD_REQUIRED,
              .summary = "How many are enrolled, cancelled ones not counted."),
    FIELD_INT(struct manage_course, "chapters", chapter_count, .flags = FIELD_REQUIRED,
              .summary = "How many chapters it has."),
};
const struct schema manage_course_schema =
    SCHEMA("Course", struct manage_course, course_fields, .summary = "A course.");

static const struct field query_fields[] = {
    FIELD_UINT(struct manage_query, "limit", limit, .minimum = 1, .maximum = MANAGE_PAGE_MAX,
               .default_text = "50", .summary = "Courses a page."),
    FIELD_UINT(struct manage_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this course: the nextAfter of the page before."),
};
const struct schema manage_query_schema =
    SCHEMA("ManageCoursesQuery", struct manage_query, query_fields, .summary = "Which page of the courses.");
static const struct field page_fields[] = {
    FIELD_LIST(struct manage_page, "courses", courses, .object = &manage_course_schema,
               .flags = FIELD_REQUIRED, .maximum = MANAGE_PAGE_MAX, .summary = "A page of courses, by id."),
    FIELD_UINT(struct manage_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct manage_page, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema manage_page_schema =
    SCHEMA("Courses", struct manage_page, page_fields, .summary = "A page of courses.");

static const struct field chapter_fields[] = {
    FIELD_UINT(struct manage_chapter, "id", id, .flags = FIELD_REQUIRED, .summary = "The chapter."),
    FIELD_UINT(struct manage_chapter, "courseId", course_id, .flags = FIELD_REQUIRED,
               .summary = "Its course."),
    FIELD_TEXT(struct manage_chapter, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_UINT(struct manage_chapter, "position", position, .flags = FIELD_REQUIRED,
               .summary = "Its place in the course."),
};
const struct schema manage_chapter_schema =
    SCHEMA("Chapter", struct manage_chapter, chapter_fields, .summary = "A chapter.");

#define POSITION_FIELD \
  FIELD_UINT(struct manage_chapter_patch, "position", position, .maximum = INT32_MAX, \
             .presence = PRESENCE(struct manage_chapter_patch, position_given), \
             .summary = "Its place in the course; a new one comes last where none is given.")
#define CHAPTER_TITLE(title_flags) \
  FIELD_TEXT(struct manage_chapter_patch, "title", title, .flags = (title_flags), .minimum = 1, \
             .maximum = MANAGE_TITLE_CHARACTERS, .summary = "Its title.")
static const struct field chapter_create_fields[] = {
    FIELD_UINT(struct manage_chapter_patch, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "Its course."),
    CHAPTER_TITLE(FIELD_REQUIRED),
    POSITION_FIELD,
};
const struct schema manage_chapter_create_schema =
    SCHEMA("ChapterCreate", struct manage_chapter_patch, chapter_create_fields, .summary = "A new chapter.");
static const struct field chapter_patch_fields[] = {CHAPTER_TITLE(0), POSITION_FIELD};
const struct schema manage_chapter_patch_schema =
    SCHEMA("ChapterPatch", struct manage_chapter_patch, chapter_patch_fields,
           .summary = "What is to change; what is not sent stays.");

static const struct field chapters_query_fields[] = {
    FIELD_UINT(struct manage_chapters_query, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The course."),
};
const struct schema manage_chapters_query_schema = SCHEMA(
    "ChaptersQuery", struct manage_chapters_query, chapters_query_fields, .summary = "Whose chapters.");
static const struct field chapters_fields[] = {
    FIELD_LIST(struct manage_chapters, "chapters", chapters, .object = &manage_chapter_schema,
               .flags = FIELD_REQUIRED, .maximum = MANAGE_CHAPTERS_MAX, .summary = "In their order."),
};
const struct schema manage_chapters_schema =
    SCHEMA("Chapters", struct manage_chapters, chapters_fields, .summary = "The chapters of a course.");
