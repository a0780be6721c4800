#include "sync/sync_task.h"

#include <inttypes.h>
#include <string.h>

#include "queries/learner.h"
#include "schema/encode.h"
#include "sync/sync_pass.h"
#include "sync/sync_run.h"

#include "base/banned.h"

#define PARAMS_BYTES_MAX ((size_t)64 * 1024)
#define DEDUPE_KEY_MAX 190     /* sync_jobs.dedupe_key */
#define AT_ONCE_ROWS_MAX 20000 /* undone within a request; of more, a job */

static bool repairs_are_on(const struct repair_engine *engine, struct db *db, struct arena *arena,
                           struct error *error) {
  struct sync_pauses pauses;
  if (!engine->config->rules.enabled)
    return error_set(error, ERROR_CONFLICT, "Repairs are switched off (rules.enabled).");
  if (!sync_pauses_read(db, arena, error, &pauses)) return false;
  return !pauses.all || error_set(error, ERROR_CONFLICT, "Repairs are switched off: every rule is paused.");
}

bool sync_task_learner(struct db *db, uint64_t user_id, struct arena *arena, struct error *error) {
  struct learner_exists_params params = {.user_id = user_id};
  struct learner_exists_row row;
  bool found;
  if (!learner_exists(db, &params, arena, error, &row, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such learner: %" PRIu64 ".", user_id);
}

static bool take_plan(struct db *db, struct arena *arena, struct error *error, struct sync_task *task) {
  struct repair_summary plan;
  if (!sync_run_read(db, task->order.plan_id, arena, error, &plan)) return false;
  if (!plan.dry_run || plan.state != REPAIR_PLANNED)
    return error_set(error, ERROR_CONFLICT, "Run %" PRIu64 " is no plan that could be applied: it is %s.",
                     plan.id, repair_state_names[plan.state]);
  task->is_job = !sync_run_is_of_one(&plan);
  task->message = "The plan will be applied by a job.";
  return true;
}

bool sync_task_fix(const struct repair_engine *engine, struct db *db, const struct sync_order *order,
                   struct arena *arena, struct error *error, struct sync_task *ret_task) {
  struct sync_task task = {.order = *order,
                           .is_job = true,
                           .kind = order->dry_run ? "repair_plan" : "auto_fix",
                           .params = order->dry_run ? &sync_plan_schema : &sync_fix_schema,
                           .message = order->dry_run ? "The plan will be made by a job."
                                                     : "Everybody will be repaired by a job."};
  if (!sync_order_check(order, engine->set, error)) return false;
  if (!order->dry_run && !repairs_are_on(engine, db, arena, error)) return false;
  if (order->plan_given == PRESENCE_GIVEN) {
    if (!take_plan(db, arena, error, &task)) return false;
  } else if (order->user_given == PRESENCE_GIVEN) {
    if (!sync_task_learner(db, order->user_id, arena, error)) return false;
    task.is_job = false;
  }
  *ret_task = task;
  return true;
}

/* The same is asked once more when it is opened; here it spares a job that could only fail. */
static bool may_be_rolled_back(const struct repair_summary *run, struct error *error) {
  if (run->is_rollback)
    return error_set(
        error, ERROR_CONFLICT,
        "Run %" PRIu64 " is a rollback itself. Resume its rules to have its rows repaired again.", run->id);
  if (run->state == REPAIR_PLANNED || run->state == REPAIR_PLANNING)
    return error_set(error, ERROR_CONFLICT, "Run %" PRIu64 " is a plan: it has changed nothing.", run->id);
  if (run->state == REPAIR_RUNNING)
    return error_set(error, ERROR_CONFLICT, "Run %" PRIu64 " is still running.", run->id);
  if (run->rolled_back_by != 0)
    return error_set(error, ERROR_CONFLICT, "Run %" PRIu64 " was rolled back already, by run %" PRIu64 ".",
                     run->id, run->rolled_back_by);
  return true;
}

static uint64_t changed_rows(const struct repair_summary *run) {
  uint64_t rows = 0;
  for (size_t at = 0; at < run->count_count; at++)
    rows += run->counts[at].changed;
  return rows;
}

bool sync_task_rollback(const struct repair_engine *engine, struct db *db, uint64_t run_id,
                        struct arena *arena, struct error *error, struct sync_task *ret_task) {
  struct repair_summary run;
  if (!sync_run_read(db, run_id, arena, error, &run) || !may_be_rolled_back(&run, error) ||
      !repairs_are_on(engine, db, arena, error))
    return false;
  *ret_task = (struct sync_task){.order = {.run_id = run_id},
                                 .rolls_back = run_id,
                                 .from_user = run.from_user,
                                 .to_user = run.to_user,
                                 .is_job = !sync_run_is_of_one(&run) || changed_rows(&run) > AT_ONCE_ROWS_MAX,
                                 .kind = "rollback_repair",
                                 .params = &sync_rollback_schema,
                                 .message = "The run will be rolled back by a job."};
  return true;
}

bool sync_task_resume(const struct repair_engine *engine, struct db *db, uint64_t run_id, struct arena *arena,
                      struct error *error, uint64_t *ret_ended) {
  struct repair_summary run;
  if (!sync_run_read(db, run_id, arena, error, &run)) return false;
  if (!run.is_rollback && run.rolled_back_by == 0)
    return error_set(error, ERROR_CONFLICT, "Run %" PRIu64 " was not rolled back: it has paused nothing.",
                     run.id);
  return repair_resume(engine, db, NULL, true, run.is_rollback ? run.id : run.rolled_back_by, error,
                       ret_ended) &&
         db_commit(db, error);
}

bool sync_task_run(const struct repair_engine *engine, const struct sync_task *task, const char *actor,
                   const char *advice, struct arena *arena, struct error *error, uint64_t *ret_run_id) {
  const struct sync_order *order = &task->order;
  bool is_done;
  if (order->plan_given == PRESENCE_GIVEN) {
    is_done = repair_apply_plan(engine, order->plan_id, order->digest, order->confirm_over_limit, actor, NULL,
                                arena, error);
    if (is_done) *ret_run_id = order->plan_id;
  } else {
    struct repair_order repair = sync_order_repair(order);
    if (task->rolls_back != 0)
      repair = (struct repair_order){
          .from_user = task->from_user, .to_user = task->to_user, .rolls_back = task->rolls_back};
    repair.actor = actor;
    is_done = repair_run(engine, &repair, arena, error, ret_run_id);
  }
  if (!is_done) sync_order_advise(error, advice);
  return is_done;
}

bool sync_task_order(const struct sync_task *task, struct arena *arena, struct error *error,
                     struct job_order *ret_order) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PARAMS_BYTES_MAX);
  schema_encode_json(task->params, &task->order, &text);
  const char *params = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  const char *key = params == NULL ? NULL : arena_printf(arena, "%s:%s", task->kind, params);
  if (key == NULL) return error_set_memory(error);
  *ret_order = (struct job_order){.kind = task->kind,
                                  .params = params,
                                  .priority = 5,
                                  .dedupe_key = strlen(key) <= DEDUPE_KEY_MAX ? key : NULL};
  return true;
}
