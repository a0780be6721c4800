#include "event/award_jobs.h"

#include <inttypes.h>

#include "event/award_recompute.h"
#include "job/job_guard.h"

#include "base/banned.h"

struct recompute_params {
  uint64_t user_id;
};
static const struct field params_fields[] = {
    FIELD_UINT(struct recompute_params, "userId", user_id, .flags = FIELD_USER, .minimum = 1,
               .maximum = INT64_MAX, .summary = "Only this learner; everybody, when not sent."),
};
static const struct schema params_schema =
    SCHEMA("RecomputeAchievementsParams", struct recompute_params, params_fields,
           .summary = "Whose achievements are looked at.");

static bool recompute_prepare(struct job *job, const void *params, struct error *error) {
  const struct recompute_params *wish = params;
  (void)error;
  if (wish->user_id == 0) job_split(job);
  return true;
}

static bool recompute_job(struct job *job, const void *params, struct error *error) {
  const struct recompute_params *wish = params;
  struct repair_guard guard = job_guard(job);
  const struct award_host host = {.pool = job->app->pool,
                                  .ledger = job->app->ledger,
                                  .config = job->app->config,
                                  .awards = job->app->awards,
                                  .actor = job->actor};
  struct award_recomputed done;
  uint64_t before = job->range_from == 0 ? 0 : job->range_from - 1;
  uint64_t to_user = job->range_to;
  if (wish->user_id != 0) before = wish->user_id - 1;
  if (wish->user_id != 0) to_user = wish->user_id;
  if (job->cursor_at > before) before = job->cursor_at;
  if (!award_recompute(&host, before, to_user, &guard, job->arena, error, &done)) return false;
  job->report = arena_printf(job->arena, "{\"achievements\":%" PRIu64 ",\"milestones\":%" PRIu64 "}",
                             done.achievements, done.milestones);
  return job->report != NULL || error_set_memory(error);
}

static const struct job_kind rows[] = {
    {.name = "recompute_achievements",
     .params = &params_schema,
     .work = recompute_job,
     .prepare = recompute_prepare,
     .unit = "learners",
     .summary = "Awards the achievements and milestones that history proves and that are missing."},
};
const struct job_kind_table award_job_kinds = JOB_KIND_TABLE(rows);
