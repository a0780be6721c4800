#include "browsers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 10, REQUEST_BYTES = 6144, CLOSED_SILENTLY = 1006, RESTARTS = 1012, TICKET_DIGITS = 64 };
enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

int64_t wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- What is known of each revision ---------------------------------------------------------------- */

/* With the lock held. */
static struct told *told_of(struct browser *browser, long revision) {
  size_t at = (size_t)revision;
  if (at >= browser->told_count) {
    size_t count = at + 64;
    browser->told = realloc(browser->told, count * sizeof *browser->told);
    if (browser->told == NULL) abort();
    memset(browser->told + browser->told_count, 0, (count - browser->told_count) * sizeof *browser->told);
    browser->told_count = count;
  }
  return &browser->told[at];
}

void crowd_note_reply(struct crowd *crowd, struct browser *browser, long revision, int64_t sent_us,
                      int64_t replied_us) {
  pthread_mutex_lock(&crowd->lock);
  struct told *told = told_of(browser, revision);
  told->sent_us = sent_us;
  told->replied_us = replied_us;
  if (revision > browser->acknowledged) browser->acknowledged = revision;
  pthread_mutex_unlock(&crowd->lock);
}

bool crowd_is_told(struct crowd *crowd) {
  bool is_told = true;
  pthread_mutex_lock(&crowd->lock);
  for (size_t at = 0; at < crowd->count; at++) {
    const struct browser *browser = &crowd->browsers[at];
    if (browser->state == BROWSER_ENDED || browser->acknowledged == 0) continue;
    if ((size_t)browser->acknowledged >= browser->told_count ||
        browser->told[browser->acknowledged].arrived_us == 0)
      is_told = false;
  }
  pthread_mutex_unlock(&crowd->lock);
  return is_told;
}

/* --- Frames ------------------------------------------------------------------------------------------ */

static long number_behind(const char *text, size_t bytes, const char *name) {
  const char *at = memmem(text, bytes, name, strlen(name));
  return at == NULL ? -1 : strtol(at + strlen(name), NULL, 10);
}

/* "at":"2026-01-02T03:04:05.678Z" */
static int64_t moment_told(const char *text, size_t bytes) {
  const char *at = memmem(text, bytes, "\"at\":\"", 6);
  struct tm tm = {.tm_isdst = 0};
  int ms;
  if (at == NULL || sscanf(at + 6, "%d-%d-%dT%d:%d:%d.%3d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                           &tm.tm_min, &tm.tm_sec, &ms) != 7)
    return 0;
  tm.tm_year -= 1900;
  tm.tm_mon--;
  return ((int64_t)timegm(&tm) * 1000 + ms) * 1000;
}

static void hear_changes(struct crowd *crowd, struct browser *browser, long revision, const char *text,
                         size_t bytes) {
  int64_t now_us = wall_us();
  browser->frames++;
  if (revision <= browser->known) browser->twice++;
  if (revision > browser->known + 1) browser->missing += revision - browser->known - 1;
  if (revision > browser->known) browser->known = revision;
  pthread_mutex_lock(&crowd->lock);
  struct told *told = told_of(browser, revision);
  if (told->arrived_us == 0) told->arrived_us = now_us;
  told->at_us = moment_told(text, bytes);
  pthread_mutex_unlock(&crowd->lock);
}

/* A heartbeat says up to where everything was told: it may not promise more than came. */
static void hear(struct crowd *crowd, struct browser *browser, const char *text, size_t bytes) {
  long revision = number_behind(text, bytes, "\"revision\":");
  if (revision < 0) return;
  if (memmem(text, bytes, "\"changes\":", 10) != NULL) {
    hear_changes(crowd, browser, revision, text, bytes);
  } else if (memmem(text, bytes, "\"resync\"", 8) != NULL) {
    browser->resyncs++;
    browser->known = revision;
  } else if (revision > browser->known) {
    browser->missing += revision - browser->known;
    browser->known = revision;
  }
}

static void send_control(const struct browser *browser, unsigned char opcode, const char *data,
                         size_t bytes) {
  char frame[6 + 125] = {(char)(0x80 | opcode), (char)(0x80 | bytes)}; /* the mask is 0: it changes nothing */
  memcpy(frame + 6, data, bytes);
  if (send(browser->fd, frame, 6 + bytes, MSG_NOSIGNAL) < 0) return; /* its end will be noticed */
}

/* --- A connection -------------------------------------------------------------------------------------- */

/* After a pause by chance, as the browser client makes it (pauseAfter in src/web/client/live.js). */
static void come_again(struct crowd *crowd, struct browser *browser, int close_code) {
  bool is_lost_by_all =
      browser->state == BROWSER_LISTENS && (close_code == CLOSED_SILENTLY || close_code == RESTARTS);
  int64_t least_us = is_lost_by_all ? 200000 : 100000;
  int64_t spread_us = is_lost_by_all ? 4000000 : 900000;
  if (browser->state == BROWSER_LISTENS) {
    __atomic_sub_fetch(&crowd->listening, 1, __ATOMIC_SEQ_CST);
    browser->close_code = close_code;
    browser->closed_at_us = wall_us();
  }
  if (browser->fd >= 0) close(browser->fd);
  browser->fd = -1;
  browser->state = BROWSER_WAITS;
  browser->due_us = wall_us() + least_us + rand_r(&browser->random) % spread_us;
}

static void connect_anew(struct crowd *crowd, struct browser *browser) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)crowd->port)};
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = browser};
  int on = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  browser->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (browser->fd < 0) abort(); /* too few files */
  setsockopt(browser->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  browser->bytes = 0;
  browser->is_connected = false;
  browser->state = BROWSER_ASKS;
  if ((connect(browser->fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
       errno != EINPROGRESS) ||
      epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, browser->fd, &event) != 0)
    come_again(crowd, browser, CLOSED_SILENTLY);
}

