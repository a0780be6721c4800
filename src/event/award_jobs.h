/* The job recompute_achievements. */
#ifndef LOCKSTEP_EVENT_AWARD_JOBS_H
#define LOCKSTEP_EVENT_AWARD_JOBS_H

#include "job/job.h"

extern const struct job_kind_table award_job_kinds;

#endif
