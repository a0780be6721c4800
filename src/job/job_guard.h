/* What a domain function needs of the job that it works for, without knowing jobs: see repair_guard. */
#ifndef LOCKSTEP_JOB_JOB_GUARD_H
#define LOCKSTEP_JOB_JOB_GUARD_H

#include "job/job.h"
#include "rule/repair.h"

/* hold is job_hold, may_go_on is job_may_go_on. It borrows the job. */
struct repair_guard job_guard(struct job *job);

#endif
