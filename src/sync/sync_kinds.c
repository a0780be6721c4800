/* The kinds of jobs over the consistency engine. A run or a pass belongs to its job: opening it again for the
 * same job finds it, so that a job which starts anew goes on where it was. Over everybody it is split, and
 * every range works on the parent's run; over one learner it stays whole. */
#include "base/clock.h"
#include "job/job_guard.h"
#include "queries/sync.h"
#include "rule/pass.h"
#include "schema/encode.h"
#include "sync/sync.h"
#include "sync/sync_order.h"
#include "sync/sync_pass.h"
#include "sync/sync_run.h"
#include "sync/sync_task.h"

#include "base/banned.h"

#define REPORT_BYTES_MAX ((size_t)1024 * 1024)
#define ADVICE "To go on all the same, insert the job again with {\"confirmOverLimit\": true}."

static struct repair_engine engine_of(const struct job *job) {
  return (struct repair_engine){.set = job->app->rules, .pool = job->app->pool, .config = job->app->config};
}

static bool borrow(struct job *job, struct error *error, struct pool_lease *lease) {
  struct db *db;
  int64_t deadline_ms = clock_monotonic_ms() + job->app->config->database.wait_timeout_ms;
  if (!pool_acquire(job->app->pool, deadline_ms, error, &db)) return false;
  *lease = (struct pool_lease){.pool = job->app->pool, .db = db};
  return true;
}

static bool report(struct job *job, const struct schema *schema, const void *structure, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPORT_BYTES_MAX);
  schema_encode_json(schema, structure, &text);
  job->report = text.failed ? NULL : arena_strdup(job->arena, buffer_text(&text));
  return job->report != NULL || error_set_memory(error);
}

/* Where a claim goes on that took over from another. */
static uint64_t first_of(const struct job *job) {
  return job->cursor_at > job->range_from ? job->cursor_at + 1 : job->range_from;
}

/* --- Repair runs --------------------------------------------------------------------------------- */

/* A job about nobody is a mistake that is told. */
static bool somebody(struct job *job, const struct repair_order *order, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.db = NULL};
  if (order->from_user != order->to_user || order->rolls_back != 0) return true;
  return borrow(job, error, &lease) && sync_task_learner(lease.db, order->from_user, job->arena, error);
}

static bool run_prepare(struct job *job, struct repair_order *order, struct error *error) {
  struct repair_engine engine = engine_of(job);
  struct repair_guard guard = job_guard(job);
  uint64_t run_id;
  order->actor = job->actor;
  order->job_id = job->id;
  if (!somebody(job, order, error) || !repair_open(&engine, order, job->arena, error, &run_id) ||
      !job_set_subject(job, run_id, error))
    return false;
  if (order->rolls_back == 0 && !repair_measure(&engine, run_id, &guard, job->arena, error)) {
    sync_order_advise(error, ADVICE);
    return false;
  }
  if (order->from_user != order->to_user)
    job_split(job);
  else if (!job_set_total(job, 1, error))
    return false;
  return true;
}

static bool run_work(struct job *job, const void *params, struct error *error) {
  struct repair_engine engine = engine_of(job);
  struct repair_guard guard = job_guard(job);
  uint64_t from = first_of(job);
  (void)params;
  return from > job->range_to ||
         repair_range(&engine, job->subject_id, from, job->range_to, &guard, job->arena, error);
}

static bool run_report(struct job *job, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.db = NULL};
  struct repair_summary summary;
  struct sync_run run;
  return borrow(job, error, &lease) &&
         sync_run_read(lease.db, job->subject_id, job->arena, error, &summary) &&
         sync_run_take(&summary, job->arena, error, &run) && report(job, &sync_run_schema, &run, error);
}

static bool run_finish(struct job *job, const void *params, struct error *error) {
  struct repair_engine engine = engine_of(job);
  (void)params;
  return repair_close(&engine, job->subject_id, job->arena, error) && run_report(job, error);
}

/* What the job began: its subject, or, when it ended before that was written down, what bears its id. */
static bool began(struct job *job, struct error *error, struct sync_subject_of_job_row *ret_row) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.db = NULL};
  struct sync_subject_of_job_params params = {.job_id = job->id};
  bool found;
  return borrow(job, error, &lease) &&
         sync_subject_of_job(lease.db, &params, job->arena, error, ret_row, &found);
}

