/* One blocking HTTP/1.1 connection to nginx on the loopback. One thread each. */
#ifndef LOCKSTEP_TESTS_LOAD_H
#define LOCKSTEP_TESTS_LOAD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_BODY_BYTES = 65536, REPLY_ETAG_BYTES = 256, CONNECTION_BUFFER_BYTES = 131072 };

struct connection {
  int fd; /* -1: not open */
};

struct reply {
  int status; /* 0: none came */
  char etag[REPLY_ETAG_BYTES];
  size_t body_bytes; /* of what is kept: a long body's beginning */
  char body[REPLY_BODY_BYTES];
};

/* Opens the connection when it is not. False (and closed) when it cannot be opened or written; a
 * kept connection that the server closed meanwhile is opened once more, for nothing was sent yet. */
bool connection_send(struct connection *connection, int port, const char *request, size_t request_bytes);
/* False (and closed) when the reply does not come whole; status is 0 then. */
bool connection_receive(struct connection *connection, struct reply *ret_reply);
void connection_close(struct connection *connection);

bool reply_equal(const struct reply *a, const struct reply *b);
/* The first integer behind `name` in the body; -1 when there is none. */
long reply_number(const struct reply *reply, const char *name);

int64_t load_now_us(void); /* monotonic */
int64_t load_now_ms(void); /* wall clock, as the proofs' own clocks */
void load_sleep_ms(int milliseconds);

#endif
