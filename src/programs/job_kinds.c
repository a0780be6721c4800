/* The kinds of jobs of every room. */
#include "account/account_jobs.h"
#include "enroll/enroll_jobs.h"
#include "event/award_jobs.h"
#include "event/retry.h"
#include "job/job.h"
#include "learner/learner_jobs.h"
#include "sync/sync.h"

#include "base/banned.h"

const struct job_kind_table *const job_kind_tables[] = {&sync_job_kinds,
                                                        &learner_job_kinds,
                                                        &account_job_kinds,
                                                        &enroll_job_kinds,
                                                        &event_retry_job_kinds,
                                                        &award_job_kinds,
                                                        NULL};
