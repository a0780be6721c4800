/* The FastCGI side of a worker process: connections, and the threads that serve them.
 *
 * All threads wait on one epoll for all connections and for the listening socket. A thread holds a
 * connection only while bytes of it are there to be read, a request of it is handled, or its reply is
 * sent; what is half received or half sent waits in the epoll. A peer that is silent, slow or gone
 * costs memory and a descriptor until its time is up, never a thread.
 *
 * Connections outlive workers: one that drains hands its idle, kept connections to whoever serves
 * next, through a socket pair that the master made. nginx notices nothing, and no request is caught on
 * a connection that is being closed. */
#ifndef LOCKSTEP_HTTP_FCGI_SERVER_H
#define LOCKSTEP_HTTP_FCGI_SERVER_H

#include "base/scoreboard.h"
#include "http/request.h"

#define FCGI_CONNECTIONS_MAX 4096 /* of one process; further ones wait in the backlog */
/* FCGI_DRAIN_QUIET: for so long, connections are accepted and kept as ever. */
#define FCGI_QUIET_MS 1000

struct fcgi_server;

struct fcgi_server_options {
  struct app *app;
  int listener;     /* non-blocking, listening; stays the caller's */
  int handover_in;  /* connections come in here; -1: none do. Stays the caller's */
  int handover_out; /* and leave there; -1: they are closed instead */
  size_t threads;
  const struct scoreboard *board;
  size_t slot; /* this process's */
};

enum fcgi_drain {
  FCGI_DRAIN_NOT,
  FCGI_DRAIN_HANDOVER, /* another worker serves on: idle connections are handed over */
  FCGI_DRAIN_QUIET,    /* the service ends politely: for a moment, what still comes is served */
  FCGI_DRAIN_FAST      /* the service ends: requests in hand are finished, nothing else */
};

/* Starts the threads. fcgi_library_init was called; signals are blocked (threads inherit that). */
bool fcgi_server_start(const struct fcgi_server_options *options, struct error *error,
                       struct fcgi_server **ret_server) WARN_UNUSED;

/* Deadlines of half-received requests and untaken replies; retries; figures. Call it a few times a
 * second, from one thread, the same that calls the functions below. */
void fcgi_server_tend(struct fcgi_server *server);

/* Takes no more connections, and lets go of those that are there as they become idle. A second call
 * may hurry. */
void fcgi_server_drain(struct fcgi_server *server, enum fcgi_drain how);
/* Draining, and no connection is left. */
bool fcgi_server_is_drained(struct fcgi_server *server);
/* Becomes readable when a draining server may have become drained. */
int fcgi_server_event_descriptor(const struct fcgi_server *server);

/* Waits for the requests in hand, closes what is left, frees everything. */
void fcgi_server_free(struct fcgi_server *server);

#endif
