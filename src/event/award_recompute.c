/* Awards what history proves and is missing. Who lacks nothing is neither locked nor written. */
#include "event/award_recompute.h"
#include "base/clock.h"
#include "event/award_private.h"
#include "job/job_step.h"

#include "base/banned.h"

#define LEARNERS_AT_ONCE 200
#define TOLD_MAX 100000 /* milestones that one learner's events tell of */

/* One run, over a range. */
struct recompute {
  const struct award_host *host;
  const struct repair_guard *guard;
  struct arena *arena;
  uint64_t after_user; /* settled up to here */
  uint64_t units;      /* learners settled that job_hold was not told of */
  uint64_t achievements;
  uint64_t milestones;
  size_t earned; /* by the last try of a transaction */
  size_t reached;
};

static struct award_figures figures_of(const struct award_history_row *row) {
  return (struct award_figures){.completed = row->completed,
                                .completed_by_type = {[ACTIVITY_VIDEO] = row->videos,
                                                      [ACTIVITY_PRACTICE] = row->practices,
                                                      [ACTIVITY_PROJECT] = row->projects,
                                                      [ACTIVITY_QUIZ] = row->quizzes,
                                                      [ACTIVITY_MILESTONE] = row->milestone_activities},
                                .minutes = row->minutes,
                                .streak_days = row->streak_days,
                                .best_day = row->best_day,
                                .milestones = row->milestones,
                                .skills = row->skills};
}

static bool read_told(struct db *db, struct award_case *judged, struct arena *arena, struct error *error) {
  struct award_reached_params params = {.user_id = judged->user_id};
  struct award_reached_row *rows;
  size_t count;
  if (!award_reached(db, &params, arena, TOLD_MAX, error, &rows, &count)) return false;
  struct award_told *told = arena_alloc_array(arena, count + 1, sizeof *told);
  if (told == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    told[at] = (struct award_told){.milestone_id = rows[at].milestone_id,
                                   .event_id = rows[at].event_id,
                                   .reached_at_ms = rows[at].reached_at};
  judged->told = told;
  judged->told_count = count;
  return true;
}

/* What a learner lacks, as `db` sees them. Who has done nothing costs no statement. */
static bool judge(const struct recompute *run, struct db *db, const struct award_history_row *row,
                  uint64_t revision, struct arena *arena, struct error *error,
                  struct award_verdict *ret_verdict) {
  const struct award_table *table = run->host->awards;
  struct award_case judged = {
      .user_id = row->user_id, .revision = revision, .at_ms = clock_now_ms(), .figures = figures_of(row)};
  *ret_verdict = (struct award_verdict){.earned_count = 0};
  if (!row->has_events && row->streak_days == 0 && row->skills == 0) return true;
  return (!row->has_events || read_told(db, &judged, arena, error)) &&
         award_read_standing(table, db, &judged, arena, error) &&
         (row->streak_days == 0 ||
          award_read_window(table, db, CLOCK_MIN_DAY, CLOCK_MAX_DAY, &judged, arena, error)) &&
         award_judge(table, &judged, arena, error, ret_verdict);
}

static bool is_nothing(const struct award_verdict *verdict) {
  return verdict->earned_count == 0 && verdict->moved_count == 0;
}

static bool read_learners(struct db *db, uint64_t after_user, uint64_t to_user, size_t limit,
                          struct arena *arena, struct error *error, struct award_history_row **ret_rows,
                          size_t *ret_count) {
  struct award_history_params params = {.after_user = after_user, .to_user = to_user, .limit_rows = limit};
  return award_history(db, &params, arena, limit, error, ret_rows, ret_count);
}

/* --- One learner who lacks something ------------------------------------------------------------------- */

static size_t reached_in(const struct award_verdict *verdict) {
  size_t reached = 0;
  for (size_t at = 0; at < verdict->moved_count; at++)
    if (!verdict->moved[at].reached_at_is_null) reached++;
  return reached;
}

/* Judged once more, under the lock. */
static bool recompute_work(struct ledger_tx *tx, struct error *error) {
  struct recompute *run = ledger_context(tx);
  struct ledger_entry *entry = ledger_at(tx, 0);
  struct event_intake intake = {.tx = tx, .entry = entry, .awards = run->host->awards};
  struct award_history_row *rows;
  struct award_verdict verdict;
  size_t count;
  uint64_t user_id = entry->learner.user_id;
  intake.now_ms = ledger_now_ms(tx);
  intake.config = run->host->config;
  if (!job_step_hold(run->guard, ledger_db(tx), entry->user_id, run->units + 1, error) ||
      !read_learners(ledger_db(tx), user_id - 1, user_id, 1, ledger_arena(tx), error, &rows, &count))
    return false;
  run->earned = 0;
  run->reached = 0;
  if (count == 0) return true;
  if (!judge(run, ledger_db(tx), &rows[0], entry->learner.revision, ledger_arena(tx), error, &verdict))
    return false;
  run->earned = verdict.earned_count;
  run->reached = reached_in(&verdict);
  return is_nothing(&verdict) || award_write(&intake, &verdict, error);
}

static const struct ledger_kind recompute_kind = {.name = "achievements", .work = recompute_work};

/* A learner who has left meanwhile is settled, too. */
static bool award_learner(struct recompute *run, uint64_t user_id, struct error *error) {
  struct ledger_entry entry = {.user_id = user_id, .actor = run->host->actor, .arena = run->arena};
  if (!ledger_run_one(run->host->ledger, &recompute_kind, &entry, run, run->arena, error)) {
    if (error->code != ERROR_UNAUTHENTICATED) return false;
    error_clear(error);
  }
  bool is_held = entry.state == LEDGER_CHANGED;
  run->units = is_held ? 0 : run->units + 1;
  if (!is_held) return true;
  run->achievements += run->earned;
  run->milestones += run->reached;
  return true;
}

/* --- The learners of a range ---------------------------------------------------------------------------- */

/* The next learners; of those, the ids who lack something. */
static bool look(struct recompute *run, uint64_t to_user, struct error *error, uint64_t *ret_last,
                 size_t *ret_count, uint64_t *lacking, size_t *ret_lacking) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = run->host->pool};
  struct award_history_row *rows;
  struct award_verdict verdict;
  size_t count;
  size_t lack = 0;
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db) ||
      !read_learners(lease.db, run->after_user, to_user, LEARNERS_AT_ONCE, run->arena, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    if (!judge(run, lease.db, &rows[at], 0, run->arena, error, &verdict)) return false;
    if (!is_nothing(&verdict)) lacking[lack++] = rows[at].user_id;
  }
  db_end_read(lease.db);
  *ret_last = count == 0 ? to_user : rows[count - 1].user_id;
  *ret_count = count;
  *ret_lacking = lack;
  return true;
}