static bool run_abandon(struct job *job, const void *params, const char *why, struct error *error) {
  struct repair_engine engine = engine_of(job);
  struct sync_subject_of_job_row row;
  (void)params;
  if (!began(job, error, &row)) return false;
  return row.run_id_is_null ||
         repair_abandon(&engine, row.run_id, job->was_cancelled ? REPAIR_CANCELLED : REPAIR_FAILED, why,
                        error);
}

static bool user_prepare(struct job *job, const void *params, struct error *error) {
  struct sync_order order = *(const struct sync_order *)params;
  order.user_given = PRESENCE_GIVEN;
  if (!sync_order_on_read(job->app->rules, job->arena, error, &order.rules)) return false;
  struct repair_order repair = sync_order_repair(&order);
  return run_prepare(job, &repair, error);
}

static bool all_prepare(struct job *job, const void *params, struct error *error) {
  struct sync_order order = *(const struct sync_order *)params;
  if (!sync_order_check(&order, job->app->rules, error)) return false;
  if (order.rules.count == 0 && !sync_order_on_read(job->app->rules, job->arena, error, &order.rules))
    return false;
  struct repair_order repair = sync_order_repair(&order);
  return run_prepare(job, &repair, error);
}

/* In the order of their repairs: days first, then what follows from them. */
static const char *const streak_rules[] = {
    "practice_days_cover_attempts", "longest_streak_covers_practice_days", "streak_matches_practice_days"};

static bool streaks_prepare(struct job *job, const void *params, struct error *error) {
  struct sync_order order = *(const struct sync_order *)params;
  struct repair_order repair = sync_order_repair(&order);
  repair.rules = streak_rules;
  repair.rule_count = ARRAY_LENGTH(streak_rules);
  return run_prepare(job, &repair, error);
}

static bool plan_prepare(struct job *job, const void *params, struct error *error) {
  struct sync_order order = *(const struct sync_order *)params;
  order.dry_run = true;
  if (!sync_order_check(&order, job->app->rules, error)) return false;
  struct repair_order repair = sync_order_repair(&order);
  return run_prepare(job, &repair, error);
}

static bool rebuild_prepare(struct job *job, const void *params, struct error *error) {
  struct sync_order order = *(const struct sync_order *)params;
  order.authority = REPAIR_AUTHORITY_COLUMNS;
  struct repair_order repair = sync_order_repair(&order);
  return run_prepare(job, &repair, error);
}

static bool rollback_prepare(struct job *job, const void *params, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.db = NULL};
  const struct sync_order *order = params;
  struct repair_summary summary;
  if (!borrow(job, error, &lease) || !sync_run_read(lease.db, order->run_id, job->arena, error, &summary))
    return false;
  pool_lease_end(&lease);
  struct repair_order repair = {
      .from_user = summary.from_user, .to_user = summary.to_user, .rolls_back = order->run_id};
  return run_prepare(job, &repair, error);
}

/* --- auto_fix: finds and repairs, or applies a plan ----------------------------------------------- */

static bool is_plan(const struct sync_order *order) { return order->plan_given == PRESENCE_GIVEN; }

static bool fix_prepare(struct job *job, const void *params, struct error *error) {
  const struct sync_order *order = params;
  if (!sync_order_check(order, job->app->rules, error)) return false;
  if (is_plan(order)) return job_set_subject(job, order->plan_id, error);
  struct repair_order repair = sync_order_repair(order);
  return run_prepare(job, &repair, error);
}

/* All of a plan is one transaction; the cursor that it moves says that it was committed. */
static bool fix_work(struct job *job, const void *params, struct error *error) {
  const struct sync_order *order = params;
  if (!is_plan(order)) return run_work(job, params, error);
  if (job->cursor_at != 0) return true;
  struct repair_engine engine = engine_of(job);
  struct repair_guard guard = job_guard(job);
  if (repair_apply_plan(&engine, order->plan_id, order->digest, order->confirm_over_limit, job->actor, &guard,
                        job->arena, error))
    return true;
  sync_order_advise(error, ADVICE);
  return false;
}

static bool fix_finish(struct job *job, const void *params, struct error *error) {
  return is_plan(params) ? run_report(job, error) : run_finish(job, params, error);
}

/* A plan that was not applied is what it was. */
static bool fix_abandon(struct job *job, const void *params, const char *why, struct error *error) {
  return is_plan(params) || run_abandon(job, params, why, error);
}

/* --- Passes -------------------------------------------------------------------------------------- */

