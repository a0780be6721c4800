/* The records of one FastCGI connection, as they come in: is a whole, sound request there?
 *
 * libfcgi reads a connection by blocking on it, allocates what a peer announces, and ends the process
 * when FCGI_GET_VALUES names a variable too often. It is therefore given nothing but a complete
 * request that went through here: records in order, of one id, parameters whole and within bounds,
 * everything else answered or dropped. Pure functions over buffers; nothing here reads a socket. */
#ifndef LOCKSTEP_HTTP_FCGI_RECORD_H
#define LOCKSTEP_HTTP_FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define FCGI_RECORD_HEADER_BYTES ((size_t)8)
#define FCGI_RECORD_CONTENT_BYTES_MAX ((size_t)0xffff)
#define FCGI_RECORD_BYTES_MAX (FCGI_RECORD_HEADER_BYTES + FCGI_RECORD_CONTENT_BYTES_MAX + 0xff)
/* All parameters of a request; nginx sends at most its header buffers (32 KiB). One record's worth. */
#define FCGI_PARAMS_BYTES_MAX FCGI_RECORD_CONTENT_BYTES_MAX
#define FCGI_PARAMS_MAX 512
/* Answers to management records that the peer has not taken yet. */
#define FCGI_ANSWERS_BYTES_MAX ((size_t)16 * 1024)
/* What the body's records may weigh over the body itself: a header to every content byte is abuse. */
#define FCGI_RECORD_SURPLUS_BYTES_MAX ((size_t)1024 * 1024)

enum fcgi_phase { FCGI_PHASE_BEGIN, FCGI_PHASE_PARAMS, FCGI_PHASE_BODY };

/* How far the reader is. Zeroed: nothing came yet. */
struct fcgi_scan {
  enum fcgi_phase phase;
  uint16_t id;
  bool keep_open;      /* the peer wants to use the connection again */
  bool body_too_large; /* more than was allowed came; `body_bytes` is 0 and the records are dropped */
  size_t body_bytes;
  size_t params_at; /* of the one PARAMS record */
  size_t params_bytes;
  size_t params_end;
  size_t kept_bytes; /* the request so far: the front of the buffer, records without padding */
  size_t rest_at;    /* after FCGI_SCAN_REQUEST: where the bytes behind the request start */
};

enum fcgi_scan_outcome {
  FCGI_SCAN_MORE,    /* wait for more bytes */
  FCGI_SCAN_REQUEST, /* in[0 … kept_bytes) is a whole request */
  FCGI_SCAN_CLOSE,   /* nothing wrong, but the connection is over: an abort without keep_open */
  FCGI_SCAN_BROKEN   /* not FastCGI, or out of bounds: close the connection */
};

/* Goes through what `in` holds. Replies to management records and refusals are appended to `answers`,
 * to be sent whatever the outcome. `body_bytes_max` bounds the body that is kept. */
enum fcgi_scan_outcome fcgi_scan_run(struct fcgi_scan *scan, struct buffer *in, size_t body_bytes_max,
                                     struct buffer *answers);

/* Forgets the request, keeps the bytes behind it. */
void fcgi_scan_next(struct fcgi_scan *scan, struct buffer *in);

#endif
