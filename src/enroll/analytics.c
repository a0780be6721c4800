#include "enroll/analytics.h"

#include <math.h>
#include <string.h>

#include "ledger/ledger.h"
#include "queries/analytics.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)
#define FIGURES_BYTES_MAX ((size_t)1024 * 1024)

static double percent_of(double part, double whole) {
  return whole > 0 ? round(part / whole * 10000) / 100 : 0;
}

/* --- Counting: one snapshot, no locks --------------------------------------------------------------- */

struct count {
  struct db *db;
  struct arena *arena;
  int64_t now_ms;
  int32_t today; /* in UTC */
  struct analytics_figures figures;
  struct field_list courses; /* struct analytics_course, without title and status */
};

static bool count_learners(struct count *count, struct error *error) {
  struct analytics_learners_params params = {.month_ago = count->now_ms - ANALYTICS_DAYS * DAY_MS};
  struct analytics_active_params active_params = {.today = count->today};
  struct analytics_learners_row all = {.students = 0};
  struct analytics_active_row active = {.active_today = 0};
  bool found;
  if (!analytics_learners(count->db, &params, count->arena, error, &all, &found) ||
      !analytics_active(count->db, &active_params, count->arena, error, &active, &found))
    return false;
  count->figures.students = (struct analytics_students){.total = all.students,
                                                        .new_students = all.new_students,
                                                        .anonymous = all.anonymous,
                                                        .active_today = active.active_today,
                                                        .active_week = active.active_week,
                                                        .active_month = active.active_month};
  count->figures.practice =
      (struct analytics_practice){.tokens = all.tokens,
                                  .questions = all.questions,
                                  .correct = all.correct,
                                  .accuracy = percent_of((double)all.correct, (double)all.questions)};
  return true;
}

static bool count_statuses(struct count *count, struct error *error) {
  struct analytics_courses *courses = &count->figures.courses;
  struct analytics_course_statuses_row *rows;
  size_t row_count;
  if (!analytics_course_statuses(count->db, count->arena, ANALYTICS_ITEMS_MAX, error, &rows, &row_count))
    return false;
  struct analytics_status *items = arena_alloc_array(count->arena, row_count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++) {
    items[at] = (struct analytics_status){.status = rows[at].status, .count = rows[at].courses};
    courses->total += rows[at].courses;
  }
  courses->by_status = (struct field_list){.items = items, .count = row_count};
  return true;
}

static bool count_sources(struct count *count, struct error *error) {
  struct analytics_enrollments *all = &count->figures.enrollments;
  struct analytics_sources_row *rows;
  size_t row_count;
  double progress_sum = 0;
  if (!analytics_sources(count->db, count->arena, ANALYTICS_ITEMS_MAX, error, &rows, &row_count))
    return false;
  struct analytics_source *items = arena_alloc_array(count->arena, row_count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++) {
    items[at] = (struct analytics_source){.source = rows[at].source,
                                          .active = rows[at].active,
                                          .completed = rows[at].completed,
                                          .cancelled = rows[at].cancelled};
    all->active += rows[at].active;
    all->completed += rows[at].completed;
    all->cancelled += rows[at].cancelled;
    progress_sum += rows[at].progress_sum;
  }
  all->total = all->active + all->completed;
  all->average_progress = all->total > 0 ? round(progress_sum * 100 / (double)all->total) / 100 : 0;
  all->by_source = (struct field_list){.items = items, .count = row_count};
  return true;
}

/* Days without any enrollment are in the list, too. */
static bool count_days(struct count *count, struct error *error) {
  int32_t first = count->today - (ANALYTICS_DAYS - 1);
  struct analytics_days_params params = {.since = first * DAY_MS};
  struct analytics_day *items = arena_alloc_array(count->arena, ANALYTICS_DAYS, sizeof *items);
  struct analytics_days_row *rows;
  size_t row_count;
  if (items == NULL) return error_set_memory(error);
  if (!analytics_days(count->db, &params, count->arena, ANALYTICS_ITEMS_MAX, error, &rows, &row_count))
    return false;
  for (int32_t at = 0; at < ANALYTICS_DAYS; at++)
    items[at] = (struct analytics_day){.day = first + at};
  for (size_t at = 0; at < row_count; at++)
    if (rows[at].day <= count->today) items[rows[at].day - first].count = rows[at].enrolled;
  count->figures.enrollments.per_day = (struct field_list){.items = items, .count = ANALYTICS_DAYS};
  return true;
}

