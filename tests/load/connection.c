#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { IO_TIMEOUT_S = 30 };

static bool connection_open(struct connection *connection, int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  struct timeval timeout = {.tv_sec = IO_TIMEOUT_S};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
    close(fd);
    return false;
  }
  connection->fd = fd;
  return true;
}

void connection_close(struct connection *connection) {
  if (connection->fd >= 0) close(connection->fd);
  connection->fd = -1;
}

static bool write_all(int fd, const char *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = send(fd, data, bytes, MSG_NOSIGNAL);
    if (written <= 0) return false;
    data += written;
    bytes -= (size_t)written;
  }
  return true;
}

/* True when the server has closed a kept connection: then a new one must carry the next request. */
static bool connection_is_stale(const struct connection *connection) {
  char byte;
  ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0;
}

bool connection_send(struct connection *connection, int port, const char *request, size_t request_bytes) {
  if (connection->fd >= 0 && connection_is_stale(connection)) connection_close(connection);
  if (connection->fd < 0 && !connection_open(connection, port)) return false;
  if (write_all(connection->fd, request, request_bytes)) return true;
  connection_close(connection);
  return false;
}

static const char *header_find(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
      line += length + 1;
      while (*line == ' ')
        line++;
      return line;
    }
  }
  return NULL;
}

/* Unpacks a chunked body in place. False while it is not whole; *ret_bytes is its length. */
static bool chunks_join(char *data, size_t bytes, bool write, size_t *ret_bytes) {
  size_t at = 0, out = 0;
  for (;;) {
    char *end_of_line = memmem(data + at, bytes - at, "\r\n", 2);
    if (end_of_line == NULL) return false;
    size_t length = strtoul(data + at, NULL, 16);
    at = (size_t)(end_of_line - data) + 2;
    if (bytes - at < length + 2) return false;
    if (length == 0) break;
    if (write) memmove(data + out, data + at, length);
    out += length;
    at += length + 2;
  }
  *ret_bytes = out;
  return true;
}

struct incoming {
  char *data;
  size_t bytes;
  size_t head_bytes; /* 0: not yet whole */
  size_t length;     /* of the body, unless chunked */
  bool chunked;
  bool until_close;
};

static void incoming_read_head(struct incoming *incoming) {
  char *end = memmem(incoming->data, incoming->bytes, "\r\n\r\n", 4);
  if (end == NULL) return;
  incoming->head_bytes = (size_t)(end - incoming->data) + 4;
  end[2] = '\0'; /* the head is a string from here on; its last line keeps its \r\n */
  const char *length = header_find(incoming->data, "Content-Length");
  const char *encoding = header_find(incoming->data, "Transfer-Encoding");
  int status = (int)strtol(incoming->data + 9, NULL, 10);
  incoming->chunked = encoding != NULL && strncasecmp(encoding, "chunked", 7) == 0;
  incoming->length = length != NULL ? strtoul(length, NULL, 10) : 0;
  incoming->until_close = !incoming->chunked && length == NULL && status != 304 && status != 204;
}

static bool incoming_is_whole(struct incoming *incoming) {
  if (incoming->head_bytes == 0) incoming_read_head(incoming);
  if (incoming->head_bytes == 0 || incoming->until_close) return false;
  size_t have = incoming->bytes - incoming->head_bytes, ignored;
  if (incoming->chunked) return chunks_join(incoming->data + incoming->head_bytes, have, false, &ignored);
  return have >= incoming->length;
}

static void reply_fill(struct incoming *incoming, struct reply *reply) {
  char *body = incoming->data + incoming->head_bytes;
  size_t bytes = incoming->bytes - incoming->head_bytes;
  if (incoming->chunked && !chunks_join(body, bytes, true, &bytes)) bytes = 0;
  if (bytes >= REPLY_BODY_BYTES) bytes = REPLY_BODY_BYTES - 1;
  memcpy(reply->body, body, bytes);
  reply->body[bytes] = '\0';
  reply->body_bytes = bytes;
  reply->status = (int)strtol(incoming->data + 9, NULL, 10);
  reply->etag[0] = '\0';
  const char *etag = header_find(incoming->data, "ETag");
  if (etag != NULL) snprintf(reply->etag, sizeof(reply->etag), "%.*s", (int)strcspn(etag, "\r"), etag);
}

/* What of a long body did not fit is read and forgotten. */
static bool drain(struct connection *connection, struct incoming *incoming) {
  char rest[4096];
  size_t left = incoming->length - (incoming->bytes - incoming->head_bytes);
  while (left > 0) {
    ssize_t got = recv(connection->fd, rest, left < sizeof(rest) ? left : sizeof(rest), 0);
    if (got <= 0) return false;
    left -= (size_t)got;
  }
  incoming->length = incoming->bytes - incoming->head_bytes;
  return true;
}

bool connection_receive(struct connection *connection, struct reply *ret_reply) {
  static _Thread_local char buffer[CONNECTION_BUFFER_BYTES];
  struct incoming incoming = {.data = buffer};
  ret_reply->status = 0;
  bool closed = false;
  while (!closed && !incoming_is_whole(&incoming)) {
    bool is_long = incoming.bytes == sizeof(buffer) && incoming.head_bytes > 0 && !incoming.chunked;
    if (is_long && drain(connection, &incoming)) continue;
    if (incoming.bytes == sizeof(buffer)) break;
    ssize_t got = recv(connection->fd, buffer + incoming.bytes, sizeof(buffer) - incoming.bytes, 0);
    if (got < 0) break;
    closed = got == 0;
    incoming.bytes += (size_t)got;
  }
  bool whole = incoming.head_bytes > 0 && (incoming_is_whole(&incoming) || (closed && incoming.until_close));
  if (!whole) {
    connection_close(connection);
    return false;
  }
  reply_fill(&incoming, ret_reply);
  const char *keep = header_find(buffer, "Connection");
  if (closed || (keep != NULL && strncasecmp(keep, "close", 5) == 0)) connection_close(connection);
  return true;
}

bool reply_equal(const struct reply *a, const struct reply *b) {
  return a->status == b->status && a->body_bytes == b->body_bytes &&
         memcmp(a->body, b->body, a->body_bytes) == 0;
}

long reply_number(const struct reply *reply, const char *name) {
  const char *at = strstr(reply->body, name);
  return at == NULL ? -1 : strtol(at + strlen(name), NULL, 10);
}

int64_t load_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t load_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void load_sleep_ms(int milliseconds) {
  struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = (milliseconds % 1000) * 1000000L};
  nanosleep(&pause, NULL);
}
