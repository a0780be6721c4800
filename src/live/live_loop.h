/* Waits for the sockets of lockstep-live. libwebsockets polls every connection that there is whenever
 * anything is to be read or written: 250 µs for a thousand of them, several times for each frame. So it only
 * gets its turn now and then, for what is not urgent: handshakes, timers, a socket that takes no more. What
 * is urgent is waited for here, and handed to it one connection at a time: what listeners send, and that
 * there is something to tell them. */
#ifndef LOCKSTEP_LIVE_LIVE_LOOP_H
#define LOCKSTEP_LIVE_LIVE_LOOP_H

#include <libwebsockets.h>

#include "base/error.h"

struct live_loop {
  int epoll;
  int wake;       /* eventfd */
  int64_t due_ms; /* of libwebsockets' next turn, monotonic */
  int64_t hurries_until_ms;
};

/* Zeroed but for descriptors, which are -1, it may be closed at any time. */
#define LIVE_LOOP_INIT \
  { .epoll = -1, .wake = -1 }
bool live_loop_open(struct live_loop *loop, struct error *error) WARN_UNUSED;
void live_loop_close(struct live_loop *loop);

/* An established connection, until it is closed. False: it cannot be waited for. */
bool live_loop_add(struct live_loop *loop, struct lws *wsi) WARN_UNUSED;
/* What it sends is of no interest any more. */
void live_loop_ignore(struct live_loop *loop, struct lws *wsi);
/* Somebody is about to establish a connection: shorter turns for a while. */
void live_loop_hurry(struct live_loop *loop);
/* From any thread: live_loop_turn returns true in *ret_woken. */
void live_loop_wake(struct live_loop *loop);

/* Waits for something, and has it done. False: libwebsockets cannot go on. */
bool live_loop_turn(struct live_loop *loop, struct lws_context *context, bool *ret_woken) WARN_UNUSED;
/* Has the connection write, now. It may be gone afterwards. */
void live_loop_write(struct lws_context *context, struct lws *wsi);

#endif
