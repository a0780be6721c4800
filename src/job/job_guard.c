#include "job/job_guard.h"

#include "base/banned.h"

static bool guard_hold(void *context, struct db *db, uint64_t cursor, uint64_t units, struct error *error) {
  return job_hold(context, db, cursor, units, error);
}

static bool guard_may_go_on(void *context, struct error *error) { return job_may_go_on(context, error); }

struct repair_guard job_guard(struct job *job) {
  return (struct repair_guard){.hold = guard_hold, .may_go_on = guard_may_go_on, .context = job};
}