static bool pass_report(struct job *job, enum pass_kind kind, uint64_t pass_id, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.db = NULL};
  struct repair_engine engine = engine_of(job);
  struct sync_pauses pauses;
  struct pass_summary summary;
  struct sync_pass pass;
  bool found;
  if (!borrow(job, error, &lease) || !sync_pauses_read(lease.db, job->arena, error, &pauses) ||
      !pass_read_last(&engine, lease.db, kind, job->arena, error, &summary, &found))
    return false;
  /* Another that began later may have ended since: then nothing is said of this one. */
  if (!found || summary.id != pass_id) return true;
  return sync_pass_take(job->app->rules, &summary, &pauses, job->arena, error, &pass) &&
         report(job, &sync_report_schema, &pass, error);
}

static bool validate_prepare(struct job *job, const void *params, struct error *error) {
  struct repair_engine engine = engine_of(job);
  uint64_t pass_id;
  (void)params;
  if (!pass_open(&engine, PASS_VALIDATE, job->id, job->arena, error, &pass_id) ||
      !job_set_subject(job, pass_id, error))
    return false;
  job_split(job);
  return true;
}

static bool validate_work(struct job *job, const void *params, struct error *error) {
  struct repair_engine engine = engine_of(job);
  struct repair_guard guard = job_guard(job);
  uint64_t from = first_of(job);
  (void)params;
  return from > job->range_to ||
         pass_range(&engine, job->subject_id, from, job->range_to, &guard, job->arena, error);
}

static bool validate_finish(struct job *job, const void *params, struct error *error) {
  struct repair_engine engine = engine_of(job);
  (void)params;
  return pass_close(&engine, job->subject_id, job->arena, error) &&
         pass_report(job, PASS_VALIDATE, job->subject_id, error);
}

static bool pass_end(struct job *job, const void *params, const char *why, struct error *error) {
  struct repair_engine engine = engine_of(job);
  struct sync_subject_of_job_row row;
  (void)params;
  (void)why;
  if (!began(job, error, &row)) return false;
  return row.pass_id_is_null || pass_abandon(&engine, row.pass_id, error);
}

static bool sample_work(struct job *job, const void *params, struct error *error) {
  const struct sync_order *order = params;
  struct repair_engine engine = engine_of(job);
  struct repair_guard guard = job_guard(job);
  uint64_t pass_id;
  return pass_sample(&engine, job->id, order->learners, &guard, job->arena, error, &pass_id) &&
         pass_report(job, PASS_SAMPLE, pass_id, error);
}

/* --- The table ----------------------------------------------------------------------------------- */

#define RUN_KIND(kind_name, kind_params, kind_prepare, kind_summary) \
  { \
    .name = (kind_name), .params = &(kind_params), .prepare = (kind_prepare), .work = run_work, \
    .finish = run_finish, .abandon = run_abandon, .unit = "learners", .summary = (kind_summary) \
  }

static const struct job_kind rows[] = {
    RUN_KIND("sync_user", sync_user_schema, user_prepare,
             "Brings one learner's totals into step, by the rules that heal on read."),
    RUN_KIND("recompute_streaks", sync_streaks_schema, streaks_prepare,
             "Counts practice days and streaks anew, by the three rules that hold them."),
    RUN_KIND("sync_all_users", sync_all_schema, all_prepare,
             "Brings everybody's totals into step, by the rules that heal on read or those named."),
    {.name = "validate",
     .prepare = validate_prepare,
     .work = validate_work,
     .finish = validate_finish,
     .abandon = pass_end,
     .unit = "learners",
     .summary = "Looks at everybody by every rule, and changes nothing."},
    {.name = "sample_drift",
     .params = &sync_sample_schema,
     .work = sample_work,
     .abandon = pass_end,
     .unit = "learners",
     .summary = "Looks at some learners at random places, for health and metrics."},
    {.name = "auto_fix",
     .params = &sync_fix_schema,
     .prepare = fix_prepare,
     .work = fix_work,
     .finish = fix_finish,
     .abandon = fix_abandon,
     .unit = "learners",
     .summary = "Repairs what breaks a rule, of everybody or one learner; or applies a plan, whole or not at "
                "all."},
    RUN_KIND("repair_plan", sync_plan_schema, plan_prepare,
             "Makes a plan of what auto_fix would change, and changes nothing."),
    RUN_KIND("rollback_repair", sync_rollback_schema, rollback_prepare,
             "Undoes a repair run, and pauses its rules for its rows."),
    RUN_KIND("rebuild_json", sync_rebuild_schema, rebuild_prepare,
             "Rebuilds documents from the columns: the columns are right where they differ."),
};
const struct job_kind_table sync_job_kinds = JOB_KIND_TABLE(rows);
