/* How events have gone from each system to the others: of one learner, and of all. A pair is healthy, delayed
 * or failed by how long the oldest event of its source has been waiting for another try (events.delayed_s,
 * events.failed_s), or in conflict while the learner has to decide about one of its events. */
#ifndef LOCKSTEP_EVENT_SYNC_STATUS_H
#define LOCKSTEP_EVENT_SYNC_STATUS_H

#include "event/intake.h"

#define SYNC_PAIRS_MAX (EVENT_SYSTEMS * (EVENT_SYSTEMS - 1))
#define SYNC_WAITING_MAX 2000 /* events, and conflicts, of the whole platform that are counted */

/* Each is worse than the one before. */
enum sync_state { SYNC_STATE_HEALTHY, SYNC_STATE_CONFLICT, SYNC_STATE_DELAYED, SYNC_STATE_FAILED };
extern const char *const sync_state_names[]; /* NULL-terminated */

struct sync_pair {
  const char *source_system;
  const char *target_system;
  int status;         /* enum sync_state */
  uint64_t pending;   /* events of the source that wait for another try */
  uint64_t conflicts; /* open ones that events of the source are in */
  int64_t last_sync_ms;
  enum presence last_sync_given; /* null: nothing has gone through yet */
  int64_t delay_ms;              /* of the oldest that waits; of the last that went through where none does */
};

struct sync_report {
  enum sync_state status; /* of the worst pair */
  struct sync_pair pairs[SYNC_PAIRS_MAX];
  size_t pair_count;
};

/* Once for a transaction, after everything else of it: of each intake's sources, that what they sent went
 * through; where an event waits, or a conflict came or went, also what waits from now on. */
bool sync_status_note(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;

/* As things stand at `now_ms`. `user_id` 0: of everybody, by reads that do not grow with the learners,
 * counting no more than SYNC_WAITING_MAX of what waits. In the caller's transaction; texts in the arena. */
bool sync_status_look(struct db *db, const struct events_config *config, uint64_t user_id, int64_t now_ms,
                      struct arena *arena, struct error *error, struct sync_report *ret_report) WARN_UNUSED;

#endif
