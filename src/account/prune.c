#include "account/prune.h"

#include "queries/prune.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)

static const struct field report_fields[] = {
    FIELD_UINT(struct prune_report, "jobs", jobs, .flags = FIELD_REQUIRED, .summary = "Jobs that had ended."),
    FIELD_UINT(struct prune_report, "workers", workers, .flags = FIELD_REQUIRED,
               .summary = "Workers that were gone."),
    FIELD_UINT(struct prune_report, "samples", samples, .flags = FIELD_REQUIRED, .summary = "Sample passes."),
    FIELD_UINT(struct prune_report, "results", results, .flags = FIELD_REQUIRED,
               .summary = "Rows that passes had found."),
    FIELD_UINT(struct prune_report, "images", images, .flags = FIELD_REQUIRED,
               .summary = "Images of repairs, which can no longer be rolled back."),
    FIELD_UINT(struct prune_report, "quarantined", quarantined, .flags = FIELD_REQUIRED,
               .summary = "Rows in quarantine."),
    FIELD_UINT(struct prune_report, "mutations", mutations, .flags = FIELD_REQUIRED,
               .summary = "Ids of items that are too old to come again."),
    FIELD_UINT(struct prune_report, "rejects", rejects, .flags = FIELD_REQUIRED,
               .summary = "Rejected items that were resolved."),
    FIELD_UINT(struct prune_report, "notifications", notifications, .flags = FIELD_REQUIRED,
               .summary = "Notifications that were read."),
    FIELD_UINT(struct prune_report, "conflicts", conflicts, .flags = FIELD_REQUIRED,
               .summary = "Conflicts between events that were resolved."),
    FIELD_UINT(struct prune_report, "webhookEvents", webhook_events, .flags = FIELD_REQUIRED,
               .summary = "Events of the payment provider."),
    FIELD_UINT(struct prune_report, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Learners whose history was folded."),
    FIELD_UINT(struct prune_report, "ledgerEntries", ledger_entries, .flags = FIELD_REQUIRED,
               .summary = "Entries of the history that were folded into one for each learner."),
};
const struct schema prune_report_schema =
    SCHEMA("PruneReport", struct prune_report, report_fields, .summary = "What a prune removed.");

struct prune_work {
  const struct repair_guard *guard;
  struct arena *arena;
  int64_t now_ms;
  int64_t before_ms;
  uint64_t after_user; /* the cursor, which these steps leave where it is */
  uint64_t units;      /* removed by the batch before: what is counted when the next is held */
  /* By the step: */
  uint64_t removed;
  bool goes_on; /* there may be more */
};

static bool hold(struct prune_work *work, struct db *db, struct error *error) {
  return job_step_hold(work->guard, db, work->after_user, work->units, error);
}

/* The steps that are one DELETE: their parameters are all of this shape. */
struct prune_batch {
  int64_t before;
  uint64_t limit_rows;
};

static bool delete_batch(struct prune_work *work, struct db *db, const struct db_statement *statement,
                         struct error *error) {
  struct prune_batch batch = {.before = work->before_ms, .limit_rows = PRUNE_ROWS};
  struct db_outcome outcome;
  if (!hold(work, db, error) || !db_run_exec(db, statement, &batch, error, &outcome)) return false;
  work->removed = outcome.affected;
  work->goes_on = outcome.affected == PRUNE_ROWS;
  return true;
}

static bool jobs_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_jobs_statement, error);
}
static bool workers_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_workers_statement, error);
}
static bool samples_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_samples_statement, error);
}
static bool quarantine_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_quarantine_statement, error);
}

static bool mutations_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_mutations_statement, error);
}
static bool rejects_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_rejects_statement, error);
}

static bool notifications_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_notifications_statement, error);
}

static bool conflicts_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_conflicts_statement, error);
}

static bool events_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_webhook_events_statement, error);
}
static bool waiting_events_step(struct db *db, void *context, struct error *error) {
  return delete_batch(context, db, &prune_waiting_webhook_events_statement, error);
}

