#include "enroll/remove.h"

#include <inttypes.h>
#include <string.h>

#include "queries/course.h"

#include "base/banned.h"

/* What learners have of a course, in the order in which it goes. A chapter's is the first alone. */
static const struct {
  const char *table;
  const struct db_statement *remove;
} tables[] = {
    {"chapter_completions", &course_remove_completions_statement},
    {"access_requests", &course_remove_requests_statement},
    {"access_decisions", &course_remove_decisions_statement},
    {"student_progress", &course_remove_legacy_statement},
    {"enrollments", &course_remove_enrollments_statement},
};
#define TABLES ARRAY_LENGTH(tables)

static const struct field count_fields[] = {
    FIELD_TEXT(struct remove_count, "table", table, .flags = FIELD_REQUIRED, .summary = "Its name."),
    FIELD_UINT(struct remove_count, "rows", rows, .flags = FIELD_REQUIRED,
               .summary = "How many rows of learners it held."),
};
static const struct schema count_schema =
    SCHEMA("RemovedRows", struct remove_count, count_fields, .summary = "What was erased from one table.");

static const struct field report_fields[] = {
    FIELD_UINT(struct remove_report, "id", id, .flags = FIELD_REQUIRED, .summary = "The course or chapter."),
    FIELD_UINT(struct remove_report, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Learners who had anything of it, and whose history says that it went."),
    FIELD_LIST(struct remove_report, "erased", erased, .object = &count_schema, .flags = FIELD_REQUIRED,
               .maximum = TABLES,
               .summary = "Tables and the learners' rows that went, where there were any."),
};
const struct schema remove_report_schema =
    SCHEMA("RemoveReport", struct remove_report, report_fields, .summary = "What a deletion did.");

struct removal {
  bool is_chapter;
  uint64_t id;
  const char *actor;
  const struct repair_guard *guard;
  struct arena *arena;
  /* Found by a step: */
  uint64_t user_ids[REMOVE_LEARNERS];
  size_t user_count;
  bool is_there;
  uint64_t learners;
  uint64_t batch_rows[TABLES]; /* by the try of a transaction that is under way */
  uint64_t rows[TABLES];
};

static bool take_learners(struct removal *removal, struct db *db, struct error *error) {
  struct arena_mark mark = arena_mark(removal->arena);
  struct course_learners_params course = {.course_id = removal->id, .limit_rows = REMOVE_LEARNERS};
  struct course_chapter_learners_params chapter = {.chapter_id = removal->id, .limit_rows = REMOVE_LEARNERS};
  struct course_learners_row *of_course = NULL;
  struct course_chapter_learners_row *of_chapter = NULL;
  size_t count;
  bool done =
      removal->is_chapter
          ? course_chapter_learners(db, &chapter, removal->arena, REMOVE_LEARNERS, error, &of_chapter, &count)
          : course_learners(db, &course, removal->arena, REMOVE_LEARNERS, error, &of_course, &count);
  if (!done) return false;
  for (size_t at = 0; at < count; at++)
    removal->user_ids[at] = removal->is_chapter ? of_chapter[at].user_id : of_course[at].user_id;
  removal->user_count = count;
  arena_rewind(removal->arena, mark);
  return true;
}

/* Locked, so that nobody comes to have something of it before it is gone. */
static bool lock_row(struct removal *removal, struct db *db, struct error *error) {
  struct course_lock_params course = {.course_id = removal->id};
  struct course_chapter_lock_params chapter = {.chapter_id = removal->id};
  struct course_lock_row of_course;
  struct course_chapter_lock_row of_chapter;
  return removal->is_chapter
             ? course_chapter_lock(db, &chapter, removal->arena, error, &of_chapter, &removal->is_there)
             : course_lock(db, &course, removal->arena, error, &of_course, &removal->is_there);
}

/* --- The learners ---------------------------------------------------------------------------------- */

static bool delete_rows(struct ledger_tx *tx, struct removal *removal, struct error *error) {
  /* The statements' parameters are all a course or chapter, and a learner. */
  struct course_remove_enrollments_params *rows =
      arena_alloc_array(ledger_arena(tx), ledger_count(tx), sizeof *rows);
  struct course_remove_chapter_completions_params *of_chapter =
      arena_alloc_array(ledger_arena(tx), ledger_count(tx), sizeof *of_chapter);
  struct db *db = ledger_db(tx);
  struct db_outcome outcome;
  size_t count = ledger_count(tx);
  if (rows == NULL || of_chapter == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    uint64_t user_id = ledger_at(tx, at)->learner.user_id;
    rows[at] = (struct course_remove_enrollments_params){.course_id = removal->id, .user_id = user_id};
    of_chapter[at] =
        (struct course_remove_chapter_completions_params){.chapter_id = removal->id, .user_id = user_id};
  }
  if (removal->is_chapter) {
    if (!course_remove_chapter_completions(db, of_chapter, count, error, &outcome)) return false;
    removal->batch_rows[0] = outcome.affected;
    return true;
  }
  for (size_t at = 0; at < TABLES; at++) {
    if (!db_run_exec_rows(db, tables[at].remove, rows, count, error, &outcome)) return false;
    removal->batch_rows[at] = outcome.affected;
  }
  return true;
}

static bool remove_work(struct ledger_tx *tx, struct error *error) {
  struct removal *removal = ledger_context(tx);
  struct ledger_change change = {.what = removal->is_chapter ? "chapterDeleted" : "courseDeleted"};
  if (!job_step_hold(removal->guard, ledger_db(tx), 0, ledger_count(tx), error)) return false;
  change.key = arena_printf(ledger_arena(tx), "%" PRIu64, removal->id);
  if (change.key == NULL) return error_set_memory(error);
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!ledger_report(tx, ledger_at(tx, at), &change, error)) return false;
  return delete_rows(tx, removal, error);
}

