/* Something that stands between the pool and the server and can be away: a Unix socket that forwards
 * to another, until it is stopped (connections are cut, new ones refused) or frozen (nothing is
 * refused, and nothing answers). */
#ifndef LOCKSTEP_TESTS_DB_RELAY_H
#define LOCKSTEP_TESTS_DB_RELAY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RELAY_PAIRS_MAX 64
#define RELAY_TICK_MS 5

struct relay {
  struct sockaddr_un from;
  struct sockaddr_un to;
  pthread_t thread;
  int listener;
  atomic_bool stopping;
  atomic_bool frozen;
  atomic_int accepted; /* since the start of the test */
  int pairs[RELAY_PAIRS_MAX][2];
  size_t pair_count;
};

static inline void relay_accept(struct relay *relay) {
  int client = accept(relay->listener, NULL, NULL);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  relay->accepted++;
  if (client < 0 || server < 0 || relay->pair_count == RELAY_PAIRS_MAX ||
      connect(server, (const struct sockaddr *)&relay->to, sizeof relay->to) != 0) {
    if (client >= 0) close(client);
    if (server >= 0) close(server);
    return;
  }
  relay->pairs[relay->pair_count][0] = client;
  relay->pairs[relay->pair_count][1] = server;
  relay->pair_count++;
}

static inline bool relay_forward(int from, int to) {
  char bytes[16384];
  ssize_t got = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got <= 0) return false;
  for (ssize_t at = 0; at < got;) {
    ssize_t put = send(to, bytes + at, (size_t)(got - at), MSG_NOSIGNAL);
    if (put <= 0) return false;
    at += put;
  }
  return true;
}

static inline void relay_cut(struct relay *relay, size_t at) {
  close(relay->pairs[at][0]);
  close(relay->pairs[at][1]);
  relay->pair_count--;
  memmove(relay->pairs[at], relay->pairs[relay->pair_count], sizeof relay->pairs[at]);
}

static inline void *relay_run(void *context) {
  struct relay *relay = context;
  while (!relay->stopping) {
    struct pollfd polled[2 * RELAY_PAIRS_MAX + 1];
    size_t pairs = relay->frozen ? 0 : relay->pair_count;
    for (size_t i = 0; i < pairs; i++) {
      polled[2 * i] = (struct pollfd){.fd = relay->pairs[i][0], .events = POLLIN};
      polled[2 * i + 1] = (struct pollfd){.fd = relay->pairs[i][1], .events = POLLIN};
    }
    polled[2 * pairs] = (struct pollfd){.fd = relay->listener, .events = POLLIN};
    if (poll(polled, (nfds_t)(2 * pairs + 1), RELAY_TICK_MS) <= 0) continue;
    /* From the end: a pair that is cut is replaced by the last. */
    for (size_t i = pairs; i-- > 0;) {
      bool open = true;
      for (size_t side = 0; side < 2 && open; side++)
        if (polled[2 * i + side].revents != 0)
          open = relay_forward(relay->pairs[i][side], relay->pairs[i][1 - side]);
      if (!open) relay_cut(relay, i);
    }
    if (polled[2 * pairs].revents != 0) relay_accept(relay);
  }
  return NULL;
}

static inline void relay_init(struct relay *relay, const char *to, const char *name) {
  memset(relay, 0, sizeof *relay);
  relay->from.sun_family = AF_UNIX;
  relay->to.sun_family = AF_UNIX;
  snprintf(relay->from.sun_path, sizeof relay->from.sun_path, "/tmp/lockstep_relay_%d_%s", (int)getpid(),
           name);
  snprintf(relay->to.sun_path, sizeof relay->to.sun_path, "%s", to);
}

static inline void relay_start(struct relay *relay) {
  relay->stopping = false;
  relay->frozen = false;
  relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(relay->listener >= 0);
  assert_int_equal(bind(relay->listener, (const struct sockaddr *)&relay->from, sizeof relay->from), 0);
  assert_int_equal(listen(relay->listener, RELAY_PAIRS_MAX), 0);
  assert_int_equal(pthread_create(&relay->thread, NULL, relay_run, relay), 0);
}

static inline void relay_stop(struct relay *relay) {
  relay->stopping = true;
  pthread_join(relay->thread, NULL);
  unlink(relay->from.sun_path);
  close(relay->listener);
  while (relay->pair_count > 0)
    relay_cut(relay, 0);
}

#endif