static bool count_requests(struct count *count, struct error *error) {
  struct analytics_requests_row row = {.pending = 0, .oldest_pending_is_null = true};
  bool found;
  if (!analytics_requests(count->db, count->arena, error, &row, &found)) return false;
  count->figures.requests = (struct analytics_requests){
      .pending = row.pending,
      .approved = row.approved,
      .rejected = row.rejected,
      .oldest_pending_ms = row.oldest_pending,
      .oldest_pending_given = row.oldest_pending_is_null ? PRESENCE_NULL : PRESENCE_GIVEN};
  return true;
}

static bool count_payments(struct count *count, struct error *error) {
  struct analytics_payments_row *rows;
  size_t row_count;
  if (!analytics_payments(count->db, count->arena, ANALYTICS_ITEMS_MAX, error, &rows, &row_count))
    return false;
  struct analytics_payment *items = arena_alloc_array(count->arena, row_count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++)
    items[at] = (struct analytics_payment){.status = rows[at].status,
                                           .currency = rows[at].currency,
                                           .count = rows[at].payments,
                                           .amount_cents = rows[at].amount,
                                           .refunded_cents = rows[at].refunded,
                                           .mismatched = rows[at].mismatched};
  count->figures.payments = (struct field_list){.items = items, .count = row_count};
  return true;
}

static bool count_courses(struct count *count, struct error *error) {
  struct analytics_courses_params params = {.limit_rows = ANALYTICS_COURSES_MAX};
  struct analytics_courses_row *rows;
  size_t row_count;
  if (!analytics_courses(count->db, &params, count->arena, ANALYTICS_COURSES_MAX, error, &rows, &row_count))
    return false;
  struct analytics_course *items = arena_alloc_array(count->arena, row_count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++)
    items[at] = (struct analytics_course){.place = at + 1,
                                          .course_id = rows[at].course_id,
                                          .active = rows[at].active,
                                          .completed = rows[at].completed,
                                          .cancelled = rows[at].cancelled,
                                          .average_progress = rows[at].average_progress,
                                          .pending = rows[at].pending};
  count->courses = (struct field_list){.items = items, .count = row_count};
  return true;
}

static bool count_all(struct count *count, struct error *error) {
  bool done = db_begin_snapshot(count->db, error) && count_learners(count, error) &&
              count_statuses(count, error) && count_sources(count, error) && count_days(count, error) &&
              count_requests(count, error) && count_payments(count, error) && count_courses(count, error);
  db_rollback(count->db);
  return done;
}

/* --- Keeping: one short transaction ----------------------------------------------------------------- */

/* Whether anything is different from the count before. */
static bool digest_of(const struct count *count, struct error *error, struct db_hash *ret_digest) {
  static const struct field fields[] = {
      FIELD_OBJECT(struct count, "figures", figures, .object = &analytics_figures_schema),
      FIELD_LIST(struct count, "courses", courses, .object = &analytics_course_counts_schema,
                 .maximum = ANALYTICS_COURSES_MAX),
  };
  static const struct schema schema = SCHEMA("AnalyticsCount", struct count, fields, .summary = "A count.");
  return ledger_hash("analytics", &schema, count, error, ret_digest);
}

static bool keep_courses(const struct count *count, struct error *error) {
  const struct analytics_course *courses = count->courses.items;
  struct analytics_fill_params *rows = arena_alloc_array(count->arena, count->courses.count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count->courses.count; at++)
    rows[at] = (struct analytics_fill_params){.place = courses[at].place,
                                              .course_id = courses[at].course_id,
                                              .active = (uint64_t)courses[at].active,
                                              .completed = (uint64_t)courses[at].completed,
                                              .cancelled = (uint64_t)courses[at].cancelled,
                                              .average_progress = courses[at].average_progress,
                                              .pending = (uint64_t)courses[at].pending};
  return analytics_clear(count->db, error, &outcome) &&
         analytics_fill(count->db, rows, count->courses.count, error, &outcome);
}

