#include "account/account_jobs.h"

#include "account/delete.h"
#include "account/prune.h"
#include "base/clock.h"
#include "job/job_guard.h"
#include "schema/encode.h"

#include "base/banned.h"

#define REPORT_BYTES_MAX ((size_t)64 * 1024)

static bool report(struct job *job, const struct schema *schema, const void *structure, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPORT_BYTES_MAX);
  schema_encode_json(schema, structure, &text);
  job->report = text.failed ? NULL : arena_strdup(job->arena, buffer_text(&text));
  return job->report != NULL || error_set_memory(error);
}

static bool prune_job(struct job *job, const void *params, struct error *error) {
  struct repair_guard guard = job_guard(job);
  struct prune_report pruned;
  (void)params;
  return prune_run(job->app->pool, &job->app->config->retention, clock_now_ms(), job->cursor_at, &guard,
                   job->arena, error, &pruned) &&
         report(job, &prune_report_schema, &pruned, error);
}

struct delete_params {
  uint64_t user_id;
};

static const struct field delete_fields[] = {
    FIELD_UINT(struct delete_params, "userId", user_id, .flags = FIELD_REQUIRED | FIELD_USER, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The learner to delete."),
};
static const struct schema delete_schema =
    SCHEMA("DeleteUserParams", struct delete_params, delete_fields, .summary = "Whom to delete, for good.");

static bool delete_job(struct job *job, const void *params, struct error *error) {
  const struct delete_params *wish = params;
  struct repair_guard guard = job_guard(job);
  struct delete_report deleted;
  return delete_learner(job->app->ledger, wish->user_id, job->actor, &guard, job->arena, error, &deleted) &&
         report(job, &delete_report_schema, &deleted, error);
}

static const struct job_kind rows[] = {
    {.name = "prune",
     .work = prune_job,
     .is_final = true,
     .unit = "rows",
     .summary = "Removes what the configuration's retention no longer keeps."},
    {.name = "delete_user",
     .params = &delete_schema,
     .work = delete_job,
     .is_final = true,
     .unit = "rows",
     .summary = "Deletes a learner for good: every row of theirs, in every table."},
};
const struct job_kind_table account_job_kinds = JOB_KIND_TABLE(rows);
