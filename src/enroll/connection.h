/* GET /api/sync/connection: what a client that polls has to know, and what moved since it last asked. */
#ifndef LOCKSTEP_ENROLL_CONNECTION_H
#define LOCKSTEP_ENROLL_CONNECTION_H

#include "db/db.h"
#include "schema/field.h"

#define CONNECTION_POLL_MS 15000
#define CONNECTION_CHANGES_MAX 200 /* who missed more reads everything anew */

struct connection_query {
  uint64_t since;
  enum presence since_given;
};
extern const struct schema connection_query_schema;

struct connection_change {
  uint64_t revision;
  const char *kind;
  int64_t at_ms;
  const char *changes; /* JSON */
};

struct connection_reply {
  uint64_t revision;
  int64_t server_time_ms;
  int64_t enrolled_courses;
  int64_t pending_requests;
  int64_t poll_interval_ms;
  struct field_list changes; /* struct connection_change, oldest first */
  bool resync;
};
extern const struct schema connection_reply_schema;

/* Within the snapshot that `db` has open. Without `since` there are no changes to tell. `resync`: what
 * lies between `since` and now cannot be told: it is unknown, folded away, or too much. */
bool connection_read(struct db *db, const struct connection_query *query, uint64_t user_id, int64_t now_ms,
                     struct arena *arena, struct error *error,
                     struct connection_reply *ret_reply) WARN_UNUSED;

#endif
