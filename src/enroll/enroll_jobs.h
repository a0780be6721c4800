/* The jobs of this room: delete_course, delete_chapter, refresh_analytics. */
#ifndef LOCKSTEP_ENROLL_ENROLL_JOBS_H
#define LOCKSTEP_ENROLL_ENROLL_JOBS_H

#include "job/job.h"

extern const struct job_kind_table enroll_job_kinds;

#endif
