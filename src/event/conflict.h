/* Events that contradict each other about one activity. docs/conflicts.md is the definition; this is its
 * code.
 *
 *   compare, find, weigh   what two events, a new one against its peers, and the events of one conflict are
 * to each other (conflict_detect.c) resolve                what each of the four resolutions makes of a
 * conflict's events (conflict_resolve.c)
 *
 * are pure: no database, no clock. So is what the learner's own word makes of it (conflict_review.c).
 * conflict_judge and conflict_write put them to work within the intake of an
 * event (conflict.c), conflict_settle for the learner who decides (conflict_settle.c). */
#ifndef LOCKSTEP_EVENT_CONFLICT_H
#define LOCKSTEP_EVENT_CONFLICT_H

#include "event/around.h"

#define CONFLICT_PEERS_MAX 50   /* that are looked at on either side of an event's moment */
#define CONFLICT_EVENTS_MAX 100 /* of one conflict */
#define CONFLICT_SURE 1000      /* confidence is counted in thousandths */

/* In the order of which comes first where an event is in conflict with several. */
enum conflict_kind { CONFLICT_STATUS, CONFLICT_DATA, CONFLICT_TIMESTAMP, CONFLICT_DUPLICATE, CONFLICT_NONE };
extern const char *const conflict_kind_names[]; /* NULL-terminated, without "none" */

enum conflict_impact { IMPACT_LOW, IMPACT_MEDIUM, IMPACT_HIGH };
extern const char *const conflict_impact_names[];

/* Of two that are as sure, the lower one is suggested. */
enum resolution_type {
  RESOLUTION_MANUAL_REVIEW,
  RESOLUTION_USE_LATEST,
  RESOLUTION_USE_MOST_COMPLETE,
  RESOLUTION_MERGE_DATA
};
#define RESOLUTION_TYPES 4
extern const char *const resolution_type_names[];

/* What two events, or all of a conflict, are to each other. With CONFLICT_NONE the rest means nothing. */
struct conflict_weight {
  enum conflict_kind kind;
  enum resolution_type suggestion;
  unsigned confidence; /* thousandths */
  enum conflict_impact impact;
};

/* Two events of the same activity; which is which does not matter. `data` and `day` of both are read. */
struct conflict_weight conflict_compare(const struct event *one, const struct event *other,
                                        const struct events_config *config);

/* The kind of a new event against its peers, which stand in the order in which they were taken in, and which
 * of them are in it; ret_chosen has room for count. */
enum conflict_kind conflict_find(const struct event *fresh, const struct event *peers, size_t count,
                                 const struct events_config *config, size_t *ret_chosen,
                                 size_t *ret_chosen_count);

/* Of a conflict's events, two or more. */
struct conflict_weight conflict_weigh(const struct event *events, size_t count,
                                      const struct events_config *config);

/* What a resolution makes of a conflict's events. */
struct resolution {
  enum resolution_type type;
  size_t winner; /* which of the events carries it */
  int64_t happened_at_ms;
  struct event_data data; /* its status is data.completion_status */
  double time_spent;      /* minutes, to the hundredth */
};

/* Events in the order in which they were taken in. RESOLUTION_MANUAL_REVIEW gives what the learner's word is
 * laid over. False only where the arena is full. */
bool conflict_resolve(const struct event *events, size_t count, enum resolution_type type,
                      struct arena *arena, struct error *error,
                      struct resolution *ret_resolution) WARN_UNUSED;

/* Of a repeat that is set aside: merges it into the one that was there first, which stays the winner and
 * keeps its moment. */
bool conflict_absorb(const struct event events[2], struct arena *arena, struct error *error,
                     struct resolution *ret_resolution) WARN_UNUSED;

/* Lays userData, a JSON object, over what conflict_resolve gave for RESOLUTION_MANUAL_REVIEW, and checks what
 * comes of it: ERROR_MALFORMED, ERROR_UNPROCESSABLE, by field of userData. */
bool conflict_review(const struct event *events, const char *user_data, struct arena *arena,
                     struct error *error, struct resolution *resolution) WARN_UNUSED;

/* Which of the events each resolution takes. */
size_t conflict_latest(const struct event *events, size_t count);
size_t conflict_most_complete(const struct event *events, size_t count);

/* --- As it is shown -------------------------------------------------------------------------------- */

struct resolution_view {
  const char *resolution_type;
  const char *resolved_data; /* JSON */
  const char *reasoning;
  double confidence;
  const char *winner;     /* id of the event that carries it */
  int64_t happened_at_ms; /* the moment that it counts for */
};
struct conflict_event_view {
  const char *id;
  int event_type;
  int source_system;
  const char *event_data; /* JSON, as it came; NULL in the reply to an event */
  int64_t timestamp_ms;
  int64_t happened_at_ms;
  const char *outcome; /* as it is now */
};
struct conflict_view {
  uint64_t id;
  int conflict_type; /* enum conflict_kind */
  int status;        /* 0: "unresolved", 1: "resolved" */
  int activity_type;
  const char *activity_id;
  struct field_list events; /* struct conflict_event_view, in the order in which they were taken in */
  struct resolution_view suggested;
  bool requires_user_input;
  int impact;
  struct resolution_view resolution; /* what was done about it */
  enum presence resolution_given;
  const char *resolved_by; /* "settlement", or the actor */
  int64_t resolved_at_ms;
  enum presence resolved_at_given;
  int64_t created_at_ms;
  uint64_t revision;
};
extern const struct schema conflict_view_schema;
extern const struct schema resolution_view_schema;

/* --- Within the intake of an event ------------------------------------------------------------------ */

/* What conflict_judge found, for conflict_write. */
struct conflict_verdict {
  enum conflict_kind kind;
  bool joins;           /* an open conflict */
  uint64_t conflict_id; /* which one, and since when */
  int64_t created_at_ms;
  const struct event *events; /* of the conflict, in order, the new one last */
  size_t count;
  struct conflict_weight weight;
  struct resolution suggested;
  bool settled; /* by what is suggested */
};

/* How far from an event's moment those lie that it may conflict with, on either side. */
int64_t conflict_window_ms(const struct event *event, const struct events_config *config);

/* Before the event's row is written, with what is around its activity within that window: whether it
 * contradicts, repeats or corroborates what is known of its activity. An event that carries a resolution
 * becomes what is resolved: status, time_spent, happened_at_ms, day, data, resolved_text. Its outcome says
 * what is to become of it. ERROR_UNPROCESSABLE where the conflict that it would join is full. Reads only. */
bool conflict_judge(struct event_intake *intake, struct event *event, const struct event_around *around,
                    struct conflict_verdict *ret_verdict, struct error *error) WARN_UNUSED;

/* After the event's row is written and, where it is applied, counted (activity_count): the conflict's rows,
 * what becomes of its other events, the activity counted anew where one of those had counted, what is
 * reported to the ledger, the notification where it waits; and where one that had counted says more now, what
 * follows from that. Adds to result->conflicts. Nothing where there is none. */
bool conflict_write(struct event_intake *intake, const struct event *event,
                    const struct conflict_verdict *verdict, struct event_result *result,
                    struct error *error) WARN_UNUSED;

#endif
