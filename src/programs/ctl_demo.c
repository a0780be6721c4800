/* demo: modules, exercises, a student, an administrator, and further learners whose data agree. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learner/percentile.h"
#include "programs/ctl.h"
#include "programs/ctl_demo.h"
#include "programs/ctl_print.h"
#include "queries/demo.h"

#include "base/banned.h"

#define DEMO_CHUNK 1000 /* learners of one transaction */
#define DEMO_LEARNERS_MAX 10000000
#define DEMO_SUBJECT_BYTES 16
#define DEMO_SUBJECT_PREFIX "demo|"
#define DAY_MS INT64_C(86400000)

struct demo_options {
  uint64_t learners;
  uint64_t seed;
  bool force;
};

static const struct field demo_fields[] = {
    FIELD_UINT(struct demo_options, "learners", learners, .minimum = 0, .maximum = DEMO_LEARNERS_MAX,
               .default_text = "200", .summary = "How many there shall be, besides the two with names."),
    FIELD_UINT(struct demo_options, "seed", seed, .minimum = 0, .maximum = UINT32_MAX, .default_text = "1",
               .summary = "Another seed makes other learners."),
    FIELD_BOOL(struct demo_options, "force", force,
               .summary = "Also into a database that holds learners of its own."),
};
const struct schema ctl_demo_options =
    SCHEMA("CtlDemo", struct demo_options, demo_fields, .summary = "The demo data.");

/* Learners with numbers from `first`, in one transaction. */
struct demo_chunk {
  char first_subject[DEMO_SUBJECT_BYTES];
  char last_subject[DEMO_SUBJECT_BYTES];
  uint64_t first;
  uint64_t count;
};

static struct demo_chunk chunk_of(uint64_t first, uint64_t count) {
  struct demo_chunk chunk = {.first = first, .count = count};
  snprintf(chunk.first_subject, sizeof chunk.first_subject, DEMO_SUBJECT_PREFIX "%08" PRIu64, first);
  snprintf(chunk.last_subject, sizeof chunk.last_subject, DEMO_SUBJECT_PREFIX "%08" PRIu64,
           first + count - 1);
  return chunk;
}

static bool add_people(struct db *db, const struct demo_chunk *chunk, uint64_t seed, int32_t today,
                       struct error *error) {
  struct demo_add_learners_params learners = {
      .first_number = chunk->first, .learners = chunk->count, .seed = seed, .today = today};
  if (demo_add_learners(db, &learners, error, NULL)) return true;
  if (error->code != ERROR_CONFLICT) return false;
  return error_set(
      error, ERROR_CONFLICT,
      "A name that the demo data gives (student, learner-1, …) belongs to somebody else already.");
}

static bool add_past(struct db *db, const struct demo_chunk *chunk, uint64_t seed, int64_t now_ms,
                     int32_t today, struct error *error) {
  struct demo_add_attempts_params attempts = {.first_subject = chunk->first_subject,
                                              .last_subject = chunk->last_subject,
                                              .seed = seed,
                                              .today = today};
  struct demo_add_daily_totals_params totals = {chunk->first_subject, chunk->last_subject};
  struct demo_add_practice_days_params days = {chunk->first_subject, chunk->last_subject};
  struct demo_set_totals_params columns = {chunk->first_subject, chunk->last_subject};
  struct demo_add_ledger_params ledger = {chunk->first_subject, chunk->last_subject, now_ms};
  struct demo_add_profiles_params profiles = {chunk->first_subject, chunk->last_subject};
  return demo_add_attempts(db, &attempts, error, NULL) && demo_add_daily_totals(db, &totals, error, NULL) &&
         demo_add_practice_days(db, &days, error, NULL) && demo_set_totals(db, &columns, error, NULL) &&
         demo_add_ledger(db, &ledger, error, NULL) && demo_add_profiles(db, &profiles, error, NULL);
}

static bool add_chunk(struct db *db, const struct demo_chunk *chunk, uint64_t seed, struct error *error) {
  int64_t now_ms = clock_now_ms();
  int32_t today = (int32_t)(now_ms / DAY_MS);
  return add_people(db, chunk, seed, today, error) && add_past(db, chunk, seed, now_ms, today, error) &&
         db_commit(db, error);
}

/* What the student has to do in these days. */
static bool add_plans(struct db *db, int32_t today, struct error *error) {
  struct demo_add_todos_params todos = {.today = today};
  struct demo_add_schedule_params schedule = {.today = today};
  struct demo_add_videos_params videos = {.today = today};
  struct demo_add_path_steps_params steps = {.today = today};
  return demo_add_todos(db, &todos, error, NULL) && demo_add_todo_videos(db, error, NULL) &&
         demo_add_schedule(db, &schedule, error, NULL) && demo_add_videos(db, &videos, error, NULL) &&
         demo_add_path(db, error, NULL) && demo_add_path_steps(db, &steps, error, NULL) &&
         demo_add_path_progress(db, error, NULL);
}

