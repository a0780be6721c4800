/* Browsers of the live channel, thousands of them in one thread: each asks for its ticket over the interface,
 * listens, holds every frame against the revision that it knows, and comes again with that revision when its
 * connection ends, as docs/live.md asks of a client. */
#ifndef LOCKSTEP_TESTS_BROWSERS_H
#define LOCKSTEP_TESTS_BROWSERS_H

#include <pthread.h>

#include "load.h"

enum { BROWSER_BYTES = 65536, BROWSER_EVENTS = 256 };

/* What is known of one revision of a learner; moments in wall clock µs, 0: not known. */
struct told {
  int64_t sent_us;    /* the request that made it left */
  int64_t at_us;      /* its transaction, as the frame tells it (whole ms, before the commit) */
  int64_t replied_us; /* its reply came back, behind the commit */
  int64_t arrived_us; /* its frame came */
};

enum browser_state { BROWSER_WAITS, BROWSER_ASKS, BROWSER_UPGRADES, BROWSER_LISTENS, BROWSER_ENDED };

struct browser {
  unsigned long id;
  char *token;
  /* The thread's own. */
  enum browser_state state;
  int fd;
  int64_t due_us; /* of the next try, while it waits */
  char *buffer;   /* BROWSER_BYTES */
  size_t bytes;
  bool is_connected;
  unsigned random;
  /* What it saw. */
  long known;
  long frames;
  long missing;
  long twice;
  long resyncs;
  long connections;
  int close_code;       /* the last; 1006: without a word */
  int64_t closed_at_us; /* then */
  /* Guarded by the crowd's lock: by revision. */
  struct told *told;
  size_t told_count;
  long acknowledged; /* the newest revision that a reply told of */
};

struct crowd {
  int port;
  struct browser *browsers;
  size_t count;
  pthread_mutex_t lock;
  int epoll;
  int stops;     /* atomic */
  int listening; /* atomic: how many listen now */
  pthread_t thread;
};

int64_t wall_us(void);
/* Learners of a file, a line for each: id, space, token. */
bool crowd_read(struct crowd *crowd, const char *path);
/* Everybody comes within `ramp_ms`. */
void crowd_start(struct crowd *crowd, int ramp_ms);
void crowd_stop(struct crowd *crowd);
/* What a reply told: that the learner's change has this revision. */
void crowd_note_reply(struct crowd *crowd, struct browser *browser, long revision, int64_t sent_us,
                      int64_t replied_us);
/* Whether everybody who still listens was told of everything that was acknowledged. */
bool crowd_is_told(struct crowd *crowd);

#endif
