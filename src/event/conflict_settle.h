/* What the learner decides about a conflict that waits, and what is shown of conflicts beforehand. */
#ifndef LOCKSTEP_EVENT_CONFLICT_SETTLE_H
#define LOCKSTEP_EVENT_CONFLICT_SETTLE_H

#include "event/conflict.h"

#define CONFLICT_LIST_MAX 1000 /* that a reply shows; more come by pages */

/* --- Deciding: conflict_settle.c ----------------------------------------------------------------------- */

/* The input of an entry of conflict_settle_kind. */
struct conflict_choice {
  const struct event_host *host;
  uint64_t conflict_id;
  enum resolution_type type;
  const char *user_data; /* JSON; NULL: none */
};
struct conflict_settled {
  bool success;
  const char *message;
  struct conflict_view conflict;
  struct field_list achievements;
  struct field_list milestones;
  uint64_t revision;
};
extern const struct schema conflict_settled_schema;

/* One choice an entry: what of it counts, propagates, is undone and awarded, in one transaction. The entry's
 * error: ERROR_NOT_FOUND; ERROR_CONFLICT where it was resolved before; what conflict_review says. */
extern const struct ledger_kind conflict_settle_kind;

/* --- Showing: conflict_list.c -------------------------------------------------------------------------- */

enum conflict_state { CONFLICTS_UNRESOLVED, CONFLICTS_RESOLVED, CONFLICTS_ALL };

struct conflict_query {
  int state; /* enum conflict_state */
  int impact;
  enum presence impact_given;
  int kind;
  enum presence kind_given;
  uint64_t limit;
  enum presence limit_given;
  uint64_t after;
  enum presence after_given;
};
extern const struct schema conflict_query_schema;
struct conflict_list_reply {
  struct field_list conflicts; /* struct conflict_view */
  uint64_t next_after;
  enum presence next_after_given;
};
extern const struct schema conflict_list_schema;

/* Leaves out what was resolved before `resolved_since_ms`. */
bool conflict_read_list(struct db *db, const struct conflict_query *query, uint64_t user_id,
                        int64_t resolved_since_ms, struct arena *arena, struct error *error,
                        struct conflict_list_reply *ret_reply) WARN_UNUSED;
/* One of the learner's; ERROR_NOT_FOUND. */
bool conflict_read_one(struct db *db, uint64_t user_id, uint64_t id, struct arena *arena, struct error *error,
                       struct conflict_view *ret_view) WARN_UNUSED;

/* What each of the four would make of it. */
struct conflict_preview {
  uint64_t id;
  struct field_list resolutions; /* struct conflict_option */
};
extern const struct schema conflict_preview_schema;
/* ERROR_NOT_FOUND; ERROR_CONFLICT where it was resolved before. */
bool conflict_read_preview(struct db *db, uint64_t user_id, uint64_t id, struct arena *arena,
                           struct error *error, struct conflict_preview *ret_preview) WARN_UNUSED;

#endif
