#include "enroll/manage.h"

#include <inttypes.h>
#include <string.h>

#include "enroll/operation.h"
#include "job/job_step.h"
#include "queries/course.h"

#include "base/banned.h"

#define CHAPTER_STEP 1 /* between the positions of chapters that come last */

static bool no_course(struct error *error) {
  return error_set(error, ERROR_NOT_FOUND, "There is no such course.");
}

bool manage_read_page(struct db *db, const struct manage_query *query, struct arena *arena,
                      struct error *error, struct manage_page *ret_page) {
  struct course_list_params params = {.after_id = query->after, .limit_rows = query->limit + 1};
  struct manage_page page = {.next_after_given = PRESENCE_NULL};
  struct course_list_row *rows;
  size_t count;
  if (!course_list(db, &params, arena, (size_t)query->limit + 1, error, &rows, &count)) return false;
  if (count > query->limit) {
    count = (size_t)query->limit;
    page.next_after = rows[count - 1].course_id;
    page.next_after_given = PRESENCE_GIVEN;
  }
  struct manage_course *courses = arena_alloc_array(arena, count, sizeof *courses);
  if (courses == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    courses[at] = (struct manage_course){.id = rows[at].course_id,
                                         .title = rows[at].title,
                                         .description = rows[at].description,
                                         .status = rows[at].status,
                                         .is_default_unlocked = rows[at].is_default_unlocked,
                                         .is_public = rows[at].is_public,
                                         .price_cents = rows[at].price_cents,
                                         .currency = rows[at].currency,
                                         .created_at_ms = rows[at].created_at,
                                         .enrolled_students = rows[at].enrolled,
                                         .chapter_count = rows[at].chapters};
  page.courses = (struct field_list){.items = courses, .count = count};
  *ret_page = page;
  return true;
}

bool manage_read(struct db *db, uint64_t course_id, struct arena *arena, struct error *error,
                 struct manage_course *ret_course) {
  struct manage_query query = {.limit = 1, .after = course_id - 1};
  struct manage_page page;
  if (!manage_read_page(db, &query, arena, error, &page)) return false;
  const struct manage_course *course = page.courses.items;
  if (page.courses.count == 0 || course->id != course_id) return no_course(error);
  *ret_course = *course;
  return true;
}

bool manage_read_chapters(struct db *db, uint64_t course_id, struct arena *arena, struct error *error,
                          struct manage_chapters *ret_chapters) {
  struct course_chapters_params params = {.course_id = course_id};
  struct course_chapters_row *rows;
  struct manage_course course;
  size_t count;
  if (!course_chapters(db, &params, arena, MANAGE_CHAPTERS_MAX, error, &rows, &count)) return false;
  if (count == 0 && !manage_read(db, course_id, arena, error, &course)) return false;
  struct manage_chapter *chapters = arena_alloc_array(arena, count, sizeof *chapters);
  if (chapters == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    chapters[at] = (struct manage_chapter){.id = rows[at].chapter_id,
                                           .course_id = course_id,
                                           .title = rows[at].title,
                                           .position = rows[at].position};
  ret_chapters->chapters = (struct field_list){.items = chapters, .count = count};
  return true;
}

static bool no_chapter(struct error *error) {
  return error_set(error, ERROR_NOT_FOUND, "There is no such chapter.");
}

bool manage_find_chapter(struct db *db, uint64_t chapter_id, struct arena *arena, struct error *error) {
  struct course_chapter_is_there_params params = {.chapter_id = chapter_id};
  struct course_chapter_is_there_row row;
  bool found;
  return course_chapter_is_there(db, &params, arena, error, &row, &found) && (found || no_chapter(error));
}

/* --- Courses --------------------------------------------------------------------------------------- */

struct course_change {
  uint64_t course_id;
  const struct manage_patch *patch;
  struct arena *arena;
};

/* Who made what, in the administrator's own history. */
static bool report_made(struct ledger_tx *tx, struct ledger_entry *entry, const char *what, uint64_t id,
                        struct error *error) {
  struct ledger_change change = {.what = what, .key = arena_printf(ledger_arena(tx), "%" PRIu64, id)};
  if (change.key == NULL) return error_set_memory(error);
  return ledger_report(tx, entry, &change, error);
}

static bool create_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct manage_create_input *input = entry->input;
  const struct manage_patch *course = input->course;
  struct db *db = ledger_db(tx);
  struct db_outcome outcome;
  struct db_outcome published;
  struct course_insert_params params = {.title = course->title,
                                        .description = course->description,
                                        .status = course->status != NULL ? course->status : "draft",
                                        .is_default_unlocked = course->is_default_unlocked,
                                        .is_public = course->is_public,
                                        .price_cents = course->price_cents,
                                        .currency = course->currency != NULL ? course->currency : "usd"};
  return course_insert(db, &params, error, &outcome) && course_publish(db, error, &published) &&
         report_made(tx, entry, "courseCreated", outcome.insert_id, error) &&
         manage_read(db, outcome.insert_id, ledger_arena(tx), error, entry->reply);
}

static bool create_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, create_one, error);
}

const struct ledger_kind manage_create_kind = {.name = "course-created", .work = create_work};

