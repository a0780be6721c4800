/* The kinds of jobs as whoever orders one is shown them: from the tables that the program runs by. */
#ifndef LOCKSTEP_JOB_JOB_KIND_LIST_H
#define LOCKSTEP_JOB_JOB_KIND_LIST_H

#include "job/job.h"

struct job_kind_list {
  struct field_list kinds; /* in the arena */
};

extern const struct schema job_kind_list_schema;

bool job_kind_list_read(struct arena *arena, struct error *error, struct job_kind_list *ret_list) WARN_UNUSED;

#endif
