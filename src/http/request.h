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

struct auth_keys;
struct award_table;
struct endpoint;
struct http_shared;
struct metrics;
struct router;

#define REQUEST_ID_BYTES 40
#define REQUEST_HEADERS_MAX 12       /* of a reply, besides those that every reply has */
#define REQUEST_PATH_PARTS_MAX 4     /* {placeholders} in a path */
#define REQUEST_HEAD_BYTES_MAX 16384 /* of a reply */
#define REQUEST_REPLY_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define REQUEST_IDEMPOTENCY_KEY_MAX 64 /* visible ASCII characters, of a key and of a client's id */

enum role { ROLE_PUBLIC, ROLE_ANONYMOUS, ROLE_STUDENT, ROLE_SERVICE, ROLE_ADMIN };
extern const char *const role_names[];

/* Who asks. Filled from the token, never from a body. */
struct principal {
  enum role role;
  uint64_t user_id;  /* the learner acted for: sub, or X-Lockstep-User for a service; 0: none */
  const char *actor; /* for the ledger: "user_7", "service_3" */
  int64_t expires_s; /* of the token */
};

/* What a worker process has, and lends to its requests. All of it outlives every request. The
 * process sets the first six; http_app_open (http/handle.h) makes the rest. */
struct app {
  const struct config *config;
  struct pool *pool;
  struct ledger *ledger; /* over the same pool: every write goes through it */
  const struct rule_set *rules;
  const struct award_table *awards; /* event/award.h */
  const char *build;                /* version and source revision; part of every ETag */

  struct auth_keys *keys;
  struct router *router;
  struct http_shared *shared;      /* metrics of all worker processes, rate limits */
  struct metrics *metrics;         /* this process's own, inside shared */
  struct consistency *consistency; /* what /metrics tells of the last passes */
};

struct header {
  const char *name;
  const char *value;
};

struct request {
  struct app *app;
  struct zone_cache *zones; /* the thread's */
  struct arena *arena;

  /* As received. Strings are NUL-terminated and live as long as the request; what was not sent is
   * NULL, but for query and remote_address. */
  const char *method;
  const char
      *path; /* REQUEST_URI up to its '?', as the client sent it: the router refuses what is not plain */
  const char *query;        /* "" when none */
  const char *content_type; /* NULL when none */
  const char *authorization;
  const char *if_none_match;
  const char *idempotency_key;
  const char *origin;
  const char *accept;
  const char *content_encoding;
  const char *request_id;    /* X-Request-Id */
  const char *preflight_for; /* Access-Control-Request-Method */
  const char *on_behalf_of;  /* X-Lockstep-User */
  const char *stripe_signature;
  const char *remote_address; /* REMOTE_ADDR: the client's, as nginx vouches for it; "" when none */
  const char *body;
  size_t body_bytes;
  bool body_cut;       /* the peer went away or announced more than it sent */
  bool body_too_large; /* more than http.bulk_body_bytes, announced or sent; `body` holds none of it */

  /* As found out. */
  char id[REQUEST_ID_BYTES];       /* X-Request-Id: the caller's when it is sane, else made here */
  const struct endpoint *endpoint; /* NULL: no row matched */
  size_t route_at;                 /* its place in the metrics; 0: none */
  const char *path_parts[REQUEST_PATH_PARTS_MAX];
  struct principal principal;
  /* ENDPOINT_FRESH: a borrowed connection inside the one read-only snapshot that the ETag describes.
   * The handler reads from it and leaves it as it is; it is taken back after the handler. */
  struct db *snapshot;
  const char *tag_others; /* ENDPOINT_TAGS_REPLY: what else than the reply moves its ETag; NULL: nothing */
  int32_t today;          /* the learner's calendar day, which the ETag holds too */
  const char *time_zone;  /* and their time zone */
  int64_t started_ns;
  int64_t deadline_ms; /* monotonic */
  int64_t db_ns;       /* time in the database, for the log */
  int64_t now_ms;      /* wall clock, one for the whole request */

  const char *allow; /* the path's methods, for Allow and a preflight; NULL: no such path */
  bool is_head;      /* HEAD: the reply is made, its body is not sent */

  /* The reply. A handler may set status (else the row's), add headers, and with
   * ENDPOINT_WRITES_REPLY write type and text. */
  int status;
  const char *reply_type;
  struct buffer reply;
  struct header headers[REQUEST_HEADERS_MAX];
  size_t header_count;

  struct buffer head; /* made by http_handle: "Status: 200 OK\r\n…\r\n\r\n" */
  struct error error; /* what was answered, for the log; code ERROR_NONE when it went well */
};

/* A thread's request structure, with its arena (workers.arena_bytes), zone cache and buffers; used
 * for one request after the other. */
bool request_new(struct app *app, struct error *error, struct request **ret_request) WARN_UNUSED;
void request_free(struct request *request);
/* Forgets the request before, keeps its memory, takes the time. Call it first when one arrives; then
 * fill in what was received (strings may live in request->arena). */
void request_reset(struct request *request);

/* A borrowed connection that gives itself back at the end of its scope (CLEANUP(request_lease_end)), and
 * whose time in the database counts as the request's. */
struct request_lease {
  struct request *request;
  struct db *db;
};
bool request_borrow(struct request *request, struct error *error,
                    struct request_lease *ret_lease) WARN_UNUSED;
void request_lease_end(struct request_lease *lease);

/* Adds a reply header; both strings must live as long as the request. Dropped past the maximum. */
void request_add_header(struct request *request, const char *name, const char *value);

/* The operation's id for the ledger: `kind:client_id` where the body carried an id, else
 * `key:<Idempotency-Key>` where the header was sent, else NULL (the ledger makes one, and a repeat
 * counts again). `kind` is a literal of at most 24 characters. Ids are 1 to 64 visible ASCII characters. */
bool request_op_id(struct request *request, const char *kind, const char *client_id, struct error *error,
                   const char **ret_op_id) WARN_UNUSED;

/* The {placeholder} at that place as an id: digits only, not 0. ERROR_NOT_FOUND otherwise: what is
 * not an id names nothing. */
bool request_path_id(struct request *request, size_t at, struct error *error, uint64_t *ret_id) WARN_UNUSED;

#endif
