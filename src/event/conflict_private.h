/* Inside conflicts only: their rows, and what is shown of them. */
#ifndef LOCKSTEP_EVENT_CONFLICT_PRIVATE_H
#define LOCKSTEP_EVENT_CONFLICT_PRIVATE_H

#include "event/conflict.h"

#define CONFLICT_DATA_BYTES ((size_t)256 * 1024) /* one event's data as JSON */
#define CONFLICT_SETTLEMENT "settlement"         /* resolved_by, where nobody was asked */

/* --- Rows: conflict_rows.c --------------------------------------------------------------------------- */

/* Events as they are read back: as they count, and beside that their data as they came. */
struct conflict_events {
  struct event *events;
  const char **came;
  size_t count;
};

/* The final events that one of its moment may conflict with, or those that it may repeat, in order. */
bool conflict_read_peers(struct event_intake *intake, const struct event *event, struct error *error,
                         struct conflict_events *ret_peers) WARN_UNUSED;
/* Those of some conflicts of the learner, conflict by conflict; ret_of, where it is not NULL, says of each
 * event which one that is. */
bool conflict_read_events(struct db *db, uint64_t user_id, const uint64_t *ids, size_t id_count,
                          struct arena *arena, struct error *error, struct conflict_events *ret_events,
                          const uint64_t **ret_of) WARN_UNUSED;
/* Whether an event that counts, and is none of these, says completed; or (not only_completed) anything but
 * skipped. */
bool conflict_others_say(struct db *db, uint64_t user_id, const struct event *events, size_t count,
                         bool only_completed, struct arena *arena, struct error *error,
                         bool *ret_say) WARN_UNUSED;
/* Whether the resolution takes back that the activity is completed. */
bool conflict_takes_back(struct db *db, uint64_t user_id, const struct event *events, size_t count,
                         const struct resolution *resolution, struct arena *arena, struct error *error,
                         bool *ret_takes) WARN_UNUSED;

/* Makes an event what a resolution says of it. Its data_text stays as it came. */
void conflict_apply(struct event_intake *intake, const struct resolution *resolution, struct event *event);
/* Data as the columns keep them; NULL: no memory. */
const char *conflict_data_text(const struct event_data *data, struct arena *arena);
/* The event of a conflict that carries what was made of it. */
bool conflict_write_winner(struct event_intake *intake, const struct event *event,
                           const struct resolution *resolution, enum event_outcome outcome,
                           struct error *error) WARN_UNUSED;
/* Writes what the others of a conflict become, and its winner, where that has a row already. Nothing is
 * counted here. `fresh`: the last event has no row yet that this would have to change. */
bool conflict_write_outcomes(struct event_intake *intake, const struct event *events, size_t count,
                             const struct resolution *resolution, bool fresh,
                             struct error *error) WARN_UNUSED;
/* The events of a conflict; those that it has already stay. */
bool conflict_write_events(struct event_intake *intake, uint64_t id, const struct event *events, size_t count,
                           struct error *error) WARN_UNUSED;

/* --- What is shown: conflict_view.c ------------------------------------------------------------------ */

/* Why that is suggested, in a sentence. */
const char *conflict_reasoning(const struct conflict_weight *weight);
bool conflict_show_resolution(const struct event *events, const struct resolution *resolution,
                              const char *reasoning, double confidence, struct arena *arena,
                              struct error *error, struct resolution_view *ret_view) WARN_UNUSED;
/* As the columns keep it; NULL: no memory. */
const char *conflict_resolution_text(const struct resolution_view *view, struct arena *arena);
/* `came` may be NULL: without their data. */
bool conflict_show_events(const struct event *events, const char *const *came, size_t count,
                          struct arena *arena, struct error *error, struct field_list *ret_list) WARN_UNUSED;
/* One of a list of names; 0 where it is none of them, which no constraint allows. */
int conflict_name_index(const char *const *names, const char *name);

#endif