struct settle {
  struct recompute *run;
  uint64_t last_user;
};
static bool settle_step(struct db *db, void *context, struct error *error) {
  const struct settle *settle = context;
  return job_step_hold(settle->run->guard, db, settle->last_user, settle->run->units, error);
}

/* `is_done`: there are no more. */
static bool recompute_some(struct recompute *run, uint64_t to_user, struct error *error, bool *is_done) {
  uint64_t lacking[LEARNERS_AT_ONCE];
  struct settle settle = {.run = run};
  size_t count;
  size_t lack;
  if (!look(run, to_user, error, &settle.last_user, &count, lacking, &lack)) return false;
  run->units += count - lack;
  for (size_t at = 0; at < lack; at++)
    if (!job_step_may_go_on(run->guard, error) || !award_learner(run, lacking[at], error)) return false;
  *is_done = count < LEARNERS_AT_ONCE;
  if (!job_step_run(run->host->pool, settle_step, &settle, error)) return false;
  run->units = 0;
  run->after_user = settle.last_user;
  return true;
}

bool award_recompute(const struct award_host *host, uint64_t after_user, uint64_t to_user,
                     const struct repair_guard *guard, struct arena *arena, struct error *error,
                     struct award_recomputed *ret_recomputed) {
  struct recompute run = {.host = host, .guard = guard, .arena = arena, .after_user = after_user};
  struct arena_mark mark = arena_mark(arena);
  bool is_done = false;
  while (!is_done) {
    arena_rewind(arena, mark);
    if (!job_step_may_go_on(guard, error) || !recompute_some(&run, to_user, error, &is_done)) return false;
  }
  *ret_recomputed = (struct award_recomputed){.achievements = run.achievements, .milestones = run.milestones};
  return true;
}