static bool keep_figures(const struct count *count, const struct db_hash *digest, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(FIGURES_BYTES_MAX);
  struct db_outcome outcome;
  schema_encode_json(&analytics_figures_schema, &count->figures, &text);
  if (text.failed) return error_set_memory(error);
  struct analytics_publish_params params = {
      .now = count->now_ms, .digest = *digest, .figures = buffer_text(&text)};
  return analytics_publish(count->db, &params, error, &outcome);
}

static bool keep(const struct count *count, const struct repair_guard *guard, struct error *error) {
  struct analytics_confirm_params confirm = {.now = count->now_ms};
  struct analytics_lock_row before;
  struct db_hash digest;
  struct db_outcome outcome;
  bool found;
  if (!digest_of(count, error, &digest) ||
      !job_step_hold(guard, count->db, 0, (uint64_t)count->figures.enrollments.total, error) ||
      !analytics_lock(count->db, count->arena, error, &before, &found))
    return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "The row of analytics is gone.");
  /* Of two counts at once the one that began later stays. */
  if (!before.as_of_is_null && before.as_of > count->now_ms) return db_commit(count->db, error);
  bool is_same =
      !before.digest_is_null && memcmp(before.digest.bytes, digest.bytes, sizeof digest.bytes) == 0;
  bool kept = is_same ? analytics_confirm(count->db, &confirm, error, &outcome)
                      : keep_courses(count, error) && keep_figures(count, &digest, error);
  return kept && db_commit(count->db, error);
}

bool analytics_refresh(struct db *db, int64_t now_ms, const struct repair_guard *guard, struct arena *arena,
                       struct error *error) {
  struct count count = {.db = db, .arena = arena, .now_ms = now_ms, .today = (int32_t)(now_ms / DAY_MS)};
  if (!count_all(&count, error)) return false;
  if (keep(&count, guard, error)) return true;
  db_rollback(db);
  return false;
}

/* --- Reading ---------------------------------------------------------------------------------------- */

bool analytics_read(struct db *db, struct arena *arena, struct error *error,
                    struct analytics_state *ret_state) {
  struct analytics_look_row row;
  bool found;
  if (!analytics_look(db, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "The row of analytics is gone.");
  struct analytics_state state = {.shared_version = row.shared_version, .shared_epoch = row.shared_epoch};
  struct analytics_figures nothing = {.requests = {.oldest_pending_given = PRESENCE_NULL}};
  if (!row.as_of_is_null && row.figures != NULL) {
    struct error odd = ERROR_INIT; /* figures of another release: as if nothing had been counted yet */
    if (schema_decode_json(&analytics_figures_schema, row.figures, strlen(row.figures), UNKNOWN_IGNORED,
                           arena, &state.figures, &odd)) {
      state.version = row.version;
      state.as_of_ms = row.as_of;
    }
  }
  if (state.version == 0) state.figures = nothing;
  *ret_state = state;
  return true;
}

bool analytics_read_courses(struct db *db, uint64_t after_place, size_t limit, struct arena *arena,
                            struct error *error, struct analytics_course **ret_courses, size_t *ret_count) {
  struct analytics_page_params params = {.after_place = after_place, .limit_rows = limit};
  struct analytics_page_row *rows;
  size_t count;
  if (!analytics_page(db, &params, arena, limit, error, &rows, &count)) return false;
  struct analytics_course *courses = arena_alloc_array(arena, count, sizeof *courses);
  if (courses == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    courses[at] = (struct analytics_course){.place = rows[at].place,
                                            .course_id = rows[at].course_id,
                                            .title = rows[at].title,
                                            .status = rows[at].status,
                                            .active = (int64_t)rows[at].active,
                                            .completed = (int64_t)rows[at].completed,
                                            .cancelled = (int64_t)rows[at].cancelled,
                                            .average_progress = rows[at].average_progress,
                                            .pending = (int64_t)rows[at].pending};
  *ret_courses = courses;
  *ret_count = count;
  return true;
}
