/* The jobs of this room: prune, delete_user. */
#ifndef LOCKSTEP_ACCOUNT_ACCOUNT_JOBS_H
#define LOCKSTEP_ACCOUNT_ACCOUNT_JOBS_H

#include "job/job.h"

extern const struct job_kind_table account_job_kinds;

#endif