static void ask_for_ticket(struct crowd *crowd, struct browser *browser) {
  char request[REQUEST_BYTES];
  int bytes = snprintf(request, sizeof request,
                       "POST /api/progress-sync/live-ticket HTTP/1.1\r\nHost: localhost\r\n"
                       "Authorization: Bearer %s\r\nContent-Length: 0\r\n\r\n",
                       browser->token);
  browser->is_connected = true;
  if (send(browser->fd, request, (size_t)bytes, MSG_NOSIGNAL) != bytes)
    come_again(crowd, browser, CLOSED_SILENTLY);
}

static void upgrade(struct crowd *crowd, struct browser *browser, const char *ticket) {
  char request[REQUEST_BYTES];
  int bytes = snprintf(request, sizeof request,
                       "GET /api/progress-sync/live?ticket=%.*s&since=%ld HTTP/1.1\r\nHost: localhost\r\n"
                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       TICKET_DIGITS, ticket, browser->known);
  browser->bytes = 0;
  browser->state = BROWSER_UPGRADES;
  if (send(browser->fd, request, (size_t)bytes, MSG_NOSIGNAL) != bytes)
    come_again(crowd, browser, CLOSED_SILENTLY);
}

/* True: the reply is whole. */
static bool is_whole(const struct browser *browser, const char *head_end) {
  size_t body = browser->bytes - (size_t)(head_end + 4 - browser->buffer);
  const char *length = strcasestr(browser->buffer, "\r\nContent-Length:");
  if (length != NULL && length < head_end) return body >= strtoul(length + 17, NULL, 10);
  return browser->bytes >= 5 && memcmp(browser->buffer + browser->bytes - 5, "0\r\n\r\n", 5) == 0;
}

/* A token that has ended gets no ticket: a person would sign in anew. */
static void hear_ticket(struct crowd *crowd, struct browser *browser) {
  const char *head_end = strstr(browser->buffer, "\r\n\r\n");
  if (head_end == NULL || !is_whole(browser, head_end)) return;
  const char *ticket = strstr(head_end, "\"ticket\":\"");
  if (strncmp(browser->buffer, "HTTP/1.1 401", 12) == 0) {
    close(browser->fd);
    browser->fd = -1;
    browser->state = BROWSER_ENDED;
  } else if (ticket == NULL || strcspn(ticket + 10, "\"") != TICKET_DIGITS) {
    come_again(crowd, browser, CLOSED_SILENTLY);
  } else {
    upgrade(crowd, browser, ticket + 10);
  }
}

static void hear_upgrade(struct crowd *crowd, struct browser *browser) {
  const char *head_end = strstr(browser->buffer, "\r\n\r\n");
  if (head_end == NULL) return;
  if (strncmp(browser->buffer, "HTTP/1.1 101", 12) != 0) {
    come_again(crowd, browser, CLOSED_SILENTLY);
    return;
  }
  size_t head = (size_t)(head_end + 4 - browser->buffer);
  browser->bytes -= head;
  memmove(browser->buffer, browser->buffer + head, browser->bytes);
  browser->state = BROWSER_LISTENS;
  browser->connections++;
  __atomic_add_fetch(&crowd->listening, 1, __ATOMIC_SEQ_CST);
}

/* 0: it is not whole. */
static size_t frame_bytes(const unsigned char *data, size_t bytes, size_t *ret_head) {
  if (bytes < 2) return 0;
  size_t payload = data[1] & 0x7f;
  size_t head = 2;
  if (payload == 126) {
    if (bytes < 4) return 0;
    payload = (size_t)data[2] << 8 | data[3];
    head = 4;
  } else if (payload == 127) {
    if (bytes < 10) return 0;
    payload = 0;
    for (int at = 2; at < 10; at++)
      payload = payload << 8 | data[at];
    head = 10;
  }
  if (head + payload > BROWSER_BYTES) abort(); /* more than any change of these proofs */
  *ret_head = head;
  return head + payload <= bytes ? head + payload : 0;
}