static bool results_step(struct db *db, void *context, struct error *error) {
  struct prune_work *work = context;
  struct prune_pass_params old = {.before = work->before_ms};
  struct prune_pass_row pass;
  struct db_outcome rules;
  struct db_outcome audited;
  work->removed = 0;
  if (!prune_pass(db, &old, work->arena, error, &pass, &work->goes_on)) return false;
  if (!work->goes_on) return true;
  struct prune_rule_results_params of_rules = {.pass_id = pass.pass_id};
  struct prune_audit_results_params of_audit = {.pass_id = pass.pass_id, .limit_rows = PRUNE_ROWS};
  if (!hold(work, db, error) || !prune_rule_results(db, &of_rules, error, &rules) ||
      !prune_audit_results(db, &of_audit, error, &audited))
    return false;
  work->removed = rules.affected + audited.affected;
  return true;
}

static bool images_step(struct db *db, void *context, struct error *error) {
  struct prune_work *work = context;
  struct prune_run_find_params old = {.before = work->before_ms};
  struct prune_run_find_row run;
  struct db_outcome outcome = {.affected = 0};
  work->removed = 0;
  if (!prune_run_find(db, &old, work->arena, error, &run, &work->goes_on)) return false;
  if (!work->goes_on) return true;
  struct prune_mark_run_params mark = {.run_id = run.run_id, .now = work->now_ms};
  struct prune_images_params images = {.run_id = run.run_id, .limit_rows = PRUNE_ROWS};
  if (!hold(work, db, error)) return false;
  if (!run.is_marked) return prune_mark_run(db, &mark, error, &outcome);
  if (!prune_images(db, &images, error, &outcome)) return false;
  work->removed = outcome.affected;
  return true;
}

static bool run_steps(struct pool *pool, job_step_work step, int64_t days, struct prune_work *work,
                      struct error *error, uint64_t *removed) {
  struct arena_mark mark = arena_mark(work->arena);
  if (days == 0) return true;
  work->before_ms = work->now_ms - days * DAY_MS;
  do {
    arena_rewind(work->arena, mark);
    if (!job_step_may_go_on(work->guard, error) || !job_step_run(pool, step, work, error)) return false;
    work->units = work->removed;
    *removed += work->removed;
  } while (work->goes_on);
  return true;
}

/* Of what learners are shown: replies leave out, by whole days of the learner's, what ended longer ago than
 * that; what is removed was left out before, wherever the learner is. */
static int64_t shown_kept(int64_t days) { return days == 0 ? 0 : days + RETENTION_SHOWN_MARGIN_DAYS; }

bool prune_run(struct pool *pool, const struct retention_config *config, int64_t now_ms, uint64_t after_user,
               const struct repair_guard *guard, struct arena *arena, struct error *error,
               struct prune_report *ret_report) {
  struct prune_work work = {.guard = guard, .arena = arena, .now_ms = now_ms, .after_user = after_user};
  struct prune_report report = {.jobs = 0};
  if (!run_steps(pool, jobs_step, config->jobs_days, &work, error, &report.jobs) ||
      !run_steps(pool, workers_step, config->jobs_days, &work, error, &report.workers) ||
      !run_steps(pool, samples_step, config->results_days, &work, error, &report.samples) ||
      !run_steps(pool, results_step, config->results_days, &work, error, &report.results) ||
      !run_steps(pool, images_step, config->images_days, &work, error, &report.images) ||
      !run_steps(pool, quarantine_step, config->quarantine_days, &work, error, &report.quarantined) ||
      !run_steps(pool, mutations_step, config->mutations_days, &work, error, &report.mutations) ||
      !run_steps(pool, rejects_step, config->rejects_days, &work, error, &report.rejects) ||
      !run_steps(pool, notifications_step, shown_kept(config->notifications_days), &work, error,
                 &report.notifications) ||
      !run_steps(pool, conflicts_step, shown_kept(config->conflicts_days), &work, error, &report.conflicts) ||
      !run_steps(pool, events_step, config->webhook_events_days, &work, error, &report.webhook_events) ||
      !run_steps(pool, waiting_events_step, config->webhook_waiting_days, &work, error,
                 &report.webhook_events))
    return false;
  if (config->ledger_days != 0 && !prune_fold(pool, now_ms - config->ledger_days * DAY_MS, after_user, guard,
                                              arena, error, &report.learners, &report.ledger_entries))
    return false;
  *ret_report = report;
  return true;
}
