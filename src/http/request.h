/* One request from its first byte to its last: what every handler is given. It owns an arena with
 * a cap; what a request allocates dies with it. One thread. */
#ifndef LOCKSTEP_HTTP_REQUEST_H
#define LOCKSTEP_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/zone.h"
#include "config/config.h"
#include "db/pool.h"
#include "rule/rule.h"

#define REQUEST_ID_BYTES 40
#define REQUEST_HEADERS_MAX 12   /* of a reply, besides those that every reply has */
#define REQUEST_PATH_PARTS_MAX 4 /* {placeholders} in a path */

enum role { ROLE_PUBLIC, ROLE_ANONYMOUS, ROLE_STUDENT, ROLE_SERVICE, ROLE_ADMIN };
extern const char *const role_names[];

/* Who asks. Filled from the token, never from a body. */
struct principal {
  enum role role;
  uint64_t user_id;  /* the learner acted for: sub, or X-Lockstep-User for a service; 0: none */
  const char *actor; /* for the ledger: "user_7", "service_3" */
  int64_t expires_s; /* of the token */
};

/* What a worker process has, and lends to its requests. All of it outlives every request. */
struct app {
  const struct config *config;
  struct pool *pool;
  const struct rule_set *rules;
  const struct auth_keys *keys;
  struct metrics *metrics;
  const char *build; /* version and source revision; part of every ETag */
};

struct header {
  const char *name;
  const char *value;
};

struct request {
  struct app *app;
  struct zone_cache *zones; /* the thread's */
  struct arena *arena;

  /* As received. Strings are NUL-terminated and live as long as the request. */
  const char *method;
  const char *path;         /* without query; not decoded: the router refuses what is not plain */
  const char *query;        /* "" when none */
  const char *content_type; /* NULL when none */
  const char *authorization;
  const char *if_none_match;
  const char *idempotency_key;
  const char *origin;
  const char *accept;
  const char *on_behalf_of;   /* X-Lockstep-User */
  const char *remote_address; /* the client's, as nginx vouches for it */
  const char *body;
  size_t body_bytes;
  bool body_cut; /* the peer went away or announced more than it sent */

  /* As found out. */
  char id[REQUEST_ID_BYTES]; /* X-Request-Id: the caller's when it is sane, else made here */
  const struct endpoint *endpoint;
  const char *path_parts[REQUEST_PATH_PARTS_MAX];
  struct principal principal;
  int64_t started_ns;
  int64_t deadline_ms; /* monotonic */
  int64_t db_ns;       /* time in the database, for the log */
  int64_t now_ms;      /* wall clock, one for the whole request */

  /* The reply. */
  int status;
  const char *reply_type;
  struct buffer reply;
  struct header headers[REQUEST_HEADERS_MAX];
  size_t header_count;
};

/* Adds a reply header; both strings must live as long as the request. Dropped past the maximum. */
void request_add_header(struct request *request, const char *name, const char *value);

#endif
