/* The transactions of a job's work: each borrows a connection, is held first, committed, and run again where
 * the server asks for it. */
#ifndef LOCKSTEP_JOB_JOB_STEP_H
#define LOCKSTEP_JOB_JOB_STEP_H

#include "db/pool.h"
#include "rule/repair.h"

#define JOB_STEP_TRIES 6

/* One transaction. It derives everything from the database and its context, and keeps nothing from a try
 * before; before it writes anything it calls job_step_hold. */
typedef bool (*job_step_work)(struct db *db, void *context, struct error *error);

bool job_step_run(struct pool *pool, job_step_work work, void *context, struct error *error) WARN_UNUSED;

/* repair_guard's functions; without a guard nobody has to be asked. */
bool job_step_hold(const struct repair_guard *guard, struct db *db, uint64_t cursor, uint64_t units,
                   struct error *error) WARN_UNUSED;
bool job_step_may_go_on(const struct repair_guard *guard, struct error *error) WARN_UNUSED;

#endif
