/* Taking in progress events: the one way by which anything of a learner's counts as an event. The endpoint of
 * events, the endpoints of todos, calendar, paths and videos, the retry job and the resolution of a conflict
 * all come through here. */
#ifndef LOCKSTEP_EVENT_INTAKE_H
#define LOCKSTEP_EVENT_INTAKE_H

#include "base/zone.h"
#include "config/config.h"
#include "event/event.h"
#include "event/tally.h"
#include "ledger/ledger.h"

/* A practice day of the learner's, and how much is to be added to its count (event/activity.h). */
struct event_day {
  int32_t day;
  int64_t put_off;
};

/* Where the learner stands in the journey after an intake; written once, at its end (cascade_finish). */
struct event_journey {
  bool moved;
  const char *path_id; /* NULL: as it was */
  const char *step_id;
  int64_t latest_ms; /* of what was completed; 0: nothing was */
};

/* One learner's events on their way through a transaction: what the stages share. */
struct event_intake {
  struct ledger_tx *tx;
  struct ledger_entry *entry; /* the learner, under the lock */
  const struct config *config;
  struct zone_cache *zones;
  const struct award_table *awards; /* event/award.h; read once a process */
  int64_t now_ms;
  const struct error *failure; /* of event_take: NULL; or how it went the last time, and the event is kept to
                                  be tried again later */
  struct event_day *days;
  size_t day_count;
  size_t day_capacity;
  bool sources[EVENT_SYSTEMS]; /* whose events it took in, or drew into a conflict */
  bool stirred;                /* events came to wait, or no longer do: for another try, or in a conflict */
  struct event_sum *sums;      /* of changes, see event_report */
  size_t sum_count;
  struct event_insert_params *rows; /* that nothing needs before the end, see intake_put_off_row */
  size_t row_count;
  struct tally tally;
  struct award_memo *award_memo; /* what the learner has, see award_memo.c */
  struct event_journey journey;
};

/* What processes lend to an intake. */
struct event_host {
  const struct config *config;
  struct zone_cache *zones;
  const struct award_table *awards;
};

/* Several events of one learner. */
struct event_submit {
  struct ledger *ledger;
  const struct event_host *host;
  uint64_t user_id;
  const char *actor;
  struct event_body *bodies;
  size_t count;
  bool alone;            /* a single event: what refuses it is an error, not a result */
  const char *op_id;     /* of the batch; NULL: its events are known by their own ids alone */
  const char *id_prefix; /* of the ids of events that have none; NULL: they are made at random */
  struct db_hash request_hash;
  struct arena *arena;
};

/* What came of them. */
struct event_submitted {
  bool success;
  uint64_t revision;         /* the learner's, afterwards */
  struct field_list results; /* struct event_result, in the order of the bodies */
  int64_t db_ns;
};
extern const struct schema event_submitted_schema;
extern const struct schema event_answer_schema; /* of either reply of POST /events, for OpenAPI */

/* Takes them, all in one transaction; where the processing of one of them fails, apart from the others, and
 * keeps that one to be tried again. Completes the bodies. False: nothing was taken, or not all of it and the
 * database is away; the same again takes the rest. */
bool event_submit(struct event_submit *submit, struct error *error,
                  struct event_submitted *ret_submitted) WARN_UNUSED;

/* What came of one event; what its reply says, and what is kept in progress_events.result. Every part of the
 * pipeline adds its own. */
struct event_result {
  const char *event_id;
  const char *status;               /* "applied", "duplicate", "conflict", "rejected", "pending" */
  uint64_t revision;                /* the learner's, in which it was taken; 0: it was not */
  struct field_list synced_systems; /* const char *: every target now in step */
  struct field_list conflicts;      /* struct conflict_view, event/conflict.h */
  struct field_list achievements;   /* struct achievement_view, event/award.h */
  struct field_list milestones;     /* struct milestone_view */
  struct field_list errors;         /* struct event_problem */
  double total_processing_time;     /* ms */
};
/* {system?, field?, message} */
struct event_problem {
  const char *system;
  const char *field;
  const char *message;
};
extern const struct schema event_problem_schema;
extern const struct schema event_result_schema;

/* What a change says in the learner's history. Past half of what one entry can hold, changes are summed up by
 * what they are, and told once at the end. Every part of the pipeline reports by this. */
bool event_report(struct event_intake *intake, const struct ledger_change *change,
                  struct error *error) WARN_UNUSED;

/* For the endpoints of the systems: takes one event as part of the caller's own transaction, after the caller
 * has written its row (a todo that was ticked, a video that was watched to its end). One is made for a body
 * without an id; give one where the same change is to be the same event. Reports its changes.
 * ERROR_MALFORMED, ERROR_UNPROCESSABLE: it is refused, and the caller's work is to be undone with it. */
bool event_take(struct event_intake *intake, struct event_body *body, struct error *error,
                struct event_result *ret_result) WARN_UNUSED;

#endif
