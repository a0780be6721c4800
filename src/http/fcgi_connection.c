/* The connections of one process: accepted or taken over, waiting in the epoll or held by a thread,
 * handed over or closed. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/fcgi_internal.h"

#include "base/clock.h"

#include "base/banned.h"

/* So many connections more than another process has are too many; the time that it gets to take one. */
#define FCGI_BALANCE_MARGIN 2
#define FCGI_BALANCE_NS 300000

/* --- The epoll --- */

static bool fcgi_watch(struct fcgi_server *server, int operation, int descriptor, uint32_t events,
                       void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  return epoll_ctl(server->epoll, operation, descriptor, &event) == 0;
}

static void fcgi_unwatch(struct fcgi_server *server, int descriptor) {
  if (descriptor >= 0) epoll_ctl(server->epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

/* One connection a wake-up: it is armed again as soon as it was accepted, for the next thread. Called
 * with the lock held. */
static void fcgi_arm_listener(struct fcgi_server *server) {
  bool takes_more = server->drain == FCGI_DRAIN_NOT || server->drain == FCGI_DRAIN_QUIET;
  if (!takes_more || server->listener_paused) return;
  if (server->open.count >= FCGI_CONNECTIONS_MAX) {
    server->listener_paused = true;
    return;
  }
  fcgi_watch(server, EPOLL_CTL_MOD, server->options.listener, EPOLLIN | EPOLLONESHOT, &server->listener_tag);
}

static void fcgi_arm_handover(struct fcgi_server *server) {
  if (server->options.handover_in < 0 || server->drain != FCGI_DRAIN_NOT) return;
  fcgi_watch(server, EPOLL_CTL_MOD, server->options.handover_in, EPOLLIN | EPOLLONESHOT,
             &server->handover_tag);
}

static bool fcgi_add_sources(struct fcgi_server *server) {
  const struct fcgi_server_options *options = &server->options;
  if (!fcgi_watch(server, EPOLL_CTL_ADD, server->stop_event, EPOLLIN, &server->stop_tag)) return false;
  if (!fcgi_watch(server, EPOLL_CTL_ADD, options->listener, EPOLLIN | EPOLLONESHOT, &server->listener_tag))
    return false;
  return options->handover_in < 0 || fcgi_watch(server, EPOLL_CTL_ADD, options->handover_in,
                                                EPOLLIN | EPOLLONESHOT, &server->handover_tag);
}

bool fcgi_server_open(struct fcgi_server *server, struct error *error) {
  server->epoll = epoll_create1(EPOLL_CLOEXEC);
  server->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  server->drain_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init(&server->lock, NULL);
  if (server->epoll < 0 || server->stop_event < 0 || server->drain_event < 0 || !fcgi_add_sources(server)) {
    error_set(error, ERROR_INTERNAL, "The process cannot wait for connections.");
    return error_detail(error, "%s", strerror(errno));
  }
  return true;
}

/* --- The list --- */

static void fcgi_list_add(struct fcgi_list *list, struct fcgi_connection *connection) {
  connection->previous = NULL;
  connection->next = list->first;
  if (list->first != NULL) list->first->previous = connection;
  list->first = connection;
  list->count++;
}

static void fcgi_list_remove(struct fcgi_list *list, struct fcgi_connection *connection) {
  if (connection->previous == NULL)
    list->first = connection->next;
  else
    connection->previous->next = connection->next;
  if (connection->next != NULL) connection->next->previous = connection->previous;
  list->count--;
}

static void fcgi_publish_count(struct fcgi_server *server) {
  struct scoreboard_worker *own = &server->options.board->workers[server->options.slot];
  atomic_store_explicit(&own->clients, (uint32_t)server->open.count, memory_order_relaxed);
}

static void fcgi_connection_free(struct fcgi_connection *connection) {
  if (connection->descriptor >= 0) close(connection->descriptor);
  buffer_free(&connection->in);
  buffer_free(&connection->out);
  free(connection);
}

void fcgi_server_close(struct fcgi_server *server) {
  struct fcgi_list *lists[] = {&server->open, &server->gone};
  for (size_t at = 0; at < ARRAY_LENGTH(lists); at++)
    while (lists[at]->first != NULL) {
      struct fcgi_connection *connection = lists[at]->first;
      fcgi_list_remove(lists[at], connection);
      fcgi_connection_free(connection);
    }
  if (server->epoll >= 0) close(server->epoll);
  if (server->stop_event >= 0) close(server->stop_event);
  if (server->drain_event >= 0) close(server->drain_event);
  pthread_mutex_destroy(&server->lock);
}

/* --- Coming --- */

/* Kept connections stay where they were accepted: were it left to chance, one process could have all
 * of them, and the other none. One that has more than its share lets the others go first; whoever is
 * woken by a connection, all are. */
static bool fcgi_has_more_than_others(const struct fcgi_server *server) {
  const struct scoreboard *board = server->options.board;
  uint32_t own = atomic_load_explicit(&board->workers[server->options.slot].clients, memory_order_relaxed);
  uint32_t used = atomic_load_explicit(&board->head->slots_used, memory_order_relaxed);
  for (uint32_t slot = 0; slot < used && slot < SCOREBOARD_SLOTS; slot++) {
    const struct scoreboard_worker *other = &board->workers[slot];
    if (atomic_load_explicit(&other->state, memory_order_relaxed) != WORKER_SERVING) continue;
    if (own >= atomic_load_explicit(&other->clients, memory_order_relaxed) + FCGI_BALANCE_MARGIN) return true;
  }
  return false;
}

static void fcgi_let_others_go_first(const struct fcgi_server *server) {
  const struct timespec moment = {.tv_nsec = FCGI_BALANCE_NS};
  if (fcgi_has_more_than_others(server)) nanosleep(&moment, NULL);
}

/* Takes the descriptor over; held by the calling thread. NULL: no memory; the descriptor is closed.
 * Called with the lock held. */
static struct fcgi_connection *fcgi_connection_add(struct fcgi_server *server, int descriptor) {
  struct fcgi_connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) {
    close(descriptor);
    return NULL;
  }
  connection->descriptor = descriptor;
  connection->hold = FCGI_HELD_BY_THREAD;
  connection->in.limit = server->body_bytes_max + FCGI_RECORD_SURPLUS_BYTES_MAX + FCGI_PARAMS_BYTES_MAX +
                         4 * FCGI_RECORD_BYTES_MAX;
  connection->out.limit = 2 * (size_t)REQUEST_REPLY_BYTES_MAX + FCGI_ANSWERS_BYTES_MAX;
  connection->active_ms = clock_monotonic_ms();
  fcgi_list_add(&server->open, connection);
  fcgi_publish_count(server);
  return connection;
}

static struct fcgi_connection *fcgi_connection_accept(struct fcgi_server *server) {
  struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
  socklen_t peer_bytes = sizeof peer;
  int descriptor =
      accept4(server->options.listener, (struct sockaddr *)&peer, &peer_bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor >= 0 && (peer.ss_family == AF_INET || peer.ss_family == AF_INET6)) {
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  pthread_mutex_lock(&server->lock);
  if (descriptor < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
    server->listener_paused = true;
  struct fcgi_connection *connection = descriptor < 0 ? NULL : fcgi_connection_add(server, descriptor);
  fcgi_arm_listener(server);
  pthread_mutex_unlock(&server->lock);
  return connection;
}

/* The descriptor that came with a byte, or -1. */
static int fcgi_receive_descriptor(int from) {
  char byte;
  struct iovec vector = {.iov_base = &byte, .iov_len = 1};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
    return -1;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

static bool fcgi_send_descriptor(int to, int descriptor) {
  char byte = 0;
  struct iovec vector = {.iov_base = &byte, .iov_len = 1};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

static struct fcgi_connection *fcgi_connection_take_over(struct fcgi_server *server) {
  int descriptor = fcgi_receive_descriptor(server->options.handover_in);
  pthread_mutex_lock(&server->lock);
  struct fcgi_connection *connection = descriptor < 0 ? NULL : fcgi_connection_add(server, descriptor);
  fcgi_arm_handover(server);
  pthread_mutex_unlock(&server->lock);
  return connection;
}

/* --- Going --- */

/* Nothing of a request came, nothing of a reply waits. */
static bool fcgi_connection_is_idle(const struct fcgi_connection *connection) {
  return connection->unfinished_ms == 0;
}

static void fcgi_tell_drained(struct fcgi_server *server) {
  uint64_t one = 1;
  if (server->drain == FCGI_DRAIN_NOT || server->open.count > 0 || server->busy > 0) return;
  ssize_t status = write(server->drain_event, &one, sizeof one);
  (void)status; /* full means that it is readable already */
}

/* Whether an idle connection may go now, while the server drains. True: its descriptor was let go of
 * here, or need not be kept. Called with the lock held. */
static bool fcgi_connection_may_go(struct fcgi_server *server, const struct fcgi_connection *connection,
                                   int64_t now_ms) {
  switch (server->drain) {
  case FCGI_DRAIN_NOT:
    return false;
  case FCGI_DRAIN_HANDOVER:
    return server->options.handover_out < 0 ||
           fcgi_send_descriptor(server->options.handover_out, connection->descriptor);
  case FCGI_DRAIN_QUIET:
    return now_ms - server->drain_ms >= FCGI_QUIET_MS;
  case FCGI_DRAIN_FAST:
    return true;
  }
  return false;
}

/* Frees one that no event can be on its way for: the calling thread held it, and it was not armed. */
static void fcgi_connection_end(struct fcgi_server *server, struct fcgi_connection *connection) {
  /* Handed over, the connection lives on in another process, and so would our epoll's interest in it. */
  if (connection->registered) fcgi_unwatch(server, connection->descriptor);
  fcgi_list_remove(&server->open, connection);
  fcgi_publish_count(server);
  fcgi_connection_free(connection);
  if (server->listener_paused && server->open.count < FCGI_CONNECTIONS_MAX) {
    server->listener_paused = false;
    fcgi_arm_listener(server);
  }
}

/* It is registered when it has to wait for the first time: most connections that serve one request
 * never do. Hang-ups are reported even where nothing is asked for, so an earlier registration could
 * wake a second thread. */
static bool fcgi_connection_arm(struct fcgi_server *server, struct fcgi_connection *connection,
                                uint32_t events) {
  int operation = connection->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection->registered = true;
  return fcgi_watch(server, operation, connection->descriptor, events, connection);
}

void fcgi_connection_release(struct fcgi_server *server, struct fcgi_connection *connection,
                             enum fcgi_wait wait) {
  uint32_t events = (wait == FCGI_WAIT_WRITABLE ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT;
  connection->active_ms = clock_monotonic_ms();
  bool unfinished = connection->in.length > 0 || connection->out.length > 0;
  if (!unfinished)
    connection->unfinished_ms = 0;
  else if (connection->unfinished_ms == 0)
    connection->unfinished_ms = connection->active_ms;
  pthread_mutex_lock(&server->lock);
  server->busy--;
  connection->hold = FCGI_HELD_BY_EPOLL;
  if (wait == FCGI_WAIT_CLOSE ||
      (!unfinished && fcgi_connection_may_go(server, connection, connection->active_ms)) ||
      !fcgi_connection_arm(server, connection, events))
    fcgi_connection_end(server, connection);
  fcgi_tell_drained(server);
  pthread_mutex_unlock(&server->lock);
}

/* --- Waiting --- */

/* False: it left while its event was on the way. */
static bool fcgi_connection_take(struct fcgi_server *server, struct fcgi_connection *connection) {
  pthread_mutex_lock(&server->lock);
  bool taken = connection->hold == FCGI_HELD_BY_EPOLL;
  if (taken) {
    connection->hold = FCGI_HELD_BY_THREAD;
    server->busy++;
  }
  pthread_mutex_unlock(&server->lock);
  return taken;
}

static struct fcgi_connection *fcgi_connection_come(struct fcgi_server *server, bool accepts) {
  pthread_mutex_lock(&server->lock);
  bool takes_more = accepts ? server->drain == FCGI_DRAIN_NOT || server->drain == FCGI_DRAIN_QUIET
                            : server->drain == FCGI_DRAIN_NOT;
  if (takes_more) server->busy++;
  pthread_mutex_unlock(&server->lock);
  if (!takes_more) return NULL;
  fcgi_let_others_go_first(server);
  struct fcgi_connection *connection =
      accepts ? fcgi_connection_accept(server) : fcgi_connection_take_over(server);
  if (connection != NULL) return connection;
  pthread_mutex_lock(&server->lock);
  server->busy--;
  fcgi_tell_drained(server);
  pthread_mutex_unlock(&server->lock);
  return NULL;
}

bool fcgi_connection_next(struct fcgi_server *server, struct fcgi_connection **ret_connection) {
  struct epoll_event event;
  *ret_connection = NULL;
  if (epoll_wait(server->epoll, &event, 1, -1) != 1) return true;
  void *tag = event.data.ptr;
  if (tag == &server->stop_tag) return false;
  if (tag == &server->listener_tag || tag == &server->handover_tag)
    *ret_connection = fcgi_connection_come(server, tag == &server->listener_tag);
  else if (fcgi_connection_take(server, tag))
    *ret_connection = tag;
  return true;
}

/* --- Tending and draining --- */

static bool fcgi_connection_is_late(const struct fcgi_server *server,
                                    const struct fcgi_connection *connection, int64_t now_ms) {
  if (fcgi_connection_is_idle(connection)) return false;
  return now_ms - connection->active_ms > server->read_timeout_ms ||
         now_ms - connection->unfinished_ms > server->request_timeout_ms;
}

/* With the lock held: a waiting connection that is late is shut down, which wakes a thread that closes
 * it; one that may go leaves, but its memory stays, for a thread may be about to take it. */
static void fcgi_connection_tend(struct fcgi_server *server, struct fcgi_connection *connection,
                                 int64_t now_ms) {
  if (connection->hold != FCGI_HELD_BY_EPOLL) return;
  if (fcgi_connection_is_idle(connection)) {
    if (!fcgi_connection_may_go(server, connection, now_ms)) return;
    fcgi_unwatch(server, connection->descriptor);
    close(connection->descriptor);
    connection->descriptor = -1;
    connection->hold = FCGI_HELD_BY_NOBODY;
    fcgi_list_remove(&server->open, connection);
    fcgi_list_add(&server->gone, connection);
    return;
  }
  if (fcgi_connection_is_late(server, connection, now_ms) || server->drain == FCGI_DRAIN_FAST)
    shutdown(connection->descriptor, SHUT_RDWR);
}

static void fcgi_tend_locked(struct fcgi_server *server) {
  int64_t now_ms = clock_monotonic_ms();
  struct fcgi_connection *next;
  for (struct fcgi_connection *connection = server->open.first; connection != NULL; connection = next) {
    next = connection->next;
    fcgi_connection_tend(server, connection, now_ms);
  }
  if (server->drain == FCGI_DRAIN_QUIET && now_ms - server->drain_ms >= FCGI_QUIET_MS)
    fcgi_unwatch(server, server->options.listener);
  if (server->listener_paused && server->open.count < FCGI_CONNECTIONS_MAX) {
    server->listener_paused = false;
    fcgi_arm_listener(server);
  }
  fcgi_publish_count(server);
  fcgi_tell_drained(server);
}

void fcgi_server_tend(struct fcgi_server *server) {
  uint64_t count;
  ssize_t status = read(server->drain_event, &count, sizeof count);
  (void)status;
  pthread_mutex_lock(&server->lock);
  fcgi_tend_locked(server);
  pthread_mutex_unlock(&server->lock);
}

void fcgi_server_drain(struct fcgi_server *server, enum fcgi_drain how) {
  pthread_mutex_lock(&server->lock);
  if (how > server->drain) {
    if (server->drain == FCGI_DRAIN_NOT) server->drain_ms = clock_monotonic_ms();
    server->drain = how;
    if (how != FCGI_DRAIN_QUIET) fcgi_unwatch(server, server->options.listener);
    fcgi_unwatch(server, server->options.handover_in);
  }
  fcgi_tend_locked(server);
  pthread_mutex_unlock(&server->lock);
}

bool fcgi_server_is_drained(struct fcgi_server *server) {
  pthread_mutex_lock(&server->lock);
  bool listens = server->drain == FCGI_DRAIN_NOT || (server->drain == FCGI_DRAIN_QUIET &&
                                                     clock_monotonic_ms() - server->drain_ms < FCGI_QUIET_MS);
  bool drained = !listens && server->open.count == 0 && server->busy == 0;
  pthread_mutex_unlock(&server->lock);
  return drained;
}

int fcgi_server_event_descriptor(const struct fcgi_server *server) { return server->drain_event; }
