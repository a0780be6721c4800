/* The jobs of this room: audit, refresh_percentiles. */
#ifndef LOCKSTEP_LEARNER_LEARNER_JOBS_H
#define LOCKSTEP_LEARNER_LEARNER_JOBS_H

#include "job/job.h"

extern const struct job_kind_table learner_job_kinds;

#endif
