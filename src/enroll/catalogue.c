#include "enroll/catalogue.h"

#include <string.h>

#include "learner/streak.h"
#include "queries/course.h"
#include "queries/learner.h"

#include "base/banned.h"

static size_t limit_of(const struct catalogue_query *query) {
  return query->limit_given == PRESENCE_GIVEN ? (size_t)query->limit : CATALOGUE_COURSES_MAX;
}

/* One row more than wanted was asked for: it tells that there is a next page. */
static size_t cut(size_t count, size_t limit, enum presence *ret_more) {
  *ret_more = count > limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  return count > limit ? limit : count;
}

static bool is_enrolled(const char *status) { return status != NULL && strcmp(status, "cancelled") != 0; }

static enum presence given(bool is_null) { return is_null ? PRESENCE_NULL : PRESENCE_GIVEN; }

static struct catalogue_course course_of(const struct course_for_student_row *row) {
  bool enrolled = is_enrolled(row->enrollment_status);
  return (struct catalogue_course){.id = row->course_id,
                                   .title = row->title,
                                   .description = row->description,
                                   .status = row->status,
                                   .is_default_unlocked = row->is_default_unlocked,
                                   .is_public = row->is_public,
                                   .price_cents = row->price_cents,
                                   .currency = row->currency,
                                   .is_enrolled = enrolled,
                                   .has_pending_request = !enrolled && !row->request_id_is_null,
                                   .has_approved_request = row->has_approved,
                                   .progress = enrolled ? row->progress : 0};
}