static bool change_step(struct db *db, void *context, struct error *error) {
  struct course_change *change = context;
  const struct manage_patch *patch = change->patch;
  struct course_lock_params key = {.course_id = change->course_id};
  struct course_lock_row row;
  struct db_outcome outcome;
  bool found;
  if (!course_lock(db, &key, change->arena, error, &row, &found)) return false;
  if (!found) return no_course(error);
  struct course_update_params params = {
      .course_id = change->course_id,
      .title = patch->title != NULL ? patch->title : row.title,
      .description = patch->description_given != PRESENCE_ABSENT ? patch->description : row.description,
      .status = patch->status != NULL ? patch->status : row.status,
      .is_default_unlocked = patch->is_default_unlocked_given == PRESENCE_GIVEN ? patch->is_default_unlocked
                                                                                : row.is_default_unlocked,
      .is_public = patch->is_public_given == PRESENCE_GIVEN ? patch->is_public : row.is_public,
      .price_cents = patch->price_cents_given == PRESENCE_GIVEN ? patch->price_cents : row.price_cents,
      .currency = patch->currency != NULL ? patch->currency : row.currency};
  if (!course_update(db, &params, error, &outcome)) return false;
  return outcome.affected == 0 || course_publish(db, error, &outcome);
}

bool manage_change(struct pool *pool, uint64_t course_id, const struct manage_patch *patch,
                   struct arena *arena, struct error *error) {
  struct course_change change = {.course_id = course_id, .patch = patch, .arena = arena};
  return job_step_run(pool, change_step, &change, error);
}

/* --- Chapters -------------------------------------------------------------------------------------- */

struct chapter_change {
  const struct manage_chapter_patch *patch;
  struct arena *arena;
  struct manage_chapter chapter;
};

static bool last_position(struct db *db, uint64_t course_id, struct arena *arena, struct error *error,
                          uint64_t *ret_position) {
  struct course_chapters_params params = {.course_id = course_id};
  struct course_chapters_row *rows;
  size_t count;
  if (!course_chapters(db, &params, arena, MANAGE_CHAPTERS_MAX, error, &rows, &count)) return false;
  if (count == MANAGE_CHAPTERS_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "A course has at most %d chapters.", MANAGE_CHAPTERS_MAX);
  *ret_position = count == 0 ? 0 : rows[count - 1].position + CHAPTER_STEP;
  return true;
}

static bool create_chapter_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct manage_chapter_input *input = entry->input;
  const struct manage_chapter_patch *patch = input->chapter;
  struct manage_chapter *reply = entry->reply;
  struct db *db = ledger_db(tx);
  struct course_lock_params key = {.course_id = patch->course_id};
  struct course_chapter_insert_params params = {.course_id = patch->course_id, .title = patch->title};
  struct course_lock_row course;
  struct db_outcome outcome;
  struct db_outcome published;
  bool found;
  if (!course_lock(db, &key, ledger_arena(tx), error, &course, &found)) return false;
  if (!found) return no_course(error);
  if (!last_position(db, patch->course_id, ledger_arena(tx), error, &params.position)) return false;
  if (patch->position_given == PRESENCE_GIVEN) params.position = patch->position;
  if (!course_chapter_insert(db, &params, error, &outcome) || !course_publish(db, error, &published))
    return false;
  *reply = (struct manage_chapter){.id = outcome.insert_id,
                                   .course_id = patch->course_id,
                                   .title = patch->title,
                                   .position = params.position};
  return report_made(tx, entry, "chapterCreated", outcome.insert_id, error);
}

static bool create_chapter_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, create_chapter_one, error);
}

const struct ledger_kind manage_chapter_kind = {.name = "chapter-created", .work = create_chapter_work};

static bool change_chapter_step(struct db *db, void *context, struct error *error) {
  struct chapter_change *change = context;
  const struct manage_chapter_patch *patch = change->patch;
  struct course_chapter_lock_params key = {.chapter_id = change->chapter.id};
  struct course_chapter_lock_row row;
  struct db_outcome outcome;
  bool found;
  if (!course_chapter_lock(db, &key, change->arena, error, &row, &found)) return false;
  if (!found) return no_chapter(error);
  struct course_chapter_update_params params = {
      .chapter_id = change->chapter.id,
      .title = patch->title != NULL ? patch->title : row.title,
      .position = patch->position_given == PRESENCE_GIVEN ? patch->position : row.position};
  if (!course_chapter_update(db, &params, error, &outcome)) return false;
  if (outcome.affected > 0 && !course_publish(db, error, &outcome)) return false;
  change->chapter.course_id = row.course_id;
  change->chapter.title = params.title;
  change->chapter.position = params.position;
  return true;
}

bool manage_change_chapter(struct pool *pool, uint64_t chapter_id, const struct manage_chapter_patch *patch,
                           struct arena *arena, struct error *error, struct manage_chapter *ret_chapter) {
  struct chapter_change change = {.patch = patch, .arena = arena, .chapter = {.id = chapter_id}};
  if (!job_step_run(pool, change_chapter_step, &change, error)) return false;
  *ret_chapter = change.chapter;
  return true;
}
