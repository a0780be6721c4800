/* The endpoints table. The router, the authorisation check, 404 and 405, the metrics labels and the
 * OpenAPI document all come from a row; to add an endpoint is to add a row and its handler.
 *
 * A handler decodes nothing and encodes nothing: it gets body and query as structs, makes one call
 * into the domain, fills the reply struct. */
#ifndef LOCKSTEP_HTTP_ENDPOINT_H
#define LOCKSTEP_HTTP_ENDPOINT_H

#include "http/request.h"

enum endpoint_flags {
  ENDPOINT_RAW_BODY = 1,  /* the handler gets request->body as received (webhooks) */
  ENDPOINT_BULK_BODY = 2, /* http.bulk_body_bytes instead of http.body_bytes */
  ENDPOINT_FRESH = 4,     /* a read of one learner: ETag, If-None-Match, Cache-Control: private, no-cache.
                           * The handler reads from request->snapshot; implies ENDPOINT_NEEDS_LEARNER */
  ENDPOINT_IDEMPOTENT_KEY = 8, /* takes Idempotency-Key */
  ENDPOINT_LOCAL = 16,         /* also allowed without a token from http.metrics_from */
  ENDPOINT_WRITES_REPLY = 32,  /* the handler writes request->reply itself (text, CSV, stored JSON); with
                                * a reply schema and an empty reply, the struct is encoded all the same */
  ENDPOINT_NEEDS_LEARNER = 64, /* acts for a learner: principal.user_id is not 0 */
  ENDPOINT_SERVICE = 128,      /* a service may act here for the learner it names by X-Lockstep-User; on other
                                * rows that need a learner it is refused */
  ENDPOINT_MINTS = 256,        /* limited to auth.anonymous_per_minute a client address */
  ENDPOINT_QUIET = 512,        /* asked all the time by machines: logged as debug when it went well */
  ENDPOINT_MAY_DEFER = 1024,   /* may answer 202 with Location, in the same reply schema: the work has become
                                * a job (job/job_accept.h) */
  ENDPOINT_TELLS_FAILURE = 2048, /* may answer 503 in its reply schema: the failure is the answer */
  ENDPOINT_TAGGED = 4096, /* a read of something else than one learner that makes its ETag itself, and answers
                           * 304 where If-None-Match has it */
  ENDPOINT_MAY_MIX = 8192,     /* may answer 207 in its reply schema: not all of what was sent was taken */
  ENDPOINT_TAGS_REPLY = 16384, /* ENDPOINT_FRESH, and the reply depends on more than the learner's row tells
                                * of, such as tables that other applications write: what is told is part of
                                * the ETag. Prepared, read and encoded before If-None-Match is answered */
  ENDPOINT_TICKETS = 32768     /* limited to live.tickets_per_minute a learner */
};

struct endpoint {
  const char *method; /* "GET" */
  const char *path;   /* "/api/practice-sessions/{id}" */
  enum role role;     /* the least role that may */
  unsigned flags;
  int success_status;         /* 200 when 0 */
  const struct schema *query; /* NULL: the query string is ignored */
  const struct schema *body;  /* NULL: no body is read, one sent is ignored */
  const struct schema *reply; /* NULL with ENDPOINT_WRITES_REPLY: no JSON */
  /* `query`, `body`: decoded, or NULL; `reply`: zeroed, to be filled. False: error is answered. */
  bool (*handle)(struct request *request, const void *query, const void *body, void *reply,
                 struct error *error);
  const char *tag;     /* OpenAPI grouping */
  const char *summary; /* one line */
  /* ENDPOINT_FRESH rows that may have to write before they read (healing): called after the
   * If-None-Match check (but see ENDPOINT_TAGS_REPLY) and before the snapshot is opened. NULL: nothing to
   * prepare. */
  bool (*prepare)(struct request *request, struct error *error);
  const char *reply_type; /* ENDPOINT_WRITES_REPLY: its media type, for OpenAPI; NULL: application/json */
};

/* A room's rows:
 *   static const struct endpoint rows[] = {{.method = "GET", …}, …};
 *   const struct endpoint_table enroll_endpoints = ENDPOINT_TABLE(rows); */
struct endpoint_table {
  const struct endpoint *rows;
  size_t count;
};
#define ENDPOINT_TABLE(rows_array) \
  { .rows = (rows_array), .count = ARRAY_LENGTH(rows_array) }

/* The tables of all rooms, gathered by programs/endpoints.c. NULL-terminated; room http's own is
 * ops_endpoints (http/ops.h). */
extern const struct endpoint_table *const endpoint_tables[];

#endif