/* False: it was closed. */
static bool hear_frame(struct crowd *crowd, struct browser *browser, const char *frame, size_t head,
                       size_t bytes) {
  const unsigned char *code = (const unsigned char *)frame + head;
  switch (frame[0] & 0x0f) {
  case OPCODE_TEXT:
    hear(crowd, browser, frame + head, bytes - head);
    return true;
  case OPCODE_PING:
    send_control(browser, 0x0a, frame + head, bytes - head);
    return true;
  case OPCODE_CLOSE:
    come_again(crowd, browser, bytes - head < 2 ? CLOSED_SILENTLY : code[0] << 8 | code[1]);
    return false;
  default:
    return true;
  }
}

static bool hear_frames(struct crowd *crowd, struct browser *browser) {
  size_t at = 0;
  size_t head;
  for (;;) {
    const unsigned char *data = (const unsigned char *)browser->buffer + at;
    size_t bytes = frame_bytes(data, browser->bytes - at, &head);
    if (bytes == 0) break;
    if (!hear_frame(crowd, browser, browser->buffer + at, head, bytes)) return false;
    at += bytes;
  }
  browser->bytes -= at;
  memmove(browser->buffer, browser->buffer + at, browser->bytes);
  return true;
}

static void receive(struct crowd *crowd, struct browser *browser) {
  for (;;) {
    size_t room = BROWSER_BYTES - 1 - browser->bytes;
    ssize_t got = recv(browser->fd, browser->buffer + browser->bytes, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      come_again(crowd, browser, CLOSED_SILENTLY);
      return;
    }
    browser->bytes += (size_t)got;
    browser->buffer[browser->bytes] = '\0';
    if (browser->state == BROWSER_ASKS) hear_ticket(crowd, browser);
    if (browser->state == BROWSER_UPGRADES && browser->bytes > 0) hear_upgrade(crowd, browser);
    if (browser->fd < 0 || (browser->state == BROWSER_LISTENS && !hear_frames(crowd, browser))) return;
  }
}

/* --- The thread ---------------------------------------------------------------------------------------- */

static void *run(void *context) {
  struct crowd *crowd = context;
  struct epoll_event events[BROWSER_EVENTS];
  int64_t tick_us = 0;
  while (!__atomic_load_n(&crowd->stops, __ATOMIC_SEQ_CST)) {
    int count = epoll_wait(crowd->epoll, events, BROWSER_EVENTS, TICK_MS);
    for (int at = 0; at < count; at++) {
      struct browser *browser = events[at].data.ptr;
      if (browser->fd < 0) continue;
      if (!browser->is_connected && (events[at].events & EPOLLOUT) != 0) ask_for_ticket(crowd, browser);
      if (browser->fd >= 0 && (events[at].events & ~(uint32_t)EPOLLOUT) != 0) receive(crowd, browser);
    }
    int64_t now_us = wall_us();
    if (now_us < tick_us) continue;
    tick_us = now_us + TICK_MS * 1000;
    for (size_t at = 0; at < crowd->count; at++)
      if (crowd->browsers[at].state == BROWSER_WAITS && crowd->browsers[at].due_us <= now_us)
        connect_anew(crowd, &crowd->browsers[at]);
  }
  return NULL;
}

bool crowd_read(struct crowd *crowd, const char *path) {
  FILE *file = fopen(path, "r");
  size_t capacity = 0;
  unsigned long id;
  char token[4096];
  if (file == NULL) return false;
  while (fscanf(file, "%lu %4095s", &id, token) == 2) {
    if (crowd->count == capacity) {
      capacity = capacity == 0 ? 64 : capacity * 2;
      crowd->browsers = realloc(crowd->browsers, capacity * sizeof *crowd->browsers);
      if (crowd->browsers == NULL) abort();
    }
    crowd->browsers[crowd->count++] = (struct browser){
        .id = id, .token = strdup(token), .buffer = malloc(BROWSER_BYTES), .fd = -1, .random = (unsigned)id};
  }
  fclose(file);
  return crowd->count > 0;
}

void crowd_start(struct crowd *crowd, int ramp_ms) {
  int64_t now_us = wall_us();
  for (size_t at = 0; at < crowd->count; at++)
    crowd->browsers[at].due_us = now_us + (int64_t)at * ramp_ms * 1000 / (int64_t)crowd->count;
  pthread_mutex_init(&crowd->lock, NULL);
  crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (crowd->epoll < 0 || pthread_create(&crowd->thread, NULL, run, crowd) != 0) abort();
}

void crowd_stop(struct crowd *crowd) {
  __atomic_store_n(&crowd->stops, 1, __ATOMIC_SEQ_CST);
  pthread_join(crowd->thread, NULL);
  for (size_t at = 0; at < crowd->count; at++)
    if (crowd->browsers[at].fd >= 0) close(crowd->browsers[at].fd);
  close(crowd->epoll);
}
