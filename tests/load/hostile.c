#include "hostile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  PACE_MS = 200,
  WAIT_S = 4,
  HOSTILE_MAX = 512,
  TICKET_DIGITS = 64,
  TEXT_BYTES = 16384,
  FLOOD = 2000,
  CLOSED_SILENTLY = 1006
};

struct hostiles {
  int port;
  int stops; /* atomic */
  size_t count;
  struct hostile_figures figures; /* atomic */
  struct hostile {
    struct hostiles *all;
    size_t number;
    unsigned long id;
    char *token;
    unsigned random;
    bool is_limited; /* it was told that it had had its tickets: how its mischief ends then, too */
    pthread_t thread;
  } each[HOSTILE_MAX];
};

static bool goes_on(const struct hostiles *all) { return !__atomic_load_n(&all->stops, __ATOMIC_SEQ_CST); }

/* --- What they have in common ----------------------------------------------------------------------------
 */

static int open_socket(const struct hostile *hostile, int receive_bytes) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hostile->all->port)};
  struct timeval wait = {.tv_sec = WAIT_S};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) abort();
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (receive_bytes > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static bool send_bytes(int fd, const void *data, size_t bytes) {
  return send(fd, data, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

/* The status of an attempt to upgrade; 0: none came. */
static int ask(int fd, const char *arguments, const char *headers) {
  char text[TEXT_BYTES];
  int bytes = snprintf(text, sizeof text,
                       "GET /api/progress-sync/live?%s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                       arguments, headers);
  size_t got = 0;
  if (bytes >= (int)sizeof text || !send_bytes(fd, text, (size_t)bytes)) return 0;
  while (got < 12) {
    ssize_t some = recv(fd, text + got, 12 - got, 0);
    if (some <= 0) return 0;
    got += (size_t)some;
  }
  text[12] = '\0';
  return (int)strtol(text + 9, NULL, 10);
}

/* A fresh one of its own; false: none was given. */
static bool get_ticket(struct hostile *hostile, char *ticket) {
  struct connection connection = {.fd = -1};
  struct reply *reply = calloc(1, sizeof *reply);
  char request[TEXT_BYTES];
  int bytes =
      snprintf(request, sizeof request,
               "POST /api/progress-sync/live-ticket HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               "Authorization: Bearer %s\r\nContent-Length: 0\r\n\r\n",
               hostile->token);
  if (reply == NULL) abort();
  bool got = connection_send(&connection, hostile->all->port, request, (size_t)bytes) &&
             connection_receive(&connection, reply) && reply->status == 201;
  hostile->is_limited = !got && reply->status == 429;
  const char *text = got ? strstr(reply->body, "\"ticket\":\"") : NULL;
  if (text != NULL) snprintf(ticket, TICKET_DIGITS + 1, "%s", text + 10);
  connection_close(&connection);
  free(reply);
  return text != NULL;
}

/* The code of the close frame that comes; CLOSED_SILENTLY: the end came without; 0: neither did. Whatever
 * else is told to these learners is short and plain: no other byte of it looks like the first of a close
 * frame. */
static int close_code(int fd) {
  unsigned char text[TEXT_BYTES];
  size_t bytes = 0;
  for (;;) {
    ssize_t some = recv(fd, text + bytes, sizeof text - bytes, 0);
    if (some < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (some <= 0) return CLOSED_SILENTLY;
    bytes += (size_t)some;
    const unsigned char *frame = memchr(text, 0x88, bytes);
    size_t behind = frame == NULL ? 0 : bytes - (size_t)(frame - text);
    if (behind >= 2 && behind < 4 && frame[1] < 2) return CLOSED_SILENTLY;
    if (behind >= 4) return frame[2] << 8 | frame[3];
    if (frame == NULL) bytes = 0;
  }
}

/* A socket that listens with a ticket of its own; -1: not. */
static int listen_live(struct hostile *hostile, const char *more, int receive_bytes) {
  char ticket[TICKET_DIGITS + 1];
  char arguments[256];
  if (!get_ticket(hostile, ticket)) return -1;
  snprintf(arguments, sizeof arguments, "ticket=%s%s", ticket, more);
  int fd = open_socket(hostile, receive_bytes);
  if (fd >= 0 && ask(fd, arguments, "") == 101) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/* --- The mischief; false: it did not end as it should ------------------------------------------------------
 */

static bool is_refused(struct hostile *hostile, const char *arguments, const char *headers, int status) {
  int fd = open_socket(hostile, 0);
  if (fd < 0) return false;
  bool right = ask(fd, arguments, headers) == status;
  close(fd);
  return right;
}

static const char *guess_ticket(struct hostile *hostile, char *arguments) {
  memcpy(arguments, "ticket=", 7);
  for (int at = 0; at < TICKET_DIGITS; at++)
    arguments[7 + at] = "0123456789abcdef"[rand_r(&hostile->random) % 16];
  arguments[7 + TICKET_DIGITS] = '\0';
  return arguments;
}

static bool closes_4401(struct hostile *hostile, const char *arguments) {
  int fd = open_socket(hostile, 0);
  if (fd < 0) return false;
  bool right = ask(fd, arguments, "") == 101 && close_code(fd) == 4401;
  close(fd);
  return right;
}

static bool guess(struct hostile *hostile) {
  char arguments[128];
  return closes_4401(hostile, guess_ticket(hostile, arguments));
}

static bool replay(struct hostile *hostile) {
  char ticket[TICKET_DIGITS + 1];
  char arguments[128];
  if (!get_ticket(hostile, ticket)) return false;
  snprintf(arguments, sizeof arguments, "ticket=%s", ticket);
  int fd = open_socket(hostile, 0);
  char byte;
  bool right = fd >= 0 && ask(fd, arguments, "") == 101;
  while (right && recv(fd, &byte, 1, 0) == 1 && byte != '{') { /* its heartbeat: it was let in */
  }
  right = right && closes_4401(hostile, arguments);
  if (fd >= 0) close(fd);
  return right;
}

static bool come_from_elsewhere(struct hostile *hostile) {
  char arguments[128];
  return is_refused(hostile, guess_ticket(hostile, arguments), "Origin: https://evil.example\r\n", 403);
}

/* What no address may hold libwebsockets does not even answer. */
static bool ask_nonsense(struct hostile *hostile) {
  static const struct {
    const char *arguments;
    int status;
  } nonsense[] = {{"", 400},           {"ticket=x", 400},
                  {"&&&&=&=&", 400},   {"since=-1&epoch=%FF", 400},
                  {"ticket=%00", 502}, {"ticket=%2e%2e/%2e%2e/etc/passwd", 400}};
  char arguments[8192] = "ticket=";
  size_t at = (size_t)rand_r(&hostile->random) % (sizeof nonsense / sizeof *nonsense + 1);
  if (at < sizeof nonsense / sizeof *nonsense)
    return is_refused(hostile, nonsense[at].arguments, "", nonsense[at].status);
  memset(arguments + 7, 'a', 6000);
  return is_refused(hostile, arguments, "", 400);
}

/* What nobody ever gave is read anew, what is no number refused; the whole history is told. */
static bool ask_since(struct hostile *hostile) {
  static const struct {
    const char *since;
    bool is_taken;
  } kinds[] = {{"&since=0", true},
               {"&since=9999999999999999999", true},
               {"&since=1000000000000000000", true},
               {"&since=18446744073709551616", false},
               {"&since=0&epoch=1000000000000000000", true},
               {"&since=-1", false}};
  size_t at = (size_t)rand_r(&hostile->random) % 6;
  int fd = listen_live(hostile, kinds[at].since, 0);
  char byte;
  bool is_taken = fd >= 0 && recv(fd, &byte, 1, 0) == 1;
  if (fd >= 0) close(fd);
  return is_taken == kinds[at].is_taken;
}

/* A header that announces 2^62 bytes, and as many of them as are taken. */
static bool send_too_much(struct hostile *hostile) {
  static const unsigned char head[14] = {0x81, 0xff, 0x40};
  static const char junk[65536];
  int fd = listen_live(hostile, "", 0);
  if (fd < 0) return false;
  bool goes = send_bytes(fd, head, sizeof head);
  for (int at = 0; goes && at < 64; at++)
    goes = send_bytes(fd, junk, sizeof junk);
  int code = close_code(fd);
  close(fd);
  return code == 1009 || code == CLOSED_SILENTLY;
}

static bool send_malformed(struct hostile *hostile) {
  static const struct {
    size_t bytes;
    const char *data;
  } frames[] = {
      {7, "\x81\x05hello"},                    /* unmasked */
      {7, "\xf1\x81\x00\x00\x00\x00x"},        /* reserved bits */
      {7, "\x83\x81\x00\x00\x00\x00x"},        /* no such opcode */
      {7, "\x80\x81\x00\x00\x00\x00x"},        /* a continuation of nothing */
      {8, "\x89\xfe\x01\x00\x00\x00\x00\x00"}, /* a ping of 256 bytes */
      {7, "\x09\x81\x00\x00\x00\x00x"},        /* a ping in parts */
      {8, "\x81\x82\x00\x00\x00\x00\xff\xfe"}, /* not UTF-8 */
      {7, "\x82\x81\x00\x00\x00\x00\x00"},     /* binary */
      {8, "\x81\x82\x00\x00\x00\x00[]"},       /* not a message of ours */
      {7, "\x88\x81\x00\x00\x00\x00\x01"},     /* half a close code */
  };
  size_t at = (size_t)rand_r(&hostile->random) % (sizeof frames / sizeof *frames);
  int fd = listen_live(hostile, "", 0);
  if (fd < 0) return false;
  bool right = send_bytes(fd, frames[at].data, frames[at].bytes) && close_code(fd) != 0;
  close(fd);
  return right;
}

static bool flood(struct hostile *hostile, const char *frame, size_t bytes, bool must_end) {
  int fd = listen_live(hostile, "", 0);
  if (fd < 0) return false;
  bool goes = true;
  for (int at = 0; goes && at < FLOOD && goes_on(hostile->all); at++)
    goes = send_bytes(fd, frame, bytes);
  int code = must_end ? close_code(fd) : 0;
  bool right = !must_end || !goes || code == 1008 || code == CLOSED_SILENTLY;
  close(fd);
  return right;
}
static bool flood_messages(struct hostile *hostile) {
  return flood(hostile, "\x81\x82\x00\x00\x00\x00{}", 8, true);
}
static bool flood_pings(struct hostile *hostile) {
  return flood(hostile, "\x89\x81\x00\x00\x00\x00x", 7, false);
}

/* Asks for everything, takes nothing. */
static bool never_read(struct hostile *hostile) {
  int fd = listen_live(hostile, "&since=0", 1);
  if (fd < 0) return false;
  for (int at = 0; at < WAIT_S * 10 && goes_on(hostile->all); at++)
    load_sleep_ms(100);
  close(fd);
  return true;
}

/* Half a request, and half a frame. */
static bool dawdle(struct hostile *hostile) {
  int fd = open_socket(hostile, 0);
  int other = listen_live(hostile, "", 0);
  if (fd >= 0) send_bytes(fd, "GET /api/progress-sync/live?ticket=", 35);
  if (other >= 0) send_bytes(other, "\x81\xfe", 2);
  for (int at = 0; at < WAIT_S * 10 && goes_on(hostile->all); at++)
    load_sleep_ms(100);
  if (fd >= 0) close(fd);
  if (other >= 0) close(other);
  return fd >= 0 && other >= 0;
}

const char *const hostile_names[HOSTILE_KINDS] = {
    "guessed ticket",  "replayed ticket", "foreign origin", "nonsense",    "since",  "oversized frame",
    "malformed frame", "message flood",   "ping flood",     "never reads", "dawdles"};
static bool (*const kinds[HOSTILE_KINDS])(struct hostile *hostile) = {
    guess,          replay,         come_from_elsewhere, ask_nonsense, ask_since, send_too_much,
    send_malformed, flood_messages, flood_pings,         never_read,   dawdle};

static void *run(void *context) {
  struct hostile *hostile = context;
  struct hostiles *all = hostile->all;
  size_t kind = hostile->number % HOSTILE_KINDS;
  load_sleep_ms(rand_r(&hostile->random) % PACE_MS); /* nobody beats the time for them */
  while (goes_on(all)) {
    int64_t began_us = load_now_us();
    hostile->is_limited = false;
    bool right = kinds[kind](hostile) || hostile->is_limited;
    __atomic_add_fetch(&all->figures.attempts[kind], 1, __ATOMIC_SEQ_CST);
    if (!right && goes_on(all)) __atomic_add_fetch(&all->figures.surprises[kind], 1, __ATOMIC_SEQ_CST);
    int64_t left_us = began_us + PACE_MS * 1000 - load_now_us();
    if (left_us > 0) load_sleep_ms((int)(left_us / 1000));
  }
  return NULL;
}

struct hostiles *hostiles_start(int port, const char *path) {
  struct hostiles *all = calloc(1, sizeof *all);
  FILE *file = fopen(path, "r");
  unsigned long id;
  char token[4096];
  if (all == NULL || file == NULL) abort();
  all->port = port;
  while (all->count < HOSTILE_MAX && fscanf(file, "%lu %4095s", &id, token) == 2) {
    struct hostile *hostile = &all->each[all->count];
    *hostile = (struct hostile){
        .all = all, .number = all->count, .id = id, .token = strdup(token), .random = (unsigned)id};
    if (pthread_create(&hostile->thread, NULL, run, hostile) != 0) abort();
    all->count++;
  }
  fclose(file);
  return all;
}

void hostiles_stop(struct hostiles *all, struct hostile_figures *ret_figures) {
  __atomic_store_n(&all->stops, 1, __ATOMIC_SEQ_CST);
  for (size_t at = 0; at < all->count; at++) {
    pthread_join(all->each[at].thread, NULL);
    free(all->each[at].token);
  }
  *ret_figures = all->figures;
  free(all);
}
