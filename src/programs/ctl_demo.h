/* The parts of lockstepctl's demo. */
#ifndef LOCKSTEP_PROGRAMS_CTL_DEMO_H
#define LOCKSTEP_PROGRAMS_CTL_DEMO_H

#include "programs/ctl.h"

/* Tells, as events, what the student did in the last days. Once told, the same again changes nothing. */
bool ctl_demo_tell(struct ctl *ctl, uint64_t user_id, struct error *error) WARN_UNUSED;

#endif