static const struct ledger_kind course_kind = {.name = "course-deleted", .work = remove_work};
static const struct ledger_kind chapter_kind = {.name = "chapter-deleted", .work = remove_work};

/* Nobody left: nothing to do. Who was deleted or merged since they were found is not found again. */
static bool remove_batch(struct ledger *ledger, struct removal *removal, struct error *error) {
  struct ledger_entry entries[REMOVE_LEARNERS];
  struct ledger_entry *list[REMOVE_LEARNERS];
  struct arena_mark mark = arena_mark(removal->arena);
  const struct ledger_kind *kind = removal->is_chapter ? &chapter_kind : &course_kind;
  if (removal->user_count == 0) return true;
  memset(removal->batch_rows, 0, sizeof removal->batch_rows);
  for (size_t at = 0; at < removal->user_count; at++) {
    entries[at] = (struct ledger_entry){
        .user_id = removal->user_ids[at], .actor = removal->actor, .arena = removal->arena};
    list[at] = &entries[at];
  }
  if (!ledger_run(ledger, kind, list, removal->user_count, removal, removal->arena, error)) return false;
  for (size_t at = 0; at < removal->user_count; at++)
    if (list[at]->state == LEDGER_CHANGED) removal->learners++;
  for (size_t at = 0; at < TABLES; at++)
    removal->rows[at] += removal->batch_rows[at];
  arena_rewind(removal->arena, mark);
  return true;
}

/* --- The row --------------------------------------------------------------------------------------- */

static bool close_step(struct db *db, void *context, struct error *error) {
  struct removal *removal = context;
  struct course_close_params params = {.course_id = removal->id};
  struct db_outcome outcome = {.affected = 0};
  if (!job_step_hold(removal->guard, db, 0, 0, error) || !lock_row(removal, db, error)) return false;
  if (!removal->is_there || removal->is_chapter) return true;
  if (!course_close(db, &params, error, &outcome)) return false;
  return outcome.affected == 0 || course_publish(db, error, &outcome);
}

static bool look_step(struct db *db, void *context, struct error *error) {
  return take_learners(context, db, error);
}

/* Under the row's lock nobody new comes: when nobody is found now, nobody is left. */
static bool remove_step(struct db *db, void *context, struct error *error) {
  struct removal *removal = context;
  struct course_remove_params course = {.course_id = removal->id};
  struct course_remove_chapter_params chapter = {.chapter_id = removal->id};
  struct db_outcome outcome;
  if (!job_step_hold(removal->guard, db, 0, 0, error) || !lock_row(removal, db, error) ||
      !take_learners(removal, db, error))
    return false;
  if (removal->user_count > 0) return true;
  if (!job_step_hold(removal->guard, db, REMOVE_DONE, 0, error)) return false;
  bool done = removal->is_chapter ? course_remove_chapter(db, &chapter, error, &outcome)
                                  : course_remove(db, &course, error, &outcome);
  if (!done || !course_publish(db, error, &outcome)) return false;
  removal->is_there = false;
  return true;
}

static bool remove_all(struct ledger *ledger, struct removal *removal, struct error *error) {
  struct pool *pool = ledger_pool(ledger);
  if (!job_step_run(pool, close_step, removal, error)) return false;
  if (!removal->is_there)
    return error_set(error, ERROR_NOT_FOUND, "There is no such %s.",
                     removal->is_chapter ? "chapter" : "course");
  while (removal->is_there) {
    do {
      if (!job_step_may_go_on(removal->guard, error) || !job_step_run(pool, look_step, removal, error) ||
          !remove_batch(ledger, removal, error))
        return false;
    } while (removal->user_count > 0);
    if (!job_step_run(pool, remove_step, removal, error)) return false;
  }
  return true;
}

static bool run(struct ledger *ledger, struct removal *removal, struct error *error,
                struct remove_report *ret_report) {
  if (!remove_all(ledger, removal, error)) return false;
  struct remove_count *counts = arena_alloc_array(removal->arena, TABLES, sizeof *counts);
  size_t count = 0;
  if (counts == NULL) return error_set_memory(error);
  for (size_t at = 0; at < TABLES; at++)
    if (removal->rows[at] > 0)
      counts[count++] = (struct remove_count){.table = tables[at].table, .rows = removal->rows[at]};
  *ret_report = (struct remove_report){
      .id = removal->id, .learners = removal->learners, .erased = {.items = counts, .count = count}};
  return true;
}

bool remove_course(struct ledger *ledger, uint64_t course_id, const char *actor,
                   const struct repair_guard *guard, struct arena *arena, struct error *error,
                   struct remove_report *ret_report) {
  struct removal removal = {.id = course_id, .actor = actor, .guard = guard, .arena = arena};
  return run(ledger, &removal, error, ret_report);
}

bool remove_chapter(struct ledger *ledger, uint64_t chapter_id, const char *actor,
                    const struct repair_guard *guard, struct arena *arena, struct error *error,
                    struct remove_report *ret_report) {
  struct removal removal = {
      .is_chapter = true, .id = chapter_id, .actor = actor, .guard = guard, .arena = arena};
  return run(ledger, &removal, error, ret_report);
}
