/* What fcgi_server.c and fcgi_connection.c share. */
#ifndef LOCKSTEP_HTTP_FCGI_INTERNAL_H
#define LOCKSTEP_HTTP_FCGI_INTERNAL_H

#include <pthread.h>

#include "base/buffer.h"
#include "http/fcgi.h"
#include "http/fcgi_server.h"

/* Bytes that one recv may bring. */
#define FCGI_READ_BYTES ((size_t)64 * 1024)

/* Who may touch a connection. */
enum fcgi_hold {
  FCGI_HELD_BY_EPOLL,  /* waits; whoever has the lock may take it */
  FCGI_HELD_BY_THREAD, /* one thread owns it; nobody else does more than shut it down */
  FCGI_HELD_BY_NOBODY  /* its descriptor left; kept because an event for it may be on its way */
};

struct fcgi_connection {
  struct fcgi_connection *previous;
  struct fcgi_connection *next;
  int descriptor;
  bool registered;     /* in the epoll */
  enum fcgi_hold hold; /* under the server's lock; the rest belongs to the holder */
  struct fcgi_scan scan;
  struct buffer in;
  struct buffer out; /* what the peer has not taken yet, from out_sent on */
  size_t out_sent;
  bool close_after;      /* `out`: the peer did not ask to keep the connection */
  int64_t active_ms;     /* monotonic: when bytes last moved */
  int64_t unfinished_ms; /* since when a request is half received or a reply half sent; 0: neither */
};

struct fcgi_list {
  struct fcgi_connection *first;
  size_t count;
};

struct fcgi_thread;

struct fcgi_server {
  struct fcgi_server_options options;
  int64_t read_timeout_ms;
  int64_t request_timeout_ms;
  size_t body_bytes_max;
  int epoll;
  int stop_event;                            /* readable for good: threads end */
  int drain_event;                           /* readable: tend */
  char listener_tag, handover_tag, stop_tag; /* epoll's data pointers for what is no connection */

  pthread_mutex_t lock;
  struct fcgi_list open;
  struct fcgi_list gone;
  enum fcgi_drain drain;
  int64_t drain_ms;     /* monotonic: since when */
  size_t busy;          /* threads that hold a connection or accept one */
  bool listener_paused; /* no descriptors, or too many connections: tend tries again */
  bool stop;

  size_t thread_count;
  struct fcgi_thread *threads;
};

/* --- Connections; all of these take the lock themselves --- */

bool fcgi_server_open(struct fcgi_server *server, struct error *error) WARN_UNUSED;
void fcgi_server_close(struct fcgi_server *server);

/* The next connection to serve, held by the calling thread; waits. False: the server stops. NULL in
 * ret_connection: nothing to do this time. */
bool fcgi_connection_next(struct fcgi_server *server, struct fcgi_connection **ret_connection);

enum fcgi_wait { FCGI_WAIT_READABLE, FCGI_WAIT_WRITABLE, FCGI_WAIT_CLOSE };
/* Gives it back: to the epoll, or, when it is idle and the server drains, away. */
void fcgi_connection_release(struct fcgi_server *server, struct fcgi_connection *connection,
                             enum fcgi_wait wait);

#endif