/* Modules, exercises, courses, the student and the administrator. */
static bool add_named(struct db *db, uint64_t seed, struct error *error) {
  struct demo_chunk student = chunk_of(0, 1);
  int64_t now_ms = clock_now_ms();
  int32_t today = (int32_t)(now_ms / DAY_MS);
  return demo_add_modules(db, error, NULL) && demo_add_exercises(db, error, NULL) &&
         demo_add_courses(db, error, NULL) && demo_add_chapters(db, error, NULL) &&
         add_people(db, &student, seed, today, error) && demo_add_admin(db, error, NULL) &&
         add_past(db, &student, seed, now_ms, today, error) && add_plans(db, today, error) &&
         db_commit(db, error);
}

static bool tell_events(struct ctl *ctl, struct error *error) {
  struct demo_student_row student;
  bool found;
  if (!demo_student(ctl->db, ctl->arena, error, &student, &found)) return false;
  db_rollback(ctl->db);
  return !found || ctl_demo_tell(ctl, student.id, error);
}

/* The number that comes next: an interrupted run is continued. */
static uint64_t next_number(const struct demo_census_row *census) {
  if (census->last_subject == NULL) return 0;
  return strtoull(census->last_subject + strlen(DEMO_SUBJECT_PREFIX), NULL, 10) + 1;
}

static bool add_learners(struct ctl *ctl, const struct demo_options *options, uint64_t next,
                         struct error *error) {
  struct ctl_progress progress;
  ctl_progress_start(&progress, ctl, "Learners", options->learners);
  while (next <= options->learners) {
    uint64_t left = options->learners - next + 1;
    struct demo_chunk chunk = chunk_of(next, left < DEMO_CHUNK ? left : DEMO_CHUNK);
    ctl_progress_show(&progress, next - 1);
    if (!add_chunk(ctl->db, &chunk, options->seed, error)) {
      ctl_progress_end(&progress);
      return false;
    }
    next += chunk.count;
  }
  ctl_progress_end(&progress);
  return true;
}

static bool take_census(struct ctl *ctl, const struct demo_options *options, struct error *error,
                        struct demo_census_row *ret_census) {
  bool found;
  if (!demo_census(ctl->db, ctl->arena, error, ret_census, &found)) return false;
  db_rollback(ctl->db);
  if (ret_census->others == 0 || options->force) return true;
  return error_set(error, ERROR_CONFLICT,
                   "The database %s holds learners who are no demo; --force adds the demo beside them.",
                   ctl->config.database.name);
}

static void say_who(const struct ctl *ctl, uint64_t learners) {
  (void)printf("student and admin are there by name, and %s learners.\n"
               "\"" CTL_PROGRAM " token --username student\" mints a token.\n",
               ctl_number(ctl, (int64_t)learners));
}

bool ctl_demo_load(struct ctl *ctl, const void *options, struct error *error) {
  const struct demo_options *demo = options;
  struct demo_census_row census;
  int64_t started_ms = clock_monotonic_ms();
  if (!take_census(ctl, demo, error, &census)) return false;
  uint64_t next = next_number(&census);
  if (next > demo->learners) {
    (void)printf("The demo data is there already; nothing was changed.\n");
    say_who(ctl, census.learners);
    return true;
  }
  uint64_t before = census.learners;
  if (next == 0 && (!add_named(ctl->db, demo->seed, error) || !tell_events(ctl, error))) return false;
  if (!add_learners(ctl, demo, next == 0 ? 1 : next, error)) return false;
  if (!percentile_refresh(ctl->db, clock_now_ms(), NULL, ctl->arena, error)) return false;
  if (!demo_census(ctl->db, ctl->arena, error, &census, &(bool){false})) return false;
  (void)printf("The demo data is loaded: %s learners in %.1f s.\n",
               ctl_number(ctl, (int64_t)(census.learners - before)),
               (double)(clock_monotonic_ms() - started_ms) / 1000);
  say_who(ctl, census.learners);
  return true;
}

bool ctl_percentiles_refresh(struct ctl *ctl, const void *options, struct error *error) {
  int64_t started_ms = clock_monotonic_ms();
  (void)options;
  if (!percentile_refresh(ctl->db, clock_now_ms(), NULL, ctl->arena, error)) return false;
  (void)printf("The percentiles are fresh as of now; that took %.1f s.\n",
               (double)(clock_monotonic_ms() - started_ms) / 1000);
  return true;
}
