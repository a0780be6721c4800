#include "sync/sync_act.h"

#include <inttypes.h>

#include "job/job_accept.h"
#include "rule/pass.h"

#include "base/banned.h"

#define ADVICE "Send confirmOverLimit to go on all the same."

static const struct field act_fields[] = {
    FIELD_BOOL(struct sync_act, "success", success, .flags = FIELD_REQUIRED, .summary = "Always true here."),
    FIELD_TEXT(struct sync_act, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, in words."),
    FIELD_UINT(struct sync_act, "jobId", job_id, .presence = PRESENCE(struct sync_act, job_given),
               .summary = "The job that does it (202)."),
    FIELD_UINT(struct sync_act, "planId", plan_id, .presence = PRESENCE(struct sync_act, plan_given),
               .summary = "Of a dry run: the plan to apply."),
    FIELD_TEXT(struct sync_act, "digest", digest, .summary = "Of a dry run: the plan's digest."),
    FIELD_OBJECT(struct sync_act, "run", run, .object = &sync_run_schema,
                 .presence = PRESENCE(struct sync_act, run_given), .summary = "The run, when it is done."),
    FIELD_LIST(struct sync_act, "rows", rows, .object = &sync_row_schema,
               .presence = PRESENCE(struct sync_act, rows_given), .maximum = SYNC_ROWS_MAX,
               .summary = "Its first rows; GET /api/admin/repairs/{id} has all."),
};
const struct schema sync_act_schema =
    SCHEMA("RepairOutcome", struct sync_act, act_fields, .summary = "What became of it.");

struct repair_engine sync_engine(const struct request *request) {
  const struct app *app = request->app;
  return (struct repair_engine){.set = app->rules, .pool = app->pool, .config = app->config};
}

static const char *describe(struct request *request, const struct repair_summary *summary) {
  if (summary->state == REPAIR_PLANNED)
    return arena_printf(request->arena, "This would change %" PRIu64 " of %" PRIu64 " learners.",
                        summary->learners_changed, summary->learners);
  if (summary->is_rollback)
    return arena_printf(request->arena, "Run %" PRIu64 " was rolled back for %" PRIu64 " learners.",
                        summary->rolls_back, summary->learners_changed);
  return arena_printf(request->arena, "%" PRIu64 " of %" PRIu64 " learners were changed.",
                      summary->learners_changed, summary->learners);
}

static bool tell(struct request *request, uint64_t run_id, struct error *error, struct sync_act *reply) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_summary summary;
  struct repair_row *rows;
  if (!request_borrow(request, error, &lease) ||
      !sync_run_read(lease.db, run_id, request->arena, error, &summary) ||
      !sync_run_take(&summary, request->arena, error, &reply->run) ||
      !repair_rows_read(lease.db, run_id, NULL, 0, 0, SYNC_ROWS_MAX, request->arena, error, &rows,
                        &reply->rows.count))
    return false;
  reply->rows.items = rows;
  reply->rows_given = reply->run_given = PRESENCE_GIVEN;
  if (summary.state == REPAIR_PLANNED) {
    reply->plan_id = summary.id;
    reply->plan_given = PRESENCE_GIVEN;
    reply->digest = summary.digest;
  }
  reply->success = true;
  reply->message = describe(request, &summary);
  return reply->message != NULL || error_set_memory(error);
}

bool sync_act(struct request *request, const struct sync_task *task, struct error *error,
              struct sync_act *reply) {
  struct repair_engine engine = sync_engine(request);
  struct job_order job;
  uint64_t run_id;
  if (!task->is_job) {
    bool is_of_one = task->order.user_id != 0 && !task->order.dry_run;
    return sync_task_run(&engine, task, request->principal.actor, ADVICE, request->arena, error, &run_id) &&
           (!is_of_one || pass_score(&engine, task->order.user_id, request->arena, error)) &&
           tell(request, run_id, error, reply);
  }
  if (!sync_task_order(task, request->arena, error, &job) ||
      !job_accept(request, &job, error, &reply->job_id))
    return false;
  reply->job_given = PRESENCE_GIVEN;
  reply->success = true;
  reply->message = task->message;
  return true;
}
