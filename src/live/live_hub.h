/* Who listens to which learner, and how far each has been told. Two threads meet here: the server's, which
 * owns the connections, and the scanner's, which asks the database. Everything is guarded by one lock, which
 * nobody holds while waiting for anything.
 *
 * A listener has a cursor: the revision up to which everything has been put into its queue. The queue is
 * short; while it is full the cursor stays, and what comes meanwhile stays in the ledger, where it is
 * read once there is room again. So a client that reads slowly, or never, costs a bounded amount of
 * memory and misses nothing. */
#ifndef LOCKSTEP_LIVE_LIVE_HUB_H
#define LOCKSTEP_LIVE_LIVE_HUB_H

#include "base/buffer.h"
#include "base/error.h"

#define LIVE_QUEUE_MOMENTS 32             /* of one listener */
#define LIVE_QUEUE_BYTES ((size_t)262144) /* of one listener; one moment always fits */
#define LIVE_TICKET_BYTES 64              /* hex digits */
#define LIVE_LISTENERS_MAX 32             /* of one learner: tabs and devices */

/* What a client may listen to, in the words of the interface. */
enum live_type { LIVE_PROGRESS, LIVE_ACHIEVEMENT, LIVE_CONFLICT };
#define LIVE_TYPES 3
#define LIVE_ALL_TYPES ((1u << LIVE_TYPES) - 1)
extern const char *const live_type_names[]; /* NULL-terminated */

/* Close codes of RFC 6455's private range. */
enum live_close {
  LIVE_CLOSE_RESTART = 1012,         /* the server ends: come again */
  LIVE_CLOSE_BUSY = 1013,            /* too many connections: come again later */
  LIVE_CLOSE_UNAUTHENTICATED = 4401, /* the ticket does not hold, or the token has ended: get a new ticket */
  LIVE_CLOSE_GONE = 4410             /* the learner was deleted, or merged into another */
};

/* One revision of one learner, as all its listeners are told. */
struct live_moment;
struct live_part {
  enum live_type type;
  const char *change; /* JSON: {"type", "userId", "data"} */
};
/* NULL: no memory. */
struct live_moment *live_moment_new(uint64_t revision, const struct live_part *parts,
                                    size_t count) WARN_UNUSED;

struct live_hub;
struct live_listener;

/* As it came with the upgrade. */
struct live_wish {
  char ticket[LIVE_TICKET_BYTES + 1];
  uint64_t since;
  bool since_given; /* otherwise: from now on */
  uint64_t epoch;   /* that `since` was told in; 0: not said */
};

struct live_figures {
  uint64_t listeners;
  uint64_t admitted;
  uint64_t refused;
  uint64_t frames;
  uint64_t resyncs;
  uint64_t full;  /* times that a queue was */
  uint64_t hints; /* ids in datagrams */
  uint64_t scans;
  uint64_t failures; /* of the database */
};

/* `wake_scanner` is an eventfd, borrowed. */
bool live_hub_new(int wake_scanner, struct error *error, struct live_hub **ret_hub) WARN_UNUSED;
void live_hub_free(struct live_hub *hub); /* after both threads ended */
void live_hub_read_figures(struct live_hub *hub, struct live_figures *ret_figures);

/* --- The server's side: one thread. `connection` is its own; the hub never looks into it. --- */

/* Not told anything before the scanner has redeemed the ticket. */
bool live_hub_join(struct live_hub *hub, void *connection, const struct live_wish *wish, struct error *error,
                   struct live_listener **ret_listener) WARN_UNUSED;
void live_hub_leave(struct live_hub *hub, struct live_listener *listener);
/* The connections with something to send; each is named once until it was asked for all of it. */
void live_hub_collect_news(struct live_hub *hub, void (*each)(void *connection));

enum live_next { LIVE_NEXT_NOTHING, LIVE_NEXT_FRAME, LIVE_NEXT_CLOSE };
/* The next frame, written into `frame`; or why to close. */
enum live_next live_hub_next(struct live_hub *hub, struct live_listener *listener, struct buffer *frame,
                             int *ret_close_code);
/* Types are bits 1 << enum live_type. */
void live_hub_subscribe(struct live_hub *hub, struct live_listener *listener, unsigned add, unsigned remove);
/* Asks for a heartbeat, unless the ticket still waits. */
void live_hub_beat(struct live_hub *hub, struct live_listener *listener);
/* When its token ends, wall clock; 0: not admitted yet. */
int64_t live_hub_ends_at(struct live_hub *hub, const struct live_listener *listener);

/* --- The scanner's side: one thread. Nothing here waits. --- */

/* A listener whose ticket waits to be redeemed. False: none. What the scanner has in hands stays valid until
 * live_hub_admit or live_hub_refuse, whatever the server does meanwhile. */
bool live_hub_take_waiting(struct live_hub *hub, struct live_listener **ret_listener,
                           struct live_wish *ret_wish);
struct live_admission {
  uint64_t user_id;
  uint64_t revision;  /* the learner's, now */
  int64_t ends_at_ms; /* the token */
};
void live_hub_admit(struct live_hub *hub, struct live_listener *listener,
                    const struct live_admission *admission);
void live_hub_refuse(struct live_hub *hub, struct live_listener *listener, int close_code);

void live_hub_set_epoch(struct live_hub *hub, uint64_t epoch); /* another one: everybody resyncs */
/* Learners with listeners, at most `limit`, ascending. */
size_t live_hub_list(struct live_hub *hub, uint64_t *ret_user_ids, size_t limit);
/* A learner may have moved. */
void live_hub_hint(struct live_hub *hub, uint64_t user_id);
void live_hub_set_revision(struct live_hub *hub, uint64_t user_id, uint64_t revision);
void live_hub_end_learner(struct live_hub *hub, uint64_t user_id); /* it is gone */

struct live_want {
  uint64_t user_id;
  uint64_t known; /* everything after it is wanted */
};
/* Who is behind, at most `limit`; each is then taken to be asked for. */
size_t live_hub_take_wanted(struct live_hub *hub, struct live_want *ret_wants, size_t limit);
/* The answer, of at most LIVE_QUEUE_MOMENTS revisions behind `known`, in ascending order. Takes the moment
 * over; NULL: the history there was folded, and nobody can be told what happened in between. */
void live_hub_deliver(struct live_hub *hub, uint64_t user_id, uint64_t revision, struct live_moment *moment);
/* That was the answer: so many revisions. Where none came to somebody who is behind, nobody can tell what
 * happened. */
void live_hub_answered(struct live_hub *hub, uint64_t user_id, size_t count);
/* There was no answer: to be asked for again. */
void live_hub_want_again(struct live_hub *hub, uint64_t user_id);
/* What happened to this learner cannot be read: whoever asked for it is to read everything anew. */
void live_hub_give_up(struct live_hub *hub, uint64_t user_id);
/* Whether somebody waits for the scanner. */
bool live_hub_has_work(struct live_hub *hub);
/* Whether the server has something to collect. */
bool live_hub_has_news(struct live_hub *hub);
void live_hub_count_failure(struct live_hub *hub);

#endif