bool catalogue_read_courses(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                            struct arena *arena, struct error *error, struct catalogue_page *ret_page) {
  size_t limit = limit_of(query);
  struct course_for_student_params params = {
      .user_id = user_id, .after_id = query->after, .limit_rows = limit + 1};
  struct course_for_student_row *rows;
  struct catalogue_page page = {.next_after_given = PRESENCE_NULL};
  size_t count;
  if (!course_for_student(db, &params, arena, limit + 1, error, &rows, &count)) return false;
  count = cut(count, limit, &page.next_after_given);
  struct catalogue_course *courses = arena_alloc_array(arena, count, sizeof *courses);
  if (courses == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    courses[at] = course_of(&rows[at]);
  if (count > 0) page.next_after = courses[count - 1].id;
  page.courses = (struct field_list){.items = courses, .count = count};
  *ret_page = page;
  return true;
}

static struct catalogue_enrolled enrolled_of(const struct course_enrolled_row *row) {
  return (struct catalogue_enrolled){.id = row->course_id,
                                     .title = row->title,
                                     .description = row->description,
                                     .status = row->status,
                                     .enrollment_status = row->enrollment_status,
                                     .source = row->source,
                                     .progress = row->progress,
                                     .completed_chapters = row->completed_chapters,
                                     .total_chapters = row->chapters,
                                     .enrolled_at_ms = row->enrolled_at,
                                     .completed_at_ms = row->completed_at,
                                     .completed_at_given = given(row->completed_at_is_null),
                                     .last_accessed_at_ms = row->last_accessed_at,
                                     .last_accessed_at_given = given(row->last_accessed_at_is_null)};
}

bool catalogue_read_enrolled(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                             struct arena *arena, struct error *error, struct catalogue_page *ret_page) {
  size_t limit = limit_of(query);
  struct course_enrolled_params params = {
      .user_id = user_id, .after_id = query->after, .limit_rows = limit + 1};
  struct course_enrolled_row *rows;
  struct catalogue_page page = {.next_after_given = PRESENCE_NULL};
  size_t count;
  if (!course_enrolled(db, &params, arena, limit + 1, error, &rows, &count)) return false;
  count = cut(count, limit, &page.next_after_given);
  struct catalogue_enrolled *courses = arena_alloc_array(arena, count, sizeof *courses);
  if (courses == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    courses[at] = enrolled_of(&rows[at]);
  if (count > 0) page.next_after = courses[count - 1].id;
  page.courses = (struct field_list){.items = courses, .count = count};
  *ret_page = page;
  return true;
}

/* Both lists are in order of the course's id. */
static void hand_out_chapters(struct catalogue_enrolled *courses, size_t course_count,
                              const struct course_chapters_of_row *rows, size_t row_count,
                              struct catalogue_chapter *chapters) {
  for (size_t at = 0; at < row_count; at++)
    chapters[at] = (struct catalogue_chapter){.id = rows[at].chapter_id,
                                              .title = rows[at].title,
                                              .position = rows[at].position,
                                              .is_complete = !rows[at].completed_at_is_null,
                                              .completed_at_ms = rows[at].completed_at,
                                              .completed_at_given = given(rows[at].completed_at_is_null)};
  for (size_t course = 0, at = 0; course < course_count; course++) {
    while (at < row_count && rows[at].course_id < courses[course].id)
      at++;
    size_t first = at;
    while (at < row_count && rows[at].course_id == courses[course].id)
      at++;
    courses[course].chapters = (struct field_list){.items = &chapters[first], .count = at - first};
  }
}

bool catalogue_read_details(struct db *db, const struct catalogue_query *query, uint64_t user_id,
                            struct arena *arena, struct error *error, struct catalogue_page *ret_page) {
  struct catalogue_page page;
  struct course_chapters_of_row *rows = NULL;
  size_t row_count = 0;
  if (!catalogue_read_enrolled(db, query, user_id, arena, error, &page)) return false;
  struct catalogue_enrolled *courses = page.courses.items;
  if (page.courses.count > 0) {
    struct course_chapters_of_params params = {
        .user_id = user_id, .from_id = courses[0].id, .to_id = courses[page.courses.count - 1].id};
    if (!course_chapters_of(db, &params, arena, CATALOGUE_CHAPTERS_MAX, error, &rows, &row_count))
      return false;
  }
  struct catalogue_chapter *chapters = arena_alloc_array(arena, row_count + 1, sizeof *chapters);
  if (chapters == NULL) return error_set_memory(error);
  hand_out_chapters(courses, page.courses.count, rows, row_count, chapters);
  *ret_page = page;
  return true;
}

bool catalogue_read_stats(struct db *db, uint64_t user_id, int32_t today, struct arena *arena,
                          struct error *error, struct catalogue_stats *ret_stats) {
  struct course_stats_params params = {.user_id = user_id};
  struct learner_totals_params totals_params = {.user_id = user_id};
  struct course_stats_row row = {.enrolled = 0};
  struct learner_totals_row totals;
  bool found;
  if (!course_stats(db, &params, arena, error, &row, &found)) return false;
  if (!learner_totals(db, &totals_params, arena, error, &totals, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  struct streak streak = {.practised = !totals.last_practice_date_is_null};
  if (streak.practised) {
    streak.current = totals.current_streak;
    streak.longest = totals.longest_streak;
    streak.last_day = totals.last_practice_date;
  }
  *ret_stats = (struct catalogue_stats){.enrolled_courses = row.enrolled,
                                        .completed_courses = row.completed,
                                        .in_progress_courses = row.in_progress,
                                        .average_progress = row.average_progress,
                                        .pending_requests = row.pending,
                                        .total_tokens = totals.tokens,
                                        .current_streak = streak_current_on(&streak, today)};
  return true;
}

bool catalogue_read_requests(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                             struct catalogue_requests *ret_requests) {
  struct course_requests_of_params params = {.user_id = user_id};
  struct course_requests_of_row *rows;
  size_t count;
  if (!course_requests_of(db, &params, arena, CATALOGUE_REQUESTS_MAX, error, &rows, &count)) return false;
  struct catalogue_request *requests = arena_alloc_array(arena, count, sizeof *requests);
  if (requests == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    requests[at] = (struct catalogue_request){.id = rows[at].request_id,
                                              .course_id = rows[at].course_id,
                                              .title = rows[at].title,
                                              .status = rows[at].status,
                                              .reason = rows[at].reason,
                                              .requested_at_ms = rows[at].requested_at,
                                              .decided_at_ms = rows[at].decided_at,
                                              .decided_at_given = given(rows[at].decided_at_is_null),
                                              .note = rows[at].note};
  ret_requests->requests = (struct field_list){.items = requests, .count = count};
  return true;
}
