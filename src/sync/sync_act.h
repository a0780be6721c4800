/* The replies of what changes something, and the steps that they share: of this room's endpoints, and of
 * those of other rooms that let somebody repair. */
#ifndef LOCKSTEP_SYNC_SYNC_ACT_H
#define LOCKSTEP_SYNC_SYNC_ACT_H

#include "http/request.h"
#include "sync/sync_run.h"
#include "sync/sync_task.h"

struct sync_act {
  bool success;
  const char *message;
  uint64_t job_id;
  enum presence job_given;
  uint64_t plan_id;
  enum presence plan_given;
  const char *digest;
  struct sync_run run;
  enum presence run_given;
  struct field_list rows; /* struct repair_row */
  enum presence rows_given;
};
extern const struct schema sync_act_schema;

struct repair_engine sync_engine(const struct request *request);
/* Does the task: at once, and tells what it did; or by a job, which makes the reply a 202. */
bool sync_act(struct request *request, const struct sync_task *task, struct error *error,
              struct sync_act *reply) WARN_UNUSED;

#endif
