/* The replies of what changes something, and the steps that they share. Inside this room only. */
#ifndef LOCKSTEP_SYNC_SYNC_ACT_H
#define LOCKSTEP_SYNC_SYNC_ACT_H

#include "http/request.h"
#include "sync/sync_order.h"
#include "sync/sync_run.h"

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
/* Enqueues a job of the kind with these parameters; the same again is answered with the job that stands.
 * The reply becomes a 202. */
bool sync_act_defer(struct request *request, const char *kind, const struct schema *schema,
                    const struct sync_order *order, const char *message, struct error *error,
                    struct sync_act *reply) WARN_UNUSED;
/* What a run did, with its first rows. */
bool sync_act_tell(struct request *request, uint64_t run_id, struct error *error,
                   struct sync_act *reply) WARN_UNUSED;
/* ERROR_CONFLICT while the configuration, or a pause of every rule, stops all repairs. */
bool sync_repairs_are_on(struct request *request, struct error *error) WARN_UNUSED;

#endif
