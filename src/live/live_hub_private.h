/* The inside of the hub: shared by the files of it only. Whatever is declared here is called with the hub's
 * lock held, but for live_hub_lock itself and live_hub_wake. */
#ifndef LOCKSTEP_LIVE_LIVE_HUB_PRIVATE_H
#define LOCKSTEP_LIVE_LIVE_HUB_PRIVATE_H

#include <pthread.h>

#include "live/live_hub.h"

#define LIVE_BUCKETS 4096 /* of the table of learners */

struct live_moment {
  unsigned references; /* guarded by the hub's lock */
  uint64_t revision;
  unsigned types;
  size_t bytes;
  size_t count;
  struct {
    enum live_type type;
    size_t at; /* in text */
    size_t bytes;
  } * parts;
  char text[];
};

struct live_learner {
  uint64_t user_id;
  uint64_t revision; /* the newest that is known of */
  bool is_hinted;    /* may be ahead of that */
  bool is_wanted;    /* stands in the list of those to be looked at */
  struct live_listener *listeners;
  struct live_learner *next_in_bucket;
  struct live_learner *next_wanted;
};

enum live_state { LIVE_WAITING, LIVE_IN_HANDS, LIVE_LISTENING, LIVE_CLOSING };

struct live_listener {
  void *connection;
  enum live_state state;
  bool has_left; /* while in the scanner's hands: whoever has it frees it */
  struct live_wish wish;
  struct live_learner *learner;
  struct live_listener *next; /* of the learner, or among those that wait */
  struct live_listener *next_in_news;
  bool has_news;   /* the server was told, and has not asked for all of it yet */
  bool is_in_news; /* and it stands in the list */
  int close_code;
  int64_t ends_at_ms;
  unsigned types;
  uint64_t cursor;
  bool is_asked; /* the answer that is being read was asked for from its cursor, or from below */
  bool wants_beat;
  bool wants_resync;
  uint64_t resync_at;
  bool is_stalled; /* the queue was full, and is not half empty yet */
  struct live_moment *queue[LIVE_QUEUE_MOMENTS];
  size_t queue_first;
  size_t queue_count;
  size_t queue_bytes;
};

struct live_hub {
  pthread_mutex_t lock;
  int wake_scanner;
  uint64_t epoch;
  struct live_learner *buckets[LIVE_BUCKETS];
  struct live_listener *waiting;
  struct live_listener **waiting_last;
  struct live_listener *news;
  struct live_learner *wanted; /* first come, first served */
  struct live_learner **wanted_last;
  struct live_figures figures;
};

/* --- live_moment.c --- */

void live_moment_drop(struct live_moment *moment);
void live_moment_print(const struct live_moment *moment, unsigned types, struct buffer *frame);

/* --- live_hub.c --- */

void live_hub_lock(struct live_hub *hub);
void live_hub_unlock(struct live_hub *hub);
/* The scanner has something to do. */
void live_hub_wake(const struct live_hub *hub);
/* NULL: nobody listens to that learner. */
struct live_learner *live_hub_find(struct live_hub *hub, uint64_t user_id);
/* NULL: no memory. */
struct live_learner *live_hub_find_or_add(struct live_hub *hub, uint64_t user_id);
void live_hub_forget_learner(struct live_hub *hub, struct live_learner *learner);
/* To be looked at by the scanner. */
void live_hub_want(struct live_hub *hub, struct live_learner *learner);
/* There is something for the server to send. */
void live_hub_tell(struct live_hub *hub, struct live_listener *listener);
void live_hub_free_listener(struct live_listener *listener);
/* The server is to close it. */
void live_hub_end(struct live_hub *hub, struct live_listener *listener, int close_code);
/* What is queued was of another time: on from `revision`. */
void live_hub_resync(struct live_hub *hub, struct live_listener *listener, uint64_t revision);
bool live_hub_has_room(const struct live_listener *listener);
/* Behind, and with room for more. */
bool live_hub_is_behind(const struct live_listener *listener);
void live_hub_enqueue(struct live_hub *hub, struct live_listener *listener, struct live_moment *moment);
/* Out of a learner's listeners, or of those that wait. */
void live_hub_unlink_from(struct live_listener **first, struct live_listener *listener);
void live_hub_stop_waiting(struct live_hub *hub, struct live_listener *listener);

#endif
