/* What becomes of the rows of each table. */
#include "account/claim_private.h"
#include "enroll/enroll.h"
#include "queries/claim.h"
#include "queries/claim_event.h"

#include "base/banned.h"

#define TABLE_STEPS_MAX 5
#define CLAIM_COURSES_MAX 10000

/* A table and its statements, in order; none: `moved_by` moves its rows, or, where that is NULL, they stay
 * for a reason. The order of the tables matters where enrollments are concerned: they come before what
 * depends on them. */
struct claim_table {
  const char *name;
  const struct db_statement *steps[TABLE_STEPS_MAX];
  const char *moved_by;
};

#define MOVED(table) \
  { \
    .name = #table, .steps = { &claim_##table##_statement } \
  }
#define ADDED(table) \
  { \
    .name = #table, .steps = { &claim_##table##_statement, &claim_drop_##table##_statement } \
  }

static const struct claim_table tables[] = {
    {.name = "enrollments",
     .steps = {&claim_level_enrollments_statement, &claim_lose_enrollments_statement,
               &claim_win_enrollments_statement, &claim_enrollments_statement}},
    {.name = "student_progress",
     .steps = {&claim_cancelled_progress_statement, &claim_level_student_progress_statement,
               &claim_win_student_progress_statement, &claim_student_progress_statement}},
    ADDED(chapter_completions),
    {.name = "access_requests", .steps = {&claim_same_requests_statement, &claim_access_requests_statement}},
    MOVED(access_decisions),
    MOVED(attempts),
    MOVED(attempts_archive),
    ADDED(practice_days),
    ADDED(daily_totals),
    MOVED(practice_sessions),
    {.name = "session_results",
     .steps = {&claim_rename_sessions_statement, &claim_session_results_statement}},
    {.name = "user_stitch_progress", .steps = {&claim_stitches_statement, &claim_drop_stitches_statement}},
    ADDED(stitch_mutations),
    {.name = "sync_rejects", .steps = {&claim_same_rejects_statement, &claim_sync_rejects_statement}},
    ADDED(imported_entries),
    MOVED(payments),
    MOVED(subscriptions),
    MOVED(webhook_events),
    /* Events before what is counted of them; children after their parents. */
    {.name = "progress_events",
     .steps = {&claim_twice_known_events_statement, &claim_rename_conflict_events_statement,
               &claim_rename_propagations_statement, &claim_rename_events_statement,
               &claim_progress_events_statement}},
    {.name = "progress_conflicts",
     .steps = {&claim_join_conflicts_statement, &claim_same_conflicts_statement,
               &claim_progress_conflicts_statement}},
    MOVED(progress_conflict_events),
    {.name = "propagations", .steps = {&claim_same_propagations_statement, &claim_propagations_statement}},
    {.name = "activity_days",
     .steps = {&claim_activity_days_statement, &claim_recount_activity_days_statement,
               &claim_drop_activity_days_statement}},
    {.name = "activities",
     .steps = {&claim_activities_statement, &claim_activity_time_statement,
               &claim_recount_activities_statement, &claim_drop_activities_statement}},
    ADDED(user_progress_summary),
    ADDED(achievements),
    ADDED(milestones),
    ADDED(system_sync_status),
    MOVED(notifications),
    {.name = "todos", .steps = {&claim_todos_statement}},
    {.name = "todo_videos",
     .steps = {&claim_todo_videos_statement, &claim_drop_todo_videos_statement, &claim_drop_todos_statement}},
    ADDED(schedule_entries),
    ADDED(video_progress),
    {.name = "learning_paths", .steps = {&claim_learning_paths_statement}},
    {.name = "learning_path_steps", .steps = {&claim_learning_path_steps_statement}},
    {.name = "path_progress",
     .steps = {&claim_path_progress_statement, &claim_drop_path_progress_statement,
               &claim_drop_learning_path_steps_statement, &claim_drop_learning_paths_statement}},
    ADDED(skills),
    ADDED(ai_journey),
    ADDED(chat_mentions),
    {.name = "ledger", .moved_by = "ledger_merge"},
    {.name = "profiles", .moved_by = "claim_merge_profiles"},
    /* What was found and repaired stays with the learner it was found at, whose rows those were: an image
     * that is put back compares first, and finds them gone. Deleting the learner erases these, too. */
    {.name = "audit_results", .moved_by = NULL},
    {.name = "quarantine", .moved_by = NULL},
    {.name = "repair_rows", .moved_by = NULL},
    {.name = "rule_pauses", .moved_by = NULL},
    /* Good for moments, and for a channel to somebody who is no more. */
    {.name = "live_tickets", .moved_by = NULL},
};
#define TABLE_COUNT ARRAY_LENGTH(tables)

const char *claim_table_name(size_t at) { return at < TABLE_COUNT ? tables[at].name : NULL; }

bool claim_table_stays(size_t at) { return tables[at].steps[0] == NULL && tables[at].moved_by == NULL; }

/* Every statement of the table has these parameters, or the first of them. */
struct claim_batch {
  uint64_t from_user;
  uint64_t into_user;
  uint64_t shift;
};

static bool run_steps(struct claim *claim, uint64_t shift, struct error *error) {
  struct claim_batch batch = {.from_user = claim->from_id, .into_user = claim->into_id, .shift = shift};
  struct db_outcome outcome;
  for (size_t table = 0; table < TABLE_COUNT; table++)
    for (size_t step = 0; step < TABLE_STEPS_MAX && tables[table].steps[step] != NULL; step++)
      if (!db_run_exec(claim->db, tables[table].steps[step], &batch, error, &outcome)) return false;
  return true;
}

/* Chapters of both count: progress is looked at again where the learner is enrolled. */
static bool mend_course(struct claim *claim, uint64_t course_id, struct error *error) {
  enum enroll_outcome outcome;
  return enroll_mend(claim->tx, claim->into, course_id, "claim", error, &outcome);
}

bool claim_move_rows(struct claim *claim, uint64_t shift, struct error *error) {
  struct claim_courses_params asked = {.from_user = claim->from_id};
  struct claim_stitch_revisions_params news = {.user_id = claim->into_id,
                                               .revision = claim->into->learner.revision};
  struct claim_courses_row *courses;
  struct db_outcome outcome;
  size_t count;
  if (!claim_courses(claim->db, &asked, claim->arena, CLAIM_COURSES_MAX, error, &courses, &count) ||
      !run_steps(claim, shift, error) || !claim_stitch_revisions(claim->db, &news, error, &outcome))
    return false;
  for (size_t at = 0; at < count; at++)
    if (!mend_course(claim, courses[at].course_id, error)) return false;
  return true;
}
