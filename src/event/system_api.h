/* The faces of the systems: todos, calendar entries, learning paths, videos. Students for themselves,
 * services for the learner they name. */
#ifndef LOCKSTEP_EVENT_SYSTEM_API_H
#define LOCKSTEP_EVENT_SYSTEM_API_H

#include "event/system.h"
#include "http/endpoint.h"

extern const struct endpoint_table todo_endpoints;
extern const struct endpoint_table schedule_endpoints;
extern const struct endpoint_table path_endpoints;
extern const struct endpoint_table video_endpoints;

#define SYSTEM_READ_FLAGS (ENDPOINT_FRESH | ENDPOINT_TAGS_REPLY | ENDPOINT_SERVICE)
#define SYSTEM_WRITE_FLAGS \
  (ENDPOINT_NEEDS_LEARNER | ENDPOINT_SERVICE | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY)

/* Runs an operation on the row that path and body name, as one of the learner's, and answers with its reply,
 * a repeat with the first one. `body_schema` NULL: there is no body. `client_id`: of a new row. */
bool system_run(struct request *request, const struct ledger_kind *kind, const struct schema *body_schema,
                const void *body, const char *client_id, void *reply, struct error *error) WARN_UNUSED;

#endif
