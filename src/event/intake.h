/* Taking in progress events: the one way by which anything of a learner's counts as an event. The endpoint of
 * events, the endpoints of todos, calendar, paths and videos, the retry job and the resolution of a conflict
 * all come through here. */
#ifndef LOCKSTEP_EVENT_INTAKE_H
#define LOCKSTEP_EVENT_INTAKE_H

#include "base/zone.h"
#include "config/config.h"
#include "event/event.h"
#include "ledger/ledger.h"

/* One learner's events on their way through a transaction: what the stages share. */
struct event_intake {
  struct ledger_tx *tx;
  struct ledger_entry *entry; /* the learner, under the lock */
  const struct config *config;
  struct zone_cache *zones;
  const struct award_table *awards; /* event/award.h; read once a process */
  int64_t now_ms;
};

/* What came of one event; what its reply says, and what is kept in progress_events.result. Every part of the
 * pipeline adds its own. */
struct event_result {
  const char *event_id;
  const char *status;               /* "applied", "duplicate", "conflict", "rejected", "pending" */
  struct field_list synced_systems; /* const char *: every target now in step */
  struct field_list conflicts;      /* struct conflict_view, event/conflict.h */
  struct field_list achievements;   /* struct achievement_view, event/award.h */
  struct field_list milestones;     /* struct milestone_view */
  struct field_list errors;         /* struct event_problem */
  double total_processing_time;     /* ms */
};
/* {system?, message} */
struct event_problem {
  const char *system;
  const char *message;
};
extern const struct schema event_result_schema;

/* For the endpoints of the systems: takes one event as part of the caller's own transaction, after the caller
 * has written its row (a todo that was ticked, a video that was watched to its end). The event's id is made
 * of `because` where the body has none, so that the same change is the same event. Reports its changes. */
bool event_take(struct event_intake *intake, struct event_body *body, struct error *error,
                struct event_result *ret_result) WARN_UNUSED;

#endif
