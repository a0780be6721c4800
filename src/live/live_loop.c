#include "live/live_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define LOOP_EVENTS 64      /* taken at once */
#define LOOP_TURN_MS 20     /* between turns of libwebsockets */
#define LOOP_HURRY_MS 2     /* while connections are made */
#define LOOP_HURRIES_MS 100 /* behind the last of them */
#define LOOP_REST 4         /* times as long as the turn took, at least: ten thousand connections take ms */

bool live_loop_open(struct live_loop *loop, struct error *error) {
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = loop->wake};
  if (loop->epoll >= 0 && loop->wake >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) == 0)
    return true;
  error_set(error, ERROR_INTERNAL, "Connections cannot be waited for.");
  return error_detail(error, "%s", strerror(errno));
}

void live_loop_close(struct live_loop *loop) {
  if (loop->epoll >= 0) close(loop->epoll);
  if (loop->wake >= 0) close(loop->wake);
}

/* The descriptor leaves the set by itself when libwebsockets closes it. */
bool live_loop_add(struct live_loop *loop, struct lws *wsi) {
  int descriptor = lws_get_socket_fd(wsi);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void live_loop_ignore(struct live_loop *loop, struct lws *wsi) {
  struct epoll_event event = {.events = 0};
  epoll_ctl(loop->epoll, EPOLL_CTL_DEL, lws_get_socket_fd(wsi), &event);
}

void live_loop_hurry(struct live_loop *loop) {
  loop->hurries_until_ms = clock_monotonic_ms() + LOOP_HURRIES_MS;
}

void live_loop_wake(struct live_loop *loop) {
  uint64_t one = 1;
  /* Full only when it was woken often enough already. */
  if (write(loop->wake, &one, sizeof one) < 0 && errno != EAGAIN) abort();
}

/* By descriptor and not by connection: one that an earlier event of the same turn has closed is not known to
 * libwebsockets any more, and none is opened in between. */
static void serve(struct lws_context *context, int descriptor, short events) {
  struct lws_pollfd one = {.fd = descriptor, .events = LWS_POLLIN | LWS_POLLOUT, .revents = events};
  lws_service_fd(context, &one);
}

void live_loop_write(struct lws_context *context, struct lws *wsi) {
  serve(context, lws_get_socket_fd(wsi), LWS_POLLOUT);
}

static void take(struct live_loop *loop, struct lws_context *context, const struct epoll_event *event,
                 bool *woken) {
  uint64_t count;
  short events = LWS_POLLIN;
  if (event->data.fd == loop->wake) {
    *woken = read(loop->wake, &count, sizeof count) > 0 || *woken;
    return;
  }
  if ((event->events & (EPOLLHUP | EPOLLERR)) != 0) events |= LWS_POLLHUP;
  serve(context, event->data.fd, events);
}

bool live_loop_turn(struct live_loop *loop, struct lws_context *context, bool *ret_woken) {
  struct epoll_event events[LOOP_EVENTS];
  int64_t wait_ms = loop->due_ms - clock_monotonic_ms();
  int count = epoll_wait(loop->epoll, events, LOOP_EVENTS, wait_ms > 0 ? (int)wait_ms : 0);
  bool woken = false;
  for (int at = 0; at < count; at++)
    take(loop, context, &events[at], &woken);
  *ret_woken = woken;
  int64_t began_ms = clock_monotonic_ms();
  if (began_ms < loop->due_ms) return true;
  bool goes_on = lws_service_tsi(context, -1, 0) >= 0;
  int64_t now_ms = clock_monotonic_ms();
  int64_t rest_ms = now_ms < loop->hurries_until_ms ? LOOP_HURRY_MS : LOOP_TURN_MS;
  if (rest_ms < LOOP_REST * (now_ms - began_ms)) rest_ms = LOOP_REST * (now_ms - began_ms);
  loop->due_ms = now_ms + rest_ms;
  return goes_on;
}
